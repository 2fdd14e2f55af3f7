internal import CairnCore

/// A run being written: pages at places of their own, then one look at the whole.
struct RunTarget {
    private let buffer: ByteBuffer

    /// Keeps a run of `size` bytes in memory.
    init(memory size: Int) {
        buffer = ByteBuffer(capacity: size)
        buffer.appendZeros(size)
    }

    /// Writes `bytes` at `offset`.
    func write(_ bytes: Span<UInt8>, at offset: Int) throws(IndexError) {
        guard offset >= 0, bytes.count <= buffer.count, offset <= buffer.count - bytes.count else {
            throw .failed(reason: "a run grew past its size")
        }
        buffer.edit(offset..<offset + bytes.count) { place in
            for index in 0..<bytes.count { place[index] = bytes[index] }
        }
    }

    /// Ends the writing.
    func finish() throws(IndexError) -> RunStorage { RunStorage(buffer) }
}
