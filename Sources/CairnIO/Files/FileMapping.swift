internal import CCairn

/// The bytes of a file, mapped for reading.
///
/// The mapping outlives the handle and the name of the file. Whoever maps a file promises that
/// nobody shortens it: touching a page past its end would end the process.
@safe
package final class FileMapping: Sendable {
    // A pointer is not Sendable; the pages are read-only.
    nonisolated(unsafe) private let start: UnsafeRawPointer
    /// How many bytes there are.
    package let size: Int

    /// Maps the first `size` bytes of an open file.
    ///
    /// - Parameters:
    ///   - handle: Open for reading; may be closed afterwards.
    ///   - size: At least 1 and at most what the file has.
    /// - Throws: The error number of the system.
    package init(_ handle: StoreHandle, size: Int) throws(StoreFileError) {
        var code: CInt = 0
        guard size > 0, let base = unsafe cairn_map(handle.number, size, &code) else {
            throw StoreFileError(code: code)
        }
        unsafe start = base
        self.size = size
    }

    deinit {
        unsafe cairn_unmap(start, size)
    }

    /// The first byte; valid while the mapping lives.
    package var base: UnsafeRawPointer { unsafe start }
}
