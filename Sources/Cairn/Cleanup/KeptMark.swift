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
        try pages.append(MarkHeader.size, output) { writer in
            writer.write(magic)
            writer.write(version)
            writer.writeBytes(space.repository.bytes)
            writer.writeBytes(salt)
            writer.write(state.bytesRead.value)
            writer.write(UInt64(state.snapshots.count))
            writer.write(UInt64(state.adding.count))
            writer.write(UInt64(state.removing.count))
            writer.write(UInt64(state.counts.entryCount))
        }
        for snapshot in state.snapshots.sorted() {
            try pages.append(SessionID.size, output) { snapshot.write(to: &$0) }
        }
        for node in state.adding + state.removing {
            try pages.append(nodeSize, output) { writer in
                writer.write(node.id)
                writer.write(node.isList ? 1 as UInt8 : 0)
                writer.write(node.level)
            }
        }
        try state.counts.forEach { key, kind, count throws(IndexError) in
            try pages.append(entrySize, output) { writer in
                writer.write(key.high)
                writer.write(key.low)
                writer.write(UInt8(kind.rawValue))
                writer.write(count)
            }
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
        // More than anybody stores; sums with it stay within their limits.
        guard header.bytesRead < 1 << 60 else { throw MarkFailure() }
        state.bytesRead.value = header.bytesRead
        try records.forEach(header.snapshotCount, SessionID.size) {
            record throws(DecodingFailure) in
            state.snapshots.insert(try SessionID(from: &record))
        }
        try records.forEach(header.addingCount, nodeSize) { record throws(DecodingFailure) in
            state.adding.append(try Node(from: &record))
        }
        try records.forEach(header.removingCount, nodeSize) { record throws(DecodingFailure) in
            state.removing.append(try Node(from: &record))
        }
        var last: IndexPlaces.Place?
        let counts = state.counts
        try records.forEach(
            header.entryCount,
            entrySize,
            isCancelled: { cancellation.isCancelled }
        ) { record throws(DecodingFailure) in
            let key = PrefixKey(high: try record.readUInt64(), low: try record.readUInt64())
            let kind = ReferenceCounts.Kind(rawValue: Int(try record.readUInt8()))
            let count = try record.readUInt32()
            guard let kind, counts.restore(key, kind, count, after: &last) else {
                throw .inconsistent("a count of a chunk that the index does not know")
            }
        }
    }
}

extension SnapshotReferences.Node {
    /// Reads a node of a kept mark.
    fileprivate init(from record: inout ByteReader) throws(DecodingFailure) {
        let id = try record.readChunkID()
        let isList = try record.readUInt8() == 1
        self.init(id: id, isList: isList, level: try record.readUInt8())
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
    private var page = ByteWriter()
    private let padded = ByteBuffer(capacity: RunLayout.pageSize)
    private let batch = ByteBuffer(capacity: batchSize)
    private var written = 0
    private var number = 0

    init(_ authenticator: PageAuthenticator) {
        self.authenticator = authenticator
    }

    /// Adds a record of a size that `write` writes.
    mutating func append(
        _ size: Int,
        _ output: (Span<UInt8>, Int) throws(IndexError) -> Void,
        _ write: (inout ByteWriter) -> Void
    ) throws(IndexError) {
        if page.bytes.count + size > RunLayout.payloadSize { try seal(output) }
        write(&page)
    }

    private mutating func seal(
        _ output: (Span<UInt8>, Int) throws(IndexError) -> Void
    ) throws(IndexError) {
        padded.truncate(to: 0)
        padded.append(page.bytes.span)
        padded.appendZeros(RunLayout.payloadSize - padded.count)
        page.removeAll()
        try authenticator.seal(padded.span, number: number, into: batch)
        number += 1
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

    /// Visits so many records of a size, which `body` reads.
    ///
    /// - Parameter isCancelled: Asked before each page.
    mutating func forEach(
        _ count: UInt64,
        _ size: Int,
        isCancelled: () -> Bool = { false },
        _ body: (inout ByteReader) throws(DecodingFailure) -> Void
    ) throws(MarkFailure) {
        var remaining = count
        while remaining > 0 {
            if offset + size > RunLayout.payloadSize {
                (page, offset, isChecked) = (page + 1, 0, false)
            }
            guard (page + 1) * RunLayout.pageSize <= storage.size, !isCancelled() else {
                throw MarkFailure()
            }
            let (number, start, known) = (page, offset, isChecked)
            let here = min(remaining, UInt64((RunLayout.payloadSize - start) / size))
            let end = start + Int(here) * size
            try storage.withPage(page) { bytes throws(MarkFailure) in
                guard known || authenticator.verify(bytes, number: number) else {
                    throw MarkFailure()
                }
                do throws(DecodingFailure) {
                    var reader = ByteReader(bytes.extracting(start..<end))
                    for _ in 0..<here { try body(&reader) }
                } catch {
                    throw MarkFailure()
                }
            }
            (offset, isChecked, remaining) = (end, true, remaining - here)
        }
    }
}
