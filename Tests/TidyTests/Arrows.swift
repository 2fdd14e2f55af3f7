internal import Testing

/// Which module may import which: the table is the architecture (Specs/Architecture.md#arrows).
enum Arrows {
    /// What each target in `Sources` may import; an edge that is missing is forbidden.
    static let allowed: [String: Set<String>] = [
        "CCairn": [],
        "CairnCore": ["CCairn", "CZstd", "CLZ4", "CZlib", "COpenSSL", "CISAL", "CArgon2"],
        "CairnFormat": ["CairnCore"],
        "CairnIO": ["CairnCore", "CCairn", "SystemPackage", "Glibc"],
        "Cairn": ["CairnCore", "CairnFormat", "CairnIO", "Logging"],
        "CairnTestKit": ["Cairn", "CairnCore", "CairnIO", "CCairn", "Glibc"],
        "CairnCLI": ["Cairn", "ArgumentParser", "FoundationEssentials", "Glibc"],
    ]

    /// Parts of the standard library that every target may import.
    static let everywhere: Set<String> = ["Swift", "Synchronization"]

    /// The imports in `file` that the table does not allow.
    static func findings(in file: SourceFile) -> [Finding] {
        guard file.suffix == "swift", let target = file.target, target != "SystemLibraries" else {
            return []
        }
        guard let targets = allowed[target] else {
            return [Finding(path: file.path, line: 1, text: "\(target) has no row in Arrows.swift")]
        }
        return imports(in: file).compactMap { line, module in
            if targets.contains(module) || everywhere.contains(module) { return nil }
            let text = "\(target) may not import \(module); see Specs/Architecture.md#arrows"
            return Finding(path: file.path, line: line, text: text)
        }
    }

    /// The modules that `file` imports and the lines where it does, counted from one.
    static func imports(in file: SourceFile) -> [(line: Int, module: String)] {
        file.code.enumerated().compactMap { index, line in
            let words = line.split(separator: " ").filter { !$0.hasPrefix("@") }
            guard let place = words.firstIndex(of: "import"), place <= 1,
                place == 0 || accessLevels.contains(words[0]), words.count > place + 1
            else { return nil }
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var"]
            let isScoped = kinds.contains(words[place + 1]) && words.count > place + 2
            let path = words[place + (isScoped ? 2 : 1)]
            return (index + 1, String(path.prefix { $0 != "." && $0 != ";" }))
        }
    }

    private static let accessLevels: Set<Substring> = [
        "public", "package", "internal", "fileprivate", "private",
    ]
}

@Suite("Arrows between modules")
struct ArrowTests {
    @Test("imports follow the table")
    func importsFollowTheTable() {
        expectNone(Tree.sources.flatMap(Arrows.findings))
    }

    @Test("every folder in Sources has a row in the table, and every row a folder")
    func tableIsComplete() {
        let folders = Set(Tree.folders(in: "Sources")).subtracting(["SystemLibraries"])
        #expect(folders == Set(Arrows.allowed.keys))
    }

    @Test(
        "an import that climbs is found",
        arguments: [
            "import CairnIO", "internal import Glibc", "@_exported public import Cairn",
            "@testable import CairnCLI", "import struct Foundation.URL",
            "internal import func Glibc.open",
        ]
    )
    func findsClimbingImport(line: String) {
        let file = SourceFile("Sources/CairnFormat/A.swift", "// Why.\n\(line)\n")
        #expect(Arrows.findings(in: file).map(\.line) == [2])
    }

    @Test(
        "an import along an arrow passes, and a word in a comment or string is no import",
        arguments: [
            "public import CairnCore", "internal import Synchronization", "// import CairnIO",
            "let text = \"import CairnIO\"", "let important = CairnIO",
        ]
    )
    func passesAllowedImport(line: String) {
        #expect(Arrows.findings(in: SourceFile("Sources/CairnFormat/A.swift", line)).isEmpty)
    }

    @Test("a target without a row is found")
    func findsUnknownTarget() {
        #expect(Arrows.findings(in: SourceFile("Sources/CairnNew/A.swift", "")).count == 1)
    }
}

/// Fails with one line a finding.
func expectNone(_ findings: [Finding], sourceLocation: SourceLocation = #_sourceLocation) {
    let list = findings.map(\.description).joined(separator: "\n")
    #expect(findings.isEmpty, "\n\(list)", sourceLocation: sourceLocation)
}
