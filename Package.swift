// swift-tools-version: 6.0
import Foundation
import PackageDescription

// The architecture that is built *for*. `#if arch` in a manifest names the machine that builds, so a
// cross-build says the target in IDINV_TARGET_ARCH (scripts/arm64 does).
#if arch(arm64)
  let hostArchitecture = "aarch64"
#else
  let hostArchitecture = "x86_64"
#endif
let architecture = Context.environment["IDINV_TARGET_ARCH"] ?? hostArchitecture

/// A kernel tier: one target per instruction set, so that no wide instruction can leak out of it.
func tier(_ name: String, march: String? = nil, features: [String] = []) -> Target {
  .target(
    name: name, dependencies: ["KernelABI", "CKernelShims"],
    path: "Sources/SIMDKernels/\(name)",
    swiftSettings: march.map { [.unsafeFlags((["-march=\($0)"] + features).flatMap { ["-Xcc", $0] })] } ?? [])
}

let tiers: [Target] =
  [tier("KernelsScalar")]
  + (architecture == "aarch64"
    ? [
      tier("KernelsNEON"), tier("KernelsNEONFP16", march: "armv8.2-a+fp16"),
      tier("KernelsNEONDOT", march: "armv8.2-a+fp16+dotprod"),
      tier("KernelsNEONI8MM", march: "armv8.2-a+fp16+dotprod+i8mm"),
    ]
    : [
      tier("KernelsX86V3", march: "x86-64-v3"), tier("KernelsX86V4", march: "x86-64-v4"),
      tier("KernelsX86V4VNNI", march: "x86-64-v4", features: ["-mavx512vnni"]),
    ])

// Options, pages and runs are no hot code, and optimizing them took a third of the time to compile everything. Packages
// (scripts/release, scripts/library, scripts/wheel) take that time, and come out smaller.
let isPackaged = Context.environment["IDINV_PACKAGED"] != nil
let quickly: [SwiftSetting] = [.unsafeFlags([isPackaged ? "-Osize" : "-Onone"], .when(configuration: .release))]
// What computes little itself.
let small: [SwiftSetting] = isPackaged ? [.unsafeFlags(["-Osize"], .when(configuration: .release))] : []

