internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// What a mark has counted so far, and for which snapshots (Specs/Cleanup.md#kept-mark).
struct MarkState {
    /// Snapshots whose references are counted.
    var snapshots: Set<SessionID> = []
    /// Trees and lists that are counted, with parts that are not yet.
    var adding: [SnapshotReferences.Node] = []
    /// Trees and lists that are counted off, with parts that are not yet.
    var removing: [SnapshotReferences.Node] = []
    /// Bytes of trees and lists read since the mark was last whole.
    let bytesRead = Tally()
    /// How often everything that is counted is referred to.
    let counts: ReferenceCounts
}

/// A number that several places add to; one thread at a time.
final class Tally {
    var value: UInt64 = 0
}

/// The bytes of a kept mark: pages of 4096 bytes, each with a tag, like those of a run.
enum KeptMark {
    private static let magic: UInt64 = 0x4b52_414d_4e52_4943  // "CIRNMARK"
    private static let version: UInt32 = 1
    /// ID, whether it is a list, level.
    private static let nodeSize = ChunkID.size + 2
    /// Key, kind, count.
    static let entrySize = 16 + 1 + 4

    private typealias Node = SnapshotReferences.Node

    /// Writes a mark; false where that fails.
    static func write(
        _ state: MarkState,
        _ space: RunSpace,
        _ salt: [UInt8],
        _ output: (Span<UInt8>, Int) throws(IndexError) -> Void
    ) -> Bool {
        do throws(IndexError) {
            var pages = MarkPages(try PageAuthenticator(key: space.key, salt: salt))
            try write(state, space, salt, &pages, output)
            return true
        } catch {
            return false
        }
    }

    private static func write(
        _ state: MarkState,
        _ space: RunSpace,
        _ salt: [UInt8],
        _ pages: inout MarkPages,
        _ output: (Span<UInt8>, Int) throws(IndexError) -> Void
    ) throws(IndexError) {
        var entryCount: UInt64 = 0
        state.counts.forEach { _, _, _ in entryCount += 1 }
        var writer = ByteWriter()
        writer.write(magic)
        writer.write(version)
        writer.writeBytes(space.repository.bytes)
        writer.writeBytes(salt)
        writer.write(state.bytesRead.value)
        writer.write(UInt64(state.snapshots.count))
        writer.write(UInt64(state.adding.count))
        writer.write(UInt64(state.removing.count))
        writer.write(entryCount)
        try pages.append(&writer, output)
        for snapshot in state.snapshots.sorted() {
            snapshot.write(to: &writer)
            try pages.append(&writer, output)
        }
        for node in state.adding + state.removing {
            writer.write(node.id)
            writer.write(node.isList ? 1 as UInt8 : 0)
            writer.write(node.level)
            try pages.append(&writer, output)
        }
        try state.counts.forEach { key, kind, count throws(IndexError) in
            writer.write(key.high)
            writer.write(key.low)
            writer.write(UInt8(kind.rawValue))
            writer.write(count)
            try pages.append(&writer, output)
        }
        try pages.finish(output)
    }

    /// Reads a mark; nil for anything but a whole one of this repository that fits the index.
    ///
    /// - Throws: `.cancelled`, or that there is no memory.
    static func read(
        _ storage: RunStorage,
        _ space: RunSpace,
        _ places: IndexPlaces,
        _ cancellation: Cancellation
    ) throws(CairnError) -> MarkState? {
        var state = MarkState(counts: try ReferenceCounts(places))
        do throws(MarkFailure) {
            try fill(&state, storage, space, cancellation)
            return state
        } catch {
            // Then it says nothing about the mark.
            try cancellation.check()
            return nil
        }
    }

    private static func fill(
        _ state: inout MarkState,
        _ storage: RunStorage,
        _ space: RunSpace,
        _ cancellation: Cancellation
    ) throws(MarkFailure) {
        guard storage.size >= RunLayout.pageSize else { throw MarkFailure() }
        let header = try storage.withPage(0) { page throws(MarkFailure) in
            try MarkHeader(page, magic, version)
        }
        guard header.repository == space.repository.bytes,
            let authenticator = try? PageAuthenticator(key: space.key, salt: header.salt)
        else { throw MarkFailure() }
        // Also a mark of nothing is believed only with its tag.
        guard storage.withPage(0, { authenticator.verify($0, number: 0) }) else {
            throw MarkFailure()
        }
        var records = MarkRecords(storage, authenticator, begin: MarkHeader.size)
        state.bytesRead.value = header.bytesRead
        for _ in 0..<header.snapshotCount {
            let snapshot = try records.next(SessionID.size) { bytes throws(DecodingFailure) in
                var record = ByteReader(bytes)
                return try SessionID(from: &record)
            }
            state.snapshots.insert(snapshot)
        }
        for _ in 0..<header.addingCount { state.adding.append(try node(&records)) }
        for _ in 0..<header.removingCount { state.removing.append(try node(&records)) }
        for number in 0..<header.entryCount {
            if number & 0x3fff == 0, cancellation.isCancelled { throw MarkFailure() }
            let (key, kind, count) = try records.next(entrySize) { bytes throws(DecodingFailure) in
                var record = ByteReader(bytes)
                let key = PrefixKey(high: try record.readUInt64(), low: try record.readUInt64())
                return (key, Int(try record.readUInt8()), try record.readUInt32())
            }
            guard let kind = ReferenceCounts.Kind(rawValue: kind),
                state.counts.restore(key, kind, count)
            else { throw MarkFailure() }
        }
    }

