import Cairn
import Testing

@Suite("Repositories of earlier versions")
struct GoldenRepositoryTests {
    @Test("A repository written by format version 1 opens, restores and is sound")
    func versionOne() async throws {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let store = try LocalStore(path: "/\(folder)/Golden/version-1", create: false)
        let repository = try await Repository.open(store, credential: .passphrase("golden"))
        let snapshot = try await repository.snapshot("latest")
        #expect(snapshot.host == Array("golden".utf8))
        #expect(snapshot.statistics.files == 4)
        let scratch = try ScratchFolder()
        let request = RestoreRequest(snapshot: snapshot.id, target: Array(scratch.path.utf8))
        let summary = try await repository.restore(request).value
        #expect(summary.problemCount == 0)
        let root = Array((scratch.path + "/tmp/golden-source").utf8)
        let hello = Array("Hello from format version 1.\n".utf8)
        #expect(Disk.bytes(root + Array("/hello".utf8)) == hello)
        let large = [UInt8](repeating: UInt8(ascii: "z"), count: 300_000)
        #expect(Disk.bytes(root + Array("/large".utf8)) == large)
        #expect(Disk.bytes(root + Array("/sparse".utf8))?.count == 1 << 20)
        #expect(Disk.bytes(root + Array("/folder/empty".utf8)) == [])
        var all = CheckRequest()
        all.data = .all
        #expect(try await repository.check(all).value.isSound)
    }
}
