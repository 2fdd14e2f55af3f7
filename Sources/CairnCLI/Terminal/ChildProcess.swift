internal import Glibc
internal import Synchronization

/// A program that runs beside this one, its standard output readable here.
///
/// Whoever registers ``terminate()`` for signals does so before ``start(_:input:)``, so that none
/// comes when the program runs and nobody would end it.
final class ChildProcess: Sendable {
    /// Where its standard input comes from.
    enum Input {
        /// From where ours comes.
        case inherited
        /// From nowhere.
        case nothing
    }

    /// How it ended.
    enum Ending: Sendable {
        case status(CInt)
        case signal(CInt)

        var isSuccess: Bool {
            if case .status(0) = self { return true }
            return false
        }

        var description: String {
            switch self {
            case .status(127): "failed: there is no such program (status 127)"
            case .status(let status): "failed with status \(status)"
            case .signal(let signal): "was ended by signal \(signal)"
            }
        }
    }

    private struct State {
        /// Where the program will write; nil once it was started.
        var input: CInt?
        /// Its process ID while it runs; once reaped it may belong to another process.
        var id: pid_t?
        var isToEnd = false
    }

    /// Where its standard output is read.
    let output: CInt
    private let state: Mutex<State>

    /// Makes the pipe from a program that does not run yet.
    init() throws(SystemFailure) {
        var ends: [CInt] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw SystemFailure(code: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        output = ends[0]
        state = Mutex(State(input: ends[1]))
    }

    deinit {
        close(output)
        if let input = state.withLock({ $0.input }) { close(input) }
    }

    /// Starts a program, found as the shell finds it, with its arguments in bytes. To be called
    /// once; a program that was asked to end before that is started and asked again.
    func start(_ arguments: [[UInt8]], input standardInput: Input) throws(SystemFailure) {
        guard let end = state.withLock({ $0.input.take() }) else { return }
        defer { close(end) }
        let id = try ChildProcess.start(arguments, input: standardInput, output: end)
        state.withLock { state in
            state.id = id
            if state.isToEnd { kill(id, SIGTERM) }
        }
    }

    /// Waits for its end, once. It can be asked to end meanwhile.
    func wait() -> Ending {
        guard let id = state.withLock({ $0.id }) else { return .status(-1) }
        // Waits without reaping: until it is reaped, nobody else gets its ID.
        var information = unsafe siginfo_t()
        while unsafe waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) < 0 {
            if errno != EINTR { return .status(-1) }
        }
        var status: CInt = 0
        let result = state.withLock { state in
            state.id = nil
            return unsafe waitpid(id, &status, 0)
        }
        guard result == id else { return .status(-1) }
        let signal = status & 0x7f
        return signal == 0 ? .status(status >> 8 & 0xff) : .signal(signal)
    }

    /// Asks it to end.
    func terminate() {
        state.withLock { state in
            state.isToEnd = true
            if let id = state.id { kill(id, SIGTERM) }
        }
    }

    private static func start(
        _ arguments: [[UInt8]],
        input: Input,
        output: CInt
    ) throws(SystemFailure) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
        if input == .nothing {
            unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // The program starts with the signals as usual, not as this process has them.
        var usual = Interrupts.signalSet(Interrupts.signals + [SIGPIPE])
        var none = Interrupts.signalSet([])
        unsafe posix_spawnattr_setsigdefault(&attributes, &usual)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)
        )

        var pointers: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { argument in
            unsafe Descriptor.withPath(argument) { unsafe strdup($0) }
        }
        unsafe pointers.append(nil)
        defer { unsafe pointers.forEach { unsafe free($0) } }
        guard let program = unsafe pointers.first ?? nil else { throw SystemFailure(code: ENOENT) }
        var id: pid_t = 0
        let code = unsafe posix_spawnp(&id, program, &actions, &attributes, pointers, environ)
        guard code == 0 else { throw SystemFailure(code: code) }
        return id
    }
}
