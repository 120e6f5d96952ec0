import Files
import Foundation
import TestSupport
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
    // One character, however many marks are on it.
    let marked = "e" + String(repeating: "\u{0301}", count: 200)
    #expect(ImageList.stem(of: marked + ".png") == "e" + String(repeating: "\u{0301}", count: 99))
    #expect(ImageList.stem(of: "a\u{202e}gnp.exe.png") == "a_gnp.exe")
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
    // Published runs copy the list first and save codes last.
    _ = try folder.file("list.list", text: "r\n")
    for argument in ["r", "r/", "list.list"] {
      let items = try ImageList.expand(["\(base)/\(argument)"])
      #expect(items.map(\.name) == ["b", "a", "a-2"])
      #expect(items.map { $0.path.split(separator: "/").last } == ["b_ori.png", "a_ori.png", "a-2_ori.png"])
    }
    _ = try folder.file("r/encoded_codes.npy", [1])
    #expect(try ImageList.expand([base + "/r"]).map(\.name) == ["b", "a", "a-2"])
    // A list of photographs among them makes no result folder.
    _ = try folder.file("p/image_list.txt", text: "b.png\n")
    for name in ["b.png", "c_ori.png"] { _ = try folder.file("p/\(name)", [1]) }
    #expect(try ImageList.expand([base + "/p"]).map(\.name) == ["b", "c_ori"])
    // A run of `invert` that was killed has no list yet.
    for name in ["b_ori.png", "b_enc.png", "b_inv.png", "inversion.journal"] { _ = try folder.file("k/\(name)", [1]) }
    #expect(try ImageList.expand([base + "/k"]).map(\.name) == ["b"])
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
    #expect(error([base + "/none.png"]) == .file(FileError(base + "/none.png", .open, .system(ENOENT))))
    #expect(error([base]) == .noPicturesInDirectory(path: base, others: ""))
    let heic = try folder.file("photo.heic", Array("\u{0}\u{0}\u{0} ftypheic".utf8))
    #expect(error([base])?.description.hasSuffix("left out: 1 file: photo.heic (a HEIC file)") == true)
    let listing = try ImageList.list([try folder.file("photo.jpg", [1]), base])
    #expect(listing.leftOut == [LeftOutFile(path: heic, found: "a HEIC file")] && listing.images.count == 2)
    #expect(error(["/dev/null"]) == .file(FileError("/dev/null", .open, .isNotRegular)))
    let empty = try folder.file("empty.list", text: "# nothing\n\n")
    #expect(error([empty]) == .emptyList(path: empty))
    let binary = try folder.file("binary.list", [0xFF, 0xFE, 0x41, 0])
    #expect(error([binary]) == .listNotText(path: binary))
    let lacking = try folder.file("lacking.list", text: "photo.jpg\n# c\nnone.png\n")
    #expect(error([lacking])?.description == "\(lacking), line 3: \(base)/none.png, nor none.png: no such file")
    let nested = try folder.file("nested.list", text: "\nempty.list\n")
    #expect(error([nested])?.description.hasPrefix("\(nested), line 2: ") == true)
  }

  @Test("folders come in natural order, by their bytes' formats, and what is left out is told")
  func naturalOrder() throws {
    let folder = try TemporaryFolder()
    let jpeg = try Fixture.bytes("photos/gray.jpg")
    for name in ["frame10.png", "frame2.png", "frame1.png", "a-photo", "frame02.jpg", "Frame3.png"] {
      _ = try folder.file(name, jpeg)
    }
    _ = try folder.file("notes.txt", text: "hello")
    _ = try folder.file(".hidden.png", jpeg)
    let listing = try ImageList.list([folder.path])
    #expect(
      listing.images.map { $0.path.split(separator: "/").last } == [
        "Frame3.png", "a-photo", "frame1.png", "frame02.jpg", "frame2.png", "frame10.png",
      ])
    #expect(listing.leftOutText == "1 file: notes.txt (no picture)")
    let order = ["", "0", "00", "1", "01", "2", "10", "a", "a1b2", "a1b10", "a02", "a10b", "b"]
    for i in order.indices {
      for j in order.indices {
        #expect(FileName.precedesNaturally(order[i], order[j]) == (i < j), "\(order[i]) \(order[j])")
      }
    }
  }

  @Test("names that are not UTF-8 are found and opened")
  func foreignNames() throws {
    let bytes: [UInt8] = [0x66, 0xE9, 0xFF, 0xC3, 0xA9, 0x2E, 0x70, 0x6E, 0x67]
    let folder = try TemporaryFolder()
    let path = PathText.path(PathText.text(bytes), in: folder.path)
    try PNG.write(noise(height: 2, width: 3, seed: 1), path)
    let listing = try ImageList.list([folder.path])
    #expect(listing.images == [ListedImage(path: path, name: "f__é")])
    #expect(try PictureFile.read(path).width == 3)
    let list = folder.path + "/x.list"
    try AtomicFile.write(bytes + [0x0A], to: list)
    #expect(try ImageList.expand([list]).map(\.path) == [path])
  }

  @Test("a list's lines count from its folder, else from the working folder, as in published lists")
  func publishedList() throws {
    let folder = try TemporaryFolder()
    let name = "list-\(UUID().uuidString)"
    // In the working folder, as idinvert_pytorch's examples: examples/test.list names examples/000001.png.
    try FileManager.default.createDirectory(atPath: name, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: name) }
    for file in ["1.png", "2.png"] { try AtomicFile.write([1], to: "\(name)/\(file)") }
    try AtomicFile.write("\(name)/1.png\n2.png\n\(name)\n", to: "\(name)/test.list")
    #expect(
      try ImageList.expand(["\(name)/test.list"]).map(\.path)
        == ["1.png", "2.png", "1.png", "2.png"].map { "\(name)/\($0)" })
    // What lies beside the list comes first.
    _ = try folder.file("\(name)/1.png", [1])
    let beside = try folder.file("l.list", text: "\(name)/1.png\n")
    #expect(try ImageList.expand([beside]).map(\.path) == ["\(folder.path)/\(name)/1.png"])
  }
}
