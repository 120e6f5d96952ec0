#pragma once

/// What the process was started with, as the C entry point was given it. Swift's own `CommandLine` reads /proc, and where
/// that is not mounted says that there are no arguments.
int idinv_argument_count(void);
const char *_Nullable idinv_argument(int index);

/// The path that the program was started by; null where the kernel does not say.
const char *_Nullable idinv_program_path(void);
