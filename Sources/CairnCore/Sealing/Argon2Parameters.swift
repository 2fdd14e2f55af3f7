/// How much work turns a passphrase into a key (RFC 9106).
public struct Argon2Parameters: Hashable, Sendable {
    /// Memory in KiB.
    public var memoryKiB: UInt32
    /// Passes over the memory.
    public var passes: UInt32
    /// Independent lanes, computed by up to ``threadCountMax`` threads.
    public var lanes: UInt32

    /// Parameters as given; ``KeyDerivation`` checks them before it uses them.
    public init(memoryKiB: UInt32, passes: UInt32, lanes: UInt32) {
        self.memoryKiB = memoryKiB
        self.passes = passes
        self.lanes = lanes
    }

    /// What new key slots use: 64 MiB, 3 passes, 4 lanes, the second choice of RFC 9106.
    public static let `default` = Argon2Parameters(memoryKiB: 64 * 1024, passes: 3, lanes: 4)

    /// The most memory accepted: 4 GiB.
    public static let memoryKiBMax: UInt32 = 4 * 1024 * 1024
    /// The most passes accepted.
    public static let passesMax: UInt32 = 64
    /// The most lanes accepted.
    public static let lanesMax: UInt32 = 64
    /// The most threads one derivation starts; they have ended when it returns.
    public static let threadCountMax: UInt32 = 4

    /// Whether a passphrase may protect a repository with these: at least 19 MiB, and two passes
    /// where it is less than 46 MiB (the OWASP minimum).
    public var areStrongEnough: Bool {
        memoryKiB >= 46 * 1024 || (memoryKiB >= 19 * 1024 && passes >= 2)
    }

    /// Throws unless every value lies within its limits, so that hostile parameters cost nothing.
    func check() throws(SealingFailure) {
        guard passes >= 1 && passes <= Self.passesMax else {
            throw .invalidParameters("Argon2 passes outside 1...\(Self.passesMax)")
        }
        guard lanes >= 1 && lanes <= Self.lanesMax else {
            throw .invalidParameters("Argon2 lanes outside 1...\(Self.lanesMax)")
        }
        guard memoryKiB >= 8 * lanes && memoryKiB <= Self.memoryKiBMax else {
            throw .invalidParameters(
                "Argon2 memory outside \(8 * lanes)...\(Self.memoryKiBMax) KiB"
            )
        }
    }
}
