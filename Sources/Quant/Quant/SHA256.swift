import Files

/// The SHA-256 hash (FIPS 180-4), over data given in pieces.
package struct SHA256: Sendable {
  private var state: [UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
  ]
  /// Bytes given that do not fill a block of 64 yet.
  private var pending: [UInt8] = []
  private var byteCount: UInt64 = 0

  package init() {}

  /// Appends `bytes` to the hashed data.
  package mutating func update(_ bytes: [UInt8]) {
    byteCount &+= UInt64(bytes.count)
    var start = 0
    if !pending.isEmpty {
      let taken = min(64 - pending.count, bytes.count)
      pending.append(contentsOf: bytes[..<taken])
      start = taken
      if pending.count < 64 { return }
      compress(pending, at: 0, blockCount: 1)
      pending.removeAll(keepingCapacity: true)
    }
    let blockCount = (bytes.count - start) / 64
    compress(bytes, at: start, blockCount: blockCount)
    pending.append(contentsOf: bytes[(start + blockCount * 64)...])
  }

  /// The hash of everything given, in 64 lowercase hexadecimal digits.
  package func hexDigest() -> String {
    var copy = self
    let bitCount = byteCount &* 8
    let zeros = (119 - pending.count) % 64
    copy.update(
      [0x80] + [UInt8](repeating: 0, count: zeros)
        + (0..<8).map { UInt8(truncatingIfNeeded: bitCount >> (56 - 8 * UInt64($0))) })
    return copy.state.map { word in
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 8 - digits.count) + digits
    }.joined()
  }

  /// The hash of a whole file, read in pieces of 1 MiB.
  ///
  /// - Throws: `ModelFileError.file`.
  package static func hexDigest(ofFile path: String) throws(ModelFileError) -> String {
    try ModelFileError.files { () throws(FileError) in
      var hash = SHA256()
      try InputFile(path: path).forEachPiece { hash.update($0) }
      return hash.hexDigest()
    }
  }

  /// FIPS 180-4, section 6.2.2, on consecutive blocks. The message schedule lives in sixteen variables that the
  /// compiler keeps in registers; each group of sixteen rounds renews it for the next.
  private mutating func compress(_ bytes: [UInt8], at start: Int, blockCount: Int) {
    guard blockCount > 0 else { return }
    precondition(start >= 0 && start + 64 * blockCount <= bytes.count)
    let constants = roundConstants
    var (h0, h1, h2, h3) = (state[0], state[1], state[2], state[3])
    var (h4, h5, h6, h7) = (state[4], state[5], state[6], state[7])
    for block in 0..<blockCount {
      let base = start + 64 * block
      var w0 = word(bytes, base), w1 = word(bytes, base + 4), w2 = word(bytes, base + 8)
      var w3 = word(bytes, base + 12), w4 = word(bytes, base + 16), w5 = word(bytes, base + 20)
      var w6 = word(bytes, base + 24), w7 = word(bytes, base + 28), w8 = word(bytes, base + 32)
      var w9 = word(bytes, base + 36), w10 = word(bytes, base + 40), w11 = word(bytes, base + 44)
      var w12 = word(bytes, base + 48), w13 = word(bytes, base + 52), w14 = word(bytes, base + 56)
      var w15 = word(bytes, base + 60)
      var (a, b, c, d, e, f, g, h) = (h0, h1, h2, h3, h4, h5, h6, h7)
      for group in 0..<4 {
        let k = group * 16
        round(a, b, c, &d, e, f, g, &h, w0 &+ constants[k])
        round(h, a, b, &c, d, e, f, &g, w1 &+ constants[k + 1])
        round(g, h, a, &b, c, d, e, &f, w2 &+ constants[k + 2])
        round(f, g, h, &a, b, c, d, &e, w3 &+ constants[k + 3])
        round(e, f, g, &h, a, b, c, &d, w4 &+ constants[k + 4])
        round(d, e, f, &g, h, a, b, &c, w5 &+ constants[k + 5])
        round(c, d, e, &f, g, h, a, &b, w6 &+ constants[k + 6])
        round(b, c, d, &e, f, g, h, &a, w7 &+ constants[k + 7])
        round(a, b, c, &d, e, f, g, &h, w8 &+ constants[k + 8])
        round(h, a, b, &c, d, e, f, &g, w9 &+ constants[k + 9])
        round(g, h, a, &b, c, d, e, &f, w10 &+ constants[k + 10])
        round(f, g, h, &a, b, c, d, &e, w11 &+ constants[k + 11])
        round(e, f, g, &h, a, b, c, &d, w12 &+ constants[k + 12])
        round(d, e, f, &g, h, a, b, &c, w13 &+ constants[k + 13])
        round(c, d, e, &f, g, h, a, &b, w14 &+ constants[k + 14])
        round(b, c, d, &e, f, g, h, &a, w15 &+ constants[k + 15])
        if group == 3 { break }
        w0 = expand(w0, w1, w9, w14)
        w1 = expand(w1, w2, w10, w15)
        w2 = expand(w2, w3, w11, w0)
        w3 = expand(w3, w4, w12, w1)
        w4 = expand(w4, w5, w13, w2)
        w5 = expand(w5, w6, w14, w3)
        w6 = expand(w6, w7, w15, w4)
        w7 = expand(w7, w8, w0, w5)
        w8 = expand(w8, w9, w1, w6)
        w9 = expand(w9, w10, w2, w7)
        w10 = expand(w10, w11, w3, w8)
        w11 = expand(w11, w12, w4, w9)
        w12 = expand(w12, w13, w5, w10)
        w13 = expand(w13, w14, w6, w11)
        w14 = expand(w14, w15, w7, w12)
        w15 = expand(w15, w0, w8, w13)
      }
      h0 = h0 &+ a
      h1 = h1 &+ b
      h2 = h2 &+ c
      h3 = h3 &+ d
      h4 = h4 &+ e
      h5 = h5 &+ f
      h6 = h6 &+ g
      h7 = h7 &+ h
    }
    state = [h0, h1, h2, h3, h4, h5, h6, h7]
  }
}

