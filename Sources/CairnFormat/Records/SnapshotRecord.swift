package import CairnCore

/// A snapshot: a root tree and its facts: Specs/Format.md#snapshot-record.
package struct SnapshotRecord: Hashable, Sendable {
    /// The most paths of one snapshot.
    package static let pathCountMax = 4096
    /// The most tags of one snapshot.
    package static let tagCountMax = 256
    /// The longest tag in bytes.
    package static let tagSizeMax = 256
    /// The longest description in bytes.
    package static let descriptionSizeMax = 4096
    /// The longest version of a program in bytes.
    package static let programVersionSizeMax = 64
    /// The most index objects of one snapshot.
    package static let indexCountMax = 65_536

    /// The session that made it, which is also its name.
    package var session: SessionID
    /// When the backup began: nanoseconds since 1970.
    package var started: Int64
    /// When the backup ended: nanoseconds since 1970.
    package var ended: Int64
    /// The machine's name, at most 255 bytes.
    package var host: [UInt8]
    /// The user's name, at most 255 bytes.
    package var user: [UInt8]
    /// The user's ID.
    package var userID: UInt32
    /// The user's group ID.
    package var groupID: UInt32
    /// The paths that were backed up, strictly ascending, at most 4096 bytes each.
    package var paths: [[UInt8]]
    /// What people call it, strictly ascending, at most 256 bytes each.
    package var tags: [[UInt8]]
    /// Free text, at most 4096 bytes.
    package var description: [UInt8]
    /// The program that made it, at most 64 bytes.
    package var programVersion: [UInt8]
    /// The tree of everything, from the file system's root.
    package var tree: TreeReference
    /// What was found and stored.
    package var statistics: SnapshotStatistics
    /// The snapshot that unchanged files were taken from.
    package var parent: SessionID?
    /// The snapshot that this one states anew with other tags.
    package var original: SessionID?
    /// The index objects that this snapshot commits, ascending. All are of its own session or of
    /// sessions that went on as this one.
    package var indexes: [IndexReference]
    /// How many paths were not captured, or not wholly.
    package var problemCount: UInt64
    /// The stream of ``Problem``s.
    package var problems: ContentReference
    /// This writer's previous snapshot.
    package var previous: PreviousSnapshot?
    /// The SHA-256 over the sorted session IDs of all snapshots that the writer saw.
    package var frontier: ChunkID
    /// The newest cleanup that the session knew of.
    package var cleanupGeneration: UInt64
    /// The stream that lists what the new trees refer to; empty where there is none.
    package var referenceSummary: ContentReference

    /// An index object that a snapshot commits.
    package struct IndexReference: Hashable, Sendable {
        static let size = SessionID.size + 4 + ChunkID.size

        /// Which object it is.
        package let id: IndexID
        /// The SHA-256 of the stored object.
        package let digest: ChunkID

        /// Joins a name and a digest.
        package init(id: IndexID, digest: ChunkID) {
            self.id = id
            self.digest = digest
        }
    }

    /// The previous snapshot of a writer.
    package struct PreviousSnapshot: Hashable, Sendable {
        /// Its session.
        package let session: SessionID
        /// The SHA-256 of the stored object.
        package let digest: ChunkID

        /// Joins a session and a digest.
        package init(session: SessionID, digest: ChunkID) {
            self.session = session
            self.digest = digest
        }
    }

    /// A snapshot of one tree with nothing else to say; the fields are set afterwards.
    package init(session: SessionID, tree: TreeReference) {
        self.session = session
        self.tree = tree
        (started, ended) = (0, 0)
        (host, user, description, programVersion) = ([], [], [], [])
        (userID, groupID) = (0, 0)
        (paths, tags, indexes) = ([], [], [])
        statistics = SnapshotStatistics()
        problemCount = 0
        (problems, referenceSummary) = (.empty, .empty)
        frontier = ChunkID(words: (0, 0, 0, 0))
        cleanupGeneration = 0
    }

    /// The frontier of a set of snapshots: the SHA-256 over their sorted session IDs.
    package static func frontier(of sessions: some Sequence<SessionID>) -> ChunkID {
        var writer = ByteWriter()
        for session in sessions.sorted() { session.write(to: &writer) }
        return SHA256.hash(writer.bytes.span)
    }
}

/// What a backup found and stored.
public struct SnapshotStatistics: Hashable, Sendable {
    /// Regular files in the tree.
    public var files: UInt64 = 0
    /// Directories in the tree.
    public var directories: UInt64 = 0
    /// Everything else in the tree.
    public var others: UInt64 = 0
    /// The sizes of all files together, holes included.
    public var bytes: UInt64 = 0
    /// Files that the parent does not have.
    public var filesNew: UInt64 = 0
    /// Files that differ from the parent's.
    public var filesChanged: UInt64 = 0
    /// Files that are as in the parent.
    public var filesUnmodified: UInt64 = 0
    /// Directories that the parent does not have.
    public var directoriesNew: UInt64 = 0
    /// Directories that differ from the parent's.
    public var directoriesChanged: UInt64 = 0
    /// Directories that are as in the parent.
    public var directoriesUnmodified: UInt64 = 0
    /// Chunks that the repository did not have.
    public var chunksAdded: UInt64 = 0
    /// The bytes of those chunks.
    public var bytesAdded: UInt64 = 0
    /// The bytes of the packs written for them.
    public var bytesStored: UInt64 = 0

    /// All zero.
    public init() {}
}

extension SnapshotStatistics: StoredValue {
    /// Every count is one that may be stored.
    package func validate() throws(DecodingFailure) {}

    package func write(to writer: inout ByteWriter) {
        writer.writeVarint(files)
        writer.writeVarint(directories)
        writer.writeVarint(others)
        writer.writeVarint(bytes)
        writer.writeVarint(filesNew)
        writer.writeVarint(filesChanged)
        writer.writeVarint(filesUnmodified)
        writer.writeVarint(directoriesNew)
        writer.writeVarint(directoriesChanged)
        writer.writeVarint(directoriesUnmodified)
        writer.writeVarint(chunksAdded)
        writer.writeVarint(bytesAdded)
        writer.writeVarint(bytesStored)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        files = try reader.readVarint()
        directories = try reader.readVarint()
        others = try reader.readVarint()
        bytes = try reader.readVarint()
        filesNew = try reader.readVarint()
        filesChanged = try reader.readVarint()
        filesUnmodified = try reader.readVarint()
        directoriesNew = try reader.readVarint()
        directoriesChanged = try reader.readVarint()
        directoriesUnmodified = try reader.readVarint()
        chunksAdded = try reader.readVarint()
        bytesAdded = try reader.readVarint()
        bytesStored = try reader.readVarint()
    }
}
