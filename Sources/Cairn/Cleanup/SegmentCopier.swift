internal import CairnCore
internal import CairnFormat
internal import CairnIO
internal import Synchronization

/// A pack that a cleanup wrote, and what is in it.
struct CopiedPack: Sendable {
    let pack: IndexedPack
    let entries: [IndexEntry]
}

/// Copies what is needed out of condemned packs into new ones, on several threads of which each
/// takes a pack at a time (``PackCopier``).
///
/// The first failure but that of a damaged pack ends the publisher's session, and with it the copy.
final class SegmentCopier: Sendable {
    /// Each takes some 4 MiB, and 8 where packs hold many small chunks.
    private static let threadCountMax = 4

    let core: RepositoryCore
    let cancellation: Cancellation
    private let records: RecordStore
    private let executor: SessionID
    private let report: @Sendable (Event) -> Void
    private let meter: CleanupMeter
    private let publisher: PackPublisher
    private let packs: [PackWriter]
    private let writers: [ChunkType: PackWriter]
    /// What is still to be copied: nobody has begun to, nor has an earlier executor of this
    /// generation done it.
    private let live: Mutex<LiveSet>
    private let state = Mutex(State())
    private let written: Written

    private struct State: Sendable {
        var needed = PackUsages()
        var next = 0
        var kept: Set<PackID> = []
    }

    /// What the publisher's thread adds to.
    private final class Written: Sendable {
        let packs = Mutex<[CopiedPack]>([])
    }

    init(_ executor: CleanupExecutor, _ live: LiveSet) throws(CairnError) {
        core = executor.core
        records = executor.records
        self.executor = executor.id
        cancellation = executor.context.cancellation
        report = executor.context.report
        meter = executor.meter
        self.live = Mutex(live)
        let written = Written()
        self.written = written
        publisher = try PackPublisher(
            core: core,
            name: SessionName(executor.id),
            // A failure here ends the copying, not the job.
            cancellation: Cancellation(beneath: cancellation),
            bufferCount: 3
        ) { closed, pack throws(CairnError) in
            let entries = try closed.directory.entries()
            written.packs.withLock { $0.append(CopiedPack(pack: pack, entries: entries)) }
        }
        let data = PackWriter(core: core, kind: .data, publisher: publisher)
        let metadata = PackWriter(core: core, kind: .metadata, publisher: publisher)
        packs = [data, metadata]
        var writers: [ChunkType: PackWriter] = [:]
        for type in ChunkType.allCases { writers[type] = type == .data ? data : metadata }
        self.writers = writers
    }

    /// The packs with copies: those written and those taken over.
    var entries: [CopiedPack] { written.packs.withLock { $0 } }
    /// How many packs were written.
    var packsWritten: Int { publisher.written.count }
    /// How many bytes were written.
    var bytesWritten: UInt64 { publisher.bytesStored }

    /// Copies what the packs are needed for, and returns once all of it is in the store.
    ///
    /// - Returns: Packs that have to stay, because something in them that is needed is damaged.
    func copy(_ needed: PackUsages) throws(CairnError) -> Set<PackID> {
        do throws(CairnError) {
            let total = needed.all.reduce(0) { $0 + $1.liveBytes }
            meter.begin("rewriting", total: total, items: UInt64(needed.all.count))
            if !needed.all.isEmpty {
                try takeOver()
                state.withLock { $0.needed = needed }
                try work(on: needed.all.count)
            }
            for writer in packs { try writer.finish() }
            try publisher.drain()
        } catch {
            // What is written stays for the next executor.
            publisher.abandon()
            throw error
        }
        return state.withLock { $0.kept }
    }

    /// Copies on as many threads as there is work for, this one among them.
    private func work(on count: Int) throws(CairnError) {
        let most =
            core.options.publishesInline ? 1 : min(core.workerCount, SegmentCopier.threadCountMax)
        var threads: [WorkerThread] = []
        for number in 1..<max(1, min(most, count)) {
            // With fewer threads everything is as it was, only slower.
            let name = "cairn-copy-\(number)"
            guard let thread = try? WorkerThread(name: name, { [self] in run() }) else { break }
            threads.append(thread)
        }
        run()
        for thread in threads { thread.join() }
        try publisher.expectUsable()
    }

    private func run() {
        let copier = PackCopier(self)
        do throws(CairnError) {
            while let pack = next() {
                do throws(CairnError) {
                    try copier.copy(pack)
                } catch {
                    // A failure of the session is not one of this pack.
                    guard error.code == .damaged, publisher.failure == nil else { throw error }
                    keep(pack.id, error.message)
                }
                meter.add(0, items: 1)
            }
            try copier.finish()
        } catch {
            publisher.fail(error)
        }
    }

    /// The next pack; nil after the last, or once somebody has failed.
    private func next() -> IndexedPack? {
        if publisher.failure != nil { return nil }
        return state.withLock { state in
            guard state.next < state.needed.all.count else { return nil }
            defer { state.next += 1 }
            return state.needed.all[state.next].pack
        }
    }

    // MARK: - What the threads share

    /// Says which chunks of a pack are needed; nobody else copies them from now on.
    func take(_ chunks: [PackChunk], of pack: PackID) -> [Bool] {
        live.withLock { live in chunks.map { live.take($0.id, in: pack) } }
    }

    /// Where chunks of a type go.
    func packs(for type: ChunkType) throws(CairnError) -> PackWriter {
        guard let packs = writers[type] else {
            throw CairnError(.invalidRequest, "there is no pack for such chunks")
        }
        return packs
    }

    /// Lets a pack stay.
    func keep(_ pack: PackID, _ reason: String) {
        let isNew = state.withLock { $0.kept.insert(pack).inserted }
        if isNew { report(.notice("\(ObjectNames.pack(pack)) stays: \(reason)")) }
    }

    /// Counts bytes of chunks that are dealt with.
    func count(_ bytes: Int) { meter.add(UInt64(bytes)) }

    /// Whatever happens now is over for all.
    func fail(_ error: CairnError) { publisher.fail(error) }

    /// Finds what earlier executors of this generation have copied.
    private func takeOver() throws(CairnError) {
        var found = PackSizes()
        try records.forEachObject(in: ObjectNames.packFolder, cancellation) { [executor] object in
            guard case .pack(let id)? = ObjectNames.parse(object.name.text),
                id.session.writer == executor.writer, id.session.counter == executor.counter,
                id.session != executor
            else { return }
            found.append(id, size: object.size)
        }
        found.sort()
        for (id, size) in found {
            do throws(CairnError) {
                let tail = try PackTail(of: id, size: size, core: core)
                let pack = IndexedPack(id: id, kind: tail.opener.header.kind, size: size)
                let entries = try tail.directory.entries()
                written.packs.withLock { $0.append(CopiedPack(pack: pack, entries: entries)) }
                live.withLock { live in
                    for chunk in tail.directory.chunks { live.unmark(chunk.id) }
                }
            } catch {
                // One that was not finished properly stays an orphan.
                guard error.code == .damaged else { throw error }
            }
        }
    }
}
