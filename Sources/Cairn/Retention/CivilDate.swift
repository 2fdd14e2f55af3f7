/// A day of the Gregorian calendar, carried backwards and forwards without end.
///
/// Days are counted from 1 January 1970, a Thursday. Every function is total over the years
/// -10,000,000 to 10,000,000, which no caller leaves.
struct CivilDate: Equatable {
    var year: Int64
    /// 1 to 12.
    var month: Int64
    /// 1 to 31.
    var day: Int64

    init(year: Int64, month: Int64, day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// The date that lies `days` after 1 January 1970.
    init(days: Int64) {
        // Years that begin in March put the leap day last, so that month lengths follow a rule.
        let shifted = days + 719_468
        let era = Self.floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// How many days the date lies after 1 January 1970.
    var days: Int64 {
        let marchYear = month <= 2 ? year - 1 : year
        let era = Self.floorDivide(marchYear, 400)
        let yearOfEra = marchYear - era * 400
        let marchMonth = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * marchMonth + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }

    /// The day of the week of a day, 0 for Monday to 6 for Sunday.
    static func weekday(days: Int64) -> Int64 {
        floorRemainder(days + 3, 7)
    }

    /// The ISO 8601 year and week of a day: weeks begin on Monday and belong to the year that
    /// holds their Thursday.
    static func isoWeek(days: Int64) -> (year: Int64, week: Int64) {
        let thursday = days - weekday(days: days) + 3
        let year = CivilDate(days: thursday).year
        let first = CivilDate(year: year, month: 1, day: 1).days
        return (year, (thursday - first) / 7 + 1)
    }

    static func isLeap(_ year: Int64) -> Bool {
        floorRemainder(year, 4) == 0
            && (floorRemainder(year, 100) != 0
                || floorRemainder(year, 400) == 0)
    }

    static func dayCount(year: Int64, month: Int64) -> Int64 {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The quotient rounded down; `divisor` is above zero.
    static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : (value + 1) / divisor - 1
    }

    /// What ``floorDivide(_:_:)`` leaves, within `0..<divisor`.
    static func floorRemainder(_ value: Int64, _ divisor: Int64) -> Int64 {
        let remainder = value % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }
}
