import Quant
import Testing

@Suite struct SpecificationTests {
  private func field(_ change: (inout ModelSpecification) -> Void) -> String? {
    var specification = TestModel.specification
    change(&specification)
    return specification.refusedField
  }

  @Test func aSensibleSpecificationPasses() {
    #expect(field { _ in } == nil)
    #expect(field { $0.generator = nil } == nil)
    #expect(
      field {
        $0.encoder = nil; $0.perceptual = nil; $0.attributes = nil
      } == nil)
    #expect(field { $0.attributes = nil } == nil)
  }

  @Test func whatCannotExistIsRefusedByField() {
    #expect(
      field { $0 = ModelSpecification() }
        == "generator, encoder, perceptual, attributes, judge, detector, lpips, identity")
    #expect(field { $0.pixelMaximum = -2 } == "pixelMinimum, pixelMaximum")
    #expect(field { $0.pixelMinimum = .nan } == "pixelMinimum, pixelMaximum")
    #expect(field { $0.generator!.resolution = 24 } == "generator.resolution")
    #expect(field { $0.generator!.resolution = 4096 } == "generator.resolution")
    #expect(field { $0.generator!.resolution = 4 } == "generator.resolution")
    #expect(field { $0.generator!.layerCount = 7 } == "generator.layerCount")
    #expect(field { $0.generator!.imageChannels = 0 } == "generator.imageChannels")
    #expect(field { ($0.generator!.imageChannels, $0.encoder!.imageChannels) = (1, 1) } == "generator.imageChannels")
    #expect(field { $0.generator!.zDimension = 0 } == "generator.zDimension")
    #expect(field { $0.generator!.wDimension = 1 << 40 } == "generator.wDimension")
    #expect(field { $0.generator!.mappingFeatures = [] } == "generator.mappingFeatures.count")
    #expect(field { $0.generator!.mappingFeatures = [-1, 36] } == "generator.mappingFeatures")
    #expect(field { $0.generator!.mappingFeatures = [12, 6] } == "generator.mappingFeatures.last")
    #expect(field { $0.generator!.repeatsW = true } == "generator.mappingFeatures.last")
    #expect(field { $0.generator!.blockChannels = [8, 8] } == "generator.blockChannels.count")
    #expect(field { $0.generator!.blockChannels = [8, 0, 5] } == "generator.blockChannels")
    #expect(field { $0.encoder!.stemChannels = 9000 } == "encoder.stemChannels")
    #expect(field { $0.encoder!.blockChannels = [8] } == "encoder.blockChannels.count")
    #expect(field { $0.encoder!.blockChannels = [8, -8] } == "encoder.blockChannels")
    #expect(field { $0.encoder!.layerCount = 8 } == "encoder.layerCount")
    #expect(field { $0.perceptual!.layers = [] } == "perceptual.layers.count")
    #expect(field { $0.perceptual!.layers = [.maxPool] } == "perceptual.layers (convolutions)")
    #expect(field { $0.perceptual!.layers = [.relu] } == "perceptual.layers[0]")
    #expect(field { $0.perceptual!.layers += Array(repeating: .maxPool, count: 10) } == "perceptual.layers (poolings)")
    #expect(field { $0.perceptual!.inputShift = [0, .infinity, 0] } == "perceptual.inputShift")
    #expect(
      field { $0.perceptual!.layers[3] = .convolution(inputChannels: 7, outputChannels: 9) }
        == "perceptual.layers[3].inputChannels")
  }

  @Test func aJudgeStandsAloneOrFits() {
    let judge = JudgeSpecification(
      resolution: 16, imageChannels: 3, stemChannels: 4, blockChannels: [6, 6], names: ["smile", "age"])
    #expect(field { $0 = ModelSpecification(judge: judge) } == nil)
    #expect(field { $0.judge = judge } == nil)
    func judged(_ change: (inout JudgeSpecification) -> Void) -> String? {
      var other = judge
      change(&other)
      return field { $0.judge = other }
    }
    #expect(judged { $0.resolution = 32 } == "judge.resolution")
    #expect(judged { $0.resolution = 17 } == "judge.resolution")
    #expect(judged { $0.blockChannels = [] } == "judge.blockChannels")
    #expect(judged { $0.blockChannels = Array(repeating: 4, count: 5) } == "judge.blockChannels")
    #expect(judged { $0.stemChannels = 0 } == "judge.imageChannels, stemChannels, blockChannels")
    #expect(judged { $0.imageChannels = 1 } == "judge.imageChannels, stemChannels, blockChannels")
    #expect(judged { $0.blockChannels = [6, 1 << 40] } == "judge.imageChannels, stemChannels, blockChannels")
    #expect(judged { $0.names = ["a", "a"] } == "judge.names")
    #expect(judged { $0.names = ["a", "../b"] } == "judge.names[1]")
    let tensors = requiredTensors(of: ModelSpecification(judge: judge))
    #expect(tensors.map(\.name).filter { $0.hasSuffix("shortcut.weight") } == ["judge.block.0.shortcut.weight"])
    #expect(tensors.first { $0.name == "judge.dense.weight" }?.shape == [2, 6 * 4 * 4])
  }

  @Test func attributesAreNamedAndSized() {
    for name in ["", "a b", "a/b", "../a", ".a", "-a", "a,b", "ä", "a\n", String(repeating: "a", count: 65)] {
      #expect(field { $0.attributes!.names[1] = name } == "attributes.names[1]", "\(name)")
    }
    #expect(field { $0.attributes!.names[1] = String(repeating: "a", count: 64) } == nil)
    #expect(field { $0.attributes!.names[1] = "smile" } == "attributes.names")
    #expect(field { $0.attributes!.names = [] } == "attributes.names.count")
    #expect(field { $0.attributes!.names = (0...1024).map { "a\($0)" } } == "attributes.names.count")
    #expect(field { $0.attributes!.hiddenChannels = 0 } == "attributes.hiddenChannels")
    #expect(field { $0.attributes!.hiddenChannels = 1 << 40 } == "attributes.hiddenChannels")
    for resolution in [-16, 0, 4, 24, 4096, Int.max] {
      #expect(field { $0.attributes!.resolution = resolution } == "attributes.resolution", "\(resolution)")
    }
    // Nothing is left to pool.
    #expect(
      field {
        $0.perceptual!.layers += [.maxPool, .maxPool, .maxPool]
      } == "attributes.resolution")
    #expect(field { $0.perceptual!.layers += [.maxPool, .maxPool] } == nil)
  }

  @Test func networksMustFitEachOther() {
    #expect(field { $0.perceptual = nil } == "attributes")
    #expect(field { $0.attributes!.resolution = 32 } == "attributes.resolution")
    #expect(
      field {
        $0.generator = nil; $0.encoder = nil; $0.attributes!.resolution = 32
      } == nil)
    #expect(field { $0.encoder!.wDimension = 7 } == "encoder.wDimension")
    #expect(field { $0.encoder!.imageChannels = 1 } == "encoder.imageChannels")
    #expect(
      field {
        $0.encoder!.resolution = 32; $0.encoder!.layerCount = 8; $0.encoder!.blockChannels = [8, 8, 8]
      }
        == "encoder.resolution")
    #expect(
      field {
        $0.perceptual!.inputShift = [0]
        $0.perceptual!.layers[0] = .convolution(inputChannels: 1, outputChannels: 8)
      } == "perceptual.inputShift")
  }

  @Test func requiredTensorsFollowTheDocumentedTable() {
    let shapes = Dictionary(
      uniqueKeysWithValues: requiredTensors(of: TestModel.specification).map { ($0.name, $0.shape) })
    #expect(shapes["generator.mapping.0.weight"] == [12, 10] && shapes["generator.mapping.1.weight"] == [36, 12])
    #expect(shapes["generator.w_average"] == [6] && shapes["generator.truncation"] == [6])
    #expect(shapes["generator.constant"] == [8, 4, 4] && shapes["generator.layer.0.weight"] == nil)
    #expect(shapes["generator.layer.4.weight"] == [5, 8, 3, 3] && shapes["generator.layer.5.weight"] == [5, 5, 3, 3])
    #expect(shapes["generator.layer.5.noise"] == [16, 16] && shapes["generator.layer.4.style.weight"] == [10, 6])
    #expect(shapes["generator.output.2.weight"] == [3, 5, 1, 1] && shapes["generator.output.0.bias"] == [3])
    #expect(
      shapes["encoder.stem.weight"] == [4, 3, 3, 3] && shapes["encoder.block.0.shortcut.weight"] == [8, 4, 1, 1])
    #expect(
      shapes["encoder.block.0.conv1.weight"] == [4, 4, 3, 3] && shapes["encoder.block.0.conv2.weight"] == [8, 4, 3, 3])
    #expect(shapes["encoder.block.1.shortcut.weight"] == nil && shapes["encoder.head.weight"] == [36, 128])
    #expect(shapes["perceptual.3.weight"] == [9, 8, 3, 3] && shapes["perceptual.1.weight"] == nil)
    #expect(shapes["attributes.conv.weight"] == [4, 9, 3, 3] && shapes["attributes.dense.weight"] == [2, 4 * 4 * 4])
    // Mapping, three vectors, convolutions, five per layer, outputs; encoder; perceptual; attributes.
    #expect(shapes.count == 4 + 3 + 5 + 6 * 5 + 6 + 14 + 4 + 4)
  }

  @Test func policyIsTheDocumentedTable() {
    func type(_ precision: WeightsPrecision, _ role: TensorRequirement.Role, _ shape: [Int] = [8, 16]) -> DType {
      QuantizationPolicy(precision: precision).dtype(for: TensorRequirement(name: "x", shape: shape, role: role))
    }
    for role in [TensorRequirement.Role.synthesisWeight, .mappingWeight, .styleWeight, .outputWeight, .map] {
      #expect(type(.f32, role) == .f32 && type(.f16, role) == .f16 && type(.int8, role) == .f16)
    }
    #expect(type(.f32, .weight) == .f32 && type(.f16, .weight) == .f16 && type(.int8, .weight) == .i8)
    #expect(type(.int8, .weight, [8, 15]) == .f16)
    for precision in WeightsPrecision.allCases { #expect(type(precision, .vector, [8]) == .f32) }
    let policy = QuantizationPolicy(precision: .f16, overrides: ["x": .i8, "y": .f32, "z": .bf16])
    func overridden(_ name: String, _ shape: [Int]) -> DType {
      policy.dtype(for: TensorRequirement(name: name, shape: shape, role: shape.count == 1 ? .vector : .weight))
    }
    #expect(overridden("x", [8, 16]) == .i8 && overridden("x", [8]) == .f32)
    #expect(overridden("y", [8, 16]) == .f32 && overridden("z", [8, 16]) == .f16)
  }
}
