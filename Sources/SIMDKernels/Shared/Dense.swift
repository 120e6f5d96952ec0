import CKernelShims
import KernelABI

/// How one element type of a matrix is read: sixteen at once, or one.
private protocol MatrixElement {
  static var byteCount: Int { get }
  /// Vectors of sixteen in a cache line, which is asked for once.
  static var vectorsPerLine: Int { get }
  /// Vectors that `accumulate` takes for each request ahead: halves are faster when a line is asked for twice, by measurement.
  static var vectorsPerRequest: Int { get }
  static func lanes(_ p: UnsafeRawPointer) -> Lanes
}

private enum F32: MatrixElement {
  @inline(__always) static var byteCount: Int { 4 }
  @inline(__always) static var vectorsPerLine: Int { 1 }
  @inline(__always) static var vectorsPerRequest: Int { 1 }
  @inline(__always) static func lanes(_ p: UnsafeRawPointer) -> Lanes { p.loadUnaligned(as: Lanes.self) }
}

private enum F16: MatrixElement {
  @inline(__always) static var byteCount: Int { 2 }
  @inline(__always) static var vectorsPerLine: Int { 2 }
  @inline(__always) static var vectorsPerRequest: Int { 1 }
  @inline(__always) static func lanes(_ p: UnsafeRawPointer) -> Lanes { idv_load_f16(p) }
}

private enum I8: MatrixElement {
  @inline(__always) static var byteCount: Int { 1 }
  @inline(__always) static var vectorsPerLine: Int { 4 }
  @inline(__always) static var vectorsPerRequest: Int { 4 }
  @inline(__always) static func lanes(_ p: UnsafeRawPointer) -> Lanes { idv_load_i8(p) }
}

/// The last `count` < 16 elements, zeros after them, without reading past them.
@inline(__always) private func tail<E: MatrixElement>(_: E.Type, _ p: UnsafeRawPointer, _ count: Int) -> Lanes {
  var buffer = Lanes(repeating: 0)
  return withUnsafeMutableBytes(of: &buffer) { bytes in
    idv_copy(bytes.baseAddress!, p, count &* E.byteCount)
    return E.lanes(UnsafeRawPointer(bytes.baseAddress!))
  }
}

@inline(__always) private func dot<E: MatrixElement>(
  _: E.Type, _ output: Target, _ weights: UnsafeRawPointer, _ rowByteStride: Int, _ rows: Int, _ x: Source,
  _ columns: Int
) {
  // Missing rows repeat the last one.
  let w0 = weights, w1 = w0 + (rows > 1 ? rowByteStride : 0)
  let w2 = w1 + (rows > 2 ? rowByteStride : 0), w3 = w2 + (rows > 3 ? rowByteStride : 0)
  var s0 = Lanes(repeating: 0), s1 = s0, s2 = s0, s3 = s0
  @inline(__always) func add(_ i: Int) {
    let value = x.lanes(i), offset = i &* E.byteCount
    s0 = fma(E.lanes(w0 + offset), value, s0)
    s1 = fma(E.lanes(w1 + offset), value, s1)
    s2 = fma(E.lanes(w2 + offset), value, s2)
    s3 = fma(E.lanes(w3 + offset), value, s3)
  }
  var i = 0
  let line = 16 &* E.vectorsPerLine, rowBytes = columns &* E.byteCount
  while i &+ line <= columns {
    var ahead = i &* E.byteCount &+ 2048
    // Towards the end of these rows what is ahead is the next four's. Halves are faster without, by measurement.
    if E.byteCount == 1, ahead >= rowBytes { ahead &+= 3 &* rowByteStride }
    idv_prefetch(w0 + ahead)
    idv_prefetch(w1 + ahead)
    idv_prefetch(w2 + ahead)
    idv_prefetch(w3 + ahead)
    for vector in 0..<E.vectorsPerLine { add(i &+ 16 &* vector) }
    i &+= line
  }
  while i &+ 16 <= columns {
    add(i)
    i &+= 16
  }
  if i < columns {
    let rest = columns &- i, offset = i &* E.byteCount
    let value = tail(F32.self, UnsafeRawPointer(x + i), rest)
    s0 = fma(tail(E.self, w0 + offset, rest), value, s0)
    s1 = fma(tail(E.self, w1 + offset, rest), value, s1)
    s2 = fma(tail(E.self, w2 + offset, rest), value, s2)
    s3 = fma(tail(E.self, w3 + offset, rest), value, s3)
  }
  output[0] = horizontalSum(s0)
  if rows > 1 { output[1] = horizontalSum(s1) }
  if rows > 2 { output[2] = horizontalSum(s2) }
  if rows > 3 { output[3] = horizontalSum(s3) }
}

