import CairnIO
import Synchronization

/// Threads, one for each core, that share out numbered pieces of work.
enum Lanes {
    /// How many threads there are.
    static let count = Processors.usableCount

    /// Runs `body` on every thread and waits for all; each asks for pieces until there are none.
    ///
    /// - Throws: The first error of any thread.
    static func run(
        pieces: Int,
        _ body: @escaping @Sendable (WorkSupply) throws -> Void
    ) throws {
        let supply = WorkSupply(count: pieces)
        let threads = try ThreadGroup(name: "bench", count: count) { _ in
            do {
                try body(supply)
            } catch {
                supply.fail(error)
            }
        }
        threads.join()
        if let failure = supply.failure { throw failure }
    }
}

/// Hands out each number once, to whichever thread asks.
final class WorkSupply: Sendable {
    private let count: Int
    private let taken = Atomic<Int>(0)
    private let firstFailure = Mutex<(any Error)?>(nil)

    /// Supplies the numbers from zero up to `count`.
    init(count: Int) { self.count = count }

    /// The next number; nil once all are taken or a thread has failed.
    func next() -> Int? {
        let number = taken.wrappingAdd(1, ordering: .relaxed).oldValue
        return number < count ? number : nil
    }

    /// Notes that a thread failed, and ends the supply.
    func fail(_ error: any Error) {
        taken.store(count, ordering: .relaxed)
        firstFailure.withLock { if $0 == nil { $0 = error } }
    }

    /// Why a thread failed, if one did.
    var failure: (any Error)? { firstFailure.withLock { $0 } }
}
