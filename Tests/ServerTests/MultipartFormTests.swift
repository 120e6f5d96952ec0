import Testing

@testable import Server

@Suite struct MultipartFormTests {
  private func fields(
    _ body: String, type: String = "multipart/form-data; boundary=xyz", bytes: Int = 100, parts: Int = 3
  ) throws(Problem) -> [String: FormField] {
    var limits = FormLimits(byteCount: bytes)
    limits.fieldCount = parts
    return try MultipartForm.fields([UInt8](body.utf8), type: type, limits: limits)
  }

  private func part(_ header: String, _ value: String) -> String {
    "--xyz\r\nContent-Disposition: form-data; \(header)\r\n\r\n\(value)\r\n"
  }

  @Test(arguments: [
    #"my face.png"#, "100%41+b.png", "ünï.png", "a;b=c.png", "emoji 😀.png",
  ]) func fileNamesAreAsTheyWereSent(_ name: String) throws {
    let form = try fields(part(#"name="image"; filename="\#(name)""#, "PIXELS") + "--xyz--\r\n")
    #expect(form["image"]?.fileName == name)
    #expect(form["image"]?.text == "PIXELS")
  }

  @Test func whatFormsMayLookLike() throws {
    let several =
      "preamble\r\n" + part(#"name="steps""#, "5") + part("name=alpha", "2\r\n--xy\r\n")
      + part(#"filename="say \"hi\".png"; name="image""#, "") + "--xyz--\r\nepilogue"
    let form = try fields(several, type: #"Multipart/Form-Data; charset=utf-8; boundary="xyz""#)
    #expect(form["steps"]?.text == "5" && form["steps"]?.fileName == nil)
    #expect(form["alpha"]?.text == "2\r\n--xy\r\n")
    #expect(form["image"]?.fileName == #"say "hi".png"#)
    #expect(form["image"]?.bytes.isEmpty == true)
    #expect(try fields("--xyz--\r\n").isEmpty)
  }

  @Test func limitsAreKept() {
    let four = (0..<4).map { part("name=\"n\($0)\"", "") }.joined() + "--xyz--\r\n"
    let same = (0..<4).map { _ in part(#"name="n""#, "") }.joined() + "--xyz--\r\n"
    #expect(refusal(four) == 413 && refusal(same) == 413)
    #expect(refusal(part(#"name="n""#, "123456") + "--xyz--\r\n", bytes: 5) == 413)
  }

  @Test(arguments: [
    "", "--xyz", "--xyz\r\n", "--abc\r\n", "--xyz\r\n\r\nvalue\r\n--xyz--\r\n", "--xyzContent: a\r\n\r\n\r\n--xyz--",
    "--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nno end",
    "--xyz\r\nContent-Disposition: form-data; name=\"a\r\n\r\nv\r\n--xyz--\r\n",
    "--xyz\r\nContent-Disposition: form-data\r\n\r\nv\r\n--xyz--\r\n",
    "--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n--xyz--\r\n",
  ]) func whatIsNoFormIsRefused(_ body: String) {
    #expect(refusal(body) == 400)
  }

  @Test(arguments: ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"xyz"])
  func boundariesAreNeeded(_ type: String) {
    #expect(refusal("--xyz--\r\n", type: type) == 400)
  }

  private func refusal(
    _ body: String, type: String = "multipart/form-data; boundary=xyz", bytes: Int = 100
  ) -> Int? {
    do throws(Problem) {
      _ = try fields(body, type: type, bytes: bytes)
      return nil
    } catch {
      return error.status
    }
  }
}
