import Imaging
import Reports

/// One image, as the networks see it.
package struct LoadedImage {
  package var name: String
  package var path: String
  package var picture: Image8

  package init(name: String, path: String, picture: Image8) {
    self.name = name
    self.path = path
    self.picture = picture
  }
}

/// Reads pictures and fits them to a model.
package struct ImageLoader {
  package var crop: CropRule

  package init(crop: CropRule = .none) { self.crop = crop }

  /// Reads an image and fits it. Other sizes than the model's are resampled (area averaging down, Catmull-Rom up).
  package func load(_ image: ListedImage, resolution: Int) throws -> LoadedImage {
    let picture = try PNG.read(image.path).fitted(to: resolution, crop: crop, path: image.path)
    return LoadedImage(name: image.name, path: image.path, picture: picture)
  }

  /// The first `most` images that can be read; those that cannot are told at once.
  package func load(
    _ listed: [ListedImage], most: Int, resolution: Int, _ context: RunContext
  ) throws -> (images: [LoadedImage], skipped: [SkippedImage]) {
    var images: [LoadedImage] = []
    var skipped: [SkippedImage] = []
    for entry in listed where images.count < most {
      try context.checkCancellation()
      do {
        images.append(try load(entry, resolution: resolution))
      } catch {
        skipped.append(try context.skip(entry, error))
      }
    }
    return (images, skipped)
  }
}
