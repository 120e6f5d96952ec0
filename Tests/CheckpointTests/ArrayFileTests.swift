import Checkpoint
import Foundation
import TestSupport
import Testing

/// Codes and directions of other programs.
@Suite struct ArrayFileTests {
  static let code = (0..<8).map(Float.init)

  @Test(arguments: [
    ("codes_projected_w.npz", [1, 4, 2]), ("codes_latent.pt", [4, 2]), ("codes_projector.pt", [4, 2]),
    ("codes_array.pkl", [1, 4, 2]),
  ])
  func oneCode(name: String, shape: [Int]) throws {
    #expect(try ArrayFile.read(Places.fixture(name)) == NumpyArray(shape: shape, floats: Self.code))
  }

  @Test(arguments: ["codes_restyle.npy", "codes_dictionary.pkl"]) func codesOfImagesByName(name: String) throws {
    let expected = NumpyArray(shape: [2, 4, 2], floats: Self.code + Self.code.map { $0 + 8 })
    #expect(try ArrayFile.read(Places.fixture(name)) == expected)
  }

  @Test(arguments: ["codes_latent.pt", "codes_array.pkl"]) func directionsToo(name: String) throws {
    let boundary = try BoundaryFile.read(Places.fixture(name))
    #expect(boundary.array.floats == Self.code && boundary.name == String(name.prefix { $0 != "." }))
    #expect(boundary.layers == nil)
  }

  @Test func whatIsNoCodeIsSaid() throws {
    let error = checkpointError { _ = try ArrayFile.read(Golden.path("res32/generator.pth")) }
    guard case .unsupported(_, let found, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(found.contains("arrays of different shapes"))
  }
}
