internal import CCairn
internal import Glibc

/// The clocks of the kernel.
struct SystemTime: TimeSource {
    var wallNanoseconds: Int64 {
        let now = read(CLOCK_REALTIME)
        return Int64(now.tv_sec) &* 1_000_000_000 &+ Int64(now.tv_nsec)
    }

    var monotonicNanoseconds: UInt64 {
        let now = read(CLOCK_BOOTTIME)
        return UInt64(now.tv_sec) &* 1_000_000_000 &+ UInt64(now.tv_nsec)
    }

    func sleep(nanoseconds: UInt64) {
        var rest = timespec()
        rest.tv_sec = Int(nanoseconds / 1_000_000_000)
        rest.tv_nsec = Int(nanoseconds % 1_000_000_000)
        // A signal cuts the sleep short; the kernel then says how much is left.
        while true {
            var left = timespec()
            guard unsafe nanosleep(&rest, &left) != 0, errno == EINTR else { return }
            rest = left
        }
    }

    private func read(_ clock: clockid_t) -> timespec {
        var now = timespec()
        let result = unsafe clock_gettime(clock, &now)
        precondition(result == 0, "the kernel lacks a clock it has had since 2.6.39")
        return now
    }
}

/// The kernel's random number generator.
struct SystemEntropy: EntropySource {
    func fill(_ bytes: inout MutableSpan<UInt8>) throws(EntropyFailure) {
        let failure = unsafe bytes.withUnsafeMutableBytes { buffer -> CInt in
            guard let base = buffer.baseAddress else { return 0 }
            var done = 0
            while done < buffer.count {
                let count = unsafe cairn_random(base + done, buffer.count - done)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return errno == 0 ? EIO : errno }
                done += count
            }
            return 0
        }
        guard failure == 0 else { throw EntropyFailure(code: failure) }
    }
}

/// This machine, as the kernel describes it.
struct SystemHost: HostSource {
    let process: ProcessIdentity

    init() {
        let processID = getpid()
        process = ProcessIdentity(
            processID: processID,
            startTime: SystemHost.startTime(of: processID) ?? 0,
            bootID: SystemHost.bootID()
        )
    }

    var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&name, name.count - 1) == 0 else { return "" }
        return SystemHost.text(name)
    }

    var userName: String {
        var entry = unsafe passwd()
        var found: UnsafeMutablePointer<passwd>? = nil
        var buffer = [CChar](repeating: 0, count: 16 * 1024)
        let result = unsafe getpwuid_r(geteuid(), &entry, &buffer, buffer.count, &found)
        guard result == 0, unsafe found != nil, let name = unsafe entry.pw_name else {
            return String(geteuid())
        }
        return unsafe String(cString: name)
    }

    var userID: UInt32 { geteuid() }
    var groupID: UInt32 { getegid() }

    func isAlive(_ process: ProcessIdentity) -> Bool {
        guard process.bootID == self.process.bootID, process.processID > 0 else { return false }
        return SystemHost.startTime(of: process.processID) == process.startTime
    }

    /// When a process started, in clock ticks since the machine did; nil where there is none.
    ///
    /// It is field 22 of `/proc/<pid>/stat`. Field 2, the name, stands in parentheses and may hold
    /// anything, so fields are counted from the last closing one.
    private static func startTime(of processID: Int32) -> UInt64? {
        let bytes = contents(of: "/proc/\(processID)/stat")
        guard let nameEnd = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = bytes[(nameEnd + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19 else { return nil }
        // A zombie has ended; only its parent has not asked yet.
        guard fields[0].first != UInt8(ascii: "Z") else { return nil }
        return UInt64(String(decoding: fields[19], as: UTF8.self))
    }

    private static func bootID() -> String {
        let bytes = contents(of: "/proc/sys/kernel/random/boot_id")
        return String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
    }

    /// The first 4096 bytes of a small file of the kernel; empty where it cannot be read.
    private static func contents(of path: String) -> [UInt8] {
        let file = unsafe path.withCString { unsafe open($0, O_RDONLY | O_CLOEXEC) }
        guard file >= 0 else { return [] }
        defer { _ = close(file) }
        return unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            count = max(unsafe Glibc.read(file, buffer.baseAddress, buffer.count), 0)
        }
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
