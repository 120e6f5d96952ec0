/// Tiles that are transformed before any of their products: of some images, or of a part of one.
struct WinogradPass: Sendable {
  /// Those that begin with this pass.
  let images: Range<Int>
  let tiles: Range<Int>

  init(images: Range<Int>, tilesPerImage: Int) {
    self.images = images
    tiles = images.lowerBound * tilesPerImage..<images.upperBound * tilesPerImage
  }

  /// Part `part` of an image, of `tiles` tiles or what is left.
  init(image: Int, part: Int, tiles count: Int, tilesPerImage: Int) {
    images = image..<(part == 0 ? image + 1 : image)
    let first = image * tilesPerImage + part * count
    tiles = first..<min(first + count, (image + 1) * tilesPerImage)
  }
}

/// Whether the tiles of a Winograd convolution go fused or staged (see `WinogradBlocking`), and how many at a time.
struct WinogradGrouping {
  let isStaged: Bool
  /// What a staged convolution does one after the other.
  let passes: [WinogradPass]
  /// Tiles of the largest pass, and of a block.
  let tilesPerPass: Int, tilesPerBlock: Int
  /// Blocks of all passes together.
  let blockCount: Int

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
    let cache = kernels.cacheByteCount, workers = kernels.threadCount
    let images = Self.imagesPerPass(tiles, elementBytes: elementBytes, passByteCount: kernels.passByteCount)
    // An image with more elements than that goes in parts: each panel reads them all, from the last cache if they stay there.
    // Matrices that are made just before use are made once a part: fewer of them.
    let partByteCount = mustStage ? 2 * kernels.passByteCount : kernels.passByteCount
    let parts = (tiles.perImage * elementBytes + partByteCount - 1) / partByteCount
    let count = parts > 1 ? (tiles.perImage + parts - 1) / parts : images * tiles.perImage
    let fused = Self.fusedTiles(
      fitting: 2 * cache / (elementBytes + productBytes), columns: tiles.columns, tiles: tiles.count, mr: mr)
    // Staged: as many tiles as keep a panel's products about in the second-level cache, in enough tasks for all workers.
    let leastGroups = workers == 1 ? 1 : (2 * workers + panels - 1) / panels
    let groups = min(count, max(leastGroups, (count * productBytes + cache + cache / 4 - 1) / (cache + cache / 4)))
    // What either way moves beyond the second-level cache: weights per block, or elements per panel. Staged, memory is
    // read in long runs, which is worth about a factor of two. Few blocks leave workers idle.
    let fusedBlocks = (count + fused - 1) / fused
    let stagedTraffic = count * elementBytes * (1 + panels) + weightBytes
    let savesTraffic = weightBytes > 8 * cache && stagedTraffic < 2 * weightBytes * fusedBlocks
    let allBlocks = (tiles.count + fused - 1) / fused
    let feedsWorkers = allBlocks < 2 * workers && allBlocks < panels * groups && workers > 1
    isStaged = mustStage || savesTraffic || feedsWorkers
    let perBlock = isStaged ? (count + groups - 1) / groups : fused
    passes =
      parts > 1
      ? (0..<tiles.images).flatMap { image in
        (0..<(tiles.perImage + count - 1) / count).map {
          WinogradPass(image: image, part: $0, tiles: count, tilesPerImage: tiles.perImage)
        }
      }
      : stride(from: 0, to: tiles.images, by: images).map {
        WinogradPass(images: $0..<min(tiles.images, $0 + images), tilesPerImage: tiles.perImage)
      }
    tilesPerPass = count
    tilesPerBlock = perBlock
    blockCount = isStaged ? passes.reduce(0) { $0 + ($1.tiles.count + perBlock - 1) / perBlock } : allBlocks
  }

  /// Every panel of a pass reads all its elements, which should stay in the last cache: images that would not stay there
  /// together take passes of their own, though each reads the weights.
  private static func imagesPerPass(_ tiles: WinogradTiles, elementBytes: Int, passByteCount: Int) -> Int {
    let most = max(1, passByteCount / (tiles.perImage * elementBytes))
    let passes = (tiles.images + most - 1) / most
    return (tiles.images + passes - 1) / passes
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