@inline(__always)
private func word(_ bytes: [UInt8], _ at: Int) -> UInt32 {
  UInt32(bytes[at]) << 24 | UInt32(bytes[at + 1]) << 16 | UInt32(bytes[at + 2]) << 8 | UInt32(bytes[at + 3])
}

@inline(__always)
private func rotated(_ x: UInt32, _ count: UInt32) -> UInt32 { x &>> count | x &<< (32 &- count) }

/// One round; the caller renames the eight variables instead of moving them.
@inline(__always)
private func round(
  _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32, _ e: UInt32, _ f: UInt32, _ g: UInt32,
  _ h: inout UInt32, _ scheduled: UInt32
) {
  let sum1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
  let t1 = h &+ sum1 &+ (g ^ (e & (f ^ g))) &+ scheduled
  let sum0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
  d = d &+ t1
  h = t1 &+ sum0 &+ ((a & b) | (c & (a | b)))
}

/// `w[t]` from `w[t-16]`, `w[t-15]`, `w[t-7]`, `w[t-2]`.
@inline(__always)
private func expand(_ w16: UInt32, _ w15: UInt32, _ w7: UInt32, _ w2: UInt32) -> UInt32 {
  let s0 = rotated(w15, 7) ^ rotated(w15, 18) ^ (w15 &>> 3)
  let s1 = rotated(w2, 17) ^ rotated(w2, 19) ^ (w2 &>> 10)
  return w16 &+ s0 &+ w7 &+ s1
}

/// Fractional parts of the cube roots of the first 64 primes.
private let roundConstants: [UInt32] = [
  0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
  0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
  0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
  0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
  0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
  0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
  0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
  0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
]
