import Files
import Glibc
import Imaging
import Inversion
import Quant
import Reports

/// All that a run of `invert` found out about one image: what its results are made of.
package struct InversionRecord: Codable {
  /// Line of the whole list, from 0.
  package var line: Int
  package var name: String
  package var path: String
  /// The picture file that was read, or is to be read again; nil where it could not be, or was not looked at.
  package var source: FileDigest?
  /// Wall time of the run when the image was done, earlier parts of the run included.
  package var elapsed: Double
  package var outcome: Outcome

  package enum Outcome: Codable {
    case inverted(InvertedImage)
    /// Damaged, missing or diverged; the reason as it was printed.
    case skipped(reason: String)
    /// The picture is being read. Where nothing about it follows, reading it ended the program.
    case reading
    /// It was read.
    case read
  }

  /// Whether this is the last word on the image.
  package var isFinal: Bool {
    switch outcome {
    case .inverted, .skipped: true
    case .reading, .read: false
    }
  }

  package var skipReason: String? {
    if case .skipped(let reason) = outcome { reason } else { nil }
  }

  package var inverted: InvertedImage? {
    if case .inverted(let image) = outcome { image } else { nil }
  }
}

/// The result of one inversion.
package struct InvertedImage: Codable {
  /// A picture on the way, as the page shows it.
  package struct Snapshot: Codable {
    package var step: Int
    package var picture: ReportImage
  }

  /// [L, D].
  package var startCode: PackedFloats
  /// [L, D].
  package var code: PackedFloats
  /// Pixel, perceptual, domain and total, step after step.
  package var losses: PackedFloats
  /// Seconds since the image's first step, after each step; in microseconds.
  package var stepMicroseconds: [Int]
  /// Seconds of work; in a batch the image's share.
  package var seconds: Double
  package var startFigures: InversionReport.Figures
  package var resultFigures: InversionReport.Figures
  /// NAME_ori.png, NAME_enc.png, NAME_inv.png.
  package var pictures: [FileDigest]
  package var snapshots: [Snapshot]
  /// Why it ended.
  package var stopReason: StopReason
  /// The step that evaluated the code of least total loss; 0 where there was none.
  package var bestStep: Int

  /// Whether it was ended before its time.
  package var wasStopped: Bool { stopReason == .observer }

  package static let suffixes = ["ori", "enc", "inv"]

  package var stepCount: Int { losses.values.count / 4 }

  package func losses(atStep step: Int) -> Losses {
    let row = losses.values[(step - 1) * 4..<step * 4]
    let first = row.startIndex
    return Losses(pixel: row[first], perceptual: row[first + 1], domain: row[first + 2], total: row[first + 3])
  }

  /// Seconds since the image's first step.
  package func seconds(atStep step: Int) -> Double { Double(stepMicroseconds[step - 1]) * 1e-6 }

  /// What a journal may say about an image of the model: a damaged one must not become a damaged result.
  package func isSound(codeCount: Int) -> Bool {
    [startCode, code].allSatisfy { $0.values.count == codeCount && $0.values.allSatisfy(\.isFinite) }
      && losses.values.count == stepMicroseconds.count * 4 && pictures.count == Self.suffixes.count
  }
}

/// Enough of a file to see whether it is still the same.
package struct FileDigest: Codable, Equatable {
  package var byteCount: Int
  package var crc32: UInt32

  package init(_ bytes: [UInt8]) {
    byteCount = bytes.count
    var crc = CRC32()
    crc.update(bytes)
    crc32 = crc.value
  }

  /// Of a file, piece by piece.
  package init(_ file: InputFile) throws(FileError) {
    var crc = CRC32()
    try file.forEachPiece { crc.update($0) }
    byteCount = file.byteCount
    crc32 = crc.value
  }

  /// Of the file at a path; nil where it cannot be read, or is none.
  package init?(path: String) {
    guard let digest = try? FileDigest(InputFile(path: path)) else { return nil }
    self = digest
  }
}
