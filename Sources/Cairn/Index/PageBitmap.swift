internal import Synchronization

/// One bit a page that any number of threads may read and set.
@safe
final class PageBitmap: Sendable {
    // A pointer is not Sendable; all access goes through the atomics it points at.
    nonisolated(unsafe) private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let wordCount: Int

    /// Makes a bitmap of `count` clear bits.
    init(count: Int) {
        wordCount = (max(count, 1) + 63) / 64
        unsafe words = .allocate(capacity: wordCount)
        for index in 0..<wordCount {
            unsafe (words + index).initialize(to: Atomic(0))
        }
    }

    deinit {
        unsafe words.deinitialize(count: wordCount)
        unsafe words.deallocate()
    }

    /// Whether the bit is set.
    ///
    /// - Precondition: `bit` is below the count.
    @inline(__always)
    func contains(_ bit: Int) -> Bool {
        precondition(bit >= 0 && bit &>> 6 < wordCount, "outside the bitmap")
        let word = unsafe words[bit &>> 6].load(ordering: .acquiring)
        return word &>> UInt64(bit & 63) & 1 == 1
    }

    /// Sets the bit.
    ///
    /// - Precondition: `bit` is below the count.
    func insert(_ bit: Int) {
        precondition(bit >= 0 && bit &>> 6 < wordCount, "outside the bitmap")
        unsafe words[bit &>> 6].bitwiseOr(1 << UInt64(bit & 63), ordering: .releasing)
    }
}
