import CKernelShims

/// Sixteen floats: one pixel of a channel block.
typealias Lanes = SIMD16<Float>
typealias Source = UnsafePointer<Float>
typealias Target = UnsafeMutablePointer<Float>

extension UnsafePointer<Float> {
  /// The sixteen floats at `offset`.
  @inline(__always) func lanes(_ offset: Int = 0) -> Lanes {
    UnsafeRawPointer(self + offset).loadUnaligned(as: Lanes.self)
  }
}

extension UnsafeMutablePointer<Float> {
  @inline(__always) func lanes(_ offset: Int = 0) -> Lanes {
    UnsafeRawPointer(self + offset).loadUnaligned(as: Lanes.self)
  }
  @inline(__always) func store(_ value: Lanes, _ offset: Int = 0) {
    UnsafeMutableRawPointer(self + offset).storeBytes(of: value, as: Lanes.self)
  }
}

/// a · b + c, fused where the tier can.
@inline(__always) func fma(_ a: Lanes, _ b: Lanes, _ c: Lanes) -> Lanes { idv_fma(a, b, c) }

/// x > 0 ? x : slope · x.
@inline(__always) func leakyReLU(_ x: Lanes, _ slope: Lanes) -> Lanes { idv_where_positive(x, x, x * slope) }

/// Asks for cache lines that will be needed soon, and moves on past them.
@inline(__always) func fetch(_ ahead: inout UnsafeRawPointer, lines: Int) {
  for _ in 0..<lines {
    idv_prefetch(ahead)
    ahead += 64
  }
}

/// Cache lines that will be needed soon, asked for evenly over the steps of a tile: the processor keeps few requests at a
/// time, and waits for room.
struct EvenFetch {
  private var ahead: UnsafeRawPointer
  private let perTile: Int, perStep: Int
  private var left = 0

  @inline(__always) init(_ ahead: UnsafeRawPointer, lines perTile: Int, steps: Int) {
    self.ahead = ahead
    self.perTile = perTile
    perStep = (perTile &+ steps &- 1) / max(1, steps)
  }

  @inline(__always) mutating func beginTile() { left = perTile }

  @inline(__always) mutating func step() {
    let lines = min(perStep, left)
    fetch(&ahead, lines: lines)
    left &-= lines
  }
}

/// The sum of all lanes, in one fixed order on every tier.
@inline(__always) func horizontalSum(_ v: Lanes) -> Float {
  let a = v.lowHalf + v.highHalf
  let b = a.lowHalf + a.highHalf
  let c = b.lowHalf + b.highHalf
  return c.x + c.y
}
