import Foundation
import Imaging
import Quant

/// A text file that is written piece by piece and appears whole: for texts too long for the memory.
final class StreamedFile {
  private let path: String
  private let file: TemporaryFile
  private var buffer: [UInt8] = []
  private var offset = 0

  init(path: String) throws {
    self.path = path
    file = try TemporaryFile(target: path)
  }

  func append(_ text: String) throws { try append(Data(text.utf8)) }

  func append(_ bytes: Data) throws {
    buffer += bytes
    if buffer.count >= 1 << 18 { try flush() }
  }

  /// Gives the file its name.
  func commit() throws {
    try flush()
    try file.commit()
  }

  private func flush() throws {
    try file.write(buffer, at: offset)
    offset += buffer.count
    buffer.removeAll(keepingCapacity: true)
  }

  /// Copies a file to standard output.
  static func print(_ path: String) throws {
    guard let file = FileHandle(forReadingAtPath: path) else { throw ImagingError.missing(path: path) }
    while let piece = try file.read(upToCount: 1 << 18), !piece.isEmpty {
      let code = StandardStreams.write([UInt8](piece), to: STDOUT_FILENO)
      guard code == 0 else {
        throw ImagingError.notWritten(
          path: "standard output", operation: "write", reason: String(cString: strerror(code)))
      }
    }
  }
}
