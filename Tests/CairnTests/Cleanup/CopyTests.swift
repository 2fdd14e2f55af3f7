import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Testing

@testable import Cairn

@Suite("What a cleanup copies")
struct CopyTests {
    /// How the copying is done: on how many threads, none for inline, and whether what is
    /// compressed is proved.
    struct Way: Sendable, CustomTestStringConvertible {
        let threads: Int
        let verifies: Bool
        var testDescription: String { "\(threads) threads, \(verifies ? "proved" : "unproved")" }
    }

    static let ways = [
        Way(threads: 0, verifies: true), Way(threads: 1, verifies: true),
        Way(threads: 4, verifies: true), Way(threads: 4, verifies: false),
    ]

    private struct Bench {
        let store = FaultyStore(MemoryStore())
        /// Of each pack with data, one of three chunks.
        let files: [Int: Int]
        let kept: SessionID

        init(count: Int = 60) throws {
            var options = RepositoryOptions()
            options.environment = .virtual(seed: 31)
            _ = try RepositoryCreation.run(store, RepositorySettings(), nil, options)
            var all: [Int: Int] = [:]
            // Names of as many digits, since a tree's are in order.
            for number in 1...count { all[100 + number] = number }
            files = all.filter { $0.value % 3 == 2 }
            let core = try SimulatedFiles.core(store, seed: 1, process: 1)
            let old = try SimulatedFiles.save(core, all, usesParent: false)
            kept = try SimulatedFiles.save(core, files, usesParent: false).session
            try SnapshotChanges(core).mark([old.session], reason: "test")
        }

        func core(_ way: Way, process: Int32) throws -> RepositoryCore {
            var options = RepositoryOptions()
            options.environment = .virtual(
                seed: UInt64(process),
                host: VirtualHost(
                    hostName: "host",
                    process: ProcessIdentity(processID: process, startTime: 1, bootID: "boot")
                )
            )
            options.publishesInline = way.threads == 0
            options.workerCount = max(1, way.threads)
            options.verifiesBeforePublishing = way.verifies
            return try RepositoryOpening.run(store, nil, options).core
        }

        @discardableResult
        func cleanUp(_ way: Way, process: Int32 = 5) throws -> CleanupReport {
            var options = CleanupOptions()
            (options.maxUnused, options.fenceAfter) = (.percent(0), 0)
            let core = try core(way, process: process)
            let meter = CleanupMeter(core.environment.time)
            return try CleanupRun.perform(core, nil, options, context: JobContext(), meter: meter)
        }

        func plan() throws -> CleanupPlan {
            let core = try SimulatedFiles.core(store, seed: 9, process: 9)
            var options = CleanupOptions()
            options.maxUnused = .percent(0)
            return try CleanupPlanner(core: core, options: options)
                .plan(context: JobContext(), meter: CleanupMeter(core.environment.time))
        }

        func holds(_ id: SessionID, _ files: [Int: Int]) throws -> Bool {
            let core = try SimulatedFiles.core(store, seed: 8, process: 8)
            let opened = try OpenedSnapshot(id, RecordStore(core), JobContext())
            return try SimulatedFiles.holds(opened.chunks, opened.record, files)
        }
    }

    @Test("is what is needed, each chunk once, on any number of threads", arguments: ways)
    func once(way: Way) throws {
        let bench = try Bench()
        let before = try bench.plan()
        #expect(before.packs(.rewrite).count >= 20)
        let report = try bench.cleanUp(way)
        #expect(report.packsReprieved == 0 && report.bytesUnused == 0)
        #expect(try bench.holds(bench.kept, bench.files))
        let plan = try bench.plan()
        #expect(plan.isEmpty)
        // The contents and one tree.
        #expect(plan.packs.reduce(0) { $0 + $1.chunks } == bench.files.count + 1)
    }

    @Test("but not a chunk that is damaged, whose pack stays", arguments: ways)
    func damaged(way: Way) throws {
        let bench = try Bench()
        // Who writes does not prove it, so that other bytes than those of content 101 are stored.
        let writer = try bench.core(Way(threads: 0, verifies: false), process: 2)
        let contents = [101, 102]
        var isWrong = false
        let all = [301: 101, 302: 102, 303: 2]
        let old = try SimulatedFiles.save(writer, all, usesParent: false) {
            session throws(CairnError) in
            if isWrong { return }
            isWrong = true
            let packs = session.dataPacks
            let saver = ChunkSaver(session, packs: packs, type: .data, compression: .none)
            for content in contents {
                let id = writer.identifier.identify(SimulatedFiles.bytes(content).span)
                try saver.save(id, SimulatedFiles.bytes(content == 101 ? 103 : content).span)
            }
            try saver.flush()
            try packs.finish()
        }
        let files = [301: 101, 303: 2]
        let new = try SimulatedFiles.save(writer, files, usesParent: false)
        try SnapshotChanges(writer).mark([old.session], reason: "test")
        let report = try bench.cleanUp(way)
        #expect(report.packsReprieved == 1)
        #expect(try bench.holds(bench.kept, bench.files))
        #expect(throws: CairnError.self) { try bench.holds(new.session, files) }
        // All else is free.
        let left = try bench.plan().packs.filter { $0.action != .keep }
        #expect(left.count == 1 && left.first?.chunks == 2)
    }

    @Test("is whole after a failure at any operation, whichever thread meets it")
    func failing() throws {
        let way = Way(threads: 3, verifies: true)
        var failures = 0
        for operation in [StoreOperation.read, .create] {
            for number in stride(from: 1, to: 90, by: operation == .read ? 7 : 1) {
                let bench = try Bench()
                let fault = StoreFault.error(.failed(reason: "gone"))
                bench.store.plan(fault, for: operation, at: number, lasting: true)
                do {
                    try bench.cleanUp(way)
                } catch let error as CairnError {
                    failures += 1
                    #expect(error.code == .store, "\(operation) \(number): \(error)")
                }
                bench.store.clearPlans()
                #expect(try bench.holds(bench.kept, bench.files), "\(operation) \(number)")
                try bench.cleanUp(way, process: 6)
                #expect(try bench.plan().isEmpty, "\(operation) \(number)")
                #expect(try bench.holds(bench.kept, bench.files), "\(operation) \(number)")
            }
        }
        #expect(failures > 15)
    }

    @Test("ends when the job is cancelled, and the next cleanup goes on")
    func cancelled() throws {
        let bench = try Bench()
        let way = Way(threads: 3, verifies: true)
        let core = try bench.core(way, process: 5)
        let cancellation = Cancellation()
        let context = JobContext(cancellation: cancellation)
        var options = CleanupOptions()
        (options.maxUnused, options.fenceAfter) = (.percent(0), 0)
        var executor = try CleanupExecutor(
            core,
            generation: 1,
            options: options,
            context: context,
            meter: CleanupMeter(core.environment.time)
        )
        let packs = Set(try bench.plan().packs(.rewrite).map { $0.id })
        #expect(try executor.open(packs, []))
        cancellation.cancel()
        let error = #expect(throws: CairnError.self) { try executor.finish() }
        #expect(error?.code == .cancelled)
        try bench.cleanUp(way, process: 6)
        #expect(try bench.plan().isEmpty)
        #expect(try bench.holds(bench.kept, bench.files))
    }
}
