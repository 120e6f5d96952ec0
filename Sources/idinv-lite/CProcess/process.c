#include "CProcess.h"
#include <stddef.h>
#include <sys/auxv.h>

static int count;
static char **words;

// Before main, with main's arguments: glibc gives them to every constructor.
__attribute__((constructor)) static void keep(int argc, char **argv) {
  count = argc;
  words = argv;
}

int idinv_argument_count(void) { return count; }

const char *idinv_argument(int index) { return index >= 0 && index < count ? words[index] : NULL; }

const char *idinv_program_path(void) { return (const char *)getauxval(AT_EXECFN); }
