import Foundation
import Testing

@testable import Cairn

/// The rules of Specs/Retention.md read once more, by snapshot, with Foundation's calendar.
private struct NaiveRetention {
    let policy: RetentionPolicy
    let group: [RetentionCandidate]
    let now: Int64
    let calendar: Calendar
    private let keys: [String: [CalendarUnit: [Int]]]

    init(
        policy: RetentionPolicy,
        group: [RetentionCandidate],
        now: Int64,
        calendar: Calendar
    ) {
        self.policy = policy
        self.group = group
        self.now = now
        self.calendar = calendar
        keys = Dictionary(
            uniqueKeysWithValues: group.map { one in
                let pairs = CalendarUnit.allCases.map { ($0, Self.key(one, $0, calendar)) }
                return (one.id, Dictionary(uniqueKeysWithValues: pairs))
            }
        )
    }

    func isKept(_ one: RetentionCandidate) -> Bool {
        let newer = group.filter { ($0.time, $0.id) > (one.time, one.id) }
        let isOldest = group.allSatisfy { ($0.time, $0.id) >= (one.time, one.id) }
        if one.isPinned || newer.count < policy.last { return true }
        if policy.tags.contains(where: { $0.allSatisfy(one.tags.contains) }) { return true }
        if !policy.within.isZero, isWithin(one, policy.within) { return true }
        for unit in CalendarUnit.allCases {
            if let count = policy.counts[unit], count > 0 {
                let mine = key(one, unit)
                let units = Set(group.map { key($0, unit) })
                let newerUnits = Set(newer.map { key($0, unit) })
                    .union(
                        group.filter { newestOf(key($0, unit), unit) > newestOf(mine, unit) }
                            .map { key($0, unit) }
                    )
                    .filter { newestOf($0, unit) > newestOf(mine, unit) }
                if stands(one, unit, group), newerUnits.count < count { return true }
                if isOldest, units.count < count { return true }
            }
            if let duration = policy.unitsWithin[unit], !duration.isZero, isWithin(one, duration) {
                if isOldest || stands(one, unit, group.filter { isWithin($0, duration) }) {
                    return true
                }
            }
        }
        return false
    }

    private func newestOf(_ key: [Int], _ unit: CalendarUnit) -> Int64 {
        group.filter { self.key($0, unit) == key }.map(\.time).max() ?? .min
    }

    private func stands(
        _ one: RetentionCandidate,
        _ unit: CalendarUnit,
        _ group: [RetentionCandidate]
    ) -> Bool {
        let mates = group.filter { key($0, unit) == key(one, unit) }
        let whole = mates.filter(\.isComplete)
        return (whole.isEmpty ? mates : whole)
            .max { ($0.time, $0.id) < ($1.time, $1.id) }?.id == one.id
    }

    private func isWithin(_ one: RetentionCandidate, _ duration: CalendarDuration) -> Bool {
        guard let newest = group.map(\.time).filter({ $0 <= now }).max() else { return true }
        let hours = Int64(duration.days * 24 + duration.hours)
        return one.time > newest - hours * 3_600_000_000_000
    }

    private func key(_ one: RetentionCandidate, _ unit: CalendarUnit) -> [Int] {
        keys[one.id]?[unit] ?? []
    }

    private static func key(
        _ one: RetentionCandidate,
        _ unit: CalendarUnit,
        _ calendar: Calendar
    ) -> [Int] {
        let date = Date(timeIntervalSince1970: Double(one.time / 1_000_000_000))
        let parts = calendar.dateComponents(
            [.year, .month, .day, .hour, .weekOfYear, .yearForWeekOfYear],
            from: date
        )
        let (year, month, day) = (parts.year ?? 0, parts.month ?? 0, parts.day ?? 0)
        return switch unit {
        case .hourly:
            [year, month, day, parts.hour ?? 0, calendar.timeZone.secondsFromGMT(for: date)]
        case .daily: [year, month, day]
        case .weekly: [parts.yearForWeekOfYear ?? 0, parts.weekOfYear ?? 0]
        case .monthly: [year, month]
        case .yearly: [year]
        }
    }
}

