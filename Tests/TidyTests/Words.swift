internal import Testing

/// Words that may not be written, or only in some places.
enum Words {
    /// A word that is banned, with what to write instead.
    struct Ban: Sendable {
        let text: String
        let instead: String
        /// Beginnings of the paths where the word is banned.
        var places = ["Sources/", "Benchmarks/"]
        /// Beginnings of the paths where it is allowed all the same.
        var exceptions: [String] = []
    }

    /// Every ban on words of Swift.
    static let bans: [Ban] = [
        Ban(
            text: "print(",
            instead: "a log, an event or the return value",
            exceptions: ["Sources/CairnCLI/", "Benchmarks/"]
        ),
        Ban(text: "debugPrint(", instead: "a log", exceptions: ["Sources/CairnCLI/"]),
        Ban(text: "fatalError(", instead: "`precondition`, or a typed error for bad input"),
        Ban(text: "try!", instead: "`try` in a function that throws"),
        Ban(text: "as!", instead: "`as?` with a guard"),
        Ban(
            text: "Date()",
            instead: "the clock of the environment",
            places: ["Sources/", "Tests/"],
            exceptions: ["Sources/CairnCLI/"]
        ),
        Ban(text: "sleep(", instead: "an event or a test's clock", places: ["Tests/"]),
        Ban(text: "usleep(", instead: "an event or a test's clock", places: ["Tests/"]),
        Ban(text: "Task.sleep", instead: "an event or a test's clock", places: ["Tests/"]),
    ]

    /// Files that promise thread safety to the compiler, and why the promise holds.
    static let uncheckedSendable: [String: String] = [
        "Sources/CairnCore/Bytes/ByteBuffer.swift":
            "one thread at a time owns a buffer; queues guarded by a lock hand it over",
        "Sources/CairnCore/Compression/Decompressor.swift":
            "a decompressor is one thread's at a time; a pool's lock orders changes of hands",
        "Sources/CairnIO/Files/ScratchArray.swift":
            "a region is written to only through the one array that refers to it",
        "Sources/Cairn/Index/PageBitmap.swift":
            "every access goes through the atomics that the pointer leads to",
        "Sources/Cairn/Index/RunStorage.swift":
            "nobody writes to a finished run; its owner lives as long as the pointer",
        "Sources/Cairn/Objects/ChunkReader.swift":
            "a segment tool is one thread's at a time; the pool's lock orders changes of hands",
        "Sources/CairnCore/Sealing/FetchedAlgorithm.swift":
            "a fetched algorithm of libcrypto never changes and is never freed",
        "Sources/CairnCore/Sealing/SecretBytes.swift":
            "the bytes are written once, before the object is handed to anybody",
        "Sources/CairnIO/Files/MappedFile.swift":
            "the pages are read-only, and stay mapped until the last user lets go",
        "Sources/CairnIO/Threads/Monitor.swift":
            "the state is only reached while the lock is held",
    ]

    /// How many such files there may be.
    static let uncheckedSendableMax = 10

    /// The banned words in `file`.
    static func banned(_ file: SourceFile) -> [Finding] {
        guard file.suffix == "swift" else { return [] }
        let bans = bans.filter { ban in
            ban.places.contains { file.path.hasPrefix($0) }
                && !ban.exceptions.contains { file.path.hasPrefix($0) }
        }
        return file.code.enumerated().flatMap { index, line in
            bans.filter { contains(line, $0.text) }.map { ban in
                let text = "`\(ban.text)` is not allowed here; use \(ban.instead)"
                return Finding(path: file.path, line: index + 1, text: text)
            }
        }
    }

    /// Promises of thread safety outside the list.
    static func unchecked(_ file: SourceFile) -> [Finding] {
        guard !file.path.hasPrefix("Tests/"), uncheckedSendable[file.path] == nil else { return [] }
        let promises = ["@unchecked Sendable", "nonisolated(unsafe)"]
        return file.code.enumerated().compactMap { index, line in
            guard let promise = promises.first(where: line.contains) else { return nil }
            let text = "`\(promise)` needs its reason in Words.uncheckedSendable"
            return Finding(path: file.path, line: index + 1, text: text)
        }
    }

    /// Imports of Foundation outside the command, the benchmarks and the tests.
    static func foundation(_ file: SourceFile) -> [Finding] {
        guard let target = file.target, target != "CairnCLI" else { return [] }
        return Arrows.imports(in: file).filter { $0.module.hasPrefix("Foundation") }.map {
            Finding(path: file.path, line: $0.line, text: "Foundation stays out of the engine")
        }
    }

