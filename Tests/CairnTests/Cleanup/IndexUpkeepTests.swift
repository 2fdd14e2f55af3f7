import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Testing

@testable import Cairn

@Suite("The index while a cleanup takes several generations")
struct IndexUpkeepTests {
    /// A repository of which one pack may go as it is, and another has a part that is needed.
    private func makeBench(seed: UInt64) throws -> (CleanupTests.Bench, new: SessionID) {
        let bench = try CleanupTests.Bench(seed: seed)
        let first = try bench.save([7: 7, 8: 8])
        let second = try bench.save([1: 1, 2: 2, 3: 3])
        let new = try bench.save([2: 2, 3: 3, 4: 4])
        try bench.forget([first, second])
        return (bench, new)
    }

    private func view(_ bench: CleanupTests.Bench) throws -> RepositoryView {
        try RepositoryView.load(RecordStore(try bench.core()))
    }

    @Test("the last generation rewrites it, the ones before only mask what they delete")
    func masksFirst() throws {
        var (bench, new) = try makeBench(seed: 21)
        let plan = try bench.plan()
        #expect(!plan.packs(.delete).isEmpty && !plan.packs(.rewrite).isEmpty)
        let indexes = try bench.names("indexes")
        // Stops when the second generation is to be opened.
        let done = ObjectNames.cleanup(generation: 1, .done)
        let next = ObjectNames.cleanup(generation: 2, .condemned)
        for number in 1..<99 {
            let names = try bench.names("gc")
            if names.contains(done), !names.contains(next) { break }
            (bench, new) = try makeBench(seed: 21)
            let fault = StoreFault.error(.failed(reason: "stop"))
            bench.store.plan(fault, for: .create, at: number, lasting: true)
            _ = try? bench.cleanUp()
            bench.store.clearPlans()
        }
        let between = try view(bench)
        #expect(between.maskedPacks == Set(plan.packs(.delete).map { $0.id }))
        #expect(try bench.names("indexes") == indexes)
        #expect(try bench.holds(new, [2: 2, 3: 3, 4: 4]))
        let report = try bench.cleanUp()
        #expect(report.indexesReplaced > 0)
        #expect(try view(bench).maskedPacks.isEmpty)
        #expect(try bench.plan().isEmpty)
        #expect(try bench.holds(new, [2: 2, 3: 3, 4: 4]))
    }

    @Test("one generation alone rewrites it")
    func alone() throws {
        let bench = try CleanupTests.Bench(seed: 22)
        let old = try bench.save([7: 7, 8: 8])
        let new = try bench.save([2: 2])
        try bench.forget([old])
        #expect(try bench.plan().packs(.rewrite).isEmpty)
        let report = try bench.cleanUp()
        #expect(report.generations == 1 && report.indexesReplaced > 0)
        #expect(try view(bench).maskedPacks.isEmpty)
        #expect(try bench.holds(new, [2: 2]))
    }
}
