internal import CCairn
internal import Glibc

/// A table of 16-bit numbers, all 0 at first, that need not fit into memory: a large one lies in a
/// file without a name, so that the system can move it out of memory.
///
/// One thread at a time. The pointer never changes and nobody else has it.
@safe package final class ScratchTable {
    /// Tables up to so many bytes stay in memory.
    package static let memorySizeMax = 8 << 20

    private let base: UnsafeMutablePointer<UInt16>?
    /// How many numbers there are.
    package let count: Int

    /// Makes a table.
    ///
    /// - Parameters:
    ///   - count: How many numbers; at least 0.
    ///   - directory: Where a large table may have its file; nil for memory. A disk that has no
    ///     room for it means memory, too.
    /// - Throws: If there is no room in memory either.
    package init(count: Int, directory: [UInt8]?) throws(FileFailure) {
        precondition(count >= 0, "a count")
        self.count = count
        guard count > 0 else {
            unsafe base = nil
            return
        }
        let (size, overflows) = count.multipliedReportingOverflow(by: 2)
        guard !overflows else { throw FileFailure(.map, errno: ENOMEM) }
        var failed: Int32 = 0
        var start: UnsafeMutableRawPointer?
        if size > ScratchTable.memorySizeMax, let directory,
            let file = try? SpillFile(directory: directory)
        {
            unsafe start = file.mapScratch(size)
        }
        if unsafe start == nil { unsafe start = cairn_map_scratch(-1, size, &failed) }
        guard let start = unsafe start else { throw FileFailure(.map, errno: failed) }
        unsafe base = start.bindMemory(to: UInt16.self, capacity: count)
    }

    deinit {
        guard let base = unsafe base else { return }
        unsafe cairn_unmap(base, 2 * count)
    }

    /// The number at a place.
    ///
    /// - Precondition: The place is within `0..<count`.
    package subscript(_ place: Int) -> UInt16 {
        get {
            precondition(place >= 0 && place < count, "outside the table")
            return unsafe base.unsafelyUnwrapped[place]
        }
        set {
            precondition(place >= 0 && place < count, "outside the table")
            unsafe base.unsafelyUnwrapped[place] = newValue
        }
    }
}
