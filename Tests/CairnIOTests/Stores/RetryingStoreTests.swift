import CairnCore
import CairnIO
import CairnTestKit
import Testing

@Suite("A store that tries again")
struct RetryingStoreTests {
    private let faulty = FaultyStore(MemoryStore())
    private let clock = VirtualClock()
    private let bytes: [UInt8] = [1, 2, 3]

    private func store(attempts: Int = 4) -> RetryingStore<FaultyStore<MemoryStore>> {
        RetryingStore(
            faulty,
            policy: RetryPolicy(attemptCountMax: attempts, delayFirst: 100, delayMax: 250),
            environment: .virtual(seed: 1, time: clock)
        )
    }

    private func name(_ text: String) throws -> ObjectName {
        try #require(ObjectName(text))
    }

    @Test("passing faults are waited out, ever longer up to a limit")
    func passingFaults() throws {
        for number in 1...3 {
            faulty.plan(.error(.unavailable(reason: "busy")), for: .create, at: number)
        }
        #expect(try store().create(name("a/b"), bytes.span) == .created)
        #expect(clock.sleeps.count == 3)
        for (sleep, delay) in zip(clock.sleeps, [100, 200, 250] as [UInt64]) {
            #expect((delay / 2...delay).contains(sleep))
        }
    }

    @Test("the last attempt's error is passed on")
    func tooManyFaults() throws {
        faulty.plan(.error(.unavailable(reason: "busy")), for: .list, at: 1, lasting: true)
        #expect(throws: StoreError.unavailable(reason: "busy")) {
            try store().list(folder: "a")
        }
        #expect(faulty.count(of: .list) == 4)
    }

    @Test("a listing that breaks off in the middle begins again and gives every object")
    func brokenListing() throws {
        var names: Set<ObjectName> = []
        for number in 0..<10 {
            let name = try name("a/\(number)")
            #expect(try faulty.create(name, bytes.span) == .created)
            names.insert(name)
        }
        for number in 1...2 {
            faulty.plan(.lostAnswer(.unavailable(reason: "cut off")), for: .list, at: number)
        }
        var given: [ObjectName] = []
        try store().forEachObject(in: "a") { object in
            given.append(object.name)
            return true
        }
        #expect(given.count == 20 && Set(given) == names)
        faulty.plan(.lostAnswer(.failed(reason: "broken")), for: .list, at: 1)
        #expect(throws: StoreError.failed(reason: "broken")) {
            try store().forEachObject(in: "a") { _ in true }
        }
    }

    @Test("lasting faults are not tried again")
    func lastingFaults() throws {
        faulty.plan(.error(.outOfSpace), for: .create, at: 1)
        #expect(throws: StoreError.outOfSpace) { try store().create(name("a/b"), bytes.span) }
        #expect(clock.sleeps.isEmpty)
    }

    @Test("a create whose answer was lost counts as created")
    func lostAnswer() throws {
        faulty.plan(.lostAnswer(.unavailable(reason: "cut off")), for: .create, at: 1)
        #expect(try store().create(name("a/b"), bytes.span) == .created)
    }

    @Test("an object of other bytes found after a lost answer exists already")
    func lostRace() throws {
        let other: [UInt8] = [3, 2, 1]
        #expect(try faulty.base.create(name("a/b"), other.span) == .created)
        faulty.plan(.error(.unavailable(reason: "cut off")), for: .create, at: 1)
        #expect(try store().create(name("a/b"), bytes.span) == .exists)
    }
}
