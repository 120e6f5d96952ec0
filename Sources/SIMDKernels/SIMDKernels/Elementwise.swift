extension Kernels {
  /// y = activation(x + strength·noise + bias). May run in place.
  public func addNoiseBiasActivate(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, shape: BlockedShape, noise: UnsafePointer<Float>?, noiseStrength: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, activation: Activation
  ) { preconditionFailure("not yet") }

  /// gx = gy · (y > 0 ? 1 : slope), y the forward *output*. gradInput may be gradOutput or output.
  public func activationBackward(
    gradInput: UnsafeMutablePointer<Float>, gradOutput: UnsafePointer<Float>, output: UnsafePointer<Float>, shape: some TensorShape, slope: Float
  ) { preconditionFailure("not yet") }

  /// output = a + b. May run in place.
  public func add(
    output: UnsafeMutablePointer<Float>, a: UnsafePointer<Float>, b: UnsafePointer<Float>, shape: some TensorShape
  ) { preconditionFailure("not yet") }

  /// output = sum of n tensors. May run in place.
  public func sum(
    output: UnsafeMutablePointer<Float>, inputs: UnsafeBufferPointer<UnsafePointer<Float>>, shape: some TensorShape
  ) { preconditionFailure("not yet") }

  /// output = factor · input. May run in place.
  public func scale(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, factor: Float, shape: some TensorShape
  ) { preconditionFailure("not yet") }

  /// output = a · b, element by element (masks). May run in place.
  public func multiply(
    output: UnsafeMutablePointer<Float>, a: UnsafePointer<Float>, b: UnsafePointer<Float>, shape: some TensorShape
  ) { preconditionFailure("not yet") }

  /// output = input + shift[c]; shift holds `shape.channels` floats.
  public func addChannelShift(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, shift: UnsafePointer<Float>, shape: BlockedShape
  ) { preconditionFailure("not yet") }

  /// output = tanh(input). May run in place.
  public func tanh(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, shape: some TensorShape
  ) { preconditionFailure("not yet") }

  /// gx = gy · (1 − y²). May run in place.
  public func tanhBackward(
    gradInput: UnsafeMutablePointer<Float>, gradOutput: UnsafePointer<Float>, output: UnsafePointer<Float>, shape: some TensorShape
  ) { preconditionFailure("not yet") }

  /// Copies between shapes that differ in halo only.
  public func copy(
    output: UnsafeMutablePointer<Float>, input: UnsafePointer<Float>, outputShape: BlockedShape, inputShape: BlockedShape
  ) { preconditionFailure("not yet") }
}
