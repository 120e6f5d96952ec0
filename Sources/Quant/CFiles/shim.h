#pragma once
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/// syncfs(2), which Swift's Glibc module does not show: waits until everything on the disk of an open file is there.
/// 0, or the number of the error.
static inline int idinv_sync_disk(int descriptor) { return syscall(SYS_syncfs, descriptor) == 0 ? 0 : errno; }
