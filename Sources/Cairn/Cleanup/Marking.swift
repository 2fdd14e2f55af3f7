internal import CairnCore
internal import CairnFormat
package import CairnIO
internal import Synchronization

/// Finds out which chunks are needed (Specs/Cleanup.md#marking).
///
/// Goes through the trees and lists of all snapshots, each one once, however many snapshots have
/// it. Memory: one bit a chunk, and a stack that grows with the depth of folders.
struct Marking {
    private let trees: TreeLoader
    private let chunks: ChunkReader
    private let context: JobContext
    private let meter: CleanupMeter
    private(set) var live: LiveSet

    init(
        _ core: RepositoryCore,
        _ index: ChunkIndex,
        avoiding avoided: Set<PackID> = [],
        context: JobContext,
        meter: CleanupMeter
    ) {
        chunks = ChunkReader(core: core, index: index)
        trees = TreeLoader(chunks)
        self.context = context
        self.meter = meter
        live = LiveSet(index, avoiding: avoided)
        meter.begin("preparing", total: live.metadataSize)
    }

    private enum Node {
        case tree(ChunkID, level: UInt8)
        case list(ChunkID, depth: UInt8)
    }

    /// Marks everything that a snapshot refers to.
    ///
    /// - Throws: `.damaged` if anything of it is missing or cannot be read: then nobody can tell
    ///   what else is needed.
    mutating func add(_ record: SnapshotRecord) throws(CairnError) {
        var stack: [Node] = []
        try push(.tree(record.tree.root, level: record.tree.level), &stack)
        for content in [record.problems, record.referenceSummary] {
            try push(content, &stack)
        }
        while let node = stack.popLast() {
            try context.checkCancelled()
            switch node {
            case .tree(let id, let level):
                try open(try trees.node(id, level: level), &stack)
            case .list(let id, let depth):
                let list = try chunks.list(id, depth: depth)
                for entry in list.entries {
                    if depth == 1 {
                        _ = try mark(entry.id)
                    } else {
                        try push(.list(entry.id, depth: depth - 1), &stack)
                    }
                }
            }
        }
    }

    private mutating func open(_ node: TreeNode, _ stack: inout [Node]) throws(CairnError) {
        switch node {
        case .inner(let inner):
            for child in inner.children {
                try push(.tree(child.id, level: inner.level - 1), &stack)
            }
        case .leaf(let leaf):
            for entry in leaf.entries {
                switch entry.node {
                case .directory(let tree):
                    try push(.tree(tree.root, level: tree.level), &stack)
                case .regular(let content, _):
                    try push(content, &stack)
                default:
                    break
                }
            }
        }
    }

    private mutating func push(
        _ content: ContentReference,
        _ stack: inout [Node]
    ) throws(CairnError) {
        if content.isEmpty { return }
        if content.depth == 0 {
            _ = try mark(content.root)
        } else {
            try push(.list(content.root, depth: content.depth), &stack)
        }
    }

    /// Marks a node, and has it opened if nobody has come by before.
    private mutating func push(_ node: Node, _ stack: inout [Node]) throws(CairnError) {
        let id =
            switch node {
            case .tree(let id, _), .list(let id, _): id
            }
        guard let size = try mark(id) else { return }
        meter.add(UInt64(size))
        stack.append(node)
    }

    /// Marks a chunk; gives its length the first time.
    private mutating func mark(_ id: ChunkID) throws(CairnError) -> Int? {
        switch live.mark(id) {
        case .new(let size): return size
        case .again: return nil
        case .missing:
            throw CairnError(
                .damaged,
                "chunk \(id) is needed and no index knows it; nothing is removed. Run 'check', "
                    + "and 'rebuild-index' if that says so"
            )
        }
    }
}

/// Counts what a phase of a cleanup has done; any thread may read.
package final class CleanupMeter: Sendable {
    private let state: Mutex<Progress>
    private let phaseStart = Atomic<UInt64>(0)
    private let time: any TimeSource

    /// Nothing is begun.
    package init(_ time: any TimeSource) {
        self.time = time
        state = Mutex(Progress())
    }

    /// Begins a phase.
    ///
    /// - Parameter total: How many bytes there are to do at the most.
    func begin(_ phase: String, total: UInt64, items: UInt64 = 0) {
        phaseStart.store(time.monotonicNanoseconds, ordering: .relaxed)
        state.withLock { state in
            state = Progress()
            state.phase = phase
            state.bytesTotal = total
            state.itemsTotal = items
            state.totalsAreFinal = true
        }
    }

    /// Counts bytes and items that are done.
    func add(_ bytes: UInt64, items: UInt64 = 0, current: String? = nil) {
        state.withLock { state in
            state.bytesDone += bytes
            state.itemsDone += items
            if let current { state.current = Array(current.utf8) }
        }
    }

    /// How far the phase is.
    var progress: Progress {
        var progress = state.withLock { $0 }
        let now = time.monotonicNanoseconds
        let start = phaseStart.load(ordering: .relaxed)
        progress.elapsed = now > start ? now - start : 0
        return progress
    }
}
