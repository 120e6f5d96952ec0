// KernelABI
