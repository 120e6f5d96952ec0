/// The convolutions this library knows.
package enum ConvolutionForm: Hashable, Sendable {
  /// Odd kernel, stride 1, zero padding of (k − 1)/2: 1×1 and 3×3.
  case same(kernel: Int)
  /// Nearest-neighbor upsampling by 2, then a 3×3 `same` convolution.
  case upsample2x
  /// A 3×3 `same` convolution of which every second pixel of every second row is wanted: stride 2, padding 1. Extents of the
  /// input are even.
  case downsample2x
  /// The transposed 3×3 convolution of stride 2, with all that it gives: 2H + 1 outputs, t[2i + k] += x[i]·w[k].
  case transposed2x

  /// Side of the kernel as trained.
  package var kernel: Int {
    switch self {
    case .same(let kernel): kernel
    case .upsample2x, .downsample2x, .transposed2x: 3
    }
  }

  /// Whether the direct algorithm adds up taps of the kernel that read the same pixel.
  package var foldsTaps: Bool { self == .upsample2x }

  /// Height or width of y = A x for that of x.
  package func outputExtent(_ input: Int) -> Int {
    switch self {
    case .same: input
    case .upsample2x: 2 * input
    case .downsample2x: input / 2
    case .transposed2x: 2 * input + 1
    }
  }

  /// Height or width of x for that of y = A x.
  package func inputExtent(_ output: Int) -> Int {
    switch self {
    case .same: output
    case .upsample2x: output / 2
    case .downsample2x: 2 * output
    case .transposed2x: (output - 1) / 2
    }
  }

  /// Products of the definition for each weight of the kernel, on an image x: its pixels where each is multiplied by the whole
  /// kernel, else those of y.
  package func products(height: Int, width: Int) -> Int {
    self == .transposed2x ? height * width : outputExtent(height) * outputExtent(width)
  }
}

/// Which of the two linear maps of a convolution.
package enum Direction: Hashable, Sendable {
  /// y = A x.
  case forward
  /// gx = Aᵀ gy.
  case backwardData
}

/// One way the outputs of a direct convolution are computed: all pixels for `same`, every second one in both
/// dimensions for the four phases of upsampling, and of the adjoint of downsampling.
struct ConvolutionPhase {
  /// Output pixel (y·step + row, x·step + column).
  var row: Int, column: Int
  var taps: [Tap]

  /// Reads input pixel (y·inputStep + dy, x·inputStep + dx) with the sum of the kernel's rows × columns.
  struct Tap {
    var dy: Int, dx: Int
    var kernelRows: ClosedRange<Int>, kernelColumns: ClosedRange<Int>
  }
}

/// A convolution as taps.
///
/// With up(x)[Y] = x[⌊Y/2⌋], upsampling and w0, w1, w2 in one dimension fold into two phases of two taps,
///
///     y[2i] = w0 x[i−1] + (w1 + w2) x[i]      y[2i+1] = (w0 + w1) x[i] + w2 x[i+1]
///
/// and its adjoint into one stride-2 convolution of four taps,
///
///     gx[i] = w2 g[2i−1] + (w1 + w2) g[2i] + (w0 + w1) g[2i+1] + w0 g[2i+2].
///
/// Downsampling is one phase, its adjoint two of one tap and of two,
///
///     y[i] = w0 x[2i−1] + w1 x[2i] + w2 x[2i+1]      gx[2i] = w1 g[i]      gx[2i+1] = w2 g[i] + w0 g[i+1].
///
/// So is the transposed convolution, of whose even outputs there is one more, and its adjoint:
///
///     t[2i] = w2 x[i−1] + w0 x[i]      t[2i+1] = w1 x[i]      gx[i] = w0 g[2i] + w1 g[2i+1] + w2 g[2i+2].
struct ConvolutionGeometry {
  var phases: [ConvolutionPhase]
  /// Input pixels and output pixels per step of the phase's grid.
  var inputStep: Int, outputStep: Int
  /// Rows and columns that the first phase has more than the input has steps.
  private var surplus = 0
  /// Whether taps reach into the halo.
  var needsHalo: Bool

  init(_ form: ConvolutionForm, _ direction: Direction) {
    switch (form, direction) {
    case (.same(let k), _):
      // The adjoint reads the kernel backwards.
      let line = (0..<k).map { t in
        (offset: t - k / 2, rows: direction == .forward ? t...t : (k - 1 - t)...(k - 1 - t))
      }
      self.init(lines: [line], inputStep: 1)
    case (.upsample2x, .forward):
      self.init(lines: [[(-1, 0...0), (0, 1...2)], [(0, 0...1), (1, 2...2)]], inputStep: 1)
    case (.upsample2x, .backwardData):
      self.init(lines: [[(-1, 2...2), (0, 1...2), (1, 0...1), (2, 0...0)]], inputStep: 2)
    case (.downsample2x, .forward):
      self.init(lines: [[(-1, 0...0), (0, 1...1), (1, 2...2)]], inputStep: 2)
    case (.downsample2x, .backwardData):
      self.init(lines: [[(0, 1...1)], [(0, 2...2), (1, 0...0)]], inputStep: 1)
    case (.transposed2x, .forward):
      self.init(lines: [[(-1, 2...2), (0, 0...0)], [(0, 1...1)]], inputStep: 1)
      surplus = 1
    case (.transposed2x, .backwardData):
      self.init(lines: [[(0, 0...0), (1, 1...1), (2, 2...2)]], inputStep: 2)
    }
  }

  /// The tensor product of one-dimensional phases with themselves.
  private init(lines: [[(offset: Int, rows: ClosedRange<Int>)]], inputStep: Int) {
    self.inputStep = inputStep
    outputStep = lines.count
    needsHalo = lines.joined().contains { $0.offset != 0 }
    phases = lines.indices.flatMap { row in
      lines.indices.map { column in
        ConvolutionPhase(
          row: row, column: column,
          taps: lines[row].flatMap { y in
            lines[column].map { x in
              .init(dy: y.offset, dx: x.offset, kernelRows: y.rows, kernelColumns: x.rows)
            }
          })
      }
    }
  }

  /// What the output's extent must be for an input's.
  func outputExtent(_ input: Int) -> Int { input * outputStep / inputStep + surplus }

  /// Rows or columns of the grid on an input of that extent: of the phase that starts at `first`, and of the largest.
  func gridExtent(_ input: Int, first: Int = 0) -> Int { input / inputStep + (first == 0 ? surplus : 0) }

  /// Whether all phases have the same grid.
  var isUniform: Bool { surplus == 0 }

  /// Taps of each phase, and of the one that has the most.
  var tapCounts: [Int] { phases.map(\.taps.count) }
  var mostTaps: Int { tapCounts.max() ?? 0 }
}
