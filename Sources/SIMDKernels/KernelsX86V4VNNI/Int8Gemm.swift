import CKernelShims
import KernelABI

/// Sixteen sums of 32 bits, or four bytes of sixteen output channels.
private typealias Sums = SIMD16<Int32>

/// Sixteen lanes at an offset in bytes.
@inline(__always) private func sums(_ base: UnsafeRawPointer, _ offset: Int) -> Sums {
  base.loadUnaligned(fromByteOffset: offset, as: Sums.self)
}

/// Four channels of a pixel, for all lanes.
@inline(__always) private func quad(_ pixel: UnsafePointer<UInt8>, _ offset: Int) -> Sums {
  idv_spread_i32(UnsafeRawPointer(pixel).loadUnaligned(fromByteOffset: offset, as: Int32.self))
}

/// activation(sum · scale + bias) of one block of output channels, product and sum rounded by themselves.
@inline(__always)
private func finish(_ sum: Sums, _ g: Int8GemmArguments, _ scales: Source, _ channel: Int) -> Lanes {
  let product = idv_mul(idv_floats_from_i32(sum), scales.lanes(channel))
  return leakyReLU(idv_add(product, g.bias.lanes(channel)), Lanes(repeating: g.slope))
}

/// Two blocks of output channels of one pixel.
private struct Row {
  var low: Sums, high: Sums

  @inline(__always) init(_ g: Int8GemmArguments, _ target: Int32) {
    if let initial = g.initial {
      low = sums(initial, 0)
      high = sums(initial, 64)
    } else {
      let output = UnsafeRawPointer(g.output + Int(target))
      low = sums(output, 0)
      high = sums(output, g.outputBlockStride &* 4)
    }
  }
  @inline(__always) mutating func accumulate(_ quad: Sums, _ low: Sums, _ high: Sums) {
    self.low = idv_dot_bytes(self.low, quad, low)
    self.high = idv_dot_bytes(self.high, quad, high)
  }
  @inline(__always) func store(_ g: Int8GemmArguments, _ target: Int32) {
    let output = g.output + Int(target)
    if let scales = g.scales {
      output.store(finish(low, g, scales, 0))
      output.store(finish(high, g, scales, 16), g.outputBlockStride)
    } else {
      UnsafeMutableRawPointer(output).storeBytes(of: low, as: Sums.self)
      UnsafeMutableRawPointer(output + g.outputBlockStride).storeBytes(of: high, as: Sums.self)
    }
  }
}

/// `u8s8-tapgemm-8x32__x86v4vnni`: the tile of the f32 kernel, four channels per instruction.
func int8Gemm8x32(_ arguments: UnsafePointer<Int8GemmArguments>) {
  let g = arguments.pointee
  var pixels = g.inputPixels, targets = g.outputPixels
  var ahead = EvenFetch(g.prefetch, lines: g.prefetchLines, steps: g.blocks &* g.taps)
  let quads = idv_unknown(4)
  for _ in 0..<g.tiles {
    ahead.beginTile()
    var r0 = Row(g, targets[0]), r1 = Row(g, targets[1]), r2 = Row(g, targets[2]), r3 = Row(g, targets[3])
    var r4 = Row(g, targets[4]), r5 = Row(g, targets[5]), r6 = Row(g, targets[6]), r7 = Row(g, targets[7])
    let i0 = g.input + Int(pixels[0]), i1 = g.input + Int(pixels[1])
    let i2 = g.input + Int(pixels[2]), i3 = g.input + Int(pixels[3])
    let i4 = g.input + Int(pixels[4]), i5 = g.input + Int(pixels[5])
    let i6 = g.input + Int(pixels[6]), i7 = g.input + Int(pixels[7])
    var panel = UnsafeRawPointer(g.panel)
    var blockOffset = 0
    for _ in 0..<g.blocks {
      for tap in 0..<g.taps {
        ahead.step()
        var c = blockOffset &+ Int(g.tapOffsets[tap])
        for _ in 0..<quads {
          let low = sums(panel, 0), high = sums(panel, 64)
          r0.accumulate(quad(i0, c), low, high)
          r1.accumulate(quad(i1, c), low, high)
          r2.accumulate(quad(i2, c), low, high)
          r3.accumulate(quad(i3, c), low, high)
          r4.accumulate(quad(i4, c), low, high)
          r5.accumulate(quad(i5, c), low, high)
          r6.accumulate(quad(i6, c), low, high)
          r7.accumulate(quad(i7, c), low, high)
          panel += 128
          c &+= 4
        }
      }
      blockOffset &+= g.inputBlockStride
    }
    r0.store(g, targets[0])
    r1.store(g, targets[1])
    r2.store(g, targets[2])
    r3.store(g, targets[3])
    r4.store(g, targets[4])
    r5.store(g, targets[5])
    r6.store(g, targets[6])
    r7.store(g, targets[7])
    pixels += 8
    targets += 8
  }
}

