import Foundation
import Quant
import Testing

/// Networks that measure pictures, and encoders of other programs: what is refused, by field, and that files say what was written.
@Suite struct FurtherNetworkTests {
  private static let lpips = LPIPSSpecification(
    network: .alex, channels: [4, 6, 5, 4, 4], inputShift: [0.03, 0.088, 0.188])
  private static let identity = IdentitySpecification(
    stemChannels: 4, blockChannels: [4, 5, 6, 7], units: [3, 4, 14, 3], squeezed: [1, 1, 2, 2], featureCount: 9)
  private static let pyramid = PyramidSpecification(
    blocks: [2, 2, 2], pyramidChannels: 6, fusedChannels: 5, headLayers: [3, 3, 4])

  private static func encoder(_ architecture: EncoderArchitecture) -> EncoderSpecification {
    EncoderSpecification(
      resolution: 64, wDimension: 6, layerCount: 10, imageChannels: 3, stemChannels: 4,
      blockChannels: architecture == .tensorFlow || architecture == .filtered ? [4, 5, 6, 7] : [4, 5, 6],
      architecture: architecture)
  }

  private func field(_ specification: ModelSpecification) -> String? {
    do throws(ModelFileError) {
      try specification.validate()
      return nil
    } catch {
      guard case .specification(let field, _, _) = error else { return "\(error)" }
      return field
    }
  }

  @Test func allAreReadAsTheyWereWritten() throws {
    for architecture in [EncoderArchitecture.tensorFlow, .filtered, .pyramid(Self.pyramid)] {
      let specification = ModelSpecification(encoder: Self.encoder(architecture))
      #expect(field(specification) == nil)
      let data = try JSONEncoder().encode(specification)
      #expect(try JSONDecoder().decode(ModelSpecification.self, from: data) == specification)
    }
    var specification = ModelSpecification()
    (specification.lpips, specification.identity) = (Self.lpips, Self.identity)
    #expect(field(specification) == nil)
    let data = try JSONEncoder().encode(specification)
    #expect(try JSONDecoder().decode(ModelSpecification.self, from: data) == specification)
  }

  @Test func namesAndShapesFollow() {
    var specification = ModelSpecification()
    (specification.lpips, specification.identity) = (Self.lpips, Self.identity)
    let shapes = Dictionary(
      uniqueKeysWithValues: requiredTensors(of: specification).map { ($0.name, $0.shape) })
    #expect(shapes["lpips.conv.0.weight"] == [4, 3, 11, 11] && shapes["lpips.conv.1.weight"] == [6, 4, 5, 5])
    #expect(shapes["lpips.linear.2"] == [5] && shapes["lpips.linear.5"] == nil)
    #expect(shapes["identity.head.weight"] == [9, 7 * 49] && shapes["identity.unit.23.conv2.weight"] == [7, 7, 3, 3])
    let encoder = ModelSpecification(encoder: Self.encoder(.tensorFlow))
    let scales = requiredTensors(of: encoder).filter { $0.name.hasSuffix(".scale") }
    // Of the stem and of two layers in each of four blocks.
    #expect(scales.count == 9)
  }

  @Test func whatCannotExistIsRefusedByField() {
    func lpips(_ change: (inout LPIPSSpecification) -> Void) -> String? {
      var specification = ModelSpecification(), lpips = Self.lpips
      change(&lpips)
      specification.lpips = lpips
      return field(specification)
    }
    #expect(lpips { $0.channels = [4, 6, 5, 4] } == "lpips.channels")
    #expect(lpips { $0.network = .vgg } == "lpips.channels")
    #expect(lpips { $0.channels[3] = 0 } == "lpips.channels")
    #expect(lpips { $0.channels[3] = 8193 } == "lpips.channels")
    #expect(lpips { $0.inputShift[1] = .nan } == "lpips.inputShift")
    #expect(lpips { $0.inputShift = [0, 0] } == "lpips.inputShift")

    func identity(_ change: (inout IdentitySpecification) -> Void) -> String? {
      var specification = ModelSpecification(), identity = Self.identity
      change(&identity)
      specification.identity = identity
      return field(specification)
    }
    #expect(identity { $0.units = [3, 4, 14] } == "identity.blockChannels, units, squeezed")
    #expect(identity { $0.blockChannels = [] } == "identity.blockChannels, units, squeezed")
    for change: (inout IdentitySpecification) -> Void in [
      { $0.units[0] = 0 }, { $0.units[0] = 129 }, { $0.squeezed[0] = 0 }, { $0.featureCount = -1 },
      { $0.stemChannels = 1 << 40 },
    ] {
      #expect(identity(change)?.hasPrefix("identity.stemChannels") == true)
    }

    func pyramid(_ change: (inout EncoderSpecification, inout PyramidSpecification) -> Void) -> String? {
      var pyramid = Self.pyramid, encoder = Self.encoder(.pyramid(pyramid))
      change(&encoder, &pyramid)
      encoder.architecture = .pyramid(pyramid)
      return field(ModelSpecification(encoder: encoder))
    }
    #expect(pyramid { encoder, _ in encoder.resolution = 128 }?.hasPrefix("encoder.blockChannels, resolution") == true)
    #expect(pyramid { encoder, _ in encoder.imageChannels = 1 }?.hasPrefix("encoder.blockChannels, resol") == true)
    #expect(pyramid { $1.blocks = [2, 2] } == "encoder.architecture.pyramid.blocks")
    #expect(pyramid { $1.blocks[1] = 0 } == "encoder.architecture.pyramid.blocks")
    #expect(pyramid { $1.headLayers = [3, 3, 3] } == "encoder.architecture.pyramid.headLayers")
    #expect(pyramid { $1.headLayers = [.max, 3, 4] } == "encoder.architecture.pyramid.headLayers")
    #expect(pyramid { $1.fusedChannels = 0 }?.hasPrefix("encoder.wDimension") == true)
    #expect(pyramid { encoder, _ in encoder.wDimension = 8193 }?.hasPrefix("encoder.wDimension") == true)
  }
}
