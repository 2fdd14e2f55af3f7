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
    enum Kind: Int, CaseIterable, Sendable {
        case data, tree, list
    }

    /// A tree or list to open: its level or depth says what is in it.
    struct Node: Hashable, Sendable {
        let id: ChunkID
        let isList: Bool
        let level: UInt8
    }

    /// What a node or a record refers to.
    struct Reference: Sendable {
        let id: ChunkID
        let kind: Kind
        /// Of a tree or list.
        let level: UInt8
    }

    private let reader: ReferenceReader
    private let cancellation: Cancellation
    private let prepare: (ArraySlice<Reference>) -> Void

    /// Reads through `chunks`.
    ///
    /// - Parameter prepare: Called with references that are to be visited next.
    init(
        _ chunks: ChunkReader,
        _ cancellation: Cancellation,
        prepare: @escaping (ArraySlice<Reference>) -> Void = { _ in }
    ) {
        reader = ReferenceReader(chunks)
        self.cancellation = cancellation
        self.prepare = prepare
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
        try begin(record, &stack, visit)
        while let node = stack.last {
            do throws(CairnError) {
                try step(&stack, visit)
            } catch {
                guard skipsDamage, error.code == .damaged, stack.last == node else { throw error }
                stack.removeLast()
            }
        }
    }

    /// Visits what the snapshot's record itself refers to, and puts what is to be opened on the
    /// stack.
    func begin(
        _ record: SnapshotRecord,
        _ stack: inout [Node],
        _ visit: (ChunkID, Kind) throws(CairnError) -> Bool
    ) throws(CairnError) {
        let tree = record.tree
        var found = [Reference(id: tree.root, kind: .tree, level: tree.level)]
        found += [record.problems, record.referenceSummary].compactMap { Reference($0) }
        for reference in found {
            try SnapshotReferences.visit(reference, &stack, visit)
        }
    }

    /// Opens the last node of the stack and visits what is in it.
    ///
    /// - Precondition: The stack is not empty.
    /// - Throws: If the node cannot be read, it is still on the stack and nothing was visited.
    func step(
        _ stack: inout [Node],
        _ visit: (ChunkID, Kind) throws(CairnError) -> Bool
    ) throws(CairnError) {
        try step(&stack, at: stack.count - 1, nil, visit)
    }

    /// Opens a node of the stack, which the last one takes the place of, and visits what is in it.
    ///
    /// - Parameter ahead: What may have opened it already.
    /// - Throws: If the node cannot be read, it is still on the stack and nothing was visited.
    func step(
        _ stack: inout [Node],
        at index: Int,
        _ ahead: ReferenceReadAhead?,
        _ visit: (ChunkID, Kind) throws(CairnError) -> Bool
    ) throws(CairnError) {
        try cancellation.check()
        let node = stack[index]
        let found: [Reference]
        if let ahead {
            found = try ahead.references(of: node)
        } else {
            found = try reader.references(of: node)
        }
        stack.swapAt(index, stack.count - 1)
        stack.removeLast()
        for start in stride(from: 0, to: found.count, by: SnapshotReferences.preparedMax) {
            let next = found[start..<min(found.count, start + SnapshotReferences.preparedMax)]
            prepare(next)
            for reference in next { try SnapshotReferences.visit(reference, &stack, visit) }
        }
    }

    /// So many references are prepared together: what is asked for stays in the nearest cache.
    private static let preparedMax = 64

    private static func visit(
        _ reference: Reference,
        _ stack: inout [Node],
        _ visit: (ChunkID, Kind) throws(CairnError) -> Bool
    ) throws(CairnError) {
        guard try visit(reference.id, reference.kind), reference.kind != .data else { return }
        let isList = reference.kind == .list
        stack.append(Node(id: reference.id, isList: isList, level: reference.level))
    }

    /// The last nodes of the stack that are to be opened next, from the last down, each with
    /// `step(_:at:_:_:)`. They are brought into the order in which they are stored, so that each
    /// segment is decoded once, and ahead.
    func gather(_ stack: inout [Node], _ ahead: ReferenceReadAhead) -> Range<Int> {
        let gathered = max(0, stack.count - SnapshotReferences.gatheredMax)..<stack.count
        guard gathered.count > 1 else { return gathered }
        let index = reader.chunks.index
        var places = stack[gathered].map { (node: $0, location: index.location(of: $0.id)) }
        places.sort { a, b in
            // What the index does not know is opened first, which ends the walk.
            guard let a = a.location else { return false }
            guard let b = b.location else { return true }
            return b.isStored(before: a)
        }
        stack.replaceSubrange(gathered, with: places.map { $0.node })
        // Memory is bounded only for what is stored with others.
        ahead.expect(places.filter { $0.location?.isGrouped == true }.map { $0.node })
        return gathered
    }

    /// Segments of so many nodes are in the reader's cache together.
    private static let gatheredMax = 48

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
