/// Finds where chunks end.
///
/// A cut depends only on the bytes of its own chunk, so a stream may be cut in any buffers, and
/// cutting may start at any chunk. Everything is immutable after `init`: one chunker serves any
/// number of threads.
public final class Chunker: Sendable {
    /// The algorithm and sizes in use.
    public let parameters: ChunkerParameters
    private let finder: Finder

    private enum Finder: Sendable {
        case gear(GearFinder)
        case anchors(AnchorFinder)
        case fixed
    }

    /// Draws the tables of a chunker from its key.
    ///
    /// - Parameters:
    ///   - parameters: The algorithm and sizes.
    ///   - key: 32 secret bytes, one key for each kind of stream; nil for the published tables,
    ///     with which anyone can predict cuts.
    /// - Precondition: A key has 32 bytes.
    public convenience init(_ parameters: ChunkerParameters, key: Span<UInt8>?) {
        self.init(parameters, key: key, kernel: ScanKernel.selected)
    }

    /// Makes a chunker that scans with a given kernel.
    ///
    /// - Precondition: The kernel is one of ``ScanKernel/available``.
    package init(_ parameters: ChunkerParameters, key: Span<UInt8>?, kernel: ScanKernel) {
        precondition(ScanKernel.available.contains(kernel), "this processor lacks the kernel")
        self.parameters = parameters
        let tables = ChunkerTables(key: key)
        finder =
            switch parameters.algorithm {
            case .fastcdc: .gear(GearFinder(parameters, tables, kernel))
            case .anchored: .anchors(AnchorFinder(parameters, tables, kernel))
            case .fixed: .fixed
            }
    }

    /// The length of the first chunk of `bytes`, which begin where a chunk begins.
    ///
    /// - Parameters:
    ///   - bytes: What is known of the stream from the start of the chunk.
    ///   - atEnd: Whether the stream ends with `bytes`.
    /// - Returns: Nil where more bytes are needed to tell, which is never the case for `sizeMax`
    ///   bytes or more, nor at the end of the stream, and where there are no bytes at all.
    public func cut(_ bytes: Span<UInt8>, atEnd: Bool) -> Int? {
        var progress = ScanProgress()
        return cut(bytes, atEnd: atEnd, progress: &progress)
    }

    /// As `cut(_:atEnd:)`, but goes on where the last call with fewer bytes of this chunk stopped.
    package func cut(
        _ bytes: Span<UInt8>,
        atEnd: Bool,
        progress: inout ScanProgress
    ) -> Int? {
        let size = min(bytes.count, parameters.sizeMax)
        let known = size > 0 && (atEnd || size == parameters.sizeMax) ? size : nil
        guard size > parameters.sizeMin else { return known }
        let found: Int? =
            switch finder {
            case .gear(let finder): finder.find(bytes, size, &progress)
            case .anchors(let finder): finder.find(bytes, size, &progress)
            case .fixed: nil
            }
        return found ?? known
    }

    /// Appends the length of every chunk of `bytes`, which begin where a chunk begins.
    ///
    /// - Parameters:
    ///   - bytes: A run of the stream.
    ///   - atEnd: Whether the stream ends with `bytes`. If it does not, bytes at the end whose
    ///     chunk is unfinished are left out: they must be given again, in front of what follows.
    ///   - lengths: Where the lengths are appended; their sum never exceeds the run.
    public func cuts(_ bytes: Span<UInt8>, atEnd: Bool, into lengths: inout [Int]) {
        var start = 0
        while start < bytes.count {
            let rest = bytes.extracting(start..<bytes.count)
            guard let length = cut(rest, atEnd: atEnd) else { return }
            lengths.append(length)
            start += length
        }
    }
}

/// How far the bytes of an unfinished chunk have been scanned.
package struct ScanProgress: Sendable {
    /// Positions before this one need not be looked at again.
    var scanned = 0
    /// The last anchor found, which may still decide a cut.
    var anchor: Int?
    /// The window of the last draw and what it gave.
    var drawn: (anchor: Int, draw: UInt64)?
    /// How many times the keyed function was called.
    package private(set) var drawCount = 0

    /// Nothing has been scanned.
    package init() {}

    mutating func countDraw() { drawCount += 1 }
}
