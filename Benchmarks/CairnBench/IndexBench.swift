import Cairn
import CairnCore
import CairnFormat
import CairnIO

/// Measures the chunk index at a size of choice: building, opening again, heap, hits and misses.
///
/// The chunks are made up, with uniform IDs and one pack for each 32 of them.
struct IndexBench {
    /// Chunks in one index object.
    static let objectCount = 1 << 19
    /// Chunks in one pack.
    static let chunksPerPack = 32

    let chunkCount: Int
    let folder: String

    /// Runs all measurements and prints a line for each.
    func run() throws {
        let repository = RepositoryID(bytes: [UInt8](repeating: 1, count: 16))
        guard let repository else { return }
        let cache = IndexCache(
            path: folder,
            repository: repository,
            key: SecretBytes(copying: [UInt8](repeating: 2, count: 32).span),
            environment: .system
        )
        let view = (0..<(chunkCount + Self.objectCount - 1) / Self.objectCount).map { source($0) }
        try measure("build") {
            _ = try cache.open(view: view) { object(Int($0.id.number)) }
        }
        let before = Memory.now
        var opened: OpenedIndex?
        try measure("open") { opened = try cache.open(view: view) { _ in nil } }
        guard let index = opened?.index else { return }
        print("chunks \(index.storedCount)")
        print("heap after opening \(Memory.now.anonymous - before.anonymous) KiB more")
        let lookups = 4_000_000
        for pass in ["first touch", "warm"] {
            var misses = Draw(seed: 99)
            lookUp(index, "miss, \(pass)", lookups, expecting: 0) { misses.id() }
            var hits = Draw(seed: 5)
            lookUp(index, "hit, \(pass)", lookups, expecting: lookups) {
                existing(Int(hits.next() % UInt64(chunkCount)))
            }
        }
        var claims = Draw(seed: 7)
        let start = Environment.system.time.monotonicNanoseconds
        for _ in 0..<400_000 { _ = index.claim(claims.id()) }
        let elapsed = Environment.system.time.monotonicNanoseconds - start
        print("claim of a new chunk \(elapsed / 400_000) ns")
        var places = Draw(seed: 8)
        let placeStart = Environment.system.time.monotonicNanoseconds
        for _ in 0..<400_000 {
            _ = index.location(of: existing(Int(places.next() % UInt64(chunkCount))))
        }
        let placeElapsed = Environment.system.time.monotonicNanoseconds - placeStart
        print("location of a chunk \(placeElapsed / 400_000) ns")
        let now = Memory.now
        let heap = now.anonymous - before.anonymous
        print("heap at the end \(heap) KiB more, resident file pages \(now.file) KiB")
    }

    private func measure(_ name: String, _ body: () throws -> Void) rethrows {
        let start = Environment.system.time.monotonicNanoseconds
        try body()
        let elapsed = Environment.system.time.monotonicNanoseconds - start
        print("\(name) \(Double(elapsed / 1000) / 1000) ms")
    }

    private func lookUp(
        _ index: ChunkIndex,
        _ name: String,
        _ count: Int,
        expecting expected: Int,
        _ next: () -> ChunkID
    ) {
        // IDs are drawn beforehand, a part at a time, so that drawing is not measured.
        var (found, elapsed, done) = (0, 0 as UInt64, 0)
        while done < count {
            let ids = (0..<100_000).map { _ in next() }
            let start = Environment.system.time.monotonicNanoseconds
            for id in ids where index.contains(id) { found += 1 }
            elapsed += Environment.system.time.monotonicNanoseconds - start
            done += ids.count
        }
        let right = found == expected ? "" : ", WRONG: \(found) found"
        print("\(name) \(elapsed / UInt64(count)) ns\(right)")
    }

    // MARK: - Made-up chunks

    private func source(_ number: Int) -> IndexSource {
        let session = SessionID(writer: 1, counter: 1, random: [UInt8](repeating: 1, count: 12))
        return IndexSource(
            id: IndexID(session: session, number: UInt32(number)),
            digest: ChunkID(words: (UInt64(number), 1, 1, 1))
        )
    }

    /// Chunk `index` lies in slice `index % 2^19` of the key space, at a place of its own in it.
    private func existing(_ index: Int) -> ChunkID {
        let slice = UInt64(index % Self.objectCount)
        var draw = Draw(seed: UInt64(index))
        let high = slice << 45 | draw.next() >> 19
        return ChunkID(words: (high.byteSwapped, draw.next(), draw.next(), draw.next()))
    }

    private func object(_ number: Int) -> IndexObject {
        let range =
            number * Self.objectCount..<min((number + 1) * Self.objectCount, chunkCount)
        let session = SessionID(writer: 2, counter: 1, random: [UInt8](repeating: 1, count: 12))
        let packCount = (range.count + Self.chunksPerPack - 1) / Self.chunksPerPack
        let packs = (0..<packCount).map { ordinal in
            let pack = UInt32(number * Self.objectCount / Self.chunksPerPack + ordinal)
            return IndexedPack(
                id: PackID(session: session, number: pack),
                kind: .data,
                size: 33_556_000
            )
        }
        let entries = range.compactMap { index in
            // Neighbours in the order of IDs lie in unlike packs, as in real life.
            let ordinal = (index - range.lowerBound) % packCount
            return IndexEntry(
                id: existing(index),
                pack: UInt32(ordinal),
                segmentOffset: 128 + index % 30_000_000,
                segmentStoredSize: 500_000,
                type: .data,
                place: nil,
                length: 1_000_000
            )
        }
        return IndexObject(packs: packs, entries: entries)
    }
}

/// A generator whose output its seed decides (SplitMix64).
private struct Draw {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    mutating func id() -> ChunkID { ChunkID(words: (next(), next(), next(), next())) }
}

/// What the system says about this process's memory.
private struct Memory {
    /// Resident memory that no file backs, in KiB: heap and stacks.
    var anonymous = 0
    /// Resident pages of mapped files, in KiB.
    var file = 0

    static var now: Memory {
        var memory = Memory()
        let files = PosixFiles()
        guard let folder = try? files.openRoot("/proc/self", create: false) else { return memory }
        defer { files.close(folder) }
        guard let file = try? files.open("status", in: folder) else { return memory }
        defer { files.close(file) }
        var bytes = [UInt8](repeating: 0, count: 8192)
        var span = bytes.mutableSpan
        guard let count = try? files.read(file, at: 0, into: &span, from: 0) else { return memory }
        for line in String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count >= 2, let value = Int(words[1]) else { continue }
            if words[0] == "RssAnon:" { memory.anonymous = value }
            if words[0] == "RssFile:" { memory.file = value }
        }
        return memory
    }
}
