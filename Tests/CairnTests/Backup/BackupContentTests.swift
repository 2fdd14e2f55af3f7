import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Glibc
import Testing

@Suite("A backup stores what is there")
struct BackupContentTests {
    @Test("Every entry of a hostile tree is stored with its metadata and its bytes")
    func hostileTree() async throws {
        let seed: UInt64 = 11
        let bench = try await BackupBench(seed: seed)
        var generator = TreeGenerator(seed: seed)
        try generator.write(into: bench.source.path)
        let summary = try await bench.backUp()
        let tree = try bench.tree(summary)
        #expect(summary.isComplete, "\(summary.problems.map { $0.text })")
        let expected = Disk.walk(bench.path)
        #expect(tree.paths(beneath: bench.path) == expected, "seed \(seed)")
        for path in expected {
            let place = PathText.escaped(path)
            let status = try #require(Disk.status(path))
            let entry = try #require(tree.entries[path], "seed \(seed): \(place)")
            expect(entry, status, "seed \(seed): \(place)")
            switch entry.node {
            case .regular:
                #expect(try tree.equalsDisk(path), "seed \(seed): \(place)")
            case .symbolicLink(let target):
                #expect(target == Disk.target(path), "seed \(seed): \(place)")
            default: break
            }
        }
        let counts = summary.statistics
        #expect(counts.filesNew == counts.files)
        #expect(counts.files + counts.directories + counts.others == UInt64(tree.order.count))
    }

    private func expect(_ entry: TreeEntry, _ status: stat, _ place: String) {
        #expect(UInt32(entry.mode) == status.st_mode & 0o7777, "\(place)")
        #expect(entry.userID == status.st_uid && entry.groupID == status.st_gid, "\(place)")
        #expect(entry.modified.seconds == Int64(status.st_mtim.tv_sec), "\(place)")
        #expect(entry.modified.nanoseconds == UInt32(status.st_mtim.tv_nsec), "\(place)")
        #expect(entry.inode == UInt64(status.st_ino), "\(place)")
        let kind = status.st_mode & S_IFMT
        let linkCount = kind != S_IFDIR && status.st_nlink > 1 ? UInt64(status.st_nlink) : nil
        #expect(entry.hardLink?.count == linkCount, "\(place)")
        switch entry.node {
        case .regular:
            #expect(kind == S_IFREG, "\(place)")
            #expect(entry.logicalSize == UInt64(status.st_size), "\(place)")
        case .directory: #expect(kind == S_IFDIR, "\(place)")
        case .symbolicLink: #expect(kind == S_IFLNK, "\(place)")
        case .pipe: #expect(kind == S_IFIFO, "\(place)")
        default: Issue.record("\(place) is no device")
        }
    }

    @Test("Extended attributes of files and folders are stored")
    func extendedAttributes() async throws {
        let bench = try await BackupBench(seed: 12)
        var generator = TreeGenerator(seed: 12)
        try generator.write(into: bench.source.path)
        let tree = try bench.tree(try await bench.backUp())
        let file = try #require(tree["\(bench.source.path)/special/attributes"])
        let names = file.attributes.map { String(decoding: $0.name, as: UTF8.self) }
        // A file system without attributes has none to store.
        guard !names.isEmpty else { return }
        #expect(names == ["user.binary", "user.empty", "user.plain"])
        #expect(file.attributes.map { $0.value.count } == [900, 0, 5])
        #expect(file.attributes[2].value == Array("value".utf8))
        let folder = try #require(tree["\(bench.source.path)/special"])
        #expect(folder.attributes.map { $0.value } == [[0, 1, 2]])
    }

    @Test("The bytes of a file's names that lead to one inode are stored once")
    func hardLinks() async throws {
        let bench = try await BackupBench(seed: 13)
        var random = SeededRandom(seed: 13)
        try bench.source.write("a", random.bytes(count: 50_000))
        #expect(Disk.link("\(bench.source.path)/a", "\(bench.source.path)/b"))
        let summary = try await bench.backUp()
        let tree = try bench.tree(summary)
        let (first, second) = (tree.entries[bench.path("a")], tree.entries[bench.path("b")])
        #expect(first?.node == second?.node)
        #expect(first?.hardLink?.count == 2 && first?.hardLink == second?.hardLink)
        #expect(summary.statistics.bytesAdded < 60_000)
    }

