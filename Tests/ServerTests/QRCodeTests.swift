import Foundation
import Testing

@testable import Server

/// Against the Python package qrcode 8.2 (level L, byte mode, the masks 3, 2 and 0).
@Suite struct QRCodeTests {
  static let texts = [
    "http://127.0.0.1:8080/", "http://192.168.1.23:8080/?token=0123456789abcdef0123456789abcdef",
    "http://" + String(repeating: "x", count: 120),
  ]

  @Test(arguments: texts)
  func theModulesAreThoseOfAnotherProgram(text: String) throws {
    let path = "\(TestServer.root)/Tests/ServerTests/Fixtures/qr\(text.utf8.count).txt"
    let expected = try String(contentsOfFile: path, encoding: .utf8)
    let code = try #require(QRCode(text))
    let made = (0..<code.side).map { row in
      String((0..<code.side).map { code[row, $0] ? "#" : "." })
    }
    #expect(made.joined(separator: "\n") + "\n" == expected)
  }

  @Test func whatDoesNotFitIsRefused() {
    #expect(QRCode(String(repeating: "a", count: 134)) != nil)
    #expect(QRCode(String(repeating: "a", count: 135)) == nil)
    #expect(QRCode("") != nil)
  }

  @Test func theTerminalShowsAllRows() throws {
    let code = try #require(QRCode("a"))
    let lines = code.terminalText.split(separator: "\n")
    #expect(lines.count == (code.side + 5) / 2)
  }
}
