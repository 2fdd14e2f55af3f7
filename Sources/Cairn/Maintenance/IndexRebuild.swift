internal import CairnCore
public import CairnFormat
internal import CairnIO

/// What a rebuilding of the index did.
public struct IndexRebuildReport: Sendable {
    /// Packs whose directories were read.
    public var packsRead = 0
    /// Packs that now have an index and had none, or not for all their chunks.
    public var packs = 0
    /// Segments of those packs.
    public var segments: UInt64 = 0
    /// Chunks of those packs that no index object knew.
    public var chunks: UInt64 = 0
    /// Index objects that were missing or damaged, with the reason.
    public var lostIndexes: [String: String] = [:]
    /// Packs whose directory cannot be read, with the reason: what only they hold stays missing.
    public var damaged: [String: String] = [:]
    /// The snapshot that commits the new index; nil if nothing was missing.
    public var snapshot: SessionID?
    /// The snapshot that it states anew.
    public var replaced: SessionID?

    /// Nothing done yet.
    public init() {}
}

/// Makes the index anew from what the packs say of themselves
/// (Specs/Decisions/0005-rebuild-index.md).
enum IndexRebuild {
    /// Finds the packs that are not wholly indexed and commits an index of them.
    static func run(
        _ core: RepositoryCore,
        context: JobContext
    ) throws(CairnError) -> IndexRebuildReport {
        // A cached run may still know what a lost index object said; the store must not need it.
        let bare = try core.withoutCache()
        let records = RecordStore(bare)
        let inventory = try RepositoryInventory.load(records, context: context)
        guard let newest = inventory.view.snapshots.last ?? newestForgotten(inventory.view) else {
            throw CairnError(.notFound, "there is no snapshot, so nothing needs an index")
        }
        let census = try IndexCensus(
            records,
            view: inventory.view,
            keepsEntries: false,
            context: context
        )
        var report = IndexRebuildReport()
        for (id, reason) in census.lost { report.lostIndexes[ObjectNames.index(id)] = reason }
        let missing = try missingPacks(bare, inventory, census, &report, context)
        guard !missing.isEmpty else { return report }
        let session = try WriterSession.begin(bare, context: context) { _ in [newest.session] }
        do throws(CairnError) {
            guard session.roots.contains(newest.session) else {
                throw CairnError(.viewChanged, "the repository keeps changing; try again")
            }
            let condemned = session.view.cleanup.condemned
            guard condemned.isDisjoint(with: missing.map { $0.id }) else {
                throw CairnError(.viewChanged, "a cleanup is removing such packs; try again")
            }
            for pack in missing {
                try context.checkCancelled()
                let tail = try PackTail(of: pack.id, size: pack.size, core: bare)
                try session.place(try tail.directory.entries(), in: pack)
            }
            report.snapshot = try session.commit(newest.restated(tags: newest.tags)).session
        } catch {
            session.abandon()
            throw error
        }
        report.replaced = newest.session
        try SnapshotChanges(bare).mark([newest.session], reason: "rebuild-index")
        return report
    }

    private static func newestForgotten(_ view: RepositoryView) -> SnapshotRecord? {
        // What a cleanup may have taken from cannot be stated anew.
        guard view.cleanup.doomed == nil else { return nil }
        return view.records.values.max { ($0.started, $0.session) < ($1.started, $1.session) }
    }

    /// Reads the directory of every pack that no running session is writing.
    private static func missingPacks(
        _ core: RepositoryCore,
        _ inventory: RepositoryInventory,
        _ census: IndexCensus,
        _ report: inout IndexRebuildReport,
        _ context: JobContext
    ) throws(CairnError) -> [IndexedPack] {
        let alive = Set(inventory.sessions.filter { $0.isDead != true }.map { $0.id })
        var missing: [IndexedPack] = []
        var progress = Progress()
        progress.phase = "reading"
        progress.itemsTotal = UInt64(inventory.packs.count)
        progress.totalsAreFinal = true
        for (id, size) in inventory.packs
        where !alive.contains(id.session) {
            try context.checkCancelled()
            progress.itemsDone += 1
            context.report(.progress(progress))
            do throws(CairnError) {
                let tail = try PackTail(of: id, size: size, core: core)
                report.packsRead += 1
                let unknown = tail.directory.chunks.count { !census.index.contains($0.id) }
                guard unknown > 0 else { continue }
                report.packs += 1
                report.segments += UInt64(tail.directory.segments.count)
                report.chunks += UInt64(unknown)
                missing.append(
                    IndexedPack(id: id, kind: tail.opener.header.kind, size: size)
                )
            } catch {
                guard error.isFinding else { throw error }
                report.damaged[ObjectNames.pack(id)] = error.message
            }
        }
        return missing
    }
}
