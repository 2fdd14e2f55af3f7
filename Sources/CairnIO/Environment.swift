/// Everything the engine asks of the machine besides files and stores: time, entropy and who runs
/// it where.
///
/// Production code uses ``system``; tests pass a value with a clock and an entropy of their own,
/// so that a run repeats exactly.
public struct Environment: Sendable {
    /// The clocks.
    public let time: any TimeSource
    /// The source of unpredictable bytes.
    public let entropy: any EntropySource
    /// The machine, the user and the process.
    public let host: any HostSource

    /// Makes an environment out of its parts.
    public init(time: any TimeSource, entropy: any EntropySource, host: any HostSource) {
        self.time = time
        self.entropy = entropy
        self.host = host
    }

    /// The machine this process runs on.
    public static let system = Environment(
        time: SystemTime(),
        entropy: SystemEntropy(),
        host: SystemHost()
    )

    /// Unpredictable bytes as an array.
    ///
    /// - Parameter count: How many bytes.
    public func randomBytes(_ count: Int) throws(EntropyFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var span = bytes.mutableSpan
        try entropy.fill(&span)
        return bytes
    }
}

/// Clocks.
public protocol TimeSource: Sendable {
    /// Nanoseconds since 1970-01-01 00:00 UTC by a clock that people may set, also backwards.
    ///
    /// No decision about safety may rest on it.
    var wallNanoseconds: Int64 { get }

    /// Nanoseconds since some moment, by a clock that only goes forward and counts time asleep.
    var monotonicNanoseconds: UInt64 { get }

    /// Blocks the calling thread for at least this long.
    func sleep(nanoseconds: UInt64)
}

/// A source of unpredictable bytes, fit for keys.
public protocol EntropySource: Sendable {
    /// Fills every byte of `bytes`, or throws and leaves bytes that must not be used.
    func fill(_ bytes: inout MutableSpan<UInt8>) throws(EntropyFailure)
}

/// The system gave no entropy.
public struct EntropyFailure: Error, Hashable, Sendable {
    /// The error number of the system, or 0 in tests.
    public let code: Int32

    /// Makes a failure.
    public init(code: Int32) {
        self.code = code
    }
}

/// Who runs the engine, and where.
public protocol HostSource: Sendable {
    /// The name of the machine.
    var hostName: String { get }
    /// The name of the user this process runs as, or the number where there is no name.
    var userName: String { get }
    /// The effective user ID of this process.
    var userID: UInt32 { get }
    /// The effective group ID of this process.
    var groupID: UInt32 { get }
    /// This process, in a form that no other process ever shares.
    var process: ProcessIdentity { get }

    /// Whether that very process runs on this machine now.
    ///
    /// Gives false for a process of another machine or of an earlier start of this one: ask only
    /// about processes recorded with this machine's name.
    func isAlive(_ process: ProcessIdentity) -> Bool
}

/// Names one process of one start of one machine; process IDs alone are used again.
public struct ProcessIdentity: Hashable, Sendable {
    /// The process ID.
    public let processID: Int32
    /// When the process started, in clock ticks since the machine did.
    public let startTime: UInt64
    /// The random name that the kernel gave this start of the machine; empty where unknown.
    public let bootID: String

    /// Makes an identity.
    public init(processID: Int32, startTime: UInt64, bootID: String) {
        self.processID = processID
        self.startTime = startTime
        self.bootID = bootID
    }
}
