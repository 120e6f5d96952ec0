//! Learns the boundary of an attribute that the model's attribute network reads.
//!
//!     TrainBoundary model.idinv smile smile.npy

import IdinvLite

let arguments = CommandLine.arguments
guard arguments.count == 4 else { fatalError("usage: TrainBoundary model.idinv attribute boundary.npy") }

let model = try Model(path: arguments[1])
let samples = try model.drawAttributeSamples(500)
guard let scores = samples.scores(arguments[2]) else {
  fatalError("\(arguments[2]): expected one of \(samples.names.joined(separator: ", "))")
}
var options = TrainingOptions()
options.ratio = 0.2
let trained = try Boundary.train(arguments[2], codes: samples.codes, scores: scores, options: options)
print("\(arguments[2]): right in validation \(trained.validationAccuracy ?? 0), correlation \(trained.correlation)")
try trained.boundary.write(to: arguments[3])
