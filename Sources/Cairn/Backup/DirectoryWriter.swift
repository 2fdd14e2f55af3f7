internal import CairnCore
package import CairnFormat
internal import CairnIO

/// Turns the entries of one folder, given in order, into tree chunks.
///
/// Leaves and inner nodes are cut by the rules of Specs/Format.md#tree, which look at names only, so
/// one changed entry among millions changes one leaf and the nodes above it. At most one leaf and
/// one node of each level are held.
package struct DirectoryWriter {
    private let sink: MetadataSink
    private var entries: [TreeEntry] = []
    private var entryBytes = 0
    /// Nodes under construction, from level 1 up.
    private var levels: [[TreeChild]] = []
    private var leafCount = 0

    package init(_ sink: MetadataSink) {
        self.sink = sink
    }

    /// Appends an entry; its name must come after all before it.
    package mutating func add(_ entry: TreeEntry) throws(CairnError) {
        entries.append(entry)
        entryBytes += entry.encodedSizeEstimate
        if TreeSplitter.ends(
            afterName: entry.name, count: entries.count, size: entryBytes)
        {
            try finishLeaf()
        }
    }

    /// Ends the folder and returns where its tree begins.
    package mutating func finish() throws(CairnError) -> TreeReference {
        if !entries.isEmpty || leafCount == 0 { try finishLeaf() }
        // A folder of one leaf has no node above it.
        if leafCount == 1 { return TreeReference(level: 0, root: levels[0][0].id) }
        var level = 0
        while true {
            let isTop = level == levels.count - 1
            if isTop && levels[level].count == 1 {
                return TreeReference(level: UInt8(level), root: levels[level][0].id)
            }
            if !levels[level].isEmpty { try finishNode(level) }
            level += 1
        }
    }

    private mutating func finishLeaf() throws(CairnError) {
        let leaf = TreeLeaf(entries: entries, accounts: sink.accounts)
        let id = try sink.store(leaf.encode(), type: .tree)
        let first = entries.first?.name ?? []
        entries.removeAll(keepingCapacity: true)
        entryBytes = 0
        leafCount += 1
        try add(TreeChild(firstName: first, id: id), level: 0)
    }

    /// Appends a finished child to the node at `level` + 1, which is `levels[level]`.
    private mutating func add(_ child: TreeChild, level: Int) throws(CairnError) {
        if levels.count == level { levels.append([]) }
        levels[level].append(child)
        if TreeSplitter.ends(afterName: child.firstName, count: levels[level].count, size: 0) {
            try finishNode(level)
        }
    }

    private mutating func finishNode(_ level: Int) throws(CairnError) {
        let children = levels[level]
        levels[level].removeAll(keepingCapacity: true)
        let node = TreeInner(level: UInt8(level + 1), children: children)
        let id = try sink.store(node.encode(), type: .tree)
        try add(TreeChild(firstName: children[0].firstName, id: id), level: level + 1)
    }
}
