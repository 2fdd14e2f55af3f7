internal import CairnCore

/// Where the parts of a run file lie: Specs/Index.md#run-file.
///
/// header page ‖ source pages ‖ pack pages ‖ guide pages ‖ entry pages, each page 4096 bytes.
/// All but the guide end in an authentication tag.
struct RunLayout: Equatable, Sendable {
    /// The number of bytes in a page.
    static let pageSize = 4096
    /// The bytes of a page before its tag.
    static let payloadSize = pageSize - 16
    /// Entries in a page.
    static let entriesPerPage = 127
    /// The size of an entry.
    static let entrySize = 32
    /// Source records in a page.
    static let sourcesPerPage = 51
    /// The size of a source record.
    static let sourceSize = 80
    /// Pack records in a page.
    static let packsPerPage = 102
    /// The size of a pack record.
    static let packSize = 40
    /// Guide lines in a page.
    static let linesPerPage = 64
    /// The size of a guide line.
    static let lineSize = 64
    /// Chunks that share a guide line, on average.
    static let chunksPerLine = 40

    /// The most sources a run may have.
    static let sourceCountMax = 1 << 24
    /// The most packs a run may list; ordinals have 32 bits and the last stands for "none".
    static let packCountMax = 1 << 31
    /// The most entries a run may have: a guide line has 48 bits for its first.
    static let entryCountMax = 1 << 40

    let sourceCount: Int
    let packCount: Int
    let lineCount: Int
    let entryCount: Int

    /// The layout of a run with these many parts, or nil where a limit is exceeded.
    init?(sourceCount: Int, packCount: Int, lineCount: Int, entryCount: Int) {
        guard sourceCount >= 0 && sourceCount <= RunLayout.sourceCountMax,
            packCount >= 0 && packCount <= RunLayout.packCountMax,
            entryCount >= 0 && entryCount <= RunLayout.entryCountMax,
            lineCount >= 1 && lineCount <= RunLayout.lineCount(for: RunLayout.entryCountMax)
        else { return nil }
        self.sourceCount = sourceCount
        self.packCount = packCount
        self.lineCount = lineCount
        self.entryCount = entryCount
    }

    /// How many guide lines a run of up to `entryCount` entries gets.
    static func lineCount(for entryCount: Int) -> Int {
        max(1, (entryCount + chunksPerLine - 1) / chunksPerLine)
    }

    private static func pages(_ count: Int, _ perPage: Int) -> Int {
        (count + perPage - 1) / perPage
    }

    /// The first page of source records.
    var sourcePage: Int { 1 }
    /// The first page of pack records.
    var packPage: Int { sourcePage + RunLayout.pages(sourceCount, RunLayout.sourcesPerPage) }
    /// The first page of the guide.
    var guidePage: Int { packPage + RunLayout.pages(packCount, RunLayout.packsPerPage) }
    /// The first page of entries.
    var entryPage: Int { guidePage + RunLayout.pages(lineCount, RunLayout.linesPerPage) }
    /// All pages.
    var pageCount: Int { entryPage + RunLayout.pages(entryCount, RunLayout.entriesPerPage) }
    /// All bytes.
    var fileSize: Int { pageCount * RunLayout.pageSize }
}

/// The first page of a run file.
struct RunHeader: Equatable, Sendable {
    /// The repository whose index this is.
    let repository: [UInt8]
    /// Chosen at random for each run; its pages are authenticated under a key derived with it.
    let salt: [UInt8]
    /// Where everything is.
    let layout: RunLayout

    private static let magic = Array("CAIRNRUN".utf8)
    private static let version: UInt16 = 1

    /// The page without its tag.
    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.writeBytes(RunHeader.magic)
        writer.write(RunHeader.version)
        writer.writeBytes([UInt8](repeating: 0, count: 6))
        writer.writeBytes(repository)
        writer.writeBytes(salt)
        writer.write(UInt64(layout.sourceCount))
        writer.write(UInt64(layout.packCount))
        writer.write(UInt64(layout.lineCount))
        writer.write(UInt64(layout.entryCount))
        let rest = RunLayout.payloadSize - writer.bytes.count
        writer.writeBytes([UInt8](repeating: 0, count: rest))
        return writer.bytes
    }

    init(repository: [UInt8], salt: [UInt8], layout: RunLayout) {
        self.repository = repository
        self.salt = salt
        self.layout = layout
    }

    /// Reads a page; whether its tag is right is checked afterwards, with the salt it names.
    init(decoding page: Span<UInt8>) throws(DecodingFailure) {
        var reader = ByteReader(page)
        guard try reader.readBytes(8) == RunHeader.magic else { throw .wrongMagic }
        guard try reader.readUInt16() == RunHeader.version else {
            throw .unsupported("run version")
        }
        guard try reader.readBytes(6).allSatisfy({ $0 == 0 }) else {
            throw .notCanonical(offset: 10)
        }
        repository = try reader.readBytes(16)
        salt = try reader.readBytes(32)
        let sources = try RunHeader.count(&reader)
        let packs = try RunHeader.count(&reader)
        let lines = try RunHeader.count(&reader)
        let entries = try RunHeader.count(&reader)
        guard
            let layout = RunLayout(
                sourceCount: sources,
                packCount: packs,
                lineCount: lines,
                entryCount: entries
            )
        else { throw .outOfRange(offset: 64) }
        self.layout = layout
    }

    private static func count(_ reader: inout ByteReader) throws(DecodingFailure) -> Int {
        let start = reader.offset
        guard let value = Int(exactly: try reader.readUInt64()) else {
            throw .outOfRange(offset: start)
        }
        return value
    }
}
