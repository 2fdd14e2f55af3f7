/// A first-in, first-out queue between threads that holds elements up to a total weight.
///
/// `put` blocks while the weight of what is queued would pass the capacity, so a fast stage cannot
/// run away from a slow one. An element heavier than the capacity is let in alone, when the queue
/// is empty, so no single element can stall the pipeline.
///
/// A queue ends in one of two ways: ``close()`` lets takers drain what is queued, ``cancel()``
/// drops it.
package final class BoundedQueue<Element: Sendable>: Sendable {
    private struct State: Sendable {
        var ring: [Slot?] = Array(repeating: nil, count: 16)
        var head = 0
        var count = 0
        var weight = 0
        var waitingPuts = 0
        var waitingTakes = 0
        var isClosed = false
        var isCancelled = false

        mutating func push(_ slot: Slot) {
            if count == ring.count { grow() }
            ring[(head + count) & (ring.count - 1)] = slot
            count += 1
            weight += slot.weight
        }

        mutating func pop() -> Slot? {
            guard count > 0 else { return nil }
            let slot = ring[head]
            ring[head] = nil
            head = (head + 1) & (ring.count - 1)
            count -= 1
            weight -= slot?.weight ?? 0
            return slot
        }

        /// Doubles the ring; its size stays a power of two.
        private mutating func grow() {
            var larger: [Slot?] = Array(repeating: nil, count: ring.count * 2)
            for index in 0..<count {
                larger[index] = ring[(head + index) & (ring.count - 1)]
            }
            ring = larger
            head = 0
        }
    }

    private struct Slot: Sendable {
        let element: Element
        let weight: Int
    }

    /// The conditions of the monitor.
    private enum Condition {
        static var room: Int { 0 }
        static var element: Int { 1 }
    }

    private let monitor = Monitor(State(), conditionCount: 2)
    /// The weight up to which elements are let in, in bytes or whatever unit the caller uses.
    package let capacity: Int

    /// Makes an empty queue.
    ///
    /// - Parameter capacity: The total weight it holds before `put` blocks.
    package init(capacity: Int) {
        precondition(capacity > 0, "a queue without room would never let anything in")
        self.capacity = capacity
    }

    /// Adds an element at the end, waiting for room.
    ///
    /// - Returns: False where the queue was closed or cancelled; the element is then not queued.
    @discardableResult
    package func put(_ element: Element, weight: Int = 1) -> Bool {
        precondition(weight >= 0, "a weight is not negative")
        var isWaiting = false
        let outcome = monitor.wait(on: Condition.room) { state -> (Bool, Bool)? in
            if isWaiting { state.waitingPuts -= 1 }
            isWaiting = false
            if state.isClosed || state.isCancelled { return (false, false) }
            if state.count > 0 && weight > capacity - state.weight {
                state.waitingPuts += 1
                isWaiting = true
                return nil
            }
            state.push(Slot(element: element, weight: weight))
            return (true, state.waitingTakes > 0)
        }
        if outcome.1 { monitor.signal(Condition.element) }
        return outcome.0
    }

    /// Removes the first element, waiting for one.
    ///
    /// - Returns: Nil once the queue is closed and drained, or cancelled.
    package func take() -> Element? {
        var isWaiting = false
        let outcome = monitor.wait(on: Condition.element) { state -> (Element?, Bool)? in
            if isWaiting { state.waitingTakes -= 1 }
            isWaiting = false
            if state.isCancelled { return (nil, false) }
            if let slot = state.pop() { return (slot.element, state.waitingPuts > 0) }
            if state.isClosed { return (nil, false) }
            state.waitingTakes += 1
            isWaiting = true
            return nil
        }
        // One element out may leave room for several lighter ones.
        if outcome.1 { monitor.broadcast(Condition.room) }
        return outcome.0
    }

    /// Removes the first element if there is one now.
    package func takeIfAny() -> Element? {
        let outcome = monitor.withLock { state -> (Element?, Bool) in
            guard let slot = state.pop() else { return (nil, false) }
            return (slot.element, state.waitingPuts > 0)
        }
        if outcome.1 { monitor.broadcast(Condition.room) }
        return outcome.0
    }

    /// Lets nothing more in. What is queued can still be taken. Closing twice is allowed.
    package func close() {
        monitor.withLock { $0.isClosed = true }
        monitor.broadcast(Condition.room)
        monitor.broadcast(Condition.element)
    }

    /// Drops what is queued and lets every waiting and later `put` and `take` return empty-handed.
    package func cancel() {
        let dropped = monitor.withLock { state -> [Slot?] in
            state.isCancelled = true
            let ring = state.ring
            state.ring = Array(repeating: nil, count: 16)
            state.head = 0
            state.count = 0
            state.weight = 0
            return ring
        }
        monitor.broadcast(Condition.room)
        monitor.broadcast(Condition.element)
        _ = dropped  // released outside the lock
    }

    /// How many elements are queued.
    package var count: Int { monitor.withLock { $0.count } }

    /// The weight of what is queued.
    package var weight: Int { monitor.withLock { $0.weight } }
}
