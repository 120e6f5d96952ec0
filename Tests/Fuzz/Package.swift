// swift-tools-version: 6.0
import PackageDescription

// A package of its own: everything in it is instrumented for libFuzzer, which the toolchain brings. `Sources` is a link to the
// project's.
let instrumented: [SwiftSetting] = [.unsafeFlags(["-sanitize=fuzzer", "-parse-as-library"])]

let package = Package(
  name: "idinv-fuzz",
  targets: [
    .systemLibrary(name: "CZlib", path: "Sources/Quant/CZlib", pkgConfig: "zlib"),
    .target(name: "Files", dependencies: ["CZlib"], path: "Sources/Quant/Files", swiftSettings: instrumented),
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
    .target(
      name: "FuzzTargets", dependencies: ["Checkpoint", "Files", "Imaging", "Quant"], path: "Targets",
      swiftSettings: instrumented),
    .executableTarget(
      name: "reader", dependencies: ["Checkpoint", "Files", "Imaging"], path: "Reader", swiftSettings: instrumented,
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])]),
    .executableTarget(
      name: "fuzz", dependencies: ["FuzzTargets", "Files"], path: "Driver", swiftSettings: instrumented,
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])]),
  ])
