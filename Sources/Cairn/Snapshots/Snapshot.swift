public import CairnCore
public import CairnFormat
public import CairnIO

/// A snapshot: a root tree and its facts.
public struct Snapshot: Sendable, Identifiable {
    /// Its name, unique for ever.
    public let id: SessionID
    /// When it was begun, in nanoseconds since 1970.
    public let time: Int64
    /// When it was committed.
    public let finished: Int64
    public let host: [UInt8]
    public let user: [UInt8]
    public let userID: UInt32
    public let groupID: UInt32
    /// What was backed up, as absolute paths.
    public let paths: [[UInt8]]
    public let tags: [[UInt8]]
    public let description: [UInt8]
    /// The program that made it.
    public let program: String
    public let statistics: SnapshotStatistics
    /// How many paths were not captured, or not wholly.
    public let problemCount: Int
    /// The snapshot it was compared against.
    public let parent: SessionID?
    /// The snapshot it re-states with other tags.
    public let original: SessionID?
    /// The root tree's ID, equal for equal trees.
    public let tree: ChunkID

    /// Whether every path was captured wholly.
    public var isComplete: Bool { problemCount == 0 }

    /// The tag that pins a snapshot.
    public static let pinTag = Array("pinned".utf8)

    /// Whether retention leaves it alone until it is unpinned.
    public var isPinned: Bool { tags.contains(Snapshot.pinTag) }
}

/// Which snapshots to take.
public struct SnapshotFilter: Sendable {
    /// Any of these hosts; empty for all.
    public var hosts: [[UInt8]] = []
    /// All of these paths; empty for all.
    public var paths: [[UInt8]] = []
    /// All tags of any of these lists; empty for all.
    public var tagLists: [[[UInt8]]] = []
    /// Made before this time, in nanoseconds since 1970.
    public var before: Int64?

    /// Takes all.
    public init() {}
}

/// All snapshots of a repository, oldest first.
public struct SnapshotList: Sendable {
    public let snapshots: [Snapshot]
    /// Names of snapshot records that could not be read, with the reason.
    public let damaged: [String: String]
}

/// One entry of a snapshot's tree.
public struct FileEntry: Sendable {
    /// The path from the snapshot's root, beginning with a slash.
    public let path: [UInt8]
    public let kind: FileKind
    /// Permission bits, with set-user-ID, set-group-ID and sticky.
    public let mode: UInt32
    public let userID: UInt32
    public let groupID: UInt32
    public let userName: [UInt8]?
    public let groupName: [UInt8]?
    /// Bytes of a regular file, holes included; 0 otherwise.
    public let size: UInt64
    public let modified: Timestamp
    public let changed: Timestamp
    public let inode: UInt64
    public let linkCount: UInt32
    /// A symbolic link's target; empty otherwise.
    public let target: [UInt8]
    /// A device's numbers.
    public let device: (major: UInt32, minor: UInt32)?
    /// Extended attributes, names and values in bytes.
    public let attributes: [(name: [UInt8], value: [UInt8])]
    /// Whether it changed while it was read, or is only partly there.
    public let isPartial: Bool
}
