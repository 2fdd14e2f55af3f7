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
}
