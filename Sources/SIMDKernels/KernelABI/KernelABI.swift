/// The functions of one tier. A value, passed in and never global: tests, benches and dispatch hold several at once.
public struct KernelTable: Sendable {
  /// The highest tier plugged in.
  public var tier: Tier

  /// An empty table.
  public init(tier: Tier) { self.tier = tier }
}
