public import CairnFormat

/// What snapshots hold and what storing it takes.
public struct StatisticsReport: Sendable {
    /// Entries by kind, and the bytes of files.
    public struct Counts: Sendable, Hashable {
        public var files: UInt64 = 0
        public var directories: UInt64 = 0
        public var symbolicLinks: UInt64 = 0
        /// Pipes and devices.
        public var others: UInt64 = 0
        /// The sizes of all files, holes included: what a restore shows.
        public var restoreBytes: UInt64 = 0
        /// The bytes of files that are stored, holes left out.
        public var contentBytes: UInt64 = 0

        /// Nothing counted.
        public init() {}
    }

    /// One snapshot's counts.
    public struct SnapshotCounts: Sendable {
        public let id: SessionID
        public let counts: Counts
    }

    /// Each snapshot asked for, oldest first.
    public var bySnapshot: [SnapshotCounts] = []
    /// All of them together; what several snapshots share counts for each.
    public var total = Counts()
    /// Distinct chunks of content that they refer to.
    public var chunks: UInt64 = 0
    /// The bytes of those chunks, each counted once.
    public var chunkBytes: UInt64 = 0
    /// What the segments that hold them take in packs.
    public var storedBytes: UInt64 = 0
    /// The bytes of all objects in the store, other snapshots' and metadata included.
    public var repositoryBytes: UInt64 = 0

    /// Content bytes for each unique one; 1 where nothing repeats.
    public var deduplicationFactor: Double {
        chunkBytes > 0 ? Double(total.contentBytes) / Double(chunkBytes) : 1
    }
    /// Unique bytes for each stored one.
    public var compressionFactor: Double {
        storedBytes > 0 ? Double(chunkBytes) / Double(storedBytes) : 1
    }

    /// How many snapshots were measured.
    public var snapshots: Int { bySnapshot.count }
    /// Regular files of all of them.
    public var files: UInt64 { total.files }
    /// Directories of all of them.
    public var directories: UInt64 { total.directories }
    /// The sizes of all files, holes included.
    public var bytes: UInt64 { total.restoreBytes }

    /// Nothing measured yet.
    public init() {}
}

extension StatisticsReport.Counts {
    /// Adds other counts; sums stay at the largest number instead of passing it.
    mutating func add(_ other: StatisticsReport.Counts) {
        func sum(_ a: UInt64, _ b: UInt64) -> UInt64 {
            let (sum, overflow) = a.addingReportingOverflow(b)
            return overflow ? .max : sum
        }
        files = sum(files, other.files)
        directories = sum(directories, other.directories)
        symbolicLinks = sum(symbolicLinks, other.symbolicLinks)
        others = sum(others, other.others)
        restoreBytes = sum(restoreBytes, other.restoreBytes)
        contentBytes = sum(contentBytes, other.contentBytes)
    }
}
