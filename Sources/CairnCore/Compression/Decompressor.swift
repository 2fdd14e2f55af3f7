internal import CLZ4
internal import CZlib
internal import CZstd

/// Undoes ``Compressor``.
///
/// One thread uses a decompressor at a time: whoever has made it, or has taken it from a pool whose
/// lock orders the changes of hands; that is why the class may say `@unchecked Sendable`. Contexts
/// are reused, which is worth it even for records: making one for Zstandard asks the processor for
/// its features, and a virtual machine takes 7 microseconds to answer.
///
/// Compressed bytes may be hostile: output is bounded by the count asked for, nothing is allocated
/// that this count and the size of the input do not justify, and no input is left over.
@safe
public final class Decompressor: @unchecked Sendable {
    /// The most bytes that one unit yields.
    public static let sizeMax = Compressor.sizeMax

    // Made when first needed.
    private var zstdContext: OpaquePointer?
    private var inflaterContext: UnsafeMutablePointer<z_stream>?

    /// Makes a decompressor for every codec.
    public init() {}

    deinit {
        unsafe ZSTD_freeDCtx(zstdContext)
        if let inflater = unsafe inflaterContext {
            unsafe inflateEnd(inflater)
            unsafe inflater.deallocate()
        }
    }

    private func zstd() -> OpaquePointer {
        if let context = unsafe zstdContext { return unsafe context }
        guard let context = unsafe ZSTD_createDCtx() else {
            preconditionFailure("out of memory for a Zstandard context")
        }
        unsafe zstdContext = context
        return unsafe context
    }

    private func inflater() -> UnsafeMutablePointer<z_stream> {
        if let inflater = unsafe inflaterContext { return unsafe inflater }
        let inflater = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe inflater.initialize(to: z_stream())
        let status = unsafe inflateInit2_(
            inflater,
            -MAX_WBITS,
            ZLIB_VERSION,
            CInt(MemoryLayout<z_stream>.size)
        )
        precondition(status == Z_OK, "out of memory for a DEFLATE stream")
        unsafe inflaterContext = inflater
        return unsafe inflater
    }

    /// Appends exactly `count` bytes to `output`, or throws and leaves `output` as it was.
    ///
    /// - Parameters:
    ///   - bytes: Everything that was stored, nothing more; not bytes of `output`.
    ///   - codec: How they were compressed.
    ///   - count: How many bytes were compressed; at most ``sizeMax``.
    ///   - output: Where the bytes go.
    /// - Throws: ``CompressionFailure``; the output is then as it was.
    public func decompress(
        _ bytes: Span<UInt8>,
        codec: Codec,
        count: Int,
        into output: ByteBuffer
    ) throws(CompressionFailure) {
        guard count >= 0 && count <= Self.sizeMax && bytes.count <= Self.sizeMax else {
            throw .unsupported("a unit of more than \(Self.sizeMax) bytes")
        }
        switch codec {
        case .none:
            guard bytes.count == count else { throw .damaged(.none) }
            output.append(bytes)
        case .zstd:
            try ZstdFrame.check(bytes, count: count)
            try unsafe append(count, to: output, or: .zstd) { place in
                unsafe unzstd(bytes, place)
            }
        case .lz4:
            // One byte of a block stands for 255 at most.
            guard count / 255 <= bytes.count else { throw .damaged(.lz4) }
            try unsafe append(count, to: output, or: .lz4) { place in
                unsafe unlz4(bytes, place)
            }
        case .deflate:
            // One bit stands for 258 bytes at most.
            guard count / (258 * 8) <= bytes.count else { throw .damaged(.deflate) }
            try unsafe append(count, to: output, or: .deflate) { place in
                unsafe inflate(bytes, place)
            }
        }
    }

    private typealias Place = UnsafeMutableRawBufferPointer

    private func append(
        _ count: Int,
        to output: ByteBuffer,
        or codec: Codec,
        _ body: (Place) -> Bool
    ) throws(CompressionFailure) {
        _ = try output.append(upTo: count) { place throws(CompressionFailure) in
            guard unsafe place.withUnsafeMutableBytes({ unsafe body($0) }) else {
                throw .damaged(codec)
            }
            return count
        }
    }

    private func unzstd(_ bytes: Span<UInt8>, _ place: Place) -> Bool {
        unsafe bytes.withUnsafeBufferPointer { source in
            unsafe ZSTD_decompressDCtx(
                zstd(),
                place.baseAddress,
                place.count,
                source.baseAddress,
                source.count
            )
                == place.count
        }
    }

    private func unlz4(_ bytes: Span<UInt8>, _ place: Place) -> Bool {
        unsafe bytes.withUnsafeBytes { source in
            unsafe LZ4_decompress_safe(
                source.baseAddress?.assumingMemoryBound(to: CChar.self),
                place.baseAddress?.assumingMemoryBound(to: CChar.self),
                CInt(source.count),
                CInt(place.count)
            ) == CInt(place.count)
        }
    }

    private func inflate(_ bytes: Span<UInt8>, _ place: Place) -> Bool {
        let inflater = unsafe inflater()
        guard unsafe inflateReset(inflater) == Z_OK else { return false }
        return unsafe bytes.withUnsafeBufferPointer { source in
            // The library declares its input mutable but only reads it.
            unsafe inflater.pointee.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            unsafe inflater.pointee.avail_in = UInt32(source.count)
            unsafe inflater.pointee.next_out = place.baseAddress?
                .assumingMemoryBound(to: UInt8.self)
            unsafe inflater.pointee.avail_out = UInt32(place.count)
            return unsafe CZlib.inflate(inflater, Z_FINISH) == Z_STREAM_END
                && inflater.pointee.avail_in == 0 && inflater.pointee.avail_out == 0
        }
    }
}

/// What the head of a Zstandard frame must look like (RFC 8878 section 3.1.1).
enum ZstdFrame {
    /// Throws unless `bytes` are exactly one frame, without dictionary, that says it holds `count`
    /// bytes and needs no window of more than 2^24 bytes.
    static func check(_ bytes: Span<UInt8>, count: Int) throws(CompressionFailure) {
        guard
            bytes.count >= 6 && bytes[0] == 0x28 && bytes[1] == 0xb5 && bytes[2] == 0x2f
                && bytes[3] == 0xfd
        else { throw .damaged(.zstd) }
        // With a single segment the window is the content itself.
        let isSingleSegment = bytes[4] & 0x20 != 0
        if !isSingleSegment {
            let exponent = Int(bytes[5] >> 3)
            let limit = Compressor.windowLogMax - 10
            guard exponent < limit || (exponent == limit && bytes[5] & 7 == 0) else {
                throw .unsupported("a Zstandard window of more than 2^24 bytes")
            }
        }
        let head = unsafe bytes.withUnsafeBufferPointer { source in
            unsafe (
                dictionary: ZSTD_getDictID_fromFrame(source.baseAddress, source.count),
                content: ZSTD_getFrameContentSize(source.baseAddress, source.count),
                size: ZSTD_findFrameCompressedSize(source.baseAddress, source.count)
            )
        }
        guard head.dictionary == 0 else { throw .unsupported("a Zstandard dictionary") }
        // Also refuses the two values that mean "unknown" and "error".
        guard head.content == UInt64(count) && head.size == bytes.count else {
            throw .damaged(.zstd)
        }
    }
}
