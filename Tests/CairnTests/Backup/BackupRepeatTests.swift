import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Glibc
import Testing

@Suite("A repeated backup")
struct BackupRepeatTests {
    @Test("An unchanged tree is not read again and has the same tree ID")
    func unchangedTree() async throws {
        let bench = try await BackupBench(seed: 21)
        try bench.writeFiles(seed: 21)
        let first = try await bench.backUp()
        let second = try await bench.backUp()
        let counts = second.statistics
        #expect(second.parent == first.snapshot)
        #expect(counts.filesUnmodified == counts.files && counts.files > 0)
        #expect(counts.filesNew == 0 && counts.filesChanged == 0)
        #expect(counts.directoriesUnmodified == counts.directories)
        #expect(counts.chunksAdded <= bench.depth)
        #expect(try bench.tree(first).sourceNode == bench.tree(second).sourceNode)
    }

    @Test("Without a parent every file is read again and nothing is stored twice")
    func withoutParent() async throws {
        let bench = try await BackupBench(seed: 22)
        try bench.writeFiles(seed: 22)
        let first = try await bench.backUp()
        let second = try await bench.backUp { $0.parent = .none }
        #expect(second.statistics.filesNew == second.statistics.files)
        #expect(second.statistics.chunksAdded <= bench.depth)
        #expect(try bench.tree(first).sourceNode == bench.tree(second).sourceNode)
    }

    @Test("A changed file changes itself and the folders above it, and nothing else")
    func changedFile() async throws {
        let bench = try await BackupBench(seed: 23)
        for name in ["a/b/changed", "a/b/same", "a/c/other", "d/far"] {
            try bench.source.write(name, Array(name.utf8))
        }
        let before = try bench.tree(try await bench.backUp())
        Disk.write("\(bench.source.path)/a/b/changed", Array("something longer".utf8))
        let summary = try await bench.backUp()
        let after = try bench.tree(summary)
        let changed = after.order.filter { before.entries[$0] != after.entries[$0] }
        let beneath = ["/a", "/a/b", "/a/b/changed"].map { bench.path + Array($0.utf8) }
        let above = changed.filter { !$0.starts(with: bench.path + [UInt8(ascii: "/")]) }
        #expect(changed.suffix(3) == beneath[...])
        #expect(above.allSatisfy { bench.path.starts(with: $0) })
        #expect(summary.statistics.filesChanged == 1)
        #expect(summary.statistics.filesUnmodified == 3)
        let bytes = try after.bytes("\(bench.source.path)/a/b/changed")
        #expect(bytes == Array("something longer".utf8))
    }

    @Test("A rewrite of equal size under the old time of change is noticed by the change time")
    func restoredModificationTime() async throws {
        let bench = try await BackupBench(seed: 24)
        let name = "\(bench.source.path)/file"
        Disk.write(name, Array("old text".utf8))
        Disk.setModified(name, seconds: 1_000_000_000)
        _ = try await bench.backUp()
        // The change time comes from a coarse clock: rewrite until it has moved on.
        let before = try #require(Disk.status(bench.path("file")))
        var after = before
        while after.st_ctim.tv_sec == before.st_ctim.tv_sec
            && after.st_ctim.tv_nsec == before.st_ctim.tv_nsec
        {
            Disk.write(name, Array("new text".utf8))
            Disk.setModified(name, seconds: 1_000_000_000)
            after = try #require(Disk.status(bench.path("file")))
        }
        let summary = try await bench.backUp()
        #expect(summary.statistics.filesChanged == 1)
        #expect(try bench.tree(summary).bytes(name) == Array("new text".utf8))
    }

    @Test("New permissions are stored even where change times are not compared")
    func changedPermissions() async throws {
        let bench = try await BackupBench(seed: 25)
        let name = "\(bench.source.path)/file"
        try bench.source.write("file", [1, 2, 3])
        Disk.setMode(name, 0o644)
        _ = try await bench.backUp()
        Disk.setMode(name, 0o600)
        let summary = try await bench.backUp { $0.comparesChangeTimes = false }
        #expect(summary.statistics.filesUnmodified == 1)
        #expect(try bench.tree(summary)[name]?.mode == 0o600)
    }

    @Test("One worker gives the same tree ID as four, encrypted or not", arguments: [true, false])
    func workerCount(isEncrypted: Bool) async throws {
        let bench = try await BackupBench(
            MemoryStore(),
            seed: 26,
            isEncrypted: isEncrypted,
            options: BackupTesting.options(seed: 26, workers: 1)
        )
        try bench.writeFiles(seed: 26)
        let first = try bench.tree(try await bench.backUp())
        let again = try await bench.reopened(
            BackupTesting.options(seed: 27, workers: 4),
            isEncrypted: isEncrypted
        )
        var request = bench.request
        request.parent = .none
        let summary = try await again.backup(request).value
        #expect(try bench.tree(summary).sourceNode == first.sourceNode)
        #expect(summary.statistics.chunksAdded <= bench.depth)
    }

    @Test("A backup skipped as unchanged commits nothing and leaves nothing behind")
    func skippedAsUnchanged() async throws {
        let bench = try await BackupBench(seed: 28)
        try bench.source.write("file", [1, 2, 3])
        var previous = try bench.tree(try await bench.backUp())
        let folders = ["snapshots", "packs", "indexes", "sessions"]
        // The folders above the source belong to the tree, and others may change them.
        for _ in 0..<100 {
            let before = try folders.map { try bench.names($0) }
            let summary = try await bench.backUp { $0.skipsIfUnchanged = true }
            if summary.snapshot == nil {
                #expect(try folders.map { try bench.names($0) } == before)
                try bench.source.write("file", [4])
                #expect(try await bench.backUp { $0.skipsIfUnchanged = true }.snapshot != nil)
                return
            }
            let tree = try bench.tree(summary)
            #expect(tree.record.tree != previous.record.tree)
            previous = tree
        }
        Issue.record("nothing was ever skipped")
    }

    @Test("A dry run writes nothing at all")
    func dryRun() async throws {
        let bench = try await BackupBench(seed: 29)
        var random = SeededRandom(seed: 29)
        try bench.source.write("file", random.bytes(count: 300_000))
        let folders = ["", "snapshots", "packs", "indexes", "sessions"]
        let before = try folders.map { try bench.names($0) }
        let summary = try await bench.backUp { $0.isDryRun = true }
        #expect(summary.snapshot == nil && summary.statistics.filesNew == 1)
        #expect(try folders.map { try bench.names($0) } == before)
    }
}
