import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Testing

/// A repository and a folder to back up into it.
struct BackupBench<Base: Store>: Sendable {
    let store: Base
    let source: ScratchFolder
    let repository: Repository

    /// Makes a repository in `store`.
    init(
        _ store: Base,
        seed: UInt64,
        isEncrypted: Bool = true,
        settings: RepositorySettings = RepositorySettings(),
        options: RepositoryOptions? = nil,
        source: ScratchFolder? = nil
    ) async throws {
        self.store = store
        self.source = try source ?? ScratchFolder()
        repository = try await Repository.create(
            in: store,
            settings: settings,
            credential: isEncrypted ? BackupTesting.credential : nil,
            options: options ?? BackupTesting.options(seed: seed)
        )
    }

    /// The path of the source, in bytes.
    var path: [UInt8] { Array(source.path.utf8) }

    /// The path of something in the source.
    func path(_ name: String) -> [UInt8] { Array("\(source.path)/\(name)".utf8) }

    /// How many folders lead to the source.
    ///
    /// Others may change those above it at any time, so a repeated backup may store as many trees
    /// anew.
    var depth: UInt64 { UInt64(path.split(separator: UInt8(ascii: "/")).count) }

    /// Writes some files of all sorts of sizes into the source.
    func writeFiles(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for number in 0..<40 {
            let size = Int.random(in: 0...(number == 7 ? 600_000 : 3000), using: &random)
            try source.write("folder-\(number % 5)/file-\(number)", random.bytes(count: size))
        }
    }

    /// Asks for a backup of the source.
    var request: BackupRequest { BackupRequest(.paths([path])) }

    /// Backs up and gives the summary.
    func backUp() async throws -> BackupSummary {
        try await repository.backup(request).value
    }

    /// Backs up as a changed request asks and gives the summary.
    func backUp(_ change: (inout BackupRequest) -> Void) async throws -> BackupSummary {
        var changed = request
        change(&changed)
        return try await repository.backup(changed).value
    }

    /// What a backup stored.
    func tree(_ summary: BackupSummary) throws -> StoredTree {
        try StoredTree(repository, try #require(summary.snapshot))
    }

    /// Opens the repository once more, as another process of the same machine would.
    func reopened(
        _ options: RepositoryOptions,
        isEncrypted: Bool = true
    ) async throws -> Repository {
        try await Repository.open(
            store,
            credential: isEncrypted ? BackupTesting.credential : nil,
            options: options
        )
    }

    /// The names in one of the store's folders, in order.
    func names(_ folder: String) throws -> [ObjectName] {
        try store.list(folder: folder).objects.map { $0.name }.sorted()
    }
}

extension BackupBench where Base == MemoryStore {
    /// Makes a repository in memory.
    init(seed: UInt64, isEncrypted: Bool = true) async throws {
        try await self.init(MemoryStore(), seed: seed, isEncrypted: isEncrypted)
    }
}

/// What the tests of backups share.
enum BackupTesting {
    static let credential = Credential.keyFile(
        SecretBytes(copying: [UInt8](repeating: 9, count: 32).span)
    )

    /// Options with an entropy and a machine of their own; the clock is the real one, since a job
    /// waits by it.
    static func options(
        seed: UInt64,
        workers: Int = 2,
        host: VirtualHost = VirtualHost(),
        cache: String? = nil
    ) -> RepositoryOptions {
        var options = RepositoryOptions()
        options.environment = Environment(
            time: Environment.system.time,
            entropy: SeededEntropy(seed: seed),
            host: host
        )
        options.workerCount = workers
        options.cacheDirectory = cache.map { Array($0.utf8) }
        return options
    }

    /// The same process number at another start: a process of the same machine.
    static func host(processID: Int32) -> VirtualHost {
        VirtualHost(
            process: ProcessIdentity(processID: processID, startTime: 7, bootID: "test-boot")
        )
    }
}

/// A snapshot's tree, read whole.
struct StoredTree {
    /// What is stored under each path, from the file system's root.
    private(set) var entries: [[UInt8]: TreeEntry] = [:]
    /// The paths in the order of the walk.
    private(set) var order: [[UInt8]] = []
    let record: SnapshotRecord
    private let chunks: ChunkReader

    /// Reads every tree of a snapshot.
    init(_ repository: Repository, _ session: SessionID) throws {
        let view = try RepositoryView.load(repository.records)
        record = try #require(view.records[session])
        let index = try ChunkIndex.open(repository.core, view: view, context: JobContext())
        chunks = ChunkReader(core: repository.core, index: index)
        try add(record.tree, beneath: [])
    }

    private mutating func add(_ tree: TreeReference, beneath path: [UInt8]) throws {
        var cursor = try TreeCursor(TreeLoader(chunks), tree)
        while let entry = try cursor.next() {
            let place = path + [UInt8(ascii: "/")] + entry.name
            entries[place] = entry
            order.append(place)
            if case .directory(let reference) = entry.node { try add(reference, beneath: place) }
        }
    }

    /// The tree of the one path that was backed up.
    var sourceNode: TreeEntry.Node? { record.paths.first.flatMap { entries[$0]?.node } }

    subscript(path: String) -> TreeEntry? { entries[Array(path.utf8)] }

    /// The paths beneath a folder, the folder first.
    func paths(beneath folder: [UInt8]) -> [[UInt8]] {
        let beneath = folder + [UInt8(ascii: "/")]
        return order.filter { $0 == folder || $0.starts(with: beneath) }
    }

    /// The bytes of a stored file, holes as zeros.
    func bytes(_ path: [UInt8]) throws -> [UInt8] {
        let entry = try #require(entries[path])
        guard case .regular(let content, let layout) = entry.node else { return [] }
        let data = try stream(content)
        guard let layout else { return data }
        var bytes: [UInt8] = []
        var taken = 0
        for extent in layout.extents {
            bytes += [UInt8](repeating: 0, count: Int(extent.gap))
            bytes += data[taken..<taken + Int(extent.length)]
            taken += Int(extent.length)
        }
        #expect(taken == data.count)
        return bytes + [UInt8](repeating: 0, count: Int(layout.logicalSize) - bytes.count)
    }

    /// Whether a file is stored byte for byte as it is on disk.
    func equalsDisk(_ path: [UInt8]) throws -> Bool {
        Disk.areEqual(try bytes(path), Disk.bytes(path))
    }

    /// The bytes of a stored file in the source.
    func bytes(_ path: String) throws -> [UInt8] { try bytes(Array(path.utf8)) }

    /// All bytes of a stream of chunks.
    func stream(_ content: ContentReference) throws -> [UInt8] {
        var cursor = ContentCursor(chunks, content)
        let buffer = ByteBuffer()
        while let chunk = try cursor.next() {
            #expect(chunk.range.lowerBound == UInt64(buffer.count))
            try chunks.read(chunk.id, into: buffer)
            #expect(chunk.range.upperBound == UInt64(buffer.count))
        }
        #expect(UInt64(buffer.count) == content.length)
        return buffer.array
    }

    /// The problems that the snapshot lists.
    func problems() throws -> [Problem] {
        let bytes = try stream(record.problems)
        return try ProblemList(decoding: bytes.span).problems
    }
}
