import Files
import Foundation
import Quant

/// Journals that somebody else wrote: their checksums fit.
enum JournalText {
  /// The journal with `value` for `key` in every stored part that has one.
  static func changed(_ journal: String, _ key: String, _ value: Any) throws -> String {
    try journal.split(separator: "\n").map { try line(String($0), key, value) + "\n" }.joined()
  }

  private static func line(_ line: String, _ key: String, _ value: Any) throws -> String {
    let object = try JSONSerialization.jsonObject(with: Data(line.utf8.dropFirst(9)))
    guard var record = object as? [String: Any], let part = record["part"] as? String,
      let text = Data(base64Encoded: part), var stored = try JSONSerialization.jsonObject(with: text) as? [String: Any],
      stored[key] != nil
    else { return line }
    stored[key] = value
    record["part"] = try JSONSerialization.data(withJSONObject: stored).base64EncodedString()
    let changed = try JSONSerialization.data(withJSONObject: record)
    var crc = CRC32()
    crc.update([UInt8](changed))
    return String(format: "%08x ", crc.value) + String(decoding: changed, as: UTF8.self)
  }
}
