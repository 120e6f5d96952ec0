#pragma once
#include <sys/syscall.h>
#include <unistd.h>

/// syncfs(2), which Swift's Glibc module does not show: waits until everything on the disk of an open file is there.
/// 0, or -1 with the error in errno.
static inline int idinv_syncfs(int descriptor) { return (int)syscall(SYS_syncfs, descriptor); }
