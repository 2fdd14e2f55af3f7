public import CairnIO
internal import Synchronization

/// A clock that stands still until it is moved, or until somebody sleeps by it.
public final class VirtualClock: TimeSource {
    private struct State {
        var wall: Int64
        var monotonic: UInt64
        var sleeps: [UInt64] = []
    }

    private let state: Mutex<State>

    /// Starts the clock.
    ///
    /// - Parameter wallNanoseconds: What it shows, in nanoseconds since 1970.
    public init(wallNanoseconds: Int64 = 1_700_000_000_000_000_000) {
        state = Mutex(State(wall: wallNanoseconds, monotonic: 1))
    }

    public var wallNanoseconds: Int64 { state.withLock { $0.wall } }

    public var monotonicNanoseconds: UInt64 { state.withLock { $0.monotonic } }

    /// Moves both clocks on at once, without blocking.
    public func sleep(nanoseconds: UInt64) {
        state.withLock { state in
            state.sleeps.append(nanoseconds)
            state.wall &+= Int64(truncatingIfNeeded: nanoseconds)
            state.monotonic &+= nanoseconds
        }
    }

    /// Moves both clocks on.
    public func advance(nanoseconds: UInt64) {
        state.withLock { state in
            state.wall &+= Int64(truncatingIfNeeded: nanoseconds)
            state.monotonic &+= nanoseconds
        }
    }

    /// Sets the wall clock alone, as a person may, also backwards.
    public func setWall(nanoseconds: Int64) {
        state.withLock { $0.wall = nanoseconds }
    }

    /// How long each sleep so far was asked to be, in nanoseconds.
    public var sleeps: [UInt64] { state.withLock { $0.sleeps } }
}

/// A machine made up for tests.
public final class VirtualHost: HostSource {
    public let hostName: String
    public let userName: String
    public let userID: UInt32
    public let groupID: UInt32
    public let process: ProcessIdentity
    private let alive: Mutex<Set<ProcessIdentity>>

    /// Makes a machine on which only the given process runs.
    public init(
        hostName: String = "test-host",
        userName: String = "tester",
        userID: UInt32 = 1000,
        groupID: UInt32 = 1000,
        process: ProcessIdentity = ProcessIdentity(
            processID: 100,
            startTime: 1,
            bootID: "test-boot"
        )
    ) {
        self.hostName = hostName
        self.userName = userName
        self.userID = userID
        self.groupID = groupID
        self.process = process
        alive = Mutex([process])
    }

    public func isAlive(_ process: ProcessIdentity) -> Bool {
        alive.withLock { $0.contains(process) }
    }

    /// Lets another process run, or end.
    public func setAlive(_ process: ProcessIdentity, _ isAlive: Bool) {
        alive.withLock { alive in
            if isAlive {
                alive.insert(process)
            } else {
                alive.remove(process)
            }
        }
    }
}

extension Environment {
    /// An environment in which every run with one seed is the same.
    public static func virtual(
        seed: UInt64,
        time: any TimeSource = VirtualClock(),
        host: any HostSource = VirtualHost()
    ) -> Environment {
        Environment(time: time, entropy: SeededEntropy(seed: seed), host: host)
    }
}
