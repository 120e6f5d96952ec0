import Imaging
import Inversion

/// What `inversion.html` tells: one run of `invert` over one or many images.
struct InversionReport: Sendable {
  /// Facts that hold for the whole run. Strings are shown as they are; empty ones are left out.
  struct Run: Sendable {
    var modelName = ""
    /// Pixels per side, style layers L and entries per layer D of the code.
    var resolution = 0
    var layerCount = 0
    var codeDimension = 0
    /// Type of the stored weights: "f16".
    var weightsType = ""
    /// Type of the arithmetic, as `--compute` names it.
    var computeType = ""
    var threadCount = 0
    /// Instruction tier in force: "x86v4".
    var tier = ""
    /// Wall time of the whole run.
    var seconds = 0.0
    /// Options and their values, in the order of the command's help, defaults included.
    var options: [(name: String, value: String)] = []
    /// Programs and libraries with their versions; the first is this program.
    var versions: [(name: String, value: String)] = []
    /// Of the model file, in hexadecimal.
    var modelSHA256 = ""
    /// When, in whatever form; empty for pages that must be reproducible.
    var date = ""
    /// A line to say that the run was cut short, or anything else of importance.
    var note = ""
  }

  /// The loss terms after one step; `total` is what was minimised.
  struct Step: Sendable {
    var step: Int
    var pixel: Double
    var perceptual: Double
    var domain: Double
    var total: Double
  }

  /// How good one reconstruction is. Not-a-number where a figure does not exist.
  struct Figures: Sendable, Codable {
    /// 10 log₁₀(255² / MSE) of the 8-bit pictures; infinite for equal ones.
    var psnrDB: Double
    /// Mean squared error of pixels in -1...1.
    var msePM1: Double
    /// Structural similarity; `nil` for pictures smaller than its window.
    var ssim: Double?
    /// ‖z − E(G(z))‖² / (L·D): how far the code is from what the encoder makes of its own image.
    var inDomainMeanSquare: Double?
    /// ‖z − E(G(z))‖.
    var inDomainL2: Double?

    /// The figures that two pictures determine; the in-domain score is added by who has the networks.
    init(original: Image8, reconstruction: Image8) {
      psnrDB = Metrics.psnr(original, reconstruction)
      msePM1 = Metrics.msePM1(original, reconstruction)
      ssim = Metrics.ssim(original, reconstruction)
    }

    init(_ original: Image8, _ reconstruction: Image8, _ score: InDomainScore?) {
      self.init(original: original, reconstruction: reconstruction)
      inDomainMeanSquare = score.map { Double($0.meanSquare) }
      inDomainL2 = score.map { Double($0.distance) }
    }

    init(
      psnrDB: Double, msePM1: Double, ssim: Double?, inDomainMeanSquare: Double? = nil,
      inDomainL2: Double? = nil
    ) {
      self.psnrDB = psnrDB
      self.msePM1 = msePM1
      self.ssim = ssim
      self.inDomainMeanSquare = inDomainMeanSquare
      self.inDomainL2 = inDomainL2
    }
  }

  /// One image.
  struct Entry: Sendable {
    /// NAME, the beginning of the output files.
    var name: String
    /// Where the picture came from.
    var source: String
    var original: ReportImage
    /// Image of the code that the optimisation started from: the encoder's output, unless `--start` said otherwise.
    var start: ReportImage
    /// What `start` is: "Encoder" or "Mean code".
    var startTitle = "Encoder"
    /// Images on the way, ascending; may be empty.
    var snapshots: [(step: Int, image: ReportImage)] = []
    var result: ReportImage
    var losses: [Step] = []
    var startFigures: Figures
    var resultFigures: Figures
    var seconds: Double
    /// Why the optimisation ended, and after how many steps.
    var stop: (reason: StopReason, steps: Int)?

    init(
      name: String, source: String, original: ReportImage, start: ReportImage, result: ReportImage,
      startFigures: Figures, resultFigures: Figures, seconds: Double
    ) {
      self.name = name
      self.source = source
      self.original = original
      self.start = start
      self.result = result
      self.startFigures = startFigures
      self.resultFigures = resultFigures
      self.seconds = seconds
    }
  }

  /// The figures of one image, shown with its pictures or not.
  struct Row: Sendable {
    var name: String
    var startFigures: Figures
    var resultFigures: Figures
    var seconds: Double
    /// Why the optimisation ended, and after how many steps.
    var stop: (reason: StopReason, steps: Int)?
    /// Number of its entry, where its pictures are on the page; otherwise the row leads to the file beside the page.
    var entry: Int?
  }

  var run: Run
  /// The images that are shown.
  var entries: [Entry]
  /// All images.
  var rows: [Row]
  /// How the processor fared.
  var conditions: ConditionLog?

  init(run: Run, entries: [Entry]) {
    self.run = run
    self.entries = entries
    rows = entries.enumerated().map { index, entry in
      Row(
        name: entry.name, startFigures: entry.startFigures, resultFigures: entry.resultFigures, seconds: entry.seconds,
        stop: entry.stop, entry: index)
    }
  }

  /// The page.
  func html() -> String { page().html() }

  /// Writes the page, whole or not at all.
  func write(to path: String) throws(ImagingError) { try page().write(to: path) }
}
