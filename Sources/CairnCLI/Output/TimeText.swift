internal import Glibc

/// Moments as text.
enum TimeText {
    /// The moment on this machine's clock and calendar, as in `2026-01-31 14:05:09`.
    static func local(_ nanoseconds: Int64) -> String {
        let (date, _) = fields(nanoseconds)
        return day(date) + " " + clock(date)
    }

    /// The moment as RFC 3339 with this machine's offset, nine digits of a second included.
    static func rfc3339(_ nanoseconds: Int64) -> String {
        let (date, fraction) = fields(nanoseconds)
        let digits = padded(fraction, 9)
        return "\(day(date))T\(clock(date)).\(digits)\(offset(date.offset))"
    }

    /// The moment as RFC 3339, given in seconds and nanoseconds.
    static func rfc3339(seconds: Int64, nanoseconds: UInt32) -> String {
        let date = CivilTime(seconds: seconds)
        let digits = padded(Int(nanoseconds), 9)
        return "\(day(date))T\(clock(date)).\(digits)\(offset(date.offset))"
    }

    /// The moment on this machine's clock, given in seconds.
    static func local(seconds: Int64) -> String {
        let date = CivilTime(seconds: seconds)
        return day(date) + " " + clock(date)
    }

    /// Nanoseconds since 1970, now.
    static var now: Int64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// How many seconds this machine's clock is ahead of UTC now.
    static var offsetNow: Int { CivilTime(seconds: now / 1_000_000_000).offset }

    /// Reads `2026-01-31`, `2026-01-31 14:05`, `2026-01-31 14:05:09`, with `T` for the space, a
    /// fraction of a second, and `Z` or an offset such as `+01:00`; without one, local time.
    ///
    /// - Returns: Nanoseconds since 1970, or nil where the text is no such moment.
    static func parse(_ text: String) -> Int64? {
        if text == "now" { return now }
        var scanner = TimeScanner(text)
        guard let year = scanner.number(4), scanner.skip("-"), let month = scanner.number(2),
            scanner.skip("-"), let dayNumber = scanner.number(2), (1...12).contains(month),
            (1...31).contains(dayNumber), year >= 1700, year < 2262
        else { return nil }
        var date = CivilTime(year: year, month: month, day: dayNumber)
        var fraction: Int64 = 0
        if !scanner.isAtEnd {
            guard let time = scanner.clock() else { return nil }
            (date.hour, date.minute, date.second) = (time.hour, time.minute, time.second)
            fraction = Int64(time.nanosecond)
        }
        guard let zone = scanner.zone(), scanner.isAtEnd else { return nil }
        guard let seconds = date.seconds(in: zone) else { return nil }
        return max(-9_000_000_000, min(seconds, 9_200_000_000)) * 1_000_000_000 + fraction
    }

    private static func fields(_ nanoseconds: Int64) -> (date: CivilTime, fraction: Int) {
        var (seconds, fraction) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        if fraction < 0 {
            seconds -= 1
            fraction += 1_000_000_000
        }
        return (CivilTime(seconds: seconds), Int(fraction))
    }

    private static func day(_ date: CivilTime) -> String {
        "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
    }

    private static func clock(_ date: CivilTime) -> String {
        "\(padded(date.hour, 2)):\(padded(date.minute, 2)):\(padded(date.second, 2))"
    }

    private static func offset(_ seconds: Int) -> String {
        if seconds == 0 { return "Z" }
        let minutes = abs(seconds) / 60
        return "\(seconds < 0 ? "-" : "+")\(padded(minutes / 60, 2)):\(padded(minutes % 60, 2))"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

/// Which clock a moment is told by.
private enum Zone {
    /// This machine's.
    case local
    /// One so many seconds ahead of UTC.
    case offset(Int)
}

/// A moment as the calendar and the clock tell it.
private struct CivilTime {
    var year: Int
    var month: Int
    var day: Int
    var hour = 0
    var minute = 0
    var second = 0
    /// Seconds ahead of UTC.
    var offset = 0

    init(year: Int, month: Int, day: Int) {
        (self.year, self.month, self.day) = (year, month, day)
    }

    /// The moment on this machine's clock.
    init(seconds: Int64) {
        var time = time_t(seconds)
        var date = unsafe tm()
        _ = unsafe localtime_r(&time, &date)
        year = unsafe Int(date.tm_year) + 1900
        month = unsafe Int(date.tm_mon) + 1
        day = unsafe Int(date.tm_mday)
        hour = unsafe Int(date.tm_hour)
        minute = unsafe Int(date.tm_min)
        second = unsafe Int(date.tm_sec)
        offset = unsafe Int(date.tm_gmtoff)
    }

    /// Seconds since 1970; nil for a day that the calendar does not have.
    func seconds(in zone: Zone) -> Int64? {
        var date = unsafe tm()
        unsafe date.tm_year = Int32(year - 1900)
        unsafe date.tm_mon = Int32(month - 1)
        unsafe date.tm_mday = Int32(day)
        unsafe date.tm_hour = Int32(hour)
        unsafe date.tm_min = Int32(minute)
        unsafe date.tm_sec = Int32(second)
        unsafe date.tm_isdst = -1
        let seconds: Int64
        switch zone {
        case .local: seconds = Int64(unsafe mktime(&date))
        case .offset(let offset): seconds = Int64(unsafe timegm(&date)) - Int64(offset)
        }
        // The C library turns 31 April into 1 May.
        return unsafe Int(date.tm_mday) == day ? seconds : nil
    }
}

/// Reads the parts of a moment.
private struct TimeScanner {

    private var rest: Substring

    init(_ text: String) {
        rest = text[...]
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ character: Character) -> Bool {
        guard rest.first == character else { return false }
        rest.removeFirst()
        return true
    }

    /// A number of exactly `width` digits.
    mutating func number(_ width: Int) -> Int? {
        let digits = rest.prefix(width)
        guard digits.count == width, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else {
            return nil
        }
        rest = rest.dropFirst(width)
        return Int(digits)
    }

    /// `T14:05`, ` 14:05:09.25`.
    mutating func clock() -> (hour: Int, minute: Int, second: Int, nanosecond: Int)? {
        guard skip("T") || skip(" "), let hour = number(2), skip(":"), let minute = number(2),
            hour < 24, minute < 60
        else { return nil }
        guard skip(":") else { return (hour, minute, 0, 0) }
        guard let second = number(2), second <= 60 else { return nil }
        guard skip(".") else { return (hour, minute, second, 0) }
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        guard (1...9).contains(digits.count) else { return nil }
        rest = rest.dropFirst(digits.count)
        let text = String(digits) + String(repeating: "0", count: 9 - digits.count)
        return (hour, minute, second, Int(text) ?? 0)
    }

    /// `Z`, `+01:00`, `-0530` or nothing.
    mutating func zone() -> Zone? {
        if isAtEnd { return .local }
        if skip("Z") { return .offset(0) }
        let sign = skip("+") ? 1 : skip("-") ? -1 : 0
        guard sign != 0, let hours = number(2) else { return nil }
        _ = skip(":")
        guard let minutes = number(2), hours < 24, minutes < 60 else { return nil }
        return .offset(sign * (hours * 3600 + minutes * 60))
    }
}
