// KernelsX86V4
