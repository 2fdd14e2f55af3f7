internal import CCairn
internal import Glibc

/// An array of plain values that need not fit into memory: a large one lies in a file without a
/// name, so that the system can move it out of memory.
///
/// A value as an array is: of two that share their elements, one that changes gets its own. Where
/// memory gives out while it grows, the process ends, as with an array.
@usableFromInline
@safe package struct ScratchArray<Element: BitwiseCopyable & Sendable>: Sendable {
    @usableFromInline var size = 0
    /// Has room for all elements; none where there are none.
    @usableFromInline var region: ScratchRegion?
    // Beside the region, so that reading counts no references. Leads to the region's bytes.
    @usableFromInline nonisolated(unsafe) var base: UnsafeMutablePointer<Element>?
    /// How many elements the region has room for.
    @usableFromInline var capacity = 0
    /// Where a large one may have its file.
    @usableFromInline let directory: [UInt8]?

    /// Without elements.
    ///
    /// - Parameter directory: Where a large one may have its file; nil for memory. A disk that has
    ///   no room for it means memory, too.
    @inlinable
    package init(directory: [UInt8]?) {
        self.directory = directory
    }

    /// Has so many times the same.
    ///
    /// - Throws: If there is no room in memory either.
    /// - Precondition: `count` is not negative.
    package init(
        repeating element: Element,
        count: Int,
        directory: [UInt8]?
    ) throws(FileFailure) {
        precondition(count >= 0, "a count")
        self.init(directory: directory)
        guard count > 0 else { return }
        let bytes = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        let region = try ScratchRegion(
            size: bytes.overflow ? .max : bytes.partialValue,
            directory: directory
        )
        take(region)
        size = count
        // The bytes are 0, and a page that is not touched takes no room.
        let isZero = unsafe withUnsafeBytes(of: element) { bytes in
            unsafe bytes.allSatisfy { $0 == 0 }
        }
        if !isZero { unsafe elements.initialize(repeating: element, count: count) }
    }

    /// Makes room for so many elements in all, where it is known how many will come.
    package mutating func reserveCapacity(_ count: Int) {
        if count > capacity { own(room: count) }
    }

    /// Adds an element at the end.
    @inlinable
    package mutating func append(_ element: Element) {
        own(room: size + 1)
        unsafe elements[size] = element
        size += 1
    }

    /// Leaves only the first elements.
    ///
    /// - Precondition: There are so many.
    package mutating func truncate(to count: Int) {
        precondition((0...self.count).contains(count), "more than there are")
        size = count
    }

    /// Sorts the elements; like ones keep their order. Takes as much room again while it works, on
    /// disk where that is much.
    @inlinable
    package mutating func sort(by precedes: (Element, Element) -> Bool) {
        guard count > 1 else { return }
        own(room: count)
        let block = Swift.max(ScratchRegion.blockSize / MemoryLayout<Element>.stride, 2)
        var isSorted = true
        for start in stride(from: 0, to: count, by: block) {
            let first = unsafe elements + start
            let size = Swift.min(block, count - start)
            var piece = unsafe UnsafeMutableBufferPointer(start: first, count: size)
            unsafe piece.sort(by: precedes)
            if start > 0 { isSorted = unsafe isSorted && !precedes(first[0], first[-1]) }
        }
        if isSorted { return }
        var spare = ScratchArray(directory: directory)
        spare.own(room: count)
        var width = block
        while width < count {
            let (source, target) = unsafe (elements, spare.elements)
            for start in stride(from: 0, to: count, by: 2 * width) {
                let middle = Swift.min(start + width, count)
                let end = Swift.min(middle + width, count)
                unsafe ScratchArray.merge(source, start, middle, end, into: target, precedes)
            }
            swap(&region, &spare.region)
            unsafe swap(&base, &spare.base)
            swap(&capacity, &spare.capacity)
            width *= 2
        }
    }

    /// Merges two sorted stretches that lie one after the other into the same places elsewhere.
    @inlinable
    static func merge(
        _ source: UnsafeMutablePointer<Element>,
        _ start: Int,
        _ middle: Int,
        _ end: Int,
        into target: UnsafeMutablePointer<Element>,
        _ precedes: (Element, Element) -> Bool
    ) {
        var (left, right, place) = (start, middle, start)
        let overlaps = unsafe middle < end && precedes(source[middle], source[middle - 1])
        while overlaps && left < middle && right < end {
            if unsafe precedes(source[right], source[left]) {
                unsafe target[place] = source[right]
                right += 1
            } else {
                unsafe target[place] = source[left]
                left += 1
            }
            place += 1
        }
        unsafe (target + place).update(from: source + left, count: middle - left)
        place += middle - left
        unsafe (target + place).update(from: source + right, count: end - right)
    }

    /// The first element.
    ///
    /// - Precondition: There is a region.
    @inlinable var elements: UnsafeMutablePointer<Element> { unsafe base.unsafelyUnwrapped }

    /// Sees to it that the region is this array's alone and has room for so many elements.
    @inlinable
    mutating func own(room: Int) {
        if isKnownUniquelyReferenced(&region) && room <= capacity { return }
        move(room: room)
    }

    /// Moves the elements to a region of their own.
    @usableFromInline
    mutating func move(room: Int) {
        // Twice as much as there is, so that what grows is not moved each time.
        let wanted = room > size ? Swift.max(room, 2 * size) : size
        let bytes = Swift.max(wanted * MemoryLayout<Element>.stride, ScratchRegion.sizeMin)
        guard let moved = try? ScratchRegion(size: bytes, directory: directory) else {
            preconditionFailure("there is no memory for an array")
        }
        let (old, from) = unsafe (region, base)
        take(moved)
        withExtendedLifetime(old) {
            if let from = unsafe from { unsafe elements.update(from: from, count: size) }
        }
    }

    private mutating func take(_ region: ScratchRegion) {
        self.region = region
        capacity = region.size / MemoryLayout<Element>.stride
        unsafe base = region.base.bindMemory(to: Element.self, capacity: capacity)
    }
}

