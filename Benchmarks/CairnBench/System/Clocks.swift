import Cairn
import Glibc

/// Time spent on something.
struct Spent {
    /// Seconds that passed.
    var wall = 0.0
    /// Seconds of processor time.
    var processor = 0.0

    /// The time of both.
    static func + (first: Spent, second: Spent) -> Spent {
        Spent(wall: first.wall + second.wall, processor: first.processor + second.processor)
    }

    /// What the process spends on `body`, all of its threads together.
    static func byProcess(_ body: () throws -> Void) rethrows -> Spent {
        let start = now(CLOCK_PROCESS_CPUTIME_ID)
        try body()
        return now(CLOCK_PROCESS_CPUTIME_ID).since(start)
    }

    /// What the process spends on `body`, with what `body` returns.
    static func byProcess<T>(
        _ body: () async throws -> T
    ) async rethrows -> (value: T, spent: Spent) {
        let start = now(CLOCK_PROCESS_CPUTIME_ID)
        let value = try await body()
        return (value, now(CLOCK_PROCESS_CPUTIME_ID).since(start))
    }

    /// Adds what this thread spends on `body`.
    mutating func addThread<R>(_ body: () throws -> R) rethrows -> R {
        let start = Spent.now(CLOCK_THREAD_CPUTIME_ID)
        defer { self = self + Spent.now(CLOCK_THREAD_CPUTIME_ID).since(start) }
        return try body()
    }

    private func since(_ start: Spent) -> Spent {
        Spent(wall: wall - start.wall, processor: processor - start.processor)
    }

    private static func now(_ clock: clockid_t) -> Spent {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Spent(
            wall: Double(Environment.system.time.monotonicNanoseconds) / 1e9,
            processor: Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        )
    }
}
