/// What this program calls itself in the files that it writes.
package enum Program {
  package static let version = "0.1.0"
}
