package import CairnCore
package import CairnFormat

/// Goes through the data chunks of a stream in order, one list of each depth in memory.
package struct ContentCursor {
    /// A data chunk of a stream.
    package struct Chunk: Hashable, Sendable {
        package let id: ChunkID
        /// Where its bytes are in the stream.
        package let range: Range<UInt64>
    }

    private let chunks: ChunkReader
    private let reference: ContentReference
    /// Lists on the way, each with the next entry to take and where that begins.
    private var path: [(list: ContentList, next: Int, offset: UInt64)] = []
    private var isAtStart = true

    /// Starts before the first chunk. Nothing is read yet.
    package init(_ chunks: ChunkReader, _ reference: ContentReference) {
        self.chunks = chunks
        self.reference = reference
    }

    /// The next data chunk, or nil after the last.
    ///
    /// - Throws: `.damaged` where a list is missing or contradicts what refers to it.
    package mutating func next() throws(CairnError) -> Chunk? {
        if isAtStart {
            isAtStart = false
            guard !reference.isEmpty else { return nil }
            guard reference.depth > 0 else {
                return Chunk(id: reference.root, range: 0..<reference.length)
            }
            try descend(reference.root, depth: reference.depth, 0, reference.length)
        }
        while let top = path.last {
            guard top.next < top.list.entries.count else {
                path.removeLast()
                continue
            }
            let entry = top.list.entries[top.next]
            path[path.count - 1].next += 1
            path[path.count - 1].offset += entry.length
            if top.list.depth == 1 {
                return Chunk(id: entry.id, range: top.offset..<top.offset + entry.length)
            }
            try descend(entry.id, depth: top.list.depth - 1, top.offset, entry.length)
        }
        return nil
    }

    /// Goes to the chunk that holds a byte, so that ``next()`` gives it.
    ///
    /// - Precondition: `offset` lies within the stream.
    package mutating func seek(to offset: UInt64) throws(CairnError) {
        precondition(offset < reference.length, "past the end of the stream")
        guard reference.depth > 0 else {
            isAtStart = true
            return
        }
        while let top = path.last {
            let start = top.offset - top.list.entries[..<top.next].reduce(0) { $0 + $1.length }
            let end = start + (top.list.length ?? 0)
            if offset >= start && offset < end {
                path[path.count - 1].next = 0
                path[path.count - 1].offset = start
                break
            }
            path.removeLast()
        }
        isAtStart = false
        if path.isEmpty {
            try descend(reference.root, depth: reference.depth, 0, reference.length)
        }
        while let top = path.last {
            var (index, start) = (0, top.offset)
            while start + top.list.entries[index].length <= offset {
                start += top.list.entries[index].length
                index += 1
            }
            path[path.count - 1].next = index
            path[path.count - 1].offset = start
            guard top.list.depth > 1 else { return }
            let entry = top.list.entries[index]
            path[path.count - 1].next += 1
            path[path.count - 1].offset += entry.length
            try descend(entry.id, depth: top.list.depth - 1, start, entry.length)
        }
    }

    private mutating func descend(
        _ id: ChunkID,
        depth: UInt8,
        _ offset: UInt64,
        _ length: UInt64
    ) throws(CairnError) {
        let list = try chunks.list(id, depth: depth)
        do throws(DecodingFailure) {
            try list.expect(depth: depth, length: length)
        } catch {
            throw CairnError.decoding(error, of: "list \(id)")
        }
        path.append((list, 0, offset))
    }
}

extension ChunkReader {
    /// The list under an ID, which must be of `depth`.
    func list(_ id: ChunkID, depth: UInt8) throws(CairnError) -> ContentList {
        let buffer = ByteBuffer()
        try read(id, into: buffer)
        do throws(DecodingFailure) {
            let list = try ContentList(decoding: buffer.span)
            guard list.depth == depth else {
                throw .inconsistent("a list of depth \(list.depth) at depth \(depth)")
            }
            return list
        } catch {
            throw CairnError.decoding(error, of: "list \(id)")
        }
    }
}
