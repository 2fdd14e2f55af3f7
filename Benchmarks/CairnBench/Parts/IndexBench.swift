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

    /// How many chunks the index holds.
    let chunkCount: Int
    /// Where the index is written.
    let folder: String

    /// Runs all measurements.
    func measure() throws -> [Figure] {
        guard let repository = RepositoryID(bytes: [UInt8](repeating: 1, count: 16)) else {
            return []
        }
        let cache = IndexCache(
            path: folder,
            repository: repository,
            key: SecretBytes(copying: [UInt8](repeating: 2, count: 32).span),
            environment: .system
        )
        let view = (0..<(chunkCount + Self.objectCount - 1) / Self.objectCount).map { source($0) }
        var figures: [Figure] = []
        let built = try Spent.byProcess {
            _ = try cache.open(view: view) { object(Int($0.id.number)) }
        }
        figures.append(Figure(name: "build", value: built.wall * 1e3, unit: "ms"))
        let before = Memory.now
        var opened: OpenedIndex?
        let opening = try Spent.byProcess { opened = try cache.open(view: view) { _ in nil } }
        figures.append(Figure(name: "open", value: opening.wall * 1e3, unit: "ms"))
        guard let index = opened?.index, index.storedCount == chunkCount else {
            throw BenchFailure("the index does not hold \(chunkCount) chunks")
        }
        let heap = Memory.now.anonymous - before.anonymous
        figures.append(Figure(name: "heap after opening", value: Double(heap), unit: "KiB"))
        figures += try lookUps(in: index)
        let now = Memory.now
        let grown = Double(now.anonymous - before.anonymous)
        figures.append(Figure(name: "heap at the end", value: grown, unit: "KiB"))
        figures.append(Figure(name: "resident file pages", value: Double(now.file), unit: "KiB"))
        return figures
    }

    private func lookUps(in index: ChunkIndex) throws -> [Figure] {
        var figures: [Figure] = []
        let count = 2_000_000
        for pass in ["first touch", "warm"] {
            var misses = Draw(seed: 99)
            let miss = try lookUp(index, count, expecting: 0) { misses.id() }
            var hits = Draw(seed: 5)
            let hit = try lookUp(index, count, expecting: count) {
                existing(Int(hits.next() % UInt64(chunkCount)))
            }
            figures.append(Figure(name: "miss, \(pass)", value: miss, unit: "ns"))
            figures.append(Figure(name: "hit, \(pass)", value: hit, unit: "ns"))
        }
        let few = 400_000
        var claims = Draw(seed: 7)
        let claimed = Spent.byProcess {
            for _ in 0..<few { _ = index.claim(claims.id()) }
        }
        var places = Draw(seed: 8)
        let located = Spent.byProcess {
            for _ in 0..<few {
                _ = index.location(of: existing(Int(places.next() % UInt64(chunkCount))))
            }
        }
        for (name, spent) in [("claim of a new chunk", claimed), ("location of a chunk", located)] {
            let value = spent.wall * 1e9 / Double(few)
            figures.append(Figure(name: name, value: value, unit: "ns"))
        }
        return figures
    }

    /// The figures as a table.
    static func section(_ figures: [Figure], chunkCount: Int) -> Report.Section {
        var section = Report.Section(
            title: "\(chunkCount) generated chunks",
            columns: [Report.Column("figure"), Report.Column("value"), Report.Column("unit")]
        )
        section.rows = figures.map {
            [.text($0.name), .number($0.value, digits: 3), .text($0.unit)]
        }
        return section
    }

    /// Nanoseconds a lookup takes.
    private func lookUp(
        _ index: ChunkIndex,
        _ count: Int,
        expecting expected: Int,
        _ next: () -> ChunkID
    ) throws -> Double {
        // IDs are drawn beforehand, a part at a time, so that drawing is not measured.
        var (found, elapsed, done) = (0, 0 as UInt64, 0)
        while done < count {
            let ids = (0..<100_000).map { _ in next() }
            let start = Environment.system.time.monotonicNanoseconds
            for id in ids where index.contains(id) { found += 1 }
            elapsed += Environment.system.time.monotonicNanoseconds - start
            done += ids.count
        }
        guard found == expected else {
            throw BenchFailure("the index found \(found) chunks, not \(expected)")
        }
        return Double(elapsed) / Double(count)
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
