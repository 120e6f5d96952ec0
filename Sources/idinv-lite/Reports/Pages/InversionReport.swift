import Imaging
import Inversion

/// What `inversion.html` tells: one run of `invert` over one or many images.
package struct InversionReport: Sendable {
  /// Facts that hold for the whole run. Strings are shown as they are; empty ones are left out.
  package struct Run: Sendable {
    package var modelName = ""
    /// Pixels per side, style layers L and entries per layer D of the code.
    package var resolution = 0
    package var layerCount = 0
    package var codeDimension = 0
    /// Type of the stored weights: "f16".
    package var weightsType = ""
    /// Type of the arithmetic, as `--compute` names it.
    package var computeType = ""
    package var threadCount = 0
    /// Instruction tier in force: "x86v4".
    package var tier = ""
    /// Wall time of the whole run.
    package var seconds = 0.0
    /// Options and their values, in the order of the command's help, defaults included.
    package var options: [(name: String, value: String)] = []
    /// Programs and libraries with their versions; the first is this program.
    package var versions: [(name: String, value: String)] = []
    /// Of the model file, in hexadecimal.
    package var modelIdentity = ""
    /// When, in whatever form; empty for pages that must be reproducible.
    package var date = ""
    /// A line to say that the run was cut short, or anything else of importance.
    package var note = ""

    package init(
      modelName: String = "", resolution: Int = 0, layerCount: Int = 0, codeDimension: Int = 0,
      weightsType: String = "", computeType: String = "", threadCount: Int = 0, tier: String = "",
      seconds: Double = 0.0, options: [(name: String, value: String)] = [],
      versions: [(name: String, value: String)] = [], modelIdentity: String = "", date: String = "", note: String = ""
    ) {
      self.modelName = modelName
      self.resolution = resolution
      self.layerCount = layerCount
      self.codeDimension = codeDimension
      self.weightsType = weightsType
      self.computeType = computeType
      self.threadCount = threadCount
      self.tier = tier
      self.seconds = seconds
      self.options = options
      self.versions = versions
      self.modelIdentity = modelIdentity
      self.date = date
      self.note = note
    }
  }

  /// The loss terms after one step; `total` is what was minimized.
  package struct Step: Sendable {
    package var step: Int
    package var pixel: Double
    package var perceptual: Double
    package var domain: Double
    package var total: Double

    package init(step: Int, pixel: Double, perceptual: Double, domain: Double, total: Double) {
      self.step = step
      self.pixel = pixel
      self.perceptual = perceptual
      self.domain = domain
      self.total = total
    }
  }

  /// How good one reconstruction is. Not-a-number where a figure does not exist.
  package struct Figures: Sendable, Codable {
    /// 10 log₁₀(255² / MSE) of the 8-bit pictures; infinite for equal ones.
    package var psnrDB: Double
    /// Mean squared error of pixels in -1...1.
    package var msePM1: Double
    /// Structural similarity; `nil` for pictures smaller than its window.
    package var ssim: Double?
    /// ‖z − E(G(z))‖² / (L·D): how far the code is from what the encoder makes of its own image.
    package var inDomainMeanSquare: Double?
    /// ‖z − E(G(z))‖.
    package var inDomainL2: Double?

    /// The figures that two pictures determine; the in-domain score is added by who has the networks.
    package init(original: Image8, reconstruction: Image8) {
      psnrDB = Metrics.psnr(original, reconstruction)
      msePM1 = Metrics.msePM1(original, reconstruction)
      ssim = Metrics.ssim(original, reconstruction)
    }

    package init(_ original: Image8, _ reconstruction: Image8, _ score: InDomainScore?) {
      self.init(original: original, reconstruction: reconstruction)
      inDomainMeanSquare = score.map { Double($0.meanSquare) }
      inDomainL2 = score.map { Double($0.distance) }
    }

    package init(
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
  package struct Entry: Sendable {
    /// NAME, the beginning of the output files.
    package var name: String
    /// Where the picture came from.
    package var source: String
    package var original: ReportImage
    /// Image of the code that the optimization started from: the encoder's output, unless `--start` said otherwise.
    package var start: ReportImage
    /// What `start` is: "Encoder" or "Mean code".
    package var startTitle = "Encoder"
    /// Images on the way, ascending; may be empty.
    package var snapshots: [(step: Int, image: ReportImage)] = []
    package var result: ReportImage
    package var losses: [Step] = []
    package var startFigures: Figures
    package var resultFigures: Figures
    package var seconds: Double
    /// Why the optimization ended, and after how many steps.
    package var stop: (reason: StopReason, steps: Int)?

    package init(
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
  package struct Row: Sendable {
    package var name: String
    package var startFigures: Figures
    package var resultFigures: Figures
    package var seconds: Double
    /// Why the optimization ended, and after how many steps.
    package var stop: (reason: StopReason, steps: Int)?
    /// Number of its entry, where its pictures are on the page; otherwise the row leads to the file beside the page.
    package var entry: Int?

    package init(
      name: String, startFigures: Figures, resultFigures: Figures, seconds: Double,
      stop: (reason: StopReason, steps: Int)? = nil, entry: Int? = nil
    ) {
      self.name = name
      self.startFigures = startFigures
      self.resultFigures = resultFigures
      self.seconds = seconds
      self.stop = stop
      self.entry = entry
    }
  }

  package var run: Run
  /// The images that are shown.
  package var entries: [Entry]
  /// All images.
  package var rows: [Row]
  /// In-domain score, mean square, of the encoder's codes of the model's own pictures; nil where it is not known.
  package var usualInDomain: Double?
  /// How the processor fared.
  package var conditions: ConditionCourse?

  package init(run: Run, entries: [Entry]) {
    self.run = run
    self.entries = entries
    rows = entries.enumerated().map { index, entry in
      Row(
        name: entry.name, startFigures: entry.startFigures, resultFigures: entry.resultFigures, seconds: entry.seconds,
        stop: entry.stop, entry: index)
    }
  }

  /// The page.
  package func html() -> String { page().html() }
}
