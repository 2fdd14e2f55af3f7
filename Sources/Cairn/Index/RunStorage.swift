internal import CairnCore
internal import CairnIO

/// The bytes of a run: a mapped file, or memory where there is no folder for one.
///
/// The bytes do not change while the storage lives.
@safe
final class RunStorage: Sendable {
    // A pointer is not Sendable; nothing writes through it and its owner lives as long as this.
    nonisolated(unsafe) let base: UnsafeRawPointer
    /// How many bytes there are.
    let size: Int
    private let owner: any AnyObject & Sendable

    /// Takes over a buffer that nothing changes any more.
    ///
    /// - Precondition: `buffer` is not empty.
    init(_ buffer: ByteBuffer) {
        precondition(buffer.count > 0, "a run has a header")
        size = buffer.count
        owner = buffer
        unsafe base = buffer.span.withUnsafeBufferPointer { pointer in
            unsafe UnsafeRawPointer(pointer.baseAddress.unsafelyUnwrapped)
        }
    }

    /// Takes over a mapped file that nothing changes any more.
    ///
    /// - Precondition: `file` is not empty.
    init(_ file: MappedFile) {
        precondition(file.count > 0, "a run has a header")
        size = file.count
        owner = file
        unsafe base = file.span.withUnsafeBufferPointer { pointer in
            unsafe UnsafeRawPointer(pointer.baseAddress.unsafelyUnwrapped)
        }
    }

    /// Lends the bytes of the page with this number.
    ///
    /// - Precondition: The page lies within the storage.
    func withPage<R, E: Error>(
        _ number: Int,
        _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        let (offset, size) = (number * RunLayout.pageSize, RunLayout.pageSize)
        precondition(offset >= 0 && offset + size <= self.size, "outside the run")
        let bytes = unsafe UnsafeRawBufferPointer(start: base + offset, count: size)
            .bindMemory(to: UInt8.self)
        return try body(unsafe Span(_unsafeElements: bytes))
    }
}
