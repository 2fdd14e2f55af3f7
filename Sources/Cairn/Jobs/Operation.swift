internal import CairnIO
internal import Synchronization

/// A running job: its events as a sequence and its result.
///
/// The job runs on threads of its own, which end before `value` returns. It is cancelled by
/// `cancel()`, or by cancelling the task that awaits `value`, and stops within 250 ms.
public final class Operation<Value: Sendable>: Sendable {
    /// What the job reports, in order; it ends when the job ends. At most one task may iterate.
    public let events: AsyncStream<Event>
    private let cancellation: Cancellation
    private let outcome: Outcome<Value>
    private let thread: WorkerThread?

    /// Starts `body` on a thread of its own.
    package init(
        _ name: String,
        _ body: @escaping @Sendable (JobContext) throws(CairnError) -> Value
    ) {
        let (events, continuation) = AsyncStream.makeStream(
            of: Event.self,
            bufferingPolicy: .bufferingNewest(1024)
        )
        self.events = events
        let cancellation = Cancellation()
        let outcome = Outcome<Value>()
        self.cancellation = cancellation
        self.outcome = outcome
        let context = JobContext(cancellation: cancellation) { continuation.yield($0) }
        do {
            thread = try WorkerThread(name: name) {
                do throws(CairnError) {
                    outcome.resolve(.success(try body(context)))
                } catch {
                    outcome.resolve(.failure(error))
                }
                continuation.finish()
            }
        } catch {
            thread = nil
            outcome.resolve(.failure(CairnError.store(error, "starting a thread")))
            continuation.finish()
        }
    }

    /// Asks the job to stop; what it has made durable stays.
    public func cancel() {
        cancellation.cancel()
    }

    /// Waits for the result.
    ///
    /// - Throws: The job's failure, `.cancelled` if it was cancelled.
    public var value: Value {
        get async throws(CairnError) {
            let result = await withTaskCancellationHandler {
                await outcome.wait()
            } onCancel: {
                cancellation.cancel()
            }
            return try result.get()
        }
    }
}

/// A result that one thread sets and any number of tasks await.
private final class Outcome<Value: Sendable>: Sendable {
    private struct State {
        var result: Result<Value, CairnError>?
        var waiters: [CheckedContinuation<Result<Value, CairnError>, Never>] = []
    }
    private let state = Mutex(State())

    func resolve(_ result: Result<Value, CairnError>) {
        let waiters = state.withLock { state in
            state.result = result
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: result) }
    }

    func wait() async -> Result<Value, CairnError> {
        await withCheckedContinuation { continuation in
            let ready = state.withLock { state in
                if state.result == nil { state.waiters.append(continuation) }
                return state.result
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }
}

/// A flag that many threads poll.
package final class Cancellation: Sendable {
    private let flag = Atomic<Bool>(false)
    private let parent: Cancellation?

    /// Starts uncancelled.
    package init() { parent = nil }

    /// Starts uncancelled; it is cancelled with its parent, and not the other way round.
    package init(beneath parent: Cancellation) { self.parent = parent }

    /// Sets the flag.
    package func cancel() { flag.store(true, ordering: .relaxed) }

    /// Whether the flag is set.
    package var isCancelled: Bool {
        flag.load(ordering: .relaxed) || parent?.isCancelled == true
    }

    /// Throws `.cancelled` if the flag is set.
    package func check() throws(CairnError) {
        if isCancelled { throw CairnError.cancelled }
    }
}

/// What a job's code sees of its job: whether to stop, and where to report.
package struct JobContext: Sendable {
    package let cancellation: Cancellation
    package let report: @Sendable (Event) -> Void

    /// Makes a context; the defaults never cancel and report to nobody.
    package init(
        cancellation: Cancellation = Cancellation(),
        report: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.cancellation = cancellation
        self.report = report
    }

    /// Throws `.cancelled` if the job should stop.
    package func checkCancelled() throws(CairnError) { try cancellation.check() }
}
