import Imaging

/// The folder of a run's results.
package struct OutputFolder {
  package let root: String

  package init(_ root: String) { self.root = root }

  /// Makes sure that the folder exists and can be written, before any work is done.
  package func prepare() throws { try AtomicFile.createFolder(root) }

  package func path(_ name: String) -> String { root.hasSuffix("/") ? root + name : root + "/" + name }

  /// Checks, before any work is done, that results can have their names.
  package func check(_ names: [String], inputs: [String]) throws {
    let places = OutputPlaces(inputs: inputs)
    for name in names { try places.check(path(name)) }
  }

  package func writePNG(_ image: Image8, _ name: String) throws { try PNG.write(image, path(name)) }
}
