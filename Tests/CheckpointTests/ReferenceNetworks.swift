import Foundation
import Quant

/// The networks as `ModelSpecification` describes them, in plain loops: a second reading of the contract between file
/// and engine, slow and independent of any engine. Images and maps are channel by channel; batch 1.
struct ReferenceNetworks {
  let file: ModelFile

  struct Maps {
    var channels: Int
    var side: Int
    var values: [Float]
  }

  private func values(_ name: String) throws -> [Float] { try file.tensor(name).floats() }

  // MARK: Generator

  /// z → [L·D] or [D].
  func map(_ z: [Float]) throws -> [Float] {
    let generator = file.specification.generator!
    let mean = z.reduce(0) { $0 + $1 * $1 } / Float(z.count)
    var w = z.map { $0 / (mean + 1e-8).squareRoot() }
    for layer in generator.mappingFeatures.indices {
      w = try dense("generator.mapping.\(layer)", w).map(leakyReLU)
    }
    return w
  }

  /// The mapping network's output → [L, D].
  func truncate(_ w: [Float]) throws -> [Float] {
    let generator = file.specification.generator!
    let average = try values("generator.w_average")
    let factors = try values("generator.truncation")
    let d = generator.wDimension
    return (0..<generator.layerCount * d).map { index in
      let value = generator.repeatsW ? w[index % d] : w[index]
      return average[index % d] + (value - average[index % d]) * factors[index / d]
    }
  }

  /// [L, D] → image.
  func synthesize(_ code: [Float]) throws -> Maps {
    let generator = file.specification.generator!
    var maps = Maps(channels: generator.blockChannels[0], side: 4, values: try values("generator.constant"))
    for layer in 0..<generator.layerCount {
      if layer > 0 {
        if layer % 2 == 0 { maps = upsampled(maps) }
        maps = convolve(maps, try values("generator.layer.\(layer).weight"), bias: nil, kernel: 3)
        if layer % 2 == 0 { maps = blurred(maps) }
      }
      let noise = try values("generator.layer.\(layer).noise")
      let strength = try values("generator.layer.\(layer).noise_strength")
      let bias = try values("generator.layer.\(layer).bias")
      let d = generator.wDimension
      let style = try dense("generator.layer.\(layer).style", Array(code[layer * d..<(layer + 1) * d]))
      let area = maps.side * maps.side
      for channel in 0..<maps.channels {
        let range = channel * area..<(channel + 1) * area
        for index in range {
          maps.values[index] = leakyReLU(
            maps.values[index] + noise[index - range.lowerBound] * strength[channel] + bias[channel])
        }
        let mean = maps.values[range].reduce(0) { $0 + Double($1) } / Double(area)
        let variance = maps.values[range].reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(area)
        let deviation = (variance + 1e-8).squareRoot()
        for index in range {
          let normal = Float((Double(maps.values[index]) - mean) / deviation)
          maps.values[index] = normal * (style[channel] + 1) + style[maps.channels + channel]
        }
      }
    }
    let last = generator.blockChannels.count - 1
    var image = convolve(
      maps, try values("generator.output.\(last).weight"), bias: try values("generator.output.\(last).bias"), kernel: 1)
    if generator.hasFinalTanh { image.values = image.values.map { Float(tanh(Double($0))) } }
    return image
  }

  // MARK: Encoder and features

  /// Image → [L·D].
  func encode(_ image: Maps) throws -> [Float] {
    let encoder = file.specification.encoder!
    var maps = try layer(image, "encoder.stem", kernel: 3)
    for (block, outputs) in encoder.blockChannels.enumerated() {
      maps = averagePooled(maps)
      let shortcut =
        maps.channels == outputs ? maps : try layer(maps, "encoder.block.\(block).shortcut", kernel: 1)
      maps = try layer(maps, "encoder.block.\(block).conv1", kernel: 3)
      maps = try layer(maps, "encoder.block.\(block).conv2", kernel: 3)
      for index in maps.values.indices { maps.values[index] += shortcut.values[index] }
    }
    return try dense("encoder.head", maps.values)
  }

