import Cairn
import Glibc

/// A program as a whole process: what to run, and where.
struct ChildCommand {
    /// The program, as a path with a slash in it, and its arguments.
    let arguments: [String]
    /// All of the program's environment, as `NAME=value`.
    var environment: [String] = []
    /// The folder it runs in; nil for the folder of this process.
    var folder: String?
}

/// How a process ran, as the kernel accounts for it (`wait4`).
struct ChildRun {
    /// Seconds from before the start to after the end.
    var wall = 0.0
    /// Seconds of processor time, in the program and in the kernel for it, over all threads and
    /// over all child processes it waited for.
    var processor = 0.0
    /// The most resident memory that it, or one of its children, had at a time, in bytes. Linux
    /// counts from this process's own peak: it is never less than that.
    var peak = 0
    /// What went wrong; nil where it exited with 0.
    var failure: String?

    /// Runs a program and waits for its end.
    ///
    /// - Parameter log: A file that its output, both kinds, is appended to.
    static func run(_ command: ChildCommand, log: String) -> ChildRun {
        var run = ChildRun()
        let start = Environment.system.time.monotonicNanoseconds
        var id: pid_t = 0
        let code = spawn(command, log: log, &id)
        guard code == 0 else {
            run.failure = "not started (\(errorText(code)))"
            return run
        }
        var status: CInt = 0
        var usage = rusage()
        while unsafe wait4(id, &status, 0, &usage) < 0 {
            guard errno == EINTR else {
                run.failure = "could not be waited for (\(errorText(errno)))"
                return run
            }
        }
        run.wall = Double(Environment.system.time.monotonicNanoseconds - start) / 1e9
        run.processor = seconds(usage.ru_utime) + seconds(usage.ru_stime)
        run.peak = usage.ru_maxrss << 10
        let signal = status & 0x7f
        let exit = status >> 8 & 0xff
        if signal != 0 { run.failure = "ended by signal \(signal)" }
        if signal == 0 && exit != 0 { run.failure = "exit code \(exit)" }
        return run
    }

    /// The most memory this process has had, in bytes: the least that ``peak`` can say.
    static var peakFloor: Int {
        var usage = rusage()
        guard unsafe getrusage(RUSAGE_SELF.rawValue, &usage) == 0 else { return 0 }
        return usage.ru_maxrss << 10
    }

    /// This run and another after it, as one.
    func followed(by next: ChildRun) -> ChildRun {
        ChildRun(
            wall: wall + next.wall,
            processor: processor + next.processor,
            peak: max(peak, next.peak),
            failure: failure ?? next.failure
        )
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1e6
    }

    private static func spawn(_ command: ChildCommand, log: String, _ id: inout pid_t) -> CInt {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        let how = O_WRONLY | O_CREAT | O_APPEND
        unsafe posix_spawn_file_actions_addopen(&actions, 1, log, how, 0o600)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        // `env` changes the folder and becomes the program, so the account is the program's.
        let change = command.folder.map { ["/usr/bin/env", "-C", $0] } ?? []
        let words = change + command.arguments
        guard let program = words.first else { return ENOENT }
        return unsafe withPointers(words) { arguments in
            unsafe withPointers(command.environment) { environment in
                unsafe posix_spawn(&id, program, &actions, nil, arguments, environment)
            }
        }
    }

    private typealias Pointers = [UnsafeMutablePointer<CChar>?]

    private static func withPointers<R>(_ texts: [String], _ body: (Pointers) -> R) -> R {
        var pointers: Pointers = unsafe texts.map { unsafe strdup($0) }
        unsafe pointers.append(nil)
        defer { unsafe pointers.forEach { unsafe free($0) } }
        return unsafe body(pointers)
    }
}

/// What an error number of the system means.
func errorText(_ code: CInt) -> String {
    unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
}
