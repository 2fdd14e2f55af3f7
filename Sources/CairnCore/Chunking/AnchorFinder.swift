internal import CCairn

/// The anchored chunker: a public scan picks anchors, a keyed function of the 64 bytes before an
/// anchor draws where behind it the chunk may end (Specs/Chunking.md#anchored).
struct AnchorFinder: Sendable {
    /// The bytes that a draw depends on.
    static let window = 64

    private let table: [UInt8]
    private let cutKey: SipHash.Key
    private let kernel: ScanKernel
    private let sizeMin: Int
    private let sizeMean: Int
    private let positionsPerCut: UInt64
    /// The bits of an anchor hash that must be zero: the top ones.
    private let mask: UInt16
    /// Where scanning starts: far enough before sizeMin that an anchor lies in between.
    private let scanStart: Int
    /// Positions scanned in one go: enough for every kernel's streams, few beside a chunk, since
    /// what lies behind a cut is scanned in vain.
    private let block: Int

    init(_ parameters: ChunkerParameters, _ tables: ChunkerTables, _ kernel: ScanKernel) {
        table = tables.anchors()
        cutKey = tables.cutKey()
        self.kernel = kernel
        sizeMin = parameters.sizeMin
        sizeMean = parameters.sizeMean
        positionsPerCut = parameters.positionsPerCut
        let magnitude = Int.bitWidth - 1 - parameters.sizeMean.leadingZeroBitCount
        let rarity = min(max(magnitude - 6, 7), 10)  // one position in 2^rarity is an anchor
        mask = ~UInt16(0) << UInt16(16 - rarity)
        scanStart = sizeMin - min(16 << rarity, sizeMin - Self.window)
        block = min(max(parameters.sizeMean / 2 & ~2047, 2048), Int(cairn_anchor_block))
    }

    /// The length of the chunk, where one of the first `size` bytes ends it.
    ///
    /// - Precondition: `sizeMin < size <= bytes.count`.
    func find(_ bytes: Span<UInt8>, _ size: Int, _ progress: inout ScanProgress) -> Int? {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe table.withUnsafeBufferPointer { table in
                unsafe withUnsafeTemporaryAllocation(
                    of: UInt64.self,
                    capacity: block / 64
                ) { bits in
                    unsafe find(
                        buffer.baseAddress.unsafelyUnwrapped,
                        size,
                        &progress,
                        table.baseAddress.unsafelyUnwrapped,
                        bits.baseAddress.unsafelyUnwrapped
                    )
                }
            }
        }
    }

    @unsafe
    private func find(
        _ bytes: UnsafePointer<UInt8>,
        _ size: Int,
        _ progress: inout ScanProgress,
        _ table: UnsafePointer<UInt8>,
        _ bits: UnsafeMutablePointer<UInt64>
    ) -> Int? {
        var from = max(scanStart, progress.scanned)
        while from < size {
            let to = min(from + block, size)
            unsafe cairn_scan_anchors(kernel.code, table, bytes, from, to, mask, bits)
            for word in 0..<(to - from + 63) / 64 {
                var rest = unsafe bits[word]
                while rest != 0 {
                    let anchor = from + 64 * word + rest.trailingZeroBitCount
                    if let length = unsafe decide(bytes, before: anchor, &progress) {
                        return length
                    }
                    progress.anchor = anchor
                    rest &= rest - 1
                }
            }
            progress.scanned = to
            if let length = unsafe decide(bytes, before: to, &progress) { return length }
            from = to
        }
        return nil
    }

    /// All anchors among at most `cairn_anchor_block` positions, from 16 on: for tests of kernels.
    func anchors(_ bytes: Span<UInt8>, _ positions: Range<Int>) -> [Int] {
        precondition(
            positions.lowerBound >= 16 && positions.upperBound <= bytes.count
                && positions.count <= Int(cairn_anchor_block)
        )
        var bits = [UInt64](repeating: .max, count: (positions.count + 63) / 64)
        unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe table.withUnsafeBufferPointer { table in
                unsafe bits.withUnsafeMutableBufferPointer { bits in
                    guard let out = bits.baseAddress else { return }
                    unsafe cairn_scan_anchors(
                        kernel.code,
                        table.baseAddress.unsafelyUnwrapped,
                        bytes.baseAddress.unsafelyUnwrapped,
                        positions.lowerBound,
                        positions.upperBound,
                        mask,
                        out
                    )
                }
            }
        }
        return bits.indices.flatMap { word in
            (0..<64).filter { bits[word] >> $0 & 1 == 1 }.map {
                positions.lowerBound + 64 * word + $0
            }
        }
    }

    /// The length of the chunk, if the last anchor ends it before the position `limit`.
    @unsafe
    private func decide(
        _ bytes: UnsafePointer<UInt8>,
        before limit: Int,
        _ progress: inout ScanProgress
    ) -> Int? {
        guard let anchor = progress.anchor, limit >= sizeMin else { return nil }
        let draw = unsafe draw(bytes, anchor, &progress)
        let offset = (draw & ~0xffff).multipliedFullWidth(by: positionsPerCut).high
        let cut = anchor + Int(offset)
        guard cut < limit, cut + 1 >= sizeMin else { return nil }
        return cut + 1 >= sizeMean || draw & 3 == 0 ? cut + 1 : nil
    }

    /// The value drawn at an anchor; a window equal to the last one is not hashed again.
    @unsafe
    private func draw(
        _ bytes: UnsafePointer<UInt8>,
        _ anchor: Int,
        _ progress: inout ScanProgress
    ) -> UInt64 {
        let window = unsafe bytes + (anchor + 1 - Self.window)
        if let last = progress.drawn {
            let lastWindow = unsafe bytes + (last.anchor + 1 - Self.window)
            if unsafe Self.areEqual(window, lastWindow) {
                progress.drawn = (anchor, last.draw)
                return last.draw
            }
        }
        let draw = unsafe SipHash.hash(cutKey, message: window)
        progress.countDraw()
        progress.drawn = (anchor, draw)
        return draw
    }

    @unsafe
    private static func areEqual(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>) -> Bool {
        let a = unsafe UnsafeRawPointer(a)
        let b = unsafe UnsafeRawPointer(b)
        var difference: UInt64 = 0
        for offset in stride(from: 0, to: window, by: 8) {
            let x = unsafe a.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let y = unsafe b.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            difference |= x ^ y
        }
        return difference == 0
    }
}
