package import CairnCore
package import CairnFormat
internal import Synchronization

/// Knows where every chunk of a repository is, those of the running session too.
///
/// Chunks of earlier sessions lie in runs (Specs/Index.md), those of this one in a bounded table
/// until ``takeDelta(limit:)`` and ``keep(_:as:)`` move them to a run of their own. All calls may
/// come from any thread at once. The key space is cut into shards with a lock each, so that a claim
/// looks at the runs and at the table in one step and no chunk is ever claimed twice.
///
/// An ID is looked up by its first 16 bytes; whoever reads the chunk checks the whole ID.
package final class ChunkIndex: Sendable {
    /// What ``claim(_:)`` found.
    package enum Claim: Hashable, Sendable {
        /// The chunk is stored.
        case known
        /// Another caller claimed it and has not placed it yet.
        case pending
        /// The chunk is new and the caller's to store.
        case claimed
    }

    private final class Shard: Sendable {
        struct State {
            var table = ClaimTable()
            var runs: [LiveRun]
            /// Packs that no new reference may be made to.
            var condemned: Set<PackID> = []
        }
        let state: Mutex<State>
        init(runs: [LiveRun]) { state = Mutex(State(runs: runs)) }
    }

    private struct Session {
        var runs: [LiveRun]
        /// How many of the runs were there from the start.
        let baseCount: Int
        /// Packs of this session by ordinal, beginning with `packBase`.
        var packs: [IndexedPack] = []
        var packBase: UInt32 = 0
        /// Calls of `place` on their way between taking an ordinal and having used it.
        var placing = 0
        var isDraining = false

        func pack(_ ordinal: UInt32) -> IndexedPack? {
            guard ordinal >= packBase else { return nil }
            let index = Int(ordinal - packBase)
            return index < packs.count ? packs[index] : nil
        }
    }

    static let shardCount = 256
    /// How many placed chunks the session's table should hold at the most before they are drained.
    package static let drainCount = 1 << 17
    /// The most copies of one chunk that ``locations(of:)`` gives.
    package static let locationCountMax = 64

    private let shards: [Shard]
    private let session: Mutex<Session>
    private let placedCount = Atomic(0)
    private let space: RunSpace
    /// Packs whose entries do not count.
    let maskedPacks: Set<PackID>
    /// What was known from runs and claimed, so that a roll-over can look at it again.
    package let reuse: ReuseLog
    /// The newest cleanup whose outcome this index shows.
    package let generation: UInt64
    /// Whether every index object that counts could be read.
    package let isComplete: Bool

    init(
        runs: [LiveRun],
        space: RunSpace,
        generation: UInt64 = 0,
        maskedPacks: Set<PackID> = [],
        isComplete: Bool = true
    ) {
        self.generation = generation
        self.isComplete = isComplete
        reuse = ReuseLog(folder: space.folder?.path)
        shards = (0..<ChunkIndex.shardCount).map { _ in Shard(runs: runs) }
        session = Mutex(Session(runs: runs, baseCount: runs.count))
        self.space = space
        self.maskedPacks = maskedPacks
    }

    private func shard(of key: PrefixKey) -> Shard {
        shards[Int(key.high &>> 56)]
    }

    // MARK: - Questions

    /// Whether the chunk is stored, as far as the runs' guides tell.
    ///
    /// A damaged cache can make this false for a stored chunk, never true for a missing one.
    package func contains(_ id: ChunkID) -> Bool {
        let key = PrefixKey(id)
        return shard(of: key).state.withLock { state in
            switch state.table.state(of: key) {
            case .placed, .draining: true
            case .free, .pending: isStored(key, in: state.runs)
            }
        }
    }

    private func isStored(_ key: PrefixKey, in runs: [LiveRun]) -> Bool {
        for index in runs.indices {
            guard let first = runs[index].run.firstIndex(of: key) else { continue }
            var found = false
            runs[index].run.forEach(key, from: first) { entry in
                found = isVisible(entry.pack, in: runs[index])
                return !found
            }
            if found { return true }
        }
        return false
    }

    private func isVisible(_ pack: UInt32, in run: LiveRun) -> Bool {
        guard run.isLive(pack: pack) else { return false }
        if maskedPacks.isEmpty { return true }
        guard let pack = run.run.pack(pack) else { return false }
        return !maskedPacks.contains(pack.id)
    }

    /// A place where the chunk is stored, or nil where there is none.
    ///
    /// If it gives nil while ``isDamaged`` is true, the chunk may be stored all the same.
    package func location(of id: ChunkID) -> ChunkLocation? {
        locations(of: id, limit: 1).first
    }

    /// Every place where the chunk is stored, up to ``locationCountMax``.
    package func locations(of id: ChunkID) -> [ChunkLocation] {
        locations(of: id, limit: ChunkIndex.locationCountMax)
    }

    private func locations(of id: ChunkID, limit: Int) -> [ChunkLocation] {
        let key = PrefixKey(id)
        var found: [ChunkLocation] = []
        let runs = shard(of: key).state.withLock { state in
            if let placed = state.table.entry(of: key),
                let pack = session.withLock({ $0.pack(placed.pack) })
            {
                found.append(ChunkLocation(pack: pack, entry: placed))
            }
            return state.runs
        }
        collect(key, runs, limit, into: &found) { $0.firstIndex(of: key) }
        if found.isEmpty {
            // A guide may be wrong, and a chunk not found is an error for whoever reads.
            collect(key, runs, limit, into: &found) { $0.firstIndexIgnoringGuide(of: key) }
        }
        return found
    }

    private func collect(
        _ key: PrefixKey,
        _ runs: [LiveRun],
        _ limit: Int,
        into found: inout [ChunkLocation],
        _ search: (IndexRun) -> Int?
    ) {
        for live in runs where found.count < limit {
            guard let first = search(live.run) else { continue }
            live.run.forEach(key, from: first) { entry in
                if live.isLive(pack: entry.pack), let pack = live.run.pack(entry.pack),
                    !maskedPacks.contains(pack.id)
                {
                    found.append(ChunkLocation(pack: pack, entry: entry))
                }
                return found.count < limit
            }
        }
    }

    /// The runs of earlier sessions.
    var storedRuns: [LiveRun] { session.withLock { Array($0.runs[..<$0.baseCount]) } }

    /// Whether this session has placed the chunk, or claimed it and owes a place.
    ///
    /// False also for chunks of this session that only its earlier deltas hold; see ``packs``.
    package func isOwn(_ id: ChunkID) -> Bool {
        let key = PrefixKey(id)
        let (isClaimed, runs) = shard(of: key).state.withLock { state in
            (state.table.state(of: key) != .free, state.runs)
        }
        if isClaimed { return true }
        let own = session.withLock { runs.dropFirst($0.baseCount) }
        return own.contains { isStored(key, in: [$0]) }
    }

    /// Whether a chunk is claimed and has no place yet.
    package var hasPending: Bool {
        shards.contains { $0.state.withLock { $0.table.hasPending } }
    }

    /// Every pack that the runs of earlier sessions list and that counts.
    package var packs: Set<PackID> {
        var packs: Set<PackID> = []
        for live in storedRuns {
            for ordinal in 0..<UInt32(live.run.packCount) where live.isLive(pack: ordinal) {
                if let pack = live.run.pack(ordinal)?.id { packs.insert(pack) }
            }
        }
        return packs.subtracting(maskedPacks)
    }

    /// How many entries the runs hold.
    package var storedCount: Int {
        session.withLock { $0.runs.reduce(0) { $0 + $1.entryCount } }
    }

    /// Whether a part of a run turned out not to be what was written; see ``location(of:)``.
    package var isDamaged: Bool {
        session.withLock { $0.runs.contains { $0.run.isDamaged } }
    }

    /// The files of runs that are damaged.
    var damagedRunNames: [String] {
        session.withLock { $0.runs.filter(\.run.isDamaged).compactMap(\.run.name) }
    }

    /// The runs that this session added.
    var sessionRuns: [LiveRun] {
        session.withLock { Array($0.runs[$0.baseCount...]) }
    }

    // MARK: - The session's chunks

    /// Claims a chunk: exactly one of any number of callers gets `.claimed`, and owes a
    /// ``place(_:in:)`` or a ``release(_:)``.
    ///
    /// A chunk of an earlier session that only condemned packs hold does not count as stored.
    package func claim(_ id: ChunkID) -> Claim {
        let key = PrefixKey(id)
        return shard(of: key).state.withLock { state in
            switch state.table.state(of: key) {
            case .placed, .draining: return .known
            case .pending: return .pending
            case .free:
                if let pack = usablePack(key, state) {
                    // Under the lock, so that whoever condemns packs finds it in the log.
                    reuse.note(id, in: pack)
                    return .known
                }
                state.table.claim(key)
                return .claimed
            }
        }
    }

    /// A pack that holds the chunk and may be referred to.
    private func usablePack(_ key: PrefixKey, _ state: Shard.State) -> PackID? {
        for live in state.runs {
            guard let first = live.run.firstIndex(of: key) else { continue }
            var found: PackID?
            live.run.forEach(key, from: first) { entry in
                if live.isLive(pack: entry.pack), let pack = live.run.pack(entry.pack)?.id,
                    !maskedPacks.contains(pack), !state.condemned.contains(pack)
                {
                    found = pack
                }
                return found == nil
            }
            if let found { return found }
        }
        return nil
    }

    /// From the return of this call on no claim counts on chunks in these packs.
    ///
    /// Whatever counted on them before is in ``reuse``.
    package func condemn(_ packs: Set<PackID>) {
        for shard in shards { shard.state.withLock { $0.condemned.formUnion(packs) } }
    }

    /// Gives a claim up: the next caller may claim the chunk.
    package func release(_ id: ChunkID) {
        let key = PrefixKey(id)
        shard(of: key).state.withLock { $0.table.release(key) }
    }

    /// Says where chunks of this session are.
    ///
    /// - Parameters:
    ///   - entries: The chunks; the pack ordinals in them mean nothing.
    ///   - pack: The pack that holds them all.
    package func place(_ entries: [IndexEntry], in pack: IndexedPack) {
        let ordinal = session.withLock { session in
            session.packs.append(pack)
            session.placing += 1
            return session.packBase + UInt32(session.packs.count - 1)
        }
        for entry in entries {
            let key = PrefixKey(entry)
            let added = shard(of: key).state.withLock { state in
                let before = state.table.placedCount
                state.table.place(entry.moved(toPack: ordinal))
                return state.table.placedCount - before
            }
            placedCount.add(added, ordering: .relaxed)
        }
        session.withLock { $0.placing -= 1 }
    }

    /// How many chunks have a place and are not in a delta yet.
    ///
    /// At ``drainCount`` it is time for a delta: the table takes 33 to 88 bytes a chunk.
    package var undrainedCount: Int { placedCount.load(ordering: .relaxed) }

    /// Takes the chunks placed so far as an index object; nil where there are none.
    ///
    /// They stay known. The caller stores the object and calls ``keep(_:as:)``, or ``putBack()`` if
    /// that failed; until then there is no other delta.
    ///
    /// - Parameter limit: The most entries to take.
    /// - Returns: The delta.
    package func takeDelta(limit: Int = IndexObject.entryCountMax) -> IndexObject? {
        let isFree = session.withLock { session in
            defer { session.isDraining = true }
            return !session.isDraining
        }
        precondition(isFree, "one delta at a time")
        var entries: [IndexEntry] = []
        entries.reserveCapacity(min(limit, undrainedCount))
        for shard in shards where entries.count < limit {
            shard.state.withLock {
                $0.table.beginDrain(limit: limit - entries.count, into: &entries)
            }
        }
        placedCount.subtract(entries.count, ordering: .relaxed)
        guard !entries.isEmpty else {
            session.withLock { $0.isDraining = false }
            return nil
        }
        return session.withLock { session in
            ChunkIndex.object(entries, packs: session.packs, base: session.packBase)
        }
    }

    /// Renumbers the packs of `entries` in the order of an index object.
    private static func object(
        _ entries: [IndexEntry],
        packs: [IndexedPack],
        base: UInt32
    ) -> IndexObject {
        var isUsed = [Bool](repeating: false, count: packs.count)
        for entry in entries { isUsed[Int(entry.pack - base)] = true }
        let used = packs.indices.filter { isUsed[$0] }.sorted { packs[$0].id < packs[$1].id }
        var ordinals = [UInt32](repeating: 0, count: packs.count)
        for (ordinal, index) in used.enumerated() { ordinals[index] = UInt32(ordinal) }
        return IndexObject(
            packs: used.map { packs[$0] },
            entries: entries.map { $0.moved(toPack: ordinals[Int($0.pack - base)]) }
        )
    }

    /// Makes the chunks of the last delta ready to be taken again.
    package func putBack() {
        for shard in shards {
            shard.state.withLock { state in
                let before = state.table.placedCount
                state.table.endDrain(keeping: true)
                placedCount.add(state.table.placedCount - before, ordering: .relaxed)
            }
        }
        session.withLock { $0.isDraining = false }
    }

    /// Moves the chunks of the last delta to a run, now that the delta is stored.
    ///
    /// - Parameters:
    ///   - delta: What ``takeDelta(limit:)`` gave.
    ///   - source: The name and digest it was stored under.
    /// - Throws: If no run could be written; the chunks then stay in the table.
    package func keep(_ delta: IndexObject, as source: IndexSource) throws(IndexError) {
        let (runs, baseCount) = session.withLock { ($0.runs, $0.baseCount) }
        var builder = space.makeBuilder()
        builder.add(delta, from: source)
        // Merge runs of like size, so that a session of any length has few.
        var kept = runs.count
        while kept > baseCount,
            runs[kept - 1].entryCount < RunSpace.levelFactor * builder.entryCount
        {
            kept -= 1
            builder.add(runs[kept])
        }
        let run = try space.write(builder, isKept: false)
        publish(Array(runs[..<kept]) + [LiveRun(run)])
    }

    private func publish(_ runs: [LiveRun]) {
        session.withLock { $0.runs = runs }
        for shard in shards {
            shard.state.withLock { state in
                state.runs = runs
                state.table.endDrain(keeping: false)
            }
        }
        forgetPacks()
        session.withLock { $0.isDraining = false }
    }

    /// Forgets packs that no chunk in the table refers to.
    private func forgetPacks() {
        let end = session.withLock { session in
            session.placing == 0 ? session.packBase + UInt32(session.packs.count) : nil
        }
        guard let end else { return }
        // Whatever is placed from here on lies in a pack from `end` on.
        let used = shards.lazy.compactMap { $0.state.withLock { $0.table.packMin } }.min()
        session.withLock { session in
            session.packs.removeFirst(Int(min(used ?? end, end) - session.packBase))
            session.packBase = min(used ?? end, end)
        }
    }
}
