internal import Foundation
internal import Synchronization

/// A program that runs beside this one, its standard output readable here.
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

    /// Its process ID.
    let id: pid_t
    /// Where its standard output is read.
    let output: CInt
    /// Whether its ID may belong to another process by now.
    private let isReaped = Mutex(false)

    /// Starts a program, found as the shell finds it, with its arguments in bytes.
    init(_ arguments: [[UInt8]], input: Input) throws(SystemFailure) {
        var ends: [CInt] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw SystemFailure(code: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        output = ends[0]
        do {
            id = try ChildProcess.start(arguments, input: input, output: ends[1])
        } catch {
            close(ends[0])
            close(ends[1])
            throw error
        }
        close(ends[1])
    }

    deinit {
        close(output)
    }

    /// Waits for its end, once. It can be asked to end meanwhile.
    func wait() -> Ending {
        // Waits without reaping: until it is reaped, nobody else gets its ID.
        var information = unsafe siginfo_t()
        while unsafe waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) < 0 {
            if errno != EINTR { return .status(-1) }
        }
        var status: CInt = 0
        let result = isReaped.withLock { isReaped in
            isReaped = true
            return unsafe waitpid(id, &status, 0)
        }
        guard result == id else { return .status(-1) }
        let signal = status & 0x7f
        return signal == 0 ? .status(status >> 8 & 0xff) : .signal(signal)
    }

    /// Asks it to end.
    func terminate() {
        isReaped.withLock { isReaped in
            if !isReaped { kill(id, SIGTERM) }
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
