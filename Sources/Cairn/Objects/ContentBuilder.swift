package import CairnCore
package import CairnFormat

/// Builds the reference to a stream from its chunks, in order, storing lists where there are
/// several (Specs/Format.md#content). At most one list of each depth is held.
package struct ContentBuilder {
    private let sink: MetadataSink
    /// Lists under construction; the first holds chunks, each further one lists of the one before.
    private var levels: [(entries: [ContentList.Entry], splitter: ContentListSplitter)] = []
    private var length: UInt64 = 0

    package init(_ sink: MetadataSink) {
        self.sink = sink
    }

    /// Appends a chunk.
    package mutating func add(_ id: ChunkID, length: UInt64) throws(CairnError) {
        self.length += length
        try add(ContentList.Entry(id: id, length: length), level: 0)
    }

    private mutating func add(
        _ entry: ContentList.Entry,
        level: Int
    ) throws(CairnError) {
        if level == levels.count { levels.append(([], ContentListSplitter())) }
        levels[level].entries.append(entry)
        if levels[level].splitter.endsNode(after: entry.id) { try finishList(level) }
    }

    private mutating func finishList(_ level: Int) throws(CairnError) {
        let list = ContentList(depth: UInt8(level + 1), entries: levels[level].entries)
        levels[level] = ([], ContentListSplitter())
        let id = try sink.store(list.encode(), type: .list)
        let sum = list.entries.reduce(0) { $0 + $1.length }
        try add(ContentList.Entry(id: id, length: sum), level: level + 1)
    }

    /// Ends the stream.
    package mutating func finish() throws(CairnError) -> ContentReference {
        guard length > 0 else { return .empty }
        var level = 0
        while true {
            let isTop = level == levels.count - 1
            // A single entry at the top needs no list above it.
            if isTop && levels[level].entries.count == 1 {
                return ContentReference(
                    length: length,
                    depth: UInt8(level),
                    root: levels[level].entries[0].id
                )
            }
            if !levels[level].entries.isEmpty { try finishList(level) }
            level += 1
        }
    }
}
