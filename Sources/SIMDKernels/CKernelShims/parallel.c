#include "Parallel.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

extern void kmp_set_blocktime(int milliseconds);

// Idle workers spin for this long before they sleep. Operators of one step follow each other within microseconds;
// libomp's default of 200 ms would burn a core long after the step. Who sets libomp's own variables has the say: where more
// threads than cores run (under an emulator, beside other programs), 0 is best.
enum { BLOCK_TIME_MS = 1 };

// libomp ends the process, or waits for ever, where the variable holds no count; every region here states its own.
static void forget_thread_count(void) { unsetenv("OMP_NUM_THREADS"); }

// libomp keeps the time for each thread that begins regions.
static void prepare(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  static _Thread_local bool is_prepared;
  if (is_prepared) return;
  is_prepared = true;
  pthread_once(&once, forget_thread_count);
  if (!getenv("KMP_BLOCKTIME") && !getenv("OMP_WAIT_POLICY")) kmp_set_blocktime(BLOCK_TIME_MS);
}

// By itself: whatever has a region asks libomp for the thread's number as soon as it is called, before all else.
__attribute__((noinline)) static void run_region(intptr_t count, intptr_t threads, void *context, idinv_body body) {
  atomic_intptr_t next = 0, arrived = 0;
  // An own counter instead of schedule(dynamic): compilers newer than the installed libomp emit calls it lacks.
#pragma omp parallel num_threads((int)threads)
  {
    intptr_t worker = atomic_fetch_add_explicit(&arrived, 1, memory_order_relaxed);
    for (;;) {
      intptr_t i = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed);
      if (i >= count) break;
      body(context, i, worker);
    }
  }
}

void idinv_parallel_for(intptr_t count, intptr_t threads, void *context, idinv_body body) {
  if (threads > count) threads = count;
  if (threads <= 1) {
    for (intptr_t i = 0; i < count; i++) body(context, i, 0);
    return;
  }
  prepare();
  run_region(count, threads, context, body);
}
