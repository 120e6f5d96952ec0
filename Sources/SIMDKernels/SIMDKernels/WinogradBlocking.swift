/// How the tiles of a Winograd convolution are grouped, and its scratch memory.
///
/// *Fused*: a worker takes a block of tiles through input transform, products and output transform; the block's
/// transformed tiles stay about in the second-level cache, and all weights pass by once per block. *Staged*: first all
/// tiles of the batch are transformed; then a worker takes a panel of output channels and a block of tiles through
/// products and output transform, so that weights are read once, or once per block.
struct WinogradBlocking: Sendable {
  let tiles: WinogradTiles
  let tilesPerBlock: Int, blockCount: Int
  let isStaged: Bool
  /// 0, 16, 32 …: rows of a block's matrices, and the single tap.
  let rowOffsets: [Int32]
  /// Floats between transformed elements, and between products.
  let elementStride: Int, productStride: Int
  /// Rows of the elements' and of the products' matrices.
  let elementRows: Int, productRows: Int
  /// Floats of a worker's (fused) or the operator's (staged) elements, and of a worker's products.
  let elementFloats: Int, productFloats: Int
  let workers: Int
  /// Floats of a worker's transposed matrix.
  let transposedFloats: Int

  init(_ weights: WinogradWeights, input: BlockedShape, output: BlockedShape, kernels: Kernels) {
    let form = weights.form
    let places = WinogradTiles(form, input: input, output: output), columns = places.columns, tiles = places.count
    self.tiles = places
    let nr = kernels.table.wideGemm.nr, mr = max(kernels.table.wideGemm.mr, kernels.table.narrowGemm.mr)
    let elementBytes = form.elementCount * weights.inputBlocks * 64, productBytes = form.productCount * nr * 4
    let cache = kernels.cacheByteCount, weightBytes = weights.storage.count * 4
    let fused = WinogradBlocking.fusedTiles(
      fitting: 2 * cache / (elementBytes + productBytes), columns: columns, tiles: tiles, mr: mr)
    // Staged: as many tiles as keep a panel's products about in the second-level cache, in enough tasks for all workers.
    let panels = weights.panels.count, workers = kernels.threadCount
    let leastGroups = workers == 1 ? 1 : (2 * workers + panels - 1) / panels
    let groups = min(tiles, max(leastGroups, (tiles * productBytes + cache + cache / 4 - 1) / (cache + cache / 4)))
    // What either way moves beyond the second-level cache: weights per block, or elements per panel. Staged, memory is
    // read in long runs, which is worth about a factor of two. Few blocks leave workers idle.
    let fusedBlocks = (tiles + fused - 1) / fused
    let stagedTraffic = tiles * elementBytes * (1 + panels) + weightBytes
    let savesTraffic = weightBytes > 4 * cache && stagedTraffic < 2 * weightBytes * fusedBlocks
    let feedsWorkers = fusedBlocks < 2 * workers && fusedBlocks < panels * groups && workers > 1
    isStaged = weights.adjoint != nil || savesTraffic || feedsWorkers
    tilesPerBlock = isStaged ? (tiles + groups - 1) / groups : fused
    blockCount = (tiles + tilesPerBlock - 1) / tilesPerBlock
    // Rows are computed in tiles of the micro-kernels; what is past the last one is rubbish that nobody reads.
    productRows = (tilesPerBlock + mr - 1) / mr * mr + mr
    elementRows = isStaged ? (tiles + mr - 1) / mr * mr + mr : productRows
    rowOffsets = (0..<productRows).map { Int32($0 * 16) }
    // A few vectors more than needed, so that elements do not fall on the same cache sets.
    elementStride = weights.inputBlocks * elementRows * 16 + 80
    productStride = nr / 16 * productRows * 16 + 80
    elementFloats = form.elementCount * elementStride
    productFloats = form.productCount * productStride
    transposedFloats = weights.transposedFloats
    self.workers = workers
  }

  /// Tiles of a fused block. Matrices of twice the cache still pay: they are read in order, and weights less often.
  /// `fitting` or less, whole rows of tiles or equal parts of one where that costs little.
  static func fusedTiles(fitting: Int, columns: Int, tiles: Int, mr: Int) -> Int {
    let most = max(mr, min(fitting, 64))
    if most >= columns { return min(tiles, most / columns * columns) }
    let parts = (columns + most - 1) / most
    return (columns + parts - 1) / parts
  }

  /// Floats of a worker's own scratch memory.
  var workerFloats: Int {
    (isStaged ? 0 : elementFloats) + productFloats + transposedFloats
  }

  var workspaceByteCount: Int { 4 * ((isStaged ? elementFloats : 0) + workers * workerFloats) }
}
