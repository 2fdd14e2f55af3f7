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
        /// In how many histories it must be noticed; the rare ones take thousands.
        var limit = 60
        var testDescription: String { name }
    }

    static let mutants: [Mutant] = [
        Mutant(name: "does not wait", faults: .noWaiting),
        Mutant(name: "does not mark again", faults: .noSecondMark),
        Mutant(name: "uses condemned packs", faults: .ignoredCondemned),
        Mutant(name: "forgets the index too", faults: .forgottenIndex),
        Mutant(name: "ignores a fence", faults: .ignoredFence),
        Mutant(name: "copies without an index", faults: .unindexedCopies),
        Mutant(name: "leaves stale sessions", faults: .staleSessions),
        Mutant(name: "deletes forgotten records", faults: SimulatedWorld.deletedRecords),
    ]

    /// Those that `make simulate` looks for.
    static let rareMutants: [Mutant] = [
        Mutant(name: "registers late", faults: .lateRegistration, limit: 5000),
        Mutant(name: "drops tombstones", faults: .droppedTombstones, limit: 5000),
        Mutant(name: "entombs before registering", faults: .earlyTombstone, limit: 5000),
        Mutant(name: "does not name its roots", faults: .undeclaredRoots, limit: 5000),
        Mutant(name: "ignores forgotten roots", faults: .ignoredForgottenRoots, limit: 5000),
        Mutant(name: "asks late what is forgotten", faults: .lateForgotten, limit: 5000),
        Mutant(name: "looks, then creates", faults: SimulatedWorld.lookThenCreate, limit: 5000),
    ]

    @Test("each rule that is broken on purpose is noticed", arguments: mutants)
    func mutant(mutant: Mutant) throws {
        let seed = try Self.firstViolation(mutant, limit: mutant.limit)
        #expect(seed != nil, "not noticed in \(mutant.limit) histories")
    }

    @Test(
        "each rule whose breaking is rarely noticed is noticed in the end",
        .enabled(if: number("CAIRN_MUTANT_COUNT", 0) > 0),
        arguments: rareMutants
    )
    func rareMutant(mutant: Mutant) throws {
        let limit = min(mutant.limit, Self.number("CAIRN_MUTANT_COUNT", 0))
        let seed = try Self.firstViolation(mutant, limit: limit)
        // With fewer histories than it may take, not noticing it says nothing.
        #expect(seed != nil || limit < mutant.limit, "not noticed in \(limit) histories")
    }

    private static func firstViolation(_ mutant: Mutant, limit: Int) throws -> Int? {
        for seed in 1...limit {
            let world = SimulatedWorld(seed: UInt64(seed), faults: mutant.faults)
            guard let violation = try world.run() else { continue }
            print("mutant \"\(mutant.name)\" noticed with seed \(seed): \(violation.prefix(80))")
            return seed
        }
        print("mutant \"\(mutant.name)\" not noticed in \(limit) histories")
        return nil
    }
}
