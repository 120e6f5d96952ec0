#pragma once
#include <stdbool.h>
#include <stdint.h>

/// Whether this CPU *and* the operating system support every instruction of x86-64-v3, of v4, and of v4 and VNNI. False
/// on other architectures.
bool idinv_has_x86v3(void);
bool idinv_has_x86v4(void);
bool idinv_has_x86v4vnni(void);

/// Optional instructions of 64-bit ARM that the system reports (getauxval). False on other architectures.
bool idinv_has_fp16(void);     ///< arithmetic on halves in vectors (Cortex-A55, Cortex-A75 and later)
bool idinv_has_dotprod(void);  ///< products of bytes, summed by fours (the same, optional)
bool idinv_has_i8mm(void);     ///< matrix products of bytes (Armv8.6)
bool idinv_has_sve2(void);     ///< scalable vectors, second edition (Armv9)

/// Writes the numbers of the CPUs that the calling thread may run on, ascending, and returns how many there are; no more
/// than `capacity` are written.
intptr_t idinv_allowed_cpus(int *_Nonnull cpus, intptr_t capacity);
/// Confines the calling thread, and threads that it starts from now on, to these CPUs. False where the system refuses.
bool idinv_confine_to_cpus(const int *_Nonnull cpus, intptr_t count);

/// Bytes of the second-level cache as far as the C library knows; 0 or less where it does not.
long idinv_second_level_cache_bytes(void);
