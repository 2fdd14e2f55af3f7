import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Testing

@Suite("Changing snapshots")
struct SnapshotChangesTests {
    @Test("Other tags make a snapshot of the same tree and time and forget the old one")
    func retag() async throws {
        let small = try await SmallRepository(seed: 50)
        let old = try #require(try await small.repository.snapshots().snapshots.first)
        let tags = [Array("b".utf8), Array("a".utf8), Array("b".utf8)]
        let id = try await small.repository.retag(old.id, tags: tags)
        let list = try await small.repository.snapshots().snapshots
        #expect(list.count == 2)
        let new = try #require(list.first { $0.id == id })
        #expect(new.tags == [Array("a".utf8), Array("b".utf8)])
        #expect(new.time == old.time && new.tree == old.tree && new.original == old.id)
        #expect(new.paths == old.paths && new.statistics.files == old.statistics.files)
        let again = try await small.repository.retag(id, tags: [])
        let newest = try await small.repository.snapshots().snapshots.first { $0.id == again }
        #expect(newest?.original == old.id)
        await #expect(throws: CairnError.self) {
            try await small.repository.retag(old.id, tags: [])
        }
        let report = try small.check()
        #expect(report.isSound, "\(report.text)")
    }

    @Test("Forgetting takes all snapshots named or none")
    func forget() async throws {
        let small = try await SmallRepository(seed: 51)
        let ids = try await small.repository.snapshots().snapshots.map { $0.id }
        let unknown = SessionID(writer: 1, counter: 2, random: [UInt8](repeating: 3, count: 12))
        await #expect(throws: CairnError.self) {
            try await small.repository.forget([ids[0], unknown])
        }
        #expect(try await small.repository.snapshots().snapshots.count == 2)
        try await small.repository.forget([ids[0]])
        #expect(try await small.repository.snapshots().snapshots.map { $0.id } == [ids[1]])
        await #expect(throws: CairnError.self) { try await small.repository.forget([ids[0]]) }
        let report = try small.check()
        #expect(report.isSound && report.orphans.isEmpty, "\(report.text)")
    }

    @Test("Every changed byte of a forgotten record is found")
    func changedForgottenRecord() async throws {
        let small = try await SmallRepository(seed: 52)
        let ids = try await small.repository.snapshots().snapshots.map { $0.id }
        try await small.repository.forget([ids[0]])
        let name = try #require(small.store.names("forgotten").first)
        let bytes = try #require(small.store[name])
        for offset in bytes.indices {
            small.store[name]?[offset] ^= 0x10
            #expect(try !small.check(.none).isSound, "byte \(offset)")
            small.store[name] = bytes
        }
    }
}
