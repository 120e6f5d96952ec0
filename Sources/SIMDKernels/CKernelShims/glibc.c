// Packages are made with newer releases of glibc than they run with. What is new since then, as Swift's own library calls it, is taken
// in its old form, or made here: the linker calls these instead (--wrap in packaging/flags).
#if defined(IDINV_PACKAGED)
#include <stdarg.h>
#include <stddef.h>

// The first version of glibc for the architecture.
#if defined(__aarch64__)
#define OLD(name, symbol) __asm__(".symver " #name ", " #symbol "@GLIBC_2.17")
#else
#define OLD(name, symbol) __asm__(".symver " #name ", " #symbol "@GLIBC_2.2.5")
#endif

// Those of 2.38 differ in not setting errno.
double old_fmod(double x, double y);
OLD(old_fmod, fmod);
double __wrap_fmod(double x, double y);
double __wrap_fmod(double x, double y) { return old_fmod(x, y); }

float old_fmodf(float x, float y);
OLD(old_fmodf, fmodf);
float __wrap_fmodf(float x, float y);
float __wrap_fmodf(float x, float y) { return old_fmodf(x, y); }

// Those of C23 read binary numbers too, "0b1", which nobody here writes. (glibc's headers would lead these names to the new ones.)
long old_strtol(const char *text, char **end, int base);
OLD(old_strtol, strtol);
long __wrap___isoc23_strtol(const char *text, char **end, int base);
long __wrap___isoc23_strtol(const char *text, char **end, int base) { return old_strtol(text, end, base); }

long long old_strtoll(const char *text, char **end, int base);
OLD(old_strtoll, strtoll);
long long __wrap___isoc23_strtoll(const char *text, char **end, int base);
long long __wrap___isoc23_strtoll(const char *text, char **end, int base) { return old_strtoll(text, end, base); }

int __isoc99_vsscanf(const char *text, const char *format, va_list arguments);
int __wrap___isoc23_sscanf(const char *text, const char *format, ...);
int __wrap___isoc23_sscanf(const char *text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int count = __isoc99_vsscanf(text, format, arguments);
  va_end(arguments);
  return count;
}

size_t __wrap_strlcpy(char *target, const char *source, size_t size);
size_t __wrap_strlcpy(char *target, const char *source, size_t size) {
  size_t length = 0;
  for (; source[length]; length++)
    if (length + 1 < size) target[length] = source[length];
  if (size) target[length < size ? length : size - 1] = 0;
  return length;
}
#endif
