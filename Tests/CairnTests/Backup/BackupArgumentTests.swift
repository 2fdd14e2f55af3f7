import Testing

@testable import Cairn

@Suite("Backup arguments")
struct BackupArgumentTests {
    private func isTag(_ content: String) -> Bool {
        CacheDirectoryTag.isValid(Array(content.utf8).span)
    }

    @Test("a cache tag is known by its first 43 bytes alone")
    func cacheTag() {
        let signature = "Signature: 8a477f597d28d172789f06886806bc55"
        #expect(CacheDirectoryTag.prefixSize == 43)
        #expect(isTag(signature))
        #expect(isTag(signature + "\n# more"))
        #expect(!isTag(String(signature.dropLast())))
        #expect(!isTag(" " + signature))
        #expect(!isTag(""))
    }

    @Test(
        "sizes are read with binary units",
        arguments: [
            ("0", 0), ("17", 17), ("17B", 17), ("500K", 512_000), ("10M", 10_485_760),
            ("10mib", 10_485_760), ("10MB", 10_485_760), ("1.5G", 1_610_612_736),
            ("0.1k", 102), ("2T", 2_199_023_255_552), ("7.999999999E", 9_223_372_035_701_854_303),
        ] as [(String, Int64)]
    )
    func sizes(text: String, size: Int64) throws {
        #expect(try ByteSize.parse(text) == size)
    }

    @Test("a text that is no size is refused with advice")
    func wrongSizes() {
        for text in ["", "M", "-1", "1.M", ".5M", "1 M", "1X", "1,5G", "1.0000000001G", "1KiBx"] {
            #expect(throws: ByteSize.Failure.notASize(text)) { try ByteSize.parse(text) }
        }
        for text in ["8E", "9223372036854775808", "99999999999999999999M", "9100000000000000K"] {
            #expect(throws: ByteSize.Failure.tooLarge(text)) { try ByteSize.parse(text) }
        }
        #expect(throws: ByteSize.Failure.fractionOfByte("1.5")) { try ByteSize.parse("1.5") }
        #expect(ByteSize.Failure.notASize("x").description.contains("10M"))
    }

    @Test(
        "durations are read in any order and written in one",
        arguments: [
            ("26h", "26h"), ("7d", "7d"), ("2y5m7d3h", "2y5m7d3h"), ("3h2y", "2y3h"),
            ("1w1d", "8d"), ("0d", "0h"),
        ]
    )
    func durations(text: String, canonical: String) throws {
        let duration = try CalendarDuration(parsing: text)
        #expect(duration.description == canonical)
        #expect(try CalendarDuration(parsing: canonical) == duration)
    }

    @Test("a text that is no duration is refused with advice")
    func wrongDurations() {
        for text in ["", "7", "d", "-1d", "1s", "1 d", "7d3", "1D"] {
            #expect(throws: CalendarDuration.Failure.notADuration(text)) {
                try CalendarDuration(parsing: text)
            }
        }
        #expect(throws: CalendarDuration.Failure.repeatedUnit("1d1d")) {
            try CalendarDuration(parsing: "1d1d")
        }
        let long = "99999999999999999999999d"
        #expect(throws: CalendarDuration.Failure.tooLong(long)) {
            try CalendarDuration(parsing: long)
        }
        #expect(CalendarDuration.Failure.notADuration("x").description.contains("2y5m7d3h"))
    }
}
