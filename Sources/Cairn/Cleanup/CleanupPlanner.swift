internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Decides what happens to each pack (Specs/Cleanup.md#planning).
package struct CleanupPlanner {
    /// The most bytes that one generation copies.
    static let sliceSize: UInt64 = 1 << 30
    /// Packs below this part of the target size are small.
    private static let smallPart: UInt64 = 4

    let core: RepositoryCore
    let options: CleanupOptions

    /// Plans for one repository.
    package init(core: RepositoryCore, options: CleanupOptions) {
        self.core = core
        self.options = options
    }

    /// Looks at the repository and makes a plan. Nothing is written.
    package func plan(
        context: JobContext,
        meter: CleanupMeter
    ) throws(CairnError) -> CleanupPlan {
        let records = RecordStore(core)
        // Packs are listed before sessions, and the view is read last: what a running session has
        // written never looks like an orphan.
        var inventory = RepositoryInventory()
        try inventory.addUploads(records, context: context)
        let (view, index) = try RepositoryView.open(records, context: context)
        inventory.see(view)
        try CleanupPlanner.expectReadable(view)
        let stored = inventory.packs
        let held = inventory.held
        let usage = try usage(view, index, context: context, meter: meter)
        // Only now has every part of the index been read that decides.
        try core.indexCache.expectSound(index)
        var plan = CleanupPlan(
            repository: core.format.repository,
            basis: CleanupPlanner.basis(view),
            packs: decide(usage, stored, held: held),
            snapshots: view.snapshots.count,
            scratchSize: CleanupPlanner.sliceSize
        )
        let named = Set(view.indexes.map { $0.id })
        plan.indexes = Set(
            inventory.indexes.keys.filter {
                !named.contains($0) && !held.contains($0.session)
            }
        )
        return plan
    }

    /// Refuses a repository in which something cannot be read that may need anything.
    static func expectReadable(_ view: RepositoryView) throws(CairnError) {
        guard let (name, reason) = view.damaged.min(by: { $0.key < $1.key }) else { return }
        throw CairnError(
            .damaged,
            "\(name) cannot be read, and nobody knows what it needs; nothing is removed. Run "
                + "'check' (\(reason))"
        )
    }

    /// What a plan depends on: the cleanups and the snapshots seen.
    static func basis(_ view: RepositoryView) -> String {
        var writer = ByteWriter()
        writer.write(view.generation)
        writer.write(view.cleanup.doomedGeneration)
        for sessions in [Set(view.records.keys), view.forgotten] {
            writer.write(UInt64(sessions.count))
            for session in sessions.sorted() { session.write(to: &writer) }
        }
        return HexText.encode(SHA256.hash(writer.bytes.span).bytes)
    }

    /// What is needed of every pack. What marking takes is free again when this returns.
    private func usage(
        _ view: RepositoryView,
        _ index: ChunkIndex,
        context: JobContext,
        meter: CleanupMeter
    ) throws(CairnError) -> PackUsages {
        var marking = try Marking(core, index, context: context, meter: meter)
        try marking.count(Set(view.snapshots.map(\.session)), view)
        return try marking.usage()
    }

    /// Goes through the packs that are stored, ascending, and what is needed of each side by side.
    private func decide(
        _ usage: PackUsages,
        _ stored: PackSizes,
        held: Set<SessionID>
    ) -> CleanupPlan.PackList {
        var packs = ScratchArray<CleanupPlan.Pack>(directory: core.indexCache.directory)
        packs.reserveCapacity(stored.count)
        let usage = usage.all
        var next = 0
        for (id, size) in stored {
            while next < usage.count, usage[next].pack.id < id { next += 1 }
            guard next < usage.count, usage[next].pack.id == id else {
                // A session that committed after the packs were listed is in the view.
                guard !held.contains(id.session) else { continue }
                packs.append(
                    CleanupPlan.Pack(
                        id: id,
                        size: size,
                        usedSize: 0,
                        chunks: 0,
                        usedChunks: 0,
                        action: .delete,
                        reason: .orphan
                    )
                )
                continue
            }
            let used = usage[next]
            let isWhole = used.liveChunks == used.chunks
            packs.append(
                CleanupPlan.Pack(
                    id: id,
                    size: size,
                    usedSize: used.liveSize,
                    chunks: Int(used.chunks),
                    usedChunks: Int(used.liveChunks),
                    action: used.liveChunks == 0 ? .delete : .keep,
                    reason: used.liveChunks == 0 ? .unused : isWhole ? .used : .mostlyUsed
                )
            )
        }
        chooseRewrites(&packs)
        return CleanupPlan.PackList(packs)
    }

    /// Picks packs to rewrite, those with the most to gain for the least copying first.
    func chooseRewrites(_ packs: inout ScratchArray<CleanupPlan.Pack>) {
        let used = packs.reduce(0) { $0 + $1.usedSize }
        var unused = packs.reduce(0) { sum, pack in
            pack.action == .keep ? sum + (pack.size - min(pack.usedSize, pack.size)) : sum
        }
        let allowed: UInt64
        switch options.maxUnused {
        case .unlimited: return
        case .bytes(let bytes): allowed = bytes
        case .percent(let percent):
            let part = min(max(percent, 0), 100) / 100
            // Of what remains: unused ≤ part × (used + unused).
            let most = Double(used) * part / (1 - part)
            allowed = most < 1e18 ? UInt64(most) : most.isNaN ? 0 : .max
        }
        var room = options.maxRepackSize ?? .max
        func rewrite(_ index: Int, _ reason: CleanupPlan.Reason) {
            guard packs[index].size <= room else {
                packs[index].reason = .limit
                return
            }
            room -= packs[index].size
            packs[index].action = .rewrite
            packs[index].reason = reason
            unused -= packs[index].size - min(packs[index].usedSize, packs[index].size)
        }
        for candidate in candidates(packs) {
            guard unused > allowed else { break }
            rewrite(candidate.index, .partlyUsed)
        }
        let limit = UInt64(core.format.packSizeTarget) / CleanupPlanner.smallPart
        // One that is small because its chunks are would be as small again.
        let chunkLimit = PackWriter.chunkCountMax / Int(CleanupPlanner.smallPart)
        func isSmall(_ pack: CleanupPlan.Pack) -> Bool {
            pack.action == .keep && pack.size < limit && pack.chunks < chunkLimit
        }
        // Joining few is not worth a generation; many slow everything down.
        guard packs.count(where: isSmall) >= CleanupPlanner.smallCountMin else { return }
        for index in packs.indices where isSmall(packs[index]) { rewrite(index, .small) }
    }

    /// A pack of which a part is needed.
    private struct Candidate: BitwiseCopyable {
        let index: Int
        /// How much of it that is.
        let share: Double
    }

    /// The packs of which a part is needed, those of which least is first.
    private func candidates(
        _ packs: ScratchArray<CleanupPlan.Pack>
    ) -> ScratchArray<Candidate> {
        var found = ScratchArray<Candidate>(directory: core.indexCache.directory)
        for (index, pack) in packs.enumerated()
        where pack.action == .keep && pack.usedChunks < pack.chunks {
            let share = Double(pack.usedSize) / Double(max(pack.size, 1))
            found.append(Candidate(index: index, share: share))
        }
        found.sort { $0.share < $1.share }
        return found
    }

    /// So many small packs are joined, not fewer.
    private static let smallCountMin = 20
}

extension RepositoryInventory {
    /// Sessions whose packs somebody holds: those that are registered and undecided, and those
    /// that went on as one of them.
    var held: Set<SessionID> {
        var held: Set<SessionID> = []
        let open = Set(sessions.map { $0.id })
        for session in sessions {
            held.insert(session.id)
            held.formUnion(session.record.predecessors)
        }
        // A registration that cannot be read may be anybody's.
        for session in registered where !open.contains(session) {
            let isDecided = view.records[session] != nil || view.tombstones.contains(session)
            if !isDecided { held.insert(session) }
        }
        return held
    }
}
