import Cairn
import CairnIO
import Glibc

/// What a figure depends on besides the code: the machine, the day and who else was at work.
enum Machine {
    /// What belongs above every report.
    static var facts: [(name: String, text: String)] {
        let cores = Processors.usableCount
        return [
            ("date", date),
            ("processor", processor),
            ("cores in use", "\(cores)"),
            ("kernel", kernel),
            ("load before", load),
            ("kernels of Cairn", "\(KernelSelection())"),
        ]
    }

    /// The moment, in universal time.
    static var date: String {
        var seconds = time_t(Environment.system.time.wallNanoseconds / 1_000_000_000)
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        func two(_ number: CInt) -> String { (number < 10 ? "0" : "") + "\(number)" }
        let (year, month, day) = unsafe (parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday)
        let (hour, minute) = unsafe (parts.tm_hour, parts.tm_min)
        return "\(year)-\(two(month))-\(two(day)) \(two(hour)):\(two(minute)) UTC"
    }

    /// How many threads want to run, averaged over 1, 5 and 15 minutes.
    static var load: String {
        let words = text(of: "/proc/loadavg").split(separator: " ")
        return words.prefix(3).joined(separator: ", ")
    }

    private static var processor: String {
        let line = text(of: "/proc/cpuinfo").split(separator: "\n")
            .first { $0.hasPrefix("model name") || $0.hasPrefix("CPU part") }
        return line?.split(separator: ":").last.map { trimmed(String($0)) } ?? "unknown"
    }

    private static var kernel: String {
        let release = trimmed(text(of: "/proc/sys/kernel/osrelease"))
        return "\(trimmed(text(of: "/proc/sys/kernel/ostype"))) \(release)"
    }

    /// The file system that holds a path, and its device, as the mount table has them.
    static func fileSystem(of path: String) -> String {
        var best = (length: -1, text: "unknown")
        for line in text(of: "/proc/mounts").split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 3 else { continue }
            let point = String(words[1])
            let isAbove = point == "/" || path == point || path.hasPrefix(point + "/")
            if isAbove && point.count >= best.length {
                best = (point.count, "\(words[2]) on \(words[0])")
            }
        }
        return best.text
    }

    /// A small file as text; empty where it cannot be read.
    static func text(of path: String, sizeMax: Int = 1 << 20) -> String {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count < sizeMax {
            let count = unsafe part.withUnsafeMutableBytes { room in
                unsafe read(file, room.baseAddress, room.count)
            }
            guard count > 0 else { break }
            bytes += part[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The text without spaces and ends of lines around it.
    static func trimmed(_ text: String) -> String {
        let spaces: Set<Character> = [" ", "\t", "\n"]
        let rest = text.drop { spaces.contains($0) }
        return String(rest.reversed().drop { spaces.contains($0) }.reversed())
    }

    /// Writes a small file, replacing what is there.
    static func write(_ text: String, to path: String) throws {
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw BenchFailure("\(path): \(errorText(errno))") }
        defer { close(file) }
        let bytes = Array(text.utf8)
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes[done...].withUnsafeBytes { part in
                unsafe Glibc.write(file, part.baseAddress, part.count)
            }
            guard count > 0 else { throw BenchFailure("\(path): \(errorText(errno))") }
            done += count
        }
    }
}
