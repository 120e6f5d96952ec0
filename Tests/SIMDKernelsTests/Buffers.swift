import Glibc
import SIMDKernels
import TestSupport
import Testing

/// A 64-byte aligned buffer between two sentinel bands, full of rubbish until it is written.
final class GuardedBuffer {
  static let band = 64
  static let sentinel: UInt32 = 0x7FC0_DEAD
  let memory: UnsafeMutablePointer<Float>
  let count: Int
  var base: UnsafeMutablePointer<Float> { memory + GuardedBuffer.band }

  init(_ count: Int) {
    self.count = count
    var raw: UnsafeMutableRawPointer?
    precondition(posix_memalign(&raw, 64, (count + 2 * GuardedBuffer.band) * 4) == 0)
    memory = raw!.bindMemory(to: Float.self, capacity: count + 2 * GuardedBuffer.band)
    for i in 0..<GuardedBuffer.band {
      memory[i] = Float(bitPattern: GuardedBuffer.sentinel)
      memory[GuardedBuffer.band + count + i] = Float(bitPattern: GuardedBuffer.sentinel)
    }
    for i in 0..<count { base[i] = 7.7e7 }
  }

  convenience init(_ values: [Float]) {
    self.init(values.count)
    for i in 0..<count { base[i] = values[i] }
  }

  deinit { free(memory) }

  var values: [Float] { (0..<count).map { base[$0] } }
  var bits: [UInt32] { (0..<count).map { base[$0].bitPattern } }
  var isGuarded: Bool {
    (0..<GuardedBuffer.band).allSatisfy {
      memory[$0].bitPattern == GuardedBuffer.sentinel
        && memory[GuardedBuffer.band + count + $0].bitPattern == GuardedBuffer.sentinel
    }
  }
}

/// A planar tensor in double precision: what the oracle computes with.
struct Planar {
  var n: Int, c: Int, h: Int, w: Int
  var values: [Double]

  init(_ n: Int, _ c: Int, _ h: Int, _ w: Int) {
    (self.n, self.c, self.h, self.w) = (n, c, h, w)
    values = [Double](repeating: 0, count: n * c * h * w)
  }

  /// Random floats: exact in both precisions.
  init(_ n: Int, _ c: Int, _ h: Int, _ w: Int, _ random: inout SeededRandom) {
    self.init(n, c, h, w)
    for i in values.indices { values[i] = Double(random.float()) }
  }

  init(_ shape: BlockedShape, _ random: inout SeededRandom) {
    self.init(shape.batch, shape.channels, shape.height, shape.width, &random)
  }

  subscript(_ i: Int, _ k: Int, _ y: Int, _ x: Int) -> Double {
    get { values[((i * c + k) * h + y) * w + x] }
    set { values[((i * c + k) * h + y) * w + x] = newValue }
  }

  /// Zero outside of the image.
  func padded(_ i: Int, _ k: Int, _ y: Int, _ x: Int) -> Double {
    y < 0 || x < 0 || y >= h || x >= w ? 0 : self[i, k, y, x]
  }

  /// Element by element, indices given.
  func map(_ body: (Int, Int, Int, Int, Double) -> Double) -> Planar {
    var result = self
    forEachIndex { result[$0, $1, $2, $3] = body($0, $1, $2, $3, self[$0, $1, $2, $3]) }
    return result
  }

  /// Every (image, channel, row, column), in order of memory.
  func forEachIndex(_ body: (Int, Int, Int, Int) -> Void) {
    for index in values.indices {
      let row = index / w, plane = row / h
      body(plane / c, plane % c, row % h, index % w)
    }
  }

  func blocked(halo: Int) -> GuardedBuffer {
    let shape = BlockedShape(batch: n, channels: c, height: h, width: w, halo: halo)
    let buffer = GuardedBuffer([Float](repeating: 0, count: shape.elementCount))
    forEachIndex { buffer.base[shape.index($0, $1, $2, $3)] = Float(self[$0, $1, $2, $3]) }
    return buffer
  }
}

extension BlockedShape {
  init(_ channels: Int, _ height: Int, _ width: Int, batch: Int = 1, halo: Int = 1) {
    self.init(batch: batch, channels: channels, height: height, width: width, halo: halo)
  }

  /// Where an element lies, from the layout's definition and nothing else.
  func index(_ i: Int, _ k: Int, _ y: Int, _ x: Int) -> Int {
    let blocks = (channels + 15) / 16, rows = height + 2 * halo, columns = width + 2 * halo
    return ((((i * blocks + k / 16) * rows + y + halo) * columns) + x + halo) * 16 + k % 16
  }
}

/// A dense buffer of `rows` rows with zero padding.
func denseBuffer(_ rows: Int, _ columns: Int, _ value: (Int, Int) -> Float) -> GuardedBuffer {
  let shape = DenseShape(rows: rows, columns: columns)
  let buffer = GuardedBuffer([Float](repeating: 0, count: shape.elementCount))
  for r in 0..<rows { for c in 0..<columns { buffer.base[r * shape.rowStride + c] = value(r, c) } }
  return buffer
}
