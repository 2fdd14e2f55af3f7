internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Reads groups of segments, proves their chunks and writes them into files. One thread runs it.
final class RestoreWorker {
    private let chunks: ChunkReader
    private let context: JobContext
    private let tool = SegmentTool()
    private let stored = ByteBuffer(capacity: 2 << 20)
    private let plain = ByteBuffer(capacity: 1 << 20)
    private let spare = ByteBuffer()
    private var ids: [ChunkID] = []
    private var ranges: [Range<Int>] = []

    init(_ chunks: ChunkReader, context: JobContext) {
        self.chunks = chunks
        self.context = context
    }

    /// Writes everything that a group holds; damage is the affected files' problem alone.
    func process(_ group: ReadGroup) throws(CairnError) {
        let text = ObjectNames.pack(group.pack)
        let name = try RecordStore.name(text)
        let range = group.range
        let (stored, plain) = (stored, plain)
        stored.truncate(to: 0)
        let key: PackOpener
        do throws(CairnError) {
            key = try chunks.opener(of: group.pack)
            do {
                try chunks.core.store.read(
                    name,
                    UInt64(range.lowerBound)..<UInt64(range.upperBound),
                    into: stored
                )
            } catch {
                throw CairnError.store(error, "reading \(text)")
            }
        } catch {
            try RestoreWorker.expectPassable(error)
            for segment in group.segments { try recover(group.pieces[segment.pieces]) }
            return
        }
        for segment in group.segments {
            try context.checkCancelled()
            let place = segment.range.lowerBound - range.lowerBound
            plain.truncate(to: 0)
            do throws(CairnError) {
                try tool.open(
                    stored.span(place..<place + segment.range.count),
                    offset: segment.range.lowerBound,
                    key: key,
                    sealing: chunks.core.keys.sealing,
                    pack: text,
                    into: plain
                )
            } catch {
                try RestoreWorker.expectPassable(error)
                try recover(group.pieces[segment.pieces])
                continue
            }
            try write(group.pieces[segment.pieces])
        }
    }

    /// Failures that concern some chunks only, which may be had elsewhere; the rest ends the job.
    private static func expectPassable(_ error: CairnError) throws(CairnError) {
        switch error.code {
        case .damaged, .store, .unsupported, .notFound: return
        default: throw error
        }
    }

    /// Proves and writes the pieces of the segment in `plain`.
    private func write(_ pieces: ArraySlice<RestorePiece>) throws(CairnError) {
        let plain = plain
        ranges.removeAll(keepingCapacity: true)
        ids.removeAll(keepingCapacity: true)
        var last = -1..<(-1)
        for piece in pieces {
            let range = piece.place..<piece.place + piece.length
            // Several files, or one several times, may need the same chunk.
            guard range != last else { continue }
            last = range
            if range.upperBound <= plain.count { ranges.append(range) }
        }
        chunks.core.identifier.identify(plain.span, ranges: ranges, into: &ids)
        var next = 0
        for piece in pieces {
            let range = piece.place..<piece.place + piece.length
            while next < ranges.count, ranges[next] != range,
                ranges[next].lowerBound <= range.lowerBound
            {
                next += 1
            }
            if next < ranges.count, ranges[next] == range, ids[next] == piece.id {
                try piece.file.write(plain.span(range), at: piece.offset)
                try piece.file.release()
            } else {
                try recover(piece)
            }
        }
    }

    private func recover(_ pieces: ArraySlice<RestorePiece>) throws(CairnError) {
        for piece in pieces { try recover(piece) }
    }

    /// Looks for a chunk in every place that the index knows.
    private func recover(_ piece: RestorePiece) throws(CairnError) {
        let spare = spare
        spare.truncate(to: 0)
        do throws(CairnError) {
            try chunks.read(piece.id, into: spare)
            guard spare.count == piece.length else {
                throw CairnError(.damaged, "chunk \(piece.id) has another length than stated")
            }
        } catch {
            try RestoreWorker.expectPassable(error)
            piece.file.fail(error)
            return try piece.file.release()
        }
        try piece.file.write(spare.span, at: piece.offset)
        try piece.file.release()
    }
}
