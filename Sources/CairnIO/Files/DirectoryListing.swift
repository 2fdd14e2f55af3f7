internal import CCairn
internal import Glibc

/// The names in a directory, sorted as bytes and without `.` and `..`.
///
/// Names lie end to end in one place, with 16 bytes each beside them; a name becomes an array when
/// it is asked for. So 10^6 entries take about 30 MB and no million small arrays.
package struct DirectoryListing: RandomAccessCollection, Sendable {
    private struct Entry {
        /// The first eight bytes, big-endian, padded with zeros: orders most names by itself.
        var prefix: UInt64
        var offset: UInt32
        var length: UInt16
        /// `d_type` of the entry.
        var type: UInt8
    }

    private var bytes: [UInt8] = []
    private var entries: [Entry] = []

    package var startIndex: Int { 0 }
    package var endIndex: Int { entries.count }

    package subscript(position: Int) -> FileName {
        let entry = entries[position]
        return FileName(bytes[Int(entry.offset)..<Int(entry.offset) + Int(entry.length)])
    }

    /// What the directory itself says an entry is, or nil where it does not say. A hint: the entry
    /// may be something else by now.
    package func kind(at position: Int) -> FileKind? {
        let type = entries[position].type
        return type == 0 ? nil : FileKind(mode: UInt32(type) << 12)
    }

    /// Lists names that are known already; each must be valid.
    ///
    /// - Throws: For a name longer than any file system has.
    package init(_ names: [FileName]) throws(FileFailure) {
        for name in names {
            guard let length = UInt16(exactly: name.count),
                let offset = UInt32(exactly: bytes.count)
            else { throw FileFailure(.list, errno: ENAMETOOLONG) }
            let prefix = unsafe name.withUnsafeBytes { unsafe DirectoryListing.prefix($0) }
            bytes += name
            entries.append(Entry(prefix: prefix, offset: offset, length: length, type: 0))
        }
        sort()
    }

    /// Whether there is such a name.
    package func contains(_ name: FileName) -> Bool {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].lexicographicallyPrecedes(name) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < count && self[low] == name
    }

    /// Reads the whole directory behind `descriptor`.
    init(readingFrom descriptor: borrowing Descriptor) throws(FileFailure) {
        try check(Int64(cairn_rewind(descriptor.number)), .list)
        let number = descriptor.number
        let sizeMax = 64 * 1024
        let failed = unsafe withUnsafeTemporaryAllocation(byteCount: sizeMax, alignment: 8) {
            buffer -> Int64 in
            guard let start = buffer.baseAddress else { return 0 }
            while true {
                let size = unsafe cairn_read_entries(number, start, sizeMax)
                guard size > 0 else { return size }
                let filled = unsafe UnsafeRawBufferPointer(start: start, count: Int(size))
                guard unsafe append(filled) else { return -Int64(FileFailure.tooManyEntries) }
            }
        }
        try check(failed, .list)
        sort()
    }

    /// Takes in what one call of getdents64 gave: u64 inode, u64 offset, u16 length of the record,
    /// u8 type, name, NUL. False where names take more than 4 GiB.
    private mutating func append(_ records: UnsafeRawBufferPointer) -> Bool {
        let nameOffset = 19
        var position = 0
        while position + nameOffset < records.count {
            let length = Int(
                unsafe records.loadUnaligned(fromByteOffset: position + 16, as: UInt16.self)
            )
            guard length > nameOffset && position + length <= records.count else { return false }
            let type = unsafe records[position + 18]
            let room = unsafe UnsafeRawBufferPointer(
                rebasing: records[position + nameOffset..<position + length]
            )
            position += length
            let nameSize = unsafe room.firstIndex(of: 0) ?? room.count
            let name = unsafe UnsafeRawBufferPointer(rebasing: room[0..<nameSize])
            guard unsafe DirectoryListing.isName(name) else { continue }
            guard let offset = UInt32(exactly: bytes.count) else { return false }
            unsafe bytes.append(contentsOf: name)
            unsafe entries.append(
                Entry(
                    prefix: DirectoryListing.prefix(name),
                    offset: offset,
                    length: UInt16(nameSize),
                    type: type
                )
            )
        }
        return true
    }

    private static func isName(_ name: UnsafeRawBufferPointer) -> Bool {
        let dot = UInt8(ascii: ".")
        guard let first = unsafe name.first else { return false }
        guard first == dot && name.count <= 2 else {
            // The kernel never gives a slash, but a file system in user space might try.
            return unsafe !name.contains(UInt8(ascii: "/"))
        }
        guard name.count == 2 else { return false }
        return unsafe name[1] != dot
    }

    private static func prefix(_ name: UnsafeRawBufferPointer) -> UInt64 {
        if name.count >= 8 {
            return unsafe UInt64(bigEndian: name.loadUnaligned(as: UInt64.self))
        }
        var value: UInt64 = 0
        for index in 0..<name.count {
            value |= unsafe UInt64(name[index]) << UInt64(56 - 8 * index)
        }
        return value
    }

    /// Sorts and drops names that came twice, as they may while others change the directory.
    private mutating func sort() {
        let bytes = self.bytes
        let names = bytes.span
        entries.sort { a, b in
            a.prefix == b.prefix ? DirectoryListing.precedes(a, b, names) : a.prefix < b.prefix
        }
        var kept = 0
        for index in entries.indices {
            if kept > 0,
                DirectoryListing.isSame(entries[kept - 1], entries[index], names)
            {
                continue
            }
            if kept != index { entries[kept] = entries[index] }
            kept += 1
        }
        entries.removeLast(entries.count - kept)
    }

    private static func precedes(_ a: Entry, _ b: Entry, _ names: Span<UInt8>) -> Bool {
        let common = Int(Swift.min(a.length, b.length))
        var index = Swift.min(8, common)
        while index < common {
            let x = names[Int(a.offset) + index]
            let y = names[Int(b.offset) + index]
            if x != y { return x < y }
            index += 1
        }
        return a.length < b.length
    }

    private static func isSame(_ a: Entry, _ b: Entry, _ names: Span<UInt8>) -> Bool {
        a.prefix == b.prefix && !precedes(a, b, names) && !precedes(b, a, names)
    }
}