@inline(__always) private func accumulate<E: MatrixElement>(
  _: E.Type, _ output: Target, _ weights: UnsafeRawPointer, _ rowByteStride: Int, _ rows: Int, _ g: Source,
  _ columns: Int
) {
  let whole = columns & ~15, rest = columns & 15
  var r = 0
  while r < rows {
    // Four rows at a time; missing rows repeat row r with gradient zero.
    let left = rows &- r
    let w0 = weights + r &* rowByteStride
    let w1 = left > 1 ? w0 + rowByteStride : w0, w2 = left > 2 ? w1 + rowByteStride : w0
    let w3 = left > 3 ? w2 + rowByteStride : w0
    let g0 = Lanes(repeating: g[r]), g1 = Lanes(repeating: left > 1 ? g[r &+ 1] : 0)
    let g2 = Lanes(repeating: left > 2 ? g[r &+ 2] : 0), g3 = Lanes(repeating: left > 3 ? g[r &+ 3] : 0)
    @inline(__always) func add(_ i: Int) {
      let offset = i &* E.byteCount
      var sum = fma(g0, E.lanes(w0 + offset), output.lanes(i))
      sum = fma(g1, E.lanes(w1 + offset), sum)
      sum = fma(g2, E.lanes(w2 + offset), sum)
      output.store(fma(g3, E.lanes(w3 + offset), sum), i)
    }
    var i = 0
    let request = 16 &* E.vectorsPerRequest
    while i &+ request <= whole {
      let ahead = i &* E.byteCount &+ 4 &* rowByteStride
      idv_prefetch(w0 + ahead)
      idv_prefetch(w1 + ahead)
      idv_prefetch(w2 + ahead)
      idv_prefetch(w3 + ahead)
      for vector in 0..<E.vectorsPerRequest { add(i &+ 16 &* vector) }
      i &+= request
    }
    while i < whole {
      add(i)
      i &+= 16
    }
    if rest > 0 {
      let offset = whole &* E.byteCount
      var sum = fma(g0, tail(E.self, w0 + offset, rest), tail(F32.self, UnsafeRawPointer(output + whole), rest))
      sum = fma(g1, tail(E.self, w1 + offset, rest), sum)
      sum = fma(g2, tail(E.self, w2 + offset, rest), sum)
      sum = fma(g3, tail(E.self, w3 + offset, rest), sum)
      for k in 0..<rest { output[whole &+ k] = sum[k] }
    }
    r &+= 4
  }
}

/// Fills the group's slots with this tier's copy. Field by field: a whole group assigned would be copied by a weak
/// function that tiers share.
func plug(into kernels: inout DenseKernels) {
  kernels.dotF32 = { dot(F32.self, $0, $1, $2, $3, $4, $5) }
  kernels.dotF16 = { dot(F16.self, $0, $1, $2, $3, $4, $5) }
  kernels.dotI8 = { dot(I8.self, $0, $1, $2, $3, $4, $5) }
  kernels.accumulateF32 = { accumulate(F32.self, $0, $1, $2, $3, $4, $5) }
  kernels.accumulateF16 = { accumulate(F16.self, $0, $1, $2, $3, $4, $5) }
  kernels.accumulateI8 = { accumulate(I8.self, $0, $1, $2, $3, $4, $5) }
}
