internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Copies what is needed of one pack after the other. One thread uses it.
///
/// A segment of which all is needed is proved by its chunks' IDs and sealed again under the new
/// pack's key, at the new place, without being compressed again. What is needed of another is put
/// together anew, or rewriting would never get rid of the rest; that is compressed, and proved as a
/// backup's segments are.
final class PackCopier {
    /// Small chunks of one type that are to become a segment.
    private struct Group {
        let bytes = ByteBuffer()
        var chunks: [PackChunk] = []
        /// The pack that each of them is from.
        var packs: [PackID] = []

        /// Whether there is room for so many bytes more.
        func takes(_ count: Int) -> Bool {
            chunks.isEmpty || bytes.count + count <= FormatLimits.groupSizeMax
        }

        mutating func append(_ new: Span<UInt8>, _ chunk: PackChunk, from pack: PackID) {
            bytes.append(new)
            chunks.append(chunk)
            packs.append(pack)
        }

        mutating func removeAll() {
            bytes.truncate(to: 0)
            chunks.removeAll(keepingCapacity: true)
            packs.removeAll(keepingCapacity: true)
        }
    }

    private let copier: SegmentCopier
    private let core: RepositoryCore
    private let maker: SegmentMaker
    private var groups: [ChunkType: Group] = [:]
    private let tool = SegmentTool()
    private let stored = ByteBuffer()
    private let plain = ByteBuffer()

    init(_ copier: SegmentCopier) {
        self.copier = copier
        core = copier.core
        maker = SegmentMaker(copier.core, compression: .zstd(level: 3))
    }

    /// Copies what is needed of a pack.
    ///
    /// - Throws: `.damaged` if the pack has to stay, because something that is needed cannot be
    ///   read.
    func copy(_ pack: IndexedPack) throws(CairnError) {
        let tail = try PackTail(of: pack.id, size: pack.size, core: core)
        let text = ObjectNames.pack(pack.id)
        let name = try RecordStore.name(text)
        for segment in tail.directory.segments {
            try copier.cancellation.check()
            let chunks = Array(tail.directory.chunks(of: segment))
            let needed = copier.take(chunks, of: pack.id)
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
            try emit(segment, chunks, needed, pack.id)
        }
    }

    /// Writes what is held back.
    func finish() throws(CairnError) {
        for type in groups.keys { try flush(type) }
    }

    /// Stores the chunks of the segment in `plain` that are needed.
    private func emit(
        _ segment: PackSegment,
        _ chunks: [PackChunk],
        _ needed: [Bool],
        _ pack: PackID
    ) throws(CairnError) {
        var ranges: [Range<Int>] = []
        var place = 0
        for chunk in chunks {
            ranges.append(place..<place + Int(chunk.length))
            place += Int(chunk.length)
        }
        let plain = plain
        guard place == plain.count else {
            let text = ObjectNames.pack(pack)
            throw CairnError(.damaged, "a segment of \(text) has another length than stated")
        }
        // What nothing needs is not looked at: it may be damaged.
        let copied = chunks.indices.filter { needed[$0] }
        let isWhole = !needed.contains(false)
        // What is put together anew is proved when it is compressed.
        if isWhole || !core.options.verifiesBeforePublishing {
            if let bad = damaged(plain, copied.map { ranges[$0] }, copied.map { chunks[$0] }).first
            {
                throw PackCopier.damage(chunks[copied[bad]], pack)
            }
        }
        if isWhole {
            let opened = tool.opened
            try copier.packs(for: segment.type).append(
                opened.span,
                codec: segment.codec,
                type: segment.type,
                chunks: chunks
            )
        } else {
            for index in copied {
                if groups[segment.type, default: Group()].takes(ranges[index].count) == false {
                    try flush(segment.type)
                }
                // In place: a copy of the lists for each chunk would be quadratic.
                groups[segment.type, default: Group()]
                    .append(plain.span(ranges[index]), chunks[index], from: pack)
            }
        }
        copier.count(copied.reduce(0) { $0 + ranges[$1].count })
    }

    /// The numbers of the chunks whose bytes have other IDs.
    private func damaged(
        _ bytes: ByteBuffer,
        _ ranges: [Range<Int>],
        _ chunks: [PackChunk]
    ) -> [Int] {
        var ids: [ChunkID] = []
        core.identifier.identify(bytes.span, ranges: ranges, into: &ids)
        return chunks.indices.filter { ids[$0] != chunks[$0].id }
    }

    private static func damage(_ chunk: PackChunk, _ pack: PackID) -> CairnError {
        CairnError(.damaged, "chunk \(chunk.id) in \(ObjectNames.pack(pack)) is damaged")
    }

    /// Makes a segment of a group.
    private func flush(_ type: ChunkType) throws(CairnError) {
        guard var group = groups[type], !group.chunks.isEmpty else { return }
        groups[type] = nil
        do throws(CairnError) {
            let packs = try copier.packs(for: type)
            do throws(CairnError) {
                try maker.append(group.bytes.span, group.chunks, of: type, to: packs)
            } catch {
                guard error.code == .damaged, let rest = sound(group) else { throw error }
                if !rest.chunks.isEmpty {
                    try maker.append(rest.bytes.span, rest.chunks, of: type, to: packs)
                }
            }
        } catch {
            // Not the failure of the pack that is being copied: the group is from several.
            copier.fail(error)
            throw error
        }
        group.removeAll()
        groups[type] = group
    }

    /// The group without the chunks that came damaged out of their packs, or were changed in memory
    /// since: their packs have to stay. Nil where there are none, so that compressing went wrong.
    private func sound(_ group: Group) -> Group? {
        var ranges: [Range<Int>] = []
        var place = 0
        for chunk in group.chunks {
            ranges.append(place..<place + Int(chunk.length))
            place += Int(chunk.length)
        }
        let bad = Set(damaged(group.bytes, ranges, group.chunks))
        if bad.isEmpty { return nil }
        var rest = Group()
        for index in group.chunks.indices {
            let (chunk, pack) = (group.chunks[index], group.packs[index])
            if bad.contains(index) {
                copier.keep(pack, "chunk \(chunk.id) is damaged, there or in memory; run 'check'")
            } else {
                rest.append(group.bytes.span(ranges[index]), chunk, from: pack)
            }
        }
        return rest
    }
}
