import IdinvLite

let model = try Model(path: "models/default.idinv")
print("\(model.info.resolution) px, codes \(model.info.layerCount) × \(model.info.dimension)")

let photo = try Image(contentsOf: "models/examples/face-01.png")

let result = try model.invert([photo]) { progress in
  print("step \(progress.step): loss \(progress.losses.total)")
  return .goOn
}
