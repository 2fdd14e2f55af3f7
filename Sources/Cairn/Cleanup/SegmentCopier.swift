internal import CairnCore
internal import CairnFormat
internal import CairnIO
internal import Synchronization

/// A pack that a cleanup wrote, and what is in it.
struct CopiedPack: Sendable {
    let pack: IndexedPack
    let entries: [IndexEntry]
}

/// Copies what is needed out of condemned packs into new ones.
///
/// A segment is opened, its chunks are proved by their IDs, and it is sealed again under the new
/// pack's key, at the new place, without being compressed again. What is needed of a segment of
/// which a part is not is put together anew, or rewriting would never get rid of the rest; that is
/// compressed on other threads. One thread at a time uses it.
final class SegmentCopier {
    private let core: RepositoryCore
    private let records: RecordStore
    private let executor: SessionID
    private let context: JobContext
    private let meter: CleanupMeter
    /// What is still to be copied: neither by this executor nor by an earlier one of this
    /// generation has it been.
    private var live: LiveSet
    private let publisher: PackPublisher
    private let packs: [PackWriter]
    private let writers: [ChunkType: PackWriter]
    private let workers: RegroupWorkers
    private let written = Written()
    /// What is being put together, by type.
    private var groups: [ChunkType: ChunkGroup] = [:]
    private let tool = SegmentTool()
    private let stored = ByteBuffer()
    private let plain = ByteBuffer()

    /// What the publisher's thread adds to.
    private final class Written: Sendable {
        let packs = Mutex<[CopiedPack]>([])
    }

    init(_ executor: CleanupExecutor, _ live: LiveSet) throws(CairnError) {
        core = executor.core
        records = executor.records
        self.executor = executor.id
        context = executor.context
        meter = executor.meter
        self.live = live
        let written = written
        publisher = try PackPublisher(
            core: core,
            name: SessionName(executor.id),
            // A failure here ends the copying, not the job.
            cancellation: Cancellation(beneath: executor.context.cancellation),
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
        do throws(CairnError) {
            workers = try RegroupWorkers(core, writers: writers, publisher: publisher)
        } catch {
            publisher.abandon()
            throw error
        }
    }

    /// The packs with copies: those written and those taken over.
    var entries: [CopiedPack] { written.packs.withLock { $0 } }
    /// How many packs were written.
    var packsWritten: Int { publisher.written.count }
    /// How many bytes were written.
    var bytesWritten: UInt64 { publisher.bytesStored }

    /// Copies what the packs are needed for.
    ///
    /// - Returns: Packs that have to stay, because something in them that is needed is damaged.
    func copy(_ needed: PackUsages) throws(CairnError) -> Set<PackID> {
        let total = needed.all.reduce(0) { $0 + $1.liveBytes }
        meter.begin("rewriting", total: total, items: UInt64(needed.all.count))
        if !needed.all.isEmpty { try takeOver() }
        var kept: Set<PackID> = []
        for usage in needed.all {
            try context.checkCancelled()
            do throws(CairnError) {
                try copy(usage.pack)
            } catch {
                guard error.code == .damaged else { throw error }
                kept.insert(usage.pack.id)
                let name = ObjectNames.pack(usage.pack.id)
                context.report(.notice("\(name) stays: \(error.message)"))
            }
            meter.add(0, items: 1)
        }
        return kept
    }

    /// Finds what earlier executors of this generation have copied.
    private func takeOver() throws(CairnError) {
        var found = PackSizes()
        let (folder, cancellation) = (ObjectNames.packFolder, context.cancellation)
        try records.forEachObject(in: folder, cancellation) { [executor] object in
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
                for chunk in tail.directory.chunks { live.unmark(chunk.id) }
            } catch {
                // One that was not finished properly stays an orphan.
                guard error.code == .damaged else { throw error }
            }
        }
    }

    private func copy(_ pack: IndexedPack) throws(CairnError) {
        let tail = try PackTail(of: pack.id, size: pack.size, core: core)
        let text = ObjectNames.pack(pack.id)
        let name = try RecordStore.name(text)
        for segment in tail.directory.segments {
            try context.checkCancelled()
            let chunks = Array(tail.directory.chunks(of: segment))
            let needed = chunks.map { live.isNeeded($0.id, in: pack.id) }
            guard needed.contains(true) else { continue }
            let (stored, plain) = (stored, plain)
            stored.truncate(to: 0)
            plain.truncate(to: 0)
            let start = UInt64(segment.offset)
            do {
                try core.store.read(name, start..<start + UInt64(segment.storedSize), into: stored)
            } catch {
                throw CairnError.store(error, "reading \(text)")
            }
            try tool.open(
                stored.span,
                offset: Int(segment.offset),
                key: tail.opener,
                sealing: core.keys.sealing,
                pack: text,
                into: plain
            )
            try emit(segment, chunks, needed, text)
        }
    }

    /// Proves the chunks of the segment in `plain` and stores those that are needed.
    private func emit(
        _ segment: PackSegment,
        _ chunks: [PackChunk],
        _ needed: [Bool],
        _ text: String
    ) throws(CairnError) {
        var ranges: [Range<Int>] = []
        var place = 0
        for chunk in chunks {
            ranges.append(place..<place + Int(chunk.length))
            place += Int(chunk.length)
        }
        let plain = plain
        guard place == plain.count else {
            throw CairnError(.damaged, "a segment of \(text) has another length than stated")
        }
        // What nothing needs is not looked at: it may be damaged.
        let copied = chunks.indices.filter { needed[$0] }
        var ids: [ChunkID] = []
        core.identifier.identify(plain.span, ranges: copied.map { ranges[$0] }, into: &ids)
        var size = 0
        for (index, id) in zip(copied, ids) {
            guard id == chunks[index].id else {
                throw CairnError(.damaged, "chunk \(chunks[index].id) in \(text) is damaged")
            }
            size += ranges[index].count
        }
        if !needed.contains(false) {
            let opened = tool.opened
            try writer(segment.type).append(
                opened.span,
                codec: segment.codec,
                type: segment.type,
                chunks: chunks
            )
            for chunk in chunks { live.unmark(chunk.id) }
        } else {
            for index in copied {
                try regroup(plain.span(ranges[index]), chunks[index], segment.type)
            }
        }
        meter.add(UInt64(size))
    }

    private func writer(_ type: ChunkType) throws(CairnError) -> PackWriter {
        guard let writer = writers[type] else {
            throw CairnError(.invalidRequest, "there is no pack for such chunks")
        }
        return writer
    }

    private func regroup(
        _ bytes: Span<UInt8>,
        _ chunk: PackChunk,
        _ type: ChunkType
    ) throws(CairnError) {
        if let open = groups[type], !open.takes(bytes.count) {
            groups[type] = nil
            try workers.put(open)
        }
        if groups[type] == nil { groups[type] = try workers.begin(type) }
        groups[type]?.bytes.append(bytes)
        // In place: a copy of the list for each chunk would be quadratic.
        groups[type]?.chunks.append(chunk)
        live.unmark(chunk.id)
    }

    /// Writes what is held back and waits until all of it is in the store.
    func finish() throws(CairnError) {
        for type in ChunkType.allCases {
            if let group = groups.removeValue(forKey: type) { try workers.put(group) }
        }
        try workers.finish()
        for writer in packs { try writer.finish() }
        try publisher.drain()
    }

    /// Ends the threads; what is written stays for the next executor.
    func abandon() {
        // The publisher first: a worker may be waiting for one of its buffers.
        publisher.abandon()
        workers.abandon()
    }
}