    /// Paths that exist on one machine only.
    static func machinePaths(_ file: SourceFile) -> [Finding] {
        // Written in two halves, so that this file passes too.
        let paths = ["/wo" + "rk/", "/opt/" + "swift", "/far" + "m/"]
        return file.lines.enumerated().compactMap { index, line in
            guard let path = paths.first(where: line.contains) else { return nil }
            return Finding(path: file.path, line: index + 1, text: "\(path) is one machine's path")
        }
    }

    /// Work left for later without an issue that holds it.
    static func leftovers(_ file: SourceFile) -> [Finding] {
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
        return file.lines.enumerated().compactMap { index, line in
            guard let mark = marks.first(where: { contains(line, $0) }) else { return nil }
            return Finding(path: file.path, line: index + 1, text: "\(mark): finish it or file it")
        }
    }

    /// Whether `word` is in `line`, not as the end of a longer word or of a member's name.
    static func contains(_ line: String, _ word: String) -> Bool {
        let bytes = Array(line.utf8)
        let wanted = Array(word.utf8)
        guard bytes.count >= wanted.count else { return false }
        return (0...(bytes.count - wanted.count)).contains { start in
            guard bytes[start..<start + wanted.count].elementsEqual(wanted) else { return false }
            guard start > 0 else { return true }
            let before = Character(UnicodeScalar(bytes[start - 1]))
            return !before.isLetter && !before.isNumber && before != "_" && before != "."
        }
    }
}

@Suite("Words")
struct WordTests {
    @Test("no banned word is written")
    func bannedWords() {
        expectNone(Tree.sources.flatMap(Words.banned))
        expectNone(Tree.sources.flatMap(Words.leftovers))
    }

    @Test("promises of thread safety have a reason and are few")
    func uncheckedPromises() {
        expectNone(Tree.sources.flatMap(Words.unchecked))
        #expect(Words.uncheckedSendable.count <= Words.uncheckedSendableMax)
        #expect(Words.uncheckedSendable.values.allSatisfy { $0.count > 20 }, "a reason is missing")
        #expect(Words.uncheckedSendable.keys.allSatisfy(Tree.exists), "a file is gone")
    }

    @Test("Foundation stays in the command and the tests")
    func foundationStaysOut() {
        expectNone(Tree.sources.flatMap(Words.foundation))
    }

    @Test("no file names a path of one machine")
    func noMachinePaths() {
        expectNone(Tree.files.flatMap(Words.machinePaths))
    }

    @Test(
        "a banned word is found",
        arguments: [
            "print(1)", "    fatalError(\"no\")", "let a = try! b()", "let a = b as! C",
            "let now = Date()",
        ]
    )
    func findsBannedWord(line: String) {
        #expect(Words.banned(SourceFile("Sources/Cairn/A.swift", line)).count == 1)
    }

    @Test(
        "a word in a comment, in a string, in a longer name or of a member is not the banned one",
        arguments: [
            "// print(1)", "/// Never `try!` this.", "let a = \"fatalError(\"", "fingerprint(1)",
            "document.print(1)", "let hint = \"\"\"\n    print(1)\n    \"\"\"", "/* as! */",
            "let a = \"\\(b(\"x\")) try!\"", "let a = #\"print(\"1\")\"#",
        ]
    )
    func passesOtherWord(line: String) {
        #expect(Words.banned(SourceFile("Sources/Cairn/A.swift", line)).isEmpty)
    }

    @Test("a sleep in a test is found, printing in the command is allowed")
    func placesMatter() {
        let sleeping = "try await Task.sleep(for: .seconds(1))"
        #expect(Words.banned(SourceFile("Tests/CairnTests/A.swift", sleeping)).count == 1)
        #expect(Words.banned(SourceFile("Sources/CairnCLI/A.swift", "print(1)")).isEmpty)
    }

    @Test("an unexplained promise, Foundation, a machine's path and a leftover are found")
    func findsTheRest() {
        let promise = SourceFile("Sources/Cairn/A.swift", "class A: @unchecked Sendable {}")
        #expect(Words.unchecked(promise).count == 1)
        let foundation = "internal import FoundationEssentials"
        #expect(Words.foundation(SourceFile("Sources/CairnIO/A.swift", foundation)).count == 1)
        #expect(Words.foundation(SourceFile("Sources/CairnCLI/A.swift", foundation)).isEmpty)
        let path = SourceFile("Specs/A.md", "See /wo" + "rk/here.")
        #expect(Words.machinePaths(path).count == 1)
        let leftover = SourceFile("Sources/Cairn/A.swift", "// TO" + "DO: later")
        #expect(Words.leftovers(leftover).count == 1)
    }
}
