internal import Foundation

/// A text file of the tree, as the rules see it.
struct SourceFile: Sendable {
    /// The path from the root of the tree, such as `Sources/Cairn/Exports.swift`.
    let path: String
    /// The lines as written.
    let lines: [String]
    /// The lines with comments and the insides of strings replaced by spaces.
    let code: [String]

    /// Splits `text` into lines and, where the language is known, blanks what is not code.
    init(_ path: String, _ text: String) {
        self.path = path
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        self.lines = lines
        let isCode = ["swift", "c", "h"].contains(SourceFile.suffix(of: path))
        code = isCode ? CodeText.blanked(text, isSwift: path.hasSuffix(".swift")) : lines
    }

    /// What follows the last dot of the path.
    var suffix: String { SourceFile.suffix(of: path) }

    /// The target that owns the file: the folder below `Sources`, or nil outside it.
    var target: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
    }

    /// Whether one of the first lines says that a tool wrote the file.
    var isGenerated: Bool {
        lines.prefix(5).contains { $0.hasPrefix("// generated") }
    }

    private static func suffix(of path: String) -> String {
        path.lastIndex(of: ".").map { String(path[path.index(after: $0)...]) } ?? ""
    }
}

/// What a rule found, in the form that compilers use for places.
struct Finding: Sendable, CustomStringConvertible {
    let path: String
    let line: Int
    let text: String

    var description: String { "\(path):\(line): \(text)" }
}

/// The files of the checkout that this test was built from.
enum Tree {
    /// All Swift, C, Markdown and script files, read once.
    static let files: [SourceFile] = {
        let folders = ["Sources", "Tests", "Benchmarks", "Specs", "Scripts", ".ci", ".github"]
        let single = ["Package.swift", "Makefile", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
        return (folders.flatMap(paths(below:)) + single).sorted().compactMap(read)
    }()

    /// The Swift and C files.
    static let sources = files.filter { ["swift", "c", "h"].contains($0.suffix) }

    /// The Markdown files.
    static let documents = files.filter { $0.suffix == "md" }

    /// The folder that holds `Package.swift`.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Whether something is at `path` below the root.
    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
    }

    /// The names of the folders in `path`.
    static func folders(in path: String) -> [String] {
        let entries = try? FileManager.default.contentsOfDirectory(
            at: root.appendingPathComponent(path),
            includingPropertiesForKeys: [.isDirectoryKey]
        )
        return (entries ?? []).filter(\.hasDirectoryPath).map(\.lastPathComponent)
    }

    private static func paths(below folder: String) -> [String] {
        let paths = try? FileManager.default.subpathsOfDirectory(
            atPath: root.appendingPathComponent(folder).path
        )
        return (paths ?? []).map { folder + "/" + $0 }
    }

    private static func read(_ path: String) -> SourceFile? {
        let isText = ["swift", "c", "h", "md", "py", "sh", "yml"].contains {
            path.hasSuffix("." + $0)
        }
        let isScript = ["Scripts/", ".ci/", "Makefile"].contains { path.hasPrefix($0) }
        guard isText || isScript, !path.contains("/.build"), !path.contains("/__pycache__/")
        else { return nil }
        let url = root.appendingPathComponent(path)
        guard let text = try? String(contentsOf: url, encoding: .utf8) else { return nil }
        return SourceFile(path, text)
    }
}
