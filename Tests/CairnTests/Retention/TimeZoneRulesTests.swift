import CairnCore
import Testing

@testable import Cairn

/// The bytes that a text of hexadecimal digits and line ends spells.
func bytes(ofHex text: String) -> [UInt8] {
    let digits = text.compactMap { $0.hexDigitValue.map(UInt8.init) }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// A zone of ``TimeZoneVectors`` by name.
func zone(_ name: String) throws -> TimeZoneRules {
    let vector = try #require(TimeZoneVectors.regions.first { $0.description == name })
    return try TimeZoneRules(decoding: bytes(ofHex: vector.file).span)
}

@Suite("Time zone rules")
struct TimeZoneRulesTests {
    /// A file without transitions that ends in `footer`.
    private func file(footer: String) -> [UInt8] {
        func header(_ types: UInt8, _ nameSize: UInt8) -> [UInt8] {
            Array("TZif2".utf8) + [UInt8](repeating: 0, count: 31)
                + [0, 0, 0, 0, 0, 0, 0, types, 0, 0, 0, nameSize].suffix(8)
        }
        return header(1, 1) + [0, 0, 0, 0, 0, 0, 0] + header(1, 1) + [0, 0, 0, 0, 0, 0, 0]
            + Array("\n\(footer)\n".utf8)
    }

    private func decode(_ bytes: [UInt8]) throws(DecodingFailure) -> TimeZoneRules {
        try TimeZoneRules(decoding: bytes.span)
    }

    @Test(
        "offsets agree with another reader of the same file",
        arguments: TimeZoneVectors.regions + TimeZoneVectors.rules
    )
    func vectors(vector: TimeZoneVectors.Zone) throws {
        let zone = try decode(bytes(ofHex: vector.file))
        for (seconds, offset) in vector.offsets {
            #expect(zone.offset(at: seconds) == offset, "\(vector) at \(seconds)")
        }
    }

    @Test("times far from any transition have an offset")
    func extremes() throws {
        for vector in TimeZoneVectors.regions + TimeZoneVectors.rules {
            let zone = try decode(bytes(ofHex: vector.file))
            for seconds in [Int64.min, .min + 1, -1 << 40, 0, 1 << 40, .max - 1, .max] {
                #expect(TimeZoneRules.offsetRange.contains(zone.offset(at: seconds)))
            }
        }
    }

    @Test("a fixed zone needs no file")
    func fixed() {
        #expect(TimeZoneRules.utc.offset(at: 1_700_000_000) == 0)
        #expect(TimeZoneRules(secondsFromUTC: -3600)?.offset(at: 0) == -3600)
        #expect(TimeZoneRules(secondsFromUTC: 93_600) == nil)
        #expect(TimeZoneRules(secondsFromUTC: .min) == nil)
    }

    @Test("a file cut short is refused")
    func prefixes() throws {
        for vector in TimeZoneVectors.regions {
            let whole = bytes(ofHex: vector.file)
            for count in stride(from: 0, to: whole.count, by: 7) {
                #expect(throws: DecodingFailure.self) { try decode(Array(whole.prefix(count))) }
            }
        }
    }

    @Test("changed bytes are refused or read, and never trap", arguments: 0..<20 as Range<UInt64>)
    func hostile(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for vector in TimeZoneVectors.regions + TimeZoneVectors.rules {
            let whole = bytes(ofHex: vector.file)
            for _ in 0..<20 {
                var file = whole
                for _ in 0..<Int.random(in: 1...6, using: &generator) {
                    let index = Int.random(in: 0..<file.count, using: &generator)
                    file[index] = UInt8.random(in: 0...255, using: &generator)
                }
                guard let zone = try? decode(file) else { continue }
                for _ in 0..<4 {
                    let time = Int64.random(in: .min ... .max, using: &generator)
                    let offset = zone.offset(
                        at: time >> Int64.random(in: 0...40, using: &generator)
                    )
                    // A rule's offset of 24:59:59 and the hour it adds stay within the range.
                    #expect(TimeZoneRules.offsetRange.contains(offset), "seed \(seed)")
                }
            }
        }
    }

    @Test(
        "a wrong rule is refused",
        arguments: [
            "A", "AB1", "ABC", "ABC25", "ABC1:60", "ABC1DEF", "ABC1DEF,M1.1.1",
            "ABC1DEF,M13.1.1,J1",
            "ABC1DEF,M1.6.1,J1", "ABC1DEF,M1.1.7,J1", "ABC1DEF,J0,J1", "ABC1DEF,J366,J1",
            "ABC1DEF,366,J1", "ABC1DEF,J1/168,J2", "ABC1DEF,J1,J2,", "ABC1DEF,J1,J2x", "<AB>1",
            "<ABC1", "<A+B1", "A1C1", "ABC-", "ABC1DEF,,J1", "ABC99999999999999999999",
            "ABC1\nDEF",
        ]
    )
    func wrongRules(text: String) {
        #expect(throws: DecodingFailure.self) { try decode(file(footer: text)) }
    }

    @Test("a file with leap seconds, of another kind or without a type is refused")
    func refusals() throws {
        var other = file(footer: "UTC0")
        other[0] = 0x55
        #expect(throws: DecodingFailure.wrongMagic) { try decode(other) }
        var version = file(footer: "UTC0")
        version[4] = 0x31
        #expect(throws: DecodingFailure.unsupported("TZif version")) { try decode(version) }
        var leap = file(footer: "UTC0")
        leap[51 + 31] = 1
        #expect(throws: DecodingFailure.unsupported("TZif leap seconds")) { try decode(leap) }
        var typeless = file(footer: "UTC0")
        typeless[51 + 39] = 0
        #expect(throws: DecodingFailure.self) { try decode(typeless) }
        #expect(try decode(file(footer: "")).offset(at: 0) == 0)
    }

    @Test("a file of version 1 is read by its 32-bit times")
    func versionOne() throws {
        var file = Array("TZif".utf8) + [UInt8](repeating: 0, count: 28)
        file += [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 4]
        file += [0xff, 0xff, 0xff, 0xff, 1]
        file += [0, 0, 0, 60, 0, 0, 0xff, 0xff, 0xff, 0xc4, 1, 0, 0x41, 0x42, 0x43, 0]
        let zone = try decode(file)
        #expect(zone.offset(at: -2) == 60)
        #expect(zone.offset(at: -1) == -60)
    }
}

@Suite("Civil dates")
struct CivilDateTests {
    @Test("days and dates turn into each other", arguments: 0..<4 as Range<UInt64>)
    func roundTrip(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let days = Int64.random(in: -3_000_000_000...3_000_000_000, using: &generator)
            let date = CivilDate(days: days)
            #expect(date.days == days, "seed \(seed)")
            #expect(date.day <= CivilDate.dayCount(year: date.year, month: date.month))
            let next = CivilDate(days: days + 1)
            #expect(next.day == date.day + 1 || next.day == 1, "seed \(seed)")
        }
    }

    @Test(
        "ISO weeks at the ends of years are those of the calendar",
        arguments: [
            (2020, 12, 31, 2020, 53), (2021, 1, 3, 2020, 53), (2021, 1, 4, 2021, 1),
            (2024, 12, 29, 2024, 52), (2024, 12, 30, 2025, 1), (2026, 12, 31, 2026, 53),
            (2027, 1, 3, 2026, 53), (2000, 1, 1, 1999, 52), (1970, 1, 1, 1970, 1),
            (1969, 12, 28, 1969, 52), (2012, 1, 1, 2011, 52), (2009, 12, 31, 2009, 53),
        ] as [(Int64, Int64, Int64, Int64, Int64)]
    )
    func weeks(year: Int64, month: Int64, day: Int64, isoYear: Int64, week: Int64) {
        let found = CivilDate.isoWeek(days: CivilDate(year: year, month: month, day: day).days)
        #expect(found == (isoYear, week))
    }
}
