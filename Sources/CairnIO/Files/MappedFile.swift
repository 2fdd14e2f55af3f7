internal import CCairn
internal import Glibc

/// The bytes of a whole file, mapped for reading.
///
/// The file must be private to this process and its like, as files of the local cache and spill
/// files are, and never be cut short: whoever shortens a mapped file makes a reader of the missing
/// pages die (SIGBUS). Cache files are therefore only ever replaced by renaming. The pointer never
/// changes and the bytes are only read, hence `@unchecked Sendable`.
@safe package final class MappedFile: @unchecked Sendable {
    /// How a mapping is going to be read.
    package enum Advice: Sendable {
        case sequential, random, willNeed
    }

    private let base: UnsafeRawPointer?
    /// How many bytes the file had.
    package let count: Int

    convenience init(_ descriptor: borrowing Descriptor) throws(FileFailure) {
        let metadata = try descriptor.metadata()
        guard metadata.kind == .regular else { throw .replaced(.map) }
        guard let size = Int(exactly: metadata.size) else {
            throw FileFailure(.map, errno: EFBIG)
        }
        try self.init(descriptor.number, size: size)
    }

    /// Maps the first `size` bytes of a file that a store's calls have opened for reading; it may
    /// be closed afterwards.
    package convenience init(_ handle: StoreHandle, size: Int) throws(FileFailure) {
        try self.init(handle.number, size: size)
    }

    private init(_ descriptor: Int32, size: Int) throws(FileFailure) {
        count = size
        guard size > 0 else {
            unsafe base = nil
            return
        }
        var failed: Int32 = 0
        unsafe base = cairn_map(descriptor, size, &failed)
        guard unsafe base != nil else { throw FileFailure(.map, errno: failed) }
    }

    deinit {
        guard let start = unsafe base else { return }
        unsafe cairn_unmap(start, count)
    }

    /// The bytes of the file.
    package var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let bytes = unsafe UnsafeRawBufferPointer(start: base, count: count)
                .bindMemory(to: UInt8.self)
            return unsafe _overrideLifetime(Span(_unsafeElements: bytes), borrowing: self)
        }
    }

    /// Tells the system how the bytes are going to be read.
    package func advise(_ advice: Advice) {
        guard let start = unsafe base else { return }
        let value =
            switch advice {
            case .sequential: cairn_advice_sequential
            case .random: cairn_advice_random
            case .willNeed: cairn_advice_will_need
            }
        unsafe cairn_advise_memory(start, count, Int32(value))
    }
}
