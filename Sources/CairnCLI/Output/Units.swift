/// Quantities as text for people.
enum Units {
    private static let names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]

    /// A number of bytes, as in `1.250 GiB`.
    static func bytes(_ count: UInt64) -> String {
        scaled(Double(count), digits: 3)
    }

    /// A number of bytes with one digit after the point, for lines that change.
    static func rough(_ count: UInt64) -> String {
        scaled(Double(count), digits: 1)
    }

    /// A span of time, as in `1:02:03` or `0:07`.
    static func clock(nanoseconds: UInt64) -> String {
        let seconds = nanoseconds / 1_000_000_000
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60)
        let tail = String(seconds % 60)
        let end = tail.count < 2 ? "0" + tail : tail
        if hours == 0 { return "\(minutes):\(end)" }
        return "\(hours):\(minutes < 10 ? "0" : "")\(minutes):\(end)"
    }

    /// How long ago, in the two largest units: `3d 4h`, `26h` stays `1d 2h`, `12 s`.
    static func age(nanoseconds: Int64) -> String {
        let seconds = max(0, nanoseconds) / 1_000_000_000
        let (days, hours) = (seconds / 86_400, seconds / 3600 % 24)
        let minutes = seconds / 60 % 60
        if days > 0 { return "\(days)d \(hours)h" }
        if hours > 0 { return "\(hours)h \(minutes)m" }
        if minutes > 0 { return "\(minutes)m \(seconds % 60)s" }
        return "\(seconds)s"
    }

    /// A count with its noun, as in `1 file` or `2 files`.
    static func count(_ number: some BinaryInteger, _ noun: String, _ plural: String? = nil)
        -> String
    {
        "\(number) \(number == 1 ? noun : plural ?? noun + "s")"
    }

    /// A number with exactly `digits` digits after the point.
    static func fixed(_ number: Double, digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        guard number.isFinite, abs(number) < 9e15 / scale else { return "?" }
        let whole = Int64((abs(number) * scale).rounded())
        let text = String(whole)
        let sign = number < 0 && whole > 0 ? "-" : ""
        if digits == 0 { return sign + text }
        let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
        return "\(sign)\(padded.dropLast(digits)).\(padded.suffix(digits))"
    }

    private static func scaled(_ number: Double, digits: Int) -> String {
        var number = number
        var unit = 0
        while number >= 1024 && unit < names.count - 1 {
            number /= 1024
            unit += 1
        }
        return "\(fixed(number, digits: unit == 0 ? 0 : digits)) \(names[unit])"
    }
}
