import IdinvLite
import Testing

@Suite struct EditingTests {
  @Test("manipulation moves along boundaries, and at 0 not at all")
  func manipulation() throws {
    let model = try Shipped.model()
    let smile = try Boundary(contentsOf: Shipped.path("boundaries/smile.npy"), for: model)
    #expect(smile.name == "smile" && smile.distanceDeviation ?? 0 > 0)
    let codes = try model.sample(seeds: [1, 2])
    let moved = try codes.manipulated(along: [(smile, 1)], distances: [0, 0.5])
    #expect(moved.shape == [4, 10, 64] && moved[0] == codes[0] && moved[2] == codes[1])
    #expect(moved[1] != codes[0])
    let none = failure { _ = try codes.manipulated(along: [], distances: [1]) }
    #expect(none?.kind == .invalidArgument)
  }

  @Test("interpolation keeps both ends, mixing keeps the early layers")
  func interpolationAndMixing() throws {
    let codes = try Shipped.model().sample(seeds: [1, 2])
    let line = try Codes.interpolated(from: codes[0], to: codes[1], innerSteps: 3)
    #expect(line.count == 5 && line[0] == codes[0] && line[4] == codes[1])
    let mixed = try codes[0].mixed(withStyleOf: codes[1], layers: [9])
    #expect(mixed.values.prefix(9 * 64) == codes[0].values.prefix(9 * 64))
    #expect(mixed.values.suffix(64) == codes[1].values.suffix(64))
    let bad = failure { _ = try codes.mixed(withStyleOf: codes[1], layers: [10]) }
    #expect(bad?.kind == .invalidArgument)
  }

  @Test("a boundary is learned, kept and read again")
  func training() throws {
    let model = try Shipped.model()
    let samples = try model.drawAttributeSamples(120, seed: 5)
    #expect(samples.names == model.info.attributeNames && samples.values.count == 120 * samples.names.count)
    var options = TrainingOptions()
    options.ratio = 0.3
    let scores = try #require(samples.scores(samples.names[0]))
    let trained = try Boundary.train(samples.names[0], codes: samples.codes, scores: scores, options: options)
    #expect(trained.trainingAccuracy ?? 0 > 0.9 && trained.correlation > 0.3)
    try Shipped.withFolder { folder in
      try trained.boundary.write(to: folder + "/b.npy")
      let again = try Boundary(contentsOf: folder + "/b.npy", for: model)
      #expect(again == trained.boundary)
    }
    let smile = try Boundary(contentsOf: Shipped.path("boundaries/smile.npy"), for: model)
    let apart = try trained.boundary.projected(off: [smile])
    let product = zip(apart.normal, smile.normal).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    #expect(abs(product) < 1e-5)
    let wrong = failure { _ = try Boundary.train("x", codes: samples.codes, scores: [1, 2]) }
    #expect(wrong?.kind == .badData)
  }

  @Test("conversion refuses what it cannot read, and leaves nothing behind")
  func conversion() throws {
    let nothing = failure { _ = try ModelConversion().run(to: "x.idinv") }
    #expect(nothing?.kind == .invalidArgument)
    try Shipped.withFolder { folder in
      let picture = failure {
        _ = try ModelConversion(generator: Shipped.path("examples/face-01.png")).run(to: folder + "/x.idinv")
      }
      #expect(picture?.kind == .badData && picture?.path == Shipped.path("examples/face-01.png"))
      let model = failure { _ = try Model(path: folder + "/x.idinv") }
      #expect(model?.kind == .missingFile)
    }
  }
}
