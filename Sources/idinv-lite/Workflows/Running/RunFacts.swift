import Files
import Glibc
import Imaging
import Inversion
import Quant
import Reports
import Runtime

extension InversionReport.Run {
  /// The facts of a run that has just ended.
  package init(
    model: Model, kernels: Kernels, seconds: Double, options: [(name: String, value: String)], note: String = ""
  ) throws {
    self.init()
    let shape = try model.codeShape()
    modelName = PathText.lastComponent(of: model.path)
    resolution = try model.imageResolution()
    layerCount = shape.layerCount
    codeDimension = shape.dimension
    weightsType = model.file.metadata.precision.rawValue
    computeType = kernels.computeName(model)
    threadCount = kernels.threadCount
    tier = kernels.table.tier.rawValue
    self.seconds = seconds
    self.options = options
    versions = [("idinv-lite", Program.version)]
    modelIdentity = model.file.identity
    date = timestamp()
    self.note = note
  }
}

extension HTMLPage {
  /// Writes the page; the file appears whole or not at all.
  package func write(to path: String) throws(FileError) { try AtomicFile.write(html(), to: path, links: .replaced) }
}
