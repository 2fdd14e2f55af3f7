package import CairnCore
package import CairnFormat
internal import CairnIO

/// Loads tree chunks.
package struct TreeLoader: Sendable {
    package let chunks: ChunkReader

    package init(_ chunks: ChunkReader) {
        self.chunks = chunks
    }

    /// The node under an ID, which must be of `level`.
    package func node(_ id: ChunkID, level: UInt8) throws(CairnError) -> TreeNode {
        let buffer = ByteBuffer()
        try chunks.read(id, into: buffer)
        do throws(DecodingFailure) {
            let node = try TreeNode(decoding: buffer.span)
            switch node {
            case .leaf:
                guard level == 0 else { throw .inconsistent("a leaf at level \(level)") }
            case .inner(let inner):
                guard inner.level == level else {
                    throw .inconsistent("a node of level \(inner.level) at level \(level)")
                }
            }
            return node
        } catch {
            throw CairnError.decoding(error, of: "tree \(id)")
        }
    }

    /// Visits the entries of the leaf under an ID.
    ///
    /// - Throws: If the leaf is damaged, after some of its entries may have been visited.
    func forEachEntry(ofLeaf id: ChunkID, _ body: (TreeEntry) -> Void) throws(CairnError) {
        let buffer = ByteBuffer()
        try chunks.read(id, into: buffer)
        do throws(DecodingFailure) {
            var leaf = try TreeLeafReader(buffer.span)
            while let entry = try leaf.next() { body(entry) }
        } catch {
            throw CairnError.decoding(error, of: "tree \(id)")
        }
    }

    /// A cursor over the folder an entry stands for; nil where the entry is no folder.
    package func cursor(beneath entry: TreeEntry?) throws(CairnError) -> TreeCursor? {
        guard case .directory(let reference)? = entry?.node else { return nil }
        return try TreeCursor(self, reference)
    }

    /// Whether the content of an earlier entry is still in the repository.
    ///
    /// The root chunk stands for all of it: what a committed snapshot refers to is complete, and
    /// cleanup removes a file's chunks only when nothing refers to the file.
    package func holds(_ entry: TreeEntry) -> Bool {
        guard case .regular(let content, _) = entry.node else { return true }
        return content.isEmpty || chunks.index.contains(content.root)
    }
}

/// Goes through the entries of one folder in the order of their names, one leaf at a time.
package struct TreeCursor {
    private let trees: TreeLoader
    /// Inner nodes on the way, each with the next child to take.
    private var path: [(node: TreeInner, next: Int)] = []
    /// The accounts that the present leaf names.
    package private(set) var users: [OwnerName] = []
    package private(set) var groups: [OwnerName] = []
    private var entries: [TreeEntry] = []
    private var position = 0
    private var lastName: [UInt8] = []

    /// Starts before the first entry.
    package init(_ trees: TreeLoader, _ root: TreeReference) throws(CairnError) {
        self.trees = trees
        try descend(root.root, level: root.level)
    }

    private mutating func descend(_ id: ChunkID, level: UInt8) throws(CairnError) {
        var id = id
        var level = level
        while true {
            switch try trees.node(id, level: level) {
            case .leaf(let leaf):
                entries = leaf.entries
                users = leaf.users
                groups = leaf.groups
                position = 0
                if let first = entries.first, !lastName.lexicographicallyPrecedes(first.name) {
                    throw CairnError(.damaged, "tree \(id) is out of order; run 'check'")
                }
                return
            case .inner(let inner):
                path.append((inner, 1))
                id = inner.children[0].id
                level -= 1
            }
        }
    }

    /// The next entry, or nil after the last.
    package mutating func next() throws(CairnError) -> TreeEntry? {
        guard let entry = try peek() else { return nil }
        position += 1
        lastName = entry.name
        return entry
    }

    /// The entry that `next` would give.
    private mutating func peek() throws(CairnError) -> TreeEntry? {
        while position == entries.count {
            guard try advance() else { return nil }
        }
        return entries[position]
    }

    /// Loads the next leaf; false after the last.
    private mutating func advance() throws(CairnError) -> Bool {
        while let top = path.last {
            if top.next < top.node.children.count {
                path[path.count - 1].next += 1
                try descend(top.node.children[top.next].id, level: top.node.level - 1)
                return true
            }
            path.removeLast()
        }
        return false
    }

    /// The entry of this name, or nil; names must be asked for in ascending order.
    package mutating func entry(named name: [UInt8]) throws(CairnError) -> TreeEntry? {
        while let entry = try peek() {
            if entry.name == name {
                _ = try next()
                return entry
            }
            guard entry.name.lexicographicallyPrecedes(name) else { return nil }
            _ = try next()
        }
        return nil
    }
}
