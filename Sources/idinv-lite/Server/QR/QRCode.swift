/// A QR code (ISO/IEC 18004) of a short text: byte mode, versions 1 to 6, error correction level L. Enough for an address.
package struct QRCode {
  /// Modules on a side, without the quiet zone.
  package let side: Int
  private var modules: [Bool]
  /// Modules that carry no data: finders, timing, alignment, format.
  private var isFunction: [Bool]

  /// Codewords of a version at level L.
  private struct Capacity {
    let dataCount: Int
    let correctionCount: Int
    let blockCount: Int
  }
  private static let capacities = [
    Capacity(dataCount: 19, correctionCount: 7, blockCount: 1),
    Capacity(dataCount: 34, correctionCount: 10, blockCount: 1),
    Capacity(dataCount: 55, correctionCount: 15, blockCount: 1),
    Capacity(dataCount: 80, correctionCount: 20, blockCount: 1),
    Capacity(dataCount: 108, correctionCount: 26, blockCount: 1),
    Capacity(dataCount: 136, correctionCount: 18, blockCount: 2),
  ]

  package subscript(row: Int, column: Int) -> Bool { modules[row * side + column] }

  /// - Returns: nil for a text of more than 134 bytes.
  package init?(_ text: String) {
    let bytes = [UInt8](text.utf8)
    // Mode, count and terminator take two codewords.
    guard let version = Self.capacities.firstIndex(where: { $0.dataCount >= bytes.count + 2 }) else { return nil }
    side = 21 + 4 * version
    modules = [Bool](repeating: false, count: side * side)
    isFunction = modules
    drawPatterns(version: version + 1)
    place(Self.codewords(bytes, Self.capacities[version]))
    applyBestMask()
  }

  // MARK: Data

  private static func codewords(_ bytes: [UInt8], _ capacity: Capacity) -> [UInt8] {
    // 0100: bytes. Their count, the bytes, and 0000: all shifted by half a codeword.
    var data: [UInt8] = [0x40 | UInt8(bytes.count >> 4)]
    var rest = UInt8(bytes.count & 0xf)
    for byte in bytes {
      data.append(rest << 4 | byte >> 4)
      rest = byte & 0xf
    }
    data.append(rest << 4)
    var padding: UInt8 = 0xec
    while data.count < capacity.dataCount {
      data.append(padding)
      padding ^= 0xec ^ 0x11
    }
    let size = capacity.dataCount / capacity.blockCount
    let blocks = (0..<capacity.blockCount).map { Array(data[$0 * size..<($0 + 1) * size]) }
    let corrections = blocks.map { correction(of: $0, count: capacity.correctionCount) }
    // Blocks take turns, codeword by codeword.
    return (0..<size).flatMap { index in blocks.map { $0[index] } }
      + (0..<capacity.correctionCount).flatMap { index in corrections.map { $0[index] } }
  }

  /// The remainder of Reed and Solomon's division over GF(256) with the polynomial 0x11d.
  private static func correction(of data: [UInt8], count: Int) -> [UInt8] {
    var generator = [UInt8](repeating: 0, count: count - 1) + [1]
    var root: UInt8 = 1
    for _ in 0..<count {
      for index in 0..<count {
        generator[index] = product(generator[index], root) ^ (index + 1 < count ? generator[index + 1] : 0)
      }
      root = product(root, 2)
    }
    var remainder = [UInt8](repeating: 0, count: count)
    for byte in data {
      let factor = byte ^ remainder.removeFirst()
      remainder.append(0)
      for index in 0..<count { remainder[index] ^= product(generator[index], factor) }
    }
    return remainder
  }

  private static func product(_ a: UInt8, _ b: UInt8) -> UInt8 {
    var result: UInt16 = 0
    for bit in (0..<8).reversed() {
      result = result << 1 ^ (result >> 7) * 0x11d
      result ^= UInt16(b >> UInt8(bit) & 1) * UInt16(a)
    }
    return UInt8(truncatingIfNeeded: result)
  }

  /// Fills the modules that are free in columns of two, from the right, up and down in turns.
  private mutating func place(_ codewords: [UInt8]) {
    var index = 0
    var right = side - 1
    while right > 0 {
      // The timing column is passed over.
      if right == 6 { right = 5 }
      let isUpward = (right + 1) & 2 == 0
      for step in 0..<side {
        let row = isUpward ? side - 1 - step : step
        for column in [right, right - 1] where !isFunction[row * side + column] && index < codewords.count * 8 {
          modules[row * side + column] = codewords[index / 8] >> UInt8(7 - index % 8) & 1 == 1
          index += 1
        }
      }
      right -= 2
    }
  }

  // MARK: Patterns

  private mutating func set(_ row: Int, _ column: Int, _ isDark: Bool) {
    modules[row * side + column] = isDark
    isFunction[row * side + column] = true
  }

  private mutating func drawPatterns(version: Int) {
    for index in 0..<side {
      set(6, index, index % 2 == 0)
      set(index, 6, index % 2 == 0)
    }
    for (row, column) in [(3, 3), (3, side - 4), (side - 4, 3)] {
      for y in max(0, row - 4)...min(side - 1, row + 4) {
        for x in max(0, column - 4)...min(side - 1, column + 4) {
          let distance = max(abs(y - row), abs(x - column))
          set(y, x, distance != 2 && distance != 4)
        }
      }
    }
    if version > 1 {
      let center = side - 7
      for y in center - 2...center + 2 {
        for x in center - 2...center + 2 { set(y, x, max(abs(y - center), abs(x - center)) != 1) }
      }
    }
    drawFormat(mask: 0)
  }

  /// Level and mask, twice, protected by a BCH code.
  private mutating func drawFormat(mask: Int) {
    let data = 0b01 << 3 | mask
    var remainder = data
    for _ in 0..<10 { remainder = remainder << 1 ^ (remainder >> 9) * 0x537 }
    let bits = (data << 10 | remainder) ^ 0x5412
    func bit(_ index: Int) -> Bool { bits >> index & 1 == 1 }
    for index in 0...5 { set(index, 8, bit(index)) }
    set(7, 8, bit(6))
    set(8, 8, bit(7))
    set(8, 7, bit(8))
    for index in 9..<15 { set(8, 14 - index, bit(index)) }
    for index in 0..<8 { set(8, side - 1 - index, bit(index)) }
    for index in 8..<15 { set(side - 15 + index, 8, bit(index)) }
    set(side - 8, 8, true)
  }

  // MARK: Masks

  private static func isMasked(_ mask: Int, _ row: Int, _ column: Int) -> Bool {
    switch mask {
    case 0: (row + column) % 2 == 0
    case 1: row % 2 == 0
    case 2: column % 3 == 0
    case 3: (row + column) % 3 == 0
    case 4: (row / 2 + column / 3) % 2 == 0
    case 5: row * column % 2 + row * column % 3 == 0
    case 6: (row * column % 2 + row * column % 3) % 2 == 0
    default: ((row + column) % 2 + row * column % 3) % 2 == 0
    }
  }

  private mutating func apply(_ mask: Int) {
    for row in 0..<side {
      for column in 0..<side where !isFunction[row * side + column] && Self.isMasked(mask, row, column) {
        modules[row * side + column].toggle()
      }
    }
  }

  private mutating func applyBestMask() {
    var best = (mask: 0, penalty: Int.max)
    for mask in 0..<8 {
      apply(mask)
      drawFormat(mask: mask)
      if penalty < best.penalty { best = (mask, penalty) }
      apply(mask)
    }
    apply(best.mask)
    drawFormat(mask: best.mask)
  }

  /// How hard the code is to read: long runs, blocks, what looks like a finder, too much of one color.
  private var penalty: Int {
    var result = 0
    let lines = (0..<side).map { row in (0..<side).map { self[row, $0] } }
    let columns = (0..<side).map { column in (0..<side).map { self[$0, column] } }
    let finder = [true, false, true, true, true, false, true]
    let light = [false, false, false, false]
    for line in lines + columns {
      var length = 1
      for index in 1...side {
        if index < side, line[index] == line[index - 1] {
          length += 1
        } else {
          if length >= 5 { result += length - 2 }
          length = 1
        }
      }
      for pattern in [finder + light, light + finder] {
        for start in 0...side - 11 where line[start..<start + 11].elementsEqual(pattern) { result += 40 }
      }
    }
    for row in 1..<side {
      for column in 1..<side {
        let block = [self[row, column], self[row - 1, column], self[row, column - 1], self[row - 1, column - 1]]
        if block.allSatisfy({ $0 == block[0] }) { result += 3 }
      }
    }
    let dark = modules.count { $0 }
    return result + 10 * (abs(20 * dark - 10 * modules.count) / modules.count)
  }

  /// For a terminal: half blocks, two rows a line, dark on light whatever the terminal's colors, with a quiet zone.
  package var terminalText: String {
    func isDark(_ row: Int, _ column: Int) -> Bool {
      (0..<side).contains(row) && (0..<side).contains(column) && self[row, column]
    }
    var text = ""
    for row in stride(from: -2, to: side + 2, by: 2) {
      text += "\u{1b}[30;107m"
      for column in -2..<side + 2 {
        switch (isDark(row, column), isDark(row + 1, column)) {
        case (true, true): text += "█"
        case (true, false): text += "▀"
        case (false, true): text += "▄"
        case (false, false): text += " "
        }
      }
      text += "\u{1b}[0m\n"
    }
    return text
  }
}
