/// How a path differs between two snapshots.
public struct Difference: Sendable {
    /// What differs.
    public enum Change: String, Sendable, CaseIterable {
        /// Only the second snapshot has it.
        case added
        /// Only the first snapshot has it.
        case removed
        /// A file's bytes, a link's target or a device's numbers differ.
        case content
        /// Mode, owner, modification time or extended attributes differ, and nothing else.
        case metadata
        /// It is of another kind.
        case kind
    }

    /// The path from the snapshots' root, beginning with a slash.
    public let path: [UInt8]
    public let change: Change
    /// What the first snapshot has; nil where it has nothing.
    public let before: FileEntry?
    /// What the second snapshot has; nil where it has nothing.
    public let after: FileEntry?
}

/// How much differs between two snapshots.
///
/// What changed its kind counts as removed and as added.
public struct ComparisonSummary: Sendable, Hashable {
    public var filesAdded: UInt64 = 0
    public var filesRemoved: UInt64 = 0
    /// Files with other content.
    public var filesChanged: UInt64 = 0
    public var directoriesAdded: UInt64 = 0
    public var directoriesRemoved: UInt64 = 0
    public var othersAdded: UInt64 = 0
    public var othersRemoved: UInt64 = 0
    /// The sizes of the files that were added, and those of changed files afterwards.
    public var bytesAdded: UInt64 = 0
    /// The sizes of the files that were removed, and those of changed files before.
    public var bytesRemoved: UInt64 = 0

    /// Nothing differs.
    public init() {}
}
