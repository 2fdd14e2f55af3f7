import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Testing

@Suite("What a backup cannot read")
struct BackupProblemTests {
    @Test("A missing source fails as such and commits nothing")
    func missingSource() async throws {
        let bench = try await BackupBench(seed: 31)
        try bench.source.write("there", [1])
        let request = BackupRequest(.paths([bench.path("there"), bench.path("missing")]))
        let error = await #expect(throws: CairnError.self) {
            try await bench.repository.backup(request).value
        }
        #expect(error?.code == .source)
        for folder in ["snapshots", "indexes", "packs", "sessions"] {
            #expect(try bench.names(folder).isEmpty, "\(folder)")
        }
    }

    @Test("Requests that make no sense are refused before anything is written")
    func senselessRequests() async throws {
        let bench = try await BackupBench(seed: 32)
        let sources: [BackupRequest.Source] = [
            .paths([]), .paths([Array("relative".utf8)]), .paths([bench.path("../up")]),
            .stream(name: Array("a/b".utf8), PartedSource(parts: [])),
            .stream(name: [], PartedSource(parts: [])),
        ]
        for source in sources {
            let error = await #expect(throws: CairnError.self) {
                try await bench.repository.backup(BackupRequest(source)).value
            }
            #expect(error?.code == .invalidRequest)
        }
        #expect(try bench.names("sessions").isEmpty)
    }

    @Test("A file that vanishes or is replaced after the listing is listed as a problem")
    func vanishedAndReplaced() async throws {
        let bench = try await BackupBench(seed: 33)
        for name in ["a-vanishes", "b-becomes-a-pipe", "c-stays"] {
            try bench.source.write(name, Array(name.utf8))
        }
        let outcomes = try outcomes(of: ["a-vanishes", "b-becomes-a-pipe", "c-stays"], bench) {
            let folder = bench.source.path
            Disk.remove("\(folder)/a-vanishes")
            Disk.remove("\(folder)/b-becomes-a-pipe")
            Disk.makePipe("\(folder)/b-becomes-a-pipe")
        }
        let reasons = outcomes.map { outcome -> Problem.Reason? in
            if case .failed(let problem) = outcome { problem.reason } else { nil }
        }
        #expect(reasons == [.vanished, .replacedWhileOpening, nil])
    }

    @Test("A file that grew since the walk is stored as it is, without a complaint")
    func grownFile() async throws {
        let bench = try await BackupBench(seed: 34)
        try bench.source.write("log", [1, 2, 3])
        let outcomes = try outcomes(of: ["log"], bench) {
            Disk.write("\(bench.source.path)/log", [4, 5], at: 3)
        }
        guard case .stored(let file) = outcomes[0] else {
            Issue.record("not stored")
            return
        }
        #expect(file.content.length == 5 && file.metadata.size == 5 && file.problem == nil)
    }

    /// Reads files through a ``FileReader`` after `change` was made behind the walk's back.
    private func outcomes(
        of names: [String], _ bench: BackupBench<MemoryStore>, after change: () -> Void
    ) throws -> [FileOutcome] {
        let core = bench.repository.core
        let session = try WriterSession.begin(core, context: JobContext())
        defer { session.abandon() }
        let directory = try SourceDirectory.open(path: bench.path)
        let jobs = try names.map { name in
            FileJob(
                directory: directory, name: Array(name.utf8),
                path: bench.path(name), metadata: try directory.metadata(of: Array(name.utf8)))
        }
        change()
        let reader = FileReader(
            core: core,
            saver: ChunkSaver(
                session, packs: session.dataPacks, type: .data, compression: .none),
            lists: MetadataSink(session), queue: WorkQueue(batchCountMax: 1),
            context: JobContext(), counters: session.counters)
        let batch = WalkBatch(items: [], jobs: jobs)
        try reader.process(batch)
        return try #require(batch.awaitOutcomes())
    }

    @Test("Problems are reported, counted, listed in the snapshot and spare the rest")
    func problemsOfSnapshot() async throws {
        let bench = try await BackupBench(seed: 35)
        let core = bench.repository.core
        for name in ["d/one", "d/two", "e"] { try bench.source.write(name, Array(name.utf8)) }
        let session = try WriterSession.begin(core, context: JobContext())
        defer { session.abandon() }
        let directory = try SourceDirectory.open(path: bench.path("d"))
        let metadata = try directory.metadata(of: Array("one".utf8))
        let file = TreeEntry(
            name: Array("one".utf8), metadata, node: .regular(content: .empty, layout: nil))
        let folder = TreeEntry(name: Array("d".utf8), try directory.metadata(), node: .pipe)
        let sink = MetadataSink(session)
        var assembler = TreeAssembler(
            sink: sink, problemList: ProblemListWriter(sink), context: JobContext(),
            counters: session.counters, reportsItems: false)
        let problem = Problem(path: bench.path("d/two"), reason: .unreadable, text: "no")
        try assembler.add(
            WalkBatch(
                items: [
                    .enter(path: bench.path("d")), .entry(file, path: bench.path("d/one"), .new),
                    .problem(problem), .leave(folder, previous: nil, isOptional: false),
                ], jobs: []))
        let (tree, list) = try assembler.finish()
        try sink.flush()
        var record = SnapshotRecord(session: session.id, tree: tree)
        record.problemCount = UInt64(assembler.problemCount)
        record.problems = list
        let committed = try session.commit(record)
        let stored = try StoredTree(bench.repository, committed.session)
        #expect(try stored.problems() == [problem])
        #expect(stored["/d"]?.isIncomplete == true)
        #expect(stored["/d/one"]?.isIncomplete == false)
    }
}
