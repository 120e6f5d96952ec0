/// An image that could not be worked on, and why. It does not stop the others.
package struct SkippedImage: Encodable, Sendable {
  package var path: String
  package var reason: String

  package init(path: String, reason: String) {
    self.path = path
    self.reason = reason
  }
}