    @Test("Files around the size that is read in one piece are stored byte for byte")
    func sizesAroundTheLimit() async throws {
        let bench = try await BackupBench(seed: 14)
        var random = SeededRandom(seed: 14)
        for size in [0, 1, (4 << 20) - 1, 4 << 20, (4 << 20) + 1] {
            try bench.source.write("size-\(size)", random.bytes(count: size))
        }
        let tree = try bench.tree(try await bench.backUp())
        for name in Disk.names(bench.path) {
            let path = bench.path + [UInt8(ascii: "/")] + name
            #expect(try tree.equalsDisk(path), "\(PathText.escaped(path))")
        }
    }

    /// More than several stretches hold.
    private static let largeBytes: [UInt8] = {
        var random = SeededRandom(seed: 17)
        return random.bytes(count: 17_000_003)
    }()

    @Test(
        "A file of several stretches equals itself under every chunker",
        arguments: [
            ChunkingAlgorithm.fastcdc, .anchored, .fixed,
        ],
        [true, false]
    )
    func largeFile(algorithm: ChunkingAlgorithm, isEncrypted: Bool) async throws {
        let seed = UInt64(algorithm.rawValue)
        var settings = RepositorySettings()
        settings.chunking = try .standard(algorithm)
        settings.packSize = 4 << 20
        let bench = try await BackupBench(
            MemoryStore(),
            seed: seed,
            isEncrypted: isEncrypted,
            settings: settings
        )
        Disk.write("\(bench.source.path)/large", BackupContentTests.largeBytes)
        let summary = try await bench.backUp()
        let tree = try bench.tree(summary)
        let path = bench.path("large")
        #expect(Disk.areEqual(try tree.bytes(path), BackupContentTests.largeBytes), "seed 17")
        #expect(try bench.names("packs").count > 3)
        #expect(summary.statistics.bytesAdded >= 17_000_003)
    }

    @Test("The holes of a sparse file are neither read nor stored")
    func sparseFile() async throws {
        let bench = try await BackupBench(seed: 15)
        let path = bench.path("sparse")
        var random = SeededRandom(seed: 15)
        let name = "\(bench.source.path)/sparse"
        Disk.write(name, random.bytes(count: 65_536), at: 10 << 20)
        Disk.write(name, random.bytes(count: 65_536), at: 50 << 20)
        Disk.setSize(name, 60 << 20)
        let tree = try bench.tree(try await bench.backUp())
        let entry = try #require(tree.entries[path])
        guard case .regular(let content, let layout) = entry.node else {
            Issue.record("no file")
            return
        }
        #expect(entry.logicalSize == 60 << 20)
        // A file system without holes has nothing to leave out.
        if let layout {
            #expect(layout.extents.count == 2)
            #expect(content.length < 1 << 20)
        }
        #expect(try tree.equalsDisk(path))
    }

    @Test("A folder of 20,000 entries is split and read back in order")
    func crowdedFolder() async throws {
        let bench = try await BackupBench(seed: 16)
        // Names of one file cost a file system least.
        Disk.write("\(bench.source.path)/entry-0", [])
        for number in 1..<20_000 {
            Disk.link("\(bench.source.path)/entry-0", "\(bench.source.path)/entry-\(number)")
        }
        let summary = try await bench.backUp()
        let tree = try bench.tree(summary)
        let names = Disk.names(bench.path)
        #expect(names.count == 20_000)
        let stored = tree.paths(beneath: bench.path).dropFirst()
        #expect(stored.map { Array($0[(bench.path.count + 1)...]) } == names)
        guard case .directory(let reference)? = tree.entries[bench.path]?.node else {
            Issue.record("no folder")
            return
        }
        #expect(reference.level >= 1)
        // One more entry changes one leaf and the nodes above it.
        Disk.write("\(bench.source.path)/entry-5000x", [])
        let second = try await bench.backUp()
        #expect(second.statistics.chunksAdded < 20)
        #expect(second.statistics.filesUnmodified == 20_000)
    }
}
