// swift-tools-version: 6.0
import PackageDescription

// A package of its own: everything in it is instrumented for libFuzzer, which the toolchain brings. `Sources` is a link to the
// project's. `scripts/fuzz --sanitizer NAME` adds a sanitizer through IDINV_FUZZ_SANITIZER.
let sanitize = "-sanitize=fuzzer" + (Context.environment["IDINV_FUZZ_SANITIZER"].map { ",\($0)" } ?? "")
let instrumented: [SwiftSetting] = [.unsafeFlags([sanitize, "-parse-as-library"])]
let linked: [LinkerSetting] = [.unsafeFlags([sanitize])]

let package = Package(
  name: "idinv-fuzz",
  targets: [
    .systemLibrary(name: "CZlib", path: "Sources/Quant/CZlib", pkgConfig: "zlib"),
    .systemLibrary(name: "CFiles", path: "Sources/Quant/CFiles"),
    .target(
      name: "Files", dependencies: ["CFiles", "CZlib"], path: "Sources/Quant/Files", swiftSettings: instrumented),
    .target(name: "Quant", dependencies: ["Files"], path: "Sources/Quant/Quant", swiftSettings: instrumented),
    .target(
      name: "Checkpoint", dependencies: ["Quant", "Files", "CZlib"], path: "Sources/Quant/Checkpoint",
      swiftSettings: instrumented),
    .systemLibrary(name: "CPNG", path: "Sources/Runtime/CPNG", pkgConfig: "libpng"),
    .systemLibrary(name: "CJPEG", path: "Sources/Runtime/CJPEG", pkgConfig: "libjpeg"),
    .systemLibrary(name: "CLCMS", path: "Sources/Runtime/CLCMS", pkgConfig: "lcms2"),
    .systemLibrary(name: "CWebP", path: "Sources/Runtime/CWebP", pkgConfig: "libwebp"),
    .target(
      name: "Imaging", dependencies: ["CPNG", "CJPEG", "CLCMS", "CWebP", "Files"], path: "Sources/Runtime/Imaging",
      swiftSettings: instrumented),
    .systemLibrary(name: "CCivetweb", path: "Sources/idinv-lite/CCivetweb"),
    // What threads share.
    .target(
      name: "Runtime", path: "Sources/Runtime/Runtime", sources: ["Monitor.swift"], swiftSettings: instrumented),
    // What a request says of distances.
    .target(
      name: "Inversion", path: "Sources/Runtime/Inversion", sources: ["Editing/BoundaryDistance.swift"],
      swiftSettings: instrumented),
    // What the server reads of a request, without what it does with it.
    .target(
      name: "Server", dependencies: ["CCivetweb", "Files", "Imaging", "Inversion", "Runtime"],
      path: "Sources/idinv-lite/Server",
      exclude: ["QR", "Resources"],
      sources: [
        "HTTP", "API/JobForm.swift", "Jobs/JobRecord.swift", "Studio/RenderRequest.swift",
      ],
      swiftSettings: instrumented),
    // Files of landmarks are read where their makers are known.
    .target(
      name: "Workflows", dependencies: ["Checkpoint", "Files", "Imaging"], path: "Sources/idinv-lite/Workflows",
      sources: ["Faces/LandmarkFile.swift"], swiftSettings: instrumented),
    .target(
      name: "FuzzTargets", dependencies: ["Checkpoint", "Files", "Imaging", "Quant", "Server", "Workflows"],
      path: "Targets",
      swiftSettings: instrumented),
    .executableTarget(
      name: "reader", dependencies: ["Checkpoint", "Files", "Imaging"], path: "Reader", swiftSettings: instrumented,
      linkerSettings: linked),
    .executableTarget(
      name: "fuzz", dependencies: ["FuzzTargets", "Files"], path: "Driver", swiftSettings: instrumented,
      linkerSettings: linked),
  ])
