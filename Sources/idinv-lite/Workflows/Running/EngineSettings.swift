import Inversion
import Runtime
import SIMDKernels

/// The arithmetic of a run.
package enum Compute: String, CaseIterable, Sendable {
  case auto, f32, f16, int8
}

/// What a run computes with.
package struct EngineSettings {
  /// 0 for one per physical core.
  package var threads = 0
  package var cores = CoreChoice.automatic
  package var compute = Compute.auto

  package init(threads: Int = 0, cores: CoreChoice = .automatic, compute: Compute = .auto) {
    self.threads = threads
    self.cores = cores
    self.compute = compute
  }

  /// - Parameter auto: what `auto` means: commands that measure parity compute in full precision unless told otherwise.
  package func kernels(auto: Precision = .automatic) throws -> Kernels {
    let cap = try Tier.capFromEnvironment()
    try cores.apply(threadCount: threads)
    let (precision, int8): (Precision, Int8Use) =
      switch compute {
      case .auto: (auto, auto == .full ? .never : .whereFaster)
      case .f32: (.full, .never)
      case .f16: (.reduced, .never)
      case .int8: (.automatic, .everywhere)
      }
    let kernels = Kernels(threadCount: threads, cap: cap, precision: precision, int8: int8)
    if let cap, cap != .scalar, kernels.table.tier == .scalar {
      throw Failure(
        .unavailable,
        "IDINV_ISA=\(cap.rawValue): this machine has nothing up to that tier; expected one of "
          + Kernels.availableTiers.map(\.rawValue).joined(separator: ", "))
    }
    guard compute != .int8 || kernels.table.int8.isFast else {
      throw Failure(
        .unavailable, of: "compute",
        "int8: tier \(kernels.table.tier.rawValue) has no fast 8-bit products; expected auto or f32")
    }
    guard compute != .f16 || kernels.precision == .reduced else {
      throw Failure(
        .unavailable, of: "compute",
        "f16: tier \(kernels.table.tier.rawValue) has no fast 16-bit products; expected auto or f32")
    }
    return kernels
  }
}

extension Kernels {
  /// The arithmetic in force for a model, as `--compute` names it: auto where each layer has its own.
  package func computeName(_ model: Model) -> String {
    let compute: Compute =
      switch int8 {
      case .everywhere: .int8
      case .whereFaster where model.hasInt8Encoder: .auto
      case .whereFaster, .never: precision == .full ? .f32 : .f16
      }
    return compute.rawValue
  }
}
