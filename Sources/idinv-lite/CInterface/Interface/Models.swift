import CIdinv
import IdinvLite

@_cdecl("idinv_open")
public func idinvOpen(_ context: OpaquePointer?, _ path: UnsafePointer<CChar>?) -> idinv_status {
  call(context) { try $0.open(text(path, "path")) }
}

@_cdecl("idinv_close")
public func idinvClose(_ context: OpaquePointer?) {
  if let context { Context.at(context).close() }
}

@_cdecl("idinv_get_info")
public func idinvGetInfo(_ context: OpaquePointer?, _ info: UnsafeMutablePointer<idinv_info>?) -> idinv_status {
  call(context) { context in
    let place = try required(info, "info")
    let facts = try context.model().info
    // Checks the size.
    var value = try known(UnsafePointer(place), zero: idinv_info(), "info")
    value.resolution = Int32(facts.resolution)
    value.layer_count = Int32(facts.layerCount)
    value.dimension = Int32(facts.dimension)
    value.latent_dimension = Int32(facts.latentDimension)
    value.attribute_count = Int32(facts.attributeNames.count)
    func flag(_ isSet: Bool, _ bit: Int) -> UInt32 { isSet ? UInt32(bit) : 0 }
    value.parts =
      flag(facts.hasGenerator, IDINV_HAS_GENERATOR) | flag(facts.hasEncoder, IDINV_HAS_ENCODER)
      | flag(facts.hasPerceptualNetwork, IDINV_HAS_PERCEPTUAL)
      | flag(!facts.attributeNames.isEmpty, IDINV_HAS_ATTRIBUTES)
      | flag(facts.hasCurvature, IDINV_HAS_CURVATURE)
    value.byte_count = UInt64(facts.byteCount)
    withUnsafeBytes(of: value) { bytes in
      UnsafeMutableRawPointer(place).copyMemory(from: bytes.baseAddress!, byteCount: min(value.size, bytes.count))
    }
  }
}

@_cdecl("idinv_describe")
public func idinvDescribe(
  _ context: OpaquePointer?, _ json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> idinv_status {
  call(context) { context in
    let place = try required(json, "json")
    place.pointee = try allocated(context.model().info.json)
  }
}

@_cdecl("idinv_read_image")
public func idinvReadImage(
  _ context: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ image: UnsafeMutablePointer<idinv_image>?
) -> idinv_status {
  call(context) { _ in
    let place = try required(image, "image")
    place.pointee = try allocated(Image(contentsOf: text(path, "path")))
  }
}

@_cdecl("idinv_read_fitted")
public func idinvReadFitted(
  _ context: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ crop: Int32, _ image: UnsafeMutablePointer<idinv_image>?
) -> idinv_status {
  call(context) { context in
    let place = try required(image, "image")
    let crop = try choice(crop, of: [Image.Crop.none, .center], "crop")
    place.pointee = try allocated(context.model().image(contentsOf: text(path, "path"), crop: crop))
  }
}

/// A picture whose pixels the caller frees.
private func allocated(_ image: Image) throws -> idinv_image {
  idinv_image(pixels: try allocated(image.pixels), width: Int32(image.width), height: Int32(image.height), stride: 0)
}

@_cdecl("idinv_write_image")
public func idinvWriteImage(
  _ context: OpaquePointer?, _ picture: UnsafePointer<idinv_image>?, _ path: UnsafePointer<CChar>?
) -> idinv_status {
  call(context) { _ in
    try image(try required(picture, "image").pointee, "image").write(to: text(path, "path"))
  }
}

@_cdecl("idinv_encode")
public func idinvEncode(
  _ context: OpaquePointer?, _ pictures: UnsafePointer<idinv_image>?, _ count: Int, _ crop: Int32,
  _ result: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>?
) -> idinv_status {
  call(context) { context in
    let place = try required(result, "codes")
    let crop = try choice(crop, of: [Image.Crop.none, .center], "crop")
    place.pointee = try allocated(context.model().encode(images(pictures, count), crop: crop).values)
  }
}

@_cdecl("idinv_synthesize")
public func idinvSynthesize(
  _ context: OpaquePointer?, _ values: UnsafePointer<Float>?, _ count: Int,
  _ pixels: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?
) -> idinv_status {
  call(context) { context in
    let place = try required(pixels, "pixels")
    let model = try context.model()
    let pictures = try model.synthesize(codes(values, count, of: model, "codes"))
    place.pointee = try allocated(pictures.flatMap(\.pixels))
  }
}

@_cdecl("idinv_sample")
public func idinvSample(
  _ context: OpaquePointer?, _ seeds: UnsafePointer<UInt32>?, _ count: Int, _ truncation: UnsafePointer<Float>?,
  _ result: UnsafeMutablePointer<UnsafeMutablePointer<Float>?>?
) -> idinv_status {
  call(context) { context in
    let place = try required(result, "codes")
    place.pointee = try allocated(
      context.model().sample(seeds: array(seeds, rows: count, "seeds"), truncation: truncation?.pointee).values)
  }
}
