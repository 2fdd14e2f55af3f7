internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// What the inspection of one pack brought to light.
struct PackFinding {
    /// What is wrong with the pack; nothing if it is sound.
    var messages: [String] = []
    /// Chunks that the index expects in the pack and that are not, or not safely, there.
    var badChunks: [PrefixKey] = []
    var chunksRead: UInt64 = 0
    var bytesRead: UInt64 = 0
    var isRead = false
}

/// Inspects packs, one after the other.
///
/// One thread uses an inspector at a time. Memory: a piece of the pack and three times the largest
/// segment at the worst, for the sealed, the opened and the decompressed bytes; 40 bytes for each
/// chunk of the pack in its directory and, before its data is read, 48 for the index's entries;
/// and 120 for each chunk of the segments that are proved together.
final class PackInspector {
    /// How many bytes of a pack are read at once: whole blocks.
    static let pieceSize = 4 << 20
    /// Decompressed bytes to gather before their IDs are computed together.
    private static let plainSize = 4 << 20
    /// Chunks to gather at the most before their IDs are computed, and one segment more.
    private static let gatheredCountMax = 1 << 13
    private static let messageCountMax = 20

    private let core: RepositoryCore
    private let entries: PackEntries
    private let cancellation: Cancellation
    private let tool = SegmentTool()
    private let parts: PackPartReader
    private let window = ByteBuffer(capacity: PackInspector.pieceSize)
    private let plain = ByteBuffer(capacity: PackInspector.plainSize)
    private var ranges: [Range<Int>] = []
    private var expected: [ExpectedChunk] = []
    private var ids: [ChunkID] = []
    private var finding = PackFinding()

    /// What is known of the pack under inspection.
    private struct Subject {
        let id: PackID
        let text: String
        let name: ObjectName
        let opener: PackOpener
        let trailer: PackTrailer?
    }

    /// Begins an inspector; `entries` is what the index knows of the packs.
    init(core: RepositoryCore, entries: PackEntries, cancellation: Cancellation) {
        self.core = core
        self.entries = entries
        self.cancellation = cancellation
        parts = PackPartReader(core)
    }

    /// Inspects a pack's structure, and its data if asked for or if the structure is damaged.
    ///
    /// The index knows the pack as `pack`; `size` is that of the object, nil where it is missing.
    func inspect(
        _ pack: IndexedPack,
        size: UInt64?,
        readsData: Bool
    ) throws(CairnError) -> PackFinding {
        finding = PackFinding()
        guard let size else {
            finding.messages.append("the pack is missing")
            finding.badChunks = try indexedKeys(pack.id)
            return finding
        }
        if size != pack.size {
            note("it has \(size) bytes instead of \(pack.size)")
        }
        let isDone = try expectFinding { () throws(CairnError) in
            let text = ObjectNames.pack(pack.id)
            let name = try RecordStore.name(text)
            let opener = try parts.opener(pack.id, text: text, name: name)
            if opener.header.kind != pack.kind { note("its kind is not the one indexed") }
            try inspect(pack, size, readsData, text, name, opener)
        }
        if !isDone { finding.badChunks = try indexedKeys(pack.id) }
        return finding
    }

    private func indexedKeys(_ pack: PackID) throws(CairnError) -> [PrefixKey] {
        try entries.list(of: pack).map { PrefixKey($0) }
    }

    private func inspect(
        _ pack: IndexedPack,
        _ size: UInt64,
        _ readsData: Bool,
        _ text: String,
        _ name: ObjectName,
        _ opener: PackOpener
    ) throws(CairnError) {
        var trailer: PackTrailer?
        var directory: PackDirectory?
        guard let bodySize = PackTrailer.bodySize(objectSize: pack.size) else {
            throw CairnError(.damaged, "no pack has \(pack.size) bytes")
        }
        try expectFinding { () throws(CairnError) in
            trailer = try parts.trailer(text, name: name, bodySize: bodySize)
        }
        try expectFinding { () throws(CairnError) in
            directory = try parts.directory(text, name: name, opener, bodySize: bodySize)
        }
        let segments = try expectSegments(pack.id, directory)
        guard readsData || !finding.messages.isEmpty else { return }
        let subject = Subject(
            id: pack.id,
            text: text,
            name: name,
            opener: opener,
            trailer: trailer
        )
        finding.isRead = true
        try readBody(subject, segments, end: Int(min(UInt64(bodySize), size)))
    }

    /// The segments by the directory, with which the index must agree, or without one by the index.
    private func expectSegments(
        _ pack: PackID,
        _ directory: PackDirectory?
    ) throws(CairnError) -> ExpectedSegments {
        var list = try entries.list(of: pack)
        list.sortInPackOrder()
        guard let directory else { return ExpectedSegments(list) }
        try compare(directory, list)
        return ExpectedSegments(directory)
    }

    /// Checks that all the index says of the pack is what its directory says.
    ///
    /// Both are gone through side by side, since sets of a million chunks take 100 MiB.
    private func compare(
        _ directory: PackDirectory,
        _ list: [IndexEntry]
    ) throws(CairnError) {
        var wrong: [PrefixKey] = []
        var next = 0
        try directory.forEachEntry { entry in
            while next < list.count, list[next].packPlace <= entry.packPlace {
                if list[next] != entry { wrong.append(PrefixKey(list[next])) }
                next += 1
            }
        }
        wrong += list[next...].map { PrefixKey($0) }
        guard !wrong.isEmpty else { return }
        note("\(wrong.count) index entries lead to no chunk of its directory")
        finding.badChunks += wrong
    }

