import Cairn
import CairnCore
import CairnTestKit
import Foundation
import Synchronization
import Testing

@Suite struct BrowsingTests {
    private final class Seen: Sendable {
        private let list = Mutex<[String]>([])
        var texts: [String] { list.withLock { $0 } }
        func add(_ text: String) { list.withLock { $0.append(text) } }
    }

    private func differences(
        _ fixture: RestoreFixture,
        _ a: SessionID,
        _ b: SessionID
    ) async throws -> ([String], ComparisonSummary) {
        let seen = Seen()
        let size = fixture.source.count
        let summary = try await fixture.repository.compare(a, b, path: fixture.source) {
            seen.add(
                "\($0.change.rawValue) "
                    + String(decoding: $0.path.dropFirst(size), as: UTF8.self)
            )
        }.value
        return (seen.texts, summary)
    }

    @Test("A walk visits every entry once, in order, or what lies directly in a folder")
    func walks() async throws {
        let fixture = try await RestoreFixture(seed: 50)
        for name in ["b/c/d", "b/e", "a", "f/g"] { try fixture.folder.write(name, [1]) }
        let snapshot = try await fixture.backUp()
        for isRecursive in [true, false] {
            let seen = Seen()
            let size = fixture.source.count
            let count = try await fixture.repository.walk(
                snapshot,
                path: fixture.source,
                isRecursive: isRecursive
            ) { seen.add(String(decoding: $0.path.dropFirst(size), as: UTF8.self)) }.value
            let expected =
                isRecursive
                ? ["/a", "/b", "/b/c", "/b/c/d", "/b/e", "/f", "/f/g"] : ["/a", "/b", "/f"]
            #expect(seen.texts == expected)
            #expect(count == UInt64(expected.count))
        }
    }

    @Test("Find gives the entries that match by themselves")
    func finds() async throws {
        let fixture = try await RestoreFixture(seed: 51)
        for name in ["src/a.c", "src/b/a.C", "doc/a.txt"] {
            try fixture.folder.write(name, [1])
        }
        let snapshot = try await fixture.backUp()
        let cases: [(String, Bool, [String])] = [
            ("*.c", false, ["/src/a.c"]), ("*.c", true, ["/src/a.c", "/src/b/a.C"]),
            ("src", false, ["/src"]), ("src/*", false, ["/src/a.c", "/src/b"]),
            ("nothing", false, []),
        ]
        for (pattern, caseless, expected) in cases {
            let seen = Seen()
            let size = fixture.source.count
            let count = try await fixture.repository.find(
                [Array(pattern.utf8)],
                caseless: caseless,
                in: [snapshot]
            ) { seen.add(String(decoding: $1.path.dropFirst(size), as: UTF8.self)) }.value
            #expect(seen.texts == expected, "\(pattern)")
            #expect(count == UInt64(expected.count), "\(pattern)")
        }
    }

    @Test("A comparison tells added, removed, changed and retyped entries")
    func compares() async throws {
        let fixture = try await RestoreFixture(seed: 52)
        try fixture.folder.write("same/one", [1])
        try fixture.folder.write("changed", [1])
        try fixture.folder.write("gone/inside", [1, 2, 3])
        try fixture.folder.write("kind", [1])
        try fixture.folder.write("mode", [1])
        let before = try await fixture.backUp()
        let files = FileManager.default
        let root = fixture.folder.path
        try fixture.folder.write("changed", [2, 3])
        try files.removeItem(atPath: root + "/gone")
        try files.removeItem(atPath: root + "/kind")
        try fixture.folder.write("kind/inside", [4])
        try files.setAttributes([.posixPermissions: 0o701], ofItemAtPath: root + "/mode")
        let after = try await fixture.backUp()
        let (seen, summary) = try await differences(fixture, before, after)
        #expect(
            seen == [
                "content /changed", "removed /gone", "removed /gone/inside", "kind /kind",
                "added /kind/inside", "metadata /mode",
            ]
        )
        #expect(summary.filesChanged == 1)
        #expect(summary.filesAdded == 1)
        #expect(summary.filesRemoved == 2)
        #expect(summary.directoriesAdded == 1)
        #expect(summary.directoriesRemoved == 1)
        #expect(summary.bytesAdded == 3)
        #expect(summary.bytesRemoved == 5)
    }

    @Test("A snapshot does not differ from itself, and turning a comparison round mirrors it")
    func comparisonLaws() async throws {
        for seed in 53..<56 as Range<UInt64> {
            let fixture = try await RestoreFixture(seed: seed, chunkSize: 4096)
            var random = SeededRandom(seed: seed)
            func scribble() throws {
                for _ in 0..<30 {
                    let name = "\(random.next() % 4)/\(random.next() % 10)"
                    let path = fixture.folder.path + "/" + name
                    try? FileManager.default.removeItem(atPath: path)
                    guard random.next() % 4 > 0 else { continue }
                    try fixture.folder.write(
                        name,
                        random.bytes(count: Int(random.next() % 9000))
                    )
                }
            }
            try scribble()
            let a = try await fixture.backUp()
            try scribble()
            let b = try await fixture.backUp()
            #expect(try await differences(fixture, a, a).0 == [], "seed \(seed)")
            let (forth, there) = try await differences(fixture, a, b)
            let (back, here) = try await differences(fixture, b, a)
            let mirror = ["added": "removed", "removed": "added"]
            let turned = forth.map { text in
                let parts = text.split(separator: " ", maxSplits: 1)
                return "\(mirror[String(parts[0])] ?? String(parts[0])) \(parts[1])"
            }
            #expect(turned == back, "seed \(seed)")
            #expect(there.filesAdded == here.filesRemoved, "seed \(seed)")
            #expect(there.bytesAdded == here.bytesRemoved, "seed \(seed)")
            #expect(there.filesChanged == here.filesChanged, "seed \(seed)")
        }
    }

    @Test("Snapshots are named by latest, by steps before it and by the beginning of an ID")
    func selects() async throws {
        let fixture = try await RestoreFixture(seed: 57)
        try fixture.folder.write("a", [1])
        let first = try await fixture.backUp()
        try fixture.folder.write("a", [2])
        let second = try await fixture.backUp()
        let repository = fixture.repository
        let ordered = try await repository.snapshots().snapshots.map(\.id)
        #expect(Set(ordered) == [first, second])
        #expect(try await repository.snapshot("latest").id == ordered[1])
        #expect(try await repository.snapshot("latest~1").id == ordered[0])
        #expect(try await repository.snapshot(first.text).id == first)
        #expect(try await repository.snapshot(String(second.text.dropFirst(24))).id == second)
        var filter = SnapshotFilter()
        filter.hosts = [Array("nobody".utf8)]
        for text in ["latest~2", "latest~x", "latest~-1", "zz", "ffffffffffff", ""] {
            await #expect(throws: CairnError.self, "\(text)") {
                _ = try await repository.snapshot(text)
            }
        }
        await #expect(throws: CairnError.self) {
            _ = try await repository.snapshot("latest", filter: filter)
        }
    }
}
