package import CairnCore
package import CairnFormat
internal import CairnIO

/// Stores chunks that are new: groups the small ones and makes segments of them.
///
/// One per thread. The group holds chunks across calls; `flush` before the session commits.
package final class ChunkSaver {
    private let session: WriterSession
    private let packs: PackWriter
    private let type: ChunkType
    private let maker: SegmentMaker
    private let group = ByteBuffer(capacity: FormatLimits.groupSizeMax)
    private var groupChunks: [PackChunk] = []

    /// Names the chunks that this saver stores.
    package var identifier: ChunkIdentifier { session.core.identifier }

    /// Makes a saver of chunks of one type.
    package init(
        _ session: WriterSession,
        packs: PackWriter,
        type: ChunkType,
        compression: CompressionSetting
    ) {
        self.session = session
        self.packs = packs
        self.type = type
        maker = SegmentMaker(session.core, compression: compression)
    }

    /// Stores a chunk unless the repository or this session has it.
    ///
    /// - Returns: Whether it was new.
    @discardableResult
    package func save(_ id: ChunkID, _ bytes: Span<UInt8>) throws(CairnError) -> Bool {
        guard session.index.claim(id) == .claimed else { return false }
        session.counters.chunkAdded(size: bytes.count)
        let chunk = PackChunk(id: id, length: UInt32(bytes.count))
        // A chunk of the very size of a group gains nothing from company.
        if bytes.count >= FormatLimits.groupSizeMax {
            try maker.append(bytes, [chunk], of: type, to: packs)
            return true
        }
        if group.count + bytes.count > FormatLimits.groupSizeMax { try flush() }
        group.append(bytes)
        groupChunks.append(chunk)
        return true
    }

    /// Stores what the group holds.
    package func flush() throws(CairnError) {
        guard !groupChunks.isEmpty else { return }
        let group = group
        try maker.append(group.span, groupChunks, of: type, to: packs)
        group.truncate(to: 0)
        groupChunks.removeAll(keepingCapacity: true)
    }
}