@Suite("Retention laws")
struct RetentionLawTests {
    @Test("decisions agree with a naive reading of the rules", arguments: 0..<60 as Range<UInt64>)
    func law(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let name = ["Europe/Berlin", "Asia/Kolkata", "America/New_York"][Int(seed % 3)]
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = try #require(TimeZone(identifier: name))
        let rules = try zone(name)
        let policy = randomPolicy(hasFixedOffset: seed % 3 == 1, &generator)
        let spread: Int64 = [100, 2_000, 40_000].randomElement(using: &generator) ?? 100
        let start = Int64.random(in: 350_000...450_000, using: &generator)
        let group = (0..<Int.random(in: 1...24, using: &generator)).map { number in
            let minutes = Int64.random(in: 0..<spread * 60, using: &generator) + start * 60
            return RetentionCandidate(
                id: "\(number + 10)",
                time: minutes * 60_000_000_000 + 5,
                host: "h",
                paths: [[1]],
                tags: Int.random(in: 0..<8, using: &generator) == 0 ? ["t"] : ["u"],
                isComplete: Int.random(in: 0..<4, using: &generator) != 0,
                isPinned: Int.random(in: 0..<12, using: &generator) == 0
            )
        }
        let now = (start + Int64.random(in: 0...spread * 2, using: &generator)) * 3_600_000_000_000
        let naive = NaiveRetention(policy: policy, group: group, now: now, calendar: calendar)
        let whole = group.filter(\.isComplete)
        let guarded = (whole.isEmpty ? group : whole).max { ($0.time, $0.id) < ($1.time, $1.id) }
        for decision in policy.decide(group, now: now, zone: rules).flatMap(\.decisions) {
            let one = decision.candidate
            let expected = policy.isEmpty || naive.isKept(one) || one.id == guarded?.id
            #expect(
                decision.isKept == expected,
                "seed \(seed), \(one.id) at \(one.time), \(decision.reasons), \(policy)"
            )
        }
    }

    @Test("deciding again over what was kept removes nothing")
    func again() throws {
        for seed in 0..<40 as Range<UInt64> {
            var generator = SeededGenerator(seed: seed)
            var policy = RetentionPolicy()
            policy.last = 2
            policy.counts = [.daily: 5, .weekly: 3, .yearly: 2]
            let all = (0..<60).map { number in
                RetentionCandidate(
                    id: "\(number + 10)",
                    time: Int64.random(in: 0..<4_000, using: &generator) * 3_600_000_000_000,
                    host: "h",
                    paths: [[1]]
                )
            }
            let now = Int64.max
            let kept = policy.decide(all, now: now).flatMap(\.decisions).filter(\.isKept)
            let again = policy.decide(kept.map(\.candidate), now: now).flatMap(\.decisions)
            let removed = again.filter { !$0.isKept }.map(\.candidate.time)
            #expect(removed.isEmpty, "seed \(seed)")
        }
    }

    private func randomPolicy(
        hasFixedOffset: Bool,
        _ generator: inout SeededGenerator
    ) -> RetentionPolicy {
        var policy = RetentionPolicy()
        if Bool.random(using: &generator) {
            policy.last = Int.random(in: 0...4, using: &generator)
        }
        if Bool.random(using: &generator) { policy.tags = [["t"]] }
        func duration(_ generator: inout SeededGenerator) -> CalendarDuration {
            CalendarDuration(
                days: hasFixedOffset ? Int.random(in: 0...60, using: &generator) : 0,
                hours: Int.random(in: 0...500, using: &generator)
            )
        }
        if Int.random(in: 0..<3, using: &generator) == 0 { policy.within = duration(&generator) }
        for unit in CalendarUnit.allCases {
            if Int.random(in: 0..<2, using: &generator) == 0 {
                policy.counts[unit] =
                    [0, 1, 2, 3, 7, RetentionPolicy.unlimited].randomElement(using: &generator)
            }
            if Int.random(in: 0..<4, using: &generator) == 0 {
                policy.unitsWithin[unit] = duration(&generator)
            }
        }
        return policy
    }
}
