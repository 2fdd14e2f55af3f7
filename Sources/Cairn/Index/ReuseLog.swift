package import CairnCore
package import CairnFormat
internal import CairnIO
internal import Synchronization

/// Which chunks of earlier sessions a session refers to, and the packs it found them in.
///
/// A cleanup that condemns packs makes the session look at these again (Specs/Cleanup.md#writer).
/// Memory: 1 MiB of IDs, the rest goes to a file without a name, and 28 bytes a pack.
package final class ReuseLog: Sendable {
    private struct State {
        var ids: [ChunkID] = []
        var spill: SpillFile?
        /// How much of the file was written for sure.
        var spilledSize: UInt64 = 0
        var packs: Set<PackID> = []
        var last: PackID?
        /// The file could not be written: the rest stays in memory.
        var failure: FileFailure?
    }

    /// So many IDs are kept in memory.
    private static let countMax = 1 << 15

    private let folder: [UInt8]?
    private let state = Mutex(State())

    /// Begins an empty log.
    ///
    /// - Parameter folder: Where its file may lie; nil for memory.
    init(folder: [UInt8]?) {
        self.folder = folder
    }

    /// The packs that chunks were found in.
    package var packs: Set<PackID> { state.withLock { $0.packs } }

    /// Adds a chunk.
    func note(_ id: ChunkID, in pack: PackID) {
        state.withLock { state in
            if state.last != pack {
                state.packs.insert(pack)
                state.last = pack
            }
            state.ids.append(id)
            if state.ids.count >= ReuseLog.countMax && state.failure == nil { flush(&state) }
        }
    }

    private func flush(_ state: inout State) {
        var writer = ByteWriter()
        for id in state.ids { writer.write(id) }
        do throws(FileFailure) {
            let file: SpillFile
            if let spill = state.spill {
                file = spill
            } else {
                if let folder {
                    file = try SpillFile(directory: folder)
                } else {
                    file = try SpillFile()
                }
                state.spill = file
            }
            try file.append(writer.bytes.span)
            state.spilledSize += UInt64(writer.bytes.count)
            state.ids.removeAll(keepingCapacity: true)
        } catch {
            // The IDs stay in memory: losing them could lose data.
            state.failure = error
        }
    }

    /// Visits every chunk noted so far, some perhaps several times.
    package func forEach(
        _ body: (ChunkID) throws(CairnError) -> Void
    ) throws(CairnError) {
        let (ids, spill, end) = state.withLock { ($0.ids, $0.spill, $0.spilledSize) }
        if let spill {
            let size = ReuseLog.countMax * ChunkID.size
            let buffer = ByteBuffer(capacity: size)
            var offset: UInt64 = 0
            while offset < end {
                let next = min(offset + UInt64(size), end)
                buffer.truncate(to: 0)
                do throws(FileFailure) {
                    try spill.read(offset..<next, into: buffer)
                } catch {
                    throw CairnError(.target, "a temporary file cannot be read", cause: error)
                }
                var reader = ByteReader(buffer.span)
                while reader.remaining >= ChunkID.size {
                    let id: ChunkID
                    do throws(DecodingFailure) {
                        id = try reader.readChunkID()
                    } catch {
                        throw CairnError(.target, "a temporary file is short", cause: error)
                    }
                    try body(id)
                }
                offset = next
            }
        }
        for id in ids { try body(id) }
    }
}
