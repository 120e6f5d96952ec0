/// How the tiles of a Winograd convolution are grouped, and its scratch memory.
///
/// *Fused*: a worker takes a block of tiles through input transform, products and output transform; the block's
/// transformed tiles stay about in the second-level cache, and all weights pass by once per block. *Staged*: first all
/// tiles of some images are transformed; then a worker takes a panel of output channels and a block of tiles through
/// products and output transform, so that weights are read once, or once per block; then the next images.
struct WinogradBlocking: Sendable {
  let tiles: WinogradTiles
  /// How the tiles are grouped.
  let grouping: WinogradGrouping
  /// 0, 16, 32 …: rows of a block's matrices, and the single tap.
  let rowOffsets: [Int32]
  /// Floats between transformed elements, and between products.
  let elementStride: Int, productStride: Int
  /// Rows of the elements' and of the products' matrices.
  let elementRows: Int, productRows: Int
  /// Floats of a worker's (fused) or the operator's (staged) elements, and of a worker's products.
  let elementFloats: Int, productFloats: Int
  let workers: Int
  /// How matrices are made just before use; nil where the weights have them.
  let expansion: WinogradExpansion?
  /// Floats of a worker's matrices that are transposed or made just before use.
  let matrixFloats: Int

  init(_ weights: WinogradWeights, input: BlockedShape, output: BlockedShape, kernels: Kernels) {
    let form = weights.form
    tiles = WinogradTiles(form, input: input, output: output, isPlanning: kernels.isPlanning)
    let nr = kernels.table.wideGemm.nr, mr = max(kernels.table.wideGemm.mr, kernels.table.narrowGemm.mr)
    grouping = WinogradGrouping(
      tiles, elementBytes: form.elementCount * weights.inputBlocks * 64,
      productBytes: form.productCount * nr * 4, weightBytes: weights.readByteCount, panels: weights.panels.count,
      mr: mr, mustStage: weights.adjoint != nil || weights.compact != nil, kernels: kernels)
    productRows = WinogradGrouping.rows(grouping.tilesPerBlock, mr: mr)
    elementRows = grouping.isStaged ? WinogradGrouping.rows(grouping.tilesPerPass, mr: mr) : productRows
    rowOffsets = (0..<productRows).map { Int32($0 * 16) }
    // A few vectors more than needed, so that elements do not fall on the same cache sets.
    elementStride = weights.inputBlocks * elementRows * 16 + 80
    productStride = nr / 16 * productRows * 16 + 80
    elementFloats = form.elementCount * elementStride
    productFloats = form.productCount * productStride
    expansion = weights.compact.map { WinogradExpansion($0, weights, kernels: kernels) }
    matrixFloats = expansion?.scratchFloats ?? weights.transposedFloats
    workers = kernels.threadCount
  }

  /// Floats of a worker's own scratch memory.
  var workerFloats: Int {
    (grouping.isStaged ? 0 : elementFloats) + productFloats + matrixFloats
  }

  var workspaceByteCount: Int { 4 * ((grouping.isStaged ? elementFloats : 0) + workers * workerFloats) }
}
