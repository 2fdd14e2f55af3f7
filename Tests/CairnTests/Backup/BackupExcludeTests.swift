import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Glibc
import Synchronization
import Testing

@Suite("What a backup leaves out")
struct BackupExcludeTests {
    /// Backs up files of the given names and sizes and gives the names that were stored.
    private func stored(
        _ files: [String: Int],
        _ change: (inout ExcludeOptions) -> Void
    ) async throws -> [String] {
        let bench = try await BackupBench(seed: 51)
        for (name, size) in files {
            try bench.source.write(name, [UInt8](repeating: 7, count: size))
        }
        let summary = try await bench.backUp { change(&$0.excludes) }
        #expect(summary.isComplete)
        return try bench.tree(summary).paths(beneath: bench.path).dropFirst().map {
            String(decoding: $0.dropFirst(bench.path.count + 1), as: UTF8.self)
        }
    }

    @Test("Patterns leave out, bring back and ignore case where asked")
    func patterns() async throws {
        let files = ["a.o": 1, "keep.o": 1, "d/b.O": 1, "d/c": 1, "e/only.o": 1, "x/y/z": 1]
        let names = try await stored(files) {
            $0.rules = ["*.o", "!keep.o", "x"].map { .pattern(Array($0.utf8), ignoresCase: false) }
        }
        #expect(names == ["d", "d/b.O", "d/c", "e", "keep.o"])
        let caseless = try await stored(files) {
            $0.rules = [.pattern(Array("*.O".utf8), ignoresCase: true)]
        }
        #expect(caseless == ["d", "d/c", "e", "x", "x/y", "x/y/z"])
        let lines = try await stored(files) {
            $0.rules = [.file(Array("# a remark\nd/\n\n*.o\n".utf8), ignoresCase: false)]
        }
        #expect(lines == ["e", "x", "x/y", "x/y/z"])
    }

    @Test("A folder left out comes back with what is brought back beneath it")
    func broughtBackBeneath() async throws {
        let names = try await stored(["a/b/keep": 1, "a/b/drop": 1, "c/drop": 1]) {
            $0.rules = ["a", "c", "!a/b/keep"].map { .pattern(Array($0.utf8), ignoresCase: false) }
        }
        #expect(names == ["a", "a/b", "a/b/keep"])
    }

    @Test("Larger files are left out, files of the very size are not")
    func largerThan() async throws {
        let names = try await stored(["small": 99, "even": 100, "large": 101]) {
            $0.largerThan = 100
        }
        #expect(names == ["even", "small"])
    }

    @Test("A tagged cache keeps its tag only, and a false tag marks nothing")
    func caches() async throws {
        let bench = try await BackupBench(seed: 52)
        let tag = Array("Signature: 8a477f597d28d172789f06886806bc55\nmore".utf8)
        try bench.source.write("cache/CACHEDIR.TAG", tag)
        try bench.source.write("cache/data", [1])
        try bench.source.write("cache/deep/data", [1])
        try bench.source.write("liar/CACHEDIR.TAG", Array("Signature: 8a47".utf8))
        try bench.source.write("liar/data", [1])
        let tree = try bench.tree(try await bench.backUp { $0.excludes.caches = true })
        let names = tree.paths(beneath: bench.path).dropFirst().map {
            String(decoding: $0.dropFirst(bench.path.count + 1), as: UTF8.self)
        }
        #expect(
            names == ["cache", "cache/CACHEDIR.TAG", "liar", "liar/CACHEDIR.TAG", "liar/data"]
        )
    }

    @Test("A folder with a marker keeps the marker only")
    func ifPresent() async throws {
        let names = try await stored(["a/.nobackup": 0, "a/x": 1, "a/b/y": 1, "c/z": 1]) {
            $0.ifPresent = [Array(".nobackup".utf8)]
        }
        #expect(names == ["a", "a/.nobackup", "c", "c/z"])
    }

    @Test("Other file systems are stored as empty folders where asked")
    func oneFileSystem() async throws {
        let bench = try await BackupBench(seed: 53)
        let root = Array("/dev".utf8)
        let device = try #require(Disk.status(root)).st_dev
        var request = BackupRequest(.paths([root]))
        request.excludes.oneFileSystem = true
        let summary = try await bench.repository.backup(request).value
        let tree = try bench.tree(summary)
        #expect(tree["/dev/null"]?.kind == .characterDevice)
        for path in tree.paths(beneath: root) {
            guard let status = Disk.status(path), status.st_mode & S_IFMT == S_IFDIR,
                status.st_dev != device
            else { continue }
            #expect(tree.paths(beneath: path).count == 1, "\(PathText.escaped(path))")
        }
    }

    @Test("A repository within the source is left out, and that is said")
    func repositoryWithinSource() async throws {
        let folder = try ScratchFolder()
        try folder.write("file", [1, 2, 3])
        let place = folder.path + "/backups"
        let store = try LocalStore(path: place, create: true)
        let bench = try await BackupBench(store, seed: 54)
        var request = BackupRequest(.paths([Array(folder.path.utf8)]))
        request.repositoryPath = Array(place.utf8)
        let notices = Mutex<[String]>([])
        let summary = try BackupRun.run(
            bench.repository.core,
            request,
            context: JobContext { event in
                if case .notice(let text) = event { notices.withLock { $0.append(text) } }
            }
        )
        let tree = try bench.tree(summary)
        #expect(tree.paths(beneath: Array(folder.path.utf8)).count == 2)
        #expect(tree[folder.path + "/backups"] == nil)
        #expect(notices.withLock { $0.contains { $0.contains(place) } })
    }
}
