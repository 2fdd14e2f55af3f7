/// Patterns that say what a backup leaves out, over paths whose names are bytes.
///
/// Invariant: rules keep the order in which they were added; a later one wins over an earlier one.
/// The language is described in Specs/CommandLine.md#exclude-patterns.
package struct ExcludeRules: Sendable {
    /// What is to become of a file or directory.
    package enum Verdict: Sendable, Equatable {
        /// It is backed up.
        case include
        /// It is left out; a directory is not entered.
        case exclude
        /// A directory that is left out, but something beneath it may be brought back: enter it,
        /// and keep the directory itself only if something beneath it is kept.
        case excludeButEnter
    }

    /// The most rules that a set may hold.
    package static let countMax = 65_536

    var patterns: [ExcludePattern] = []
    /// The index of the last negated rule, or -1.
    private(set) var lastNegated = -1

    /// Makes rules that exclude nothing.
    package init() {}

    /// How many rules there are.
    package var count: Int { patterns.count }

    /// Adds one pattern as given on a command line; an empty one is ignored.
    ///
    /// Here `#` begins no comment and spaces count.
    ///
    /// - Parameters:
    ///   - pattern: The pattern's bytes.
    ///   - ignoresCase: Whether upper and lower case are alike.
    /// - Throws: ``ExcludeRuleFailure`` if the pattern is wrong; nothing is added then.
    package mutating func add(
        _ pattern: [UInt8],
        ignoresCase: Bool = false
    ) throws(ExcludeRuleFailure) {
        guard !pattern.isEmpty else { return }
        try add(pattern, ignoresCase: ignoresCase, line: nil)
    }

    /// Adds the patterns of a file, one a line; comments and blank lines are ignored.
    ///
    /// Nothing is added if any line is wrong.
    ///
    /// - Parameters:
    ///   - content: The file's bytes. A byte order mark and carriage returns at line ends are
    ///     taken away.
    ///   - ignoresCase: Whether upper and lower case are alike.
    /// - Throws: ``ExcludeRuleFailure`` with the number of the first wrong line.
    package mutating func add(
        linesOf content: Span<UInt8>,
        ignoresCase: Bool = false
    ) throws(ExcludeRuleFailure) {
        var rules = self
        var (start, line) = (0, 0)
        if content.count >= 3, content[0] == 0xef, content[1] == 0xbb, content[2] == 0xbf {
            start = 3
        }
        while start < content.count {
            var end = start
            while end < content.count, content[end] != UInt8(ascii: "\n") { end += 1 }
            line += 1
            let pattern = Self.pattern(ofLine: content.extracting(start..<end))
            if !pattern.isEmpty, pattern[0] != UInt8(ascii: "#") {
                try rules.add(pattern, ignoresCase: ignoresCase, line: line)
            }
            start = end + 1
        }
        self = rules
    }

    private mutating func add(
        _ pattern: [UInt8],
        ignoresCase: Bool,
        line: Int?
    ) throws(ExcludeRuleFailure) {
        do throws(ExcludeRuleFailure.Reason) {
            guard patterns.count < Self.countMax else { throw .tooMany }
            let compiled = try ExcludePattern(pattern, ignoresCase: ignoresCase)
            if compiled.isNegated { lastNegated = patterns.count }
            patterns.append(compiled)
        } catch {
            throw ExcludeRuleFailure(reason: error, pattern: pattern, line: line)
        }
    }

    /// Takes a carriage return and the spaces at a line's end away, unless a backslash keeps them.
    private static func pattern(ofLine line: Span<UInt8>) -> [UInt8] {
        var end = line.count
        if end > 0, line[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        while end > 0, line[end - 1] == UInt8(ascii: " ") || line[end - 1] == UInt8(ascii: "\t") {
            var backslashes = 0
            while backslashes < end - 1,
                line[end - 2 - backslashes] == UInt8(ascii: "\\")
            {
                backslashes += 1
            }
            if backslashes % 2 == 1 { break }
            end -= 1
        }
        return (0..<end).map { line[$0] }
    }

    /// Whether a path is left out, alone or because a directory above it is.
    ///
    /// A walk over a tree uses a ``Walker``, which does not start at the root for every file.
    ///
    /// - Parameters:
    ///   - path: The components from the root of the file system.
    ///   - isDirectory: Whether the path names a directory.
    /// - Returns: Whether the backup leaves it out.
    package func excludes(path: [[UInt8]], isDirectory: Bool) -> Bool {
        guard let name = path.last else { return false }
        var walker = Walker(self)
        for directory in path.dropLast() where walker.enter(directory.span) == .exclude {
            return true
        }
        let verdict =
            isDirectory ? walker.enter(name.span) : walker.verdict(ofFile: name.span)
        return verdict != .include
    }
}

/// Why a pattern was refused.
public struct ExcludeRuleFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public enum Reason: Error, Equatable, Sendable {
        /// Nothing is left to match, as in `!` or `/`.
        case empty
        /// A `[` has no `]`.
        case openBracket
        /// A `\` stands at the end of a name.
        case loneBackslash
        /// A range as `[z-a]` begins after its end.
        case reversedRange
        /// A class such as `[:alpha:]`.
        case namedClass
        /// A component is `..`.
        case parentDirectory
        /// The pattern holds a zero byte.
        case nulByte
        /// The pattern has more components than a pattern may have.
        case tooDeep
        /// The pattern is longer than a pattern may be.
        case tooLong
        /// There are more rules than there may be.
        case tooMany
    }

    /// What is wrong.
    public let reason: Reason
    /// The pattern as given.
    public let pattern: [UInt8]
    /// The line of the file it came from, counted from 1, or nil for one on a command line.
    public let line: Int?

    /// What is wrong and what to do, in a sentence.
    public var description: String {
        let place = line.map { "line \($0): " } ?? ""
        let text = String(decoding: pattern.prefix(200), as: UTF8.self)
        return "\(place)exclude pattern \"\(text)\": \(advice)"
    }

    private var advice: String {
        switch reason {
        case .empty: "matches nothing; write a name after it or remove it"
        case .openBracket:
            "\"[\" is never closed within the name; add \"]\", or write \"\\[\" for the character"
        case .loneBackslash:
            "a name ends in \"\\\"; write \"\\\\\" for the character, or remove it"
        case .reversedRange: "a range in brackets runs backwards; write the lower end first"
        case .namedClass:
            "named classes are not known; write the range, as [a-z] for [[:lower:]]"
        case .parentDirectory: "\"..\" never appears in a backed-up path; write the path without it"
        case .nulByte: "holds a zero byte; save the file as plain text (UTF-8, not UTF-16)"
        case .tooDeep:
            "has more than \(ExcludePattern.partCountMax) components; use \"**\" for some of them"
        case .tooLong: "is longer than \(ExcludePattern.sizeMax) bytes; shorten it"
        case .tooMany:
            "is one more than \(ExcludeRules.countMax) patterns; join some of them with wildcards"
        }
    }
}
