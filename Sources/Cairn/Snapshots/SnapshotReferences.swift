internal import CairnCore
internal import CairnFormat

/// Goes through everything that a snapshot refers to: its trees, its files' lists and data, and its
/// list of problems.
///
/// What a chunk is depends on who refers to it, not on its bytes: a file may hold the very bytes of
/// a tree, and then one ID is data here and a tree there. Whoever remembers what was opened keeps
/// the kinds apart.
struct SnapshotReferences {
    /// What a chunk is to whoever refers to it.
    enum Kind: Int, CaseIterable {
        case data, tree, list
    }

    private enum Node {
        case tree(ChunkID, level: UInt8)
        case list(ChunkID, depth: UInt8)
    }

    private let chunks: ChunkReader
    private let trees: TreeLoader
    private let cancellation: Cancellation

    /// Reads through `chunks`.
    init(_ chunks: ChunkReader, _ cancellation: Cancellation) {
        self.chunks = chunks
        trees = TreeLoader(chunks)
        self.cancellation = cancellation
    }

    /// Visits every reference; the stack grows with the depth of folders.
    ///
    /// - Parameters:
    ///   - skipsDamage: Whether to go on without a tree or list that cannot be read.
    ///   - visit: Says of a tree or list whether to go through what is in it.
    func walk(
        _ record: SnapshotRecord,
        skipsDamage: Bool = false,
        _ visit: (ChunkID, Kind) throws(CairnError) -> Bool
    ) throws(CairnError) {
        var stack: [Node] = []
        if try visit(record.tree.root, .tree) {
            stack.append(.tree(record.tree.root, level: record.tree.level))
        }
        for content in [record.problems, record.referenceSummary] {
            try SnapshotReferences.add(content, to: &stack, visit)
        }
        while let node = stack.popLast() {
            try cancellation.check()
            do throws(CairnError) {
                try open(node, &stack, visit)
            } catch {
                guard skipsDamage, error.code == .damaged else { throw error }
            }
        }
    }

    private func open(
        _ node: Node,
        _ stack: inout [Node],
        _ visit: (ChunkID, Kind) throws(CairnError) -> Bool
    ) throws(CairnError) {
        switch node {
        case .list(let id, let depth):
            for entry in try chunks.list(id, depth: depth).entries {
                if depth == 1 {
                    _ = try visit(entry.id, .data)
                } else if try visit(entry.id, .list) {
                    stack.append(.list(entry.id, depth: depth - 1))
                }
            }
        case .tree(let id, let level):
            switch try trees.node(id, level: level) {
            case .inner(let inner):
                for child in inner.children where try visit(child.id, .tree) {
                    stack.append(.tree(child.id, level: level - 1))
                }
            case .leaf(let leaf):
                try SnapshotReferences.add(leaf, to: &stack, visit)
            }
        }
    }

    private static func add(
        _ leaf: TreeLeaf,
        to stack: inout [Node],
        _ visit: (ChunkID, Kind) throws(CairnError) -> Bool
    ) throws(CairnError) {
        for entry in leaf.entries {
            switch entry.node {
            case .directory(let tree):
                if try visit(tree.root, .tree) {
                    stack.append(.tree(tree.root, level: tree.level))
                }
            case .regular(let content, _):
                try add(content, to: &stack, visit)
            default:
                break
            }
        }
    }

    private static func add(
        _ content: ContentReference,
        to stack: inout [Node],
        _ visit: (ChunkID, Kind) throws(CairnError) -> Bool
    ) throws(CairnError) {
        if content.isEmpty { return }
        if content.depth == 0 {
            _ = try visit(content.root, .data)
        } else if try visit(content.root, .list) {
            stack.append(.list(content.root, depth: content.depth))
        }
    }

    /// Visits the ID of every chunk, each tree and list once.
    func forEach(
        _ record: SnapshotRecord,
        _ body: (ChunkID) throws(CairnError) -> Void
    ) throws(CairnError) {
        var opened: [Kind: Set<ChunkID>] = [.tree: [], .list: []]
        try walk(record) { id, kind throws(CairnError) in
            if opened[kind]?.insert(id).inserted == false { return false }
            try body(id)
            return true
        }
    }
}
