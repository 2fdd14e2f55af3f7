/// One exclude pattern, read into parts that are matched against the components of a path.
///
/// Matching walks all possible positions at once: bit k of a state says that parts before k have
/// matched the components so far. A step therefore costs at most one glob per part, whatever the
/// pattern. See Specs/CommandLine.md#exclude-patterns.
struct ExcludePattern: Sendable {
    /// The most parts a pattern may have; a state has one bit for each and one for "matched".
    static let partCountMax = 62
    /// The longest pattern, in bytes.
    static let sizeMax = 4096

    private enum Part: Sendable {
        /// `**`: any number of components, also none.
        case anyDepth
        case name(NameGlob)
    }

    private let parts: [Part]
    /// Whether the pattern brings back what an earlier one excluded.
    let isNegated: Bool
    /// Whether only directories match.
    let matchesDirectoriesOnly: Bool
    /// The state before the first component.
    let start: UInt64

    /// The bit of a state that says that the whole pattern has matched.
    private var matchedBit: UInt64 { 1 << UInt64(parts.count) }

    /// Reads a pattern that is neither empty nor a comment.
    init(_ text: [UInt8], ignoresCase: Bool) throws(ExcludeRuleFailure.Reason) {
        guard text.count <= Self.sizeMax else { throw .tooLong }
        guard !text.contains(0) else { throw .nulByte }
        isNegated = text.first == UInt8(ascii: "!")
        let body = isNegated ? text.dropFirst() : text[...]
        let isAnchored = body.first == UInt8(ascii: "/")
        matchesDirectoriesOnly = body.last == UInt8(ascii: "/")
        var parts: [Part] = isAnchored ? [] : [.anyDepth]
        var endsInAnyDepth = false
        for component in body.split(separator: UInt8(ascii: "/")) where component != [0x2e] {
            guard component != [0x2e, 0x2e] else { throw .parentDirectory }
            endsInAnyDepth = component == [0x2a, 0x2a]
            if endsInAnyDepth {
                if case .anyDepth? = parts.last { continue }
                parts.append(.anyDepth)
            } else {
                parts.append(.name(try Self.glob(Array(component), ignoresCase)))
            }
            guard parts.count <= Self.partCountMax else { throw .tooDeep }
        }
        // "a/**" means what lies in a, not a itself.
        if endsInAnyDepth { parts.append(.name(.everything)) }
        guard case .name? = parts.last else { throw .empty }
        self.parts = parts
        if case .anyDepth? = parts.first { start = 0b11 } else { start = 0b01 }
    }

    private static func glob(
        _ component: [UInt8],
        _ ignoresCase: Bool
    ) throws(ExcludeRuleFailure.Reason) -> NameGlob {
        do {
            return try NameGlob(component, ignoresCase: ignoresCase)
        } catch {
            switch error {
            case .openBracket: throw .openBracket
            case .loneBackslash: throw .loneBackslash
            case .reversedRange: throw .reversedRange
            case .namedClass: throw .namedClass
            }
        }
    }

    /// The state after one more component.
    func step(_ state: UInt64, _ name: Span<UInt8>) -> UInt64 {
        var next: UInt64 = 0
        var rest = state & (matchedBit - 1)
        while rest != 0 {
            let position = rest.trailingZeroBitCount
            rest &= rest - 1
            switch parts[position] {
            case .anyDepth:
                next |= 0b11 << UInt64(position)
            case .name(let glob):
                guard glob.matches(name) else { continue }
                next |= 1 << UInt64(position + 1)
                if position + 1 < parts.count, case .anyDepth = parts[position + 1] {
                    next |= 1 << UInt64(position + 2)
                }
            }
        }
        return next
    }

    /// Whether the path that led to `state` matches.
    func isMatched(_ state: UInt64, isDirectory: Bool) -> Bool {
        state & matchedBit != 0 && (isDirectory || !matchesDirectoriesOnly)
    }

    /// Whether a path that goes on from `state` might match.
    func mayMatchBeneath(_ state: UInt64) -> Bool {
        state & (matchedBit - 1) != 0
    }
}
