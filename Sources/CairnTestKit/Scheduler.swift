package import CairnIO
internal import Synchronization

/// Runs several actors on one store, one step of one actor at a time, in an order that a seed
/// draws.
///
/// Every operation of a ``ScheduledStore`` is a step. Between two steps an actor runs alone, so the
/// same seed gives the same run. An actor may be slow for a while, crash before, at or after an
/// operation, or lose an answer; a create or delete under way at a crash may take place later.
package final class Scheduler: Sendable {
    /// What becomes of an operation.
    enum Fate {
        /// It takes place and is answered.
        case normal
        /// The actor is gone; the operation takes place now, later or never.
        case crash(lands: Landing)
        /// The operation takes place, and its answer is lost.
        case lostAnswer
    }

    /// When an operation of a crashed actor takes place.
    enum Landing: CaseIterable {
        case now, later, never
    }

    /// How often things go wrong.
    package struct Faults: Sendable {
        /// Of a thousand steps, in how many the actor crashes.
        package var crashes = 4
        /// Of a thousand creates, how many answers are lost.
        package var lostAnswers = 5

        /// The defaults.
        package init() {}
    }

    private struct Actor {
        var isWaiting = false
        var hasEnded = false
        var isGranted = false
        var fate = Fate.normal
        var speed = 4
        var mayCrash = true
        var operation = StoreOperation.list
    }

    private struct State {
        var random: SeededRandom
        var actors: [Actor] = []
        var late: [@Sendable () -> Void] = []
        var steps = 0
        var lines: [String] = []
        var trace: UInt64 = 0xcbf2_9ce4_8422_2325
    }

    /// The most actors.
    package static let actorCountMax = 15

    private let faults: Faults
    /// Whether every operation is printed.
    let logs: Bool
    private let state: Monitor<State>

    /// Starts with no actors.
    package init(seed: UInt64, faults: Faults = Faults(), logs: Bool = false) {
        self.faults = faults
        self.logs = logs
        state = Monitor(
            State(random: SeededRandom(seed: seed)),
            conditionCount: 1 + Scheduler.actorCountMax
        )
    }

    /// How many steps were taken.
    package var steps: Int { state.withLock { $0.steps } }
    /// A digest of the order of steps.
    package var trace: UInt64 { state.withLock { $0.trace } }

    /// Draws a number below `bound`, from the seed.
    package func draw(_ bound: Int) -> Int {
        state.withLock { Int(truncatingIfNeeded: $0.random.next() % UInt64(max(bound, 1))) }
    }

    /// Runs the actors to their end. Each gets its number, for its store.
    ///
    /// - Parameters:
    ///   - stepCountMax: After so many steps nobody crashes any more and everybody is equally fast.
    ///   - afterStep: Runs between steps, while nobody else does.
    package func run(
        _ actors: [@Sendable (Int) -> Void],
        afterStep: () -> Void = {}
    ) throws(StoreError) {
        precondition(actors.count <= Scheduler.actorCountMax, "too many actors")
        state.withLock { $0.actors = actors.map { _ in Actor() } }
        var threads: [WorkerThread] = []
        for (number, body) in actors.enumerated() {
            let state = state
            threads.append(
                try WorkerThread(name: "actor-\(number)") { [self] in
                    // Nobody does anything before it is drawn.
                    _ = step(number, .list)
                    body(number)
                    state.withLock { $0.actors[number].hasEnded = true }
                    state.signal()
                }
            )
        }
        while let number = nextActor() {
            grant(number)
            awaitQuiet()
            afterStep()
        }
        for thread in threads { thread.join() }
        for operation in state.withLock({ $0.late }) { operation() }
        state.withLock { $0.late = [] }
    }

    /// Waits until every actor waits or has ended, and draws who is next.
    private func nextActor() -> Int? {
        awaitQuiet()
        return state.withLock { state in
            let ready = state.actors.indices.filter { !state.actors[$0].hasEnded }
            guard !ready.isEmpty else { return nil }
            if state.random.next() % 50 == 0 {
                let slow = ready[Int(state.random.next() % UInt64(ready.count))]
                state.actors[slow].speed = [1, 4, 40][Int(state.random.next() % 3)]
            }
            let total = ready.reduce(0) { $0 + state.actors[$1].speed }
            var ticket = Int(state.random.next() % UInt64(total))
            for number in ready {
                ticket -= state.actors[number].speed
                if ticket < 0 { return number }
            }
            return ready.last
        }
    }

    private func awaitQuiet() {
        state.wait { state -> Void? in
            let isQuiet = state.actors.allSatisfy { $0.hasEnded || $0.isWaiting && !$0.isGranted }
            return isQuiet ? () : nil
        }
    }

    private func grant(_ number: Int) {
        let landing = state.withLock { state -> (@Sendable () -> Void)? in
            state.steps += 1
            state.trace = (state.trace ^ UInt64(number + 1)) &* 0x100_0000_01b3
            let actor = state.actors[number]
            var fate = Fate.normal
            let dice = Int(state.random.next() % 1000)
            if actor.mayCrash && dice < faults.crashes {
                fate = .crash(lands: Landing.allCases[Int(state.random.next() % 3)])
            } else if actor.operation == .create && dice < faults.crashes + faults.lostAnswers {
                fate = .lostAnswer
            }
            state.actors[number].fate = fate
            state.actors[number].isGranted = true
            let isDue = !state.late.isEmpty && state.random.next() % 12 == 0
            guard isDue else { return nil }
            return state.late.remove(at: Int(state.random.next() % UInt64(state.late.count)))
        }
        landing?()
        state.signal(number + 1)
    }

    /// An actor's thread comes here before each operation.
    func step(_ number: Int, _ operation: StoreOperation) -> Fate {
        state.withLock { state in
            state.actors[number].operation = operation
            state.actors[number].isWaiting = true
        }
        state.signal()
        return state.wait(on: number + 1) { state -> Fate? in
            guard state.actors[number].isGranted else { return nil }
            state.actors[number].isGranted = false
            state.actors[number].isWaiting = false
            return state.actors[number].fate
        }
    }

    /// The operations so far, if they are logged.
    package var logLines: [String] { state.withLock { $0.lines } }

    func log(_ line: String) { state.withLock { $0.lines.append(line) } }

    /// Keeps an operation for later.
    func land(later operation: @escaping @Sendable () -> Void) {
        state.withLock { $0.late.append(operation) }
    }

    /// From now on the actor does not crash.
    package func spare(_ number: Int) { state.withLock { $0.actors[number].mayCrash = false } }
}