extension ScratchArray: RandomAccessCollection {
    // Plain numbers, which hold no second reference to the elements.
    @usableFromInline package typealias Indices = Range<Int>

    @inlinable package var startIndex: Int { 0 }
    @inlinable package var endIndex: Int { size }
    @inlinable package var count: Int { size }

    /// - Precondition: The position is within `0..<count`.
    @inlinable
    package subscript(position: Int) -> Element {
        get {
            precondition(position >= 0 && position < size, "outside the array")
            return unsafe elements[position]
        }
        _modify {
            precondition(position >= 0 && position < size, "outside the array")
            own(room: size)
            yield unsafe &elements[position]
        }
    }
}

/// The room of a ``ScratchArray``, all 0 at first. Only the array that alone refers to it writes.
@usableFromInline
@safe package final class ScratchRegion: @unchecked Sendable {
    /// Regions up to so many bytes stay in memory.
    package static let memorySizeMax = 1 << 20
    /// The bytes that a sort takes in memory at a time.
    @usableFromInline static let blockSize = 256 << 10
    /// A page: the smallest region there is.
    @usableFromInline static let sizeMin = 4096

    @usableFromInline let base: UnsafeMutableRawPointer
    /// In bytes; at least 1.
    @usableFromInline let size: Int

    /// - Throws: If there is no room in memory either.
    @usableFromInline
    init(size: Int, directory: [UInt8]?) throws(FileFailure) {
        precondition(size > 0, "a region has bytes")
        var failed: Int32 = 0
        var start: UnsafeMutableRawPointer?
        if size > ScratchRegion.memorySizeMax, let directory,
            let file = try? SpillFile(directory: directory)
        {
            unsafe start = file.mapScratch(size)
        }
        if unsafe start == nil { unsafe start = cairn_map_scratch(-1, size, &failed) }
        guard let start = unsafe start else { throw FileFailure(.map, errno: failed) }
        unsafe base = start
        self.size = size
    }

    deinit {
        unsafe cairn_unmap(base, size)
    }
}
