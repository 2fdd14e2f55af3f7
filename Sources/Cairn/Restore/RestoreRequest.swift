public import CairnFormat

/// What to restore and where.
public struct RestoreRequest: Sendable {
    /// What to do about what is already at the target.
    public enum Overwrite: String, Sendable, CaseIterable {
        /// Replace it.
        case always
        /// Replace what differs in size, modification time or (where those are equal) nothing else.
        case ifChanged = "if-changed"
        /// Leave it.
        case never
    }

    public var snapshot: SessionID
    /// The part to restore, as a path in the snapshot; its content lands directly in the target.
    public var subtree: [UInt8] = []
    /// The folder to restore into; nothing is ever written outside it.
    public var target: [UInt8]
    /// Patterns of what to restore; empty for all. See Specs/CommandLine.md#exclude-patterns.
    public var includes: [[UInt8]] = []
    /// Patterns of what to leave out.
    public var excludes: [[UInt8]] = []
    public var overwrite = Overwrite.always
    /// Say what would be done and write nothing.
    public var isDryRun = false
    /// Read everything back and compare after writing.
    public var verifies = false
    /// Restore owners by number even where the names differ here.
    public var usesNumericOwners = false
    /// Restore `security.*` and `trusted.*` attributes too.
    public var restoresPrivilegedAttributes = false
    /// Keep runs of zero bytes as holes even where the source had none.
    public var makesHoles = false
    public var reportsItems = false

    /// Asks for everything of a snapshot beneath `target`.
    public init(snapshot: SessionID, target: [UInt8]) {
        self.snapshot = snapshot
        self.target = target
    }
}

/// What a restore did.
public struct RestoreSummary: Sendable {
    public var filesRestored: UInt64 = 0
    public var filesUnchanged: UInt64 = 0
    public var filesSkipped: UInt64 = 0
    public var directories: UInt64 = 0
    public var others: UInt64 = 0
    /// Entries whose owner or group could not be set, since only root can give files away; not
    /// counted as problems.
    public var ownersLeft: UInt64 = 0
    public var bytesRestored: UInt64 = 0
    /// Regular files read back and found right.
    public var filesVerified: UInt64 = 0
    public var problemCount = 0
    /// The first problems (at most 1,000).
    public var problems: [Problem] = []
    public var duration: UInt64 = 0

    /// Nothing done yet.
    public init() {}
}
