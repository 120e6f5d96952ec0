/// A convolution as minimal filtering: per dimension, `products` products of transformed pixels and transformed weights
/// give `outputStep` outputs from windows `inputStep` apart. In two dimensions everything is a tensor product, and
/// the products become products²  matrix products over channels.
struct WinogradForm: Sendable {
  /// Products per dimension, distinct transformed pixels, and which of those each product uses.
  var products: Int, elements: Int, elementOfProduct: [Int]
  /// Rows of G (transformed weights = G w), and which row each product uses.
  var weightRows: [[Double]], weightOfProduct: [Int]
  /// Whether the kernel is read backwards first.
  var flips: Bool
  /// Pixels between tiles of the input and of the output; the output tile has as many.
  var inputStep: Int, outputStep: Int
  /// Pixels that the first tile's window begins before the image.
  var lead = 1
  /// Rows and columns of the input that are no step of a tile, because its last window reaches over them; and of the output, which
  /// tiles do not write (`TransposedEdges`).
  var inputRest = 0, outputRest = 0
  /// Of which size.
  let size: Size
  /// In one dimension, the forward direction's row of weights that each product of the adjoint takes, and its factor.
  private var adjointRows: [(row: Int, factor: Float)] = []

  /// Which of the forms that a convolution has.
  enum Size: Hashable, Sendable {
    /// The one with the fewest products.
    case large
    /// Tiles of 2×2 pixels instead of 4×4, for images that have few of the latter: 2¼ times fewer products than direct, of
    /// which each weight has four times as many tiles to serve.
    case small
  }

