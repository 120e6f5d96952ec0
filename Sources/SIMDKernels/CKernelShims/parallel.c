#include "Parallel.h"
#include <stdatomic.h>
#include <stdlib.h>

extern void kmp_set_blocktime(int milliseconds);

static atomic_int is_prepared;

// Idle workers spin for this long before they sleep. Operators of one step follow each other within microseconds;
// libomp's default of 200 ms would burn a core long after the step. Who sets libomp's own variables has the say: where more
// threads than cores run (under an emulator, beside other programs), 0 is best.
enum { BLOCK_TIME_MS = 1 };

static void set_block_time(void) {
  if (!getenv("KMP_BLOCKTIME") && !getenv("OMP_WAIT_POLICY")) kmp_set_blocktime(BLOCK_TIME_MS);
}

void idinv_parallel_for(intptr_t count, intptr_t threads, void *context, idinv_body body) {
  if (threads > count) threads = count;
  if (threads <= 1) {
    for (intptr_t i = 0; i < count; i++) body(context, i, 0);
    return;
  }
  if (!atomic_exchange(&is_prepared, 1)) set_block_time();
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