  func features(_ image: Maps) throws -> Maps {
    let network = file.specification.perceptual!
    var maps = image
    let area = maps.side * maps.side
    for index in maps.values.indices { maps.values[index] += network.inputShift[index / area] }
    for (index, layer) in network.layers.enumerated() {
      switch layer {
      case .convolution:
        maps = convolve(
          maps, try values("perceptual.\(index).weight"), bias: try values("perceptual.\(index).bias"), kernel: 3)
      case .relu: maps.values = maps.values.map { max(0, $0) }
      case .maxPool: maps = pooled(maps) { max(max($0, $1), max($2, $3)) }
      }
    }
    return maps
  }

  func attributes(_ features: Maps) throws -> [Float] {
    var maps = convolve(
      features, try values("attributes.conv.weight"), bias: try values("attributes.conv.bias"), kernel: 3)
    maps.values = maps.values.map { max(0, $0) }
    return try dense("attributes.dense", averagePooled(maps).values)
  }

  // MARK: Layers

  private func leakyReLU(_ x: Float) -> Float { x < 0 ? 0.2 * x : x }

  private func layer(_ maps: Maps, _ name: String, kernel: Int) throws -> Maps {
    var result = convolve(maps, try values("\(name).weight"), bias: try values("\(name).bias"), kernel: kernel)
    result.values = result.values.map(leakyReLU)
    return result
  }

  private func dense(_ name: String, _ input: [Float]) throws -> [Float] {
    let weight = try values("\(name).weight")
    let bias = try values("\(name).bias")
    return bias.indices.map { row in
      var sum = Double(bias[row])
      for column in input.indices { sum += Double(weight[row * input.count + column]) * Double(input[column]) }
      return Float(sum)
    }
  }

  /// Cross-correlation with zero padding, size kept.
  func convolve(_ maps: Maps, _ weight: [Float], bias: [Float]?, kernel: Int) -> Maps {
    let side = maps.side
    let outputs = weight.count / (maps.channels * kernel * kernel)
    var result = Maps(channels: outputs, side: side, values: Array(repeating: 0, count: outputs * side * side))
    let pad = kernel / 2
    for output in 0..<outputs {
      for input in 0..<maps.channels {
        for ky in 0..<kernel {
          for kx in 0..<kernel {
            let factor = weight[((output * maps.channels + input) * kernel + ky) * kernel + kx]
            for y in max(0, pad - ky)..<min(side, side + pad - ky) {
              let from = (input * side + y + ky - pad) * side + kx - pad
              let to = (output * side + y) * side
              for x in max(0, pad - kx)..<min(side, side + pad - kx) {
                result.values[to + x] += factor * maps.values[from + x]
              }
            }
          }
        }
      }
      if let bias {
        for index in output * side * side..<(output + 1) * side * side { result.values[index] += bias[output] }
      }
    }
    return result
  }

  private func upsampled(_ maps: Maps) -> Maps {
    let side = 2 * maps.side
    var result = Maps(channels: maps.channels, side: side, values: [])
    for channel in 0..<maps.channels {
      for y in 0..<side {
        for x in 0..<side { result.values.append(maps.values[(channel * maps.side + y / 2) * maps.side + x / 2]) }
      }
    }
    return result
  }

  private func blurred(_ maps: Maps) -> Maps {
    var result = maps
    let kernel: [Float] = [1, 2, 1, 2, 4, 2, 1, 2, 1].map { $0 / 16 }
    let area = maps.side * maps.side
    for channel in 0..<maps.channels {
      let plane = Maps(channels: 1, side: maps.side, values: Array(maps.values[channel * area..<(channel + 1) * area]))
      result.values.replaceSubrange(
        channel * area..<(channel + 1) * area, with: convolve(plane, kernel, bias: nil, kernel: 3).values)
    }
    return result
  }

  private func averagePooled(_ maps: Maps) -> Maps { pooled(maps) { ($0 + $1 + $2 + $3) / 4 } }

  private func pooled(_ maps: Maps, _ combine: (Float, Float, Float, Float) -> Float) -> Maps {
    let side = maps.side / 2
    var result = Maps(channels: maps.channels, side: side, values: [])
    for channel in 0..<maps.channels {
      for y in 0..<side {
        for x in 0..<side {
          let at = (channel * maps.side + 2 * y) * maps.side + 2 * x
          result.values.append(
            combine(
              maps.values[at], maps.values[at + 1], maps.values[at + maps.side], maps.values[at + maps.side + 1]))
        }
      }
    }
    return result
  }
}
