package import CairnIO

/// Calls a closure several times a second from a thread of its own until stopped.
package final class ProgressTicker: Sendable {
    /// Between two calls, in nanoseconds.
    private static let interval: UInt64 = 200_000_000
    /// Between two looks at whether to stop, in nanoseconds.
    private static let slice: UInt64 = 10_000_000

    private let stopping = Cancellation()
    private let thread: WorkerThread

    /// Starts ticking.
    ///
    /// - Parameter tick: Receives the nanoseconds since `start`.
    package init(
        _ time: any TimeSource,
        start: UInt64,
        tick: @escaping @Sendable (UInt64) -> Void
    ) throws(CairnError) {
        let stopping = stopping
        do {
            thread = try WorkerThread(name: "cairn-progress") {
                var next = time.monotonicNanoseconds
                while !stopping.isCancelled {
                    let now = time.monotonicNanoseconds
                    if now >= next {
                        tick(now - start)
                        next = now + ProgressTicker.interval
                    }
                    time.sleep(nanoseconds: ProgressTicker.slice)
                }
                tick(time.monotonicNanoseconds - start)
            }
        } catch {
            throw CairnError.store(error, "starting a thread")
        }
    }

    /// Ticks a last time and ends the thread.
    package func stop() {
        stopping.cancel()
        thread.join()
    }
}
