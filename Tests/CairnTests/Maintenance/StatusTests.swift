import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Testing

@Suite("status")
struct StatusTests {
    @Test("Each source has its newest snapshot and an age by the wall clock")
    func sources() async throws {
        let small = try await SmallRepository(seed: 30)
        let hour: UInt64 = 3_600_000_000_000
        let last = try #require(try await small.repository.snapshots().snapshots.last)
        small.clock.setWall(nanoseconds: last.time + Int64(2 * hour))
        let report = try await small.repository.status(staleAfter: Int64(hour)).value
        let source = try #require(report.sources.first)
        #expect(report.sources.count == 1)
        #expect(source.snapshotCount == 2)
        #expect(source.last.id == last.id)
        #expect(source.lastComplete?.id == last.id)
        #expect(source.age >= Int64(2 * hour))
        #expect(source.isStale && report.isAnyStale)
        #expect(report.orphans.isEmpty && report.sessions.isEmpty && report.damaged.isEmpty)
        #expect(report.objectCount == small.store.contents.count)
        let relaxed = try await small.repository.status(staleAfter: nil).value
        #expect(!relaxed.isAnyStale)
    }

    @Test("A session without an outcome is open, and what it wrote no orphan while it lives")
    func openSessions() async throws {
        let small = try await SmallRepository(seed: 31)
        let last = try #require(small.store.names("snapshots").last)
        let id = try #require(SessionID(last.leaf))
        let process = small.options.environment.host.process
        let records = RecordStore(small.repository.core)
        let session = SessionRecord(
            host: Array("test-host".utf8),
            user: [],
            bootID: Array(process.bootID.utf8),
            processID: UInt32(process.processID),
            processStart: process.startTime,
            started: 1,
            cleanupGeneration: 0
        )
        let name = ObjectNames.session(id)
        _ = try records.create(name, records.seal(.session, session.encode(), named: name))
        small.store[last] = nil
        var report = try await small.repository.status(staleAfter: nil).value
        #expect(report.sessions.map { $0.id } == [id])
        #expect(report.sessions.first?.isDead == false)
        #expect(report.orphans.isEmpty)
        let host = try #require(small.options.environment.host as? VirtualHost)
        host.setAlive(process, false)
        report = try await small.repository.status(staleAfter: nil).value
        #expect(report.sessions.first?.isDead == true)
        #expect(!report.orphans.isEmpty)
        #expect(report.orphanBytes == report.orphans.reduce(0) { $0 + $1.size })
        #expect(try small.check(.none).isSound)
    }

    @Test("Drafts of interrupted runs are orphans that a cleanup takes; foreign files stay")
    func leftBehind() async throws {
        let (folder, source) = (try ScratchFolder(), try ScratchFolder())
        let bench = try await BackupBench(
            RetryingStore(try LocalStore(path: folder.path + "/repository", create: true)),
            seed: 33,
            source: source
        )
        try source.write("file", [1, 2, 3])
        _ = try await bench.backUp()
        let draft = "repository/tmp/.draft-00ff"
        try folder.write(draft, [UInt8](repeating: 7, count: 500))
        try folder.write("repository/tmp/letter", [1])
        try folder.write("repository/packs/junk", [1, 2])
        var report = try await bench.repository.status(staleAfter: nil).value
        #expect(report.orphans == [Orphan(object: "tmp/.draft-00ff", size: 500)])
        #expect(report.foreign == [Orphan(object: "packs/junk", size: 2)])
        let core = bench.repository.core
        let session = SessionID(writer: 1, counter: 1, random: [UInt8](repeating: 9, count: 12))
        let name = ObjectNames.session(session)
        let process = core.environment.host.process
        let record = SessionRecord(
            host: Array(core.environment.host.hostName.utf8),
            user: [],
            bootID: Array(process.bootID.utf8),
            processID: UInt32(process.processID),
            processStart: process.startTime,
            started: 1,
            cleanupGeneration: 0
        )
        let records = RecordStore(core)
        _ = try records.create(name, records.seal(.session, record.encode(), named: name))
        #expect(try await bench.repository.cleanUp().value.temporaryFilesDeleted == 0)
        #expect(try await bench.repository.status(staleAfter: nil).value.orphans.isEmpty)
        try records.delete(name)
        #expect(try await bench.repository.cleanUp().value.temporaryFilesDeleted == 1)
        report = try await bench.repository.status(staleAfter: nil).value
        #expect(report.orphans.isEmpty && report.foreign.count == 1)
        let left = Disk.names(Array("\(folder.path)/repository/tmp".utf8))
        #expect(left == [Array("letter".utf8)])
    }

    @Test("Damaged records are named")
    func damagedRecords() async throws {
        let small = try await SmallRepository(seed: 32)
        let last = try #require(small.store.names("snapshots").last)
        small.store[last]?[60] ^= 1
        let report = try await small.repository.status(staleAfter: nil).value
        #expect(Array(report.damaged.keys) == [last.text])
        #expect(report.sources.first?.snapshotCount == 1)
        #expect(report.orphans.isEmpty)
    }
}
