import CKernelShims
import KernelABI

func blockRow(_ blocked: Target, _ planar: Source, _ planeStride: Int, _ channels: Int, _ pixels: Int) {
  if channels < 16 {
    for i in 0..<pixels { blocked.store(Lanes(repeating: 0), i &* 16) }
  }
  for c in 0..<channels {
    let plane = planar + c &* planeStride, target = blocked + c
    for i in 0..<pixels { target[i &* 16] = plane[i] }
  }
}

func planarRow(_ planar: Target, _ blocked: Source, _ planeStride: Int, _ channels: Int, _ pixels: Int) {
  for c in 0..<channels {
    let plane = planar + c &* planeStride, source = blocked + c
    for i in 0..<pixels { plane[i] = source[i &* 16] }
  }
}

func widenHalves(_ floats: Target, _ halves: UnsafeRawPointer, _ count: Int) {
  var i = 0
  while i < count {
    floats.store(idv_load_f16(halves + i &* 2), i)
    i &+= 16
  }
}

func transposeScaled(
  _ target: Target, _ targetStride: Int, _ source: Source, _ sourceStride: Int, _ rows: Int, _ columns: Int,
  _ factor: Float, _ ahead: UnsafeRawPointer
) {
  var ahead = ahead, i = 0
  while i < rows {
    var j = 0
    while j < columns {
      for _ in 0..<16 {
        idv_prefetch(ahead)
        ahead += 64
      }
      idv_transpose16(
        target + (j &* targetStride &+ i), targetStride, source + (i &* sourceStride &+ j), sourceStride, factor)
      j &+= 16
    }
    i &+= 16
  }
}

/// Fills the group's slots with this tier's copy. Field by field: a whole group assigned would be copied by a weak
/// function that tiers share.
func plug(into kernels: inout LayoutKernels) {
  kernels.blockRow = { blockRow($0, $1, $2, $3, $4) }
  kernels.planarRow = { planarRow($0, $1, $2, $3, $4) }
  kernels.widen = { widenHalves($0, $1, $2) }
  kernels.transpose = { transposeScaled($0, $1, $2, $3, $4, $5, $6, $7) }
}
