/// How a stream is cut into chunks.
///
/// The numbers are stored in repositories: never change them.
public enum ChunkingAlgorithm: UInt8, Sendable, CaseIterable {
    /// Gear hash with normalized chunking: fast, widely understood, reveals content to whoever
    /// sees chunk sizes.
    case fastcdc = 1
    /// Cut points drawn by a keyed function at content-defined anchors: faster still, and chunk
    /// sizes say nothing about the content to whoever lacks the key.
    case anchored = 2
    /// Chunks of one size, for data that changes in place, such as disk images.
    case fixed = 3
}

/// Why chunker parameters were refused.
public enum ChunkingFailure: Error, Equatable, Sendable {
    /// A size lies outside the limits of its algorithm.
    case sizeOutOfRange(size: Int, allowed: ClosedRange<Int>)
    /// Sizes must satisfy min <= mean <= max.
    case sizesOutOfOrder(min: Int, mean: Int, max: Int)
    /// The algorithm derives min and max from the mean, and these are not the derived ones.
    case sizesNotDerived(min: Int, max: Int)
}

/// An algorithm and its chunk sizes in bytes.
///
/// Only values within the limits of Specs/Chunking.md#parameters can be made, so parameters read
/// from a repository are checked by making them.
public struct ChunkerParameters: Hashable, Sendable {
    /// Smallest and largest size of any kind.
    public static let sizeLimits = (1 << 10)...(64 << 20)
    /// Smallest and largest mean of ``ChunkingAlgorithm/anchored``.
    public static let anchoredMeanLimits = (4 << 10)...(16 << 20)

    /// How chunks are cut.
    public let algorithm: ChunkingAlgorithm
    /// The fewest bytes of a chunk that does not end its stream.
    public let sizeMin: Int
    /// The mean number of bytes of a chunk on random data.
    public let sizeMean: Int
    /// The most bytes of a chunk.
    public let sizeMax: Int

    /// Checks the sizes and keeps them.
    ///
    /// - ``ChunkingAlgorithm/fastcdc``: 1 KiB <= min <= mean <= max <= 64 MiB. The mean is met as
    ///   long as max leaves room for it; four times the mean does.
    /// - ``ChunkingAlgorithm/anchored``: mean 4 KiB to 16 MiB, min = mean / 2, max = 4 * mean.
    /// - ``ChunkingAlgorithm/fixed``: 1 KiB to 64 MiB, all three equal.
    public init(
        algorithm: ChunkingAlgorithm,
        sizeMin: Int,
        sizeMean: Int,
        sizeMax: Int
    ) throws(ChunkingFailure) {
        let meanLimits = algorithm == .anchored ? Self.anchoredMeanLimits : Self.sizeLimits
        guard meanLimits.contains(sizeMean) else {
            throw .sizeOutOfRange(size: sizeMean, allowed: meanLimits)
        }
        switch algorithm {
        case .fastcdc:
            for size in [sizeMin, sizeMax] where !Self.sizeLimits.contains(size) {
                throw .sizeOutOfRange(size: size, allowed: Self.sizeLimits)
            }
            guard sizeMin <= sizeMean && sizeMean <= sizeMax else {
                throw .sizesOutOfOrder(min: sizeMin, mean: sizeMean, max: sizeMax)
            }
        case .anchored, .fixed:
            let derived = Self.derivedSizes(algorithm, mean: sizeMean)
            guard sizeMin == derived.min && sizeMax == derived.max else {
                throw .sizesNotDerived(min: derived.min, max: derived.max)
            }
        }
        self.algorithm = algorithm
        self.sizeMin = sizeMin
        self.sizeMean = sizeMean
        self.sizeMax = sizeMax
    }

    /// The usual sizes for a mean: min = mean / 2 and max = 4 * mean, and for
    /// ``ChunkingAlgorithm/fixed`` the mean itself.
    ///
    /// Sizes of ``ChunkingAlgorithm/fastcdc`` near the limits are clamped to them.
    public static func standard(
        _ algorithm: ChunkingAlgorithm,
        sizeMean: Int = 1 << 20
    ) throws(ChunkingFailure) -> ChunkerParameters {
        let meanLimits = algorithm == .anchored ? anchoredMeanLimits : sizeLimits
        guard meanLimits.contains(sizeMean) else {
            throw .sizeOutOfRange(size: sizeMean, allowed: meanLimits)
        }
        let sizes = derivedSizes(algorithm, mean: sizeMean)
        return try ChunkerParameters(
            algorithm: algorithm,
            sizeMin: sizes.min,
            sizeMean: sizeMean,
            sizeMax: sizes.max
        )
    }

    private static func derivedSizes(
        _ algorithm: ChunkingAlgorithm,
        mean: Int
    ) -> (min: Int, max: Int) {
        switch algorithm {
        case .fixed: (mean, mean)
        case .anchored: (mean / 2, 4 * mean)
        case .fastcdc:
            (max(mean / 2, sizeLimits.lowerBound), min(4 * mean, sizeLimits.upperBound))
        }
    }

    /// One in how many positions may end a chunk of at least the mean size.
    ///
    /// Below the mean it is one in four times as many. With x = 1 - 3/4 * exp(-x) = 0.5801 this
    /// makes the expected length the mean, whatever min is: Specs/Chunking.md#mean.
    package var positionsPerCut: UInt64 {
        let span =
            switch algorithm {
            case .anchored: sizeMean  // 0.2155 * mean, fixed by the algorithm
            case .fastcdc, .fixed: 2 * (sizeMean - sizeMin)
            }
        return max(1, (UInt64(span) * 2155 + 5000) / 10000)
    }
}
