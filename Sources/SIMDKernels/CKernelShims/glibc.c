// Packages are made with newer releases of glibc than they run with. Functions that got a new version since then are taken in
// their old one: the linker calls these instead (--wrap in packaging/flags).
#if defined(IDINV_PACKAGED)
#if defined(__aarch64__)
#define FIRST_VERSION "GLIBC_2.17"
#else
#define FIRST_VERSION "GLIBC_2.2.5"
#endif

double first_fmod(double x, double y);
__asm__(".symver first_fmod, fmod@" FIRST_VERSION);

double __wrap_fmod(double x, double y);
// The version of glibc 2.38 differs in not setting errno.
double __wrap_fmod(double x, double y) { return first_fmod(x, y); }
#endif
