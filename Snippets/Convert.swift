//! Turns published checkpoints into one model file, and says what is in it.
//!
//!     Convert generator.pth encoder.pth vgg.pth model.idinv

import IdinvLite

let arguments = CommandLine.arguments
guard arguments.count == 5 else { fatalError("usage: Convert generator.pth encoder.pth vgg.pth model.idinv") }

let conversion = ModelConversion(
  generator: arguments[1], encoder: arguments[2], perceptual: arguments[3], precision: .f16)
let summary = try conversion.run(to: arguments[4])
for warning in summary.warnings { print("warning: \(warning)") }
let info = try Model(path: summary.path).info
print("\(info.resolution) pixels, codes [\(info.layerCount), \(info.dimension)], \(info.byteCount) bytes")
