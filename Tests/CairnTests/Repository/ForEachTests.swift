import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Synchronization
import Testing

@testable import Cairn

@Suite("Calls of the store side by side")
struct ForEachTests {
    private func records(_ store: some Store, isInline: Bool = false) throws -> RecordStore {
        var options = RepositoryOptions()
        options.environment = .virtual(seed: 1)
        options.publishesInline = isInline
        _ = try RepositoryCreation.run(store, RepositorySettings(), nil, options)
        return RecordStore(try RepositoryOpening.run(store, nil, options).core)
    }

    @Test("each item is met once, inline in order", arguments: [true, false])
    func once(isInline: Bool) throws {
        let records = try records(MemoryStore(), isInline: isInline)
        for count in [0, 1, 2, 7, 8, 9, 1000] {
            let met = Mutex<[Int]>([])
            try records.forEach(Array(0..<count), context: JobContext()) { item in
                met.withLock { $0.append(item) }
            }
            let items = met.withLock { $0 }
            #expect((isInline ? items : items.sorted()) == Array(0..<count))
        }
    }

    @Test("the first failure is thrown and ends it", arguments: [true, false])
    func failure(isInline: Bool) throws {
        let records = try records(MemoryStore(), isInline: isInline)
        let metCount = Mutex(0)
        let error = #expect(throws: CairnError.self) {
            try records.forEach(Array(0..<10_000), context: JobContext()) {
                item throws(CairnError) in
                metCount.withLock { $0 += 1 }
                if item == 20 { throw CairnError(.damaged, "twenty") }
            }
        }
        #expect(error?.message == "twenty")
        // Others may have begun before the failure, each thread one at a time.
        if isInline { #expect(metCount.withLock { $0 } == 21) }
    }

    @Test("it ends when the job is cancelled", arguments: [true, false])
    func cancelled(isInline: Bool) throws {
        let records = try records(MemoryStore(), isInline: isInline)
        let context = JobContext()
        let metCount = Mutex(0)
        let error = #expect(throws: CairnError.self) {
            try records.forEach(Array(0..<10_000), context: context) { _ in
                if metCount.withLock({
                    $0 += 1; return $0
                }) == 30 {
                    context.cancellation.cancel()
                }
            }
        }
        #expect(error?.code == .cancelled)
        #expect(metCount.withLock { $0 } < 30 + 8)
    }

    @Test("many snapshots are forgotten on a full store, whichever call finds it full")
    func fullStore() throws {
        let store = BoundedStore(MemoryStore(), blockCount: 100_000)
        let records = try records(store)
        let ids = try (0..<40).map { number in
            try SimulatedFiles.save(records.core, [number: number], usesParent: true).session
        }
        store.fill(leaving: 3)
        try SnapshotChanges(records.core).mark(ids, reason: "test")
        #expect(try RepositoryView.forgotten(records) == Set(ids))
    }
}
