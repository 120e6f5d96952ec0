import FoundationEssentials
import Imaging
import Quant

extension Image8 {
  /// SHA-256 of the pixels: what tells pictures apart, whatever files they come from.
  package var digest: String {
    var hash = SHA256()
    hash.update(pixels)
    return hash.hexDigest()
  }
}

extension [Float] {
  /// SHA-256 of the bits.
  package var hashDigest: String {
    var hash = SHA256()
    hash.update([UInt8](Data(floats: self)))
    return hash.hexDigest()
  }
}
