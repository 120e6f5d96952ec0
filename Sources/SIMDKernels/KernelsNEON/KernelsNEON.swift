// KernelsNEON
