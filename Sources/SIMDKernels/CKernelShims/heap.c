#include "Heap.h"
#if defined(__GLIBC__) || defined(__linux__)
#include <malloc.h>
#endif

void idinv_return_large_blocks(void) {
#ifdef M_MMAP_THRESHOLD
  mallopt(M_MMAP_THRESHOLD, 512 << 10);
  mallopt(M_TRIM_THRESHOLD, 1 << 20);
#endif
}
