package import CairnCore

/// Entries of a directory: all of them, or a run of a large one: Specs/Format.md#tree-leaf.
///
/// Stored as u8 1 ‖ u8 0 ‖ users ‖ groups ‖ varint entry count ‖ entries ascending by name.
package struct TreeLeaf: Hashable, Sendable {
    /// Names of owners that occur in the entries, ascending by ID.
    package var users: [OwnerName]
    /// Names of owning groups that occur in the entries, ascending by ID.
    package var groups: [OwnerName]
    /// The entries, strictly ascending by the bytes of their names.
    package var entries: [TreeEntry]

    /// Puts a leaf together; ``validate()`` says whether it may be stored.
    package init(users: [OwnerName] = [], groups: [OwnerName] = [], entries: [TreeEntry]) {
        self.users = users
        self.groups = groups
        self.entries = entries
    }
}

/// The name of a user or a group on the machine that was backed up.
package struct OwnerName: Hashable, Sendable {
    /// The longest name in bytes.
    package static let sizeMax = 256

    /// The numeric ID.
    package let id: UInt32
    /// The name, at most 256 bytes.
    package let name: [UInt8]

    /// Joins an ID and its name.
    package init(id: UInt32, name: [UInt8]) {
        self.id = id
        self.name = name
    }
}

extension TreeLeaf: StoredValue {
    package func validate() throws(DecodingFailure) {
        try OwnerName.validate(users)
        try OwnerName.validate(groups)
        try require(entries.count <= FormatLimits.nodeCountMax, "entry count")
        for entry in entries { try entry.validate() }
        let pairs = zip(entries, entries.dropFirst())
        let isAscending = pairs.allSatisfy { $0.name.lexicographicallyPrecedes($1.name) }
        try require(isAscending, "entry order")
    }

    package func write(to writer: inout ByteWriter) {
        TreeLeaf.writeHead(users: users, groups: groups, entryCount: entries.count, to: &writer)
        for entry in entries { entry.write(to: &writer) }
    }

    /// Appends everything before the entries, for a writer that has them encoded already.
    ///
    /// - Parameters:
    ///   - users: Names of owners, ascending by ID.
    ///   - groups: Names of owning groups, ascending by ID.
    ///   - entryCount: How many entries follow.
    ///   - writer: Where the bytes go.
    package static func writeHead(
        users: [OwnerName],
        groups: [OwnerName],
        entryCount: Int,
        to writer: inout ByteWriter
    ) {
        writer.write(1 as UInt8)
        writer.write(0 as UInt8)
        OwnerName.write(users, to: &writer)
        OwnerName.write(groups, to: &writer)
        writer.writeVarint(UInt64(entryCount))
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        let head = try TreeLeafHead(from: &reader)
        users = head.users
        groups = head.groups
        entries = []
        entries.reserveCapacity(head.entryCount)
        for _ in 0..<head.entryCount {
            let start = reader.offset
            let entry = try TreeEntry(from: &reader)
            if let last = entries.last, !last.name.lexicographicallyPrecedes(entry.name) {
                throw .notCanonical(offset: start)
            }
            entries.append(entry)
        }
    }
}

/// Reads the entries of a leaf one after the other.
///
/// ``next()`` has to be called until it gives nil: only then is the whole leaf known to be sound.
package struct TreeLeafReader: ~Escapable {
    /// Names of owners that occur in the entries, ascending by ID.
    package let users: [OwnerName]
    /// Names of owning groups that occur in the entries, ascending by ID.
    package let groups: [OwnerName]
    /// How many entries ``next()`` has yet to give.
    package private(set) var remaining: Int
    private var reader: ByteReader
    private var lastName: [UInt8] = []

    /// Reads everything before the entries.
    @_lifetime(copy bytes)
    package init(_ bytes: Span<UInt8>) throws(DecodingFailure) {
        var reader = ByteReader(bytes)
        let head = try TreeLeafHead(from: &reader)
        users = head.users
        groups = head.groups
        remaining = head.entryCount
        self.reader = reader
    }

    /// The next entry; nil after the last.
    @_lifetime(self: copy self)
    package mutating func next() throws(DecodingFailure) -> TreeEntry? {
        guard remaining > 0 else {
            try reader.expectEnd()
            return nil
        }
        let start = reader.offset
        let entry = try TreeEntry(from: &reader)
        // No name is empty, so the first one follows the empty name.
        guard lastName.lexicographicallyPrecedes(entry.name) else {
            throw .notCanonical(offset: start)
        }
        lastName = entry.name
        remaining -= 1
        return entry
    }
}

/// Everything in a leaf before its entries.
private struct TreeLeafHead {
    let users: [OwnerName]
    let groups: [OwnerName]
    let entryCount: Int

    init(from reader: inout ByteReader) throws(DecodingFailure) {
        let level = try reader.readTreeLevel()
        try require(level == 0, "a tree's inner node in place of a leaf")
        users = try OwnerName.readList(from: &reader)
        groups = try OwnerName.readList(from: &reader)
        entryCount = try reader.readCount(
            limit: FormatLimits.nodeCountMax,
            itemSizeMin: TreeEntry.sizeMin
        )
    }
}

extension ByteReader {
    /// Reads the version and the level of a tree node.
    @_lifetime(self: copy self)
    mutating func readTreeLevel() throws(DecodingFailure) -> UInt8 {
        let version = try readUInt8()
        guard version == 1 else { throw .unsupported("tree version \(version)") }
        let start = offset
        let level = try readUInt8()
        guard level <= FormatLimits.treeLevelMax else { throw .outOfRange(offset: start) }
        return level
    }
}

extension OwnerName {
    fileprivate static func validate(_ list: [OwnerName]) throws(DecodingFailure) {
        try require(list.count <= FormatLimits.nodeCountMax, "owner count")
        try require(list.allSatisfy { $0.name.count <= OwnerName.sizeMax }, "owner name size")
        let isAscending = zip(list, list.dropFirst()).allSatisfy { $0.id < $1.id }
        try require(isAscending, "owner order")
    }

    fileprivate static func write(_ list: [OwnerName], to writer: inout ByteWriter) {
        writer.writeVarint(UInt64(list.count))
        for owner in list {
            writer.writeVarint(UInt64(owner.id))
            writer.writeCountedBytes(owner.name)
        }
    }

    fileprivate static func readList(
        from reader: inout ByteReader
    ) throws(DecodingFailure) -> [OwnerName] {
        let count = try reader.readCount(limit: FormatLimits.nodeCountMax, itemSizeMin: 2)
        var list: [OwnerName] = []
        list.reserveCapacity(count)
        for _ in 0..<count {
            let start = reader.offset
            let id = try reader.readVarint32()
            if let last = list.last, last.id >= id { throw .notCanonical(offset: start) }
            list.append(OwnerName(id: id, name: try reader.readCountedBytes(limit: sizeMax)))
        }
        return list
    }
}
