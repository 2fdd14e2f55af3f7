internal import Glibc

/// A value guarded by a lock, with conditions on which threads wait for it to change.
///
/// The value is reached only inside ``withLock(_:)`` and ``wait(on:until:)``, so one thread at a
/// time sees it. That is why the class may say `@unchecked Sendable`: the lock orders every access.
/// The lock and its conditions live in memory of their own, because they must not move.
///
/// A monitor blocks its thread. Never use one from a task of Swift concurrency.
@safe
package final class Monitor<State: Sendable>: @unchecked Sendable {
    private var state: State
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let conditionCount: Int
    private let conditions: UnsafeMutableBufferPointer<pthread_cond_t>

    /// Guards `state`.
    ///
    /// - Parameter conditionCount: How many conditions threads can wait on, numbered from 0.
    package init(_ state: State, conditionCount: Int = 1) {
        self.state = state
        self.conditionCount = conditionCount
        unsafe lock = .allocate(capacity: 1)
        unsafe lock.initialize(to: pthread_mutex_t())
        unsafe conditions = .allocate(capacity: conditionCount)
        unsafe conditions.initialize(repeating: pthread_cond_t())
        let lockResult = unsafe pthread_mutex_init(lock, nil)
        precondition(lockResult == 0, "the system gave no lock")
        for index in 0..<conditionCount {
            let result = unsafe pthread_cond_init(&conditions[index], nil)
            precondition(result == 0, "the system gave no condition")
        }
    }

    deinit {
        for index in 0..<conditionCount {
            _ = unsafe pthread_cond_destroy(&conditions[index])
        }
        _ = unsafe pthread_mutex_destroy(lock)
        unsafe conditions.deallocate()
        unsafe lock.deallocate()
    }

    /// Runs `body` with the value, alone.
    ///
    /// `body` must not use this monitor again.
    package func withLock<R, E: Error>(
        _ body: (inout State) throws(E) -> R
    ) throws(E) -> R {
        acquire()
        defer { release() }
        return try body(&state)
    }

    /// Runs `attempt` with the value again and again, sleeping on a condition in between, until it
    /// gives something.
    ///
    /// - Parameters:
    ///   - condition: The number of the condition that is signalled when `attempt` may fare better.
    ///   - attempt: Gives nil to go on waiting. It runs alone with the value.
    package func wait<R>(on condition: Int = 0, until attempt: (inout State) -> R?) -> R {
        acquire()
        defer { release() }
        while true {
            if let result = attempt(&state) { return result }
            let result = unsafe pthread_cond_wait(&conditions[condition], lock)
            precondition(result == 0, "waiting without holding the lock")
        }
    }

    /// Wakes one thread that waits on a condition.
    package func signal(_ condition: Int = 0) {
        _ = unsafe pthread_cond_signal(&conditions[condition])
    }

    /// Wakes all threads that wait on a condition.
    package func broadcast(_ condition: Int = 0) {
        _ = unsafe pthread_cond_broadcast(&conditions[condition])
    }

    private func acquire() {
        let result = unsafe pthread_mutex_lock(lock)
        precondition(result == 0, "the lock is broken")
    }

    private func release() {
        _ = unsafe pthread_mutex_unlock(lock)
    }
}
