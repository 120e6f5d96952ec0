/// Whether the tiles of a Winograd convolution go fused or staged (see `WinogradBlocking`), and how many at a time.
struct WinogradGrouping {
  let isStaged: Bool
  let tilesPerBlock: Int, blockCount: Int

  /// - Parameters:
  ///   - elementBytes: of one transformed tile, all channels.
  ///   - productBytes: of one tile's products with a wide panel.
  ///   - weightBytes: of all transformed weights, in `panels` panels.
  ///   - mr: rows of the micro-kernels' tile.
  ///   - mustStage: whether there is no other way.
  init(
    _ tiles: WinogradTiles, elementBytes: Int, productBytes: Int, weightBytes: Int, panels: Int,
    mr: Int, mustStage: Bool, kernels: Kernels
  ) {
    let count = tiles.count, cache = kernels.cacheByteCount, workers = kernels.threadCount
    let fused = Self.fusedTiles(
      fitting: 2 * cache / (elementBytes + productBytes), columns: tiles.columns, tiles: count, mr: mr)
    // Staged: as many tiles as keep a panel's products about in the second-level cache, in enough tasks for all workers.
    let leastGroups = workers == 1 ? 1 : (2 * workers + panels - 1) / panels
    let groups = min(count, max(leastGroups, (count * productBytes + cache + cache / 4 - 1) / (cache + cache / 4)))
    // What either way moves beyond the second-level cache: weights per block, or elements per panel. Staged, memory is
    // read in long runs, which is worth about a factor of two. Few blocks leave workers idle.
    let fusedBlocks = (count + fused - 1) / fused
    let stagedTraffic = count * elementBytes * (1 + panels) + weightBytes
    let savesTraffic = weightBytes > 4 * cache && stagedTraffic < 2 * weightBytes * fusedBlocks
    let feedsWorkers = fusedBlocks < 2 * workers && fusedBlocks < panels * groups && workers > 1
    isStaged = mustStage || savesTraffic || feedsWorkers
    tilesPerBlock = isStaged ? (count + groups - 1) / groups : fused
    blockCount = (count + tilesPerBlock - 1) / tilesPerBlock
  }

  /// Rows of a matrix for so many tiles: whole tiles of the micro-kernels, and one more for a block that begins between
  /// two. What is past the last tile is rubbish that nobody reads.
  static func rows(_ tiles: Int, mr: Int) -> Int { (tiles + mr - 1) / mr * mr + mr }

  /// Tiles of a fused block. Matrices of twice the cache still pay: they are read in order, and weights less often.
  /// `fitting` or less, whole rows of tiles or equal parts of one where that costs little.
  private static func fusedTiles(fitting: Int, columns: Int, tiles: Int, mr: Int) -> Int {
    let most = max(mr, min(fitting, 64))
    if most >= columns { return min(tiles, most / columns * columns) }
    let parts = (columns + most - 1) / most
    return (columns + parts - 1) / parts
  }
}
