internal import CairnCore
internal import CairnFormat
internal import CairnIO
internal import Synchronization

/// Small chunks of one type that are to become a segment.
struct ChunkGroup: Sendable {
    let type: ChunkType
    let bytes: ByteBuffer
    var chunks: [PackChunk] = []

    /// Whether there is room for so many bytes more.
    func takes(_ count: Int) -> Bool {
        chunks.isEmpty || bytes.count + count <= FormatLimits.groupSizeMax
    }
}

/// Makes segments of groups, on threads of their own: compressing is the slowest part of a copy.
///
/// A few groups are in memory at once; whoever begins one waits for a buffer. The first failure
/// ends the publisher's session, and with it the copy.
final class RegroupWorkers: Sendable {
    /// More threads than these would wait for the one that reads: it opens and proves about as
    /// much in a second as four compress. Each takes some 5 MiB.
    private static let threadCountMax = 4

    private let core: RepositoryCore
    private let writers: [ChunkType: PackWriter]
    private let publisher: PackPublisher
    private let queue: BoundedQueue<ChunkGroup>
    private let buffers: BoundedQueue<ByteBuffer>
    private let threads = Mutex<[WorkerThread]>([])

    /// Starts the threads, or none where the repository publishes inline.
    init(
        _ core: RepositoryCore,
        writers: [ChunkType: PackWriter],
        publisher: PackPublisher
    ) throws(CairnError) {
        self.core = core
        self.writers = writers
        self.publisher = publisher
        let threadCount = min(core.workerCount, RegroupWorkers.threadCountMax)
        let bufferCount = 2 * threadCount + ChunkType.allCases.count
        queue = BoundedQueue(capacity: bufferCount)
        buffers = BoundedQueue(capacity: bufferCount)
        for _ in 0..<bufferCount { buffers.put(ByteBuffer()) }
        if core.options.publishesInline { return }
        do throws(StoreError) {
            for number in 0..<threadCount {
                let thread = try WorkerThread(name: "cairn-regroup-\(number)") { [self] in run() }
                threads.withLock { $0.append(thread) }
            }
        } catch {
            abandon()
            throw CairnError.store(error, "starting a thread")
        }
    }

    /// An empty group; waits for a buffer.
    func begin(_ type: ChunkType) throws(CairnError) -> ChunkGroup {
        guard let buffer = buffers.take() else { throw publisher.failure ?? .cancelled }
        buffer.truncate(to: 0)
        return ChunkGroup(type: type, bytes: buffer)
    }

    /// Hands over a group, to be made a segment.
    func put(_ group: ChunkGroup) throws(CairnError) {
        if core.options.publishesInline {
            do throws(CairnError) {
                try make(group, makeMaker())
            } catch {
                // A group holds chunks of several packs: not just the present one is lost with it.
                publisher.fail(error)
                throw error
            }
        } else if !queue.put(group) {
            throw publisher.failure ?? .cancelled
        }
    }

    /// Waits until all groups are segments, and ends the threads.
    func finish() throws(CairnError) {
        queue.close()
        join()
        try publisher.expectUsable()
    }

    /// Drops what is queued and ends the threads.
    func abandon() {
        queue.cancel()
        buffers.cancel()
        join()
    }

    private func join() {
        let ending = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in ending { thread.join() }
    }

    private func run() {
        let maker = makeMaker()
        do throws(CairnError) {
            while let group = queue.take() { try make(group, maker) }
        } catch {
            publisher.fail(error)
            queue.cancel()
            buffers.cancel()
        }
    }

    private func makeMaker() -> SegmentMaker {
        SegmentMaker(core, compression: .zstd(level: 3))
    }

    private func make(_ group: ChunkGroup, _ maker: SegmentMaker) throws(CairnError) {
        guard let packs = writers[group.type] else {
            throw CairnError(.invalidRequest, "there is no pack for such chunks")
        }
        try maker.append(group.bytes.span, group.chunks, of: group.type, to: packs)
        buffers.put(group.bytes)
    }
}
