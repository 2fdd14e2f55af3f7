import Testing

@testable import Cairn

@Suite("Exclude rules")
struct ExcludeRulesTests {
    private func rules(_ patterns: String...) throws -> ExcludeRules {
        var rules = ExcludeRules()
        for pattern in patterns { try rules.add(Array(pattern.utf8)) }
        return rules
    }

    private func bytes(_ path: String) -> [[UInt8]] {
        path.split(separator: "/").map { Array($0.utf8) }
    }

    private func enter(
        _ walker: inout ExcludeRules.Walker,
        _ name: String
    ) -> ExcludeRules.Verdict {
        walker.enter(Array(name.utf8).span)
    }

    private func verdict(_ walker: ExcludeRules.Walker, _ name: String) -> ExcludeRules.Verdict {
        walker.verdict(ofFile: Array(name.utf8).span)
    }

    private func add(_ text: String, to rules: inout ExcludeRules) throws {
        try rules.add(linesOf: Array(text.utf8).span)
    }

    /// Asks about a path; one that ends in a slash is a directory.
    private func excludes(_ rules: ExcludeRules, _ path: String) -> Bool {
        rules.excludes(path: bytes(path), isDirectory: path.hasSuffix("/"))
    }

    @Test(
        "each example of the specification holds",
        arguments: [
            ("*.o", "/src/a.o", true), ("*.o", "/src/a.oo", false), ("*.o", "/.o", true),
            ("cache", "/home/u/cache/", true), ("cache", "/home/u/cache/x", true),
            ("cache", "/home/u/mycache", false), ("cache/", "/home/u/cache", false),
            ("cache/", "/home/u/cache/", true), ("cache/", "/home/u/cache/x", true),
            ("/tmp", "/tmp/", true), ("/tmp", "/home/tmp/", false), ("/tmp/*", "/tmp/", false),
            ("/tmp/*", "/tmp/a", true), ("foo/bar", "/a/foo/bar", true),
            ("foo/bar", "/foo/x/bar", false), ("foo/**/bar", "/foo/bar", true),
            ("foo/**/bar", "/q/foo/x/y/bar", true), ("/a/**", "/a/", false),
            ("/a/**", "/a/x", true), ("/a/**", "/a/x/y", true), ("**/x", "/x", true),
            ("a**b", "/axyb", true), ("a**b", "/a/b", false), ("**", "/q", true),
            ("./a//b/", "/a/b/", true), ("[a-c]?", "/bq", true), ("[!a-c]?", "/bq", false),
            ("[^a-c]?", "/zq", true), ("[]]", "/]", true), ("[a-]", "/-", true),
            ("\\*", "/*", true), ("\\*", "/x", false), ("\\!x", "/!x", true), ("#x", "/#x", true),
            ("[\\]]", "/]", true), ("?", "/é", true), ("??", "/é", false), ("[ä-ü]", "/ö", true),
            ("*?", "/é", true), ("*??", "/é", false), ("x ", "/x ", true), ("x ", "/x", false),
        ]
    )
    func examples(pattern: String, path: String, expected: Bool) throws {
        #expect(excludes(try rules(pattern), path) == expected)
    }

    @Test("the last rule that matches wins")
    func lastWins() throws {
        let first = try rules("*.log", "!keep.log")
        #expect(excludes(first, "/a.log"))
        #expect(!excludes(first, "/keep.log"))
        #expect(excludes(try rules("!keep.log", "*.log"), "/keep.log"))
        #expect(excludes(try rules("*.log", "!keep.log", "/keep.log"), "/keep.log"))
    }

    @Test("a later negated rule brings back what lies in an excluded directory")
    func negatedBeneath() throws {
        let rules = try rules("/home/u/*", "!/home/u/docs", "!/home/u/.config/app/")
        #expect(excludes(rules, "/home/u/x"))
        #expect(!excludes(rules, "/home/u/docs/a/b"))
        #expect(!excludes(rules, "/home/u/.config/app/a"))
        #expect(excludes(rules, "/home/u/.config/other"))
        #expect(!excludes(try self.rules("cache", "!*.txt"), "/cache/a.txt"))
        #expect(excludes(try self.rules("!*.txt", "cache"), "/cache/a.txt"))
    }