// C code; in packages with functions for older releases of glibc, and checks of copies whose sizes are known. (Swift code cannot
// look at glibc's headers with these checks: functions have two forms there.)
var shims: [CSetting] = [.unsafeFlags(["-fopenmp", "-fstack-protector-strong"])]
if isPackaged {
  shims += [.define("IDINV_PACKAGED"), .unsafeFlags(["-fPIC", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"])]
}

// Documentation needs a plugin that nothing else does: `scripts/docs` asks for it.
let documentation: [Package.Dependency] =
  Context.environment["IDINV_DOCS"] == nil
  ? [] : [.package(url: "https://github.com/swiftlang/swift-docc-plugin", exact: "1.5.0")]

let package = Package(
  name: "idinv-lite",
  products: [
    .executable(name: "idinv-lite", targets: ["Command"]),
    .library(name: "IdinvLite", targets: ["IdinvLite"]),
    // All objects of libidinv.so, which scripts/library links.
    .library(name: "idinv-objects", type: .static, targets: ["CInterface"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")
  ] + documentation,
  targets: tiers + [
    // Sources/SIMDKernels: contracts, micro-kernels, dispatch, blocking, packing, threads.
    .target(
      name: "CKernelShims", path: "Sources/SIMDKernels/CKernelShims",
      cSettings: shims,
      linkerSettings: [.linkedLibrary(":libomp.so.5")]),
    .target(name: "KernelABI", path: "Sources/SIMDKernels/KernelABI"),
    .target(
      name: "SIMDKernels",
      dependencies: ["KernelABI", "CKernelShims"] + tiers.map { .target(name: $0.name) },
      path: "Sources/SIMDKernels/SIMDKernels"),
    .testTarget(
      name: "SIMDKernelsTests", dependencies: ["TestSupport", "SIMDKernels", "KernelABI", "CKernelShims"],
      path: "Tests/SIMDKernelsTests"),

    // Sources/Quant: dtypes, quantization, the `.idinv` file; readers of foreign checkpoints.
    .systemLibrary(
      name: "CZlib", path: "Sources/Quant/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CFiles", path: "Sources/Quant/CFiles"),
    .target(name: "Files", dependencies: ["CFiles", "CZlib"], path: "Sources/Quant/Files", swiftSettings: small),
    .target(name: "Quant", dependencies: ["Files"], path: "Sources/Quant/Quant"),
    .target(
      name: "Checkpoint", dependencies: ["Quant", "Files", "CZlib"], path: "Sources/Quant/Checkpoint",
      swiftSettings: small),

    // Sources/Runtime: graph, planner, executor; images; networks and inversion.
    .systemLibrary(
      name: "CPNG", path: "Sources/Runtime/CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(
      name: "CJPEG", path: "Sources/Runtime/CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"])]),
    .systemLibrary(
      name: "CLCMS", path: "Sources/Runtime/CLCMS", pkgConfig: "lcms2", providers: [.apt(["liblcms2-dev"])]),
    .systemLibrary(
      name: "CWebP", path: "Sources/Runtime/CWebP", pkgConfig: "libwebp", providers: [.apt(["libwebp-dev"])]),
    .target(name: "Runtime", dependencies: ["SIMDKernels", "Quant"], path: "Sources/Runtime/Runtime"),
    .target(
      name: "Imaging", dependencies: ["CPNG", "CJPEG", "CLCMS", "CWebP", "Files"], path: "Sources/Runtime/Imaging"),
    .target(
      name: "Inversion", dependencies: ["Runtime", "Imaging", "Quant", "Files"],
      path: "Sources/Runtime/Inversion", swiftSettings: small),

    // Sources/idinv-lite: pages and tables; runs and their folders; the HTTP server; the command.
    .target(
      name: "Reports", dependencies: ["Inversion", "Imaging"], path: "Sources/idinv-lite/Reports",
      resources: ["colors.css", "page.css", "marks.css", "charts.css", "page.js"].map { .embedInCode("Files/\($0)") },
      swiftSettings: quickly),
    .target(name: "CProcess", path: "Sources/idinv-lite/CProcess"),
    .target(
      name: "Workflows",
      dependencies: [
        "CProcess", "Reports", "Inversion", "Imaging", "Checkpoint", "Runtime", "Quant", "Files", "SIMDKernels",
      ],
      path: "Sources/idinv-lite/Workflows", swiftSettings: quickly),
    .systemLibrary(
      name: "CCivetweb", path: "Sources/idinv-lite/CCivetweb", providers: [.apt(["libcivetweb-dev"])]),
    .target(
      name: "Server",
      dependencies: ["Inversion", "Imaging", "Checkpoint", "Quant", "Files", "Runtime", "SIMDKernels", "CCivetweb"],
      path: "Sources/idinv-lite/Server",
      resources: [
        "page.html", "page.css", "server.js", "crop.js", "job.js", "edit.js", "save.js", "page.js", "openapi.json",
      ].map { .embedInCode("Resources/\($0)") }, swiftSettings: quickly),

    .executableTarget(
      name: "Command",
      dependencies: [
        "Workflows", "Reports", "Server", "Inversion", "Imaging", "Checkpoint", "Runtime", "Quant", "Files",
        "SIMDKernels",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Sources/idinv-lite/Command", swiftSettings: quickly),

    // What the package offers to other programs: the façade for Swift, and the C interface over it.
    .target(
      name: "IdinvLite",
      dependencies: ["Workflows", "Inversion", "Imaging", "Checkpoint", "Quant", "Runtime", "Files", "SIMDKernels"],
      path: "Sources/idinv-lite/IdinvLite", swiftSettings: small),
    .systemLibrary(name: "CIdinv", path: "Sources/idinv-lite/CInterface/CIdinv"),
    .target(
      name: "CInterface", dependencies: ["IdinvLite", "CIdinv"], path: "Sources/idinv-lite/CInterface/Interface"),

    // What tests share: seeded numbers, folders that go away, the golden files.
    .target(name: "TestSupport", path: "Tests/Support"),
    // As another package sees it: without a look inside.
    .testTarget(
      name: "IdinvLiteTests", dependencies: ["IdinvLite"], path: "Tests/IdinvLiteTests", swiftSettings: quickly),
    // The readers of foreign bytes as the fuzzer sees them (Tests/Fuzz), and its seeds as tests.
    .target(
      name: "FuzzTargets", dependencies: ["Checkpoint", "Files", "Imaging", "Quant", "Server", "Workflows"],
      path: "Tests/Fuzz/Targets"),
    .testTarget(
      name: "FuzzSeedTests", dependencies: ["FuzzTargets", "Files"], path: "Tests/FuzzSeedTests", swiftSettings: quickly
    ),
    .testTarget(
      name: "FilesTests", dependencies: ["TestSupport", "Files"], path: "Tests/FilesTests", swiftSettings: quickly),
    .testTarget(
      name: "QuantTests", dependencies: ["TestSupport", "Quant", "Files"],
      path: "Tests/QuantTests", exclude: ["check_safetensors.py"], swiftSettings: quickly),
    .testTarget(
      name: "CheckpointTests", dependencies: ["TestSupport", "Checkpoint", "Quant", "Files"],
      path: "Tests/CheckpointTests",
      exclude: ["Fixtures", "make_fixtures.py"], swiftSettings: quickly),
    .testTarget(
      name: "ImagingTests", dependencies: ["TestSupport", "Imaging", "Files"], path: "Tests/ImagingTests",
      resources: [.copy("Fixtures")], swiftSettings: quickly),
    // Runs the built program, which the dependency on its target brings about.
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "TestSupport", "Command", "Workflows", "Reports", "Inversion", "Imaging", "Checkpoint", "Quant", "Files",
      ],
      path: "Tests/CommandTests",
      exclude: ["Help"], swiftSettings: quickly),
    .testTarget(
      name: "ServerTests", dependencies: ["Server", "Inversion", "Imaging", "Checkpoint", "SIMDKernels"],
      path: "Tests/ServerTests", exclude: ["Fixtures"], swiftSettings: quickly),
    .testTarget(
      name: "RuntimeTests", dependencies: ["TestSupport", "Runtime", "Quant", "Files", "SIMDKernels"],
      path: "Tests/RuntimeTests"),
    .testTarget(
      name: "InversionTests",
      dependencies: ["TestSupport", "Inversion", "Checkpoint", "Imaging", "Quant", "Runtime", "SIMDKernels"],
      path: "Tests/InversionTests", swiftSettings: quickly),
  ])

// The source distribution for Python (scripts/wheel) has no tests.
if !FileManager.default.fileExists(atPath: Context.packageDirectory + "/Tests") {
  package.targets.removeAll { $0.path?.hasPrefix("Tests/") == true }
}
