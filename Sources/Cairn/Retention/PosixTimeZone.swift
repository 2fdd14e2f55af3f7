internal import CairnCore

/// The rule of a POSIX `TZ` string, as `CET-1CEST,M3.5.0,M10.5.0/3`, which a TZif file ends with.
///
/// Read after RFC 8536 §3.3: names of letters or in angle brackets, times from -167 to 167 hours.
struct PosixTimeZone: Sendable, Equatable {
    /// When daylight saving time begins or ends in a year.
    private struct Change: Sendable, Equatable {
        enum Day: Sendable, Equatable {
            /// Day 1 to 365; 29 February is never counted.
            case julian(Int64)
            /// Day 0 to 365, counting 29 February.
            case zeroBased(Int64)
            /// The week-th weekday (0 for Sunday) of a month; week 5 is the last.
            case weekday(month: Int64, week: Int64, weekday: Int64)
        }

        let day: Day
        /// Seconds after local midnight.
        let time: Int64

        /// When it happens, in seconds since 1970 read from a wall clock.
        func localSeconds(year: Int64) -> Int64 {
            let newYear = CivilDate(year: year, month: 1, day: 1).days
            let days: Int64
            switch day {
            case .julian(let number):
                days = newYear + number - 1 + (CivilDate.isLeap(year) && number >= 60 ? 1 : 0)
            case .zeroBased(let number):
                days = newYear + number
            case .weekday(let month, let week, let weekday):
                let first = CivilDate(year: year, month: month, day: 1).days
                let firstWeekday = (CivilDate.weekday(days: first) + 1) % 7
                var day = CivilDate.floorRemainder(weekday - firstWeekday, 7) + (week - 1) * 7
                if day >= CivilDate.dayCount(year: year, month: month) { day -= 7 }
                days = first + day
            }
            return days * 86_400 + time
        }
    }

    private struct Saving: Sendable, Equatable {
        let offset: Int64
        let start: Change
        let end: Change
    }

    private let standardOffset: Int64
    private let saving: Saving?

    /// Reads a rule; nothing may follow it.
    init(_ text: Span<UInt8>) throws(DecodingFailure) {
        var parser = Parser(text)
        try parser.skipName()
        standardOffset = -(try parser.time(hourMax: 24))
        guard !parser.isAtEnd else {
            saving = nil
            return
        }
        try parser.skipName()
        var offset = standardOffset + 3600
        if !parser.isNext(",") { offset = -(try parser.time(hourMax: 24)) }
        let start = try Self.change(&parser)
        let end = try Self.change(&parser)
        guard parser.isAtEnd else { throw .trailingBytes(offset: parser.offset) }
        saving = Saving(offset: offset, start: start, end: end)
    }

    private static func change(_ parser: inout Parser) throws(DecodingFailure) -> Change {
        try parser.expect(",")
        let day: Change.Day
        if parser.skip("M") {
            let month = try parser.number(1...12)
            try parser.expect(".")
            let week = try parser.number(1...5)
            try parser.expect(".")
            day = .weekday(month: month, week: week, weekday: try parser.number(0...6))
        } else if parser.skip("J") {
            day = .julian(try parser.number(1...365))
        } else {
            day = .zeroBased(try parser.number(0...365))
        }
        let time = parser.skip("/") ? try parser.time(hourMax: 167) : 7200
        return Change(day: day, time: time)
    }

    /// Seconds east of UTC at a time, given in seconds since 1970 and within a hundred million
    /// million of it.
    func offset(at seconds: Int64) -> Int64 {
        guard let saving else { return standardOffset }
        let year = CivilDate(
            days: CivilDate.floorDivide(seconds + standardOffset, 86_400)
        ).year
        // A change may lie a week outside its year, so saving of the years beside may reach here.
        for candidate in year - 2...year + 1 {
            let start = saving.start.localSeconds(year: candidate) - standardOffset
            guard start <= seconds else { break }
            var end = saving.end.localSeconds(year: candidate) - saving.offset
            if end <= start {
                // South of the equator saving ends in the next year.
                end = saving.end.localSeconds(year: candidate + 1) - saving.offset
            }
            if seconds < end { return saving.offset }
        }
        return standardOffset
    }
}

/// A cursor over the characters of a rule.
private struct Parser: ~Escapable {
    private let text: Span<UInt8>
    private(set) var offset = 0

    @_lifetime(copy text)
    init(_ text: Span<UInt8>) {
        self.text = text
    }

    var isAtEnd: Bool { offset == text.count }

    func isNext(_ character: Unicode.Scalar) -> Bool {
        offset < text.count && UInt32(text[offset]) == character.value
    }

    @_lifetime(self: copy self)
    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard isNext(character) else { return false }
        offset += 1
        return true
    }

    @_lifetime(self: copy self)
    mutating func expect(_ character: Unicode.Scalar) throws(DecodingFailure) {
        guard skip(character) else { throw .notCanonical(offset: offset) }
    }

    /// Moves past a name of at least three characters.
    @_lifetime(self: copy self)
    mutating func skipName() throws(DecodingFailure) {
        let isQuoted = skip("<")
        let start = offset
        while offset < text.count, Self.isInName(text[offset], isQuoted: isQuoted) { offset += 1 }
        guard offset - start >= 3 else { throw .notCanonical(offset: start) }
        if isQuoted { try expect(">") }
    }

    private static func isInName(_ byte: UInt8, isQuoted: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"): isQuoted
        default: false
        }
    }

    @_lifetime(self: copy self)
    mutating func number(_ range: ClosedRange<Int64>) throws(DecodingFailure) -> Int64 {
        let start = offset
        var value: Int64 = 0
        while offset < text.count, offset - start < 3,
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[offset])
        {
            value = value * 10 + Int64(text[offset] - UInt8(ascii: "0"))
            offset += 1
        }
        guard offset > start, range.contains(value) else { throw .outOfRange(offset: start) }
        return value
    }

    /// Reads `[+-]h[h[h]][:mm[:ss]]` as seconds.
    @_lifetime(self: copy self)
    mutating func time(hourMax: Int64) throws(DecodingFailure) -> Int64 {
        let isNegative = skip("-")
        if !isNegative { _ = skip("+") }
        var seconds = try number(0...hourMax) * 3600
        if skip(":") {
            seconds += try number(0...59) * 60
            if skip(":") { seconds += try number(0...59) }
        }
        return isNegative ? -seconds : seconds
    }
}
