package import CairnCore
package import CairnFormat
internal import CairnIO

/// Reads one long stream, cuts it and has its chunks stored by whichever worker is free.
package struct StreamReader {
    /// How many stretches of one stream may be under way at once.
    private static let stretchCountMax = 3

    private let core: RepositoryCore
    private let queue: WorkQueue
    private let saver: ChunkSaver
    private let context: JobContext
    private let counters: BackupCounters
    private var content: ContentBuilder
    private var pending: [Stretch] = []
    private var buffer: ByteBuffer
    private let bufferSize: Int
    /// Bytes read of the stream.
    package private(set) var length: UInt64 = 0

    package init(
        core: RepositoryCore,
        queue: WorkQueue,
        saver: ChunkSaver,
        lists: MetadataSink,
        context: JobContext,
        counters: BackupCounters
    ) {
        self.core = core
        self.queue = queue
        self.saver = saver
        self.context = context
        self.counters = counters
        content = ContentBuilder(lists)
        bufferSize = max(4 << 20, core.chunker.parameters.sizeMax * 3 / 2)
        buffer = queue.takeBuffer(capacity: bufferSize)
    }

    /// Takes in the stream's next bytes from `read`, which appends up to a number of bytes and
    /// says how many; 0 ends this call, not the stream.
    package mutating func take<E: Error>(
        _ read: (Int, ByteBuffer) throws(E) -> Int,
        failure: (E) -> CairnError
    ) throws(CairnError) {
        while true {
            try context.checkCancelled()
            let count: Int
            do {
                count = try read(min(1 << 20, bufferSize - buffer.count), buffer)
            } catch {
                throw failure(error)
            }
            if count == 0 { return }
            length += UInt64(count)
            if buffer.count >= bufferSize { try submit(atEnd: false) }
        }
    }

    /// Ends the stream.
    package mutating func finish() throws(CairnError) -> ContentReference {
        if buffer.count > 0 { try submit(atEnd: true) }
        while !pending.isEmpty { try settleFirst() }
        queue.recycle(buffer)
        return try content.finish()
    }

    /// Gives up; waits for what is under way.
    package mutating func abandon() {
        for stretch in pending {
            help(until: stretch)
            // Its chunks may be stored; only nothing refers to them.
            _ = try? stretch.awaitIDs()
            queue.recycle(stretch.buffer)
        }
        pending = []
        queue.recycle(buffer)
    }

    /// Sends the whole chunks in the buffer on; the rest starts the next buffer.
    private mutating func submit(atEnd: Bool) throws(CairnError) {
        let rest = queue.takeBuffer(capacity: bufferSize)
        let lengths = StreamReader.cut(buffer, core.chunker, atEnd: atEnd, rest: rest)
        let stretch = Stretch(buffer: buffer, lengths: lengths)
        buffer = rest
        pending.append(stretch)
        queue.put(stretch)
        while pending.count > StreamReader.stretchCountMax { try settleFirst() }
    }

    /// The lengths of the whole chunks in `full`; copies what is left to `rest`.
    private static func cut(
        _ full: ByteBuffer,
        _ chunker: Chunker,
        atEnd: Bool,
        rest: ByteBuffer
    ) -> [Int] {
        var lengths: [Int] = []
        chunker.cuts(full.span, atEnd: atEnd, into: &lengths)
        rest.append(full.span(lengths.reduce(0, +)..<full.count))
        return lengths
    }

    /// Waits for the first stretch under way and takes in its chunks.
    private mutating func settleFirst() throws(CairnError) {
        let stretch = pending[0]
        help(until: stretch)
        let ids = try stretch.awaitIDs()
        pending.removeFirst()
        var size: UInt64 = 0
        for (id, chunkLength) in zip(ids, stretch.lengths) {
            try content.add(id, length: UInt64(chunkLength))
            size += UInt64(chunkLength)
        }
        counters.progressed(bytes: size)
        queue.recycle(stretch.buffer)
    }

    /// Does stretches that wait, so that nobody waits for a worker that waits itself.
    private func help(until stretch: Stretch) {
        while !stretch.isResolved, let other = queue.takeStretchIfAny() {
            saver.process(other)
        }
    }
}

extension ChunkSaver {
    /// Identifies and stores the chunks of a stretch.
    package func process(_ stretch: Stretch) {
        var ranges: [Range<Int>] = []
        var start = 0
        for length in stretch.lengths {
            ranges.append(start..<start + length)
            start += length
        }
        var ids: [ChunkID] = []
        let buffer = stretch.buffer
        identifier.identify(buffer.span, ranges: ranges, into: &ids)
        do throws(CairnError) {
            for (id, range) in zip(ids, ranges) { try save(id, buffer.span(range)) }
            stretch.resolve(.success(ids))
        } catch {
            stretch.resolve(.failure(error))
        }
    }
}
