import Foundation
import Imaging
import Inversion
import Quant

/// All that a run of `invert` found out about one image: what its results are made of.
struct InversionRecord: Codable {
  /// Line of the whole list, from 0.
  var line: Int
  var name: String
  var path: String
  /// The picture file that was read; nil where it could not be.
  var source: FileDigest?
  /// Wall time of the run when the image was done, earlier parts of the run included.
  var elapsed: Double
  var outcome: Outcome

  enum Outcome: Codable {
    case inverted(InvertedImage)
    /// Damaged, missing or diverged; the reason as it was printed.
    case skipped(reason: String)
  }

  var inverted: InvertedImage? {
    if case .inverted(let image) = outcome { image } else { nil }
  }
}

/// The result of one inversion.
struct InvertedImage: Codable {
  /// A picture on the way, as the page shows it.
  struct Snapshot: Codable {
    var step: Int
    var picture: ReportImage
  }

  /// [L, D].
  var startCode: PackedFloats
  /// [L, D].
  var code: PackedFloats
  /// Pixel, perceptual, domain and total, step after step.
  var losses: PackedFloats
  /// Seconds since the image's first step, after each step; in microseconds.
  var stepMicroseconds: [Int]
  /// Seconds of work; in a batch the image's share.
  var seconds: Double
  var startFigures: InversionReport.Figures
  var resultFigures: InversionReport.Figures
  /// NAME_ori.png, NAME_enc.png, NAME_inv.png.
  var pictures: [FileDigest]
  var snapshots: [Snapshot]
  /// Why it ended.
  var stopReason: StopReason
  /// The step that evaluated the code of least total loss; 0 where there was none.
  var bestStep: Int

  /// Whether it was ended before its time.
  var wasStopped: Bool { stopReason == .observer }

  static let suffixes = ["ori", "enc", "inv"]

  var stepCount: Int { losses.values.count / 4 }

  func losses(atStep step: Int) -> Losses {
    let row = losses.values[(step - 1) * 4..<step * 4]
    let first = row.startIndex
    return Losses(pixel: row[first], perceptual: row[first + 1], domain: row[first + 2], total: row[first + 3])
  }

  /// Seconds since the image's first step.
  func seconds(atStep step: Int) -> Double { Double(stepMicroseconds[step - 1]) * 1e-6 }

  /// What a journal may say about an image of the model: a damaged one must not become a damaged result.
  func isSound(codeCount: Int) -> Bool {
    [startCode, code].allSatisfy { $0.values.count == codeCount && $0.values.allSatisfy(\.isFinite) }
      && losses.values.count == stepMicroseconds.count * 4 && pictures.count == Self.suffixes.count
  }
}

/// Enough of a file to see whether it is still the same.
struct FileDigest: Codable, Equatable {
  var byteCount: Int
  var crc32: UInt32

  init(_ bytes: [UInt8]) {
    byteCount = bytes.count
    var crc = CRC32()
    crc.update(bytes)
    crc32 = crc.value
  }

  /// Of the file at a path; nil where it cannot be read, or is none.
  init?(path: String) {
    var information = stat()
    guard stat(path, &information) == 0, information.st_mode & S_IFMT == S_IFREG,
      let data = FileManager.default.contents(atPath: path)
    else { return nil }
    self.init([UInt8](data))
  }
}
