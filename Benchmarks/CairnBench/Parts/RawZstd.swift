import CZstd

/// libzstd by itself on units in memory, to see what the engine adds to it.
@safe
final class RawZstd {
    private let compressor: OpaquePointer
    private let decompressor: OpaquePointer
    private let place: UnsafeMutableRawBufferPointer

    /// Makes the contexts and room for what comes out of a unit of up to `sizeMax` bytes.
    init(sizeMax: Int) {
        guard let compressor = unsafe ZSTD_createCCtx(),
            let decompressor = unsafe ZSTD_createDCtx()
        else { preconditionFailure("out of memory for the contexts of libzstd") }
        unsafe self.compressor = unsafe compressor
        unsafe self.decompressor = unsafe decompressor
        let bound = max(sizeMax, ZSTD_compressBound(sizeMax))
        // At the start of a page, as the engine's buffers are: where source and place lie alike in
        // their pages, bytes that do not shrink take more than twice as long.
        unsafe place = .allocate(byteCount: bound, alignment: 4096)
    }

    deinit {
        unsafe ZSTD_freeCCtx(compressor)
        unsafe ZSTD_freeDCtx(decompressor)
        unsafe place.deallocate()
    }

    /// Compresses a unit; the size of its frame.
    func compress(_ unit: Span<UInt8>, level: Int) throws -> Int {
        let size = unsafe unit.withUnsafeBytes { unit in
            unsafe ZSTD_compressCCtx(
                compressor,
                place.baseAddress,
                place.count,
                unit.baseAddress,
                unit.count,
                CInt(level)
            )
        }
        guard ZSTD_isError(size) == 0 else { throw BenchFailure("libzstd did not compress") }
        return size
    }

    /// Compresses a unit; its frame.
    func frame(of unit: Span<UInt8>, level: Int) throws -> [UInt8] {
        let size = try compress(unit, level: level)
        return unsafe Array(place.prefix(size))
    }

    /// Decompresses a frame; the size of the unit.
    func decompress(_ frame: Span<UInt8>) throws -> Int {
        let size = unsafe frame.withUnsafeBytes { frame in
            unsafe ZSTD_decompressDCtx(
                decompressor,
                place.baseAddress,
                place.count,
                frame.baseAddress,
                frame.count
            )
        }
        guard ZSTD_isError(size) == 0 else { throw BenchFailure("libzstd did not decompress") }
        return size
    }
}
