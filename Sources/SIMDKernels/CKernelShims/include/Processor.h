#pragma once
#include <stdbool.h>

/// Whether this CPU *and* the operating system support every instruction of x86-64-v3, of v4, and of v4 and VNNI. False
/// on other architectures.
bool idinv_has_x86v3(void);
bool idinv_has_x86v4(void);
bool idinv_has_x86v4vnni(void);

/// Physical cores this process may use: CPUs of its affinity mask, hardware threads of one core counted once,
/// and no more than its control group's CPU quota, rounded up. At least 1.
int idinv_physical_cores(void);

/// Bytes of the second-level cache of the CPU at hand; 512 KB if the system does not say.
long idinv_second_level_cache_bytes(void);
