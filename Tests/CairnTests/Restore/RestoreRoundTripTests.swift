import Cairn
import CairnTestKit
import Foundation
import Testing

@Suite struct RestoreRoundTripTests {
    @Test(
        "What is restored equals what was backed up, whatever is in the tree",
        arguments: [(1, true), (2, false), (3, false)] as [(UInt64, Bool)]
    )
    func restoresGeneratedTrees(seed: UInt64, isEncrypted: Bool) async throws {
        let fixture = try await RestoreFixture(
            seed: seed,
            isEncrypted: isEncrypted,
            chunkSize: seed == 3 ? 4096 : nil
        )
        var generator = TreeGenerator(seed: seed)
        try generator.write(into: fixture.folder.path)
        let snapshot = try await fixture.backUp()
        let summary = try await fixture.restore(snapshot) { $0.verifies = true }
        #expect(summary.problemCount == 0, "seed \(seed): \(summary.text)")
        #expect(fixture.differences() == [], "seed \(seed)")
        #expect(summary.filesVerified > 0)
        // A second restore finds everything as it should be.
        let again = try await fixture.restore(snapshot) { $0.overwrite = .ifChanged }
        #expect(again.filesRestored == 0, "seed \(seed)")
        #expect(again.problemCount == 0, "seed \(seed): \(again.text)")
        // And one that replaces everything leaves the same.
        let replaced = try await fixture.restore(snapshot)
        #expect(replaced.problemCount == 0, "seed \(seed): \(replaced.text)")
        #expect(replaced.filesRestored == summary.filesRestored, "seed \(seed)")
        #expect(fixture.differences() == [], "seed \(seed)")
    }

    @Test("The whole snapshot lands beneath the target with its full paths")
    func restoresWholeSnapshot() async throws {
        let fixture = try await RestoreFixture(seed: 4)
        try fixture.folder.write("a/b", [1, 2, 3])
        let snapshot = try await fixture.backUp()
        let summary = try await fixture.restore(snapshot) { $0.subtree = [] }
        #expect(summary.filesRestored == 1)
        #expect(fixture.content(fixture.target() + fixture.folder.path + "/a/b") == [1, 2, 3])
    }

    @Test("A single file lands in the target under its name")
    func restoresOneFile() async throws {
        let fixture = try await RestoreFixture(seed: 5)
        try fixture.folder.write("a/one", [1])
        try fixture.folder.write("a/two", [2])
        let snapshot = try await fixture.backUp()
        let summary = try await fixture.restore(snapshot) {
            $0.subtree += Array("/a/two".utf8)
            $0.verifies = true
        }
        #expect(summary.filesRestored == 1)
        #expect(summary.filesVerified == 1)
        #expect(fixture.content(fixture.target() + "/two") == [2])
        #expect(!fixture.exists(fixture.target() + "/one"))
    }

    @Test("A path that the snapshot does not hold is an error")
    func refusesUnknownPath() async throws {
        let fixture = try await RestoreFixture(seed: 6)
        try fixture.folder.write("a", [1])
        let snapshot = try await fixture.backUp()
        await #expect {
            try await fixture.restore(snapshot) { $0.subtree += Array("/nothing".utf8) }
        } throws: {
            ($0 as? CairnError)?.code == .notFound
        }
    }

    @Test("Patterns choose what is restored, and folders are made only where needed")
    func filters() async throws {
        let fixture = try await RestoreFixture(seed: 7)
        for name in ["a/x.txt", "a/y.log", "b/c/z.txt", "b/d/w.log", "e.txt"] {
            try fixture.folder.write(name, [1])
        }
        let snapshot = try await fixture.backUp()
        try await fixture.restore(snapshot, to: "included") {
            $0.includes = [Array("*.txt".utf8)]
            $0.verifies = true
        }
        let included = fixture.target("included")
        #expect(fixture.exists(included + "/a/x.txt"))
        #expect(!fixture.exists(included + "/a/y.log"))
        #expect(fixture.exists(included + "/b/c/z.txt"))
        #expect(!fixture.exists(included + "/b/d"))
        try await fixture.restore(snapshot, to: "excluded") {
            $0.excludes = [Array("b/".utf8), Array("*.log".utf8), Array("!w.log".utf8)]
        }
        let excluded = fixture.target("excluded")
        #expect(fixture.exists(excluded + "/a/x.txt"))
        #expect(!fixture.exists(excluded + "/a/y.log"))
        #expect(!fixture.exists(excluded + "/b/c"))
        #expect(fixture.exists(excluded + "/e.txt"))
    }

    @Test("A dry run writes nothing and counts what would be done")
    func dryRun() async throws {
        let fixture = try await RestoreFixture(seed: 8)
        try fixture.folder.write("a/one", [1])
        try fixture.folder.write("two", [1, 2])
        let snapshot = try await fixture.backUp()
        let summary = try await fixture.restore(snapshot) { $0.isDryRun = true }
        #expect(summary.filesRestored == 2)
        #expect(summary.bytesRestored == 3)
        #expect(summary.directories == 1)
        #expect(!fixture.exists(fixture.target()))
        try await fixture.restore(snapshot)
        let second = try await fixture.restore(snapshot) {
            $0.isDryRun = true
            $0.overwrite = .ifChanged
        }
        #expect(second.filesUnchanged == 2)
        #expect(second.filesRestored == 0)
    }

    @Test("Blocks of zeros become holes where that is asked for")
    func makesHoles() async throws {
        let fixture = try await RestoreFixture(seed: 9)
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        bytes[5] = 1
        bytes[600_000] = 2
        try fixture.folder.write("zeros", bytes)
        let snapshot = try await fixture.backUp()
        try await fixture.restore(snapshot) {
            $0.makesHoles = true
            $0.verifies = true
        }
        let path = fixture.target() + "/zeros"
        #expect(fixture.content(path) == bytes)
        let size = try URL(fileURLWithPath: path)
            .resourceValues(forKeys: [.fileAllocatedSizeKey]).fileAllocatedSize
        #expect((size ?? 0) < 100_000)
    }

    @Test("A cancelled restore ends as cancelled")
    func cancels() async throws {
        let fixture = try await RestoreFixture(seed: 10)
        for number in 0..<50 { try fixture.folder.write("\(number)", [1]) }
        let snapshot = try await fixture.backUp()
        let job = fixture.repository.restore(fixture.request(snapshot))
        job.cancel()
        do {
            _ = try await job.value
        } catch {
            #expect(error.code == .cancelled)
        }
    }
}
