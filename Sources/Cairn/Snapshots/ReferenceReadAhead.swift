internal import CairnCore
internal import CairnFormat
internal import CairnIO
internal import Synchronization

/// Opens trees and lists, and says what they refer to.
struct ReferenceReader: Sendable {
    typealias Node = SnapshotReferences.Node
    typealias Reference = SnapshotReferences.Reference

    let chunks: ChunkReader
    private let trees: TreeLoader

    /// Reads through `chunks`.
    init(_ chunks: ChunkReader) {
        self.chunks = chunks
        trees = TreeLoader(chunks)
    }

    /// What a node refers to.
    func references(of node: Node) throws(CairnError) -> [Reference] {
        let below = node.level &- 1
        if node.isList {
            let list = try chunks.list(node.id, depth: node.level)
            let kind: SnapshotReferences.Kind = node.level == 1 ? .data : .list
            return list.entries.map { Reference(id: $0.id, kind: kind, level: below) }
        }
        if node.level > 0 {
            guard case .inner(let inner) = try trees.node(node.id, level: node.level) else {
                throw CairnError(.damaged, "tree \(node.id) is a leaf at level \(node.level)")
            }
            return inner.children.map { Reference(id: $0.id, kind: .tree, level: below) }
        }
        var found: [Reference] = []
        try trees.forEachEntry(ofLeaf: node.id) { entry in
            switch entry.node {
            case .directory(let tree):
                found.append(Reference(id: tree.root, kind: .tree, level: tree.level))
            case .regular(let content, _):
                if let reference = Reference(content) { found.append(reference) }
            default:
                break
            }
        }
        return found
    }
}

extension SnapshotReferences.Reference {
    /// The root of a content; nil where that is empty.
    init?(_ content: ContentReference) {
        if content.isEmpty { return nil }
        let kind: SnapshotReferences.Kind = content.depth == 0 ? .data : .list
        self.init(id: content.root, kind: kind, level: content.depth)
    }
}

/// Opens trees and lists, on threads of its own, before whoever goes through them comes to them.
///
/// One thread uses it. The threads begin with the first call of ``expect(_:)`` that is worth it.
final class ReferenceReadAhead: Sendable {
    typealias Node = SnapshotReferences.Node
    typealias Reference = SnapshotReferences.Reference

    private struct State: Sendable {
        /// What to open, the first last.
        var expected: [Node] = []
        /// What threads are opening.
        var opening: Set<Node> = []
        var found: [Node: [Reference]] = [:]
        /// How many references there are in ``found``.
        var foundCount = 0
        /// Whether somebody waits for what a thread is opening.
        var isAwaited = false
        var isEnded = false
    }

    /// Visiting references takes a thread about as long as finding them takes two.
    private static let threadCountMax = 3
    /// Fewer than these are opened as they come.
    private static let countMin = 4
    /// What the threads wait on, and what their user waits on.
    private static let (work, results) = (0, 1)

    private let reader: ReferenceReader
    private let foundCountMax: Int
    private let monitor = Monitor(State(), conditionCount: 2)
    private let threads = Mutex<[WorkerThread]>([])

    /// Opens through `chunks`.
    ///
    /// - Parameter foundCountMax: Nothing more is opened ahead while so many references, of some
    ///   50 bytes, wait to be asked for.
    init(_ chunks: ChunkReader, foundCountMax: Int = 1 << 16) {
        reader = ReferenceReader(chunks)
        self.foundCountMax = foundCountMax
    }

    /// Begins to open nodes, in the place of what was expected before.
    ///
    /// - Parameter nodes: The first last.
    func expect(_ nodes: [Node]) {
        guard nodes.count >= ReferenceReadAhead.countMin, begin() else { return }
        monitor.withLock { state in
            state.expected = nodes
            (state.found, state.foundCount) = ([:], 0)
        }
        monitor.broadcast(ReferenceReadAhead.work)
    }

    /// What a node refers to: as it was found, or else found now. Where a thread is just at it, the
    /// caller opens others of those that are expected: waking takes longer than that.
    func references(of node: Node) throws(CairnError) -> [Reference] {
        while true {
            let step = monitor.wait(on: ReferenceReadAhead.results) { state -> Step? in
                self.step(to: node, &state)
            }
            switch step {
            case .found(let references, let isRoom):
                if isRoom { monitor.broadcast(ReferenceReadAhead.work) }
                return references
            case .open:
                return try reader.references(of: node)
            case .openOther(let other):
                finish(other, try? reader.references(of: other))
            }
        }
    }

    private enum Step {
        /// `isRoom` if the threads have waited for it.
        case found([Reference], isRoom: Bool)
        case open
        case openOther(Node)
    }

    /// What to do for a node; nil to wait for a thread.
    private func step(to node: Node, _ state: inout State) -> Step? {
        if let references = state.found.removeValue(forKey: node) {
            let wasFull = state.foundCount >= foundCountMax
            state.foundCount -= references.count
            return .found(references, isRoom: wasFull && state.foundCount < foundCountMax)
        }
        if state.opening.contains(node) {
            if let other = take(&state) { return .openOther(other) }
            state.isAwaited = true
            return nil
        }
        if state.expected.last == node { state.expected.removeLast() }
        return .open
    }

    /// The next node to open, of which the caller is in charge then; nil if there is none, or if
    /// enough is found.
    private func take(_ state: inout State) -> Node? {
        guard state.foundCount < foundCountMax, let node = state.expected.popLast() else {
            return nil
        }
        state.opening.insert(node)
        return node
    }

    /// Keeps what was found; what could not be read is left to whoever comes to it.
    private func finish(_ node: Node, _ references: [Reference]?) {
        let isAwaited = monitor.withLock { state in
            state.opening.remove(node)
            if let references {
                state.foundCount += references.count
                state.found[node] = references
            }
            defer { state.isAwaited = false }
            return state.isAwaited
        }
        if isAwaited { monitor.signal(ReferenceReadAhead.results) }
    }

    /// Ends the threads; what is expected later begins others.
    func end() {
        monitor.withLock { $0.isEnded = true }
        monitor.broadcast(ReferenceReadAhead.work)
        let ending = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in ending { thread.join() }
        monitor.withLock { $0 = State() }
    }

    /// Whether there are threads.
    private func begin() -> Bool {
        let core = reader.chunks.core
        if core.options.publishesInline { return false }
        return threads.withLock { threads in
            // Without them everything is as it was, only slower.
            let count = min(core.workerCount, ReferenceReadAhead.threadCountMax)
            while threads.count < count {
                let name = "cairn-ahead-\(threads.count)"
                guard let thread = try? WorkerThread(name: name, { [self] in run() }) else { break }
                threads.append(thread)
            }
            return !threads.isEmpty
        }
    }

    private func run() {
        while let node = next() { finish(node, try? reader.references(of: node)) }
    }

    /// The next node to open; nil once it is over.
    private func next() -> Node? {
        monitor.wait(on: ReferenceReadAhead.work) { state -> Node?? in
            if state.isEnded { return .some(nil) }
            return take(&state).map { .some($0) }
        }
    }
}
