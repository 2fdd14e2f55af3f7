// swift-tools-version: 6.3
import PackageDescription

/// Settings shared by every Swift target.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),  // every unsafe expression says `unsafe`
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableExperimentalFeature("Lifetimes"),  // ~Escapable readers over Span
]

/// A C library of the system, found through pkg-config.
func systemLibrary(_ name: String, pkgConfig: String?, apt: String) -> Target {
    .systemLibrary(
        name: name,
        path: "Sources/SystemLibraries/\(name)",
        pkgConfig: pkgConfig,
        providers: [.apt([apt])]
    )
}

let package = Package(
    name: "cairn",
    products: [
        .library(name: "Cairn", targets: ["Cairn"]),
        .library(name: "CairnTestKit", targets: ["CairnTestKit"]),
        .executable(name: "cairn", targets: ["CairnCLI"]),
        .executable(name: "cairn-bench", targets: ["CairnBench"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    ],
    targets: [
        systemLibrary("CZstd", pkgConfig: "libzstd", apt: "libzstd-dev"),
        systemLibrary("CLZ4", pkgConfig: "liblz4", apt: "liblz4-dev"),
        systemLibrary("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
        systemLibrary("COpenSSL", pkgConfig: "libcrypto", apt: "libssl-dev"),
        systemLibrary("CISAL", pkgConfig: "libisal", apt: "libisal-dev"),
        systemLibrary("CArgon2", pkgConfig: "libargon2", apt: "libargon2-dev"),
        .target(name: "CCairn", cSettings: [.define("_GNU_SOURCE"), .unsafeFlags(["-O2"])]),
        .target(
            name: "CairnCore",
            dependencies: ["CCairn", "CZstd", "CLZ4", "CZlib", "COpenSSL", "CISAL", "CArgon2"],
            swiftSettings: settings
        ),
        .target(name: "CairnFormat", dependencies: ["CairnCore"], swiftSettings: settings),
        .target(
            name: "CairnIO",
            dependencies: [
                "CairnCore", "CCairn",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Cairn",
            dependencies: [
                "CairnCore", "CairnFormat", "CairnIO",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "CairnTestKit",
            dependencies: ["Cairn", "CairnCore", "CairnIO", "CCairn"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "CairnCLI",
            dependencies: [
                "Cairn", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            packageAccess: false,
            swiftSettings: settings
        ),
        .executableTarget(
            name: "CairnBench",
            dependencies: [
                "Cairn", "CairnCore", "CairnFormat", "CairnIO", "CairnTestKit", "CZstd", "COpenSSL",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Benchmarks/CairnBench",
            swiftSettings: settings
        ),
        .testTarget(
            name: "CairnCoreTests",
            dependencies: ["CairnCore", "CairnTestKit"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CairnFormatTests",
            dependencies: ["CairnFormat", "CairnCore", "CairnTestKit"],
            exclude: ["Vectors"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CairnIOTests",
            dependencies: ["CairnIO", "CairnCore", "CairnTestKit"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CairnTests",
            dependencies: ["Cairn", "CairnCore", "CairnFormat", "CairnIO", "CairnTestKit"],
            exclude: ["Golden"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CairnCLITests",
            dependencies: ["CairnCLI", "CairnTestKit"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CairnBenchTests",
            dependencies: ["CairnBench", "CairnCore"],
            swiftSettings: settings
        ),
        .testTarget(name: "TidyTests", swiftSettings: settings),
    ]
)

/// The fuzzers, one folder each in `Tests/Fuzz/`; `make fuzz` builds and runs them.
let fuzzTargets: [String] = [
    "FuzzRepository", "FuzzRecords", "FuzzPacks", "FuzzIndex", "FuzzTrees",
]

// They need `swift build --sanitize=fuzzer`, so they stay out of ordinary builds.
if Context.environment["CAIRN_FUZZ"] != nil {
    for name in fuzzTargets {
        package.targets.append(
            .executableTarget(
                name: name,
                dependencies: ["CairnCore", "CairnFormat"],
                path: "Tests/Fuzz/\(name)",
                swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]
            )
        )
    }
}