/// Four pixels of one block of output channels.
private struct Rows4 {
  var a: Sums, b: Sums, c: Sums, d: Sums

  @inline(__always) init(_ g: Int8GemmArguments, _ targets: UnsafePointer<Int32>) {
    if let initial = g.initial {
      a = sums(initial, 0)
      (b, c, d) = (a, a, a)
    } else {
      let output = UnsafeRawPointer(g.output)
      a = sums(output, Int(targets[0]) &* 4)
      b = sums(output, Int(targets[1]) &* 4)
      c = sums(output, Int(targets[2]) &* 4)
      d = sums(output, Int(targets[3]) &* 4)
    }
  }
  @inline(__always) mutating func accumulate(_ x: Sums, _ y: Sums, _ z: Sums, _ w: Sums, _ weights: Sums) {
    a = idv_dot_bytes(a, x, weights)
    b = idv_dot_bytes(b, y, weights)
    c = idv_dot_bytes(c, z, weights)
    d = idv_dot_bytes(d, w, weights)
  }
  @inline(__always) func store(_ g: Int8GemmArguments, _ targets: UnsafePointer<Int32>) {
    if let scales = g.scales {
      g.output.store(finish(a, g, scales, 0), Int(targets[0]))
      g.output.store(finish(b, g, scales, 0), Int(targets[1]))
      g.output.store(finish(c, g, scales, 0), Int(targets[2]))
      g.output.store(finish(d, g, scales, 0), Int(targets[3]))
    } else {
      let output = UnsafeMutableRawPointer(g.output)
      output.storeBytes(of: a, toByteOffset: Int(targets[0]) &* 4, as: Sums.self)
      output.storeBytes(of: b, toByteOffset: Int(targets[1]) &* 4, as: Sums.self)
      output.storeBytes(of: c, toByteOffset: Int(targets[2]) &* 4, as: Sums.self)
      output.storeBytes(of: d, toByteOffset: Int(targets[3]) &* 4, as: Sums.self)
    }
  }
}

/// `u8s8-tapgemm-8x16__x86v4vnni`: for a last single block of output channels.
func int8Gemm8x16(_ arguments: UnsafePointer<Int8GemmArguments>) {
  let g = arguments.pointee
  var pixels = g.inputPixels, targets = g.outputPixels
  var ahead = EvenFetch(g.prefetch, lines: g.prefetchLines, steps: g.blocks &* g.taps)
  let quads = idv_unknown(4)
  for _ in 0..<g.tiles {
    ahead.beginTile()
    var r0 = Rows4(g, targets), r1 = Rows4(g, targets + 4)
    let i0 = g.input + Int(pixels[0]), i1 = g.input + Int(pixels[1])
    let i2 = g.input + Int(pixels[2]), i3 = g.input + Int(pixels[3])
    let i4 = g.input + Int(pixels[4]), i5 = g.input + Int(pixels[5])
    let i6 = g.input + Int(pixels[6]), i7 = g.input + Int(pixels[7])
    var panel = UnsafeRawPointer(g.panel)
    var blockOffset = 0
    for _ in 0..<g.blocks {
      for tap in 0..<g.taps {
        ahead.step()
        var c = blockOffset &+ Int(g.tapOffsets[tap])
        for _ in 0..<quads {
          let weights = sums(panel, 0)
          r0.accumulate(quad(i0, c), quad(i1, c), quad(i2, c), quad(i3, c), weights)
          r1.accumulate(quad(i4, c), quad(i5, c), quad(i6, c), quad(i7, c), weights)
          panel += 64
          c &+= 4
        }
      }
      blockOffset &+= g.inputBlockStride
    }
    r0.store(g, targets)
    r1.store(g, targets + 4)
    pixels += 8
    targets += 8
  }
}
