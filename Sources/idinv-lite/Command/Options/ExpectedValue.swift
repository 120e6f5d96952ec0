/// What the options' placeholders stand for, in the words of an error: ArgumentParser says that a value is invalid, and not
/// what would be valid. Options of the same placeholder take the same kind of value.
enum ExpectedValue {
  private static let descriptions = [
    "n": "a whole number", "k": "a whole number", "pixels": "a whole number of pixels",
    "seed": "a whole number from 0 to \(UInt64.max)", "alpha": "a number such as -1.5", "psi": "a number such as 0.7",
    "share": "a number such as 0.02", "weight": "a number such as 5e-5", "rate": "a number such as 0.01",
    "c": "a number such as 1", "dB": "a number of dB", "db": "a number of dB",
    "face": "largest, all or a number from 1",
    "size": "bytes, or a size such as 256M or 1.5G", "time": "a time with its unit, such as 300ms, 5s or 2m",
    "i/n": "a part of the whole such as 1/3, auto or auto/3", "cores": "auto, big, all or CPUs such as 0-3,7",
    "b.npy[:factor]": "a file, or a file and a factor other than 0 such as smile.npy:-0.5",
  ]

  /// Completes "The value 'x' is invalid for '--threads <n>'": "a whole number"; nil for other messages.
  static func description(for message: String) -> String? {
    let beginning = message.hasPrefix("The value '") ? "' is invalid for '" : "Missing value for '"
    guard message.hasSuffix(">'"), let place = message.firstRange(of: beginning),
      let start = message[place.upperBound...].firstIndex(of: "<")
    else { return nil }
    return descriptions[String(message[message.index(after: start)...].dropLast(2))]
  }
}
