/// The Python source that NVIDIA's pickles carry along, and that their loaders run. It is never run here; what reaches beyond
/// a network is refused all the same, since the file would do harm elsewhere.
enum EmbeddedSource {
  /// Words that a network has no use for.
  private static let words = [
    "os.system", "os.popen", "os.exec", "os.spawn", "os.remove", "os.unlink", "os.fork", "subprocess", "__import__",
    "importlib", "eval", "exec", "compile", "socket", "ctypes", "shutil.rmtree", "pty.spawn", "urlopen", "builtins",
  ]
  /// Functions, which count where they are called and are no method of an object (`network.eval()`).
  private static let functions: Set<String> = ["eval", "exec", "compile"]

  /// The first of those words in the source; nil where there is none.
  static func harmfulWord(in source: String) -> String? {
    let bytes = [UInt8](source.utf8)
    return words.first { word in occurs([UInt8](word.utf8), in: bytes, isFunction: functions.contains(word)) }
  }

  private static func occurs(_ word: [UInt8], in bytes: [UInt8], isFunction: Bool) -> Bool {
    func continues(_ byte: UInt8) -> Bool {
      byte == 0x5f || (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
    }
    guard bytes.count >= word.count else { return false }
    for start in 0...bytes.count - word.count where bytes[start] == word[0] {
      guard bytes[start..<start + word.count].elementsEqual(word) else { continue }
      let before = start > 0 ? bytes[start - 1] : 0x20
      if continues(before) || isFunction && before == 0x2e { continue }
      if isFunction, start + word.count < bytes.count, bytes[start + word.count] != 0x28 { continue }
      return true
    }
    return false
  }
}