    private static func node(_ records: inout MarkRecords) throws(MarkFailure) -> Node {
        try records.next(nodeSize) { bytes throws(DecodingFailure) in
            var record = ByteReader(bytes)
            let id = try record.readChunkID()
            let isList = try record.readUInt8() == 1
            return Node(id: id, isList: isList, level: try record.readUInt8())
        }
    }
}

/// A mark that is damaged, foreign, or does not fit the index.
private struct MarkFailure: Error {}

/// How a mark begins.
private struct MarkHeader {
    /// How many bytes it has.
    static let size = 8 + 4 + 16 + 32 + 5 * 8

    let repository: [UInt8]
    let salt: [UInt8]
    let bytesRead: UInt64
    let snapshotCount: UInt64
    let addingCount: UInt64
    let removingCount: UInt64
    let entryCount: UInt64

    init(_ page: Span<UInt8>, _ magic: UInt64, _ version: UInt32) throws(MarkFailure) {
        do throws(DecodingFailure) {
            var reader = ByteReader(page)
            guard try reader.readUInt64() == magic, try reader.readUInt32() == version else {
                throw .inconsistent("another kind of file")
            }
            repository = try reader.readBytes(16)
            salt = try reader.readBytes(32)
            bytesRead = try reader.readUInt64()
            snapshotCount = try reader.readUInt64()
            addingCount = try reader.readUInt64()
            removingCount = try reader.readUInt64()
            entryCount = try reader.readUInt64()
        } catch {
            throw MarkFailure()
        }
    }
}

/// Puts records into pages; none goes over the end of a page.
private struct MarkPages {
    /// Pages are written in batches of so many bytes.
    private static let batchSize = 1 << 18

    private let authenticator: PageAuthenticator
    private let page = ByteBuffer(capacity: RunLayout.pageSize)
    private let batch = ByteBuffer(capacity: batchSize)
    private var written = 0
    private var number = 0

    init(_ authenticator: PageAuthenticator) {
        self.authenticator = authenticator
    }

    /// Adds the record in `writer` and empties it.
    mutating func append(
        _ writer: inout ByteWriter,
        _ output: (Span<UInt8>, Int) throws(IndexError) -> Void
    ) throws(IndexError) {
        if page.count + writer.bytes.count > RunLayout.payloadSize { try seal(output) }
        page.append(writer.bytes.span)
        writer.removeAll()
    }

    private mutating func seal(
        _ output: (Span<UInt8>, Int) throws(IndexError) -> Void
    ) throws(IndexError) {
        page.appendZeros(RunLayout.payloadSize - page.count)
        try authenticator.seal(page.span, number: number, into: batch)
        number += 1
        page.truncate(to: 0)
        if batch.count >= MarkPages.batchSize { try flush(output) }
    }

    private mutating func flush(
        _ output: (Span<UInt8>, Int) throws(IndexError) -> Void
    ) throws(IndexError) {
        try output(batch.span, written)
        written += batch.count
        batch.truncate(to: 0)
    }

    /// Writes what is left.
    mutating func finish(
        _ output: (Span<UInt8>, Int) throws(IndexError) -> Void
    ) throws(IndexError) {
        try seal(output)
        try flush(output)
    }
}

/// Takes records out of pages, each of which is checked first.
private struct MarkRecords {
    private let storage: RunStorage
    private let authenticator: PageAuthenticator
    private var page = 0
    private var offset: Int
    private var isChecked: Bool

    /// Begins in the first page, which has been checked.
    init(_ storage: RunStorage, _ authenticator: PageAuthenticator, begin: Int) {
        self.storage = storage
        self.authenticator = authenticator
        (offset, isChecked) = (begin, true)
    }

    mutating func next<T>(
        _ size: Int,
        _ body: (Span<UInt8>) throws(DecodingFailure) -> T
    ) throws(MarkFailure) -> T {
        if offset + size > RunLayout.payloadSize {
            (page, offset, isChecked) = (page + 1, 0, false)
        }
        guard (page + 1) * RunLayout.pageSize <= storage.size else { throw MarkFailure() }
        let (number, start, known) = (page, offset, isChecked)
        let value = try storage.withPage(page) { bytes throws(MarkFailure) in
            guard known || authenticator.verify(bytes, number: number) else {
                throw MarkFailure()
            }
            do throws(DecodingFailure) {
                return try body(bytes.extracting(start..<start + size))
            } catch {
                throw MarkFailure()
            }
        }
        (offset, isChecked) = (offset + size, true)
        return value
    }
}
