import Files
import Imaging

/// `losses.jsonl`: one line per image and step, as `diffuse` writes it while it goes on.
///
/// Lines are collected and go to the file whole, a few large writes in all; `flush` after each image, so that an
/// interrupted run keeps what it has. Unlike other outputs this file grows in place.
package final class LossLog {
  /// One step of one image. `seconds` is the time since the image's first step.
  package struct Record: Equatable, Sendable {
    package var image: String
    package var step: Int
    package var pixel: Double
    package var perceptual: Double
    package var domain: Double
    package var total: Double
    package var seconds: Double

    package init(
      image: String, step: Int, pixel: Double, perceptual: Double, domain: Double, total: Double, seconds: Double
    ) {
      self.image = image
      self.step = step
      self.pixel = pixel
      self.perceptual = perceptual
      self.domain = domain
      self.total = total
      self.seconds = seconds
    }
  }

  private let file: AppendedFile
  private var buffer: [UInt8] = []
  private let capacity = 1 << 16

  /// Opens the file and empties it.
  package init(path: String) throws(FileError) { file = try AppendedFile(path: path, for: .begin) }

  deinit { try? flush() }

  /// Adds a line.
  package func append(_ record: Record) throws(FileError) {
    buffer += Self.line(record).utf8
    if buffer.count >= capacity { try flush() }
  }

  /// Writes out what has been collected.
  package func flush() throws(FileError) {
    defer { buffer.removeAll(keepingCapacity: true) }
    try file.append(buffer)
  }

  /// A step of an inverted image, from 1, as a line.
  package static func line(_ name: String, _ image: InvertedImage, step: Int) -> String {
    let losses = image.losses(atStep: step)
    return line(
      Record(
        image: name, step: step, pixel: Double(losses.pixel), perceptual: Double(losses.perceptual),
        domain: Double(losses.domain), total: Double(losses.total), seconds: image.seconds(atStep: step)))
  }

  /// A record as one line of JSON, in the order of the contract.
  package static func line(_ record: Record) -> String {
    // A string can be encoded whatever is in it.
    let name = (try? JSONOutput.line(record.image)) ?? "\"\""
    return "{\"image\":\(name),\"step\":\(record.step),\"pixel\":\(number(record.pixel)),"
      + "\"perceptual\":\(number(record.perceptual)),\"domain\":\(number(record.domain)),"
      + "\"total\":\(number(record.total)),\"seconds\":\(number(record.seconds))}\n"
  }

  /// Shortest text that reads back as the same number; as in `JSONOutput` where JSON has none.
  private static func number(_ value: Double) -> String {
    value.isFinite ? "\(value)" : value.isNaN ? "\"nan\"" : value > 0 ? "\"inf\"" : "\"-inf\""
  }
}
