package import CairnCore

/// A node above the leaves of a large directory: Specs/Format.md#tree-inner.
///
/// Stored as u8 1 ‖ u8 level ‖ varint count ‖ count × (counted first name ‖ ID 32).
/// Invariants: children stand one level lower; first names ascend strictly.
package struct TreeInner: Hashable, Sendable {
    /// A node one level lower.
    package struct Child: Hashable, Sendable {
        /// The first name below the child.
        package let firstName: [UInt8]
        /// The child.
        package let id: ChunkID

        /// Joins a child and its first name.
        package init(firstName: [UInt8], id: ChunkID) {
            self.firstName = firstName
            self.id = id
        }
    }

    /// The fewest bytes a child can have.
    static let childSizeMin = 2 + ChunkID.size

    /// How far above the leaves this node is: 1 or more.
    package var level: UInt8
    /// The nodes below, ascending by first name.
    package var children: [Child]

    /// Puts a node together; ``validate()`` says whether it may be stored.
    package init(level: UInt8, children: [Child]) {
        self.level = level
        self.children = children
    }

    /// The children below which `name` may be: the one whose range holds it, or none.
    package func child(holding name: [UInt8]) -> Child? {
        var low = 0
        var high = children.count
        // Invariant: children before `low` begin at or before the name, those from `high` after it.
        while low < high {
            let middle = (low + high) / 2
            if name.lexicographicallyPrecedes(children[middle].firstName) {
                high = middle
            } else {
                low = middle + 1
            }
        }
        return low > 0 ? children[low - 1] : nil
    }
}

extension TreeInner: StoredValue {
    package func validate() throws(DecodingFailure) {
        try require(level >= 1 && level <= FormatLimits.treeLevelMax, "tree level")
        try require(!children.isEmpty, "inner node without children")
        try require(children.count <= FormatLimits.nodeCountMax, "child count")
        let areNames = children.allSatisfy { TreeEntry.isStorable(name: $0.firstName) }
        try require(areNames, "first name of a child")
        let pairs = zip(children, children.dropFirst())
        let isAscending = pairs.allSatisfy {
            $0.firstName.lexicographicallyPrecedes($1.firstName)
        }
        try require(isAscending, "child order")
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(1 as UInt8)
        writer.write(level)
        writer.writeVarint(UInt64(children.count))
        for child in children {
            writer.writeCountedBytes(child.firstName)
            writer.write(child.id)
        }
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        level = try reader.readTreeLevel()
        let count = try reader.readCount(
            limit: FormatLimits.nodeCountMax,
            itemSizeMin: TreeInner.childSizeMin
        )
        children = []
        children.reserveCapacity(count)
        for _ in 0..<count {
            let name = try reader.readCountedBytes(limit: FormatLimits.nameSizeMax)
            children.append(Child(firstName: name, id: try reader.readChunkID()))
        }
        try validate()
    }
}

/// A tree chunk, whichever it is.
package enum TreeNode: Hashable, Sendable {
    /// Entries of a directory.
    case leaf(TreeLeaf)
    /// A node above others.
    case inner(TreeInner)
}

extension TreeNode: StoredValue {
    package func validate() throws(DecodingFailure) {
        switch self {
        case .leaf(let leaf): try leaf.validate()
        case .inner(let inner): try inner.validate()
        }
    }

    package func write(to writer: inout ByteWriter) {
        switch self {
        case .leaf(let leaf): leaf.write(to: &writer)
        case .inner(let inner): inner.write(to: &writer)
        }
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        var ahead = reader
        if try ahead.readTreeLevel() == 0 {
            self = .leaf(try TreeLeaf(from: &reader))
        } else {
            self = .inner(try TreeInner(from: &reader))
        }
    }
}