    // MARK: - Data

    /// Reads the body piece by piece and proves every segment that lies in what was read.
    private func readBody(
        _ subject: Subject,
        _ segments: ExpectedSegments,
        end: Int
    ) throws(CairnError) {
        let window = window
        window.truncate(to: 0)
        var start = 0
        var position = 0
        var next = 0
        while position < end {
            try cancellation.check()
            let pieceEnd = min(position + PackInspector.pieceSize, end)
            let held = window.count
            do throws(CairnError) {
                try read(subject, position..<pieceEnd)
            } catch {
                guard error.isFinding else { throw error }
                note(error.message)
                window.truncate(to: 0)
                try verifySingly(subject, segments[next...])
                return
            }
            checkBlocks(subject, window.span(held..<window.count), at: position)
            position = pieceEnd
            while next < segments.count, segments.range(at: next).upperBound <= position {
                let segment = segments[next]
                next += 1
                // Only an index that contradicts itself lists segments that overlap.
                guard segment.offset >= start else {
                    markBad(segment, "overlaps another")
                    continue
                }
                try verify(
                    subject,
                    segment,
                    window.span(segment.offset - start..<segment.end - start)
                )
            }
            let keep =
                next < segments.count
                ? max(start, min(segments.range(at: next).lowerBound, position)) : position
            window.removeFirst(keep - start)
            start = keep
        }
        try proveChunks()
        for segment in segments[next...] { markBad(segment, "lies past its end") }
    }

    private func read(_ subject: Subject, _ range: Range<Int>) throws(CairnError) {
        do {
            try core.store.read(
                subject.name,
                UInt64(range.lowerBound)..<UInt64(range.upperBound),
                into: window
            )
        } catch {
            throw CairnError.store(error, "reading \(subject.text)")
        }
        finding.bytesRead += UInt64(range.count)
    }

    private func checkBlocks(_ subject: Subject, _ bytes: Span<UInt8>, at offset: Int) {
        guard let bad = subject.trailer?.badBlocks(in: bytes, at: offset), !bad.isEmpty else {
            return
        }
        let first = bad[0] * PackTrailer.blockSize
        note("\(bad.count) blocks of 64 KiB from byte \(first) on have a wrong checksum")
    }

    /// Reads segments on their own, so that an unreadable sector costs no more than its segment.
    private func verifySingly(
        _ subject: Subject,
        _ segments: Slice<ExpectedSegments>
    ) throws(CairnError) {
        let window = window
        for segment in segments {
            try cancellation.check()
            window.truncate(to: 0)
            do throws(CairnError) {
                try read(subject, segment.offset..<segment.end)
            } catch {
                guard error.isFinding else { throw error }
                markBad(segment, "cannot be read")
                continue
            }
            try verify(subject, segment, window.span)
        }
        try proveChunks()
    }

    /// Opens a segment and gathers its chunks for `proveChunks`.
    private func verify(
        _ subject: Subject,
        _ segment: ExpectedSegment,
        _ sealed: Span<UInt8>
    ) throws(CairnError) {
        let (plain, opened) = (plain, tool.opened)
        let start = plain.count
        do throws(CairnError) {
            try tool.open(
                sealed,
                offset: segment.offset,
                key: subject.opener,
                sealing: core.keys.sealing,
                pack: subject.text,
                into: plain
            )
        } catch {
            guard error.isFinding else { throw error }
            plain.truncate(to: start)
            markBad(segment, "does not open")
            return
        }
        guard segment.agrees(with: opened.span) else {
            plain.truncate(to: start)
            markBad(segment, "holds other chunks than the directory says")
            return
        }
        for chunk in segment.chunks { ranges.append(start + chunk.place..<start + chunk.end) }
        expected += segment.chunks
        if plain.count >= PackInspector.plainSize
            || expected.count >= PackInspector.gatheredCountMax
        {
            try proveChunks()
        }
    }

    /// Recomputes the IDs of the chunks gathered, many at once.
    private func proveChunks() throws(CairnError) {
        let plain = plain
        ids.removeAll(keepingCapacity: true)
        core.identifier.identify(plain.span, ranges: ranges, into: &ids)
        for (id, chunk) in zip(ids, expected) where !chunk.matches(id) {
            note("a chunk is not the one that its ID \(chunk.text)… stands for")
            finding.badChunks.append(chunk.key)
        }
        finding.chunksRead += UInt64(ids.count)
        plain.truncate(to: 0)
        ranges.removeAll(keepingCapacity: true)
        expected.removeAll(keepingCapacity: true)
    }

    // MARK: - Findings

    private func markBad(_ segment: ExpectedSegment, _ what: String) {
        note("the segment at byte \(segment.offset) \(what)")
        finding.badChunks += segment.chunks.map { $0.key }
    }

    private func note(_ message: String) {
        if finding.messages.count < PackInspector.messageCountMax {
            finding.messages.append(message)
        }
    }

    /// Turns the failure of one object into a finding; says whether there was none.
    @discardableResult
    private func expectFinding(
        _ body: () throws(CairnError) -> Void
    ) throws(CairnError) -> Bool {
        do throws(CairnError) {
            try body()
            return true
        } catch {
            guard error.isFinding else { throw error }
            note(error.message)
            return false
        }
    }
}
