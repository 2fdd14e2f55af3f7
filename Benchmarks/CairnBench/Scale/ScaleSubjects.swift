import Cairn
import CairnFormat

/// The chunk index, with generated chunks.
struct IndexScale: ScaleSubject {
    let name = "index"
    let unit = "chunks"
    let sizeMin = 10_000
    let sizeMax = 100_000_000

    func measure(size: Int, folder: String) async throws -> [Figure] {
        try IndexBench(chunkCount: size, folder: folder).measure()
    }
}

/// A repository with many snapshots of one small folder.
struct SnapshotScale: ScaleSubject {
    let name = "snapshots"
    let unit = "snapshots"
    let sizeMin = 100
    let sizeMax = 100_000

    func measure(size: Int, folder: String) async throws -> [Figure] {
        let source = folder + "/source"
        try PlainFile.makeDirectory(Array(source.utf8))
        try Machine.write("a file\n", to: source + "/file")
        let place = Place(folder: folder)
        let request = BackupRequest(.paths([Array(source.utf8)]))
        let repository = try await place.create()
        _ = try await repository.backup(request).value
        try SnapshotScale.multiply(repository, to: size)
        var figures: [Figure] = []
        for name in ["list without a cache", "list that fills the cache", "list from the cache"] {
            // Opened anew each time, as by a command; what opening itself costs is not counted.
            let opened = try await place.open(hasCache: name != "list without a cache")
            let listed = try await Spent.byProcess { try await opened.snapshots() }
            guard listed.value.snapshots.count == size, listed.value.damaged.isEmpty else {
                throw BenchFailure("\(listed.value.snapshots.count) snapshots, not \(size)")
            }
            figures.append(Figure(name: name, value: listed.spent.wall * 1e3, unit: "ms"))
        }
        let opening = try await Spent.byProcess { try await place.open(hasCache: true) }
        figures.append(Figure(name: "open", value: opening.spent.wall * 1e3, unit: "ms"))
        let found = try await Spent.byProcess { try await opening.value.snapshot("latest") }
        figures.append(Figure(name: "find the latest", value: found.spent.wall * 1e3, unit: "ms"))
        let again = try await Spent.byProcess {
            try await opening.value.backup(request).value
        }
        figures.append(
            Figure(name: "unchanged backup", value: again.spent.wall * 1e3, unit: "ms")
        )
        return figures
    }

    /// Where the repository is, and how it is opened.
    private struct Place {
        let folder: String
        let credential = Credential.passphrase("benchmark")

        func create() async throws -> Repository {
            try await Repository.create(
                in: LocalStore(path: folder + "/repository", create: true),
                credential: credential,
                options: options(hasCache: false)
            )
        }

        func open(hasCache: Bool) async throws -> Repository {
            try await Repository.open(
                LocalStore(path: folder + "/repository", create: false),
                credential: credential,
                options: options(hasCache: hasCache)
            )
        }

        private func options(hasCache: Bool) -> RepositoryOptions {
            var options = RepositoryOptions()
            if hasCache { options.cacheDirectory = Array((folder + "/cache").utf8) }
            return options
        }
    }

    /// Adds snapshots by other writers with the tree of the one that is there, all older than it.
    private static func multiply(_ repository: Repository, to size: Int) throws {
        let records = RecordStore(repository.core)
        guard let pattern = try RepositoryView.load(records).snapshots.first else {
            throw BenchFailure("there is no snapshot to multiply")
        }
        for number in 1..<max(1, size) {
            let random = try repository.core.randomBytes(12)
            let writer = UInt64(number)
            let session = SessionID(writer: writer, counter: 1, random: random)
            var record = pattern
            record.session = session
            record.started -= Int64(number) * 1_000_000_000
            record.ended = record.started
            record.indexes = []
            record.previous = nil
            let name = ObjectNames.snapshot(session)
            let sealed = try records.seal(.snapshot, record.encode(), named: name)
            guard try records.create(name, sealed) == .created else {
                throw BenchFailure("two snapshots of one name")
            }
        }
        try records.barrier()
    }
}
