internal import CCairn

/// A growable run of bytes outside the Swift heap, page-aligned and reused across stages.
///
/// Invariants: `0 <= count <= capacity`; bytes at or past `count` have no meaning.
///
/// A buffer belongs to one thread at a time: a stage fills it, hands it on and forgets it.
/// That hand-over goes through a queue guarded by a lock, which orders the accesses, and it is
/// why the class may say `@unchecked Sendable` although nothing in it is synchronised.
@safe public final class ByteBuffer: @unchecked Sendable {
    private var base: UnsafeMutableRawPointer
    /// How many bytes fit before the buffer moves to a larger place.
    public private(set) var capacity: Int
    /// How many bytes the buffer holds.
    public private(set) var count = 0

    /// Makes an empty buffer.
    ///
    /// - Parameter capacity: Bytes to make room for; pages are taken from the system on first use.
    public init(capacity: Int = 4096) {
        let size = max(capacity, 64)
        unsafe base = cairn_buffer_allocate(size)
        self.capacity = size
    }

    deinit {
        unsafe cairn_buffer_free(base, capacity)
    }

    /// The bytes held.
    public var span: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let pointer = unsafe UnsafeRawBufferPointer(start: base, count: count)
                .bindMemory(to: UInt8.self)
            return unsafe _overrideLifetime(Span(_unsafeElements: pointer), borrowing: self)
        }
    }

    /// The bytes at `range`.
    ///
    /// - Precondition: `range` lies within `0..<count`.
    @_lifetime(borrow self)
    public func span(_ range: Range<Int>) -> Span<UInt8> {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "outside the buffer")
        let pointer = unsafe UnsafeRawBufferPointer(
            start: base + range.lowerBound,
            count: range.count
        ).bindMemory(to: UInt8.self)
        return unsafe _overrideLifetime(Span(_unsafeElements: pointer), borrowing: self)
    }

    /// Lets `body` change the bytes at `range`.
    ///
    /// - Precondition: `range` lies within `0..<count`.
    public func edit<R, E: Error>(
        _ range: Range<Int>,
        _ body: (inout MutableSpan<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "outside the buffer")
        let pointer = unsafe UnsafeMutableRawBufferPointer(
            start: base + range.lowerBound,
            count: range.count
        ).bindMemory(to: UInt8.self)
        var span = unsafe MutableSpan(_unsafeElements: pointer)
        return try body(&span)
    }

    /// Adds room for up to `size` bytes, lets `body` write them and keeps as many as it says.
    ///
    /// - Precondition: `body` returns a count within `0...size`.
    public func append<E: Error>(
        upTo size: Int,
        _ body: (inout MutableSpan<UInt8>) throws(E) -> Int
    ) throws(E) -> Int {
        reserve(count + size)
        let pointer = unsafe UnsafeMutableRawBufferPointer(start: base + count, count: size)
            .bindMemory(to: UInt8.self)
        var span = unsafe MutableSpan(_unsafeElements: pointer)
        let written = try body(&span)
        precondition(written >= 0 && written <= size, "more bytes than there was room for")
        count += written
        return written
    }

    /// Copies `bytes` to the end.
    public func append(_ bytes: Span<UInt8>) {
        reserve(count + bytes.count)
        unsafe bytes.withUnsafeBufferPointer { source in
            guard let start = source.baseAddress else { return }
            unsafe (base + count).copyMemory(from: start, byteCount: source.count)
        }
        count += bytes.count
    }

    /// Copies `bytes` to the end.
    public func append(_ bytes: [UInt8]) {
        append(bytes.span)
    }

    /// Appends one byte.
    public func append(_ byte: UInt8) {
        reserve(count + 1)
        unsafe base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    /// Appends `size` zero bytes.
    public func appendZeros(_ size: Int) {
        reserve(count + size)
        unsafe (base + count).initializeMemory(as: UInt8.self, repeating: 0, count: size)
        count += size
    }

    /// Forgets every byte from `newCount` on.
    ///
    /// - Precondition: `newCount` is within `0...count`.
    public func truncate(to newCount: Int) {
        precondition(newCount >= 0 && newCount <= count, "a buffer cannot be truncated to more")
        count = newCount
    }

    /// Moves the bytes from `offset` on to the front and forgets those before it.
    ///
    /// - Precondition: `offset` is within `0...count`.
    public func removeFirst(_ offset: Int) {
        precondition(offset >= 0 && offset <= count, "more bytes than the buffer holds")
        unsafe base.copyMemory(from: base + offset, byteCount: count - offset)
        count -= offset
    }

    /// Makes room for `size` bytes in all; bytes held keep their values.
    public func reserve(_ size: Int) {
        guard size > capacity else { return }
        let newCapacity = max(size, capacity + capacity / 2)
        unsafe base = cairn_buffer_reallocate(base, capacity, count, newCapacity)
        capacity = newCapacity
    }

    /// The bytes as an array.
    public var array: [UInt8] {
        let span = self.span
        return unsafe span.withUnsafeBufferPointer { unsafe [UInt8]($0) }
    }
}
