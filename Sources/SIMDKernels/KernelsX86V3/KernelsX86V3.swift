// KernelsX86V3
