import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Glibc
import Testing

@Suite("The local cache")
struct RepositoryCacheTests {
    /// What is done to every file of a cache.
    enum Harm: String, CaseIterable, Sendable {
        case flippedBits, truncation, zeros, emptiness, swappedFiles, foreignFiles
    }

    private func files(_ folder: ScratchFolder) -> [[UInt8]] {
        Disk.walk(Array(folder.path.utf8)).filter { path in
            Disk.status(path).map { $0.st_mode & S_IFMT == S_IFREG } ?? false
        }
    }

    @Test("A poisoned, truncated or foreign cache changes nothing", arguments: Harm.allCases)
    func harmedCache(harm: Harm) async throws {
        let (cache, otherCache) = (try ScratchFolder(), try ScratchFolder())
        let bench = try await BackupBench(
            MemoryStore(),
            seed: 91,
            options: BackupTesting.options(seed: 91, cache: cache.path)
        )
        try bench.writeFiles(seed: 91)
        _ = try await bench.backUp()
        try bench.source.write("later", Array("later".utf8))
        let first = try bench.tree(try await bench.backUp())
        let other = try await BackupBench(
            MemoryStore(),
            seed: 92,
            options: BackupTesting.options(seed: 92, cache: otherCache.path)
        )
        try other.source.write("file", [1])
        _ = try await other.backUp()

        let cached = files(cache)
        #expect(cached.count >= 3)
        try apply(harm, to: cached, foreign: files(otherCache))
        let again = try await bench.reopened(
            BackupTesting.options(seed: 93, cache: cache.path)
        )
        let summary = try await again.backup(bench.request).value
        #expect(summary.statistics.chunksAdded <= bench.depth, "\(harm)")
        #expect(summary.statistics.filesUnmodified == summary.statistics.files, "\(harm)")
        let tree = try StoredTree(again, try #require(summary.snapshot))
        #expect(tree.sourceNode == first.sourceNode, "\(harm)")
        #expect(try await again.snapshots().snapshots.count == 3, "\(harm)")
        for path in tree.paths(beneath: bench.path) {
            guard case .regular? = tree.entries[path]?.node else { continue }
            #expect(try tree.equalsDisk(path), "\(PathText.escaped(path))")
        }
    }

    private func apply(_ harm: Harm, to cached: [[UInt8]], foreign: [[UInt8]]) throws {
        let contents = try cached.map { try #require(Disk.bytes($0)) }
        let others = try foreign.map { try #require(Disk.bytes($0)) }
        var random = SeededRandom(seed: 91)
        for (index, path) in cached.enumerated() {
            var bytes = contents[index]
            switch harm {
            case .flippedBits:
                for place in stride(from: 0, to: bytes.count, by: 64) {
                    bytes[min(place + Int.random(in: 0..<64, using: &random), bytes.count - 1)] ^= 1
                }
            case .truncation: bytes = Array(bytes.prefix(bytes.count * 2 / 3))
            case .zeros: bytes = [UInt8](repeating: 0, count: bytes.count)
            case .emptiness: bytes = []
            case .swappedFiles: bytes = contents[(index + 1) % contents.count]
            case .foreignFiles: bytes = others[index % others.count]
            }
            let name = String(decoding: path, as: UTF8.self)
            Disk.setSize(name, 0)
            #expect(Disk.write(name, bytes))
        }
    }

    @Test("A cache that cannot be made costs nothing but speed")
    func noFolder() async throws {
        let folder = try ScratchFolder()
        try folder.write("file", [1])
        let bench = try await BackupBench(
            MemoryStore(),
            seed: 94,
            options: BackupTesting.options(seed: 94, cache: folder.path + "/file/beneath")
        )
        try bench.source.write("data", [1, 2])
        #expect(try await bench.backUp().snapshot != nil)
        #expect(try await bench.backUp().statistics.filesUnmodified == 1)
    }
}
