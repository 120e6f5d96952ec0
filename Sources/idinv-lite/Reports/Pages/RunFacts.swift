// The head that the pages of all commands share: the facts of the run, its note, its options.

extension InversionReport.Run {
  /// A page that begins with these facts.
  package func page(title: String, lead: String) -> HTMLPage {
    let program = versions.first.map { "\($0.name) \($0.value)" } ?? "idinv-lite"
    var page = HTMLPage(
      title: title, lead: lead, facts: facts,
      footer: "Made by \(program). One file, nothing loaded from elsewhere.")
    if !note.isEmpty { page.add("<p class=\"note\">\(note)</p>\n") }
    if !options.isEmpty || versions.count > 1 {
      page.add(HTMLPage.more("Options and versions", HTMLPage.pairs(options + versions)))
    }
    return page
  }

  private var facts: [HTMLPage.Fact] {
    let identity: HTML = modelIdentity.isEmpty ? "" : "<code>\(modelIdentity)</code>"
    return [
      HTMLPage.Fact("Model", text: modelName),
      HTMLPage.Fact("Resolution", text: resolution > 0 ? "\(resolution) × \(resolution)" : ""),
      HTMLPage.Fact("Code", text: layerCount > 0 ? "\(layerCount) × \(codeDimension)" : ""),
      HTMLPage.Fact("Weights", text: weightsType),
      HTMLPage.Fact("Arithmetic", text: computeType),
      HTMLPage.Fact("Processor tier", text: tier),
      HTMLPage.Fact("Threads", text: threadCount > 0 ? "\(threadCount)" : ""),
      HTMLPage.Fact("Time", text: seconds > 0 ? Figure.duration(seconds) : ""),
      HTMLPage.Fact("Date", text: date),
      HTMLPage.Fact("Model file, SHA-256 of its header", identity, isWide: true),
    ]
  }
}