  /// The form for a convolution; nil if there is none.
  init?(_ form: ConvolutionForm, _ direction: Direction, _ size: Size = .large) {
    self.size = size
    switch (form, direction, size) {
    case (.same(kernel: 3), _, .small):
      // F(2, 3) at 0, ±1, ∞, the third element and its weights with the other sign.
      weightRows = [[1, 0, 0], [0.5, 0.5, 0.5], [-0.5, 0.5, -0.5], [0, 0, 1]]
      (products, elements, inputStep, outputStep) = (4, 4, 2, 2)
      elementOfProduct = Array(0..<4)
      weightOfProduct = Array(0..<4)
      flips = direction == .backwardData
      adjointRows = [(3, 1), (1, 1), (2, 1), (0, 1)]
    case (.same(kernel: 3), _, .large):
      // F(4, 3) at 0, ±a, ±b, ∞ with a² = ½, b² = 2.
      let a2 = 0.5, b2 = 2.0, a = a2.squareRoot(), b = b2.squareRoot()
      let atA = 2 * a2 * (a2 - b2), atB = 2 * b2 * (b2 - a2)
      weightRows = [
        [1 / (a2 * b2), 0, 0], [1 / atA, a / atA, a2 / atA], [1 / atA, -a / atA, a2 / atA],
        [1 / atB, b / atB, b2 / atB], [1 / atB, -b / atB, b2 / atB], [0, 0, 1],
      ]
      (products, elements, inputStep, outputStep) = (6, 6, 4, 4)
      elementOfProduct = Array(0..<6)
      weightOfProduct = Array(0..<6)
      flips = direction == .backwardData
      adjointRows = [(5, 1), (3, -2), (4, -2), (1, -0.5), (2, -0.5), (0, 1)]
    case (.upsample2x, .forward, .large):
      // Upsampling repeats pixels, so that five products give four outputs:
      // p0 = w0(l0 − l2), p1 = ½(w0+w1+w2)(l1 + l2), p2 = ½(w0−w1−w2)(l1 − l2), p3 = ½(w0+w1−w2)(l1 − l2),
      // p4 = w2(l1 − l3).
      weightRows = [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, -0.5], [0.5, 0.5, -0.5], [0, 0, 1]]
      (products, elements, inputStep, outputStep) = (5, 4, 2, 4)
      elementOfProduct = [0, 1, 2, 2, 3]
      weightOfProduct = Array(0..<5)
      flips = false
    case (.upsample2x, .backwardData, .large):
      // gx[i] = w0 s[2i+1] + w1 s[2i] + w2 s[2i−1] with s[i] = g[i] + g[i+1]; the odd s form a two-tap filter, F(2, 2):
      // p0 = w1 s0, p1 = w1 s2, p2 = w2(s−1 − s1), p3 = (w0 + w2) s1, p4 = w0(s3 − s1).
      weightRows = [[0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 0, 0]]
      (products, elements, inputStep, outputStep) = (5, 5, 4, 2)
      elementOfProduct = Array(0..<5)
      weightOfProduct = [0, 0, 1, 2, 3]
      flips = false
    case (.transposed2x, _, .large):
      // Even outputs are a filter of two taps, F(4, 2) at 0, −1, ½, 2, ∞; odd ones have a product each with w1:
      // t[2i] = w2 x[i−1] + w0 x[i], t[2i+1] = w1 x[i]. Its adjoint reads the kernel backwards,
      // gx[i] = w0 g[2i] + w2 g[2i+2] + w1 g[2i+1].
      weightRows = [
        [0, 0, 1], [1 / 4.5, 0, -1 / 4.5], [-0.5 / 1.125, 0, -1 / 1.125], [2.0 / 9, 0, 1.0 / 9], [1, 0, 0], [0, 1, 0],
      ]
      (products, elements) = (9, 9)
      (inputStep, outputStep) = direction == .forward ? (4, 8) : (8, 4)
      elementOfProduct = Array(0..<9)
      weightOfProduct = [0, 1, 2, 3, 4, 5, 5, 5, 5]
      flips = direction == .backwardData
      adjointRows = [(4, 1), (1, -1), (3, -4), (2, -0.25), (0, 1), (5, 1), (5, 1), (5, 1), (5, 1)]
      if direction == .forward {
        outputRest = 1
      } else {
        (lead, inputRest) = (0, 1)
      }
    default:
      return nil
    }
  }

  /// How the adjoint reads the weights of the forward direction: which matrix each product takes, and by what it is to be
  /// multiplied; none if it cannot.
  ///
  /// It takes the kernel backwards, w(x) ↦ xⁿ w(1/x). Where all points are inverse to each other, and 0 to ∞, the adjoint's
  /// transformed weights are the forward's with rows exchanged and multiplied by powers of two, without rounding. Only the channels
  /// need transposing.
  var adjointReading: [(weight: Int, factor: Float)] {
    adjointRows.flatMap { u in
      adjointRows.map { v in (weight: u.row * weightRows.count + v.row, factor: u.factor * v.factor) }
    }
  }

  /// Matrix products of a tile, and distinct transformed pixels.
  var productCount: Int { products * products }
  var elementCount: Int { elements * elements }

  /// Vectors of 16 floats that the transforms of a tile would load and store with memory between columns and rows: what
  /// `bench` states and the model of ARM boards is fitted to. They do without: rows stay in registers, pixels and elements
  /// are loaded again, which is 0.5 to 0.8 of this.
  var inputVectorCount: Int {
    let side = products == 9 ? inputStep + 1 : elements == 4 ? 4 : 6
    return side * side + 2 * side * elements + elements * elements
  }
  var outputVectorCount: Int { productCount + 2 * products * outputStep + outputStep * outputStep }

  /// Product → its element and its weights.
  var elementOf: [Int] { pairs(elementOfProduct, elements) }
  var weightOf: [Int] { pairs(weightOfProduct, weightRows.count) }
  private func pairs(_ map: [Int], _ count: Int) -> [Int] { map.flatMap { y in map.map { y * count + $0 } } }

  /// Tiles of an image, if whole tiles cover it.
  func tiles(_ input: BlockedShape) -> Int? {
    input.height % inputStep == inputRest && input.width % inputStep == inputRest
      ? (input.height / inputStep) * (input.width / inputStep) : nil
  }

  /// Products, of which the weights are given, in an order in which those of the same weights follow each other.
  static func order(of weights: [Int]) -> [Int] { weights.indices.sorted { (weights[$0], $0) < (weights[$1], $1) } }

  func transforms(
    _ kernels: WinogradKernels
  ) -> (input: WinogradKernels.Transform, output: WinogradKernels.Transform) {
    switch (elements, products) {
    case (9, _) where outputStep > inputStep: (kernels.transposedInput, kernels.transposedOutput)
    case (9, _): (kernels.transposedAdjointInput, kernels.transposedAdjointOutput)
    case (6, _): (kernels.sameInput, kernels.sameOutput)
    case (4, 4): (kernels.upsampleInput, kernels.smallOutput)
    case (4, _): (kernels.upsampleInput, kernels.upsampleOutput)
    default: (kernels.upsampleAdjointInput, kernels.upsampleAdjointOutput)
    }
  }

  /// Kernels, read backwards where the form `flips`, → transformed weights in the order of `weightOf`.
  func weightTransform(_ kernels: WinogradKernels) -> WinogradKernels.WeightTransform {
    switch (weightRows.count, products) {
    case (6, 9): kernels.transposedWeights
    case (6, _): kernels.sameWeights
    case (4, 4): kernels.smallWeights
    case (5, _): kernels.upsampleWeights
    default: kernels.upsampleAdjointWeights
    }
  }
}
