internal import CairnIO
internal import Synchronization

/// Spreads what is to stay on one processor over all of them.
package final class ProcessorShare: Sendable {
    private let counts = Mutex<[Int]>([])

    /// Starts with nobody on any processor.
    package init() {
        counts.withLock { $0 = Array(repeating: 0, count: max(1, Processors.usableCount)) }
    }

    /// Runs `body` with the number of a processor that has the fewest users.
    package func withProcessor<R, E: Error>(_ body: (Int) throws(E) -> R) throws(E) -> R {
        let chosen = counts.withLock { counts in
            let chosen = counts.indices.min { counts[$0] < counts[$1] } ?? 0
            counts[chosen] += 1
            return chosen
        }
        defer { counts.withLock { $0[chosen] -= 1 } }
        return try body(chosen)
    }
}
