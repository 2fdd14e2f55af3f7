internal import ArgumentParser
internal import Cairn

/// A number of bytes: digits, and `K`, `M`, `G`, `T` or `P` for powers of 1024.
struct SizeArgument: ExpressibleByArgument, Sendable {
    /// The number of bytes.
    let bytes: UInt64

    /// Reads `300`, `64K`, `1.5GiB` and the like.
    init?(argument: String) {
        guard let size = try? ByteSize.parse(argument) else { return nil }
        bytes = UInt64(size)
    }
}

/// A span of time: numbers with `y`, `m` (months), `w`, `d`, `h`, `min` or `s`, such as `26h` or
/// `1d12h`.
struct DurationArgument: ExpressibleByArgument, Sendable {
    /// Nanoseconds; a month counts as 30 days and a year as 365.
    let nanoseconds: Int64

    private static let seconds: [String: Int64] = [
        "s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800, "m": 2_592_000, "y": 31_536_000,
    ]

    /// Reads the text.
    init?(argument: String) {
        var total: Int64 = 0
        var rest = argument[...]
        if rest.isEmpty { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest[digits.endIndex...]
            let unit = rest.prefix { $0.isLetter }
            rest = rest[unit.endIndex...]
            guard let number = Int64(digits), let scale = Self.seconds[String(unit)] else {
                return nil
            }
            let (part, isTooMuch) = number.multipliedReportingOverflow(by: scale * 1_000_000_000)
            let (sum, isTooLong) = total.addingReportingOverflow(part)
            if isTooMuch || isTooLong { return nil }
            total = sum
        }
        nanoseconds = total
    }
}

/// A moment, given as text; see ``TimeText/parse(_:)``.
struct TimeArgument: ExpressibleByArgument, Sendable {
    /// Nanoseconds since 1970.
    let nanoseconds: Int64

    /// Reads the text.
    init?(argument: String) {
        guard let time = TimeText.parse(argument) else { return nil }
        nanoseconds = time
    }
}

/// How to compress, given as text.
struct CompressionArgument: ExpressibleByArgument, Sendable {
    /// How to compress.
    let setting: CompressionSetting

    /// Reads `auto`, `none`, `lz4`, `zstd,19` and so on, and `off` and `max` as restic has them.
    init?(argument: String) {
        switch argument {
        case "off": setting = .none
        case "max": setting = .zstd(level: 19)
        default:
            guard let setting = CompressionSetting(argument) else { return nil }
            self.setting = setting
        }
    }
}

/// Which packs to read, given as text.
struct SubsetArgument: ExpressibleByArgument, Sendable {
    /// Which packs.
    let data: CheckRequest.Data

    /// Reads `2/7`, the second of seven parts, or `2.5%`.
    init?(argument: String) {
        if argument.hasSuffix("%") {
            guard let percent = Double(argument.dropLast()), percent > 0, percent <= 100 else {
                return nil
            }
            data = .percent(percent)
            return
        }
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let part = Int(parts[0]), let count = Int(parts[1]), part >= 1,
            part <= count
        else { return nil }
        data = .slice(part: part, of: count)
    }
}

/// When to replace files that are there, given as text.
enum OverwriteArgument: String, ExpressibleByArgument, CaseIterable, Sendable {
    case always
    case ifChanged = "if-changed"
    case never

    /// The same for the engine.
    var choice: RestoreRequest.Overwrite {
        switch self {
        case .always: .always
        case .ifChanged: .ifChanged
        case .never: .never
        }
    }
}
