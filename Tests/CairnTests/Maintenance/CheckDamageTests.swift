import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Testing

@Suite("check finds damage")
struct CheckDamageTests {
    @Test("A sound repository has no damage and no orphans", arguments: [true, false])
    func soundRepository(isEncrypted: Bool) async throws {
        let small = try await SmallRepository(seed: 1, isEncrypted: isEncrypted)
        for data in [CheckRequest.Data.none, .all] {
            let report = try small.check(data)
            #expect(report.isSound, "\(report.text)")
            #expect(report.orphans.isEmpty)
            #expect(report.snapshotsChecked == 2)
            #expect(report.treesChecked > 3)
        }
        let report = try small.check(.all)
        #expect(report.packsRead == small.store.names("packs").count)
        #expect(report.chunksRead > 6)
    }

    @Test("Every truncated or extended object is found")
    func otherSizes() async throws {
        let small = try await SmallRepository(seed: 3)
        for name in small.store.contents.keys.sorted() {
            let bytes = try #require(small.store[name])
            var sizes = Set(stride(from: 0, to: bytes.count, by: max(1, bytes.count / 12)))
            sizes.insert(bytes.count - 1)
            for size in sizes.sorted() {
                small.store[name] = Array(bytes.prefix(size))
                let report = try small.check()
                #expect(!report.isSound, "seed 3: \(name) cut to \(size) bytes")
            }
            small.store[name] = bytes + [0]
            let report = try small.check(.none)
            #expect(!report.isSound, "seed 3: \(name) with a byte more")
            small.store[name] = bytes
        }
    }

    @Test("Every missing object is found but a spare key slot and the last word of a session")
    func missingObjects() async throws {
        let small = try await SmallRepository(seed: 4)
        for name in small.store.contents.keys.sorted() {
            let bytes = small.store[name]
            small.store[name] = nil
            let report = try small.check(.none)
            #expect(!report.isSound, "seed 4: \(name) missing")
            small.store[name] = bytes
        }
    }

    @Test("A second look reads no snapshot again, and a check reads them all")
    func secondLook() async throws {
        let small = try await SmallRepository(seed: 6)
        let found = try await small.repository.snapshots().snapshots.map(\.id)
        #expect(found.count == 2)
        let name = try #require(small.store.names("snapshots").first)
        let bytes = try #require(small.store[name])
        small.store[name] = Array(bytes.dropLast())
        #expect(try await small.repository.snapshots().snapshots.map(\.id) == found)
        #expect(try !small.check(.none).isSound)
        // What is gone is gone for both.
        small.store[name] = nil
        #expect(try await small.repository.snapshots().snapshots.count == 1)
    }

    @Test("Two objects of one kind that changed places are found")
    func swappedObjects() async throws {
        let small = try await SmallRepository(seed: 5)
        for folder in ["packs", "indexes", "snapshots"] {
            let names = small.store.names(folder)
            for (first, second) in zip(names, names.dropFirst()) {
                let original = small.store.contents
                small.store[first] = original[second]
                small.store[second] = original[first]
                let report = try small.check()
                #expect(!report.isSound, "seed 5: \(first) and \(second)")
                small.store.contents = original
            }
        }
    }

    @Test("Damage names the snapshots and files that it touches")
    func affectedFiles() async throws {
        let small = try await SmallRepository(seed: 6, fileSize: 300_000)
        let pack = try #require(
            small.store.names("packs").max {
                (small.store[$0]?.count ?? 0) < (small.store[$1]?.count ?? 0)
            }
        )
        var bytes = try #require(small.store[pack])
        bytes[1000] ^= 4
        small.store[pack] = bytes
        let report = try small.check()
        #expect(report.damageCount == 1, "\(report.text)")
        let damage = try #require(report.damages.first)
        #expect(damage.object == pack.text)
        let files = damage.affected.map { String(decoding: $0.path, as: UTF8.self) }
        #expect(files == [small.folder.path + "/a/first", small.folder.path + "/a/first"])
        #expect(Set(damage.affected.map { $0.snapshot }).count == 2)
        #expect(damage.affectedCount == 2)
    }

    @Test("Slices cover every pack once")
    func slices() async throws {
        let small = try await SmallRepository(seed: 7)
        var count = 0
        for part in 1...3 { count += try small.check(.slice(part: part, of: 3)).packsRead }
        #expect(count == small.store.names("packs").count)
        #expect(try small.check(.percent(0)).packsRead == 0)
        #expect(try small.check(.percent(100)).packsRead == count)
        #expect(throws: CairnError.self) { try small.check(.slice(part: 4, of: 3)) }
    }
}
