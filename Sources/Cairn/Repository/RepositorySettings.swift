public import CairnCore
public import CairnFormat
public import CairnIO
public import Logging

/// What is fixed when a repository is created.
public struct RepositorySettings: Sendable {
    /// How streams are cut; nil for the default: `anchored` in an encrypted repository, `fastcdc`
    /// otherwise, with a mean of 1 MiB.
    public var chunking: ChunkerParameters?
    /// The size a pack grows to, in bytes, 4 to 128 MiB.
    public var packSize = 32 << 20
    /// What the first key slot's key derivation costs.
    public var keyDerivation = Argon2Parameters.default
    /// A name for the first key slot.
    public var keyLabel = "first"

    /// The defaults.
    public init() {}
}

/// How one process uses a repository.
public struct RepositoryOptions: Sendable {
    /// The folder of the local cache, in bytes; nil to keep none. Losing it costs only speed.
    public var cacheDirectory: [UInt8]?
    /// Threads that chunk, hash, compress and seal; nil for one a usable core.
    public var workerCount: Int?
    /// Bytes the engine may hold in buffers and caches.
    public var memoryBudget = 160 << 20
    /// Which kernels hash and scan; the fastest this processor has unless chosen.
    public var kernels = KernelSelection()
    /// Clock, entropy and host, injectable for tests.
    public var environment = Environment.system
    /// Where remarks go.
    public var logger = Logger(label: "cairn", factory: { _ in SwiftLogNoOpLogHandler() })
    /// Decrypt, decompress and re-identify every segment before it is published.
    public var verifiesBeforePublishing = true
    /// Write packs on the thread that fills them: slower, and the same step for step every time.
    package var publishesInline = false
    /// Where marks are kept without a cache directory; nil for as long as the repository is open.
    package var markMemory: MarkMemory?
    /// Rules to break, for the simulator.
    package var faults: ProtocolFaults = []

    /// The defaults: no cache.
    public init() {}
}

/// Facts about an open repository.
public struct RepositoryInfo: Sendable {
    public let id: RepositoryID
    public let formatVersion: Int
    /// Nanoseconds since 1970.
    public let created: Int64
    public let isEncrypted: Bool
    public let chunking: ChunkerParameters
    public let packSize: Int
    /// Whether cleanup may run beside backups here (class A; Specs/Stores.md).
    public let hasAtomicCreate: Bool
}

/// What can be known of a key slot without opening it.
public struct KeySlotInfo: Sendable, Hashable {
    public let id: KeySlotID
    public let isCurrent: Bool
    /// "passphrase", "key file" or "recovery code".
    public let kind: String
    public let label: String
    /// Nanoseconds since 1970.
    public let created: Int64
    public let keyDerivation: Argon2Parameters?
}
