import Cairn
import CairnTestKit
import Foundation
import Synchronization
import Testing

/// Histories of writers, readers, forgetters and cleanups with crashes, late and lost requests and
/// torn listings, on the engine's own code (Specs/Testing.md#simulation).
@Suite("Simulation")
struct SimulationTests {
    private static func number(_ name: String, _ usual: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? usual
    }

    /// Slices run side by side.
    private static let sliceCount = 16

    /// What happened in all slices so far.
    private struct Tally {
        var counts: [String: Int] = [:]
        var histories = 0
        var steps = 0
        var sliceCount = 0
    }

    private static let tally = Mutex(Tally())

    @Test("no history loses what was acknowledged, and all come to rest", arguments: 0..<sliceCount)
    func histories(slice: Int) throws {
        let first = Self.number("CAIRN_SIMULATION_SEED", 1)
        let count = Self.number("CAIRN_SIMULATION_COUNT", 60)
        for seed in stride(from: first + slice, to: first + count, by: Self.sliceCount) {
            let world = SimulatedWorld(
                seed: UInt64(seed),
                logs: Self.number("CAIRN_SIMULATION_LOG", 0) > 0
            )
            let violation = try world.run()
            #expect(violation == nil, "seed \(seed): \(violation ?? "")")
            if violation != nil && !world.scheduler.logLines.isEmpty {
                print(world.scheduler.logLines.joined(separator: "\n"))
            }
            Self.tally.withLock { tally in
                tally.counts.merge(world.state.withLock { $0.counts }) { $0 + $1 }
                tally.histories += 1
                tally.steps += world.scheduler.steps
            }
        }
        let done = Self.tally.withLock { tally in
            tally.sliceCount += 1
            return tally
        }
        guard done.sliceCount == Self.sliceCount else { return }
        print("simulated \(done.histories) histories, \(done.steps) steps")
        for (event, number) in done.counts.sorted(by: { $0.key < $1.key }) {
            print("  \(event): \(number)")
        }
    }

    @Test("a seed gives the same history every time")
    func replay() throws {
        for seed in [3, 11] as [UInt64] {
            let logs = try (0..<2).map { _ in
                let world = SimulatedWorld(seed: seed, logs: true)
                _ = try world.run()
                return world.scheduler.logLines
            }
            let difference = zip(logs[0], logs[1]).first { $0 != $1 }
            #expect(difference == nil && logs[0].count == logs[1].count, "seed \(seed)")
        }
    }

    /// A rule that is broken on purpose.
    struct Mutant: Sendable, CustomTestStringConvertible {
        let name: String
        let faults: ProtocolFaults
        var testDescription: String { name }
    }

    /// All but the three that `ProtocolRuleTests` has a history of.
    static let mutants: [Mutant] = [
        Mutant(name: "does not wait", faults: .noWaiting),
        Mutant(name: "does not mark again", faults: .noSecondMark),
        Mutant(name: "uses condemned packs", faults: .ignoredCondemned),
        Mutant(name: "forgets the index too", faults: .forgottenIndex),
        Mutant(name: "ignores a fence", faults: .ignoredFence),
        Mutant(name: "copies without an index", faults: .unindexedCopies),
        Mutant(name: "leaves stale sessions", faults: .staleSessions),
        Mutant(name: "deletes forgotten records", faults: SimulatedWorld.deletedRecords),
        Mutant(name: "registers late", faults: .lateRegistration),
        Mutant(name: "drops tombstones", faults: .droppedTombstones),
        Mutant(name: "ignores forgotten roots", faults: .ignoredForgottenRoots),
        Mutant(name: "looks, then creates", faults: SimulatedWorld.lookThenCreate),
    ]

    @Test("each rule that is broken on purpose is noticed", arguments: mutants)
    func mutant(mutant: Mutant) throws {
        let noticed = try (1...400 as ClosedRange<UInt64>).contains { seed in
            try SimulatedWorld(seed: seed, faults: mutant.faults).run() != nil
        }
        #expect(noticed, "not noticed in 400 histories")
    }
}
