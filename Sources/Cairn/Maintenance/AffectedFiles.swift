internal import CairnCore
internal import CairnFormat

/// Finds the files that lost chunks belong to, snapshot by snapshot.
///
/// Subtrees without a lost chunk are walked once for all snapshots. Memory: 50 bytes for each of
/// them, and the listed paths.
struct AffectedFiles {
    /// The files of each damage, by its number in the report.
    private(set) var listed: [Int: [CheckReport.AffectedPath]] = [:]
    /// How many files each damage touches, listed or not.
    private(set) var counts: [Int: Int] = [:]

    /// A directory, or a part of a large one, on the way down.
    private struct Frame {
        let root: ChunkID
        let path: [UInt8]
        var waiting: [(tree: TreeReference, path: [UInt8])] = []
        var isSound = true
    }

    private let trees: TreeLoader
    private let lost: [PrefixKey: Int]
    private let context: JobContext
    private var sound: Set<ChunkID> = []
    private var soundLists: Set<ChunkID> = []
    private var listedCount = 0
    private var snapshot: SessionID

    /// Walks `snapshots` for the chunks in `lost`, which come with the number of their damage.
    init(
        _ trees: TreeLoader,
        lost: [PrefixKey: Int],
        snapshots: [SnapshotRecord],
        context: JobContext
    ) throws(CairnError) {
        self.trees = trees
        self.lost = lost
        self.context = context
        snapshot = SessionID(writer: 0, counter: 0, random: [UInt8](repeating: 0, count: 12))
        for record in snapshots {
            snapshot = record.session
            try walk(record.tree)
        }
    }

    private mutating func walk(_ tree: TreeReference) throws(CairnError) {
        var frames: [Frame] = []
        if let frame = try enter(tree, path: []) { frames.append(frame) }
        while var frame = frames.popLast() {
            try context.checkCancelled()
            if let (tree, path) = frame.waiting.popLast() {
                if sound.contains(tree.root) {
                    frames.append(frame)
                    continue
                }
                guard let child = try enter(tree, path: path) else {
                    frame.isSound = false
                    frames.append(frame)
                    continue
                }
                frames.append(frame)
                frames.append(child)
            } else if frame.isSound {
                sound.insert(frame.root)
            } else if !frames.isEmpty {
                frames[frames.count - 1].isSound = false
            }
        }
    }

    /// Looks at one node; nil where it is lost itself.
    private mutating func enter(
        _ tree: TreeReference,
        path: [UInt8]
    ) throws(CairnError) -> Frame? {
        let slash = UInt8(ascii: "/")
        if let number = lost[PrefixKey(tree.root)] {
            // All beneath is lost with it.
            add(path + [slash], number)
            return nil
        }
        let node: TreeNode
        do throws(CairnError) {
            node = try trees.node(tree.root, level: tree.level)
        } catch {
            guard error.isFinding else { throw error }
            return nil
        }
        var frame = Frame(root: tree.root, path: path)
        switch node {
        case .inner(let inner):
            for child in inner.children.reversed() {
                let below = TreeReference(level: tree.level - 1, root: child.id)
                frame.waiting.append((below, path))
            }
        case .leaf(let leaf):
            for entry in leaf.entries.reversed() {
                let below = path + [slash] + entry.name
                switch entry.node {
                case .directory(let reference): frame.waiting.append((reference, below))
                case .regular(let content, _):
                    let numbers = try damages(of: content)
                    for number in numbers.sorted() { add(below, number) }
                    if !numbers.isEmpty { frame.isSound = false }
                default: break
                }
            }
        }
        return frame
    }

    /// The numbers of the damages that touch a content.
    private mutating func damages(of content: ContentReference) throws(CairnError) -> Set<Int> {
        var numbers: Set<Int> = []
        guard !content.isEmpty else { return numbers }
        try collect(content.root, content.length, depth: content.depth, &numbers)
        return numbers
    }

    private mutating func collect(
        _ id: ChunkID,
        _ length: UInt64,
        depth: UInt8,
        _ numbers: inout Set<Int>
    ) throws(CairnError) {
        if let number = lost[PrefixKey(id)] {
            numbers.insert(number)
            return
        }
        guard depth > 0, !soundLists.contains(id) else { return }
        var below: Set<Int> = []
        do throws(CairnError) {
            let list = try trees.chunks.list(id, depth: depth, length: length)
            for entry in list.entries {
                try collect(entry.id, entry.length, depth: depth - 1, &below)
            }
        } catch {
            guard error.isFinding else { throw error }
        }
        if below.isEmpty { soundLists.insert(id) }
        numbers.formUnion(below)
    }

    private mutating func add(_ path: [UInt8], _ number: Int) {
        counts[number, default: 0] += 1
        guard listedCount < CheckReport.affectedCountMax else { return }
        listedCount += 1
        listed[number, default: []].append(
            CheckReport.AffectedPath(snapshot: snapshot, path: path)
        )
    }
}
