//! Walks from one picture to another through the latent space.
//!
//!     Interpolate model.idinv from.png to.png walk

import IdinvLite

let arguments = CommandLine.arguments
guard arguments.count == 5 else { fatalError("usage: Interpolate model.idinv from.png to.png name") }

let model = try Model(path: arguments[1], options: EngineOptions(arithmetic: .f32))
let ends = try model.encode([Image(contentsOf: arguments[2]), Image(contentsOf: arguments[3])], crop: .center)
let line = try Codes.interpolated(from: ends[0], to: ends[1], innerSteps: 3)
for (index, image) in try model.synthesize(line).enumerated() {
  try image.write(to: "\(arguments[4])-\(index).png")
}
