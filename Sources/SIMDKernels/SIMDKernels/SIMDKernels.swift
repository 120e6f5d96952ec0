// SIMDKernels
