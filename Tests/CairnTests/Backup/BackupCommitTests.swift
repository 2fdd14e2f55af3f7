import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Testing

@Suite("The commit of a backup")
struct BackupCommitTests {
    @Test("Packs, index objects and the snapshot are written in this order, with barriers between")
    func orderOfWrites() async throws {
        let bench = try await BackupBench(RecordingStore(MemoryStore()), seed: 61)
        try bench.source.write("file", Array("text".utf8))
        bench.store.clear()
        _ = try await bench.backUp()
        let entries = bench.store.entries
        var steps: [String] = []
        for entry in entries where entry.operation == .create || entry.operation == .barrier {
            let step = entry.name?.folder ?? "barrier"
            if steps.last != step { steps.append(step) }
        }
        #expect(
            steps == ["sessions", "packs", "barrier", "indexes", "barrier", "snapshots", "barrier"]
        )
        let registered = try #require(
            entries.firstIndex { $0.operation == .create && $0.name?.folder == "sessions" }
        )
        let viewed = try #require(
            entries.lastIndex { $0.operation == .list && $0.folder == "snapshots" }
        )
        #expect(registered < viewed)
        #expect(entries[..<registered].allSatisfy { $0.operation == .list })
        #expect(entries.last?.operation == .delete && entries.last?.name?.folder == "sessions")
    }

    @Test("A snapshot whose create lost its answer is recognised as committed")
    func lostAnswer() async throws {
        let bench = try await BackupBench(FaultyStore(MemoryStore()), seed: 62)
        try bench.source.write("file", Array("text".utf8))
        let before = bench.store.count(of: .create)
        _ = try await bench.backUp()
        let count = bench.store.count(of: .create) - before
        try bench.source.write("file", Array("another text".utf8))
        bench.store.plan(
            .lostAnswer(.unavailable(reason: "no answer")),
            for: .create,
            at: count
        )
        let summary = try await bench.backUp()
        #expect(try await bench.repository.snapshots().snapshots.last?.id == summary.snapshot)
        #expect(
            try bench.tree(summary).bytes("\(bench.source.path)/file")
                == Array("another text".utf8)
        )
    }

    @Test("A session that another process ended goes on as another and keeps its packs")
    func fenced() async throws {
        let bench = try await BackupBench(seed: 63)
        let core = bench.repository.core
        let records = RecordStore(core)
        let session = try WriterSession.begin(core, context: JobContext())
        defer { session.abandon() }
        let sink = MetadataSink(session)
        let tree = try DirectoryWriter(sink).finished()
        try sink.flush()
        let tombstone = Tombstone(reason: .fenced, successor: nil, time: 1, host: [])
        let name = ObjectNames.snapshot(session.id)
        let sealed = try records.seal(.tombstone, tombstone.encode(), named: name)
        #expect(try records.create(name, sealed) == .created)
        let before = session.id
        let record = try session.commit(SnapshotRecord(session: session.id, tree: tree))
        #expect(record.session != before)
        let view = try RepositoryView.load(records)
        #expect(view.tombstones == [before])
        #expect(view.snapshots.map { $0.session } == [record.session])
        #expect(try bench.names("sessions").isEmpty)
    }

    @Test("A session that was ended and lost a pack commits nothing")
    func fencedAndCleaned() async throws {
        let bench = try await BackupBench(seed: 67)
        let records = RecordStore(bench.repository.core)
        let session = try WriterSession.begin(bench.repository.core, context: JobContext())
        defer { session.abandon() }
        let sink = MetadataSink(session)
        let tree = try DirectoryWriter(sink).finished()
        try sink.flush()
        try session.metadataPacks.finish()
        try session.publisher.drain()
        let entombed = try SessionAdoption.entomb(session.id, .fenced, successor: nil, records)
        #expect(entombed)
        for object in try records.list("packs") { try records.delete(object.name.text) }
        let error = #expect(throws: CairnError.self) {
            try session.commit(SnapshotRecord(session: session.id, tree: tree))
        }
        #expect(error?.code == .fenced)
        #expect(try await bench.repository.snapshots().snapshots.isEmpty)
    }

    @Test("Two backups at once both commit whole snapshots")
    func twoAtOnce() async throws {
        let bench = try await BackupBench(seed: 64)
        try bench.writeFiles(seed: 64)
        let hosts = [BackupTesting.host(processID: 1), BackupTesting.host(processID: 2)]
        hosts[0].setAlive(hosts[1].process, true)
        hosts[1].setAlive(hosts[0].process, true)
        let repositories = [
            try await bench.reopened(BackupTesting.options(seed: 65, host: hosts[0])),
            try await bench.reopened(BackupTesting.options(seed: 66, host: hosts[1])),
        ]
        let jobs = repositories.map { $0.backup(bench.request) }
        let summaries = [try await jobs[0].value, try await jobs[1].value]
        #expect(summaries[0].snapshot != summaries[1].snapshot)
        #expect(try await bench.repository.snapshots().snapshots.count == 2)
        let trees = try summaries.map { try bench.tree($0) }
        #expect(trees[0].sourceNode == trees[1].sourceNode)
        for tree in trees {
            for path in tree.paths(beneath: bench.path) {
                guard case .regular? = tree.entries[path]?.node else { continue }
                #expect(try tree.equalsDisk(path), "\(PathText.escaped(path))")
            }
        }
    }
}

extension DirectoryWriter {
    /// Ends the folder at once.
    fileprivate func finished() throws(CairnError) -> TreeReference {
        var writer = self
        return try writer.finish()
    }
}
