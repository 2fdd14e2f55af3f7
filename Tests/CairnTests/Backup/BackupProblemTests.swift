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

    /// Backs up one large file that changes when the first pack is written.
    ///
    /// Its data are more than the packs in memory hold, so the reader is still busy with it then.
    private func backUp(
        changing name: String,
        seed: UInt64,
        offset: Int,
        _ body: (
            BackupBench<HookedStore>, BackupSummary, _ data: [UInt8]
        ) async throws -> Void
    ) async throws {
        let folder = try ScratchFolder()
        let path = "\(folder.path)/\(name)"
        let packs = Counter()
        let store = HookedStore { object in
            if object.folder == "packs" && packs.take() == 0 {
                Disk.setModified(path, seconds: 1_234_567_890)
            }
        }
        var settings = RepositorySettings()
        settings.packSize = 4 << 20
        let bench = try await BackupBench(
            store,
            seed: seed,
            settings: settings,
            source: folder
        )
        var random = SeededRandom(seed: seed)
        let data = random.bytes(count: 24 << 20)
        Disk.write(path, data, at: offset)
        let summary = try await bench.backUp()
        try await body(bench, summary, data)
    }

    @Test("A file that changes while it is read and then rests is read again")
    func changedOnce() async throws {
        try await backUp(changing: "log", seed: 36, offset: 0) { bench, summary, data in
            #expect(summary.isComplete)
            let tree = try bench.tree(summary)
            #expect(tree.entries[bench.path("log")]?.modified.seconds == 1_234_567_890)
            #expect(Disk.areEqual(try tree.bytes(bench.path("log")), data))
        }
    }

    @Test("A file too large to read again that changes is stored and listed as changed")
    func changedWhileRead() async throws {
        try await backUp(changing: "disk", seed: 37, offset: 1 << 30) { bench, summary, data in
            let path = bench.path("disk")
            #expect(summary.problems.map { $0.reason } == [.changedWhileRead])
            #expect(summary.problems.map { $0.path } == [path])
            let tree = try bench.tree(summary)
            #expect(try tree.problems() == summary.problems)
            #expect(tree.record.problemCount == 1)
            let entry = try #require(tree.entries[path])
            #expect(entry.isIncomplete && entry.logicalSize == (1 << 30) + (24 << 20))
            // A file system without holes would have stored them as zeros.
            if case .regular(let content, _?) = entry.node {
                #expect(Disk.areEqual(try tree.stream(content), data))
            }
            // It is not trusted to be the same, but is read once more.
            let again = try await bench.backUp()
            #expect(again.isComplete && again.statistics.filesChanged == 1)
            #expect(try bench.tree(again).entries[path]?.isIncomplete == false)
        }
    }

    /// Reads files through a ``FileReader`` after `change` was made behind the walk's back.
    private func outcomes(
        of names: [String],
        _ bench: BackupBench<MemoryStore>,
        after change: () -> Void
    ) throws -> [FileOutcome] {
        let core = bench.repository.core
        let session = try WriterSession.begin(core, context: JobContext())
        defer { session.abandon() }
        let directory = try SourceDirectory.open(path: bench.path)
        let jobs = try names.map { name in
            FileJob(
                directory: directory,
                name: Array(name.utf8),
                path: bench.path(name),
                metadata: try directory.metadata(of: Array(name.utf8))
            )
        }
        change()
        let reader = FileReader(
            core: core,
            saver: ChunkSaver(
                session,
                packs: session.dataPacks,
                type: .data,
                compression: .none
            ),
            lists: MetadataSink(session),
            queue: WorkQueue(batchCountMax: 1),
            context: JobContext(),
            counters: session.counters
        )
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
            name: Array("one".utf8),
            metadata,
            node: .regular(content: .empty, layout: nil)
        )
        let folder = TreeEntry(name: Array("d".utf8), try directory.metadata(), node: .pipe)
        let sink = MetadataSink(session)
        var assembler = TreeAssembler(
            sink: sink,
            problemList: ProblemListWriter(sink),
            context: JobContext(),
            counters: session.counters,
            reportsItems: false
        )
        let problem = Problem(path: bench.path("d/two"), reason: .unreadable, text: "no")
        try assembler.add(
            WalkBatch(
                items: [
                    .enter(path: bench.path("d")), .entry(file, path: bench.path("d/one"), .new),
                    .problem(problem), .leave(folder, previous: nil, isOptional: false),
                ],
                jobs: []
            )
        )
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
