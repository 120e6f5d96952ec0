import Quant

/// What a checkpoint holds, told from its tensors' names and shapes and its objects' classes.
package struct Recognition: Sendable {
  /// A network that can be converted.
  package struct Network: Sendable {
    package var part: NetworkPart
    /// With its article: "a StyleGAN generator (genforce's names)".
    package var title: String
    /// Where the file has it several times, the copies' prefixes, the one that is taken first.
    package var copies: [String]
  }

  package let path: String
  package let networks: [Network]
  /// The network that LPIPS's linear layers could weigh.
  let lpipsNetwork: LPIPSSpecification.Network?
  /// What the file is where it holds no network that can be converted: "a StyleGAN3 generator".
  package let other: String?

  /// The network that the file holds some tensors of, too few to tell which one it is.
  let incomplete: NetworkPart?
  /// Whether the file holds a generator, of a kind that is not read.
  private let isUnread: Bool

  /// In a sentence: "a StyleGAN generator (genforce's StyleGAN) and an encoder (…)".
  package var description: String {
    let all = networks.map(\.title)
    guard all.isEmpty else { return all.joined(separator: " and ") }
    if let other { return other }
    if let incomplete { return "a part of \(incomplete.withArticle)" }
    return "a file of no known network (\(tensorCount) tensors: \(firstNames.joined(separator: ", ")), …)"
  }

  /// That it is not what it was given for.
  func wrongNetwork(for part: NetworkPart) -> CheckpointError {
    .wrongNetwork(
      part: part.rawValue, found: description + (isUnread ? CheckpointError.unread : ""),
      expected: part.conversion.examples)
  }

  /// Whether the file is something that has a name of its own.
  private var isKnown: Bool { !networks.isEmpty || other != nil }

  private let tensorCount: Int
  private let firstNames: [String]

  /// - Parameter which: part of the name of the copy that is wanted.
  package init(_ checkpoint: Checkpoint, which: String? = nil) {
    path = checkpoint.path
    tensorCount = checkpoint.names.count
    firstNames = Array(checkpoint.names.prefix(3))
    lpipsNetwork = LPIPSPlan.trunk(in: checkpoint)?.network
    let other = ForeignNetworks.generator(checkpoint)
    isUnread = other != nil
    let found = other == nil ? NetworkPart.allCases.compactMap { Self.network($0, in: checkpoint, which) } : []
    // A judge and an attribute network have files of their own; others have layers of an attribute network's names.
    if let judge = found.first(where: { $0.part == .judge }) {
      networks = [judge]
    } else {
      networks = found.count > 1 ? found.filter { $0.part != .attributes } : found
    }
    self.other = other ?? ForeignNetworks.other(checkpoint)
    incomplete = networks.isEmpty && self.other == nil ? ForeignNetworks.incomplete(checkpoint) : nil
  }

  /// What an error says of checkpoints that were given for a part: what the file is, where it is another network.
  static func named(
    _ error: CheckpointError, of part: NetworkPart, in checkpoints: [Checkpoint]
  ) -> CheckpointError {
    for checkpoint in checkpoints {
      let recognition = Recognition(checkpoint)
      guard recognition.isKnown || error.isOfTensors, !recognition.mayHold(part, checkpoint) else { continue }
      return recognition.wrongNetwork(for: part).inFile(checkpoints.count > 1 ? checkpoint.path : nil)
    }
    return error
  }

  private func mayHold(_ part: NetworkPart, _ checkpoint: Checkpoint) -> Bool {
    switch part {
    case .attributes where part.conversion.found(in: checkpoint) != nil: !networks.contains { $0.part == .judge }
    case .lpips where lpipsNetwork != nil: true
    default: networks.contains { $0.part == part } || incomplete == part
    }
  }

  private static func network(_ part: NetworkPart, in checkpoint: Checkpoint, _ which: String?) -> Network? {
    guard let (title, counts) = part.conversion.found(in: checkpoint), let copies = NetworkCopies(counts) else {
      return nil
    }
    let chosen = copies.choose(which) ?? copies.prefixes[0]
    return Network(part: part, title: title, copies: [chosen] + copies.prefixes.filter { $0 != chosen })
  }
}

