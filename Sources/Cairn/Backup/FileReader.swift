internal import CairnCore
internal import CairnFormat
internal import CairnIO

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
    private let queue: WorkQueue
    private let context: JobContext
    private let counters: BackupCounters
    private let buffer: ByteBuffer
    private var ranges: [Range<Int>] = []
    private var lengths: [Int] = []
    private var ids: [ChunkID] = []

    /// Files up to this size share the batch's buffer.
    private let smallSizeMax: UInt64 = 4 << 20
    /// Files up to this size are read again where they changed while they were read.
    private static let retrySizeMax: UInt64 = 1 << 30

    package init(
        core: RepositoryCore,
        saver: ChunkSaver,
        lists: MetadataSink,
        queue: WorkQueue,
        context: JobContext,
        counters: BackupCounters
    ) {
        self.core = core
        self.saver = saver
        self.lists = lists
        self.queue = queue
        self.context = context
        self.counters = counters
        buffer = ByteBuffer(capacity: 4 << 20)
    }

    /// Reads every file of a batch and hands over what became of them.
    package func process(_ batch: WalkBatch) throws(CairnError) {
        var outcomes: [FileOutcome] = []
        let jobs = batch.takeJobs()
        outcomes.reserveCapacity(jobs.count)
        var pending: [PendingFile] = []
        for job in jobs {
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
                    metadata: after,
                    content: .empty,
                    extents: nil,
                    attributes: try file.extendedAttributes(),
                    problem: isStable ? nil : .changed(job.path)
                )
            )
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
            // Some file systems answer short before the end.
            if count == 0 || (count < room && offset >= sizeExpected) { return }
            room = offset > sizeExpected ? 1 << 20 : Int(clamping: sizeExpected - offset) + 1
        }
    }

    /// Cuts, identifies and stores what lies in the buffer, and fills in the files' contents.
    private func settle(
        _ pending: inout [PendingFile],
        into outcomes: inout [FileOutcome]
    ) throws(CairnError) {
        ranges.removeAll(keepingCapacity: true)
        for index in pending.indices {
            let first = ranges.count
            cut(pending[index].range)
            pending[index].chunks = first..<ranges.count
        }
        ids.removeAll(keepingCapacity: true)
        let buffer = buffer
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
        let buffer = buffer
        core.chunker.cuts(buffer.span(file), atEnd: true, into: &lengths)
        var start = file.lowerBound
        for length in lengths {
            ranges.append(start..<start + length)
            start += length
        }
    }

    /// Reads a file that is large or has holes.
    private func readLarge(_ job: FileJob) throws(CairnError) -> FileOutcome {
        do {
            let file = try job.directory.openFile(job.name, expecting: job.metadata)
            var before = file.opened
            var attempt = 1
            while true {
                let extents = before.mayHaveHoles ? try file.dataExtents(size: before.size) : nil
                let content = try store(file, extents: extents, path: job.path)
                let after = try file.metadata()
                let isStable = after.hasSameContent(as: before)
                // Reading a very large file again would rarely find it at rest.
                let isWorthwhile = after.size <= FileReader.retrySizeMax
                if !isStable && isWorthwhile && attempt < FileReader.attemptCount {
                    attempt += 1
                    before = after
                    continue
                }
                var metadata = after
                // What counts is what was read, not what the file has become since.
                if !isStable { metadata.size = extents == nil ? content.length : before.size }
                counters.fileDone(bytes: 0)
                return .stored(
                    StoredFile(
                        metadata: metadata,
                        content: content,
                        extents: content.length == metadata.size ? nil : extents,
                        attributes: try file.extendedAttributes(),
                        problem: isStable ? nil : .changed(job.path)
                    )
                )
            }
        } catch let failure as FileFailure {
            return .failed(Problem(path: job.path, failure))
        } catch let error as CairnError {
            throw error
        } catch {
            throw CairnError(.source, "reading \(PathText.escaped(job.path)) failed", cause: error)
        }
    }

    /// Stores a file's data, extent by extent as one stream.
    private func store(
        _ file: SourceFile,
        extents: [Range<UInt64>]?,
        path: [UInt8]
    ) throws -> ContentReference {
        file.adviseSequential()
        var stream = StreamReader(
            core: core,
            queue: queue,
            saver: saver,
            lists: lists,
            context: context,
            counters: counters
        )
        var failure: FileFailure?
        do throws(CairnError) {
            for extent in extents ?? [0..<UInt64.max] {
                var offset = extent.lowerBound
                try stream.take { size, buffer throws(FileFailure) in
                    let room = Int(clamping: extent.upperBound - offset)
                    guard room > 0 else { return 0 }
                    let count = try file.read(at: offset, upTo: min(size, room), into: buffer)
                    offset += UInt64(count)
                    return count
                } failure: { error in
                    failure = error
                    return CairnError(.source, error.reason, cause: error)
                }
                // A hole was cut into the file while it was read: what is there must add up.
                if extents != nil && offset < extent.upperBound {
                    failure = FileFailure(.read, reason: "shrank while it was read")
                    throw CairnError(.source, "\(PathText.escaped(path)) shrank")
                }
            }
            return try stream.finish()
        } catch {
            stream.abandon()
            if let failure { throw failure }
            throw error
        }
    }
}
