internal import CCairn
package import CairnIO
internal import Synchronization

/// Runs several actors on one store, one step of one actor at a time, in an order that a seed
/// draws.
///
/// Every operation of a ``ScheduledStore`` is a step. Between two steps an actor runs alone, so the
/// same seed gives the same run. An actor may be slow for a while, crash before, at or after an
/// operation, or lose an answer; a create or delete under way at a crash may take place later.
///
/// An actor at the end of its step draws who is next and wakes that one alone, or goes on itself: a
/// step takes one switch of threads at the most. The actors share one processor, since only one of
/// them ever runs and waking another processor takes longer than most steps.
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
        /// Whether a thread has drawn the next actor and not woken it yet.
        var isHandingOver = false
        var afterStep: (@Sendable () -> Void)?
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
            conditionCount: Scheduler.actorCountMax
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
    ///   - processor: Which processor they share.
    ///   - afterStep: Runs between steps, while nobody else does.
    package func run(
        _ actors: [@Sendable (Int) -> Void],
        processor: Int,
        afterStep: @escaping @Sendable () -> Void = {}
    ) throws(StoreError) {
        precondition(actors.count <= Scheduler.actorCountMax, "too many actors")
        state.withLock { state in
            state.actors = actors.map { _ in Actor() }
            state.afterStep = afterStep
        }
        var threads: [WorkerThread] = []
        for (number, body) in actors.enumerated() {
            threads.append(
                try WorkerThread(name: "actor-\(number)") { [self] in
                    // Where that is refused the actors only take longer.
                    _ = cairn_stay_on_processor(CInt(truncatingIfNeeded: processor))
                    // Nobody does anything before it is drawn.
                    _ = step(number, .list)
                    body(number)
                    finish(number)
                }
            )
        }
        // The last thread to arrive starts the first; from then on they hand over to each other.
        for thread in threads { thread.join() }
        let late = state.withLock { state in
            defer { state.late = [] }
            state.afterStep = nil
            return state.late
        }
        for operation in late { operation() }
    }

    /// Draws who is next and lets that one go on, if everybody waits or has ended.
    private func handOver() {
        let drawn = state.withLock { state -> (number: Int, late: (@Sendable () -> Void)?)? in
            guard
                !state.isHandingOver,
                state.actors.allSatisfy({ $0.hasEnded || $0.isWaiting && !$0.isGranted }),
                let number = drawActor(&state)
            else { return nil }
            state.isHandingOver = true
            return (number, drawFate(of: number, &state))
        }
        guard let drawn else { return }
        drawn.late?()
        state.withLock { state in
            state.isHandingOver = false
            state.actors[drawn.number].isGranted = true
        }
        state.signal(drawn.number)
    }

    private func drawActor(_ state: inout State) -> Int? {
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

    /// Draws what becomes of an operation, and one kept for later that lands first.
    private func drawFate(of number: Int, _ state: inout State) -> (@Sendable () -> Void)? {
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
        guard !state.late.isEmpty && state.random.next() % 12 == 0 else { return nil }
        return state.late.remove(at: Int(state.random.next() % UInt64(state.late.count)))
    }

    /// An actor's thread comes here before each operation.
    func step(_ number: Int, _ operation: StoreOperation) -> Fate {
        endStep()
        state.withLock { state in
            state.actors[number].operation = operation
            state.actors[number].isWaiting = true
        }
        handOver()
        return state.wait(on: number) { state -> Fate? in
            guard state.actors[number].isGranted else { return nil }
            state.actors[number].isGranted = false
            state.actors[number].isWaiting = false
            return state.actors[number].fate
        }
    }

    /// An actor's thread comes here at its end.
    private func finish(_ number: Int) {
        endStep()
        state.withLock { $0.actors[number].hasEnded = true }
        handOver()
    }

    /// Runs what is to run between steps, unless none was taken yet.
    private func endStep() {
        let afterStep = state.withLock { $0.steps > 0 ? $0.afterStep : nil }
        afterStep?()
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
