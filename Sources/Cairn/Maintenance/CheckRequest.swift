public import CairnFormat

/// How thoroughly to check a repository.
public struct CheckRequest: Sendable {
    /// Which stored bytes to read.
    public enum Data: Sendable, Hashable {
        /// None: structure only.
        case none
        /// Every byte and every chunk ID.
        case all
        /// Every pack whose number falls into part `part` of `of` (1-based).
        case slice(part: Int, of: Int)
        /// This share of the packs, chosen at random, in percent.
        case percent(Double)
    }

    public var data = Data.none

    /// Asks for a check of the structure.
    public init() {}
}

/// What a check found.
public struct CheckReport: Sendable {
    /// One damaged or missing object, or a contradiction.
    public struct Damage: Sendable, Hashable {
        /// The object's name in the store.
        public var object: String
        public var message: String
        /// The files that the damage touches, at most ``CheckReport/affectedCountMax`` in all.
        public var affected: [AffectedPath] = []
        /// How many files the damage touches, listed or not.
        public var affectedCount = 0

        /// Makes a finding.
        public init(object: String, message: String) {
            self.object = object
            self.message = message
        }
    }

    /// A file that a damage touches.
    public struct AffectedPath: Sendable, Hashable {
        public var snapshot: SessionID
        public var path: [UInt8]

        /// Makes a reference.
        public init(snapshot: SessionID, path: [UInt8]) {
            self.snapshot = snapshot
            self.path = path
        }
    }

    /// The most damages that a report lists.
    public static let damageCountMax = 10_000
    /// The most affected files that a report lists, all damages together.
    public static let affectedCountMax = 10_000

    /// What is damaged, missing or contradictory.
    public var damages: [Damage] = []
    /// How many damages there are, listed or not.
    public var damageCount = 0
    /// What is not as it should be but costs nothing, such as a lost index that another replaced.
    public var notices: [String] = []
    public var snapshotsChecked = 0
    public var treesChecked = 0
    public var packsChecked = 0
    public var packsRead = 0
    public var chunksRead: UInt64 = 0
    public var bytesRead: UInt64 = 0
    /// Objects no snapshot refers to; harmless.
    public var orphans: [Orphan] = []
    /// How long the check took, in nanoseconds.
    public var duration: UInt64 = 0

    /// Whether nothing is wrong.
    public var isSound: Bool { damageCount == 0 }

    /// Nothing checked yet.
    public init() {}
}

/// An object that no committed snapshot refers to.
public struct Orphan: Sendable, Hashable {
    public var object: String
    public var size: UInt64

    /// Makes an entry.
    public init(object: String, size: UInt64) {
        self.object = object
        self.size = size
    }
}

/// The state of a repository at a glance, as duplicity users know it from collection status.
public struct StatusReport: Sendable {
    /// One source: a host and its paths.
    public struct Source: Sendable {
        public var host: [UInt8]
        public var paths: [[UInt8]]
        public var snapshotCount: Int
        /// The newest snapshot in which every path was captured.
        public var lastComplete: Snapshot?
        /// The newest snapshot of all.
        public var last: Snapshot
        /// Nanoseconds since the newest snapshot.
        public var age: Int64
        /// Whether the age is past the limit asked for.
        public var isStale: Bool
    }

    /// A writer session that has not ended.
    public struct OpenSession: Sendable {
        public var id: SessionID
        public var host: [UInt8]
        public var started: Int64
        public var processID: UInt32
        /// Whether its process is known to be gone; nil where another host would have to say.
        public var isDead: Bool?
    }

    public var repository: RepositoryID
    public var sources: [Source] = []
    public var sessions: [OpenSession] = []
    /// What no snapshot needs and no running session has written; a cleanup removes it.
    public var orphans: [Orphan] = []
    public var orphanBytes: UInt64 = 0
    /// Objects in the repository's folders that are none of its own; they are left alone.
    public var foreign: [Orphan] = []
    public var damaged: [String: String] = [:]
    public var objectCount = 0
    public var totalBytes: UInt64 = 0
    /// The cleanup that is under way: `waiting` for backups to notice it and copying, or
    /// `deleting`; nil where none is.
    public var openCleanup: String?
    /// Whether cleanup may run beside backups on this store.
    public var hasAtomicCreate = true
    public var isAnyStale: Bool { sources.contains { $0.isStale } }

    /// Nothing known yet.
    public init(repository: RepositoryID) {
        self.repository = repository
    }
}
