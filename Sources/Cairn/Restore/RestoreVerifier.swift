internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Reads restored files back and proves them chunk by chunk.
///
/// It walks the snapshot in the order of the planner, opens each file anew by its path in the
/// target, and trusts nothing that the restore kept in memory but which files it wrote.
final class RestoreVerifier: Sendable {
    private struct Item: Sendable {
        let folder: TargetDirectory
        let entry: TreeEntry
        let path: [UInt8]
    }

    /// The most bytes of chunks that are proved at once.
    private static let batchSize = 4 << 20

    private let request: RestoreRequest
    private let target: RestoreTarget
    private let chunks: ChunkReader
    private let context: JobContext
    private let queue = BoundedQueue<Item>(capacity: 256)

    init(
        _ request: RestoreRequest,
        target: RestoreTarget,
        chunks: ChunkReader,
        context: JobContext
    ) {
        self.request = request
        self.target = target
        self.chunks = chunks
        self.context = context
    }

    /// Verifies what was restored beneath `start`.
    func run(_ start: SubtreeStart, totals: SnapshotStatistics) throws(CairnError) {
        guard let tree = target.tree, let marks = target.marks else { return }
        let workers: ThreadGroup
        do throws(StoreError) {
            workers = try ThreadGroup(name: "cairn-verify", count: chunks.core.workerCount) {
                [self] _ in work()
            }
        } catch {
            throw CairnError.store(error, "starting a thread")
        }
        defer {
            queue.close()
            workers.join()
        }
        switch start.content {
        case .entry(let entry):
            guard marks.contains(0) else { return }
            queue.put(
                Item(
                    folder: tree.root,
                    entry: entry,
                    path: start.path + [UInt8(ascii: "/")] + entry.name
                )
            )
        case .folder(let reference):
            try walk(reference, start, totals, tree, marks)
        }
    }

    private func walk(
        _ reference: TreeReference,
        _ start: SubtreeStart,
        _ totals: SnapshotStatistics,
        _ tree: TargetTree,
        _ marks: OrdinalSet
    ) throws(CairnError) {
        var filter = try RestoreFilter(request)
        for name in start.ancestors { _ = filter.enter(name) }
        var walk = try TreeWalk(
            TreeLoader(chunks),
            reference,
            path: start.path,
            totals: totals
        )
        var names: [FileName] = []
        var opened: (names: [FileName], folder: TargetDirectory)?
        var ordinal: UInt64 = 0
        while true {
            try context.checkCancelled()
            let found: LeafEntry?
            do throws(CairnError) {
                found = try walk.next()
            } catch {
                // The restore has reported it.
                guard error.code == .damaged, !walk.isExceeded else { throw error }
                continue
            }
            guard let entry = found?.entry else { return }
            while names.count > walk.depth {
                names.removeLast()
                filter.leave()
            }
            if case .directory = entry.node {
                if filter.enter(entry.name) == .leaveOut {
                    filter.leave()
                    walk.skip()
                } else {
                    names.append(entry.name)
                }
                continue
            }
            guard filter.takes(entry.name) else { continue }
            ordinal += 1
            guard marks.contains(ordinal - 1) else { continue }
            do throws(FileFailure) {
                if opened?.names != names {
                    opened = (names, try tree.directory(at: names))
                }
            } catch {
                target.report(error, at: walk.path)
                continue
            }
            guard let folder = opened?.folder else { continue }
            queue.put(Item(folder: folder, entry: entry, path: walk.path))
        }
    }

    private func work() {
        let buffer = ByteBuffer(capacity: RestoreVerifier.batchSize)
        while let item = queue.take() {
            if context.cancellation.isCancelled { continue }
            verify(item, buffer)
        }
    }

    private func verify(_ item: Item, _ buffer: ByteBuffer) {
        do {
            if try isRight(item, buffer) {
                target.counters.verified()
            } else {
                target.counters.report(
                    Problem(
                        path: item.path,
                        reason: .unreadable,
                        text: "reads back otherwise than it is in the snapshot"
                    )
                )
            }
        } catch let error as FileFailure {
            target.report(error, at: item.path)
        } catch {
            target.counters.report(
                Problem(path: item.path, reason: .unreadable, text: "\(error)")
            )
        }
    }

    private func isRight(_ item: Item, _ buffer: ByteBuffer) throws -> Bool {
        guard case .regular(let content, let layout) = item.entry.node else { return true }
        let file = try item.folder.contents.openFile(item.entry.name)
        guard file.opened.size == item.entry.logicalSize else { return false }
        let sparse = layout.map { SparseMap($0) }
        var cursor = ContentCursor(chunks, content)
        var wanted: [ChunkID] = []
        var ranges: [Range<Int>] = []
        buffer.truncate(to: 0)
        while let chunk = try cursor.next() {
            let begin = buffer.count
            if let sparse {
                try sparse.forEach(chunk.range) { range, place throws(FileFailure) in
                    try RestoreVerifier.read(
                        file,
                        place,
                        Int(range.upperBound - range.lowerBound),
                        into: buffer
                    )
                }
            } else {
                let size = Int(chunk.range.upperBound - chunk.range.lowerBound)
                try RestoreVerifier.read(file, chunk.range.lowerBound, size, into: buffer)
            }
            wanted.append(chunk.id)
            ranges.append(begin..<buffer.count)
            guard buffer.count >= RestoreVerifier.batchSize else { continue }
            guard holds(wanted, buffer, ranges) else { return false }
            buffer.truncate(to: 0)
            wanted.removeAll()
            ranges.removeAll()
        }
        return holds(wanted, buffer, ranges)
    }

    private func holds(_ wanted: [ChunkID], _ buffer: ByteBuffer, _ ranges: [Range<Int>]) -> Bool {
        var ids: [ChunkID] = []
        chunks.core.identifier.identify(buffer.span, ranges: ranges, into: &ids)
        return ids == wanted
    }

    private static func read(
        _ file: SourceFile,
        _ place: UInt64,
        _ size: Int,
        into buffer: ByteBuffer
    ) throws(FileFailure) {
        var done = 0
        while done < size {
            let count = try file.read(
                at: place + UInt64(done),
                upTo: size - done,
                into: buffer
            )
            guard count > 0 else { return }
            done += count
        }
    }
}
