internal import Glibc
internal import Synchronization

/// Turns SIGINT, SIGTERM and SIGHUP into cancellations.
///
/// The first signal calls what is registered, and the command ends in good order with status 130.
/// The second ends the process at once; what a crash leaves behind is what this leaves behind.
final class Interrupts: Sendable {
    private struct State {
        var handlers: [Int: @Sendable () -> Void] = [:]
        var next = 0
        var isInterrupted = false
        /// Whether a mark was set and not met yet.
        var hasMark = false
    }

    /// The one that listens to this process's signals.
    static let shared = Interrupts()
    private let state = Mutex(State())
    private let settling = Mutex<Void>(())

    /// The signals that cancel.
    static let signals = [SIGINT, SIGTERM, SIGHUP]

    /// Says that all signals before it have been taken. Of the signals that wait, the one with the
    /// lowest number comes first, and this one comes after those that cancel.
    private static let mark = SIGURG

    /// Whether a signal came.
    var isInterrupted: Bool { state.withLock { $0.isInterrupted } }

    /// Blocks the signals and gives those to listen to.
    ///
    /// This must run before any other thread is made, so that all of them inherit what is blocked
    /// and one thread alone takes the signals. (`dispatchMain` unblocks them again.)
    func begin() -> [CInt] {
        _ = signal(SIGPIPE, SIG_IGN)
        // What was ignored when the process began, by nohup or by a shell, stays ignored.
        let signals = Interrupts.signals.filter { !Interrupts.isIgnored($0) }
        var set = Interrupts.signalSet(signals + [Interrupts.mark])
        _ = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        return signals
    }

    /// Returns once every signal that the process had before this call has been taken.
    func settle() {
        // One mark at a time: equal signals that wait are one.
        settling.withLock { _ in
            state.withLock { $0.hasMark = true }
            kill(getpid(), Interrupts.mark)
            while state.withLock({ $0.hasMark }) { usleep(100) }
        }
    }

    /// Takes the signals until the process ends.
    func listen(to signals: [CInt]) -> Never {
        var set = Interrupts.signalSet(signals + [Interrupts.mark])
        while true {
            var number: CInt = 0
            guard unsafe sigwait(&set, &number) == 0 else { continue }
            if number == Interrupts.mark {
                state.withLock { $0.hasMark = false }
            } else {
                take()
            }
        }
    }

    private static func isIgnored(_ signal: CInt) -> Bool {
        var action = sigaction()
        guard unsafe sigaction(signal, nil, &action) == 0 else { return false }
        let handler = unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
        let ignoring = unsafe unsafeBitCast(SIG_IGN, to: Int.self)
        return handler == ignoring
    }

    /// A set of signals.
    static func signalSet(_ signals: [CInt]) -> sigset_t {
        var set = sigset_t()
        _ = unsafe sigemptyset(&set)
        for signal in signals { _ = unsafe sigaddset(&set, signal) }
        return set
    }

    /// Has `handler` called at the first signal; at once where it has come already.
    ///
    /// - Returns: What ``remove(_:)`` takes.
    func register(_ handler: @escaping @Sendable () -> Void) -> Int {
        let (number, isLate) = state.withLock { state in
            state.next += 1
            state.handlers[state.next] = handler
            return (state.next, state.isInterrupted)
        }
        if isLate { handler() }
        return number
    }

    /// Forgets a handler.
    func remove(_ number: Int) {
        state.withLock { _ = $0.handlers.removeValue(forKey: number) }
    }

    private func take() {
        let handlers = state.withLock { state -> [@Sendable () -> Void]? in
            if state.isInterrupted { return nil }
            state.isInterrupted = true
            return Array(state.handlers.values)
        }
        // The second signal, or one that nothing waits for: end now.
        guard let handlers, !handlers.isEmpty else { _exit(ExitStatus.interrupted.rawValue) }
        for handler in handlers { handler() }
    }
}
