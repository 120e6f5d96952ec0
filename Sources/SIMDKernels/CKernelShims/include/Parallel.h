#pragma once
#include <stdint.h>

/// One unit of work. `worker` is 0 ..< threads: an index of private scratch memory.
typedef void (*idinv_body)(void *_Nullable context, intptr_t index, intptr_t worker);

/// How many of `wanted` threads the system lets this process have beside each other, itself among them: limits on processes,
/// memory and the size of stacks are found out by trying, and one is all without shared memory. libomp would end the process.
intptr_t idinv_threads_available(intptr_t wanted);

/// Calls `body` once for every index 0 ..< count, on at most `threads` threads, and returns when all calls have.
/// Each thread begins with its share of consecutive indices, the same one whenever there are as many, and then helps with those of
/// others, index by index. One thread, or one index, does not enter OpenMP.
void idinv_parallel_for(intptr_t count, intptr_t threads, void *_Nullable context, idinv_body _Nonnull body);
