import Foundation
import Testing

@testable import Cairn

/// The worked calendars of Specs/Retention.md, each under the heading it has there.
@Suite("Retention, worked calendars")
struct RetentionExampleTests {
    static func nanoseconds(_ text: String) throws -> Int64 {
        let formatter = ISO8601DateFormatter()
        return Int64(try #require(formatter.date(from: text)).timeIntervalSince1970) * 1_000_000_000
    }

    private func candidates(_ times: [String]) throws -> [RetentionCandidate] {
        try times.map { text in
            let incomplete = text.hasSuffix("!")
            let time = incomplete ? String(text.dropLast()) : text
            return RetentionCandidate(
                id: text,
                time: try Self.nanoseconds(time),
                host: "h",
                paths: [Array("/a".utf8)],
                isComplete: !incomplete
            )
        }
    }

    /// The IDs kept, the newest first.
    private func kept(
        _ times: [String],
        in name: String = "Europe/Berlin",
        _ edit: (inout RetentionPolicy) throws -> Void
    ) throws -> [String] {
        var policy = RetentionPolicy()
        try edit(&policy)
        let groups = policy.decide(
            try candidates(times),
            now: try Self.nanoseconds("2100-01-01T00:00:00Z"),
            zone: try zone(name)
        )
        return groups.flatMap(\.decisions).filter(\.isKept).map(\.candidate.id)
    }

    @Test("an hour shown twice in autumn is two hours")
    func autumn() throws {
        let times = [
            "2025-10-26T03:10:00+01:00", "2025-10-26T02:50:00+01:00", "2025-10-26T02:20:00+01:00",
            "2025-10-26T02:20:00+02:00", "2025-10-26T01:20:00+02:00",
        ]
        let found = try kept(times) { $0.counts[.hourly] = 3 }
        #expect(found == [times[0], times[1], times[3]])
    }

    @Test("an hour skipped in spring does not count")
    func spring() throws {
        let times = [
            "2025-03-30T03:10:00+02:00", "2025-03-30T01:50:00+01:00", "2025-03-30T01:10:00+01:00",
            "2025-03-30T00:10:00+01:00",
        ]
        let found = try kept(times) { $0.counts[.hourly] = 2 }
        #expect(found == [times[0], times[1]])
    }

    @Test("a day of 25 hours is one day")
    func longDay() throws {
        let times = [
            "2025-10-26T23:50:00+01:00", "2025-10-26T00:10:00+02:00", "2025-10-25T23:50:00+02:00",
            "2025-10-25T01:00:00+02:00",
        ]
        let found = try kept(times) { $0.counts[.daily] = 2 }
        #expect(found == [times[0], times[2]])
    }

    @Test("a day that a region skipped does not count")
    func skippedDay() throws {
        let times = [
            "2011-12-31T12:00:00+14:00", "2011-12-29T22:00:00-10:00", "2011-12-28T22:00:00-10:00",
        ]
        let found = try kept(times, in: "Pacific/Apia") { $0.counts[.daily] = 2 }
        #expect(found == [times[0], times[1]])
    }

    @Test("week 53 reaches into January")
    func week53() throws {
        let times = [
            "2021-01-04T09:00:00+01:00", "2021-01-03T09:00:00+01:00", "2020-12-31T09:00:00+01:00",
            "2020-12-28T09:00:00+01:00", "2020-12-27T09:00:00+01:00", "2020-12-21T09:00:00+01:00",
        ]
        let found = try kept(times) { $0.counts[.weekly] = 3 }
        #expect(found == [times[0], times[1], times[4]])
    }

    @Test("the last days of December may lie in week 1")
    func weekOne() throws {
        let times = [
            "2025-01-01T09:00:00+01:00", "2024-12-30T09:00:00+01:00", "2024-12-29T09:00:00+01:00",
            "2024-12-23T09:00:00+01:00",
        ]
        let found = try kept(times) { $0.counts[.weekly] = 2 }
        #expect(found == [times[0], times[2]])
    }

    @Test("the year ends when it ends in the zone")
    func yearEnd() throws {
        let times = [
            "2025-01-01T12:00:00Z", "2024-12-31T23:30:00Z", "2024-12-31T22:30:00Z",
            "2024-06-01T00:00:00Z", "2023-06-01T00:00:00Z", "2023-05-01T00:00:00Z",
        ]
        let found = try kept(times) { $0.counts[.yearly] = 2 }
        #expect(found == [times[0], times[2]])
        let inNewYork = try kept(times, in: "America/New_York") { $0.counts[.yearly] = 2 }
        #expect(inNewYork == [times[0], times[1]])
    }

    @Test("a month before 31 March begins on the last of February")
    func monthBefore() throws {
        let times = [
            "2025-03-31T12:00:00+02:00", "2025-03-01T00:00:00+01:00", "2025-02-28T12:00:01+01:00",
            "2025-02-28T12:00:00+01:00",
        ]
        let found = try kept(times) { $0.within = try CalendarDuration(parsing: "1m") }
        #expect(found == [times[0], times[1], times[2]])
        let leap = [
            "2024-03-31T12:00:00+02:00", "2024-02-29T12:00:01+01:00", "2024-02-29T12:00:00+01:00",
        ]
        let inLeapYear = try kept(leap) { $0.within = try CalendarDuration(parsing: "1m") }
        #expect(inLeapYear == [leap[0], leap[1]])
    }

    @Test("a day before differs from 24 hours before where clocks change")
    func dayBefore() throws {
        let times = [
            "2025-03-30T12:00:00+02:00", "2025-03-29T12:00:01+01:00", "2025-03-29T12:00:00+01:00",
            "2025-03-29T11:00:01+01:00", "2025-03-29T11:00:00+01:00",
        ]
        let day = try kept(times) { $0.within = try CalendarDuration(parsing: "1d") }
        #expect(day == [times[0], times[1]])
        let hours = try kept(times) { $0.within = try CalendarDuration(parsing: "24h") }
        #expect(hours == [times[0], times[1], times[2], times[3]])
    }

    @Test("a start in an hour that is skipped or shown twice is read as the earlier time")
    func ambiguousStart() throws {
        let gap = [
            "2025-03-31T02:30:00+02:00", "2025-03-30T01:30:01+01:00", "2025-03-30T01:30:00+01:00",
            "2025-03-30T00:30:00+01:00",
        ]
        let inGap = try kept(gap) { $0.within = try CalendarDuration(parsing: "1d") }
        #expect(inGap == [gap[0], gap[1]])
        let twice = [
            "2025-10-27T02:30:00+01:00", "2025-10-26T02:30:01+02:00", "2025-10-26T02:30:00+02:00",
        ]
        let inTwice = try kept(twice) { $0.within = try CalendarDuration(parsing: "1d") }
        #expect(inTwice == [twice[0], twice[1]])
    }

    @Test("the oldest is kept while units are missing")
    func oldest() throws {
        let times = [
            "2025-05-03T20:00:00+02:00", "2025-05-03T08:00:00+02:00", "2025-05-02T20:00:00+02:00",
            "2025-05-02T08:00:00+02:00",
        ]
        let three = try kept(times) { $0.counts[.daily] = 3 }
        #expect(three == [times[0], times[2], times[3]])
        let two = try kept(times) { $0.counts[.daily] = 2 }
        #expect(two == [times[0], times[2]])
    }

    @Test("an incomplete snapshot does not stand for a day that has a whole one")
    func incomplete() throws {
        let times = [
            "2025-05-03T20:00:00+02:00!", "2025-05-03T08:00:00+02:00",
            "2025-05-02T20:00:00+02:00!", "2025-05-02T08:00:00+02:00!",
        ]
        let daily = try kept(times) { $0.counts[.daily] = 2 }
        #expect(daily == [times[1], times[2]])
        let last = try kept(times) { $0.last = 1 }
        #expect(last == [times[0], times[1]])
    }

    @Test("a snapshot from the future does not move the ends of durations")
    func future() throws {
        let times = [
            "2099-01-01T00:00:00Z", "2025-05-03T20:00:00Z", "2025-05-02T21:00:00Z",
            "2025-05-02T19:00:00Z",
        ]
        var policy = RetentionPolicy()
        policy.within = try CalendarDuration(parsing: "1d")
        let groups = policy.decide(
            try candidates(times),
            now: try Self.nanoseconds("2025-05-04T00:00:00Z")
        )
        let found = groups.flatMap(\.decisions).filter(\.isKept).map(\.candidate.id)
        #expect(found == [times[0], times[1], times[2]])
        let early = policy.decide(
            try candidates(times),
            now: try Self.nanoseconds("2000-01-01T00:00:00Z")
        )
        let removed = early.flatMap(\.decisions).filter { !$0.isKept }
        #expect(removed.isEmpty)
    }
}
