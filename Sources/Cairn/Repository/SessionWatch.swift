internal import CairnIO

/// Looks for cleanups while a session runs, once a second, from a thread of its own
/// (Specs/Cleanup.md#writer).
package final class SessionWatch: Sendable {
    /// Between two looks, in nanoseconds.
    private static let interval: UInt64 = 1_000_000_000
    /// Between two looks at whether to stop, in nanoseconds.
    private static let slice: UInt64 = 10_000_000

    private let stopping = Cancellation()
    private let thread: WorkerThread

    /// Starts looking.
    package init(_ session: WriterSession) throws(CairnError) {
        let stopping = stopping
        let time = session.core.environment.time
        do {
            thread = try WorkerThread(name: "cairn-watch") {
                var next = time.monotonicNanoseconds + SessionWatch.interval
                while !stopping.isCancelled {
                    if time.monotonicNanoseconds >= next {
                        SessionWatch.look(session)
                        next = time.monotonicNanoseconds + SessionWatch.interval
                    }
                    time.sleep(nanoseconds: SessionWatch.slice)
                }
            }
        } catch {
            throw CairnError.store(error, "starting a thread")
        }
    }

    /// A store that does not answer is asked again; only a loss ends the session.
    private static func look(_ session: WriterSession) {
        do throws(CairnError) {
            try session.lookForCleanup()
        } catch {
            if error.code == .fenced { session.publisher.fail(error) }
        }
    }

    /// Stops looking and ends the thread.
    package func stop() {
        stopping.cancel()
        thread.join()
    }
}
