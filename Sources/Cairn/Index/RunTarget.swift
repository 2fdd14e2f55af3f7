internal import CairnCore
internal import CairnIO

/// A run being written: pages at places of their own, then one look at the whole.
enum RunTarget {
    /// Kept in memory.
    case memory(ByteBuffer)
    /// Written to a file.
    case file(RunFile)

    /// Room for `size` bytes in memory.
    static func memory(size: Int) -> RunTarget {
        let buffer = ByteBuffer(capacity: size)
        buffer.appendZeros(size)
        return .memory(buffer)
    }

    /// Writes `bytes` at `offset`.
    func write(_ bytes: Span<UInt8>, at offset: Int) throws(IndexError) {
        switch self {
        case .memory(let buffer):
            guard offset >= 0, bytes.count <= buffer.count, offset <= buffer.count - bytes.count
            else { throw .failed(reason: "a run grew past its size") }
            buffer.edit(offset..<offset + bytes.count) { place in
                for index in 0..<bytes.count { place[index] = bytes[index] }
            }
        case .file(let file): try file.write(bytes, at: offset)
        }
    }

    /// Ends the writing.
    func finish() throws(IndexError) -> RunStorage {
        switch self {
        case .memory(let buffer): RunStorage(buffer)
        case .file(let file): try file.finish()
        }
    }
}
