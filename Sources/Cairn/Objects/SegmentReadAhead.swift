internal import CairnCore
internal import CairnIO
internal import Synchronization

/// Decodes segments, on threads of its own, before whoever goes through them comes to them.
///
/// One thread uses it. The threads begin with the first call of ``expect(_:)`` that is worth it.
final class SegmentReadAhead: Sendable {
    private struct State: Sendable {
        /// What to decode, the first last.
        var expected: [ChunkLocation] = []
        var isEnded = false
    }

    /// Opening trees takes a thread about as long as decoding their segments takes two.
    private static let threadCountMax = 3
    /// Fewer than these are decoded as they come.
    private static let countMin = 4

    private let chunks: ChunkReader
    private let monitor = Monitor(State())
    private let threads = Mutex<[WorkerThread]>([])

    /// Decodes for readers of `chunks`.
    init(_ chunks: ChunkReader) {
        self.chunks = chunks
    }

    /// Begins to decode segments; what was expected before and is not begun is dropped.
    ///
    /// - Parameter locations: The first last; not more than the cache of `chunks` has room for.
    func expect(_ locations: [ChunkLocation]) {
        guard locations.count >= SegmentReadAhead.countMin, begin() else { return }
        monitor.withLock { $0.expected = locations }
        monitor.broadcast()
    }

    /// Whether a chunk is stored before another.
    static func isBefore(_ a: ChunkLocation, _ b: ChunkLocation) -> Bool {
        (a.pack.id, a.segmentRange.lowerBound, a.place)
            < (b.pack.id, b.segmentRange.lowerBound, b.place)
    }

    /// Ends the threads; what is expected later begins others.
    func end() {
        monitor.withLock { $0.isEnded = true }
        monitor.broadcast()
        let ending = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in ending { thread.join() }
        monitor.withLock { $0 = State() }
    }

    /// Whether there are threads.
    private func begin() -> Bool {
        let core = chunks.core
        if core.options.publishesInline { return false }
        return threads.withLock { threads in
            // Without them everything is as it was, only slower.
            for number in threads.count..<min(core.workerCount, SegmentReadAhead.threadCountMax) {
                let name = "cairn-ahead-\(number)"
                guard let thread = try? WorkerThread(name: name, { [self] in run() }) else { break }
                threads.append(thread)
            }
            return !threads.isEmpty
        }
    }

    private func run() {
        while let location = next() { chunks.prepare(location) }
    }

    /// The next segment to decode; nil once it is over.
    private func next() -> ChunkLocation? {
        monitor.wait { state -> ChunkLocation?? in
            if state.isEnded { return .some(nil) }
            return state.expected.popLast().map { .some($0) }
        }
    }
}
