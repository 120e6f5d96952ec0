import Files
import Imaging
import Inversion
import Reports

/// One image, as the networks see it.
package struct LoadedImage {
  package var name: String
  package var path: String
  package var picture: Image8
  /// The bytes that it was made of.
  package var source: FileDigest

  package init(name: String, path: String, picture: Image8, source: FileDigest) {
    self.name = name
    self.path = path
    self.picture = picture
    self.source = source
  }
}

/// Reads pictures and fits them to a model.
package struct ImageLoader {
  package var crop: CropRule
  /// What one picture may take while it is read.
  package var limits: ImageLimits

  package init(crop: CropRule = .none, limits: ImageLimits = .ofThisMachine) {
    self.crop = crop
    self.limits = limits
  }

  /// The same within the memory budget of a run: what its plan leaves.
  package func within(_ choice: MemoryChoice) -> ImageLoader {
    guard let budget = choice.budgetByteCount else { return self }
    let left = budget - choice.plan.predictedByteCount
    return ImageLoader(crop: crop, limits: ImageLimits(byteCount: max(left, Self.leastByteCount)))
  }

  /// What a run takes for its pictures anyway.
  private static let leastByteCount = 8 << 20

  /// Reads an image and fits it. Other sizes than the model's are resampled (area averaging down, Catmull-Rom up).
  package func load(_ image: ListedImage, resolution: Int) throws -> LoadedImage {
    let file = try InputFile(path: image.path)
    let picture = try PictureFile(ImageSource(file), limits: limits).fitted(to: resolution, crop: crop)
    let source = try FileDigest(file)
    // What is known about the picture is then about the very same bytes.
    try file.verifyUnchanged()
    return LoadedImage(name: image.name, path: image.path, picture: picture, source: source)
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

extension ImageLimits {
  /// Half of what the machine or the control group has left now.
  package static var ofThisMachine: ImageLimits {
    guard let available = AvailableMemory.byteCount() else { return ImageLimits() }
    return ImageLimits(byteCount: max(available / 2, 64 << 20))
  }
}

/// Lists pictures, and tells what folders hold besides: nothing is left out in silence.
package func listImages(
  _ arguments: [String], tell: (String) -> Void
) throws(ImagingError) -> [ListedImage] {
  let listing = try ImageList.list(arguments)
  if !listing.leftOut.isEmpty {
    let count = listing.images.count
    tell("\(counted(count, "picture")) taken, left out \(listing.leftOutText)")
  }
  return listing.images
}
