import IdinvLite

let model = try Model(path: "models/default.idinv")
print("\(model.info.resolution) px, codes \(model.info.layerCount) × \(model.info.dimension)")
