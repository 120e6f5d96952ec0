import Checkpoint
import Foundation
import Imaging
import Testing

@Suite("encode and invert")
struct InvertTests {
  static let losses = ["image", "step", "pixel", "perceptual", "domain", "total", "seconds"]

  @Test("invert writes what its contract says, and NAME_inv.png is the image of the saved code")
  func outputs() throws {
    let place = try Folder()
    try place.writePicture("in/a.png")
    try place.writePicture("in/b.PNG", index: 1, height: 50, width: 50)
    try place.write("in/notes.txt", text: "not a picture")
    let model = try Golden.model()
    let run = try Command.run(["invert", "-m", model, "in", "-o", "out", "--iterations", "8"], in: place)
    #expect(run.status == 0 && run.errors.contains("2 pictures taken, left out 1 file: notes.txt"), "\(run.errors)")
    let text = run.output
    #expect(text.hasPrefix("2 images in ") && text.hasSuffix("report: out/inversion.html\n"))
    #expect(
      place.contents("out") == [
        "a_enc.png", "a_inv.png", "a_ori.png", "b_enc.png", "b_inv.png", "b_ori.png", "encoded_codes.npy",
        "image_list.txt",
        "inversion.html", "inverted_codes.npy", "losses.jsonl", "summary.json",
      ])
    #expect(try place.text("out/image_list.txt") == "in/a.png\nin/b.PNG\n")
    let codes = try place.array("out/inverted_codes.npy")
    #expect(codes.shape == [2, 8, 32])
    #expect(try place.array("out/encoded_codes.npy").shape == [2, 8, 32])

    // Pictures: the original as the networks saw it, and the images of exactly the saved codes.
    #expect(try PNG.read(place.at("out/a_ori.png")) == PNG.read(place.at("in/a.png")))
    #expect(try PNG.read(place.at("out/b_ori.png")).height == 32)
    for (array, suffix) in [("encoded_codes", "enc"), ("inverted_codes", "inv")] {
      try Command.succeed(["synthesize", "-q", "-m", model, "--codes", "out/\(array).npy", "-o", array], in: place)
      #expect(try place.bytes("\(array)/code0000.png") == place.bytes("out/a_\(suffix).png"))
      #expect(try place.bytes("\(array)/code0001.png") == place.bytes("out/b_\(suffix).png"))
    }

    // One line per image and step, with the keys of the contract in their order.
    let lines = try place.text("out/losses.jsonl").split(separator: "\n")
    #expect(lines.count == 16)
    for (index, line) in lines.enumerated() {
      let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      #expect(Set(object.keys) == Set(Self.losses))
      #expect(object["image"] as? String == (index < 8 ? "a" : "b") && object["step"] as? Int == index % 8 + 1)
      let places = Self.losses.compactMap { line.range(of: "\"\($0)\":")?.lowerBound }
      #expect(places == places.sorted())
    }

