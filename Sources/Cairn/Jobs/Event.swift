/// What a job reports while it runs. New cases may be added; keep a `default` branch.
///
/// Paths are bytes, as everywhere in the engine.
public enum Event: Sendable {
    /// The version of this enumeration's meaning; it grows when a case changes meaning.
    public static let version = 1

    /// How far the job is; at least twice a second while it runs.
    case progress(Progress)
    /// A path could not be captured, or not wholly; the job goes on.
    case problem(path: [UInt8], reason: String)
    /// What was done with one path (only sent when the request asks for it).
    case item(path: [UInt8], action: ItemAction, size: UInt64)
    /// A remark for the operator.
    case notice(String)
}

/// What a job did with one path.
public enum ItemAction: String, Sendable {
    case new, changed, unmodified, restored, updated, unchanged, skipped, deleted
}

/// How far a job is. All counts grow; totals may grow while the source is still being walked.
public struct Progress: Sendable, Hashable {
    /// What the job is doing, in a word: "scanning", "saving", "reading", "restoring", …
    public var phase = ""
    /// Bytes done, of the source or of the repository, as the phase has it.
    public var bytesDone: UInt64 = 0
    /// Bytes to do in all, as far as known.
    public var bytesTotal: UInt64 = 0
    /// Files, packs or objects done.
    public var itemsDone: UInt64 = 0
    /// Files, packs or objects to do in all, as far as known.
    public var itemsTotal: UInt64 = 0
    /// How many paths were not captured, or objects found damaged.
    public var problems: UInt64 = 0
    /// Nanoseconds since the job began.
    public var elapsed: UInt64 = 0
    /// Whether the totals are final.
    public var totalsAreFinal = false
    /// The path or object worked on just now.
    public var current: [UInt8] = []

    /// Nothing done of nothing.
    public init() {}

    /// The part done, 0 to 1; nil while the totals are unknown.
    public var fraction: Double? {
        guard totalsAreFinal else { return nil }
        if bytesTotal > 0 { return min(1, Double(bytesDone) / Double(bytesTotal)) }
        return itemsTotal > 0 ? min(1, Double(itemsDone) / Double(itemsTotal)) : 1
    }

    /// Bytes a second so far.
    public var rate: Double {
        elapsed > 0 ? Double(bytesDone) / (Double(elapsed) / 1e9) : 0
    }

    /// Nanoseconds still to go at the present rate; nil while unknown.
    public var remaining: UInt64? {
        guard let fraction, fraction > 0.001, fraction <= 1 else { return nil }
        return UInt64(Double(elapsed) * (1 - fraction) / fraction)
    }
}
