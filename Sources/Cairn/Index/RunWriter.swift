internal import CairnCore
internal import CairnFormat

/// Writes one run front to back: sources, packs, then entries and the guide side by side.
///
/// Everything is counted beforehand, so that each part has its place from the start and memory use
/// is two buffers of 256 KiB, whatever the size.
struct RunWriter {
    private let layout: RunLayout
    private let authenticator: PageAuthenticator
    private let target: RunTarget
    private let page = ByteBuffer(capacity: RunLayout.pageSize)
    private var pages: PageStream
    private var guide: PageStream
    private var line = GuideLine(start: 0)
    private var lineIndex = 0
    private var packsWritten = 0
    private var entriesWritten = 0
    private var last = PrefixKey(high: 0, low: 0)

    /// Writes the header and the sources.
    ///
    /// - Parameters:
    ///   - target: Holds as many bytes as the layout says.
    ///   - repository: The repository.
    ///   - key: Its cache key.
    ///   - salt: 32 bytes never used before.
    ///   - sources: What the run is made from; its packs and entries follow in this order.
    ///   - layout: The parts, counted.
    /// - Throws: ``IndexError/failed(reason:)`` where the target does not take it.
    init(
        target: RunTarget,
        repository: RepositoryID,
        key: SecretBytes,
        salt: [UInt8],
        sources: [RunSource],
        layout: RunLayout
    ) throws(IndexError) {
        self.target = target
        self.layout = layout
        authenticator = try PageAuthenticator(key: key, salt: salt)
        pages = PageStream(page: 0)
        guide = PageStream(page: layout.guidePage)
        let header = RunHeader(repository: repository.bytes, salt: salt, layout: layout)
        page.append(header.encoded())
        try flushPage()
        var writer = ByteWriter()
        for source in sources {
            writer.removeAll()
            source.write(to: &writer)
            try append(writer.bytes.span)
        }
        try flushPage()
    }

    /// Adds the next pack.
    mutating func add(_ pack: IndexedPack) throws(IndexError) {
        var writer = ByteWriter()
        RunPack(pack).write(to: &writer)
        try append(writer.bytes.span)
        packsWritten += 1
        if packsWritten == layout.packCount { try beginEntries() }
    }

    /// Ends the pack table and moves on to the entries.
    private mutating func beginEntries() throws(IndexError) {
        try flushPage()
        try pages.flush(into: target)
        pages = PageStream(page: layout.entryPage)
    }

    /// Adds the next entry; keys ascend.
    @inline(__always)
    mutating func add(_ entry: IndexEntry) throws(IndexError) {
        let key = PrefixKey(entry)
        guard !(key < last), entriesWritten < layout.entryCount, Int(entry.pack) < layout.packCount
        else { throw .damaged }
        last = key
        let place = GuideLine.place(of: key, lineCount: layout.lineCount).line
        while lineIndex < place { try finishLine() }
        line.add(key)
        if page.count == RunLayout.entriesPerPage * RunLayout.entrySize { try flushPage() }
        page.append(entry)
        entriesWritten += 1
    }

    private mutating func finishLine() throws(IndexError) {
        for index in 0..<8 { guide.buffer.append(line.word(index)) }
        if guide.buffer.count >= PageStream.batchSize { try guide.flush(into: target) }
        lineIndex += 1
        line = GuideLine(start: entriesWritten)
    }

    /// Writes what is left and opens the bytes for reading.
    mutating func finish() throws(IndexError) -> RunStorage {
        guard packsWritten == layout.packCount, entriesWritten == layout.entryCount else {
            throw .damaged
        }
        if packsWritten == 0 { try beginEntries() }
        try flushPage()
        try pages.flush(into: target)
        while lineIndex < layout.lineCount { try finishLine() }
        let partial = guide.buffer.count % RunLayout.pageSize
        if partial > 0 { guide.buffer.appendZeros(RunLayout.pageSize - partial) }
        try guide.flush(into: target)
        return try target.finish()
    }

    private mutating func append(_ record: Span<UInt8>) throws(IndexError) {
        if page.count + record.count > RunLayout.payloadSize { try flushPage() }
        page.append(record)
    }

    /// Seals the page at hand, unless it is empty.
    private mutating func flushPage() throws(IndexError) {
        guard page.count > 0 else { return }
        page.appendZeros(RunLayout.payloadSize - page.count)
        try authenticator.seal(page.span, number: pages.nextPage, into: pages.buffer)
        page.truncate(to: 0)
        if pages.buffer.count >= PageStream.batchSize { try pages.flush(into: target) }
    }
}

/// Pages on their way to a place in the target.
private struct PageStream {
    static let batchSize = 64 * RunLayout.pageSize

    let buffer = ByteBuffer(capacity: batchSize + 2 * RunLayout.pageSize)
    private var offset: Int

    /// Begins at `page`.
    init(page: Int) {
        offset = page * RunLayout.pageSize
    }

    /// The number of the page that is appended next.
    var nextPage: Int { (offset + buffer.count) / RunLayout.pageSize }

    /// Writes what is buffered.
    mutating func flush(into target: RunTarget) throws(IndexError) {
        guard buffer.count > 0 else { return }
        try target.write(buffer.span, at: offset)
        offset += buffer.count
        buffer.truncate(to: 0)
    }
}

extension ByteBuffer {
    /// Appends eight bytes, little-endian.
    fileprivate func append(_ word: UInt64) {
        _ = append(upTo: 8) { place in
            for index in 0..<8 {
                place[index] = UInt8(truncatingIfNeeded: word &>> UInt64(8 &* index))
            }
            return 8
        }
    }

    /// Appends the 32 stored bytes of an entry.
    fileprivate func append(_ entry: IndexEntry) {
        _ = append(upTo: RunLayout.entrySize) { place in
            entry.store(into: &place)
            return RunLayout.entrySize
        }
    }
}
