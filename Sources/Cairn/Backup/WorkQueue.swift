internal import CairnCore
internal import CairnIO

/// A stretch of one large file: whole chunks of it, to be identified and stored.
package final class Stretch: Sendable {
    package let buffer: ByteBuffer
    /// The lengths of the chunks, which lie one behind the other from the buffer's start.
    package let lengths: [Int]
    private let outcome = Monitor<Result<[ChunkID], CairnError>?>(nil)

    package init(buffer: ByteBuffer, lengths: [Int]) {
        self.buffer = buffer
        self.lengths = lengths
    }

    /// Hands over the chunks' IDs, or why they could not be stored.
    package func resolve(_ result: Result<[ChunkID], CairnError>) {
        outcome.withLock { $0 = result }
        outcome.broadcast()
    }

    /// Whether the outcome is there.
    package var isResolved: Bool { outcome.withLock { $0 != nil } }

    /// Waits for the IDs.
    package func awaitIDs() throws(CairnError) -> [ChunkID] {
        try outcome.wait { $0 }.get()
    }
}

/// What the workers have to do: stretches first, since a reader waits for them, then batches.
package final class WorkQueue: Sendable {
    package enum Work: Sendable {
        case batch(WalkBatch)
        case stretch(Stretch)
    }

    private struct State: Sendable {
        var batches: [WalkBatch] = []
        var stretches: [Stretch] = []
        var freeBuffers: [ByteBuffer] = []
        /// Batches that were taken and are not ended: each may still give stretches.
        var batchesUnderWay = 0
        var isClosed = false
        var isCancelled = false
    }

    private enum Condition {
        static var work: Int { 0 }
        static var room: Int { 1 }
    }

    private let batchCountMax: Int
    private let state = Monitor(State(), conditionCount: 2)

    /// Makes an empty queue.
    ///
    /// - Parameter batchCountMax: How many batches may wait before `put` blocks.
    package init(batchCountMax: Int) {
        self.batchCountMax = batchCountMax
    }

    /// Adds a batch, waiting for room.
    package func put(_ batch: WalkBatch) throws(CairnError) {
        let isIn = state.wait(on: Condition.room) { state -> Bool? in
            if state.isCancelled { return false }
            guard state.batches.count < batchCountMax else { return nil }
            state.batches.append(batch)
            return true
        }
        guard isIn else {
            batch.abandon()
            throw CairnError.cancelled
        }
        state.signal(Condition.work)
    }

    /// Adds a stretch; the reader bounds how many it has under way.
    package func put(_ stretch: Stretch) {
        let isIn = state.withLock { state in
            if !state.isCancelled { state.stretches.append(stretch) }
            return !state.isCancelled
        }
        guard isIn else { return stretch.resolve(.failure(.cancelled)) }
        state.signal(Condition.work)
    }

    /// The next thing to do, waiting for one; nil once there is none left and no batch under way
    /// can give any. Whoever takes a batch calls ``endBatch()`` when it is done.
    package func take() -> Work? {
        let work = state.wait(on: Condition.work) { state -> Work?? in
            if state.isCancelled { return .some(nil) }
            if !state.stretches.isEmpty { return .stretch(state.stretches.removeFirst()) }
            if !state.batches.isEmpty {
                state.batchesUnderWay += 1
                return .batch(state.batches.removeFirst())
            }
            return state.isClosed && state.batchesUnderWay == 0 ? .some(nil) : nil
        }
        if case .batch? = work { state.signal(Condition.room) }
        return work
    }

    /// Says that a batch that was taken is done.
    package func endBatch() {
        let isLast = state.withLock { state in
            state.batchesUnderWay -= 1
            return state.batchesUnderWay == 0
        }
        if isLast { state.broadcast(Condition.work) }
    }

    /// A stretch to do, if one waits.
    package func takeStretchIfAny() -> Stretch? {
        state.withLock { state in
            state.stretches.isEmpty ? nil : state.stretches.removeFirst()
        }
    }

    /// A buffer for a stretch, reused where possible.
    package func takeBuffer(capacity: Int) -> ByteBuffer {
        let free = state.withLock { $0.freeBuffers.popLast() }
        return free ?? ByteBuffer(capacity: capacity)
    }

    /// Gives a stretch's buffer back.
    package func recycle(_ buffer: ByteBuffer) {
        buffer.truncate(to: 0)
        state.withLock { $0.freeBuffers.append(buffer) }
    }

    /// Lets nothing more in; workers end when all is done.
    package func close() {
        state.withLock { $0.isClosed = true }
        state.broadcast(Condition.work)
    }

    /// Drops everything; workers end at once, and whoever waits for work of theirs is told.
    package func cancel() {
        let (batches, stretches) = state.withLock { state in
            state.isCancelled = true
            defer {
                state.batches = []
                state.stretches = []
            }
            return (state.batches, state.stretches)
        }
        for batch in batches { batch.abandon() }
        for stretch in stretches { stretch.resolve(.failure(.cancelled)) }
        state.broadcast(Condition.work)
        state.broadcast(Condition.room)
    }
}
