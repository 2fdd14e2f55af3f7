import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Testing

@Suite("An interrupted backup")
struct BackupInterruptionTests {
    @Test("Cancelling a stream ends it at the next read and commits nothing")
    func cancelledStream() async throws {
        let bench = try await BackupBench(seed: 71)
        let cancellation = Cancellation()
        let source = EndlessSource { number in if number == 9 { cancellation.cancel() } }
        let error = #expect(throws: CairnError.self) {
            try BackupRun.run(
                bench.repository.core,
                BackupRequest(.stream(name: Array("endless".utf8), source)),
                context: JobContext(cancellation: cancellation)
            )
        }
        #expect(error?.code == .cancelled)
        #expect(source.readCount == 10)
        #expect(try bench.names("snapshots").isEmpty && bench.names("indexes").isEmpty)
    }

    @Test("After a cancelled backup of files the next one succeeds, in the same process")
    func cancelledFiles() async throws {
        var settings = RepositorySettings()
        settings.packSize = 4 << 20
        let cancellation = Cancellation()
        let store = HookedStore { name in
            if name.folder == "packs" { cancellation.cancel() }
        }
        let bench = try await BackupBench(store, seed: 72, settings: settings)
        var random = SeededRandom(seed: 72)
        for number in 0..<12 {
            try bench.source.write("file-\(number)", random.bytes(count: 2 << 20))
        }
        let error = #expect(throws: CairnError.self) {
            try BackupRun.run(
                bench.repository.core,
                bench.request,
                context: JobContext(cancellation: cancellation)
            )
        }
        #expect(error?.code == .cancelled)
        #expect(try bench.names("snapshots").isEmpty && bench.names("indexes").isEmpty)
        #expect(try bench.names("sessions").count == 1)
        let summary = try await bench.backUp()
        let tree = try bench.tree(summary)
        for path in Disk.walk(bench.path).dropFirst() {
            #expect(try tree.equalsDisk(path), "\(PathText.escaped(path))")
        }
        // The process knows that its own session is over, and takes over what it stored.
        #expect(try bench.names("sessions").isEmpty)
    }

    @Test("The packs of a dead process are taken over, and no chunk is stored twice")
    func adoption() async throws {
        var settings = RepositorySettings()
        settings.packSize = 4 << 20
        let dead = BackupTesting.host(processID: 1)
        let bench = try await BackupBench(
            FaultyStore(MemoryStore()),
            seed: 73,
            settings: settings,
            options: BackupTesting.options(seed: 73, host: dead)
        )
        var random = SeededRandom(seed: 73)
        try bench.source.write("large", random.bytes(count: 10 << 20))
        bench.store.plan(.error(.failed(reason: "dead")), for: .create, at: 7, lasting: true)
        await #expect(throws: CairnError.self) { try await bench.backUp() }
        bench.store.clearPlans()
        let packs = try bench.names("packs")
        #expect(!packs.isEmpty)

        let alive = BackupTesting.host(processID: 2)
        let next = try await bench.reopened(BackupTesting.options(seed: 74, host: alive))
        let summary = try await next.backup(bench.request).value
        let tree = try bench.tree(summary)
        let path = bench.path("large")
        #expect(try tree.equalsDisk(path))
        #expect(try bench.names("sessions").isEmpty)
        #expect(try RepositoryView.load(next.records).tombstones.count == 1)
        var places: [ChunkID: Int] = [:]
        for object in try bench.store.list(folder: "packs").objects {
            guard case .pack(let pack)? = ObjectNames.parse(object.name.text) else { continue }
            let tail = try PackTail(of: pack, size: object.size, core: next.core)
            for chunk in tail.directory.chunks { places[chunk.id, default: 0] += 1 }
        }
        #expect(!places.isEmpty && places.values.allSatisfy { $0 == 1 })
    }

    @Test("The packs of a process that lives, or of another machine, are left alone")
    func foreignSessions() async throws {
        let hosts = [
            BackupTesting.host(processID: 2),
            VirtualHost(
                hostName: "elsewhere",
                process: ProcessIdentity(processID: 3, startTime: 7, bootID: "other")
            ),
        ]
        hosts[0].setAlive(BackupTesting.host(processID: 1).process, true)
        for host in hosts {
            let bench = try await BackupBench(
                FaultyStore(MemoryStore()),
                seed: 75,
                options: BackupTesting.options(seed: 75, host: BackupTesting.host(processID: 1))
            )
            try bench.source.write("file", Array("text".utf8))
            bench.store.plan(.error(.failed(reason: "no")), for: .create, at: 3)
            await #expect(throws: CairnError.self) { try await bench.backUp() }
            let next = try await bench.reopened(BackupTesting.options(seed: 76, host: host))
            _ = try await next.backup(bench.request).value
            #expect(try bench.names("sessions").count == 1)
            #expect(try RepositoryView.load(next.records).tombstones.isEmpty)
        }
    }
}

/// A stream that never ends and tells of every read.
private final class EndlessSource: ByteSource {
    private let onRead: @Sendable (Int) -> Void
    private let next = Counter()

    init(_ onRead: @escaping @Sendable (Int) -> Void) {
        self.onRead = onRead
    }

    var readCount: Int { next.count }

    func read(upTo size: Int, into buffer: ByteBuffer) throws(CairnError) -> Int {
        onRead(next.take())
        buffer.appendZeros(size)
        return size
    }

    func finish() throws(CairnError) {}
}

/// A store in memory that tells of every create before it does it.
final class HookedStore: Store {
    private let base: MemoryStore
    private let onCreate: @Sendable (ObjectName) -> Void

    init(
        base: MemoryStore = MemoryStore(),
        _ onCreate: @escaping @Sendable (ObjectName) -> Void
    ) {
        self.base = base
        self.onCreate = onCreate
    }

    var capabilities: StoreCapabilities { base.capabilities }

    func create(_ name: ObjectName, _ bytes: Span<UInt8>) throws(StoreError) -> CreateOutcome {
        onCreate(name)
        return try base.create(name, bytes)
    }

    func read(
        _ name: ObjectName,
        _ range: Range<UInt64>?,
        into buffer: ByteBuffer
    ) throws(StoreError) {
        try base.read(name, range, into: buffer)
    }

    func size(of name: ObjectName) throws(StoreError) -> UInt64 { try base.size(of: name) }

    func list(folder: String) throws(StoreError) -> Listing { try base.list(folder: folder) }

    func delete(_ name: ObjectName) throws(StoreError) { try base.delete(name) }

    func barrier() throws(StoreError) { try base.barrier() }
}
