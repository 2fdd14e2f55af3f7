/// A pattern for one component of a path: `*`, `?`, `[a-z]`, `[!x]` and `\` before a character.
///
/// It never sees a slash. Matching a name of n characters against m tokens takes at most n × m
/// steps: only the last `*` is ever tried again. See Specs/CommandLine.md#exclude-patterns.
struct NameGlob: Sendable, Equatable {
    /// What is wrong with a pattern.
    enum Failure: Error, Equatable, Sendable {
        case openBracket
        case loneBackslash
        case reversedRange
        case namedClass
    }

    private enum Token: Sendable, Equatable {
        case unit(UInt32)
        case anyUnit
        case anyRun
        case set([ClosedRange<UInt32>], isNegated: Bool)
    }

    private enum Form: Sendable, Equatable {
        case everything
        case literal([UInt8])
        case suffix([UInt8])
        case tokens([Token])
    }

    private let form: Form
    private let ignoresCase: Bool

    /// A glob that matches every name.
    static let everything = NameGlob(form: .everything, ignoresCase: false)

    private init(form: Form, ignoresCase: Bool) {
        self.form = form
        self.ignoresCase = ignoresCase
    }

    /// Reads a pattern without slashes.
    init(_ pattern: [UInt8], ignoresCase: Bool) throws(Failure) {
        let tokens = try Self.tokens(pattern.span, ignoresCase: ignoresCase)
        self.init(
            form: Self.simplest(tokens, ignoresCase: ignoresCase),
            ignoresCase: ignoresCase
        )
    }

    /// Whether the whole of `name` fits.
    func matches(_ name: Span<UInt8>) -> Bool {
        switch form {
        case .everything: true
        case .literal(let bytes):
            bytes.count == name.count && Self.endsEqually(bytes, name)
        case .suffix(let bytes):
            bytes.count <= name.count && Self.endsEqually(bytes, name)
        case .tokens(let tokens): matches(name, tokens)
        }
    }

    private static func endsEqually(_ bytes: [UInt8], _ name: Span<UInt8>) -> Bool {
        let start = name.count - bytes.count
        for index in bytes.indices.reversed() where bytes[index] != name[start + index] {
            return false
        }
        return true
    }

    private func matches(_ name: Span<UInt8>, _ tokens: [Token]) -> Bool {
        var (position, offset) = (0, 0)
        var (runPosition, runEnd) = (-1, 0)
        while offset < name.count {
            if position < tokens.count, tokens[position] == .anyRun {
                (runPosition, runEnd) = (position, offset)
                position += 1
                continue
            }
            let unit = UTF8Unit(name, at: offset)
            if position < tokens.count, matches(unit.value, tokens[position]) {
                position += 1
                offset += unit.size
                continue
            }
            // Only the last run needs to grow: earlier ones have already matched as short as
            // they can, and a longer match of theirs leaves less for the rest.
            guard runPosition >= 0 else { return false }
            runEnd += UTF8Unit(name, at: runEnd).size
            (position, offset) = (runPosition + 1, runEnd)
        }
        while position < tokens.count, tokens[position] == .anyRun { position += 1 }
        return position == tokens.count
    }

    private func matches(_ value: UInt32, _ token: Token) -> Bool {
        switch token {
        case .anyRun: return false
        case .anyUnit: return true
        case .unit(let wanted):
            return value == wanted || (ignoresCase && UTF8Unit.lowercased(value) == wanted)
        case .set(let ranges, let isNegated):
            var isInside = ranges.contains { $0.contains(value) }
            if ignoresCase, !isInside {
                let (lower, upper) = (UTF8Unit.lowercased(value), UTF8Unit.uppercased(value))
                isInside = ranges.contains { $0.contains(lower) || $0.contains(upper) }
            }
            return isInside != isNegated
        }
    }
}

/// How a pattern is read.
extension NameGlob {
    private static func tokens(
        _ pattern: Span<UInt8>,
        ignoresCase: Bool
    ) throws(Failure) -> [Token] {
        var tokens: [Token] = []
        var offset = 0
        while offset < pattern.count {
            switch pattern[offset] {
            case UInt8(ascii: "*"):
                if tokens.last != .anyRun { tokens.append(.anyRun) }
                offset += 1
            case UInt8(ascii: "?"):
                tokens.append(.anyUnit)
                offset += 1
            case UInt8(ascii: "["):
                tokens.append(try set(pattern, &offset))
            default:
                let value = try character(pattern, &offset)
                tokens.append(.unit(ignoresCase ? UTF8Unit.lowercased(value) : value))
            }
        }
        return tokens
    }

    /// Reads one character, taking a backslash before it away, and moves past it.
    private static func character(
        _ pattern: Span<UInt8>,
        _ offset: inout Int
    ) throws(Failure) -> UInt32 {
        if pattern[offset] == UInt8(ascii: "\\") { offset += 1 }
        guard offset < pattern.count else { throw .loneBackslash }
        let unit = UTF8Unit(pattern, at: offset)
        offset += unit.size
        return unit.value
    }

    /// Reads a set from its opening bracket and moves past the closing one.
    private static func set(
        _ pattern: Span<UInt8>,
        _ offset: inout Int
    ) throws(Failure) -> Token {
        offset += 1
        var isNegated = false
        if offset < pattern.count, [UInt8(ascii: "!"), UInt8(ascii: "^")].contains(pattern[offset])
        {
            isNegated = true
            offset += 1
        }
        var ranges: [ClosedRange<UInt32>] = []
        while offset < pattern.count {
            if pattern[offset] == UInt8(ascii: "]"), !ranges.isEmpty {
                offset += 1
                return .set(ranges, isNegated: isNegated)
            }
            if pattern[offset] == UInt8(ascii: "["), offset + 1 < pattern.count,
                pattern[offset + 1] == UInt8(ascii: ":")
            {
                throw .namedClass
            }
            let first = try character(pattern, &offset)
            // A hyphen before the closing bracket stands for itself.
            guard offset + 1 < pattern.count, pattern[offset] == UInt8(ascii: "-"),
                pattern[offset + 1] != UInt8(ascii: "]")
            else {
                ranges.append(first...first)
                continue
            }
            offset += 1
            let last = try character(pattern, &offset)
            guard first <= last else { throw .reversedRange }
            ranges.append(first...last)
        }
        throw .openBracket
    }

    /// Finds the cheapest way to match the same names.
    private static func simplest(_ tokens: [Token], ignoresCase: Bool) -> Form {
        if tokens == [.anyRun] { return .everything }
        guard !ignoresCase else { return .tokens(tokens) }
        let isSuffix = tokens.first == .anyRun
        var bytes: [UInt8] = []
        for token in isSuffix ? tokens.dropFirst() : tokens[...] {
            guard case .unit(let value) = token else { return .tokens(tokens) }
            if let scalar = Unicode.Scalar(value) {
                bytes.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
            } else {
                // A stray byte may complete a character in the name, so its suffix is not decided
                // by bytes alone.
                guard !isSuffix else { return .tokens(tokens) }
                bytes.append(UInt8(truncatingIfNeeded: value))
            }
        }
        return isSuffix ? .suffix(bytes) : .literal(bytes)
    }
}
