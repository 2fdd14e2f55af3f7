internal import CairnCore
package import CairnFormat
internal import CairnIO

/// Turns the entries of one folder, given in order, into tree chunks.
///
/// Leaves and inner nodes are cut by the rules of Specs/Format.md#tree-split, which look at names
/// and sizes only, so
/// one changed entry among millions changes one leaf and the nodes above it. At most one leaf and
/// one node of each level are held.
package struct DirectoryWriter {
    private let sink: MetadataSink
    private var entries: [TreeEntry] = []
    private var scratch = ByteWriter()
    private var splitter = TreeSplitter()
    /// Nodes under construction: the first holds leaves, each further one nodes of the one before.
    private var levels: [(children: [TreeInner.Child], splitter: TreeSplitter)] = []
    private var leafCount = 0

    package init(_ sink: MetadataSink) {
        self.sink = sink
    }

    /// Whether nothing was added.
    package var isEmpty: Bool { entries.isEmpty && leafCount == 0 }

    /// Appends an entry; its name must come after all before it.
    package mutating func add(_ entry: TreeEntry) throws(CairnError) {
        entries.append(entry)
        scratch.removeAll()
        entry.write(to: &scratch)
        if splitter.endsLeaf(afterEntry: entry.name, size: scratch.bytes.count) {
            try finishLeaf()
        }
    }

    /// Ends the folder and returns where its tree begins.
    package mutating func finish() throws(CairnError) -> TreeReference {
        if !entries.isEmpty || leafCount == 0 { try finishLeaf() }
        var level = 0
        while true {
            let isTop = level == levels.count - 1
            // A single child at the top needs no node above it.
            if isTop && levels[level].children.count == 1 {
                return TreeReference(level: UInt8(level), root: levels[level].children[0].id)
            }
            if !levels[level].children.isEmpty { try finishNode(level) }
            level += 1
        }
    }

    private mutating func finishLeaf() throws(CairnError) {
        let leaf = sink.leaf(of: entries)
        let id = try sink.store(leaf.encode(), type: .tree)
        let first = entries.first?.name ?? []
        entries.removeAll(keepingCapacity: true)
        leafCount += 1
        try add(TreeInner.Child(firstName: first, id: id), level: 0)
    }

    /// Appends a finished child of `level` to the node above it, which is `levels[level]`.
    private mutating func add(_ child: TreeInner.Child, level: Int) throws(CairnError) {
        if level == levels.count { levels.append(([], TreeSplitter())) }
        levels[level].children.append(child)
        if levels[level].splitter.endsNode(after: child.firstName) { try finishNode(level) }
    }

    private mutating func finishNode(_ level: Int) throws(CairnError) {
        let children = levels[level].children
        levels[level] = ([], TreeSplitter())
        let node = TreeInner(level: UInt8(level + 1), children: children)
        let id = try sink.store(node.encode(), type: .tree)
        try add(TreeInner.Child(firstName: children[0].firstName, id: id), level: level + 1)
    }
}
