import Glibc

/// Sets `count` floats to zero.
@inline(__always) func clear(_ p: UnsafeMutablePointer<Float>, _ count: Int) {
  if count > 0 { memset(p, 0, count &* 4) }
}

/// A pointer to sixteen floats on the stack.
@inline(__always) func withLanes<R>(_ value: SIMD16<Float>, _ body: (UnsafePointer<Float>) -> R) -> R {
  withUnsafePointer(to: value) {
    body(UnsafeRawPointer($0).assumingMemoryBound(to: Float.self))
  }
}

extension SIMD16<Float> {
  /// `count` ≤ 16 floats, zeros after them.
  @inline(__always) init(_ p: UnsafePointer<Float>, _ count: Int) {
    self = SIMD16(repeating: 0)
    for i in 0..<Swift.min(count, 16) { self[i] = p[i] }
  }
}

extension BlockedShape {
  /// Offset of pixel (y, 0) of a plane (0 ..< batch · blocks), in floats.
  @inline(__always) func rowOffset(plane: Int, y: Int) -> Int {
    plane &* blockStride &+ originOffset &+ y &* rowStride
  }

  /// Writes zeros to the whole halo of a plane.
  @inline(__always) func clearFrame(_ base: UnsafeMutablePointer<Float>, plane: Int) {
    clearHalo(base, plane: plane, rows: 0..<height)
  }

  /// Real channels in block `block`, at most 16.
  @inline(__always) func channels(inBlock block: Int) -> Int { min(16, channels &- block &* 16) }

  /// Writes zeros to the halo beside `rows` of a plane, and above or below if `rows` touch the edge.
  @inline(__always) func clearHalo(_ base: UnsafeMutablePointer<Float>, plane: Int, rows: Range<Int>) {
    guard halo > 0 else { return }
    let plane = base + plane &* blockStride
    if rows.lowerBound == 0 { clear(plane, rowStride) }
    for y in rows {
      let row = plane + (y &+ 1) &* rowStride
      clear(row, 16)
      clear(row + (rowStride &- 16), 16)
    }
    if rows.upperBound == height { clear(plane + (height &+ 1) &* rowStride, rowStride) }
  }

  /// Rows that make a task of about 64 KB; depends on nothing but the shape.
  var rowsPerTask: Int { max(1, 1024 / width) }
}

/// Some rows of one plane (0 ..< batch · blocks), which a worker does alone while they are in its cache.
package struct PlaneBand {
  package var plane: Int
  package var rows: Range<Int>

  package init(plane: Int, rows: Range<Int>) {
    self.plane = plane
    self.rows = rows
  }
}

/// Some rows of one plane, and where it lies.
struct PlaneRows {
  var plane: Int
  var image: Int
  var block: Int
  var rows: Range<Int>
}

extension Kernels {
  /// Calls `body(plane)` for `count` planes, in parallel: for operators that take turns plane by plane. Each is called with
  /// the plane, and does that one alone, on the thread at hand.
  ///
  /// - Parameter cost: floats touched, about.
  package func forEachPlane(_ count: Int, cost: Int, _ body: (Int) -> Void) {
    parallelFor(count, cost: cost) { plane, _ in body(plane) }
  }

  /// Calls `body` for every plane of `shape`, in parallel; or for `plane` alone.
  @inline(__always)
  func forEachPlane(_ shape: BlockedShape, plane: Int?, _ body: (Int) -> Void) {
    if let plane {
      body(plane)
    } else {
      parallelFor(shape.planeCount, cost: shape.elementCount) { plane, _ in body(plane) }
    }
  }

  /// Calls `body` for row ranges that together cover every plane of `shape`, in parallel; or `plane` alone.
  @inline(__always)
  func forEachPlaneRows(_ shape: BlockedShape, plane: Int?, _ body: (PlaneRows) -> Void) {
    forEachPlaneRows(shape, band: plane.map(shape.wholePlane), body)
  }

  /// The same, or `band` alone.
  @inline(__always)
  func forEachPlaneRows(_ shape: BlockedShape, band: PlaneBand?, _ body: (PlaneRows) -> Void) {
    if let band {
      body(
        PlaneRows(
          plane: band.plane, image: band.plane / shape.blocks, block: band.plane % shape.blocks, rows: band.rows))
      return
    }
    let rows = shape.rowsPerTask
    let perPlane = (shape.height &+ rows &- 1) / rows
    parallelFor(shape.batch &* shape.blocks &* perPlane, cost: shape.elementCount) { task, _ in
      let plane = task / perPlane, first = task % perPlane &* rows
      body(
        PlaneRows(
          plane: plane, image: plane / shape.blocks, block: plane % shape.blocks,
          rows: first..<min(shape.height, first &+ rows)))
    }
  }

  /// Calls `body` for runs of vectors that together cover a flat buffer, in parallel, or `span` of its floats alone:
  /// `(first float, vectors)`.
  @inline(__always)
  func forEachRun(_ shape: some TensorShape, span: Range<Int>?, _ body: (_ offset: Int, _ vectors: Int) -> Void) {
    if let span { return body(span.lowerBound, span.count / 16) }
    // 64 KB a task, as `rowsPerTask`.
    let vectors = shape.elementCount / 16, run = 1024
    parallelFor((vectors &+ run &- 1) / run, cost: shape.elementCount) { task, _ in
      let first = task &* run
      body(first &* 16, min(run, vectors &- first))
    }
  }
}
