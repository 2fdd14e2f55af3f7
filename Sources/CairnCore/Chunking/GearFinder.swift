internal import CCairn

/// FastCDC with the 64-bit Gear hash: cut-point skipping, normalized chunking of level 1, and
/// thresholds in place of masks, so that any mean can be had (Specs/Chunking.md#fastcdc).
struct GearFinder: Sendable {
    private let table: [UInt64]
    private let kernel: ScanKernel
    private let sizeMin: Int
    private let sizeMean: Int
    private let limitStrict: UInt64
    private let limitLoose: UInt64

    init(_ parameters: ChunkerParameters, _ tables: ChunkerTables, _ kernel: ScanKernel) {
        table = tables.gear()
        self.kernel = kernel
        sizeMin = parameters.sizeMin
        sizeMean = parameters.sizeMean
        limitStrict = UInt64.max / (4 * parameters.positionsPerCut)
        limitLoose = UInt64.max / parameters.positionsPerCut
    }

    /// The length of the chunk, where one of the first `size` bytes ends it.
    ///
    /// - Precondition: `sizeMin < size <= bytes.count`.
    func find(_ bytes: Span<UInt8>, _ size: Int, _ progress: inout ScanProgress) -> Int? {
        let from = max(sizeMin - 1, progress.scanned)
        let normal = min(max(sizeMean - 1, from), size)
        let hit = scan(bytes, from, normal, limitStrict) ?? scan(bytes, normal, size, limitLoose)
        progress.scanned = size
        return hit.map { $0 + 1 }
    }

    private func scan(_ bytes: Span<UInt8>, _ from: Int, _ to: Int, _ limit: UInt64) -> Int? {
        guard from < to else { return nil }
        let hit = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe table.withUnsafeBufferPointer { table in
                unsafe cairn_scan_gear(
                    kernel.code,
                    table.baseAddress.unsafelyUnwrapped,
                    bytes.baseAddress.unsafelyUnwrapped,
                    from,
                    to,
                    limit
                )
            }
        }
        return hit < to ? hit : nil
    }
}
