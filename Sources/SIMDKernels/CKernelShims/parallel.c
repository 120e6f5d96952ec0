#include "Parallel.h"
#include "Waiting.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

extern void kmp_set_blocktime(int milliseconds);
extern size_t kmp_get_stacksize_s(void);

// Idle workers spin for this long before they sleep, while nobody else wants the cores. libomp's default of 200 ms would
// burn a core long after the step.
enum { SPIN_MS = 1 };

// libomp ends the process, or waits for ever, where the variable holds no count; every region here states its own.
static void forget_thread_count(void) { unsetenv("OMP_NUM_THREADS"); }

typedef struct {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  bool is_over;
} gathering;

static void *wait_for_the_end(void *argument) {
  gathering *all = argument;
  pthread_mutex_lock(&all->mutex);
  while (!all->is_over) pthread_cond_wait(&all->changed, &all->mutex);
  pthread_mutex_unlock(&all->mutex);
  return NULL;
}

static int64_t nanoseconds(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static idinv_usage usage(void) {
  struct rusage process;
  getrusage(RUSAGE_SELF, &process);
  return (idinv_usage){nanoseconds(CLOCK_THREAD_CPUTIME_ID), process.ru_nivcsw};
}

// libomp keeps how to wait, and this file what it knows of it, for each thread that begins regions.
typedef struct {
  bool is_prepared;
  bool is_fixed;  // who sets libomp's own variables has the say
  idinv_waiting waiting;
} caller;

static caller *prepared(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  static _Thread_local caller own;
  if (own.is_prepared) return &own;
  own.is_prepared = true;
  pthread_once(&once, forget_thread_count);
  own.is_fixed = getenv("KMP_BLOCKTIME") || getenv("OMP_WAIT_POLICY");
  if (!own.is_fixed) kmp_set_blocktime(SPIN_MS);
  return &own;
}

intptr_t idinv_threads_available(intptr_t wanted) {
  if (wanted <= 1) return 1;
  prepared();
  pthread_t *threads = calloc((size_t)wanted - 1, sizeof *threads);
  if (!threads) return 1;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  // libomp's threads have stacks of this size (OMP_STACKSIZE) and what the linker adds.
  if (pthread_attr_setstacksize(&attributes, kmp_get_stacksize_s())) pthread_attr_setstacksize(&attributes, 4 << 20);
  gathering all = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
  intptr_t begun = 0;
  // All at once: a limit counts those that are there together.
  while (begun < wanted - 1 && pthread_create(&threads[begun], &attributes, wait_for_the_end, &all) == 0) begun++;
  pthread_mutex_lock(&all.mutex);
  all.is_over = true;
  pthread_cond_broadcast(&all.changed);
  pthread_mutex_unlock(&all.mutex);
  for (intptr_t i = 0; i < begun; i++) pthread_join(threads[i], NULL);
  pthread_attr_destroy(&attributes);
  free(threads);
  return begun + 1;
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
  caller *own = prepared();
  if (own->is_fixed) {
    run_region(count, threads, context, body);
    return;
  }
  int64_t began = nanoseconds(CLOCK_MONOTONIC);
  run_region(count, threads, context, body);
  switch (idinv_waiting_next(&own->waiting, began, nanoseconds(CLOCK_MONOTONIC), usage)) {
    case idinv_waiting_sleeps: kmp_set_blocktime(0); break;
    case idinv_waiting_spins: kmp_set_blocktime(SPIN_MS); break;
    case idinv_waiting_unchanged: break;
  }
}
