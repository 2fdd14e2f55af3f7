internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Goes through everything beneath a folder of a snapshot, in order, folders before what is in
/// them. Any depth takes no more of the stack.
struct TreeWalk {
    private let trees: TreeLoader
    private var frames: [(cursor: TreeCursor, pathSize: Int)]
    private var totals: SnapshotTotals
    /// A folder that was just given and is still to be entered.
    private var pending: TreeReference?
    /// The path of the entry given last.
    private(set) var path: [UInt8]

    /// Starts before the first entry.
    ///
    /// - Parameters:
    ///   - path: The folder's path, without a slash at its end.
    ///   - totals: What the snapshot states; the walk ends with an error beyond that.
    init(
        _ trees: TreeLoader,
        _ folder: TreeReference,
        path: [UInt8],
        totals: SnapshotStatistics
    ) throws(CairnError) {
        self.trees = trees
        self.path = path
        self.totals = SnapshotTotals(totals)
        frames = [(try TreeCursor(trees, folder), path.count)]
    }

    /// Whether there is more than the snapshot states, so that going on makes no sense.
    var isExceeded: Bool { totals.isExceeded }

    /// How deep the entry given last lies; 0 directly in the folder.
    var depth: Int { frames.count - 1 }

    /// The next entry, or nil after the last.
    ///
    /// - Throws: `.damaged` for a folder that cannot be read; the walk may go on after it.
    mutating func next() throws(CairnError) -> LeafEntry? {
        if let reference = pending {
            pending = nil
            frames.append((try TreeCursor(trees, reference), path.count))
        }
        while let top = frames.indices.last {
            path.removeLast(path.count - frames[top].pathSize)
            let entry: TreeEntry?
            do throws(CairnError) {
                entry = try frames[top].cursor.next()
            } catch {
                frames.removeLast()
                throw error
            }
            guard let entry else {
                frames.removeLast()
                continue
            }
            try totals.count(entry)
            path.append(UInt8(ascii: "/"))
            path += entry.name
            if case .directory(let reference) = entry.node { pending = reference }
            return LeafEntry(
                entry,
                users: frames[top].cursor.users,
                groups: frames[top].cursor.groups
            )
        }
        return nil
    }

    /// Leaves out what lies in the folder that was given last.
    mutating func skip() {
        pending = nil
    }
}
