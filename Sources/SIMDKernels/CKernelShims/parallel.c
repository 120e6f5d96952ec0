#include "Parallel.h"
#include "Waiting.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

extern void kmp_set_blocktime(int milliseconds);
extern size_t kmp_get_stacksize_s(void);
extern int omp_get_thread_num(void);

// Idle workers spin for this long before they sleep, while nobody else wants the cores. libomp's default of 200 ms would
// burn a core long after the step.
enum { SPIN_MS = 1 };

static int64_t nanoseconds(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

// Bytes of the note that libomp keeps in shared memory, so that a second copy of it in the process is noticed.
enum { NOTE_BYTES = 1024 };

// Whether such a note can be written. libomp ends the process where it cannot be made (/dev/shm missing or read-only, too many
// open files), and touches memory that is not there where there is no room for it (/dev/shm full, no file may grow).
static bool can_write_note(void) {
  struct rlimit size;
  // To ask for more than the limit would bring a signal.
  if (getrlimit(RLIMIT_FSIZE, &size) == 0 && size.rlim_cur < NOTE_BYTES) return false;
  char name[64];
  int file = -1;
  for (int trial = 0; trial < 8 && file < 0; trial++) {
    snprintf(name, sizeof name, "/idinv-lite.%d.%llx", (int)getpid(), (unsigned long long)nanoseconds(CLOCK_MONOTONIC));
    file = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
    if (file < 0 && errno != EEXIST) return false;
  }
  if (file < 0) return false;
  shm_unlink(name);
  bool has_room = posix_fallocate(file, 0, NOTE_BYTES) == 0;
  close(file);
  return has_room;
}

// Whether libomp can be called at all.
static bool is_usable;

static void prepare_library(void) {
  if (!can_write_note()) return;
  // libomp ends the process, or waits for ever, where the variable holds no count; every region here states its own.
  unsetenv("OMP_NUM_THREADS");
  // The first call makes libomp write its note, under a name that killed programs leave behind, and that one with the same
  // number may find half written. Only other copies of libomp in this process read it, as a reason to end the process.
  char name[64];
  snprintf(name, sizeof name, "/__KMP_REGISTERED_LIB_%d_%d", (int)getpid(), (int)getuid());
  shm_unlink(name);
  kmp_get_stacksize_s();
  shm_unlink(name);
  is_usable = true;
}

static bool can_use_library(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, prepare_library);
  return is_usable;
}

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
  static _Thread_local caller own;
  if (own.is_prepared) return &own;
  own.is_prepared = true;
  own.is_fixed = getenv("KMP_BLOCKTIME") || getenv("OMP_WAIT_POLICY");
  if (!own.is_fixed) kmp_set_blocktime(SPIN_MS);
  return &own;
}

intptr_t idinv_threads_available(intptr_t wanted) {
  if (wanted <= 1 || !can_use_library()) return 1;
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

// What is left of a thread's share.
typedef struct {
  _Alignas(64) atomic_intptr_t next;
  intptr_t end;
} work_share;

// By itself: whatever has a region asks libomp for the thread's number as soon as it is called, before all else.
__attribute__((noinline)) static void run_region(intptr_t count, intptr_t threads, void *context, idinv_body body) {
  work_share shares[threads];
  for (intptr_t i = 0; i < threads; i++) {
    atomic_init(&shares[i].next, count * i / threads);
    shares[i].end = count * (i + 1) / threads;
  }
  // Own counters instead of schedule(dynamic): compilers newer than the installed libomp emit calls it lacks.
#pragma omp parallel num_threads((int)threads)
  {
    // Its own share first, so that a thread finds in its caches what it wrote in the region before; then what others have left.
    intptr_t worker = omp_get_thread_num();
    for (intptr_t k = 0; k < threads; k++) {
      work_share *share = &shares[(worker + k) % threads];
      for (;;) {
        intptr_t i = atomic_fetch_add_explicit(&share->next, 1, memory_order_relaxed);
        if (i >= share->end) break;
        body(context, i, worker);
      }
    }
  }
}

void idinv_parallel_for(intptr_t count, intptr_t threads, void *context, idinv_body body) {
  if (threads > count) threads = count;
  if (threads <= 1 || !can_use_library()) {
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
