import CairnCore
import CairnFormat
import CairnIO
import Glibc

@testable import Cairn

/// A generator whose output its seed decides (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    mutating func chunkID() -> ChunkID { ChunkID(words: (next(), next(), next(), next())) }
}

/// Index objects by name, and how often each was asked for.
struct IndexWorld {
    var objects: [IndexSource: IndexObject] = [:]
    var places: [ChunkID: [PackID]] = [:]
    private var generator: SeededGenerator
    private var number: UInt32 = 0

    static let repository = RepositoryID(bytes: Array(1...16)) ?? RepositoryWithoutBytes.id
    static let key = SecretBytes(copying: [UInt8](repeating: 7, count: 32).span)

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    var view: [IndexSource] { Array(objects.keys) }

    mutating func chunkID() -> ChunkID { generator.chunkID() }

    mutating func pack() -> IndexedPack {
        number += 1
        let session = SessionID(writer: 1, counter: 2, random: [UInt8](repeating: 3, count: 12))
        return IndexedPack(
            id: PackID(session: session, number: number),
            kind: .data,
            size: 33_558_544
        )
    }

    mutating func entry(_ id: ChunkID, pack: UInt32) -> IndexEntry {
        let offset = 128 + Int(generator.next() % 30_000_000)
        guard
            let entry = IndexEntry(
                id: id,
                pack: pack,
                segmentOffset: offset,
                segmentStoredSize: 1000,
                type: .data,
                place: nil,
                length: 4096
            )
        else { preconditionFailure("an entry within the limits") }
        return entry
    }

    /// Adds an object with chunks of its own in `packCount` packs.
    @discardableResult
    mutating func addObject(
        chunkCount: Int,
        packCount: Int = 3,
        including shared: [ChunkID] = []
    ) -> IndexSource {
        let packs = (0..<packCount).map { _ in pack() }
        var entries: [IndexEntry] = []
        for index in 0..<chunkCount {
            let id = index < shared.count ? shared[index] : chunkID()
            let ordinal = index % packCount
            entries.append(entry(id, pack: UInt32(ordinal)))
            places[id, default: []].append(packs[ordinal].id)
        }
        entries.sort()
        let session = SessionID(
            writer: 9,
            counter: number,
            random: [UInt8](repeating: 1, count: 12)
        )
        let source = IndexSource(
            id: IndexID(session: session, number: 0),
            digest: generator.chunkID()
        )
        objects[source] = IndexObject(packs: packs, entries: entries)
        return source
    }

    /// A run of all objects, in memory.
    func run() throws -> IndexRun {
        let space = RunSpace(
            repository: IndexWorld.repository,
            key: IndexWorld.key,
            environment: .system,
            folder: nil
        )
        return try space.write(builder(space), isKept: false)
    }

    func builder(_ space: RunSpace) -> IndexBuilder {
        var builder = space.makeBuilder()
        for (source, object) in objects.sorted(by: { $0.key.id < $1.key.id }) {
            builder.add(object, from: source)
        }
        return builder
    }

    /// The bytes of a run of all objects.
    func runBytes() throws -> [UInt8] {
        let space = RunSpace(
            repository: IndexWorld.repository,
            key: IndexWorld.key,
            environment: .system,
            folder: nil
        )
        let buffer = ByteBuffer()
        let salt = try Environment.system.randomBytes(32)
        _ = try builder(space).build(salt: salt) { size throws(IndexError) in
            buffer.appendZeros(size)
            return .memory(buffer)
        }
        return buffer.array
    }

    static func open(_ bytes: [UInt8]) throws -> IndexRun {
        let buffer = ByteBuffer()
        buffer.append(bytes)
        return try IndexRun(RunStorage(buffer), repository: repository, key: key)
    }
}

private enum RepositoryWithoutBytes {
    static var id: RepositoryID { preconditionFailure("sixteen bytes make a repository ID") }
}

/// A folder of its own for one test, removed at the end.
final class TestFolder {
    let path: String
    private let files = PosixFiles()

    init() throws {
        let name = HexText.encode(try Environment.system.randomBytes(8))
        path = "/tmp/cairn-index-\(name)"
        files.close(try files.openRoot(path, create: true))
    }

    func names() throws -> [String] {
        let folder = try files.openRoot(path, create: false)
        defer { files.close(folder) }
        return try files.names(in: folder).map { String(decoding: $0, as: UTF8.self) }.sorted()
    }

    func bytes(_ name: String) throws -> [UInt8] {
        let folder = try files.openRoot(path, create: false)
        defer { files.close(folder) }
        let file = try files.open(name, in: folder)
        defer { files.close(file) }
        let size = Int(try files.status(of: file).size)
        var bytes = [UInt8](repeating: 0, count: size)
        var done = 0
        while done < size {
            var span = bytes.mutableSpan
            done += try files.read(file, at: UInt64(done), into: &span, from: done)
        }
        return bytes
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        let folder = try files.openRoot(path, create: false)
        defer { files.close(folder) }
        try? files.unlink(name, in: folder)
        let file = try files.create(name, in: folder)
        defer { files.close(file) }
        var done = 0
        while done < bytes.count {
            done += try files.write(
                bytes.span.extracting(done..<bytes.count),
                to: file,
                at: UInt64(done)
            )
        }
    }

    deinit {
        for name in (try? names()) ?? [] {
            if let folder = try? files.openRoot(path, create: false) {
                try? files.unlink(name, in: folder)
                files.close(folder)
            }
        }
        _ = unsafe rmdir(path)
    }
}
