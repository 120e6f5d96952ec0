import Files
import Testing

@Suite struct JSONReaderTests {
  private func read(_ text: String) throws -> JSONValue { try JSONReader.read(Array(text.utf8)) }

  @Test func valuesAreRead() throws {
    #expect(
      try read(" { \"a\" : [ 1 , -2, 0 , true, false, null ] , \"b\" : { } }\n")
        == .object([
          JSONMember(
            key: "a", value: .array([.integer(1), .integer(-2), .integer(0), .bool(true), .bool(false), .null])),
          JSONMember(key: "b", value: .object([])),
        ]))
    #expect(try read("\"\\u00fc\\ud83d\\ude00\\n\\\\\\\"\\/\"") == .string("ü😀\n\\\"/"))
    #expect(
      try read("[1.5, 1e3, 99999999999999999999, -0]")
        == .array([.number(1.5), .number(1000), .number(1e20), .integer(0)]))
  }

  @Test(arguments: [
    ("", 0), ("{", 1), ("[1,]", 3), ("{\"a\":1,}", 7), ("[1 2]", 3), ("01", 1), ("1.", 2), ("1e", 2), ("+1", 0),
    ("-", 0),
    ("\"a", 2), ("\"\\x\"", 2), ("\"\\u12g4\"", 5), ("\"\\ud800\"", 7), ("\"\\udc00\"", 7), ("\"\\ud800\\u0041\"", 13),
    ("nul", 3), ("{} {}", 3), ("{a:1}", 1), ("\"\u{1}\"", 1), ("{\"a\":1,\"a\":2}", 7), ("{\"a\" 1}", 5), ("NaN", 0),
  ]) func malformedTextsAreRefusedWhereTheyBreak(text: String, offset: Int) {
    do throws(JSONFault) {
      let value = try JSONReader.read(Array(text.utf8))
      Issue.record("\(text) is \(value)")
    } catch {
      #expect(error.offset == offset, "\(text): \(error)")
    }
  }

  @Test func textThatIsNotUTF8IsRefused() {
    #expect(throws: JSONFault.self) { try JSONReader.read([0x22, 0xff, 0x22]) }
  }

  @Test func depthIsBounded() {
    #expect(throws: JSONFault.self) {
      try JSONReader.read([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000))
    }
  }

  @Test func quotedTextIsReadBack() throws {
    let text = "a\"\\\n\r\t\u{1}\u{1f}ü😀/"
    #expect(try read(jsonQuoted(text)) == .string(text))
  }

  /// Over the first six, Foundation of Swift 6.0 ends the program.
  @Test(arguments: [
    [0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d], Array(#"{"\ud800":1}"#.utf8), Array(#"{"\udc00x":1}"#.utf8),
    Array(#"{"\uZZZZ":1}"#.utf8), Array(#"{"a\q":1}"#.utf8), Array("{\"a\u{1}\":1}".utf8),
    Array(#"{"a":1,"a":2}"#.utf8),
    Array(#"{"a":1"#.utf8), [],
  ])
  func faultsOfForeignTextAreErrors(_ bytes: [UInt8]) {
    #expect(throws: JSONFault.self) { _ = try JSONText.decode([String: Int].self, from: bytes) }
  }

  @Test func valuesComeOutOfText() throws {
    #expect(try JSONText.decode([String: Int].self, from: [0xef, 0xbb, 0xbf] + Array(#"{"ü": 3}"#.utf8)) == ["ü": 3])
    #expect(
      try JSONText.decode([Double].self, from: Array(#"["-inf", 1e3]"#.utf8), namesNonNumbers: true) == [
        -.infinity, 1000,
      ])
    #expect(throws: DecodingError.self) { _ = try JSONText.decode([Double].self, from: Array(#"["-inf"]"#.utf8)) }
  }
}
