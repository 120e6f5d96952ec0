/// What a body throws; nil where it throws nothing.
///
/// Takes the place of `#expect { … } throws: { … }`, over which Swift 6.0.3's compiler ends by itself.
package func thrownError(_ body: () throws -> Void) -> (any Error)? {
  do {
    try body()
    return nil
  } catch {
    return error
  }
}
