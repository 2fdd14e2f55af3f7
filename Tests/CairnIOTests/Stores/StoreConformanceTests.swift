import CairnIO
import CairnTestKit
import Testing

@Suite("Every store keeps the contract")
struct StoreConformanceTests {
    @Test("a store in memory conforms")
    func memory() {
        #expect(StoreConformance(MemoryStore()).violations() == [])
    }

    @Test("a store in a folder conforms")
    func local() throws {
        let folder = try TemporaryFolder()
        let store = try LocalStore(path: folder.path + "/store", create: true)
        #expect(StoreConformance(store).violations() == [])
    }

    @Test("a store in a folder without files that have no name conforms")
    func localWithNamedDrafts() throws {
        for supportsLinks in [true, false] {
            let files = CrashingFiles(
                writeSizeMax: 1 << 20,
                supportsUnnamed: false,
                supportsLinks: supportsLinks
            )
            let store = try LocalStore(
                path: "/",
                create: true,
                files: files,
                entropy: SeededEntropy(seed: 1)
            )
            #expect(StoreConformance(store).violations() == [])
            #expect(try store.temporaryFiles().isEmpty)
        }
    }

    @Test("wrapped stores conform")
    func wrapped() {
        #expect(StoreConformance(RetryingStore(MemoryStore())).violations() == [])
        #expect(StoreConformance(FaultyStore(MemoryStore())).violations() == [])
        #expect(StoreConformance(RecordingStore(MemoryStore())).violations() == [])
    }

    @Test(
        "stores that break the contract are caught",
        arguments: [
            (StoreFault.torn(byteCount: 5), StoreOperation.create),
            (.truncated(byteCount: 2), .read), (.flippedBit(3), .read), (.halfListing, .list),
            (.error(.failed(reason: "broken")), .delete),
        ]
    )
    func brokenStores(fault: StoreFault, operation: StoreOperation) {
        let store = FaultyStore(MemoryStore())
        store.plan(fault, for: operation, at: 1, lasting: true)
        #expect(StoreConformance(store).violations() != [])
    }
}
