/// A length of time in calendar units, as `2y5m7d3h`; how long it is depends on where it ends.
public struct CalendarDuration: Sendable, Hashable, CustomStringConvertible {
    /// Why a text is no duration.
    public enum Failure: Error, Equatable, Sendable, CustomStringConvertible {
        /// The text is not numbers with units.
        case notADuration(String)
        /// A unit appears twice.
        case repeatedUnit(String)
        /// A number is larger than ``CalendarDuration/countMax``.
        case tooLong(String)

        /// What is wrong and what to do, in a sentence.
        public var description: String {
            switch self {
            case .notADuration(let text):
                """
                "\(text)" is not a duration; write numbers with units y, m (months), w, d and h, \
                as 26h, 7d or 2y5m7d3h
                """
            case .repeatedUnit(let text):
                "\"\(text)\" names a unit twice; add the numbers up and name it once"
            case .tooLong(let text):
                "\"\(text)\" holds a number above \(CalendarDuration.countMax); write a shorter one"
            }
        }
    }

    /// The most of any unit.
    public static let countMax = 999_999

    /// Years of the calendar.
    public let years: Int
    /// Months of the calendar.
    public let months: Int
    /// Days of the calendar.
    public let days: Int
    /// Hours of 3,600 seconds.
    public let hours: Int

    /// Makes a duration.
    ///
    /// - Precondition: No count is negative or above eight times ``countMax``.
    public init(years: Int = 0, months: Int = 0, days: Int = 0, hours: Int = 0) {
        let range = 0...8 * Self.countMax
        precondition(
            range.contains(years) && range.contains(months) && range.contains(days)
                && range.contains(hours),
            "a duration is out of range"
        )
        self.years = years
        self.months = months
        self.days = days
        self.hours = hours
    }

    /// Reads a duration: numbers, each followed by one of y, m, w, d and h, in any order.
    ///
    /// `w` stands for seven days and adds to `d`.
    public init(parsing text: String) throws(Failure) {
        var counts: [UInt8: Int] = [:]
        var number: Int?
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                let value = (number ?? 0) * 10 + Int(byte - UInt8(ascii: "0"))
                guard value <= Self.countMax else { throw .tooLong(text) }
                number = value
            case UInt8(ascii: "y"), UInt8(ascii: "m"), UInt8(ascii: "w"), UInt8(ascii: "d"),
                UInt8(ascii: "h"):
                guard let value = number else { throw .notADuration(text) }
                guard counts.updateValue(value, forKey: byte) == nil else {
                    throw .repeatedUnit(text)
                }
                number = nil
            default: throw .notADuration(text)
            }
        }
        guard number == nil, !counts.isEmpty else { throw .notADuration(text) }
        self.init(
            years: counts[UInt8(ascii: "y")] ?? 0,
            months: counts[UInt8(ascii: "m")] ?? 0,
            days: (counts[UInt8(ascii: "d")] ?? 0) + 7 * (counts[UInt8(ascii: "w")] ?? 0),
            hours: counts[UInt8(ascii: "h")] ?? 0
        )
    }

    /// Whether no time passes.
    public var isZero: Bool { years == 0 && months == 0 && days == 0 && hours == 0 }

    /// The duration as ``init(parsing:)`` reads it.
    public var description: String {
        let parts = [(years, "y"), (months, "m"), (days, "d"), (hours, "h")]
        let text = parts.filter { $0.0 != 0 }.map { "\($0.0)\($0.1)" }.joined()
        return text.isEmpty ? "0h" : text
    }
}
