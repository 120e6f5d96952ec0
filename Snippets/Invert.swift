//! Inverts a picture and writes what the generator makes of its code.
//!
//!     Invert model.idinv face.png inverted.png

import IdinvLite

let arguments = CommandLine.arguments
guard arguments.count == 4 else { fatalError("usage: Invert model.idinv face.png inverted.png") }

let model = try Model(path: arguments[1])
let picture = try Image(contentsOf: arguments[2])
let result = try model.invert([picture], options: InversionOptions(steps: 20, crop: .center)) { progress in
  print("step \(progress.step) of \(progress.plannedSteps): loss \(progress.losses.total)")
  return .goOn
}
try model.synthesize(result.codes)[0].write(to: arguments[3])
