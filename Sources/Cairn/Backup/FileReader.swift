internal import CairnCore
package import CairnFormat
package import CairnIO

/// Reads the files of batches, cuts them into chunks and stores the chunks. One per worker thread.
///
/// Small files of a batch are read one behind the other into one buffer, so that their chunks are
/// identified together, in lanes. Large files are read in stretches, whose chunks other workers
/// may store while this one reads on.
package final class FileReader {
    /// How often a file that changes while it is read is read again.
    static let attemptCount = 3

    private let core: RepositoryCore
    private let saver: ChunkSaver
    private let lists: MetadataSink
    private let stretches: StretchQueue
    private let context: JobContext
    private let counters: BackupCounters
    private let buffer: ByteBuffer
    private var ranges: [Range<Int>] = []
    private var lengths: [Int] = []
    private var ids: [ChunkID] = []

    /// Files up to this size share the batch's buffer.
    private let smallSizeMax: UInt64

    package init(
        core: RepositoryCore, saver: ChunkSaver, lists: MetadataSink, stretches: StretchQueue,
        context: JobContext, counters: BackupCounters
    ) {
        self.core = core
        self.saver = saver
        self.lists = lists
        self.stretches = stretches
        self.context = context
        self.counters = counters
        buffer = ByteBuffer(capacity: 4 << 20)
        smallSizeMax = 4 << 20
    }

    /// Reads every file of a batch and hands over what became of them.
    package func process(_ batch: WalkBatch) throws(CairnError) {
        var outcomes: [FileOutcome] = []
        outcomes.reserveCapacity(batch.jobs.count)
        var pending: [PendingFile] = []
        for job in batch.jobs {
            try context.checkCancelled()
            if job.metadata.size > smallSizeMax || job.metadata.mayHaveHoles {
                outcomes.append(try readLarge(job))
                continue
            }
            if buffer.count + Int(job.metadata.size) > (8 << 20) {
                try settle(&pending, into: &outcomes)
            }
            pending.append(PendingFile(position: outcomes.count))
            outcomes.append(readSmall(job, &pending[pending.count - 1]))
            if case .failed = outcomes[outcomes.count - 1] { pending.removeLast() }
        }
        try settle(&pending, into: &outcomes)
        batch.complete(outcomes)
    }

    /// A small file whose bytes lie in the buffer and whose chunks are not stored yet.
    private struct PendingFile {
        let position: Int
        var range = 0..<0
        var chunks = 0..<0
    }

    /// Reads a small file to the end of the buffer.
    private func readSmall(_ job: FileJob, _ pending: inout PendingFile) -> FileOutcome {
        let start = buffer.count
        do throws(FileFailure) {
            let file = try job.directory.openFile(job.name, expecting: job.metadata)
            var before = file.opened
            var after = before
            for attempt in 1...FileReader.attemptCount {
                buffer.truncate(to: start)
                try readToEnd(file, sizeExpected: before.size)
                after = try file.metadata()
                if after.hasSameContent(as: before) { break }
                if attempt < FileReader.attemptCount { before = after }
            }
            pending.range = start..<buffer.count
            let isStable = after.hasSameContent(as: before)
            return .stored(
                StoredFile(
                    metadata: after, content: .empty, extents: nil,
                    attributes: try file.extendedAttributes(),
                    problem: isStable ? nil : .changed(job.path)))
        } catch {
            buffer.truncate(to: start)
            return .failed(Problem(path: job.path, error))
        }
    }

    /// Appends a file's bytes up to its end, however long it has become.
    private func readToEnd(_ file: SourceFile, sizeExpected: UInt64) throws(FileFailure) {
        var offset: UInt64 = 0
        // One byte more than expected: a short answer then proves the end in one call.
        var room = Int(clamping: sizeExpected) + 1
        while true {
            let count = try file.read(at: offset, upTo: room, into: buffer)
            offset += UInt64(count)
            if count < room { return }
            room = 1 << 20
        }
    }

    /// Cuts, identifies and stores what lies in the buffer, and fills in the files' contents.
    private func settle(
        _ pending: inout [PendingFile], into outcomes: inout [FileOutcome]
    ) throws(CairnError) {
        ranges.removeAll(keepingCapacity: true)
        for index in pending.indices {
            let first = ranges.count
            cut(pending[index].range)
            pending[index].chunks = first..<ranges.count
        }
        ids.removeAll(keepingCapacity: true)
        core.identifier.identify(buffer.span, ranges: ranges, into: &ids)
        for (id, range) in zip(ids, ranges) { try saver.save(id, buffer.span(range)) }
        for file in pending {
            guard case .stored(var stored) = outcomes[file.position] else { continue }
            var content = ContentBuilder(lists)
            for chunk in file.chunks {
                try content.add(ids[chunk], length: UInt64(ranges[chunk].count))
            }
            stored.content = try content.finish()
            outcomes[file.position] = .stored(stored)
            counters.fileDone(bytes: UInt64(file.range.count))
        }
        pending.removeAll(keepingCapacity: true)
        buffer.truncate(to: 0)
    }

    /// Appends the chunks of one whole file to `ranges`.
    private func cut(_ file: Range<Int>) {
        guard !file.isEmpty else { return }
        lengths.removeAll(keepingCapacity: true)
        core.chunker.cuts(buffer.span(file), atEnd: true, into: &lengths)
        var start = file.lowerBound
        for length in lengths {
            ranges.append(start..<start + length)
            start += length
        }
    }
}
