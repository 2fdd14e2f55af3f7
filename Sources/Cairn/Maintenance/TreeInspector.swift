internal import CairnCore
internal import CairnFormat

/// Goes through the trees of snapshots and proves that every chunk they refer to is indexed.
///
/// Each distinct tree and list is read once. Memory: 50 bytes for each of them, and one reference
/// for each that waits.
struct TreeInspector {
    private let trees: TreeLoader
    private let findings: CheckFindings
    private let missingPacks: Set<PackID>
    private let context: JobContext
    private var visited: Set<ChunkID> = []
    private var waiting: [TreeReference] = []
    private(set) var treeCount = 0

    init(
        _ trees: TreeLoader,
        findings: CheckFindings,
        missingPacks: Set<PackID>,
        context: JobContext
    ) {
        self.trees = trees
        self.findings = findings
        self.missingPacks = missingPacks
        self.context = context
    }

    /// Inspects all that a snapshot refers to and that was not inspected before.
    mutating func inspect(_ snapshot: SnapshotRecord) throws(CairnError) {
        try inspect(snapshot.problems, type: .auxiliary)
        try inspect(snapshot.referenceSummary, type: .auxiliary)
        waiting.append(snapshot.tree)
        while let tree = waiting.popLast() {
            try context.checkCancelled()
            guard visited.insert(tree.root).inserted else { continue }
            treeCount += 1
            try inspect(tree)
        }
    }

    private mutating func inspect(_ tree: TreeReference) throws(CairnError) {
        expect(tree.root, length: nil, type: .tree)
        let node: TreeNode
        do throws(CairnError) {
            node = try trees.node(tree.root, level: tree.level)
        } catch {
            guard error.isFinding else { throw error }
            return blame(tree.root, "the tree \(tree.root) cannot be read: \(error.description)")
        }
        switch node {
        case .inner(let inner):
            for child in inner.children {
                waiting.append(TreeReference(level: tree.level - 1, root: child.id))
            }
        case .leaf(let leaf):
            for entry in leaf.entries {
                switch entry.node {
                case .directory(let reference): waiting.append(reference)
                case .regular(let content, _): try inspect(content, type: .data)
                default: break
                }
            }
        }
    }

    private mutating func inspect(
        _ content: ContentReference,
        type: ChunkType
    ) throws(CairnError) {
        guard !content.isEmpty else { return }
        try inspect(content.root, content.length, depth: content.depth, type)
    }

    /// Inspects a chunk of content, or the list of so many levels above it.
    private mutating func inspect(
        _ id: ChunkID,
        _ length: UInt64,
        depth: UInt8,
        _ type: ChunkType
    ) throws(CairnError) {
        guard depth > 0 else { return expect(id, length: length, type: type) }
        guard visited.insert(id).inserted else { return }
        expect(id, length: nil, type: .list)
        let list: ContentList
        do throws(CairnError) {
            list = try trees.chunks.list(id, depth: depth, length: length)
        } catch {
            guard error.isFinding else { throw error }
            return blame(id, "the list \(id) cannot be read: \(error.description)")
        }
        for entry in list.entries {
            try inspect(entry.id, entry.length, depth: depth - 1, type)
        }
    }

    /// Checks that the index knows a chunk of this length and type in a pack that is there.
    private func expect(_ id: ChunkID, length: UInt64?, type: ChunkType) {
        let locations = trees.chunks.index.locations(of: id)
        let isThere = locations.contains { location in
            (length ?? UInt64(location.length)) == UInt64(location.length)
                && location.type == type && !missingPacks.contains(location.pack.id)
        }
        if isThere { return }
        // The missing pack is a finding of its own.
        guard locations.allSatisfy({ !missingPacks.contains($0.pack.id) }) else { return }
        blame(
            id,
            locations.isEmpty
                ? "no index knows the chunk \(id)" : "the chunk \(id) has another length or type"
        )
    }

    private func blame(_ id: ChunkID, _ message: String) {
        let pack = trees.chunks.index.location(of: id).map { ObjectNames.pack($0.pack.id) }
        findings.add(
            unreadable: PrefixKey(id),
            object: pack ?? ObjectNames.indexFolder,
            message: message
        )
    }
}

extension ChunkReader {
    /// Reads a list of chunks and checks that it is what its parent says.
    func list(
        _ id: ChunkID,
        depth: UInt8,
        length: UInt64
    ) throws(CairnError) -> ContentList {
        let bytes = try bytes(id)
        do throws(DecodingFailure) {
            let list = try ContentList(decoding: bytes.span)
            try list.expect(depth: depth, length: length)
            return list
        } catch {
            throw CairnError.decoding(error, of: "list \(id)")
        }
    }
}
