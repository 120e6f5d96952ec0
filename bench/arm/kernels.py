"""Which functions of the object files are micro-kernels, and by what name `idinv-lite kernels` lists them."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Kernel:
    name: str
    module: str
    # Found in the mangled name.
    pattern: str
    # Least share of the multiply-add pipes by CPU; none for kernels that wait for memory.
    bars: dict
    # CPUs that lack its instructions.
    without: tuple = ()

    def matches(self, symbol):
        return f"{len(self.module)}{self.module}" in symbol and re.search(self.pattern, symbol) is not None


GEMM_BARS = {"cortex-a76": 0.90, "cortex-a72": 0.85}
# No arithmetic on halves, no dot products of bytes.
ARMV8_0 = ("cortex-a53", "cortex-a72")
# No matrix products of bytes either.
ARMV8_5 = ARMV8_0 + ("cortex-a55", "cortex-a76", "neoverse-n1")

# Closures of `plug(into: inout DenseKernels)` in the order of their lines.
DENSE = r"4plug4into.*05DenseA0V.*cfU"


def _gemv(name, closure):
    return Kernel(name, "KernelsNEON", DENSE + closure + "_$", {})


KERNELS = [
    Kernel("f32-tapgemm-6x16", "KernelsNEON", r"11tapGemm6x16", GEMM_BARS),
    Kernel("f16-gemm-8x16", "KernelsNEONFP16", r"15reducedGemm8x16", {"cortex-a76": 0.90}, ARMV8_0),
    Kernel("s8-tapgemm-6x16", "KernelsNEONDOT", r"12int8Gemm6x16", {"cortex-a76": 0.85}, ARMV8_0),
    Kernel("s8-tapgemm-4x16", "KernelsNEONI8MM", r"12int8Gemm4x16", {"neoverse-n2": 0.85}, ARMV8_5),
    Kernel("f32-winograd-f4x3-input", "KernelsNEON", r"winogradSameInput", {}),
    Kernel("f32-winograd-f4x3-output", "KernelsNEON", r"winogradSameOutput", {}),
    _gemv("f32-gemv-4x16", ""),
    _gemv("f32-f16w-gemv-4x16", "0"),
    _gemv("f32-qc8w-gemv-4x16", "1"),
    _gemv("f32-gemv-transposed-4x16", "2"),
    _gemv("f32-f16w-gemv-transposed-4x16", "3"),
    _gemv("f32-qc8w-gemv-transposed-4x16", "4"),
    Kernel("f32-modulate", "KernelsNEON", r"11rowModulateyy", {}),
    Kernel("f32-modulate-sums", "KernelsNEON", r"17planeModulateSums", {}),
    Kernel("f32-noise-bias-lrelu", "KernelsNEON", r"18vnoiseBiasActivate", {}),
    Kernel("f32-vsqrdiff-sum", "KernelsNEON", r"18vsquaredDifference", {}),
]
