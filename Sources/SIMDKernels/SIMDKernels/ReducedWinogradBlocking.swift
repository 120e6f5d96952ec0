/// How the tiles of a Winograd convolution with 16-bit operands are grouped, and its scratch memory. Fused and staged are
/// those of `WinogradBlocking`; a row can be scaled only once all channels of its tile are transformed, so that few tiles
/// at a time go through transform and narrowing.
struct ReducedWinogradBlocking: Sendable {
  let tiles: WinogradTiles
  /// How the tiles are grouped.
  let grouping: WinogradGrouping
  /// Tiles that are transformed and narrowed together, and their matrices.
  let group: Int, groupStride: Int, groupFloats: Int
  /// Words between elements, and floats between products.
  let elementStride: Int, productStride: Int
  /// Rows of the elements' and of the products' matrices.
  let elementRows: Int, productRows: Int
  /// Floats that the words of all elements take, of their rows' scales, and of a worker's products.
  let elementFloats: Int, scaleFloats: Int, productFloats: Int
  /// Floats of a worker's matrix that is transposed just before use.
  let matrixFloats: Int
  let workers: Int

  init(_ weights: ReducedWinogradWeights, input: BlockedShape, output: BlockedShape, kernels: Kernels) {
    let form = weights.form, reduced = kernels.table.reduced!
    tiles = WinogradTiles(form, input: input, output: output, isPlanning: kernels.isPlanning)
    let nr = reduced.wideGemm.nr, mr = max(reduced.wideGemm.mr, reduced.narrowGemm.mr)
    grouping = WinogradGrouping(
      tiles, elementBytes: form.elementCount * weights.inputBlocks * 32,
      productBytes: form.productCount * nr * 4, weightBytes: weights.storage.count * 4, panels: weights.panels.count,
      mr: mr, mustStage: weights.adjoint != nil, kernels: kernels)
    productRows = WinogradGrouping.rows(grouping.tilesPerBlock, mr: mr)
    elementRows = grouping.isStaged ? WinogradGrouping.rows(grouping.tilesPerPass, mr: mr) : productRows
    // A quarter of the second-level cache; the rest is for pixels and elements.
    let tileFloats = form.elementCount * weights.inputBlocks * 16
    group = max(1, min(8, kernels.cacheByteCount / 16 / tileFloats))
    groupStride = weights.inputBlocks * group * 16 + 80
    groupFloats = form.elementCount * groupStride
    elementStride = weights.inputBlocks * elementRows * 16 + 160
    productStride = nr / 16 * productRows * 16 + 80
    elementFloats = form.elementCount * elementStride / 2
    scaleFloats = (form.elementCount * elementRows + 15) / 16 * 16
    productFloats = form.productCount * productStride
    matrixFloats = weights.transposedFloats(nr: nr)
    workers = kernels.threadCount
  }

  /// Floats of a worker's own scratch memory.
  var workerFloats: Int {
    (grouping.isStaged ? 0 : elementFloats + scaleFloats) + groupFloats + productFloats + matrixFloats
  }

  var workspaceByteCount: Int { 4 * ((grouping.isStaged ? elementFloats + scaleFloats : 0) + workers * workerFloats) }
}
