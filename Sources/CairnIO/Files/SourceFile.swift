internal import CCairn
package import CairnCore
internal import Glibc

/// A regular file that is open for reading, closed when the last reference to it goes.
///
/// The file may change while it is read: compare ``metadata()`` afterwards with ``opened``.
package final class SourceFile: Sendable {
    private let descriptor: Descriptor
    /// What the file system said when the file was opened.
    package let opened: FileMetadata

    init(_ descriptor: consuming Descriptor) throws(FileFailure) {
        let metadata = try descriptor.metadata()
        guard metadata.kind == .regular else { throw .replaced(.open) }
        opened = metadata
        self.descriptor = descriptor
    }

    /// Appends the bytes that follow those of the last call to `buffer`. One thread at a time.
    ///
    /// - Returns: How many came, at most `size`; 0 only at the end.
    package func read(upTo size: Int, into buffer: ByteBuffer) throws(FileFailure) -> Int {
        try buffer.append(upTo: size) { room throws(FileFailure) in
            let result = unsafe room.withUnsafeMutableBufferPointer { bytes -> Int64 in
                guard let start = bytes.baseAddress else { return 0 }
                return unsafe cairn_read(descriptor.number, start, bytes.count)
            }
            return try check(result, .read)
        }
    }

    /// Appends bytes from `offset` on to `buffer`. Any number of threads.
    ///
    /// - Returns: How many came, at most `size`; 0 only at or past the end.
    package func read(
        at offset: UInt64,
        upTo size: Int,
        into buffer: ByteBuffer
    ) throws(FileFailure) -> Int {
        guard offset <= UInt64(Int64.max) else { return 0 }
        return try buffer.append(upTo: size) { room throws(FileFailure) in
            let result = unsafe room.withUnsafeMutableBufferPointer { bytes -> Int64 in
                guard let start = bytes.baseAddress else { return 0 }
                return unsafe cairn_read_at(descriptor.number, start, bytes.count, offset)
            }
            return try check(result, .read)
        }
    }

    /// What the file system says about the file now.
    package func metadata() throws(FileFailure) -> FileMetadata {
        try descriptor.metadata()
    }

    /// The extended attributes, sorted by name.
    package func extendedAttributes() throws(FileFailure) -> [ExtendedAttribute] {
        try AttributeHolder.descriptor(descriptor.number).read()
    }

    /// The first range of data that ends past `offset`, cut to `offset..<size`; nil where only a
    /// hole follows. A file system that knows no holes says everything is data.
    package func nextDataExtent(
        from offset: UInt64,
        size: UInt64
    ) throws(FileFailure) -> Range<UInt64>? {
        guard offset < size, size <= UInt64(Int64.max) else { return nil }
        let start = cairn_seek_data(descriptor.number, offset)
        if start == -Int64(ENXIO) { return nil }
        if start == -Int64(EINVAL) || start == -Int64(EOPNOTSUPP) { return offset..<size }
        let first = UInt64(try check(start, .findData))
        guard first < size else { return nil }
        let end = cairn_seek_hole(descriptor.number, first)
        // The file may have been cut short in between.
        guard end != -Int64(ENXIO) else { return nil }
        let last = min(UInt64(try check(end, .findData)), size)
        return last > first ? first..<last : nil
    }

    /// Every range of data below `size`, ascending; worth asking only where
    /// ``FileMetadata/mayHaveHoles`` says so. Moves the place of ``read(upTo:into:)``, so read at
    /// offsets afterwards.
    ///
    /// - Parameter countMax: The most ranges to look for; all that follows the last of them counts
    ///   as data, so that a file of many holes costs no more than that.
    package func dataExtents(
        size: UInt64,
        countMax: Int = 1 << 16
    ) throws(FileFailure) -> [Range<UInt64>] {
        var extents: [Range<UInt64>] = []
        var offset: UInt64 = 0
        while let extent = try nextDataExtent(from: offset, size: size) {
            guard extents.count + 1 < countMax else {
                extents.append(extent.lowerBound..<size)
                break
            }
            extents.append(extent)
            offset = extent.upperBound
        }
        return extents
    }

    /// Tells the system that the file is about to be read from front to back.
    package func adviseSequential() {
        cairn_advise_file(descriptor.number, 0, 0, Int32(cairn_advice_sequential))
    }

    /// Asks the system to start reading a range.
    package func adviseWillNeed(_ range: Range<UInt64>) {
        cairn_advise_file(
            descriptor.number,
            range.lowerBound,
            range.upperBound - range.lowerBound,
            Int32(cairn_advice_will_need)
        )
    }

    /// Tells the system that a range need not stay in its cache.
    package func adviseDone(_ range: Range<UInt64>) {
        cairn_advise_file(
            descriptor.number,
            range.lowerBound,
            range.upperBound - range.lowerBound,
            Int32(cairn_advice_done)
        )
    }
}
