//! Encodes a picture and moves its code along a semantic boundary.
//!
//!     EditAttribute model.idinv face.png smile.npy edited

import IdinvLite

let arguments = CommandLine.arguments
guard arguments.count == 5 else { fatalError("usage: EditAttribute model.idinv face.png boundary.npy name") }

let model = try Model(path: arguments[1])
let code = try model.encode([Image(contentsOf: arguments[2])], crop: .center)
let boundary = try Boundary(contentsOf: arguments[3], for: model)

// Distances mean most in standard deviations of codes' distances from the boundary.
let unit = boundary.distanceDeviation ?? 1
let moved = try code.manipulated(along: [(boundary, 1)], distances: [-2 * unit, 0, 2 * unit])
for (index, image) in try model.synthesize(moved).enumerated() {
  try image.write(to: "\(arguments[4])-\(index).png")
}
