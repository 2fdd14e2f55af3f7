internal import Testing

/// Rules for Markdown documents.
enum Documents {
    /// The specifications that the map names and that arrive with the code they describe.
    static let promised: Set<String> = [
        "Specs/Format.md", "Specs/Chunking.md", "Specs/Cryptography.md", "Specs/Durability.md",
        "Specs/Stores.md", "Specs/Retention.md", "Specs/Jobs.md", "Specs/CommandLine.md",
        "Specs/Performance.md", "Benchmarks/README.md", "Tests/Fuzz/README.md",
    ]

    /// Says where `file` has no title or several.
    static func title(_ file: SourceFile) -> [Finding] {
        let titles = prose(file).filter { $0.text.hasPrefix("# ") }
        if titles.count == 1 { return [] }
        let line = titles.count > 1 ? titles[1].line : 1
        return [Finding(path: file.path, line: line, text: "\(titles.count) titles, not one")]
    }

    /// The links to files that are not there.
    static func deadLinks(
        _ file: SourceFile,
        exists: (String) -> Bool
    ) -> [Finding] {
        links(file).compactMap { line, path in
            if exists(path) || promised.contains(path) { return nil }
            return Finding(path: file.path, line: line, text: "no \(path) to link to")
        }
    }

    /// The specifications in `paths` that `map` does not link.
    static func unlinked(_ paths: [String], from map: SourceFile) -> [Finding] {
        let linked = Set(links(map).map(\.path))
        return paths.filter { !linked.contains($0) && $0 != map.path }.map {
            Finding(path: map.path, line: 1, text: "no link to \($0)")
        }
    }

    /// The links of `file` to other files, as paths from the root.
    static func links(_ file: SourceFile) -> [(line: Int, path: String)] {
        prose(file).flatMap { line, text in
            text.components(between: "](", and: ")").compactMap { target in
                let path = target.prefix { $0 != "#" }
                if path.isEmpty || path.contains("://") || path.hasPrefix("mailto:") { return nil }
                return (line, resolve(String(path), from: file.path))
            }
        }
    }

    /// The lines outside fenced blocks.
    private static func prose(_ file: SourceFile) -> [(line: Int, text: String)] {
        var isFenced = false
        return file.lines.enumerated().compactMap { index, text in
            if text.drop(while: { $0 == " " }).hasPrefix("```") {
                isFenced.toggle()
                return nil
            }
            return isFenced ? nil : (index + 1, text)
        }
    }

    private static func resolve(_ path: String, from document: String) -> String {
        var parts = document.split(separator: "/").dropLast()
        for part in path.split(separator: "/") where part != "." {
            if part == ".." {
                _ = parts.popLast()
            } else {
                parts.append(part)
            }
        }
        return parts.joined(separator: "/")
    }
}

extension String {
    /// The pieces of the text that stand between `opening` and the next `closing`.
    fileprivate func components(between opening: String, and closing: Character) -> [String] {
        let bytes = Array(utf8)
        let mark = Array(opening.utf8)
        var pieces: [String] = []
        var index = 0
        while index + mark.count <= bytes.count {
            guard bytes[index..<index + mark.count].elementsEqual(mark) else {
                index += 1
                continue
            }
            index += mark.count
            let piece = bytes[index...].prefix { $0 != closing.asciiValue }
            pieces.append(String(decoding: piece, as: UTF8.self))
            index += piece.count
        }
        return pieces
    }
}

@Suite("Documents")
struct DocumentTests {
    @Test("every document has one title and no dead link")
    func titlesAndLinks() {
        expectNone(Tree.documents.flatMap(Documents.title))
        expectNone(Tree.documents.flatMap { Documents.deadLinks($0, exists: Tree.exists) })
        expectNone(Tree.documents.flatMap(Sizes.lines).filter { $0.text.contains("space") })
    }

    @Test("the map of the specifications links each of them")
    func mapIsComplete() throws {
        let map = try #require(Tree.documents.first { $0.path == "Specs/README.md" })
        let specs = Tree.documents.map(\.path).filter { $0.hasPrefix("Specs/") }
        expectNone(Documents.unlinked(specs, from: map))
    }

    @Test("the licence, the guide and a change log with a place for news are there")
    func householdFiles() throws {
        for path in ["LICENSE", "README.md", "CONTRIBUTING.md", ".swift-format", ".ci/run"] {
            #expect(Tree.exists(path), "\(path) is missing")
        }
        let log = try #require(Tree.documents.first { $0.path == "CHANGELOG.md" })
        #expect(log.lines.contains("## Unreleased"))
    }

    @Test("two titles are found, and none, but not a comment in a block of shell")
    func findsTitles() {
        #expect(Documents.title(SourceFile("Specs/A.md", "# A\n\n# B\n")).map(\.line) == [3])
        #expect(Documents.title(SourceFile("Specs/A.md", "A\n")).count == 1)
        let shell = "# A\n\n```sh\n# make it\nmake\n```\n"
        #expect(Documents.title(SourceFile("Specs/A.md", shell)).isEmpty)
    }

    @Test("a dead link is found, whatever folder it starts from")
    func findsDeadLink() {
        let file = SourceFile("Specs/A.md", "# A\n[b](B.md#x), [c](../C.md), [d](https://d.org)\n")
        let found = Documents.deadLinks(file) { $0 == "C.md" }
        #expect(found.map(\.text) == ["no Specs/B.md to link to"])
    }

    @Test("a specification that the map forgets is found")
    func findsUnlinked() {
        let map = SourceFile("Specs/README.md", "# Specs\n[a](A.md)\n")
        let found = Documents.unlinked(
            ["Specs/A.md", "Specs/D/B.md", "Specs/README.md"],
            from: map
        )
        #expect(found.map(\.text) == ["no link to Specs/D/B.md"])
    }
}
