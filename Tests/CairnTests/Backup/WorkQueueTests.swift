import Cairn
import CairnCore
import CairnIO
import Synchronization
import Testing

@Suite("The queue of a backup's workers")
struct WorkQueueTests {
    private enum Seen: Sendable, Equatable {
        case stretch, batch, end
    }

    private static func take(_ queue: WorkQueue) -> Seen {
        switch queue.take() {
        case .stretch(let stretch)?:
            stretch.resolve(.success([]))
            return .stretch
        case .batch?: return .batch
        case nil: return .end
        }
    }

    @Test("keeps workers for the stretches of a batch that is under way when the walk has ended")
    func lastFileIsLarge() throws {
        for _ in 0..<200 {
            let queue = WorkQueue(batchCountMax: 1)
            try queue.put(WalkBatch(items: [], jobs: []))
            queue.close()
            #expect(WorkQueueTests.take(queue) == .batch)
            let seen = Mutex<[Seen]>([])
            let other = try WorkerThread(name: "other") {
                while true {
                    let task = WorkQueueTests.take(queue)
                    seen.withLock { $0.append(task) }
                    if task == .end { return }
                }
            }
            // The other worker most likely asks before there is anything to do.
            for _ in 0..<3 {
                let stretch = Stretch(buffer: ByteBuffer(), lengths: [])
                queue.put(stretch)
                // Fails for ever if the other one has gone: then it is done here.
                while !stretch.isResolved, seen.withLock({ $0.last == .end }) {
                    queue.takeStretchIfAny()?.resolve(.success([]))
                }
                _ = try stretch.awaitIDs()
            }
            queue.endBatch()
            other.join()
            #expect(seen.withLock { $0 } == [.stretch, .stretch, .stretch, .end])
        }
    }

    @Test("ends all workers when it is cancelled, whatever is under way")
    func cancelled() throws {
        let queue = WorkQueue(batchCountMax: 1)
        try queue.put(WalkBatch(items: [], jobs: []))
        #expect(WorkQueueTests.take(queue) == .batch)
        let other = try WorkerThread(name: "other") { _ = WorkQueueTests.take(queue) }
        queue.cancel()
        other.join()
        #expect(WorkQueueTests.take(queue) == .end)
        let stretch = Stretch(buffer: ByteBuffer(), lengths: [])
        queue.put(stretch)
        #expect(throws: CairnError.self) { try stretch.awaitIDs() }
    }
}
