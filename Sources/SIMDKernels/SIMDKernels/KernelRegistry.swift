import CKernelShims
import KernelsScalar

#if arch(x86_64)
  import KernelsX86V3
  import KernelsX86V4
  import KernelsX86V4VNNI
#elseif arch(arm64)
  import KernelsNEON
  import KernelsNEONDOT
  import KernelsNEONFP16
  import KernelsNEONI8MM
#endif

/// One kernel of one tier, as `idinv-lite kernels` lists it.
package struct KernelDescription: Hashable, Sendable {
  /// What the kernel is for: the slot of the table it fills.
  package var slot: String
  /// Its name, after the grammar `element-operation-tile__tier`.
  package var name: String
  package var tier: Tier
  /// Whether this `Kernels` value calls it.
  package var isInForce: Bool
}

/// The tiers of this build and what they hold. Dispatch, tests, benches and the `kernels` command all read it.
package enum KernelRegistry {
  /// The tiers compiled in, lowest first.
  package static var compiledTiers: [Tier] {
    #if arch(x86_64)
      [.scalar, .x86v3, .x86v4, .x86v4vnni]
    #elseif arch(arm64)
      [.scalar, .neon, .neonfp16, .neondot, .neoni8mm]
    #else
      [.scalar]
    #endif
  }

  /// The tiers compiled in that this CPU can run, lowest first.
  package static var availableTiers: [Tier] {
    compiledTiers.filter { tier in
      switch tier {
      case .scalar: true
      case .x86v3: idinv_has_x86v3()
      case .x86v4: idinv_has_x86v4()
      case .x86v4vnni: idinv_has_x86v4vnni()
      case .neon: true  // Advanced SIMD is part of every 64-bit ARM Linux
      case .neonfp16: idinv_has_fp16()
      case .neondot: idinv_has_fp16() && idinv_has_dotprod()
      case .neoni8mm: idinv_has_fp16() && idinv_has_dotprod() && idinv_has_i8mm()
      }
    }
  }

  /// The table of `tier`: the scalar tier's with every tier up to it plugged in.
  package static func table(_ tier: Tier) -> KernelTable {
    var table = KernelTable()
    plugScalar(into: &table)
    #if arch(x86_64)
      if Tier.x86v3.isAdmitted(by: tier) { plugX86V3(into: &table) }
      if Tier.x86v4.isAdmitted(by: tier) { plugX86V4(into: &table) }
      if tier == .x86v4vnni { plugX86V4VNNI(into: &table) }
    #elseif arch(arm64)
      if Tier.neon.isAdmitted(by: tier) { plugNEON(into: &table) }
      if Tier.neonfp16.isAdmitted(by: tier) { plugNEONFP16(into: &table) }
      if Tier.neondot.isAdmitted(by: tier) { plugNEONDOT(into: &table) }
      if tier == .neoni8mm { plugNEONI8MM(into: &table) }
    #endif
    return table
  }

  /// Slots that the tier itself fills, and the kernels' names without the tier.
  static func plugged(_ tier: Tier) -> [(slot: String, name: String)] {
    let table = table(tier)
    switch tier {
    case .scalar: return gemms(table) + sharedSlots + int8(table.int8)
    case .x86v3, .x86v4, .neon: return gemms(table) + sharedSlots
    case .x86v4vnni:
      return (table.reduced.map(reduced) ?? []) + (table.reducedDirect.map(reducedDirect) ?? []) + int8(table.int8)
    case .neonfp16: return table.reduced.map(reduced) ?? []
    case .neondot: return int8(table.int8)
    case .neoni8mm: return int8Gemms(table.int8)
    }
  }

  private static func gemms(_ table: KernelTable) -> [(slot: String, name: String)] {
    [("wideGemm", table.wideGemm), ("narrowGemm", table.narrowGemm)].map {
      (slot: $0.0, name: "f32-tapgemm-\($0.1.mr)x\($0.1.nr)")
    }
  }

  private static func reduced(_ reduced: ReducedKernels) -> [(slot: String, name: String)] {
    let word = reduced.operand == .int16 ? "s16" : "f16"
    return [("reduced.wideGemm", reduced.wideGemm), ("reduced.narrowGemm", reduced.narrowGemm)].map {
      (slot: $0.0, name: "\(word)-gemm-\($0.1.mr)x\($0.1.nr)")
    } + [("reduced.narrow", "f32-\(word)-narrow")]
  }

  private static func reducedDirect(_ direct: ReducedDirectKernels) -> [(slot: String, name: String)] {
    [("reducedDirect.wideGemm", direct.wideGemm), ("reducedDirect.narrowGemm", direct.narrowGemm)].map {
      (slot: $0.0, name: "s16-tapgemm-\($0.1.mr)x\($0.1.nr)")
    } + [
      ("reducedDirect.largestMagnitude", "f32-scaled-vabs-max"), ("reducedDirect.quantize", "f32-s16-quantize"),
      ("reducedDirect.pair", "f32-s16-pair"), ("reducedDirect.transpose", "s16-transpose-pairs-16x16"),
    ]
  }

  private static func int8(_ int8: Int8Kernels) -> [(slot: String, name: String)] {
    int8Gemms(int8) + [("int8.largestMagnitude", "f32-vabs-max"), ("int8.quantize", "f32-s8-quantize")]
  }

  private static func int8Gemms(_ int8: Int8Kernels) -> [(slot: String, name: String)] {
    let word = int8.inputOffset == 0 ? "s8" : "u8s8"
    return [("int8.wideGemm", int8.wideGemm), ("int8.narrowGemm", int8.narrowGemm)].map {
      (slot: $0.0, name: "\(word)-tapgemm-\($0.1.mr)x\($0.1.nr)")
    }
  }

  /// Slots whose kernels share one source among all tiers, and the kernels' names without the tier.
  static let sharedSlots: [(slot: String, name: String)] = [
    ("winograd.sameInput", "f32-winograd-f4x3-input"),
    ("winograd.sameOutput", "f32-winograd-f4x3-output"),
    ("winograd.smallOutput", "f32-winograd-f2x3-output"),
    ("winograd.upsampleInput", "f32-winograd-upsample-input"),
    ("winograd.upsampleOutput", "f32-winograd-upsample-output"),
    ("winograd.upsampleAdjointInput", "f32-winograd-upsample-grad-input"),
    ("winograd.upsampleAdjointOutput", "f32-winograd-upsample-grad-output"),
    ("winograd.transposedInput", "f32-winograd-transposed-input"),
    ("winograd.transposedOutput", "f32-winograd-transposed-output"),
    ("winograd.transposedAdjointInput", "f32-winograd-transposed-grad-input"),
    ("winograd.transposedAdjointOutput", "f32-winograd-transposed-grad-output"),
    ("winograd.sameWeights", "f32-winograd-f4x3-weights"),
    ("winograd.smallWeights", "f32-winograd-f2x3-weights"),
    ("winograd.upsampleWeights", "f32-winograd-upsample-weights"),
    ("winograd.upsampleAdjointWeights", "f32-winograd-upsample-grad-weights"),
    ("winograd.transposedWeights", "f32-winograd-transposed-weights"),
    ("elementwise.add", "f32-vadd"),
    ("elementwise.multiply", "f32-vmul"),
    ("elementwise.scale", "f32-vscale"),
    ("elementwise.activationBackward", "f32-vlrelu-grad"),
    ("elementwise.tanh", "f32-vtanh"),
    ("elementwise.tanhBackward", "f32-vtanh-grad"),
    ("elementwise.squaredDifference", "f32-vsqrdiff-sum"),
    ("elementwise.scaledDifference", "f32-vdiff-scale"),
    ("elementwise.noiseBiasActivate", "f32-noise-bias-lrelu"),
    ("elementwise.parametricReLU", "f32-vprelu"),
    ("elementwise.parametricReLUBackward", "f32-vprelu-grad"),
    ("normalization.statistics", "f32-instancenorm-statistics"),
    ("normalization.modulate", "f32-modulate"),
    ("normalization.modulateSums", "f32-modulate-sums"),
    ("normalization.modulateBackward", "f32-modulate-grad"),
    ("modulation.activate", "f32-scale-noise-bias-lrelu-clamp"),
    ("modulation.activateBackward", "f32-scale-noise-bias-lrelu-clamp-grad"),
    ("modulation.activateSums", "f32-scale-noise-bias-lrelu-clamp-sums"),
    ("modulation.project", "f32-scaled-1x1-to-rgb"),
    ("resampling.blur", "f32-blur-3x3"),
    ("resampling.averagePool", "f32-avgpool-2x2"),
    ("resampling.averagePoolBackward", "f32-avgpool-2x2-grad"),
    ("resampling.maxPool", "f32-maxpool-2x2"),
    ("resampling.maxPoolBackward", "f32-maxpool-2x2-grad"),
    ("resampling.upsample", "f32-fir-upsample-2x"),
    ("resampling.upsampleBackward", "f32-fir-upsample-2x-grad"),
    ("resampling.filter", "f32-fir-filter"),
    ("resampling.windowMax", "f32-maxpool-window"),
    ("layout.blockRow", "f32-nchw-to-nchwc16"),
    ("layout.planarRow", "f32-nchwc16-to-nchw"),
    ("layout.widen", "f16-f32-vcvt"),
    ("layout.transpose", "f32-transpose-scale-16x16"),
    ("dense.dotF32", "f32-gemv-4x16"),
    ("dense.dotF16", "f32-f16w-gemv-4x16"),
    ("dense.dotI8", "f32-qc8w-gemv-4x16"),
    ("dense.accumulateF32", "f32-gemv-transposed-4x16"),
    ("dense.accumulateF16", "f32-f16w-gemv-transposed-4x16"),
    ("dense.accumulateI8", "f32-qc8w-gemv-transposed-4x16"),
  ]
}

extension Kernels {
  /// Every kernel of every tier this CPU can run, and which of them are in force.
  package func describe() -> [KernelDescription] {
    // What a tier plugs in; the others of its slots are a lower tier's.
    let plugged = KernelRegistry.availableTiers.flatMap { tier in
      KernelRegistry.plugged(tier).map { (slot: $0.slot, name: $0.name, tier: tier) }
    }
    let admitted = plugged.filter { $0.tier.isAdmitted(by: table.tier) }
    return plugged.map { kernel in
      KernelDescription(
        slot: kernel.slot, name: "\(kernel.name)__\(kernel.tier.rawValue)", tier: kernel.tier,
        isInForce: admitted.last { $0.slot == kernel.slot }?.tier == kernel.tier)
    }
  }
}
