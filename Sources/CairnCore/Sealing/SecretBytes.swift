internal import CCairn
internal import COpenSSL

/// Key material outside the heap: in pages that hold nothing else, are locked in memory where the
/// system allows it, left out of core dumps and wiped in forked children. The bytes are overwritten
/// before anything else can lie there. Secrets of at most a page share such pages.
///
/// The bytes never change after initialisation, so any number of threads may read them. There is
/// deliberately no description, no encoding and no conversion to an array.
@safe
public final class SecretBytes: @unchecked Sendable {
    // Unchecked, because a raw pointer is not Sendable; nothing writes through it after `init`.
    private let base: UnsafeMutableRawPointer
    private let sizeTaken: Int
    /// How many bytes the secret has.
    public let count: Int

    /// The largest secret accepted; a lock on memory is a scarce resource.
    public static let sizeMax = 1 << 20

    private init(taking count: Int) {
        precondition(count >= 0 && count <= SecretBytes.sizeMax, "a secret of at most 1 MiB")
        sizeTaken = cairn_secret_size(count)
        unsafe base = cairn_secret_allocate(sizeTaken)
        self.count = count
    }

    /// Copies `bytes`; wiping where they came from is the caller's part.
    ///
    /// - Precondition: At most ``sizeMax`` bytes.
    public convenience init(copying bytes: Span<UInt8>) {
        self.init(taking: bytes.count)
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            unsafe base.copyMemory(from: start, byteCount: source.count)
        }
    }

    /// Makes room for `count` bytes, all zero, and lets `fill` write them in place.
    ///
    /// - Precondition: At most ``sizeMax`` bytes.
    public convenience init<E: Error>(
        count: Int,
        fill: (inout MutableSpan<UInt8>) throws(E) -> Void
    ) throws(E) {
        self.init(taking: count)
        let bytes = unsafe UnsafeMutableBufferPointer(
            start: base.assumingMemoryBound(to: UInt8.self),
            count: count
        )
        var span = unsafe MutableSpan(_unsafeElements: bytes)
        try fill(&span)
    }

    deinit {
        unsafe cairn_secret_free(base, sizeTaken)
    }

    /// Lends the bytes to `body`, which must not keep a copy of them anywhere else.
    public func withSpan<R, E: Error>(
        _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        let bytes = unsafe UnsafeBufferPointer(
            start: base.assumingMemoryBound(to: UInt8.self),
            count: count
        )
        return try body(unsafe Span(_unsafeElements: bytes))
    }
}

extension SecretBytes: Equatable {
    /// Compares in a time that depends on the lengths alone.
    public static func == (a: SecretBytes, b: SecretBytes) -> Bool {
        guard a.count == b.count else { return false }
        return unsafe CRYPTO_memcmp(a.base, b.base, a.count) == 0
    }
}
