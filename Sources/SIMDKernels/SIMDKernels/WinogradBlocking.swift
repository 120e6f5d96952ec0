/// How the tiles of a Winograd convolution are grouped, and its scratch memory.
///
/// *Fused*: a worker takes a block of tiles through input transform, products and output transform; the block's
/// transformed tiles stay about in the second-level cache, and all weights pass by once per block. *Staged*: all tiles
/// of the batch are one block, the three steps run one after the other, and weights are read once.
struct WinogradBlocking: Sendable {
  /// Offsets of tiles in input and output, in floats, batch included.
  let inputTiles: [Int32], outputTiles: [Int32]
  /// Tiles of a row of tiles.
  let columns: Int
  let tilesPerBlock: Int, blockCount: Int
  let isStaged: Bool
  /// 0, 16, 32 …: rows of a block's matrices, and the single tap.
  let rowOffsets: [Int32]
  /// Floats between transformed elements, and between products.
  let elementStride: Int, productStride: Int
  /// Floats of a worker's (fused) or the operator's (staged) scratch memory, and of one transform's.
  let elementFloats: Int, productFloats: Int
  let workers: Int
  /// Floats of a worker's transposed matrix.
  let transposedFloats: Int
  static let transformFloats = 64 * 16

  init(_ weights: WinogradWeights, input: BlockedShape, output: BlockedShape, kernels: Kernels) {
    let form = weights.form
    let columns = input.width / form.inputStep, perImage = form.tiles(input)!
    let tiles = input.batch * perImage
    let places = (0..<tiles).map { ($0 / perImage, $0 % perImage / columns, $0 % perImage % columns) }
    // In steps: Swift 6.0 gives up on the whole as one expression.
    inputTiles = places.map { image, y, x in
      let pixel: Int = y * input.rowStride + x * 16
      return Int32(image * input.imageStride + pixel * form.inputStep)
    }
    outputTiles = places.map { image, y, x in
      let start: Int = image * output.imageStride + output.originOffset
      let pixel: Int = y * output.rowStride + x * 16
      return Int32(start + pixel * form.outputStep)
    }
    self.columns = columns
    let nr = kernels.table.wideGemm.nr, mr = max(kernels.table.wideGemm.mr, kernels.table.narrowGemm.mr)
    let tileBytes = (form.elementCount * weights.inputBlocks * 16 + form.productCount * nr) * 4
    let fused = WinogradBlocking.fusedTiles(
      fitting: 2 * kernels.cacheByteCount / tileBytes, columns: columns, tiles: tiles, mr: mr)
    // What either way moves beyond the second-level cache: weights per block, or all elements and products twice.
    let weightBytes = weights.storage.count * 4
    let fusedTraffic = weightBytes * 2 > kernels.cacheByteCount ? weightBytes * ((tiles + fused - 1) / fused) : 0
    let stagedTraffic =
      2 * tiles * (form.elementCount * weights.inputBlocks + form.productCount * output.blocks) * 64
    // Transposing a matrix costs about as much as a few tiles: only where all tiles use it.
    isStaged = fusedTraffic > stagedTraffic || weights.adjoint != nil
    transposedFloats = weights.transposedFloats
    let block = isStaged ? tiles : fused
    // Rows are computed in tiles of the micro-kernels; what is past the last one is rubbish that nobody reads.
    let rows = (block + mr - 1) / mr * mr + mr
    tilesPerBlock = block
    blockCount = (tiles + block - 1) / block
    rowOffsets = (0..<rows).map { Int32($0 * 16) }
    // A few vectors more than needed, so that elements do not fall on the same cache sets.
    elementStride = weights.inputBlocks * rows * 16 + 80
    productStride = (isStaged ? output.blocks : nr / 16) * rows * 16 + 80
    elementFloats = form.elementCount * elementStride
    productFloats = form.productCount * productStride
    workers = kernels.threadCount
  }

  /// Tiles of a fused block. Matrices of twice the cache still pay: they are read in order, and weights less often.
  /// `fitting` or less, whole rows of tiles or equal parts of one where that costs little.
  private static func fusedTiles(fitting: Int, columns: Int, tiles: Int, mr: Int) -> Int {
    let most = max(mr, min(fitting, 64))
    if most >= columns { return min(tiles, most / columns * columns) }
    let parts = (columns + most - 1) / most
    return (columns + parts - 1) / parts
  }

  var workspaceByteCount: Int {
    let matrices = elementFloats + productFloats
    return 4
      * (isStaged
        ? matrices + workers * (WinogradBlocking.transformFloats + transposedFloats)
        : workers * (matrices + WinogradBlocking.transformFloats))
  }
}
