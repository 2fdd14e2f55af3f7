internal import CairnFormat

/// Where the stored bytes of a file with holes belong.
struct SparseMap: Sendable {
    /// For each extent: where it begins in the content and in the file, and its length.
    private let extents: [(content: UInt64, file: UInt64, length: UInt64)]

    /// Lays the extents out; the layout has been validated, so no sum overflows.
    init(_ layout: SparseLayout) {
        var extents: [(content: UInt64, file: UInt64, length: UInt64)] = []
        extents.reserveCapacity(layout.extents.count)
        var (content, file): (UInt64, UInt64) = (0, 0)
        for extent in layout.extents {
            file += extent.gap
            extents.append((content, file, extent.length))
            content += extent.length
            file += extent.length
        }
        self.extents = extents
    }

    /// Calls `body` with each part of a range of the content and where it belongs in the file.
    func forEach<E: Error>(
        _ range: Range<UInt64>,
        _ body: (Range<UInt64>, UInt64) throws(E) -> Void
    ) throws(E) {
        var (low, high) = (0, extents.count)
        while low < high {
            let middle = (low + high) / 2
            if extents[middle].content + extents[middle].length <= range.lowerBound {
                low = middle + 1
            } else {
                high = middle
            }
        }
        while low < extents.count, extents[low].content < range.upperBound {
            let extent = extents[low]
            let start = max(extent.content, range.lowerBound)
            let end = min(extent.content + extent.length, range.upperBound)
            try body(start..<end, extent.file + (start - extent.content))
            low += 1
        }
    }

    /// The stored parts of a range of the file, in order: where in the content they are and where
    /// they begin in the file.
    func parts(inFile range: Range<UInt64>) -> [(content: Range<UInt64>, file: UInt64)] {
        var (low, high) = (0, extents.count)
        while low < high {
            let middle = (low + high) / 2
            if extents[middle].file + extents[middle].length <= range.lowerBound {
                low = middle + 1
            } else {
                high = middle
            }
        }
        var parts: [(content: Range<UInt64>, file: UInt64)] = []
        while low < extents.count, extents[low].file < range.upperBound {
            let extent = extents[low]
            let start = max(extent.file, range.lowerBound)
            let end = min(extent.file + extent.length, range.upperBound)
            let content = extent.content + (start - extent.file)
            parts.append((content..<content + (end - start), start))
            low += 1
        }
        return parts
    }
}
