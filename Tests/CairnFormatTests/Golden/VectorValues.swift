import CairnCore

@testable import CairnFormat

/// The values behind the golden vectors and the worked examples of Specs/Format.md.
enum VectorValues {
    static func run(_ first: UInt8, _ count: Int) -> [UInt8] {
        (0..<count).map { first &+ UInt8(truncatingIfNeeded: $0) }
    }

    static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

    static func id(_ first: UInt8) -> ChunkID { ChunkID(run(first, 32).span) }

    static let repository = unwrap(RepositoryID(bytes: run(0x00, 16)))
    static let slot = unwrap(KeySlotID(bytes: run(0x10, 16)))
    static let session = SessionID(
        writer: 0x1122_3344_5566_7788,
        counter: 7,
        random: run(0xa0, 12)
    )
    static let other = SessionID(writer: 0x1122_3344_5566_7788, counter: 6, random: run(0xb0, 12))
    static let pack = PackID(session: session, number: 1)
    static let salt = run(0x40, 32)
    static let created: Int64 = 1_700_000_000_123_456_789
    static var master: SecretBytes { SecretBytes(copying: run(0xc0, 32).span) }
    static var code: SecretBytes { SecretBytes(copying: run(0x80, 32).span) }

    static func keys() throws -> PurposeKeys {
        try PurposeKeys(master: master, repository: repository)
    }

    static let format = RepositoryFormat(
        repository: repository,
        identifiers: .hmacSHA256,
        sealing: .aes256GCM,
        chunking: .anchored,
        chunkSizeMin: anchored.min,
        chunkSizeMean: 1 << 20,
        chunkSizeMax: anchored.max,
        packSizeTarget: 32 << 20,
        created: created
    )

    static let anchored: (min: UInt32, max: UInt32) = {
        let standard = try? ChunkerParameters.standard(.anchored, sizeMean: 1 << 20)
        return (UInt32(standard?.sizeMin ?? 0), UInt32(standard?.sizeMax ?? 0))
    }()

    static let formatPlain = RepositoryFormat(
        repository: repository,
        identifiers: .sha256,
        sealing: .none,
        chunking: .fastcdc,
        chunkSizeMin: 256 << 10,
        chunkSizeMean: 1 << 20,
        chunkSizeMax: 4 << 20,
        packSizeTarget: 16 << 20,
        optionalFeatures: 1,
        created: created,
        chunkerKey: run(0x60, 32)
    )

    static func keySlot(_ kind: KeySlot.Kind) throws -> KeySlot {
        let work = Argon2Parameters(memoryKiB: 64, passes: 1, lanes: 2)
        let slot = KeySlot(
            kind: kind,
            repository: repository,
            id: slot,
            salt: salt,
            work: kind == .passphrase ? work : nil,
            created: created,
            label: text("laptop")
        )
        let bundle = KeyBundle(masterSecret: master, formatDigest: format.digest)
        return try slot.sealing(bundle, with: code)
    }

    static let sessionRecord = SessionRecord(
        host: text("alpha"),
        user: text("root"),
        bootID: text("8f2c"),
        processID: 4711,
        processStart: 123_456,
        started: created,
        cleanupGeneration: 2,
        roots: [other],
        predecessors: [other]
    )

    static let condemned = CondemnedRecord(
        executor: executor,
        packs: [PackID(session: other, number: 3), PackID(session: session, number: 1)],
        indexes: [IndexID(session: other, number: 1)]
    )

    static let doomed: DoomedRecord = {
        var record = DoomedRecord(executor: executor)
        record.packs = condemned.packs
        record.masked = [PackID(session: session, number: 1)]
        record.superseded = [IndexID(session: other, number: 0)]
        record.retired = [IndexID(session: other, number: 0)]
        record.added = [.init(id: IndexID(session: executor, number: 0), digest: id(0x70))]
        return record
    }()

    static let done = DoneRecord(executor: executor, time: created, packCount: 2, bytes: 70_000)

    /// The executor of generation 3.
    static let executor = SessionID(
        writer: SessionID.executorWriter,
        counter: 3,
        random: run(0xb0, 12)
    )

    static let tombstone = Tombstone(
        reason: .rolledOver,
        successor: session,
        time: created,
        host: text("alpha")
    )

    static let forgotten = ForgottenRecord(
        time: created,
        host: text("alpha"),
        user: text("root"),
        reason: text("keep-last 3")
    )

    static let problems = ProblemList([
        Problem(reason: .unreadable, path: text("/etc/shadow"), message: text("EACCES")),
        Problem(reason: .vanished, path: text("/tmp/x"), message: []),
    ])

    static let snapshot: SnapshotRecord = {
        var snapshot = SnapshotRecord(
            session: session,
            tree: TreeReference(level: 0, root: id(0x20))
        )
        snapshot.started = created
        snapshot.ended = created + 1_000_000_000
        snapshot.host = text("alpha")
        snapshot.user = text("root")
        snapshot.groupID = 1000
        snapshot.paths = [text("/etc"), text("/home/a")]
        snapshot.tags = [text("daily")]
        snapshot.programVersion = text("cairn 1")
        snapshot.statistics.files = 300
        snapshot.statistics.bytes = 70_000
        snapshot.statistics.filesNew = 300
        snapshot.parent = other
        snapshot.indexes = [.init(id: IndexID(session: session, number: 0), digest: id(0x70))]
        snapshot.problemCount = 2
        snapshot.problems = ContentReference(length: 36, depth: 0, root: id(0x50))
        snapshot.previous = .init(session: other, digest: id(0x30))
        snapshot.frontier = SnapshotRecord.frontier(of: [other])
        snapshot.cleanupGeneration = 2
        return snapshot
    }()

    static let contentList = ContentList(
        depth: 1,
        entries: [.init(id: id(0x01), length: 300), .init(id: id(0x21), length: 5)]
    )
}
