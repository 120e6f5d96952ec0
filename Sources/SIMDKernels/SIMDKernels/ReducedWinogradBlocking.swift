/// How the tiles of a Winograd convolution with 16-bit operands are grouped, and its scratch memory. Fused and staged are
/// those of `WinogradBlocking`; a row can be scaled only once all channels of its tile are transformed, so that few tiles
/// at a time go through transform and narrowing.
struct ReducedWinogradBlocking: Sendable {
  let tiles: WinogradTiles
  let tilesPerBlock: Int, blockCount: Int
  let isStaged: Bool
  /// Tiles that are transformed and narrowed together, and their matrices.
  let group: Int, groupStride: Int, groupFloats: Int
  /// Words between elements, and floats between products.
  let elementStride: Int, productStride: Int
  /// Rows of the elements' and of the products' matrices.
  let elementRows: Int, productRows: Int
  /// Floats that the words of all elements take, of their rows' scales, and of a worker's products.
  let elementFloats: Int, scaleFloats: Int, productFloats: Int
  let workers: Int

  init(_ weights: ReducedWinogradWeights, input: BlockedShape, output: BlockedShape, kernels: Kernels) {
    let form = weights.form, reduced = kernels.table.reduced!
    let places = WinogradTiles(form, input: input, output: output)
    let tiles = places.count, nr = reduced.wideGemm.nr, mr = max(reduced.wideGemm.mr, reduced.narrowGemm.mr)
    let elementBytes = form.elementCount * weights.inputBlocks * 32, productBytes = form.productCount * nr * 4
    let cache = kernels.cacheByteCount, weightBytes = weights.storage.count * 4
    let fused = WinogradBlocking.fusedTiles(
      fitting: 2 * cache / (elementBytes + productBytes), columns: places.columns, tiles: tiles, mr: mr)
    let panels = weights.panels.count, workers = kernels.threadCount
    let leastGroups = workers == 1 ? 1 : (2 * workers + panels - 1) / panels
    let groups = min(tiles, max(leastGroups, (tiles * productBytes + cache + cache / 4 - 1) / (cache + cache / 4)))
    let fusedBlocks = (tiles + fused - 1) / fused
    let stagedTraffic = tiles * elementBytes * (1 + panels) + weightBytes
    let savesTraffic = weightBytes > 4 * cache && stagedTraffic < 2 * weightBytes * fusedBlocks
    let feedsWorkers = fusedBlocks < 2 * workers && fusedBlocks < panels * groups && workers > 1
    isStaged = savesTraffic || feedsWorkers
    tilesPerBlock = isStaged ? (tiles + groups - 1) / groups : fused
    blockCount = (tiles + tilesPerBlock - 1) / tilesPerBlock
    productRows = (tilesPerBlock + mr - 1) / mr * mr + mr
    elementRows = isStaged ? (tiles + mr - 1) / mr * mr + mr : productRows
    // A quarter of the second-level cache; the rest is for pixels and elements.
    let tileFloats = form.elementCount * weights.inputBlocks * 16
    group = max(1, min(8, cache / 16 / tileFloats))
    groupStride = weights.inputBlocks * group * 16 + 80
    groupFloats = form.elementCount * groupStride
    elementStride = weights.inputBlocks * elementRows * 16 + 160
    productStride = nr / 16 * productRows * 16 + 80
    elementFloats = form.elementCount * elementStride / 2
    scaleFloats = (form.elementCount * elementRows + 15) / 16 * 16
    productFloats = form.productCount * productStride
    self.tiles = places
    self.workers = workers
  }

  /// Floats of a worker's own scratch memory.
  var workerFloats: Int {
    (isStaged ? 0 : elementFloats + scaleFloats) + groupFloats + productFloats
  }

  var workspaceByteCount: Int { 4 * ((isStaged ? elementFloats + scaleFloats : 0) + workers * workerFloats) }
}