    @Test("an excluded directory is entered only if a later negated rule may match beneath it")
    func entering() throws {
        func verdict(_ patterns: [String], _ path: String) throws -> ExcludeRules.Verdict {
            var rules = ExcludeRules()
            for pattern in patterns { try rules.add(Array(pattern.utf8)) }
            var walker = ExcludeRules.Walker(rules)
            var verdict = ExcludeRules.Verdict.include
            for name in bytes(path) { verdict = walker.enter(name.span) }
            return verdict
        }
        #expect(try verdict(["/a"], "/a") == .exclude)
        #expect(try verdict(["/a", "!/a/b/c"], "/a") == .excludeButEnter)
        #expect(try verdict(["/a", "!/a/b/c"], "/a/b") == .excludeButEnter)
        #expect(try verdict(["/a", "!/a/b/c"], "/a/x") == .exclude)
        #expect(try verdict(["/a", "!/b/c"], "/a") == .exclude)
        #expect(try verdict(["!/a/b/c", "/a"], "/a") == .exclude)
        #expect(try verdict(["a", "!*.txt"], "/a") == .excludeButEnter)
        #expect(try verdict(["/a", "!/a/b/c"], "/a/b/c") == .include)
    }

    @Test("a walker that left a directory stands where it stood")
    func leaving() throws {
        var walker = ExcludeRules.Walker(try rules("/a/b/x", "y/z"))
        _ = enter(&walker, "a")
        let entered = enter(&walker, "y")
        #expect(entered == .include)
        #expect(verdict(walker, "z") == .exclude)
        walker.leave()
        _ = enter(&walker, "b")
        #expect(verdict(walker, "x") == .exclude)
        #expect(verdict(walker, "z") == .include)
        #expect(walker.depth == 2)
    }

    @Test("names that are no UTF-8 are matched byte by byte")
    func invalidNames() throws {
        var rules = ExcludeRules()
        try rules.add([0x61, 0xff, 0x2a])
        #expect(rules.excludes(path: [[0x61, 0xff, 0x80]], isDirectory: false))
        #expect(!rules.excludes(path: [[0x61, 0xfe, 0x80]], isDirectory: false))
        let any = try self.rules("a?b")
        #expect(any.excludes(path: [[0x61, 0xc3, 0x62]], isDirectory: false))
        #expect(!any.excludes(path: [[0x61, 0xc3, 0xc3, 0x62]], isDirectory: false))
    }

    @Test("case is ignored only where that is asked for")
    func ignoringCase() throws {
        var rules = ExcludeRules()
        try rules.add(Array("*.JpG".utf8), ignoresCase: true)
        try rules.add(Array("ÄRGER[x-z]".utf8), ignoresCase: true)
        #expect(excludes(rules, "/a.jPg"))
        #expect(excludes(rules, "/ärgerY"))
        #expect(!excludes(try self.rules("*.JpG"), "/a.jpg"))
    }

    @Test("a file's comments, blank lines, line ends and trailing spaces do not count")
    func files() throws {
        let text = "\u{feff}# comment\r\n\n  \n*.o  \r\nkeep\\ \n\\#x\n!a.o\nlast"
        var rules = ExcludeRules()
        try rules.add(linesOf: Array(text.utf8).span)
        #expect(rules.count == 5)
        #expect(excludes(rules, "/b.o"))
        #expect(!excludes(rules, "/a.o"))
        #expect(excludes(rules, "/keep "))
        #expect(!excludes(rules, "/keep"))
        #expect(excludes(rules, "/#x"))
        #expect(excludes(rules, "/last"))
    }

