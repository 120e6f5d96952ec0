import Inversion
import Testing

@Suite("what tells inversions apart")
struct IdentityTests {
  /// A change of each stored property, by its name.
  private static func changes() throws -> [String: (inout InversionOptions) -> Void] {
    let other = try Golden.model("res32")
    return [
      "iterations": { $0.iterations += 1 },
      "optimizer": { $0.optimizer = .auto },
      "learningRate": { $0.learningRate *= 1.000_001 },
      "weights": { $0.weights.domain += 0.5 },
      "start": { $0.start = .mean },
      "startEncoder": { $0.startEncoder = other },
      "space": { $0.space = .w },
      "goals": { $0.goals.patience = 7 },
      "snapshotCount": { $0.snapshotCount += 1 },
    ]
  }

  @Test("each option but the number of snapshots changes the identity")
  func everyOption() throws {
    let options = InversionOptions()
    let changes = try Self.changes()
    let names = Mirror(reflecting: options).children.compactMap(\.label)
    #expect(Set(names) == Set(changes.keys), "a new option needs a change here")
    for (name, change) in changes {
      var other = options
      change(&other)
      #expect((other.identity == options.identity) == (name == "snapshotCount"), "\(name)")
      let isLimit = ["iterations", "goals", "snapshotCount"].contains(name)
      #expect((other.stepIdentity == options.stepIdentity) == isLimit, "\(name)")
    }
  }

  @Test("journals of earlier versions go on: the identity of the defaults is what it was")
  func pinned() {
    #expect(
      InversionOptions().identity
        == "a73a4f209f6c7335ddf0f5fa8da3864a8b1ae3b33d7ed8e3505c71eb9b1d6911")
  }

  @Test("each weight, goal and entry of a start code changes the identity")
  func parts() {
    let code = InversionOptions(start: .code([0, 1, 2]))
    var seen: Set = [InversionOptions().identity, code.identity]
    func isNew(_ change: (inout InversionOptions) -> Void) -> Bool {
      var options = code
      change(&options)
      return seen.insert(options.identity).inserted
    }
    #expect(isNew { $0.start = .code([0, 1, 2.000_000_2]) })
    #expect(isNew { $0.start = .code([0, 1]) })
    #expect(isNew { $0.weights.pixel = 2 })
    #expect(isNew { $0.weights.perceptual = 0 })
    #expect(isNew { $0.weights.domain = 0 })
    #expect(isNew { $0.goals.budgetSeconds = 1 })
    #expect(isNew { $0.goals.targetPSNR = 1 })
    #expect(isNew { $0.goals.patience = 1 })
    #expect(!isNew { _ in })
  }

  @Test("models are told apart by their headers")
  func models() throws {
    let model = try Golden.model("res32")
    let same = try Model(path: model.path)
    let halves = try Golden.model("res32", weights: .f16)
    let others = try Golden.model("res128")
    #expect(model.file.identity == same.file.identity && model.file.identity.count == 64)
    #expect(Set([model, halves, others].map(\.file.identity)).count == 3)
  }
}