extension Conversion {
  /// What files are given for, and what they turned out to be.
  package struct Assignment {
    package var conversion: Conversion
    /// One for each file.
    package var recognitions: [Recognition]

    /// Converts, as `Conversion.run`; an error that names no file gets that of the checkpoint that it is about.
    package func run(
      to output: String, while goesOn: (Double) -> Bool
    ) throws(CheckpointError) -> ConversionReport? {
      do {
        return try conversion.run(to: output, while: goesOn)
      } catch {
        let text = error.description
        let names = Set(conversion.paths + recognitions.map(\.path) + [output])
        guard !names.contains(where: text.contains), let path = culprit(error) else { throw error }
        throw .inFile(path: path, named(error, in: path))
      }
    }

    /// The error with what the file is, where a known network is incomplete or has an odd tensor.
    private func named(_ error: CheckpointError, in path: String) -> CheckpointError {
      switch error {
      case .missingTensors, .tensor: break
      default: return error
      }
      let known = recognitions.first { $0.path == path }
      guard let recognition = known ?? (try? CheckpointReader.open(path)).map({ Recognition($0) }),
        !recognition.networks.isEmpty || recognition.incomplete != nil
      else { return error }
      return .inNetwork(found: recognition.description, error)
    }

    /// The only checkpoint, the one of the kind, the one that cannot be opened, or the one that has the tensor.
    private func culprit(_ error: CheckpointError) -> String? {
      let paths = conversion.paths
      if paths.count == 1 { return paths[0] }
      switch error {
      case .wrongNetwork(let part, _, _), .missingTensors(let part, _):
        return NetworkPart(rawValue: part).flatMap { conversion.checkpoints[$0]?.first }
      default: break
      }
      return paths.first { path in
        guard let names = try? CheckpointReader.open(path).names else { return true }
        guard case .tensor(let name, _, _) = error else { return false }
        return names.contains { $0 == name || $0.hasSuffix("." + name) }
      }
    }
  }

  /// Gives each file's networks to the parts that no path was given for.
  ///
  /// - Throws: as `CheckpointReader.open`; `.unsupported` where a file holds nothing that is wanted, by what it is; `.mismatch`
  ///   where two files hold the same part.
  package func assigning(_ files: [String]) throws(CheckpointError) -> Assignment {
    var result = Assignment(conversion: self, recognitions: [])
    for path in files {
      let checkpoint: Checkpoint
      do throws(CheckpointError) {
        checkpoint = try CheckpointReader.open(path)
      } catch {
        throw error.located(in: path)
      }
      let recognition = Recognition(checkpoint, which: options.which)
      result.recognitions.append(recognition)
      guard !recognition.networks.isEmpty else {
        throw .unsupported(
          path: path, found: "this is \(recognition.description)",
          expected: "one of these: \(NetworkPart.allCases.map(\.withArticle).joined(separator: ", "))")
      }
      for part in recognition.networks.map(\.part) where checkpoints[part] == nil {
        if let owner = result.conversion.checkpoints[part]?.first, part != .detector, part != .lpips {
          throw .mismatch(
            what: "the \(part.rawValue)", found: "in two files, \(owner) and \(path)",
            expected: "in one: leave one out, or say which one is the \(part.rawValue)")
        }
        result.conversion.checkpoints[part, default: []].append(path)
      }
    }
    result.assignLPIPSNetwork()
    return result
  }
}

extension Conversion.Assignment {
  /// LPIPS's linear layers may weigh the VGG16 that was given beside them. It is the perceptual network too, unless there is
  /// nothing that would compare its features.
  fileprivate mutating func assignLPIPSNetwork() {
    guard let lpips = conversion.checkpoints[.lpips] else { return }
    let hasNetwork = recognitions.contains { lpips.contains($0.path) && $0.lpipsNetwork != nil }
    if !hasNetwork, let vgg = recognitions.first(where: { $0.lpipsNetwork == .vgg }) {
      conversion.checkpoints[.lpips] = lpips + [vgg.path]
    }
    let parts: [NetworkPart] = [.generator, .encoder, .attributes]
    guard parts.allSatisfy({ conversion.checkpoints[$0] == nil }),
      let perceptual = conversion.checkpoints[.perceptual]?.first
    else { return }
    if conversion.checkpoints[.lpips]?.contains(perceptual) == true { conversion.checkpoints[.perceptual] = nil }
  }
}
