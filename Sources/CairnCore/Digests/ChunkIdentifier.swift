internal import CCairn

/// Computes content IDs: SHA-256, or HMAC-SHA-256 under the repository's ID key.
///
/// Any number of threads may share one identifier. Many messages in one call are hashed side by
/// side and take a fraction of the time that single calls take.
public final class ChunkIdentifier: Sendable {
    private let key: HMACKey?
    private let kernel: CInt?

    /// - Parameters:
    ///   - key: The repository's ID key; nil for plain SHA-256.
    ///   - kernels: How to hash many messages at once; must be available on this CPU.
    public init(key: SecretBytes?, kernels: KernelSelection = KernelSelection()) {
        precondition(kernels.sha256.isAvailable, "this CPU lacks the kernel")
        self.key = key.map { HMACKey($0) }
        kernel = kernels.sha256.code
    }

    /// The ID of `bytes`.
    public func identify(_ bytes: Span<UInt8>) -> ChunkID {
        guard let key else { return SHA256.hash(bytes) }
        return key.authenticate(bytes)
    }

    /// Appends the ID of each range of `bytes` to `ids`, in the order of `ranges`.
    ///
    /// Ranges may have any length, zero included, and may overlap. Nothing is allocated for a
    /// message; the best use of the lanes comes from 16 or more of similar size in a call.
    ///
    /// - Precondition: Every range lies within `bytes`.
    public func identify(
        _ bytes: Span<UInt8>,
        ranges: [Range<Int>],
        into ids: inout [ChunkID]
    ) {
        guard let kernel else {
            for range in ranges { ids.append(identify(bytes.extracting(range))) }
            return
        }
        let start = ids.count
        let none = ChunkID(words: (0, 0, 0, 0))
        ids.append(contentsOf: repeatElement(none, count: ranges.count))
        let alone = hash(bytes, ranges, kernel, into: &ids, from: start)
        // The few that the lanes would be slow with.
        for place in 0..<alone.count {
            let index = alone.indices[place]
            ids[start + index] = identify(bytes.extracting(ranges[index]))
        }
    }

    private typealias Alone = (indices: InlineArray<3, Int>, count: Int)

    private func hash(
        _ bytes: Span<UInt8>,
        _ ranges: [Range<Int>],
        _ kernel: CInt,
        into ids: inout [ChunkID],
        from start: Int
    ) -> Alone {
        unsafe withUnsafeTemporaryAllocation(of: cairn_sha256_message.self, capacity: ranges.count)
        {
            messages in
            for index in ranges.indices {
                let range = ranges[index]
                precondition(
                    range.lowerBound >= 0 && range.upperBound <= bytes.count,
                    "outside the bytes"
                )
                unsafe messages.initializeElement(
                    at: index,
                    to: cairn_sha256_message(offset: range.lowerBound, size: range.count)
                )
            }
            return unsafe ids.withUnsafeMutableBytes { ids in
                // An ID's words hold its bytes in memory order on the little-endian machines that
                // this runs on, so digests are written straight to their place.
                let digests = unsafe UnsafeMutableRawBufferPointer(
                    rebasing: ids[(start * ChunkID.size)...]
                )
                return unsafe hash(bytes, UnsafeBufferPointer(messages), kernel, into: digests)
            }
        }
    }

    private func hash(
        _ bytes: Span<UInt8>,
        _ messages: UnsafeBufferPointer<cairn_sha256_message>,
        _ kernel: CInt,
        into digests: UnsafeMutableRawBufferPointer
    ) -> Alone {
        var alone = InlineArray<3, Int>(repeating: 0)
        guard let first = messages.baseAddress, messages.count > 0,
            let out = unsafe digests.baseAddress?.assumingMemoryBound(to: UInt8.self)
        else { return (alone, 0) }
        var span = alone.mutableSpan
        let count = unsafe span.withUnsafeMutableBufferPointer { alone in
            unsafe bytes.withUnsafeBufferPointer { bytes in
                // Empty bytes have no address, and no message in them is read.
                let base = unsafe bytes.baseAddress ?? UnsafePointer(out)
                let places = unsafe alone.baseAddress.unsafelyUnwrapped
                guard let key else {
                    return unsafe cairn_sha256_many(
                        kernel,
                        nil,
                        base,
                        first,
                        messages.count,
                        out,
                        places
                    )
                }
                return unsafe key.withStates { states in
                    unsafe cairn_sha256_many(
                        kernel,
                        states,
                        base,
                        first,
                        messages.count,
                        out,
                        places
                    )
                }
            }
        }
        return (alone, count)
    }
}
