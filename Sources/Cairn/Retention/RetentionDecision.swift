/// What is to become of a snapshot, and why.
public struct RetentionDecision: Sendable, Hashable {
    /// Why a snapshot is kept.
    public enum Reason: Sendable, Hashable, CustomStringConvertible {
        /// The policy has no rules.
        case policyIsEmpty
        /// No ID names it.
        case notNamed
        /// It is pinned.
        case pinned
        /// It has these tags.
        case tags([String])
        /// It is less than this older than the newest.
        case within(CalendarDuration)
        /// It is among the newest.
        case last
        /// It stands for a unit of the calendar.
        case unit(CalendarUnit)
        /// It is the group's oldest, and there are fewer units than the policy would keep.
        case oldest(CalendarUnit)
        /// It stands for a unit of the calendar less than this before the newest.
        case unitWithin(CalendarUnit, CalendarDuration)
        /// It is the group's oldest, and less than this older than the newest.
        case oldestWithin(CalendarUnit, CalendarDuration)
        /// It is the newest good one of its host and paths.
        case lastGood

        /// The reason in a few words.
        public var description: String {
            switch self {
            case .policyIsEmpty: "policy is empty"
            case .notNamed: "not named"
            case .pinned: "pinned"
            case .tags(let tags): "has tags [\(tags.joined(separator: ", "))]"
            case .within(let duration): "within \(duration)"
            case .last: "last snapshot"
            case .unit(let unit): "\(unit.rawValue) snapshot"
            case .oldest(let unit): "oldest \(unit.rawValue) snapshot"
            case .unitWithin(let unit, let duration): "\(unit.rawValue) within \(duration)"
            case .oldestWithin(let unit, let duration):
                "oldest \(unit.rawValue) within \(duration)"
            case .lastGood: "last good snapshot of its source"
            }
        }
    }

    /// The snapshot.
    public let candidate: RetentionCandidate
    /// Why it is kept; empty if it is to be removed.
    public internal(set) var reasons: [Reason]
    /// Whether it is kept.
    public var isKept: Bool { !reasons.isEmpty }
}

/// Snapshots that a policy looked at together.
public struct RetentionGroup: Sendable, Hashable {
    /// What the snapshots have in common.
    public struct Key: Sendable, Hashable {
        /// The host, if it is part of the grouping.
        public let host: String?
        /// The paths in ascending order without repeats, if they are part of the grouping.
        public let paths: [[UInt8]]?
        /// The tags in ascending order without repeats, if they are part of the grouping.
        public let tags: [String]?

        init(_ candidate: RetentionCandidate, _ grouping: RetentionGrouping) {
            host = grouping.contains(.host) ? candidate.host : nil
            paths =
                grouping.contains(.paths)
                ? Set(candidate.paths).sorted { $0.lexicographicallyPrecedes($1) } : nil
            tags = grouping.contains(.tags) ? Set(candidate.tags).sorted() : nil
        }
    }

    /// What the snapshots have in common.
    public let key: Key
    /// One decision for each snapshot, the newest first; of equal times the larger ID first.
    public internal(set) var decisions: [RetentionDecision]
}
