// KernelsScalar
