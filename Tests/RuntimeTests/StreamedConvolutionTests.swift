import Files
import Foundation
import SIMDKernels
import TestSupport
import Testing

@testable import Quant
@testable import Runtime

/// Convolutions whose weights are read in the file, use by use.
@Suite struct StreamedConvolutionTests {
  /// Preparing may read all weights, to find the units of words.
  @Test(
    "Neither preparing nor running keeps the file's pages in memory", arguments: [false, true])
  func pages(isReduced: Bool) throws {
    for form in [ConvolutionForm.same(kernel: 3), .upsample2x, .downsample2x, .transposed2x] {
      try check(form, isReduced: isReduced)
    }
  }

  private func check(_ form: ConvolutionForm, isReduced: Bool) throws {
    let channels = 128
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).weights")
    var random = SeededRandom(31)
    let halves = random.floats(channels * channels * 9, in: -0.1...0.1).map { Float16($0).bitPattern.littleEndian }
    try halves.withUnsafeBytes { Data($0) }.write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let tensor = WeightTensor(
      name: "test", shape: [channels, channels, 3, 3], dtype: .f16, scales: nil,
      mapping: try MappedFile(path: file.path), range: 0..<halves.count * 2)
    let weights = ConvolutionWeights(tensor, form: form, bias: nil, storage: .streamed)
    #expect(tensor.withUnsafeBytes { bytes in bytes.reduce(0) { $0 | $1 } } != 0)
    #expect(try residentByteCount(of: file) >= halves.count * 2)
    tensor.adviseDontNeed()
    #expect(try residentByteCount(of: file) == 0)

    var graph = Graph()
    let input = graph.input(.image(batch: 1, channels: channels, height: 8, width: 8))
    let output = try graph.append(Convolution(weights), input)
    let seed = graph.input(graph.shape(of: output))
    let gradient = try #require(try graph.appendGradients(of: [(output, seed)], by: [input])[0])
    graph.markOutput(output)
    graph.markOutput(gradient)
    let prepared = try PreparedGraph(graph, kernels: Kernels(threadCount: 2, precision: isReduced ? .reduced : .full))
    #expect(try residentByteCount(of: file) == 0, "after preparing")
    prepared.write(random.floats(channels * 64), to: input)
    prepared.write(random.floats(graph.shape(of: output).extents.reduce(1, *)), to: seed)
    prepared.run()
    #expect(try residentByteCount(of: file) == 0, "after running")
    #expect(prepared.read(output).contains { $0 != 0 } && prepared.read(gradient).contains { $0 != 0 })
  }

  /// Bytes of a mapped file that are in this process's memory.
  private func residentByteCount(of file: URL) throws -> Int {
    var isFile = false, bytes = 0
    // `String(contentsOfFile:)` reads one page of files without a size.
    let handle = try #require(FileHandle(forReadingAtPath: "/proc/self/smaps"))
    let maps = String(decoding: try #require(try handle.readToEnd()), as: UTF8.self)
    for line in maps.split(separator: "\n") {
      let words = line.split(separator: " ", omittingEmptySubsequences: true)
      if words[0].contains("-") { isFile = line.hasSuffix(file.lastPathComponent) }
      if isFile, words[0] == "Rss:" { bytes += try #require(Int(words[1])) * 1024 }
    }
    return bytes
  }
}
