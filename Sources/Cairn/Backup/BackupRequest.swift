/// What to back up and how.
public struct BackupRequest: Sendable {
    /// Where the data comes from.
    public enum Source: Sendable {
        /// Files and folders, as paths in bytes; relative ones are resolved by the caller.
        case paths([[UInt8]])
        /// One stream of bytes, stored as a file of the given name in the root.
        case stream(name: [UInt8], any ByteSource)
    }

    /// Which earlier snapshot tells unchanged files.
    public enum Parent: Sendable {
        /// The latest one of the same host and paths.
        case automatic
        /// None: read every file.
        case none
        /// This one.
        case snapshot(SessionID)
    }

    /// Where the data comes from.
    public var source: Source
    /// Which earlier snapshot tells unchanged files.
    public var parent = Parent.automatic
    /// The host name to record; nil for this machine's.
    public var host: [UInt8]?
    /// Tags to record.
    public var tags: [[UInt8]] = []
    /// A remark to record.
    public var description: [UInt8] = []
    /// The time to record as the snapshot's, in nanoseconds since 1970; nil for now.
    public var time: Int64?
    /// Which files to leave out.
    public var excludes = ExcludeOptions()
    /// How to compress.
    public var compression = CompressionSetting.auto(level: 3)
    /// Whether to send an ``Event/item(path:action:size:)`` for every path.
    public var reportsItems = false
    /// Walk and read, but write nothing.
    public var isDryRun = false
    /// Commit no snapshot where the tree equals the parent's.
    public var skipsIfUnchanged = false
    /// Whether to compare inode numbers (some network file systems have unstable ones).
    public var comparesInodes = true
    /// Whether to compare the time of the last status change.
    public var comparesChangeTimes = true
    /// A store folder on this machine that must never be backed up into itself.
    public var repositoryPath: [UInt8]?

    /// Asks for a backup of `source` with the defaults.
    public init(_ source: Source) {
        self.source = source
    }
}

/// Which files a backup leaves out.
public struct ExcludeOptions: Sendable {
    /// Patterns, as an option or a file gives them.
    public enum Rule: Sendable, Hashable {
        /// One pattern; see Specs/CommandLine.md#exclude-patterns.
        case pattern([UInt8], ignoresCase: Bool)
        /// The content of a file, one pattern a line.
        case file([UInt8], ignoresCase: Bool)
    }

    /// The patterns in their order: the last one that matches wins.
    public var rules: [Rule] = []
    /// Leave out folders that hold a file of one of these names (the folder itself stays).
    public var ifPresent: [[UInt8]] = []
    /// Leave out the content of folders with a valid CACHEDIR.TAG.
    public var caches = false
    /// Do not cross into other file systems.
    public var oneFileSystem = false
    /// Leave out regular files larger than this, in bytes.
    public var largerThan: UInt64?

    /// Leaves nothing out.
    public init() {}
}

extension ExcludeRules {
    /// Compiles what a request leaves out.
    package init(_ options: ExcludeOptions) throws(CairnError) {
        self.init()
        do {
            for rule in options.rules {
                switch rule {
                case .pattern(let pattern, let ignoresCase):
                    try add(pattern, ignoresCase: ignoresCase)
                case .file(let content, let ignoresCase):
                    try add(linesOf: content.span, ignoresCase: ignoresCase)
                }
            }
        } catch {
            throw CairnError(.invalidRequest, "\(error)", cause: error)
        }
    }
}

/// A source of bytes that is not a file, such as a pipe or a command's output.
public protocol ByteSource: Sendable {
    /// Appends up to `size` bytes to `buffer`.
    ///
    /// - Returns: How many bytes were appended; 0 at the end.
    /// - Throws: `.source` if the source failed: then nothing is committed.
    func read(upTo size: Int, into buffer: ByteBuffer) throws(CairnError) -> Int

    /// Called once after the end: the last chance to say that the stream is not whole.
    func finish() throws(CairnError)
}

/// What a backup did.
public struct BackupSummary: Sendable {
    /// The snapshot made, or nil for a dry run or one skipped as unchanged.
    public var snapshot: SessionID?
    /// Whether every path was captured wholly.
    public var isComplete: Bool { problemCount == 0 }
    /// How many paths were not captured, or not wholly.
    public var problemCount = 0
    /// The first of them (at most 1,000); the snapshot lists all.
    public var problems: [Problem] = []
    /// Counts of what was seen and stored.
    public var statistics = SnapshotStatistics()
    /// The snapshot compared against.
    public var parent: SessionID?
    /// Nanoseconds the backup took.
    public var duration: UInt64 = 0

    /// Nothing done yet.
    public init() {}
}
