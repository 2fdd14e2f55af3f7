import Cairn
import CairnFormat
import CairnIO
import CairnTestKit
import Foundation
import Testing

@Suite struct RestoreDamageTests {
    @Test(
        "Damaged packs cost the files in them, and no file ever gets wrong bytes",
        arguments: [31, 32, 33, 34, 35, 36] as [UInt64]
    )
    func damagedPacks(seed: UInt64) async throws {
        let fixture = try await RestoreFixture(
            seed: seed,
            isEncrypted: seed % 2 == 0,
            chunkSize: 4096
        )
        var random = SeededRandom(seed: seed)
        var contents: [String: [UInt8]] = [:]
        for number in 0..<60 {
            let bytes = random.bytes(count: Int(random.next() % 30_000))
            contents["file\(number)"] = bytes
            try fixture.folder.write("file\(number)", bytes)
        }
        let snapshot = try await fixture.backUp()
        // The largest pack holds the data.
        let packs = fixture.store.names(ObjectNames.packFolder)
        let name = try #require(
            packs.max { (fixture.store[$0]?.count ?? 0) < (fixture.store[$1]?.count ?? 0) }
        )
        var bytes = try #require(fixture.store[name])
        for _ in 0..<8 {
            let place = 128 + Int(random.next() % UInt64(bytes.count - 300))
            bytes[place] ^= UInt8(1 + random.next() % 255)
        }
        fixture.store[name] = bytes
        let summary = try await fixture.restore(snapshot) { $0.verifies = true }
        let restored = try FileManager.default.contentsOfDirectory(atPath: fixture.target())
        for name in restored {
            let found = fixture.content(fixture.target() + "/" + name)
            #expect(found == contents[name], "seed \(seed): \(name)")
        }
        #expect(summary.filesRestored == UInt64(restored.count), "seed \(seed)")
        #expect(
            summary.problemCount + restored.count == contents.count,
            "seed \(seed): \(summary.text)"
        )
    }

    @Test("What is damaged leaves an earlier file as it was")
    func keepsEarlierFile() async throws {
        let fixture = try await RestoreFixture(seed: 37, chunkSize: 4096)
        var random = SeededRandom(seed: 37)
        try fixture.folder.write("file", random.bytes(count: 50_000))
        let snapshot = try await fixture.backUp()
        let packs = fixture.store.names(ObjectNames.packFolder)
        let name = try #require(
            packs.max { (fixture.store[$0]?.count ?? 0) < (fixture.store[$1]?.count ?? 0) }
        )
        fixture.store[name]?[20_000] ^= 1
        try FileManager.default.createDirectory(
            atPath: fixture.target(),
            withIntermediateDirectories: true
        )
        let file = fixture.target() + "/file"
        try Data([5]).write(to: URL(fileURLWithPath: file))
        let summary = try await fixture.restore(snapshot)
        #expect(summary.problemCount == 1)
        #expect(fixture.content(file) == [5])
        let names = try FileManager.default.contentsOfDirectory(atPath: fixture.target())
        #expect(names == ["file"])
    }

    @Test("A missing pack is a problem of its files, not the end of the restore")
    func missingPack() async throws {
        let fixture = try await RestoreFixture(seed: 38)
        var random = SeededRandom(seed: 38)
        try fixture.folder.write("first", random.bytes(count: 9000))
        _ = try await fixture.backUp()
        let earlier = Set(fixture.store.names(ObjectNames.packFolder))
        try fixture.folder.write("second", random.bytes(count: 9000))
        let snapshot = try await fixture.backUp()
        for name in fixture.store.names(ObjectNames.packFolder) where !earlier.contains(name) {
            // Data packs only: without its trees there is no snapshot to restore.
            if fixture.store[name]?[10] == 1 { fixture.store[name] = nil }
        }
        let summary = try await fixture.restore(snapshot)
        #expect(summary.problemCount == 1, "\(summary.text)")
        #expect(fixture.exists(fixture.target() + "/first"))
        #expect(!fixture.exists(fixture.target() + "/second"))
    }
}
