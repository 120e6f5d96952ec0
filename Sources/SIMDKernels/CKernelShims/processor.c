#define _GNU_SOURCE
#include "Processor.h"
#include <sched.h>
#include <unistd.h>

#if defined(__aarch64__)
#include <sys/auxv.h>

// Bits of AT_HWCAP and AT_HWCAP2 (Linux, Documentation/arch/arm64/elf_hwcaps.rst); older headers lack some of the names.
enum { FP16_BIT = 10, DOTPROD_BIT = 20, SVE2_BIT2 = 1, I8MM_BIT2 = 13 };

static bool hwcap(unsigned long type, int bit) { return getauxval(type) >> bit & 1; }
bool idinv_has_fp16(void) { return hwcap(AT_HWCAP, FP16_BIT); }
bool idinv_has_dotprod(void) { return hwcap(AT_HWCAP, DOTPROD_BIT); }
bool idinv_has_i8mm(void) { return hwcap(AT_HWCAP2, I8MM_BIT2); }
bool idinv_has_sve2(void) { return hwcap(AT_HWCAP2, SVE2_BIT2); }
#else
bool idinv_has_fp16(void) { return false; }
bool idinv_has_dotprod(void) { return false; }
bool idinv_has_i8mm(void) { return false; }
bool idinv_has_sve2(void) { return false; }
#endif

#if defined(__x86_64__)
#include <cpuid.h>

static unsigned long long xcr0(void) {
  unsigned eax, edx;
  __asm__ volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
  return ((unsigned long long)edx << 32) | eax;
}

static bool has(unsigned value, unsigned bits) { return (value & bits) == bits; }

// 0: neither, 3: x86-64-v3, 4: x86-64-v4, 5: that with VNNI.
static int level(void) {
  unsigned a, b, c, d, c1, b7, c81;
  if (!__get_cpuid(1, &a, &b, &c1, &d)) return 0;
  if (!__get_cpuid(0x80000001, &a, &b, &c81, &d)) return 0;
  if (!__get_cpuid_count(7, 0, &a, &b7, &c, &d)) return 0;
  const unsigned v2 = bit_SSE3 | bit_SSSE3 | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT | bit_CMPXCHG16B;
  const unsigned v3 = bit_FMA | bit_MOVBE | bit_OSXSAVE | bit_AVX | bit_F16C;
  if (!has(c1, v2 | v3) || !has(b7, bit_BMI | bit_AVX2 | bit_BMI2) || !has(c81, bit_LZCNT)) return 0;
  const unsigned long long state = xcr0();
  if ((state & 0x6) != 0x6) return 0;  // xmm and ymm saved by the system
  const unsigned v4 = bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL;
  if (!has(b7, v4) || (state & 0xe6) != 0xe6) return 3;  // and the opmask and zmm registers
  return has(c, 1u << 11) ? 5 : 4;
}

bool idinv_has_x86v3(void) { return level() >= 3; }
bool idinv_has_x86v4(void) { return level() >= 4; }
bool idinv_has_x86v4vnni(void) { return level() >= 5; }
#else
bool idinv_has_x86v3(void) { return false; }
bool idinv_has_x86v4(void) { return false; }
bool idinv_has_x86v4vnni(void) { return false; }
#endif

intptr_t idinv_allowed_cpus(int *cpus, intptr_t capacity) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed)) return 0;
  intptr_t count = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
    if (CPU_ISSET(cpu, &allowed)) {
      if (count < capacity) cpus[count] = cpu;
      count++;
    }
  return count;
}

bool idinv_confine_to_cpus(const int *cpus, intptr_t count) {
  cpu_set_t wanted;
  CPU_ZERO(&wanted);
  for (intptr_t i = 0; i < count; i++)
    if (cpus[i] >= 0 && cpus[i] < CPU_SETSIZE) CPU_SET(cpus[i], &wanted);
  return sched_setaffinity(0, sizeof wanted, &wanted) == 0;
}

long idinv_second_level_cache_bytes(void) {
#ifdef _SC_LEVEL2_CACHE_SIZE
  return sysconf(_SC_LEVEL2_CACHE_SIZE);
#else
  return 0;
#endif
}
