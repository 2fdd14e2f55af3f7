internal import CLZ4
internal import CZlib
internal import CZstd

/// Makes bytes smaller, where they can be.
///
/// One thread at a time, one compressor a worker: the codecs' contexts are made once and reused.
public final class Compressor {
    /// The most bytes compressed as one unit.
    public static let sizeMax = 256 << 20
    /// Matches never reach further back than 2 to this power, so that readers need no more memory.
    public static let windowLogMax = 24

    private let method: Method
    private let probe: CompressibilityProbe?

    private enum Method {
        case none
        case zstd(ZstdCompressor)
        case lz4(LZ4Compressor)
        case deflate(DeflateCompressor)
    }

    /// - Precondition: The level of `setting` is one that its codec has.
    public init(_ setting: CompressionSetting) {
        precondition(setting.isWithinLimits, "a compression level outside its limits")
        switch setting {
        case .none: method = .none
        case .zstd(let level), .auto(let level): method = .zstd(ZstdCompressor(level: level))
        case .lz4: method = .lz4(LZ4Compressor())
        case .deflate(let level): method = .deflate(DeflateCompressor(level: level))
        }
        if case .auto = setting { probe = CompressibilityProbe() } else { probe = nil }
    }

    /// Appends `bytes` to `output` in the form that the codec returned stands for: compressed, or
    /// as they are when the result would not be smaller.
    ///
    /// - Precondition: At most ``sizeMax`` bytes, and not bytes of `output`.
    public func compress(_ bytes: Span<UInt8>, into output: ByteBuffer) -> Codec {
        precondition(bytes.count <= Compressor.sizeMax, "more than one unit's bytes")
        let start = output.count
        if let codec = shrink(bytes, into: output) {
            if output.count - start < bytes.count { return codec }
            output.truncate(to: start)
        }
        output.append(bytes)
        return .none
    }

    /// The codec used, or nil where there was no attempt or it failed; the caller then stores the
    /// bytes as they are, which is always right.
    private func shrink(_ bytes: Span<UInt8>, into output: ByteBuffer) -> Codec? {
        guard bytes.count > 0 else { return nil }
        switch method {
        case .none:
            return nil
        case .zstd(let codec):
            if let probe, !probe.expectsToShrink(bytes) { return nil }
            return codec.compress(bytes, into: output) ? .zstd : nil
        case .lz4(let codec):
            return codec.compress(bytes, into: output) ? .lz4 : nil
        case .deflate(let codec):
            return codec.compress(bytes, into: output) ? .deflate : nil
        }
    }
}

/// One Zstandard frame at a time.
@safe
final class ZstdCompressor {
    /// The most bytes for which the smaller tables are the better ones.
    private static let smallSize = 256 << 10

    private let context: OpaquePointer
    private let isTuned: Bool
    /// The table's size that is set, as a power of two.
    private var tunedLog = 0

    init(level: Int) {
        guard let context = unsafe ZSTD_createCCtx() else {
            preconditionFailure("out of memory for a Zstandard context")
        }
        unsafe self.context = unsafe context
        isTuned = level == CompressionSetting.defaultLevel
        set(ZSTD_c_compressionLevel, level)
        // From level 20 on the library would take larger windows.
        if level >= 20 { set(ZSTD_c_windowLog, Compressor.windowLogMax) }
        if isTuned {
            set(ZSTD_c_chainLog, 14)
            set(ZSTD_c_minMatch, 5)
        }
    }

    /// At the default level, tables that stay in a core's nearer caches and no matches of four
    /// bytes serve segments better than what the library takes (Decisions/0007-zstd-tables.md).
    private func tune(for count: Int) {
        let hashLog = count > ZstdCompressor.smallSize ? 15 : 14
        if hashLog == tunedLog { return }
        set(ZSTD_c_hashLog, hashLog)
        tunedLog = hashLog
    }

    deinit {
        unsafe ZSTD_freeCCtx(context)
    }

    private func set(_ parameter: ZSTD_cParameter, _ value: Int) {
        let status = unsafe ZSTD_CCtx_setParameter(context, parameter, CInt(value))
        precondition(ZSTD_isError(status) == 0, "libzstd refuses a parameter within its limits")
    }

    func compress(_ bytes: Span<UInt8>, into output: ByteBuffer) -> Bool {
        if isTuned { tune(for: bytes.count) }
        // With room for the worst case the library writes straight to its place.
        let written = output.append(upTo: ZSTD_compressBound(bytes.count)) { place in
            let status = unsafe bytes.withUnsafeBufferPointer { source in
                unsafe place.withUnsafeMutableBufferPointer { place in
                    unsafe ZSTD_compress2(
                        context,
                        place.baseAddress,
                        place.count,
                        source.baseAddress,
                        source.count
                    )
                }
            }
            return ZSTD_isError(status) == 0 ? status : 0
        }
        return written > 0
    }
}

/// One LZ4 block at a time.
@safe
final class LZ4Compressor {
    private let state: UnsafeMutableRawPointer

    init() {
        unsafe state = UnsafeMutableRawPointer.allocate(
            byteCount: Int(LZ4_sizeofState()),
            alignment: 16
        )
    }

    deinit {
        unsafe state.deallocate()
    }

    func compress(_ bytes: Span<UInt8>, into output: ByteBuffer) -> Bool {
        let bound = Int(LZ4_compressBound(CInt(bytes.count)))
        let written = output.append(upTo: bound) { place in
            unsafe bytes.withUnsafeBytes { source in
                unsafe place.withUnsafeMutableBytes { place in
                    // Both sizes fit: the unit's size has a limit.
                    let count = unsafe LZ4_compress_fast_extState(
                        state,
                        source.baseAddress?.assumingMemoryBound(to: CChar.self),
                        place.baseAddress?.assumingMemoryBound(to: CChar.self),
                        CInt(source.count),
                        CInt(place.count),
                        1
                    )
                    return Int(max(count, 0))
                }
            }
        }
        return written > 0
    }
}

/// One raw DEFLATE stream at a time.
@safe
final class DeflateCompressor {
    /// Stays where it is: the library's state points back to it.
    private let stream: UnsafeMutablePointer<z_stream>

    init(level: Int) {
        unsafe stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        let status = unsafe deflateInit2_(
            stream,
            CInt(level),
            Z_DEFLATED,
            -MAX_WBITS,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            CInt(MemoryLayout<z_stream>.size)
        )
        precondition(status == Z_OK, "out of memory for a DEFLATE stream")
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    func compress(_ bytes: Span<UInt8>, into output: ByteBuffer) -> Bool {
        guard unsafe deflateReset(stream) == Z_OK else { return false }
        let bound = Int(unsafe deflateBound(stream, UInt(bytes.count)))
        let written = output.append(upTo: bound) { place in
            unsafe bytes.withUnsafeBufferPointer { source in
                unsafe place.withUnsafeMutableBufferPointer { place in
                    // The library declares its input mutable but only reads it.
                    unsafe stream.pointee.next_in = UnsafeMutablePointer(
                        mutating: source.baseAddress
                    )
                    unsafe stream.pointee.avail_in = UInt32(source.count)
                    unsafe stream.pointee.next_out = place.baseAddress
                    unsafe stream.pointee.avail_out = UInt32(place.count)
                    guard unsafe deflate(stream, Z_FINISH) == Z_STREAM_END else { return 0 }
                    return place.count - Int(unsafe stream.pointee.avail_out)
                }
            }
        }
        return written > 0
    }
}