    @Test(
        "a wrong pattern is refused with its reason",
        arguments: [
            ("[a", ExcludeRuleFailure.Reason.openBracket), ("[a/b]", .openBracket),
            ("[]", .openBracket), ("a\\", .loneBackslash), ("a\\/b", .loneBackslash),
            ("[z-a]", .reversedRange), ("[[:alpha:]]", .namedClass), ("a/../b", .parentDirectory),
            ("a\0", .nulByte), ("!", .empty), ("/", .empty), ("!/", .empty), (".", .empty),
            (String(repeating: "a/", count: 70), .tooDeep),
            (String(repeating: "a", count: 5000), .tooLong),
        ]
    )
    func refusals(pattern: String, reason: ExcludeRuleFailure.Reason) {
        var rules = ExcludeRules()
        let failure = #expect(throws: ExcludeRuleFailure.self) {
            try rules.add(Array(pattern.utf8))
        }
        #expect(failure?.reason == reason)
        #expect(failure?.description.contains("exclude pattern") == true)
        #expect(rules.count == 0)
    }

    @Test("a file with one wrong line adds nothing and names the line")
    func wrongLine() {
        var rules = ExcludeRules()
        let failure = #expect(throws: ExcludeRuleFailure.self) {
            try add("ok\n# c\n[x\n", to: &rules)
        }
        #expect(failure?.line == 3)
        #expect(rules.count == 0)
    }

    @Test("more rules than the limit are refused")
    func tooMany() throws {
        var rules = ExcludeRules()
        let text = String(repeating: "a\n", count: ExcludeRules.countMax + 1)
        let failure = #expect(throws: ExcludeRuleFailure.self) {
            try add(text, to: &rules)
        }
        #expect(failure?.reason == .tooMany)
    }

    @Test("a hostile pattern takes no exponential time")
    func hostile() throws {
        let stars = String(repeating: "a*", count: 300) + "b"
        let name = [UInt8](repeating: 0x61, count: 2000)
        #expect(!(try rules(stars)).excludes(path: [name], isDirectory: false))
        let deep = String(repeating: "**/a*/", count: 30) + "b"
        let path = [[UInt8]](repeating: Array("aaaa".utf8), count: 100)
        #expect(!(try rules(deep)).excludes(path: path, isDirectory: false))
    }

    @Test(
        "rules agree with a naive reading of the specification",
        arguments: 0..<40 as Range<UInt64>
    )
    func law(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let parts = ["a", "b", "*", "**", "a*", "*b", "?", "ab", "a*b", "*a*"]
        let names = ["a", "b", "ab", "ba", "abb", "c"]
        for _ in 0..<50 {
            var patterns: [String] = []
            for _ in 0..<Int.random(in: 1...5, using: &generator) {
                let count = Int.random(in: 1...4, using: &generator)
                let body = (0..<count).map { _ in parts.randomElement(using: &generator) ?? "" }
                patterns.append(
                    (Bool.random(using: &generator) ? "!" : "")
                        + (Bool.random(using: &generator) ? "/" : "")
                        + body.joined(separator: "/")
                        + (Int.random(in: 0..<4, using: &generator) == 0 && body.last != "**"
                            ? "/" : "")
                )
            }
            var rules = ExcludeRules()
            for pattern in patterns { try rules.add(Array(pattern.utf8)) }
            let naive = NaiveExcludes(patterns: patterns)
            for _ in 0..<20 {
                let count = Int.random(in: 1...5, using: &generator)
                let path = (0..<count).map { _ in names.randomElement(using: &generator) ?? "" }
                let isDirectory = Bool.random(using: &generator)
                let found = rules.excludes(
                    path: path.map { Array($0.utf8) },
                    isDirectory: isDirectory
                )
                guard found != naive.excludes(path, isDirectory: isDirectory) else { continue }
                Issue.record(
                    "seed \(seed), patterns \(patterns), path \(path), directory \(isDirectory)"
                )
            }
        }
    }
}
