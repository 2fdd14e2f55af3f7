import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Foundation
import Synchronization
import Testing

/// A store whose objects tests may damage.
final class DamageStore: Store {
    private let objects: Mutex<[ObjectName: [UInt8]]>
    /// How many objects were created, over all.
    private let creations = Mutex(0)

    init(_ objects: [ObjectName: [UInt8]] = [:]) {
        self.objects = Mutex(objects)
    }

    /// Everything stored now.
    var contents: [ObjectName: [UInt8]] {
        get { objects.withLock { $0 } }
        set { objects.withLock { $0 = newValue } }
    }

    subscript(name: ObjectName) -> [UInt8]? {
        get { objects.withLock { $0[name] } }
        set { objects.withLock { $0[name] = newValue } }
    }

    /// The names in a folder, in order.
    func names(_ folder: String) -> [ObjectName] {
        objects.withLock { $0.keys.filter { $0.folder == folder }.sorted() }
    }

    var capabilities: StoreCapabilities {
        StoreCapabilities(hasAtomicCreate: true, isDurable: false)
    }

    func create(
        _ name: ObjectName,
        _ bytes: Span<UInt8>
    ) throws(StoreError) -> CreateOutcome {
        let copy = unsafe bytes.withUnsafeBufferPointer { unsafe [UInt8]($0) }
        return objects.withLock { objects in
            guard objects[name] == nil else { return .exists }
            objects[name] = copy
            return .created
        }
    }

    func read(
        _ name: ObjectName,
        _ range: Range<UInt64>?,
        into buffer: ByteBuffer
    ) throws(StoreError) {
        guard let bytes = objects.withLock({ $0[name] }) else { throw .notFound(name) }
        let wanted = range ?? 0..<UInt64(bytes.count)
        guard wanted.upperBound <= UInt64(bytes.count) else {
            throw .damaged(name, reason: "it has \(bytes.count) bytes")
        }
        buffer.append(bytes.span.extracting(Int(wanted.lowerBound)..<Int(wanted.upperBound)))
    }

    func size(of name: ObjectName) throws(StoreError) -> UInt64 {
        guard let bytes = objects.withLock({ $0[name] }) else { throw .notFound(name) }
        return UInt64(bytes.count)
    }

    func list(folder: String) throws(StoreError) -> Listing {
        let found = objects.withLock { objects in
            objects.compactMap { name, bytes in
                name.folder == folder ? ObjectInfo(name: name, size: UInt64(bytes.count)) : nil
            }
        }
        return Listing(objects: found)
    }

    func delete(_ name: ObjectName) throws(StoreError) {
        objects.withLock { _ = $0.removeValue(forKey: name) }
    }

    func barrier() throws(StoreError) {}
}

/// A new folder that is removed with its contents when the value goes away.
final class SourceFolder: Sendable {
    let path: String

    init() throws {
        path = "/tmp/cairn-maintenance-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: false
        )
    }

    /// Writes a file, making the folders on the way.
    func write(_ name: String, _ bytes: [UInt8]) throws {
        let url = URL(fileURLWithPath: path + "/" + name)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try Data(bytes).write(to: url)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// A small repository with two snapshots, one of them forgotten where asked for.
struct SmallRepository {
    let store = DamageStore()
    let folder: SourceFolder
    let repository: Repository
    let clock = VirtualClock()
    var options = RepositoryOptions()
    static let key = Credential.keyFile(
        SecretBytes(copying: [UInt8](repeating: 7, count: 32).span)
    )

    /// Makes the repository; its largest file has `fileSize` bytes.
    init(seed: UInt64, isEncrypted: Bool = true, fileSize: Int = 6000) async throws {
        folder = try SourceFolder()
        options.environment = .virtual(seed: seed, time: clock)
        options.workerCount = 1
        var settings = RepositorySettings()
        // Small chunks, so that small files have lists of them.
        settings.chunking = try ChunkerParameters(
            algorithm: .fastcdc,
            sizeMin: 1 << 10,
            sizeMean: 2 << 10,
            sizeMax: 8 << 10
        )
        repository = try await Repository.create(
            in: store,
            settings: settings,
            credential: isEncrypted ? SmallRepository.key : nil,
            options: options
        )
        var random = SeededRandom(seed: seed)
        try folder.write("a/first", random.bytes(count: fileSize))
        try folder.write("a/text", Array(String(repeating: "words ", count: 300).utf8))
        try folder.write("b/c/empty", [])
        _ = try await backUp()
        clock.advance(nanoseconds: 3_600_000_000_000)
        try folder.write("b/second", random.bytes(count: fileSize / 2))
        _ = try await backUp()
    }

    /// Backs the folder up and gives the snapshot.
    func backUp(tags: [[UInt8]] = []) async throws -> SessionID {
        var request = BackupRequest(.paths([Array(folder.path.utf8)]))
        request.tags = tags
        let summary = try await repository.backup(request).value
        return try #require(summary.snapshot)
    }

    /// The content of every file of the newest snapshot; nil where it cannot be read.
    func readFiles() throws -> [[UInt8]: [UInt8]?] {
        let core = repository.core
        let view = try RepositoryView.load(RecordStore(core))
        let index = try ChunkIndex.open(core, view: view, context: JobContext())
        let chunks = ChunkReader(core: core, index: index)
        let trees = TreeLoader(chunks)
        var files: [[UInt8]: [UInt8]?] = [:]
        var waiting: [(TreeReference, [UInt8])] = []
        if let newest = view.snapshots.last { waiting.append((newest.tree, [])) }
        while let (tree, path) = waiting.popLast() {
            guard var cursor = try? TreeCursor(trees, tree) else { continue }
            while let entry = (try? cursor.next()) ?? nil {
                let below = path + [UInt8(ascii: "/")] + entry.name
                switch entry.node {
                case .directory(let reference): waiting.append((reference, below))
                case .regular(let content, _):
                    files[below] = try? SmallRepository.bytes(of: content, chunks)
                default: break
                }
            }
        }
        return files
    }

    private static func bytes(
        of content: ContentReference,
        _ chunks: ChunkReader
    ) throws -> [UInt8] {
        var cursor = ContentCursor(chunks, content)
        var bytes: [UInt8] = []
        while let chunk = try cursor.next() { bytes += try chunks.bytes(chunk.id) }
        return bytes
    }

    /// Checks the repository, data and all.
    func check(_ data: CheckRequest.Data = .all) throws -> CheckReport {
        var request = CheckRequest()
        request.data = data
        return try repository.checkNow(request)
    }
}

extension Repository {
    /// Checks on the calling thread.
    func checkNow(_ request: CheckRequest) throws(CairnError) -> CheckReport {
        try CheckRun.run(core, request, slot: currentSlot, context: JobContext())
    }
}

extension CheckReport {
    /// The damages as text, for failure messages.
    var text: String {
        damages.map { "\($0.object): \($0.message)" }.joined(separator: "\n")
    }
}