    let summary = try place.json("out/summary.json")
    // A run that lasts, on a slow or busy machine, also says how the processor fared.
    #expect(
      Set(summary.keys).subtracting(["conditions"]) == [
        "model", "model_identity", "options", "list", "weights", "compute", "tier", "threads", "version", "objective",
        "complete", "seconds",
        "median_psnr_db",
        "images", "skipped", "run", "stop_reasons", "usual_in_domain_mean_square",
      ])
    #expect(summary["stop_reasons"] as? [String: Int] == ["steps": 2])
    #expect(summary["complete"] as? Bool == true)
    let image = try #require((summary["images"] as? [[String: Any]])?.first)
    #expect(image["name"] as? String == "a" && image["steps"] as? Int == 8 && image["stopped"] as? Bool == false)
    #expect(image["stop_reason"] as? String == "steps")
    let figures = try #require(image["inverted"] as? [String: Any])
    #expect(Set(figures.keys) == ["mse_pm1", "psnr_db", "ssim", "in_domain_mean_square", "in_domain_l2"])

    let page = try place.text("out/inversion.html")
    #expect(page.hasPrefix("<!DOCTYPE html>") && page.hasSuffix("</html>\n"))
    for foreign in ["http:", "https:", "src=\"/", "url(", "@import", "<link"] { #expect(!page.contains(foreign)) }
  }

  @Test("why a run ended is in the summary, in the page and in the last line; a budget is no matter of 100 steps")
  func stops() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    func reason(_ options: [String]) throws -> (reason: String?, steps: Int) {
      let text = try Command.succeed(
        ["invert", "-m", try Golden.model(), "a.png", "-o", "out"] + options, in: place
      ).output
      let summary = try place.json("out/summary.json")
      let image = try #require((summary["images"] as? [[String: Any]])?.first)
      let reason = try #require(image["stop_reason"] as? String)
      #expect(text.contains("ended by \(reason);"))
      #expect(summary["stop_reasons"] as? [String: Int] == [reason: 1])
      #expect(try place.text("out/inversion.html").contains("Ended after"))
      return (reason, image["steps"] as? Int ?? 0)
    }
    #expect(try reason(["--iterations", "3"]) == ("steps", 3))
    #expect(try reason(["--published"]) == ("steps", 100))
    #expect(try reason(["--target-psnr", "1"]) == ("target", 1))
    #expect(try reason(["--budget", "1ms"]) == ("budget", 1))
    // More than 100 steps on all but the slowest machines.
    #expect(try reason(["--optimizer", "adam", "--budget", "3s"]).reason == "budget")
    let patient = try reason(["--optimizer", "adam", "--learning-rate", "1e-9", "--patience", "5"])
    #expect(patient == ("patience", 6))
  }

  @Test("--json prints the summary, --quiet nothing; neither changes the files")
  func reporting() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    let arguments = ["invert", "-m", try Golden.model(), "a.png", "--iterations", "3"]
    let json = try Command.succeed(arguments + ["-o", "x", "--json"], in: place).json
    #expect((json["images"] as? [Any])?.count == 1)
    #expect(try Command.succeed(arguments + ["-o", "y", "--quiet"], in: place).output.isEmpty)
    #expect(place.contents("x") == place.contents("y"))
    #expect(try place.bytes("x/inverted_codes.npy") == place.bytes("y/inverted_codes.npy"))
  }

  @Test("the codes have the same bytes whatever the number of threads, and in a second run")
  func determinism() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    var all: Set<[UInt8]> = []
    for threads in [1, 2, 1, 3] {
      try Command.succeed(
        ["invert", "-q", "-m", Golden.model(), "a.png", "-o", "out", "--iterations", "10", "--threads", "\(threads)"],
        in: place)
      all.insert(try place.bytes("out/inverted_codes.npy"))
    }
    #expect(all.count == 1)
  }

  @Test("every tier of this machine inverts to about the same code")
  func tiers() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    let kernels = try Command.succeed(["kernels", "--json"], in: place).json
    var first: [Float]?
    for tier in try #require(kernels["available_tiers"] as? [String]) {
      let summary = try Command.succeed(
        ["invert", "--json", "-m", Golden.model(), "a.png", "-o", tier, "--iterations", "5"], in: place,
        environment: ["IDINV_ISA": tier]
      ).json
      #expect(summary["tier"] as? String == tier)
      let codes = try place.array("\(tier)/inverted_codes.npy").floats
      let reference = first ?? codes
      let worst = zip(codes, reference).map { abs($0 - $1) }.max() ?? .infinity
      // Five steps of L-BFGS make some 0.005 of the rounding of 16-bit products.
      #expect(worst < 2e-2, "\(tier): \(worst)")
      first = reference
    }
  }

  @Test("16-bit products give about the same images, and are refused where the processor has none")
  func compute() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    let arguments = try ["invert", "--json", "-m", Golden.model(), "a.png", "--iterations", "5"]
    let exact = try Command.succeed(arguments + ["-o", "f32", "--compute", "f32"], in: place).json
    #expect(exact["compute"] as? String == "f32")
    let auto = try Command.succeed(arguments + ["-o", "auto"], in: place).json
    let capped = try Command.run(
      arguments + ["-o", "capped", "--compute", "f16"], in: place, environment: ["IDINV_ISA": "scalar"])
    #expect(capped.status == 69 && capped.errors.contains("tier scalar has no fast 16-bit products"))
    let asked = try Command.run(arguments + ["-o", "f16", "--compute", "f16"], in: place)
    // Integers auto takes by itself; halves, which are less exact, have to be asked for.
    let tier = try #require(auto["tier"] as? String)
    #expect((auto["compute"] as? String == "f16") == (tier == "x86v4vnni"))
    let canReduce = ["x86v4vnni", "neonfp16", "neondot", "neoni8mm"].contains(tier)
    #expect((asked.status == 0) == canReduce, "\(tier): \(asked.errors)")
    let a = try place.array("f32/inverted_codes.npy").floats
    let b = try place.array("auto/inverted_codes.npy").floats
    let worst = zip(a, b).map { abs($0 - $1) }.max() ?? .infinity
    #expect(worst < 2e-2, "\(worst)")
  }

  @Test("no iterations: the encoder's code is the result")
  func noIterations() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    try Command.succeed(["invert", "-q", "-m", Golden.model(), "a.png", "-o", "out", "--iterations", "0"], in: place)
    #expect(try place.bytes("out/inverted_codes.npy") == place.bytes("out/encoded_codes.npy"))
    #expect(try place.bytes("out/a_inv.png") == place.bytes("out/a_enc.png"))
    #expect(try place.bytes("out/losses.jsonl").isEmpty)
    #expect(((try place.json("out/summary.json"))["images"] as? [[String: Any]])?.first?["steps"] as? Int == 0)
    try Command.succeed(["encode", "-q", "-m", Golden.model(), "a.png", "-o", "enc"], in: place)
    #expect(place.contents("enc") == ["a_enc.png", "a_ori.png", "encoded_codes.npy", "image_list.txt"])
    #expect(try place.bytes("enc/encoded_codes.npy") == place.bytes("out/encoded_codes.npy"))
    #expect(try place.bytes("enc/a_enc.png") == place.bytes("out/a_enc.png"))
  }

  @Test("snapshots change nothing but the report", arguments: [0, 1, 50])
  func snapshots(count: Int) throws {
    let place = try Folder()
    try place.writePicture("a.png")
    for (name, snapshots) in [("five", 5), ("other", count)] {
      try Command.succeed(
        [
          "invert", "-q", "-m", Golden.model(), "a.png", "-o", name, "--iterations", "4", "--snapshots", "\(snapshots)",
        ], in: place)
    }
    #expect(try place.bytes("five/inverted_codes.npy") == place.bytes("other/inverted_codes.npy"))
  }

  @Test("two inputs of one name, in folders, lists and by themselves, all keep their results")
  func names() throws {
    let place = try Folder()
    try place.writePicture("one/a.png")
    try place.writePicture("two/a.png", index: 1)
    try place.write("all.list", text: "# both\none\n\ntwo/a.png\r\n")
    let arguments = ["encode", "-m", try Golden.model(), "-o", "out", "--json"]
    let json = try Command.succeed(arguments + ["all.list", "one/a.png"], in: place).json
    #expect(json["images"] as? [String] == ["a", "a-2", "a-3"])
    #expect(try place.text("out/image_list.txt") == "one/a.png\na-2.png\na-3.png\n")
    #expect(try place.array("out/encoded_codes.npy").shape == [3, 8, 32])
    #expect(try place.bytes("out/a_ori.png") == place.bytes("out/a-3_ori.png"))
    #expect(try place.bytes("out/a_ori.png") != place.bytes("out/a-2_ori.png"))
  }

  @Test(
    "pictures of every kind are read",
    arguments: [
      "gray1.png", "gray16.png", "grayalpha8.png", "palette4-trns.png", "rgb16.png", "rgba16.png", "rgba8-adam7.png",
    ])
  func kinds(name: String) throws {
    let place = try Folder()
    let picture = try PNG.read(Golden.picture(name))
    let arguments = ["encode", "-q", "-m", try Golden.model(), Golden.picture(name), "-o", "out"]
    if picture.width != picture.height {
      let refused = try Command.run(arguments, in: place)
      #expect(refused.status == 65 && refused.errors.contains("--crop center"))
      #expect(place.contents("out").isEmpty)
    }
    try Command.succeed(arguments + ["--crop", "center"], in: place)
    #expect(try place.array("out/encoded_codes.npy").floats.allSatisfy(\.isFinite))
  }

  @Test("the start: encoder, mean, or a code from a file")
  func starts() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    let arguments = ["invert", "-q", "-m", try Golden.model(), "a.png", "--iterations", "2", "-o"]
    try Command.succeed(arguments + ["encoder"], in: place)
    try Command.succeed(arguments + ["mean", "--start", "mean"], in: place)
    #expect(try place.bytes("mean/encoded_codes.npy") != place.bytes("encoder/encoded_codes.npy"))
    let code = try place.array("encoder/inverted_codes.npy")
    for (name, shape) in [("rows", [8, 32]), ("one", [1, 8, 32]), ("flat", [1, 256])] {
      try NumpyArray(shape: shape, floats: code.floats).write(to: place.at("\(name).npy"))
      try Command.succeed(arguments + [name, "--start", "\(name).npy"], in: place)
      #expect(try place.array("\(name)/encoded_codes.npy").floats == code.floats)
    }
  }

  @Test("a damaged image is skipped, told of, and the others are done", arguments: ["invert", "encode"])
  func skipping(command: String) throws {
    let place = try Folder()
    try place.writePicture("a.png")
    try place.write("b.png", try Array(place.bytes("a.png").prefix(300)))
    try place.writePicture("c.png", index: 1)
    let options = command == "invert" ? ["--iterations", "2"] : []
    let result = try Command.run(
      [command, "-m", Golden.model(), "a.png", "b.png", "c.png", "-o", "out", "--json"] + options, in: place)
    #expect(result.status == 65)
    #expect(
      result.errors.hasPrefix("idinv-lite: b.png: is a damaged PNG file")
        && result.errors.split(separator: "\n").count == 1)
    #expect(try place.text("out/image_list.txt") == "a.png\nc.png\n")
    #expect(try place.array("out/encoded_codes.npy").shape == [2, 8, 32])
    #expect((try result.json["skipped"] as? [[String: Any]])?.first?["path"] as? String == "b.png")
    #expect(!place.has("out/b_ori.png"))
  }

  @Test("a link to nothing in a folder is skipped, told of, and the others are done", arguments: ["invert", "encode"])
  func deadLinks(command: String) throws {
    let place = try Folder()
    try place.writePicture("in/a.png")
    try FileManager.default.createSymbolicLink(atPath: place.at("in/b.png"), withDestinationPath: "nowhere")
    let options = command == "invert" ? ["--iterations", "1"] : []
    let result = try Command.run([command, "-m", Golden.model(), "in", "-o", "out"] + options, in: place)
    #expect(result.status == 65 && result.errors.contains("in/b.png"), "\(result.errors)")
    #expect(try place.text("out/image_list.txt") == "in/a.png\n")
  }

  @Test("a loss beyond all numbers is an error, whatever ends the run")
  func infiniteLoss() throws {
    let place = try Folder()
    try place.writePicture("a.png", height: 64, width: 64)
    for goal in [[], ["--target-psnr", "60"]] {
      let result = try Command.run(
        [
          "invert", "-m", Golden.path("..", "../models/default.idinv"), "a.png", "-o", "out", "--iterations", "2",
          "--lambda-perceptual", "3e38",
        ] + goal, in: place)
      #expect(result.status == 65 && result.errors.contains("total term"), "\(result.status) \(result.errors)")
    }
  }

  @Test("the terms whose weight is 0 need no network")
  func withoutNetworks() throws {
    let place = try Folder()
    try place.writePicture("a.png")
    try Command.succeed(
      [
        "invert", "-q", "-m", Golden.generatorModel(), "a.png", "-o", "out", "--iterations", "2", "--start", "mean",
        "--lambda-domain", "0", "--lambda-perceptual", "0",
      ], in: place)
    #expect(try place.array("out/inverted_codes.npy").shape == [1, 8, 32])
  }
}
