import SIMDKernels

/// A differentiable function of tensors with one output.
///
/// Weights are constants of an operator, and frozen: only data gradients exist. The backward rule stands beside the
/// forward rule, in the same file, and is expressed by appending nodes to the same graph.
package protocol Operator: Sendable {
  /// The name in error messages and in per-operator reports.
  var name: String { get }

  /// Checks the inputs and states the output's shape.
  func outputShape(_ inputs: [Shape]) throws(GraphError) -> Shape

  /// Positions of the inputs whose memory the output may take over where they are not needed afterwards.
  var inPlaceInputs: [Int] { get }

  /// Chooses kernels, packs weights and sizes the workspace for these shapes.
  func prepare(_ site: PreparationSite) throws(GraphError) -> PreparedOperator

  /// Appends the nodes that compute the gradient of each input of `node` for which `wanted` is true.
  ///
  /// - Parameter gradOutput: gradient of the loss by the node's output, of the output's shape.
  /// - Returns: one tensor per input, `nil` where no gradient is wanted or none flows.
  func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?]
}

extension Operator {
  package var inPlaceInputs: [Int] { [] }

  package func appendBackward(
    _ graph: inout Graph, node: Node, gradOutput: TensorID, wanted: [Bool]
  ) throws(GraphError) -> [TensorID?] {
    throw .notDifferentiable(operator: name)
  }
}

/// What an operator may look at while it is prepared.
package struct PreparationSite {
  package let kernels: Kernels
  package let inputs: [Shape]
  package let output: Shape
}

/// An operator after all choices are made: how much workspace it needs, and how it runs on given memory.
package struct PreparedOperator {
  package let workspaceByteCount: Int
  /// Floating-point operations by the operator's definition, whatever algorithm computes it; 0 where memory traffic is
  /// what counts.
  package let work: Int
  /// Of `work`, what the chosen algorithm executes in matrix products; and bytes that its transforms load and store.
  package let matrixWork: Int, transformByteCount: Int
  /// Of its matrix products.
  package let arithmetic: ProductArithmetic
  /// Bytes of weights and other constants that one run reads, as they lie in memory: packed, in their own precision.
  package let constantByteCount: Int
  /// Operations in the time that it takes, about: less than `work` for minimal filtering, more where weights are widened.
  package let effectiveWork: Double
  package let run: (OperatorMemory) -> Void
  /// Planes of its tensors (channel blocks of images) that it can do one by one, in any order; 0 where it cannot.
  package private(set) var planeCount = 0
  /// Does one plane alone, on the thread at hand. It reads no other plane of any tensor that has planes.
  package private(set) var runPlane: (OperatorMemory, Int) -> Void = { _, _ in preconditionFailure("not plane by plane")
  }
  /// What makes the output of what the planes have left in the workspace, once all are done; nil where they write it.
  package private(set) var finish: ((OperatorMemory) -> Void)?
  /// How it does some rows of a plane alone; nil where it cannot.
  package private(set) var bands: Bands?

  /// Work on some rows of a plane, on the thread at hand. It writes these rows of the output, with the halo beside them.
  package struct Bands {
    /// What it reads of its inputs' planes.
    package enum Reach {
      /// The same rows of the same plane.
      case rows
      /// The same rows of all planes of an image.
      case planes
      /// Other rows too, which must all be there then.
      case neighbors
    }
    /// Of the output.
    package let shape: BlockedShape
    package let reach: Reach
    /// What is done once, before all bands; it reads no image.
    package let begin: ((OperatorMemory) -> Void)?
    package let run: (OperatorMemory, PlaneBand) -> Void

    var rowByteCount: Int { shape.rowStride * 4 }
  }

  package init(
    workspaceByteCount: Int = 0, work: Int = 0, execution: ConvolutionExecution? = nil, effectiveWork: Double? = nil,
    constantByteCount: Int = 0,
    run: @escaping (OperatorMemory) -> Void
  ) {
    self.workspaceByteCount = workspaceByteCount
    self.work = work
    matrixWork = execution?.matrixWork ?? work
    arithmetic = execution?.arithmetic ?? .f32
    transformByteCount = execution?.transformByteCount ?? 0
    self.constantByteCount = constantByteCount
    self.effectiveWork = effectiveWork ?? Double(work)
    self.run = run
  }

  /// An operator that goes plane by plane, where memory traffic is what counts.
  ///
  /// - Parameters:
  ///   - run: does a plane, or all where it is nil.
  ///   - finish: makes the output of what they have left in the workspace, where they do not write it.
  package init(
    planes shape: BlockedShape, workspaceByteCount: Int = 0, constantByteCount: Int = 0,
    run: @escaping (OperatorMemory, _ plane: Int?) -> Void, finish: ((OperatorMemory) -> Void)? = nil
  ) {
    self.init(workspaceByteCount: workspaceByteCount, constantByteCount: constantByteCount) {
      run($0, nil)
      finish?($0)
    }
    self.finish = finish
    planeCount = shape.planeCount
    runPlane = { run($0, $1) }
  }

  /// An operator that goes plane by plane, and through a plane in bands of rows if need be.
  ///
  /// - Parameters:
  ///   - shape: of the output; inputs with planes have as many rows, unless neighbors are read.
  ///   - begin: what is done once, before all bands; it reads no image.
  ///   - run: does a band, or all planes where it is nil.
  package init(
    bands shape: BlockedShape, reach: Bands.Reach = .rows, workspaceByteCount: Int = 0, work: Int = 0,
    constantByteCount: Int = 0, begin: ((OperatorMemory) -> Void)? = nil,
    run: @escaping (OperatorMemory, _ band: PlaneBand?) -> Void
  ) {
    self.init(workspaceByteCount: workspaceByteCount, work: work, constantByteCount: constantByteCount) {
      begin?($0)
      run($0, nil)
    }
    planeCount = shape.planeCount
    runPlane = { run($0, shape.wholePlane($1)) }
    bands = Bands(shape: shape, reach: reach, begin: begin, run: { run($0, $1) })
  }
}

/// Where a node's tensors lie in the arena. Fixed when the graph is prepared. A trivial type: of a thousand copies a step none
/// counts references.
package struct OperatorMemory {
  package let inputs: UnsafeBufferPointer<UnsafePointer<Float>>
  package let output: UnsafeMutablePointer<Float>
  package let workspace: UnsafeMutableRawPointer?
}

/// Shape checks shared by the operators.
extension Operator {
  func blocked(_ shape: Shape) throws(GraphError) -> BlockedShape {
    guard case .blocked(let blocked) = shape else {
      throw .shapeMismatch(operator: name, expected: "an image tensor", found: "\(shape)")
    }
    return blocked
  }

  func dense(_ shape: Shape) throws(GraphError) -> DenseShape {
    guard case .dense(let dense) = shape else {
      throw .shapeMismatch(operator: name, expected: "a dense tensor", found: "\(shape)")
    }
    return dense
  }

  func requireEqual(_ expected: Shape, _ found: Shape) throws(GraphError) {
    guard expected == found else {
      throw .shapeMismatch(operator: name, expected: "\(expected)", found: "\(found)")
    }
  }

  func require(_ condition: Bool, _ expected: @autoclosure () -> String, _ found: Shape)
    throws(GraphError)
  {
    guard condition else {
      throw .shapeMismatch(operator: name, expected: expected(), found: "\(found)")
    }
  }
}
