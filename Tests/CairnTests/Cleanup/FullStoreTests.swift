import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Testing

@testable import Cairn

@Suite("A full store")
struct FullStoreTests {
    /// Snapshots in a store that can be full.
    private struct Bench {
        let store = BoundedStore(MemoryStore(), blockCount: 100_000)
        let seed: UInt64
        /// Forgotten at the end of ``init(seed:)``; shares some contents with `new`.
        let old: SessionID
        let new: SessionID
        static let oldFiles = Dictionary(uniqueKeysWithValues: (100..<340).map { ($0, $0) })
        // Something of each pack is needed, and its copies take more blocks than a record.
        static let newFiles = oldFiles.filter { $0.value % 2 == 0 }.merging([999: 999]) { $1 }

        init(seed: UInt64) throws {
            self.seed = seed
            var settings = RepositorySettings()
            settings.packSize = 4 << 20
            var options = RepositoryOptions()
            options.environment = .virtual(seed: seed)
            _ = try RepositoryCreation.run(store, settings, nil, options)
            let core = try SimulatedFiles.core(store, seed: seed &* 100, process: 1)
            old = try SimulatedFiles.save(core, Bench.oldFiles, usesParent: true).session
            new = try SimulatedFiles.save(core, Bench.newFiles, usesParent: true).session
        }

        func core() throws -> RepositoryCore {
            try SimulatedFiles.core(store, seed: seed &* 100 &+ 7, process: 1)
        }

        func forget() throws {
            try SnapshotChanges(try core()).mark([old], reason: "test")
        }

        @discardableResult
        func cleanUp() throws -> CleanupReport {
            var options = CleanupOptions()
            options.maxUnused = .percent(0)
            options.fenceAfter = 0
            return try CleanupRun.run(try core(), nil, options, context: JobContext())
        }

        var hasReserve: Bool {
            get throws {
                try store.list(folder: "").objects.contains { $0.name.text == "reserve" }
            }
        }

        func holdsNew() throws -> Bool {
            let opened = try OpenedSnapshot(new, RecordStore(try core()), JobContext())
            return try SimulatedFiles.holds(opened.chunks, opened.record, Bench.newFiles)
        }
    }

    @Test("can be emptied by forgetting and cleaning up, and gets its reserve back")
    func emptied() throws {
        let bench = try Bench(seed: 1)
        #expect(try bench.hasReserve)
        bench.store.fill()
        let error = #expect(throws: CairnError.self) {
            try SimulatedFiles.save(try bench.core(), [6: 6], usesParent: true)
        }
        #expect(error?.code == .outOfSpace)
        #expect(try bench.hasReserve, "a backup does not take it")
        try bench.forget()
        #expect(try !bench.hasReserve && bench.store.freeCount > 0)
        #expect(try bench.cleanUp().packsDeleted > 0)
        bench.store.fill(leaving: 600)
        try bench.cleanUp()
        #expect(try bench.hasReserve)
        #expect(try bench.holdsNew())
    }

    @Test("carries out a plan that was made before, too")
    func plan() throws {
        let bench = try Bench(seed: 5)
        try bench.forget()
        var options = CleanupOptions()
        options.maxUnused = .percent(0)
        let core = try bench.core()
        let plan = try CleanupRun.plan(core, options, context: JobContext())
        // Room for the first record: the repository moves on before the store is full.
        bench.store.fill(leaving: 1)
        let report = try CleanupRun.run(core, plan, options, context: JobContext())
        #expect(report.packsDeleted > 0)
        #expect(try bench.holdsNew())
        #expect(throws: CairnError.self, "it was carried out") {
            try CleanupRun.run(core, plan, options, context: JobContext())
        }
    }

    @Test(
        "loses nothing and is never stuck, however little room is left",
        arguments: [true, false]
    )
    func littleRoom(hasReserve: Bool) throws {
        var succeeded = 0
        for free in 0..<24 {
            let bench = try Bench(seed: 2)
            try bench.forget()
            if !hasReserve, let name = ObjectName("reserve") { try bench.store.delete(name) }
            bench.store.fill(leaving: free)
            let core = try SimulatedFiles.core(bench.store, seed: 3, process: 1)
            do throws(CairnError) {
                _ = try CleanupRun.run(
                    core,
                    nil,
                    CleanupOptions(),
                    context: JobContext()
                )
                succeeded += 1
            } catch {
                #expect(error.code == .outOfSpace && !hasReserve, "\(free) blocks: \(error)")
            }
            #expect(try bench.holdsNew(), "\(free) blocks free")
            bench.store.fill(leaving: 50_000)
            try bench.cleanUp()
            #expect(try bench.holdsNew(), "\(free) blocks were free")
            #expect(try bench.cleanUp().packsDeleted == 0, "all was freed")
            #expect(try CleanupView.load(RecordStore(try bench.core())).isOpen == false)
        }
        #expect(hasReserve ? succeeded == 24 : succeeded > 10)
    }

    @Test("keeps a pack of which a part is needed where there is no room for a copy")
    func noRoomForCopies() throws {
        var reprieved = 0
        for free in 1..<12 {
            let bench = try Bench(seed: 4)
            try bench.forget()
            // The old pack has contents that the new snapshot needs.
            if let name = ObjectName("reserve") { try bench.store.delete(name) }
            bench.store.fill(leaving: free)
            let report = try? bench.cleanUp()
            reprieved += report?.packsReprieved ?? 0
            #expect(try bench.holdsNew())
            bench.store.fill(leaving: 50_000)
            let later = try bench.cleanUp()
            if let report, report.packsReprieved > 0 { #expect(later.packsWritten > 0) }
            #expect(try bench.holdsNew())
        }
        #expect(reprieved > 0)
    }

    @Test("has a reserve of the same bytes each time, which nothing shrinks")
    func sameBytes() throws {
        let id = try #require(RepositoryID(bytes: [UInt8](1...16)))
        let bytes = try SpaceReserve.content(id).array
        #expect(bytes.count == SpaceReserve.size)
        #expect(try SpaceReserve.content(id).array == bytes)
        var counts = [Int](repeating: 0, count: 256)
        for byte in bytes.prefix(1 << 16) { counts[Int(byte)] += 1 }
        #expect(counts.allSatisfy { $0 > 150 && $0 < 370 })
    }
}
