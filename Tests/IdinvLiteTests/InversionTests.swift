import IdinvLite
import Testing

@Suite struct InversionTests {
  @Test("refinement improves on the encoder, and progress tells of each step")
  func improves() throws {
    // In 'auto' codes are made in 8 bits where the processor is fast at that, and optimized without.
    let model = try Shipped.model(EngineOptions(threads: 2, arithmetic: .f32))
    var steps: [Int] = []
    let result = try model.invert([Shipped.face(1)], options: InversionOptions(steps: 8)) { progress in
      steps.append(progress.step)
      #expect(progress.image == 0 && progress.imageCount == 1 && progress.plannedSteps == 8)
      return .goOn
    }
    #expect(steps == Array(1...8))
    let image = try result.images[0].get()
    #expect(image.stopReason == .steps && image.losses.count == 8)
    #expect(image.losses[7].total < image.losses[0].total)
    let encoded = try model.encode([Shipped.face(1)])
    #expect(result.startCodes == encoded && result.codes != encoded && result.failures.isEmpty)
  }

  @Test("neighbors and previews change nothing")
  func neighbors() throws {
    let model = try Shipped.model()
    let options = InversionOptions(steps: 3)
    let alone = try model.invert([Shipped.face(2)], options: options)
    let together = try model.invert([Shipped.face(1), Shipped.face(2), Shipped.face(3)], options: options) { progress in
      let preview = try? model.synthesize(progress.bestCode)
      #expect(preview?.count == 1)
      return .goOn
    }
    #expect(together.codes[1] == alone.codes)
  }

  @Test("a handler stops one image, or the call")
  func stopping() throws {
    let model = try Shipped.model()
    var options = InversionOptions(steps: 9)
    options.batch = 1
    let faces = [try Shipped.face(1), try Shipped.face(2)]
    let first = try model.invert(faces, options: options) { $0.image == 0 && $0.step == 2 ? .stopImage : .goOn }
    #expect(try first.images[0].get().stopReason == .interrupted)
    #expect(try first.images[1].get().losses.count == 9)
    let all = try model.invert(faces, options: options) { $0.step == 2 ? .stopAll : .goOn }
    #expect(all.failures.map(\.image) == [1] && all.failures[0].error.kind == .cancelled)
    #expect(all.codes[1].values.allSatisfy(\.isNaN) && all.codes[0].values.allSatisfy(\.isFinite))
  }

  @Test("a cancelled task stops")
  func cancellation() async throws {
    let model = try Shipped.model()
    let face = try Shipped.face(1)
    let task = Task { try model.invert([face], options: InversionOptions(steps: 100_000)) }
    task.cancel()
    let result = try await task.value
    #expect((try? result.images[0].get())?.losses.count ?? 0 < 100_000)
  }

  @Test("what fails for one image does not concern the others")
  func failures() throws {
    let model = try Shipped.model()
    let oblong = try Image(width: 2, height: 1, pixels: [0, 0, 0, 0, 0, 0])
    let result = try model.invert([Shipped.face(1), oblong], options: InversionOptions(steps: 1))
    #expect(result.failures.map(\.image) == [1] && result.failures[0].error.kind == .badData)
  }

  @Test("options are checked", arguments: 0..<5)
  func badOptions(_ index: Int) throws {
    var options = InversionOptions(steps: 1)
    switch index {
    case 0: options.steps = -1
    case 1: options.domainWeight = .nan
    case 2: options.batch = -1
    case 3: options.budgetSeconds = 0
    default: options.start = .code(try Codes([1, 2], layerCount: 1, dimension: 2))
    }
    let error = failure { _ = try Shipped.model().invert([Shipped.face(1)], options: options) }
    #expect(error?.kind == .invalidArgument, "\(error?.message ?? "no error")")
  }

  @Test("a part of one image is diffused into another")
  func diffusion() throws {
    let model = try Shipped.model()
    let result = try model.diffuse(Shipped.face(1), into: Shipped.face(2), options: InversionOptions(steps: 2))
    #expect(result.codes.count == 1 && result.failures.isEmpty)
    let square = try model.diffuse(
      Shipped.face(1), into: Shipped.face(2), part: .square(size: 20, centerX: 30, centerY: 30),
      options: InversionOptions(steps: 2))
    #expect(square.codes != result.codes)
    let none = failure {
      _ = try model.diffuse(Shipped.face(1), into: Shipped.face(2), part: .square(size: 5, centerX: 500, centerY: 0))
    }
    #expect(none?.kind == .invalidArgument)
  }
}
