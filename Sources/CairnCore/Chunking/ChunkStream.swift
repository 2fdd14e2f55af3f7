/// Cuts a stream that arrives in slices of any size into chunks.
///
/// The chunks are those that ``Chunker`` finds in the whole stream. Chunks that lie within one
/// slice are passed on without being copied; at most `sizeMax` bytes are held between slices.
public struct ChunkStream: ~Copyable {
    /// How many bytes a held chunk grows by before it is looked at again.
    private static let sizeStep = 128 << 10

    private let chunker: Chunker
    private let held: ByteBuffer
    private var progress = ScanProgress()

    /// Starts a stream.
    public init(_ chunker: Chunker) {
        self.chunker = chunker
        held = ByteBuffer()
    }

    /// How many bytes have been taken whose chunk is not finished.
    public var countHeld: Int { held.count }

    /// Takes the next bytes of the stream and passes on every chunk that they finish.
    ///
    /// - Parameters:
    ///   - bytes: The next slice.
    ///   - onChunk: Called with each chunk in order.
    /// - Throws: What `onChunk` throws; the stream must not be used after that.
    public mutating func append<E: Error>(
        _ bytes: Span<UInt8>,
        _ onChunk: (Span<UInt8>) throws(E) -> Void
    ) throws(E) {
        var start = 0
        while start < bytes.count {
            if held.count > 0 {
                start += try extendHeld(bytes.extracting(start..<bytes.count), onChunk)
                continue
            }
            progress = ScanProgress()
            let rest = bytes.extracting(start..<bytes.count)
            guard let length = chunker.cut(rest, atEnd: false, progress: &progress) else {
                held.append(rest)
                return
            }
            try onChunk(rest.extracting(0..<length))
            start += length
        }
    }

    /// Ends the stream and passes on its last chunk, if bytes are left.
    public consuming func finish<E: Error>(
        _ onChunk: (Span<UInt8>) throws(E) -> Void
    ) throws(E) {
        guard held.count > 0 else { return }
        try onChunk(held.span)
    }

    /// Adds bytes to the held chunk until it is finished or they are used up.
    ///
    /// - Returns: How many bytes became part of the held chunk.
    private mutating func extendHeld<E: Error>(
        _ bytes: Span<UInt8>,
        _ onChunk: (Span<UInt8>) throws(E) -> Void
    ) throws(E) -> Int {
        let held = held
        let countBefore = held.count
        var taken = 0
        while taken < bytes.count {
            let room = chunker.parameters.sizeMax - held.count
            let step = min(Self.sizeStep, room, bytes.count - taken)
            held.append(bytes.extracting(taken..<taken + step))
            taken += step
            if let length = chunker.cut(held.span, atEnd: false, progress: &progress) {
                try onChunk(held.span(0..<length))
                held.truncate(to: 0)
                return length - countBefore
            }
        }
        return taken
    }
}
