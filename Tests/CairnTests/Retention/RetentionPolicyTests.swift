import Testing

@testable import Cairn

@Suite("Retention policy")
struct RetentionPolicyTests {
    private let hour: Int64 = 3_600_000_000_000

    private func candidate(
        _ id: String,
        _ hours: Int64,
        host: String = "h",
        path: String = "/a",
        tags: [String] = [],
        isComplete: Bool = true,
        isPinned: Bool = false
    ) -> RetentionCandidate {
        RetentionCandidate(
            id: id,
            time: hours * hour,
            host: host,
            paths: [Array(path.utf8)],
            tags: tags,
            isComplete: isComplete,
            isPinned: isPinned
        )
    }

    private func reasons(_ groups: [RetentionGroup]) -> [String: [String]] {
        var found: [String: [String]] = [:]
        for decision in groups.flatMap(\.decisions) {
            found[decision.candidate.id] = decision.reasons.map(\.description)
        }
        return found
    }

    @Test("every kept snapshot says why")
    func reasonsOfEach() throws {
        var policy = RetentionPolicy()
        policy.last = 1
        policy.counts = [.hourly: 1, .daily: 3, .weekly: 1, .monthly: 1, .yearly: 1]
        policy.within = try CalendarDuration(parsing: "2h")
        policy.unitsWithin = [.daily: try CalendarDuration(parsing: "1y")]
        policy.tags = [["x", "y"]]
        let found = reasons(
            policy.decide(
                [
                    candidate("a", 100), candidate("b", 99), candidate("c", 80),
                    candidate("d", 79, tags: ["y", "z", "x"]), candidate("e", 78, isPinned: true),
                    candidate("f", 77, tags: ["x"]), candidate("g", 76),
                ],
                now: 200 * hour
            )
        )
        #expect(
            found == [
                "a": [
                    "last snapshot", "within 2h", "hourly snapshot", "daily snapshot",
                    "daily within 1y", "weekly snapshot", "monthly snapshot", "yearly snapshot",
                ],
                "b": ["within 2h"],
                "c": ["daily snapshot", "daily within 1y"].filter { _ in 80 / 24 != 100 / 24 },
                "d": ["has tags [x, y]"], "e": ["pinned"], "f": [],
                "g": ["oldest daily snapshot", "oldest daily within 1y"],
            ]
        )
    }

    @Test("a policy without rules keeps everything")
    func empty() {
        var policy = RetentionPolicy()
        policy.last = -1
        policy.counts[.daily] = 0
        policy.unitsWithin[.daily] = CalendarDuration()
        #expect(policy.isEmpty)
        let found = reasons(policy.decide([candidate("a", 1), candidate("b", 2)], now: 0))
        #expect(found == ["a": ["policy is empty"], "b": ["policy is empty"]])
        #expect(policy.decide([], now: 0).isEmpty)
    }

    @Test("groups are looked at by themselves")
    func grouping() throws {
        var policy = RetentionPolicy()
        policy.last = 1
        let all = [
            candidate("a", 1), candidate("b", 2), candidate("c", 3, host: "k"),
            candidate("d", 4, tags: ["t"]), candidate("e", 5, path: "/b"),
        ]
        func kept(_ grouping: String) throws -> Set<String> {
            let groups = policy.decide(
                all,
                now: 9 * hour,
                groupedBy: try RetentionGrouping(parsing: grouping)
            )
            return Set(reasons(groups).filter { $0.value.contains("last snapshot") }.keys)
        }
        #expect(try kept("host,paths") == ["c", "d", "e"])
        #expect(try kept("host,paths,tags") == ["b", "c", "d", "e"])
        #expect(try kept("host") == ["c", "e"])
        #expect(try kept("") == ["e"])
        #expect(throws: RetentionFailure.unknownGrouping("user")) {
            try RetentionGrouping(parsing: "host,user")
        }
        #expect(throws: RetentionFailure.unknownGrouping("")) {
            try RetentionGrouping(parsing: "host,")
        }
    }

    @Test("the order of paths and tags does not part groups")
    func unordered() {
        var one = candidate("a", 1, tags: ["x", "y"])
        one.paths = [[1], [2]]
        var other = candidate("b", 2, tags: ["y", "x", "x"])
        other.paths = [[2], [1], [1]]
        let groups = RetentionPolicy().decide(
            [one, other],
            now: 0,
            groupedBy: [.host, .paths, .tags]
        )
        #expect(groups.count == 1)
        #expect(groups.first?.key.paths == [[1], [2]])
        #expect(groups.first?.decisions.map(\.candidate.id) == ["b", "a"])
    }

    @Test("the last good snapshot of a source stays, however snapshots are grouped")
    func lastGood() {
        var policy = RetentionPolicy()
        policy.last = 1
        let all = [
            candidate("a", 1), candidate("b", 2), candidate("c", 3, isComplete: false),
            candidate("d", 4, path: "/b"), candidate("e", 5, path: "/c", isComplete: false),
            candidate("f", 6, path: "/c", isComplete: false), candidate("g", 7, path: "/d"),
        ]
        let found = reasons(policy.decide(all, now: 9 * hour, groupedBy: []))
        let guarded = ["last good snapshot of its source"]
        #expect(
            found == [
                "a": [], "b": guarded, "c": [], "d": guarded, "e": [], "f": guarded,
                "g": ["last snapshot"],
            ]
        )
    }

    @Test("tags of a policy with no match still leave the last good snapshot")
    func noTag() {
        var policy = RetentionPolicy()
        policy.tags = [["absent"]]
        let all = [candidate("a", 1), candidate("b", 2)]
        #expect(
            reasons(policy.decide(all, now: 9 * hour))
                == ["a": [], "b": ["last good snapshot of its source"]]
        )
        policy.tags = [[""]]
        let untagged = reasons(
            policy.decide([candidate("a", 1), candidate("b", 2, tags: ["x"])], now: 9 * hour)
        )
        #expect(untagged["a"] == ["has tags []"])
    }

    @Test("named snapshots go, but pinned ones stay")
    func named() throws {
        let all = [candidate("a", 1, isPinned: true), candidate("b", 2), candidate("c", 3)]
        let found = reasons(try RetentionPolicy.remove(ids: ["a", "c"], from: all))
        #expect(found == ["a": ["pinned"], "b": ["not named"], "c": []])
        #expect(reasons(try RetentionPolicy.remove(ids: ["b", "c"], from: all))["c"] == [])
        #expect(throws: RetentionFailure.unknownIDs(["x", "y"])) {
            try RetentionPolicy.remove(ids: ["y", "a", "x"], from: all)
        }
        #expect(RetentionFailure.unknownIDs(["x"]).description.contains("x"))
    }

    @Test("extreme times and durations never trap")
    func extremes() {
        var policy = RetentionPolicy()
        let long = 8 * CalendarDuration.countMax
        policy.within = CalendarDuration(years: long, months: long, days: long, hours: long)
        policy.counts = [.hourly: .max, .daily: 1, .weekly: 1, .monthly: 1, .yearly: 1]
        var all = [candidate("a", 0), candidate("b", 0)]
        all[0].time = .min
        all[1].time = .max
        for now in [Int64.min, 0, .max] {
            let groups = policy.decide(all, now: now)
            #expect(groups.flatMap(\.decisions).filter(\.isKept).count == 2)
        }
    }
}
