internal import CairnCore
internal import CairnFormat

/// Visits the ID of every chunk that a snapshot refers to: its trees, its files' lists and data,
/// and its list of problems. A tree or list that was visited is not visited again.
struct SnapshotReferences {
    private let chunks: ChunkReader
    private let trees: TreeLoader
    private let cancellation: Cancellation

    /// Reads through `chunks`.
    init(_ chunks: ChunkReader, _ cancellation: Cancellation) {
        self.chunks = chunks
        trees = TreeLoader(chunks)
        self.cancellation = cancellation
    }

    /// What is still to be visited. The stack grows with depth and width of a path, not with the
    /// snapshot: a node's children are pushed together and taken one by one.
    private enum Node {
        case tree(ChunkID, level: UInt8)
        case content(ChunkID, depth: UInt8)
    }

    /// Visits everything.
    ///
    /// - Parameter body: Gets each node before what lies beneath it; data chunks as often as they
    ///   are referred to.
    func forEach(
        _ record: SnapshotRecord,
        _ body: (ChunkID) throws(CairnError) -> Void
    ) throws(CairnError) {
        var visited: Set<ChunkID> = []
        var stack: [Node] = [.tree(record.tree.root, level: record.tree.level)]
        for content in [record.problems, record.referenceSummary] where !content.isEmpty {
            stack.append(.content(content.root, depth: content.depth))
        }
        while let node = stack.popLast() {
            try cancellation.check()
            switch node {
            case .content(let id, depth: 0):
                try body(id)
            case .content(let id, let depth):
                guard visited.insert(id).inserted else { continue }
                try body(id)
                for entry in try chunks.list(id, depth: depth).entries {
                    stack.append(.content(entry.id, depth: depth - 1))
                }
            case .tree(let id, let level):
                guard visited.insert(id).inserted else { continue }
                try body(id)
                stack += SnapshotReferences.children(try trees.node(id, level: level))
            }
        }
    }

    private static func children(_ node: TreeNode) -> [Node] {
        switch node {
        case .inner(let inner):
            inner.children.map { .tree($0.id, level: inner.level - 1) }
        case .leaf(let leaf):
            leaf.entries.compactMap { entry in
                switch entry.node {
                case .directory(let tree): .tree(tree.root, level: tree.level)
                case .regular(let content, _) where !content.isEmpty:
                    .content(content.root, depth: content.depth)
                default: nil
                }
            }
        }
    }
}
