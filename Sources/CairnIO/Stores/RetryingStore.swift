public import CairnCore

/// How often and how patiently ``RetryingStore`` tries again.
public struct RetryPolicy: Sendable, Hashable {
    /// How often a call is tried in all; 1 at least.
    public var attemptCountMax: Int
    /// The wait before the second attempt, in nanoseconds. Each further wait is twice as long.
    public var delayFirst: UInt64
    /// The longest wait, in nanoseconds.
    public var delayMax: UInt64

    /// Makes a policy.
    public init(attemptCountMax: Int, delayFirst: UInt64, delayMax: UInt64) {
        precondition(attemptCountMax > 0, "a call is tried once at least")
        self.attemptCountMax = attemptCountMax
        self.delayFirst = delayFirst
        self.delayMax = delayMax
    }

    /// Six attempts within 31 times a quarter of a second, at most.
    public static let standard = RetryPolicy(
        attemptCountMax: 6,
        delayFirst: 250_000_000,
        delayMax: 8_000_000_000
    )

    /// The wait after attempt number `attempt`, counted from 1, in nanoseconds.
    func delay(after attempt: Int) -> UInt64 {
        let doublings = UInt64(attempt - 1)
        guard doublings < 64, delayFirst <= delayMax >> doublings else { return delayMax }
        return delayFirst << doublings
    }
}

/// A store that tries again where another store had a passing fault.
///
/// Only errors with ``StoreError/isTransient`` are tried again, after waits that double and are
/// shortened by a random part of up to a half, so that many clients do not return in step.
///
/// A `create` whose answer was lost may find its own object on the second attempt. So where an
/// attempt failed and a later one says `.exists`, the object is read: the same bytes count as
/// `.created`.
public final class RetryingStore<Base: Store>: Store {
    private let base: Base
    private let policy: RetryPolicy
    private let environment: Environment

    /// Wraps a store.
    public init(
        _ base: Base,
        policy: RetryPolicy = .standard,
        environment: Environment = .system
    ) {
        self.base = base
        self.policy = policy
        self.environment = environment
    }

    public var capabilities: StoreCapabilities { base.capabilities }

    public func create(
        _ name: ObjectName,
        _ bytes: Span<UInt8>
    ) throws(StoreError) -> CreateOutcome {
        var attempt = 1
        while true {
            do {
                let outcome = try base.create(name, bytes)
                guard attempt > 1 && outcome == .exists else { return outcome }
                return try holds(name, bytes) ? .created : .exists
            } catch {
                try wait(after: &attempt, error)
            }
        }
    }

    /// Whether the object of that name has exactly these bytes.
    private func holds(_ name: ObjectName, _ bytes: Span<UInt8>) throws(StoreError) -> Bool {
        guard try base.size(of: name) == UInt64(bytes.count) else { return false }
        let found = ByteBuffer(capacity: bytes.count)
        try base.read(name, nil, into: found)
        let span = found.span
        guard span.count == bytes.count else { return false }
        for index in 0..<bytes.count where span[index] != bytes[index] { return false }
        return true
    }

    public func read(
        _ name: ObjectName,
        _ range: Range<UInt64>?,
        into buffer: ByteBuffer
    ) throws(StoreError) {
        let held = buffer.count
        try retrying { () throws(StoreError) in
            buffer.truncate(to: held)
            try base.read(name, range, into: buffer)
        }
    }

    public func size(of name: ObjectName) throws(StoreError) -> UInt64 {
        try retrying { () throws(StoreError) in try base.size(of: name) }
    }

    public func list(folder: String) throws(StoreError) -> Listing {
        try retrying { () throws(StoreError) in try base.list(folder: folder) }
    }

    /// An attempt that fails in the middle has given some objects already; the next gives them
    /// again.
    public func forEachObject(
        in folder: String,
        _ body: (ObjectInfo) -> Bool
    ) throws(StoreError) {
        try retrying { () throws(StoreError) in try base.forEachObject(in: folder, body) }
    }

    public func delete(_ name: ObjectName) throws(StoreError) {
        try retrying { () throws(StoreError) in try base.delete(name) }
    }

    public func barrier() throws(StoreError) {
        try retrying { () throws(StoreError) in try base.barrier() }
    }

    public func temporaryFiles() throws(StoreError) -> [(name: String, size: UInt64)] {
        try retrying { () throws(StoreError) in try base.temporaryFiles() }
    }

    public func removeTemporaryFile(_ name: String) throws(StoreError) {
        try retrying { () throws(StoreError) in try base.removeTemporaryFile(name) }
    }

    private func retrying<R>(_ call: () throws(StoreError) -> R) throws(StoreError) -> R {
        var attempt = 1
        while true {
            do {
                return try call()
            } catch {
                try wait(after: &attempt, error)
            }
        }
    }

    /// Waits before the next attempt, or throws `error` on where there is none.
    private func wait(after attempt: inout Int, _ error: StoreError) throws(StoreError) {
        guard error.isTransient && attempt < policy.attemptCountMax else { throw error }
        let delay = policy.delay(after: attempt)
        environment.time.sleep(nanoseconds: delay - randomPart(of: delay / 2))
        attempt += 1
    }

    /// A random number of nanoseconds within `0...limit`; 0 where the system gives none.
    private func randomPart(of limit: UInt64) -> UInt64 {
        guard let bytes = try? environment.randomBytes(8) else { return 0 }
        let value = bytes.reduce(0) { $0 << 8 | UInt64($1) }
        return limit == .max ? value : value % (limit + 1)
    }
}
