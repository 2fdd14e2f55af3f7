/// How many snapshots a source keeps, and which; see Specs/Retention.md#rules.
///
/// Rules are joined: a snapshot that any of them keeps is kept. A policy without rules keeps all.
public struct RetentionPolicy: Sendable, Hashable {
    /// A count that is never used up.
    public static let unlimited = Int.max

    /// How many of the newest snapshots to keep; 0 or less says nothing.
    public var last = 0
    /// For how many units of each kind to keep one snapshot; 0 or less says nothing.
    public var counts: [CalendarUnit: Int] = [:]
    /// How far before the newest snapshot all are kept; zero says nothing.
    public var within = CalendarDuration()
    /// How far before the newest snapshot one is kept for each unit; zero says nothing.
    public var unitsWithin: [CalendarUnit: CalendarDuration] = [:]
    /// Lists of tags; snapshots that have all tags of any list are kept.
    ///
    /// A list that is empty, or holds only an empty tag, keeps snapshots without tags.
    public var tags: [[String]] = []

    /// Makes a policy without rules.
    public init() {}

    /// Whether no rule says anything.
    public var isEmpty: Bool {
        last <= 0 && within.isZero && tags.isEmpty && counts.values.allSatisfy { $0 <= 0 }
            && unitsWithin.values.allSatisfy(\.isZero)
    }
}

/// A span of the calendar for which a policy keeps one snapshot.
public enum CalendarUnit: String, Sendable, Hashable, CaseIterable {
    /// From a full hour to the next. An hour that clocks show twice is two hours.
    case hourly
    /// From midnight to midnight.
    case daily
    /// From Monday to Sunday, as in ISO 8601.
    case weekly
    /// From the first to the last of a month.
    case monthly
    /// From January to December.
    case yearly
}

/// What makes snapshots belong together; a policy looks at each group by itself.
public struct RetentionGrouping: OptionSet, Sendable, Hashable {
    /// One bit for each field.
    public let rawValue: UInt8

    /// Makes a grouping from its bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The host's name.
    public static let host = RetentionGrouping(rawValue: 1)
    /// The paths, in any order.
    public static let paths = RetentionGrouping(rawValue: 2)
    /// The tags, in any order.
    public static let tags = RetentionGrouping(rawValue: 4)
    /// Host and paths, which name a source.
    public static let source: RetentionGrouping = [.host, .paths]

    /// Reads `host`, `paths` and `tags`, joined by commas; an empty text groups by nothing.
    ///
    /// - Throws: ``RetentionFailure/unknownGrouping(_:)``.
    public init(parsing text: String) throws(RetentionFailure) {
        var grouping: RetentionGrouping = []
        if !text.isEmpty {
            for word in text.split(separator: ",", omittingEmptySubsequences: false) {
                switch word {
                case "host", "hosts": grouping.insert(.host)
                case "paths", "path": grouping.insert(.paths)
                case "tags", "tag": grouping.insert(.tags)
                default: throw .unknownGrouping(String(word))
                }
            }
        }
        self = grouping
    }
}

/// Why a decision could not be made.
public enum RetentionFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// A word that names nothing to group by.
    case unknownGrouping(String)
    /// No snapshot has these IDs.
    case unknownIDs([String])

    /// What is wrong and what to do, in a sentence.
    public var description: String {
        switch self {
        case .unknownGrouping(let word):
            "\"\(word)\" is nothing to group by; write any of host, paths and tags, with commas"
        case .unknownIDs(let ids):
            "no snapshot has the ID \(ids.joined(separator: ", ")); list them with snapshots"
        }
    }
}

/// What a policy needs to know about a snapshot.
public struct RetentionCandidate: Sendable, Hashable {
    /// The snapshot's ID, unlike any other's.
    public var id: String
    /// When it was made, in nanoseconds since 1970 UTC.
    public var time: Int64
    /// The host it was made on.
    public var host: String
    /// The paths it holds, as bytes.
    public var paths: [[UInt8]]
    /// Its tags.
    public var tags: [String]
    /// Whether everything could be captured.
    public var isComplete: Bool
    /// Whether it is to be kept whatever a policy says.
    public var isPinned: Bool

    /// Makes a candidate.
    public init(
        id: String,
        time: Int64,
        host: String,
        paths: [[UInt8]],
        tags: [String] = [],
        isComplete: Bool = true,
        isPinned: Bool = false
    ) {
        self.id = id
        self.time = time
        self.host = host
        self.paths = paths
        self.tags = tags
        self.isComplete = isComplete
        self.isPinned = isPinned
    }
}
