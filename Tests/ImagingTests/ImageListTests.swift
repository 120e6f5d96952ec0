import Testing

@testable import Imaging

@Suite("The IMAGES argument")
struct ImageListTests {
  @Test("names are stems; a second path of one stem gets a number that no other path has")
  func names() {
    #expect(ImageList.uniqueNames(["a/x.png", "b/x.png"]) == ["x", "x-2"])
    #expect(ImageList.uniqueNames(["a/x.png", "b/x.png", "x-2.png"]) == ["x", "x-3", "x-2"])
    #expect(ImageList.uniqueNames(["x-2.png", "x.png", "x.png", "x.png"]) == ["x-2", "x", "x-3", "x-4"])
    #expect(ImageList.uniqueNames(["x.png", "x.PNG", "x-2.png", "q/x-2.png"]) == ["x", "x-3", "x-2", "x-2-2"])
    #expect(ImageList.uniqueNames(["a.b.png", "/p/.png", "plain", "dir/"]) == ["a.b", "image", "plain", "dir"])
    let many = (0..<500).map { "\($0)/face\($0 % 3).png" } + ["face0-7.png", "face1-2.png"]
    let names = ImageList.uniqueNames(many)
    #expect(Set(names).count == many.count)
    #expect(names.suffix(2) == ["face0-7", "face1-2"])
  }

  @Test("a stem is one that a file and a line of a list can have, with room for what results add")
  func stems() {
    #expect(ImageList.stem(of: "p/a\nb\tc\u{85}d\u{2028}e.png") == "a_b_c_d_e")
    #expect(ImageList.printable("p/a\r\nb.png") == "p/a_b.png")
    let long = String(repeating: "é", count: 120)
    #expect(ImageList.stem(of: "\(long).png") == String(repeating: "é", count: 100))
    let names = ImageList.uniqueNames((0..<12).map { "\(long)\($0).png" })
    #expect(Set(names).count == 12 && names.allSatisfy { $0.utf8.count < 210 })
  }

  @Test("a result folder stands for its originals, in the order of its list")
  func resultFolder() throws {
    let folder = try TemporaryFolder()
    let base = folder.path
    for name in ["b_ori.png", "b_enc.png", "b_inv.png", "a_ori.png", "a-2_ori.png", "other.png"] {
      _ = try folder.file("r/\(name)", [1])
    }
    _ = try folder.file("r/image_list.txt", text: " x/b.jpg\r\na.png\nq/a.png\ngone.png\n\n")
    // Without codes it is a folder like others.
    #expect(try ImageList.expand([base + "/r"]).count == 6)
    _ = try folder.file("r/encoded_codes.npy", [1])
    _ = try folder.file("list.list", text: "r\n")
    for argument in ["r", "r/", "list.list"] {
      let items = try ImageList.expand(["\(base)/\(argument)"])
      #expect(items.map(\.name) == ["b", "a", "a-2"])
      #expect(items.map { $0.path.split(separator: "/").last } == ["b_ori.png", "a_ori.png", "a-2_ori.png"])
    }
    let list = try ResultList(folder: base + "/r")
    #expect(list.lines == ["x/b.jpg", "a.png", "q/a.png", "gone.png"] && list.names == ["b", "a", "a-2", "gone"])
    #expect(list.original(of: 3) == nil)
    _ = try folder.file("none/image_list.txt", text: "x.png\n")
    _ = try folder.file("none/inverted_codes.npy", [1])
    #expect(
      thrown { () throws(ImagingError) in _ = try ImageList.expand([base + "/none"]) }
        == .noOriginals(path: base + "/none"))
  }

  @Test("files, folders and lists come out in order")
  func expands() throws {
    let folder = try TemporaryFolder()
    let base = folder.path
    for name in ["d/b.png", "d/a.PNG", "d/.hidden.png", "d/note.txt", "d/sub.png/x", "e/b.png", "one.png"] {
      _ = try folder.file(name, [1])
    }
    let list = try folder.file(
      "lists/some.list", text: "\u{FEFF}# faces\r\n\r\n ../one.png \r\n../e\n\(base)/d/b.png")
    let items = try ImageList.expand([base + "/d", list, base + "/d/"])
    #expect(
      items.map(\.path) == [
        base + "/d/a.PNG", base + "/d/b.png", base + "/lists/../one.png", base + "/lists/../e/b.png",
        base + "/d/b.png", base + "/d/a.PNG", base + "/d/b.png",
      ])
    #expect(items.map(\.name) == ["a", "b", "one", "b-2", "b-3", "a-2", "b-4"])
  }

  @Test("each fault is named with its place")
  func refuses() throws {
    let folder = try TemporaryFolder()
    let base = folder.path
    func error(_ arguments: [String]) -> ImagingError? {
      thrown { () throws(ImagingError) in _ = try ImageList.expand(arguments) }
    }
    #expect(error([]) == .noImages)
    #expect(error([base + "/none.png"]) == .missing(path: base + "/none.png"))
    #expect(error([base]) == .noPNGInDirectory(path: base, others: 0))
    _ = try folder.file("photo.jpg", [1])
    #expect(error([base])?.description.contains("1 of other formats") == true)
    #expect(error(["/dev/null"]) == .notRegularFile(path: "/dev/null"))
    let empty = try folder.file("empty.list", text: "# nothing\n\n")
    #expect(error([empty]) == .emptyList(path: empty))
    let binary = try folder.file("binary.list", [0xFF, 0xFE, 0x41])
    #expect(error([binary]) == .listNotText(path: binary))
    let lacking = try folder.file("lacking.list", text: "photo.jpg\n# c\nnone.png\n")
    #expect(error([lacking])?.description == "\(lacking), line 3: \(base)/none.png: no such file")
    let nested = try folder.file("nested.list", text: "\nempty.list\n")
    #expect(error([nested])?.description.hasPrefix("\(nested), line 2: ") == true)
  }
}
