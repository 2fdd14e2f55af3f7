/// How one segment's bytes are compressed.
///
/// The values are stored: never change them.
public enum Codec: UInt8, Sendable, CaseIterable {
    /// As they are.
    case none = 0
    /// One Zstandard frame (RFC 8878) with its content size, without dictionary or checksum.
    case zstd = 1
    /// One LZ4 block without frame.
    case lz4 = 2
    /// One raw DEFLATE stream (RFC 1951).
    case deflate = 3
}

/// What a backup does to make bytes smaller.
public enum CompressionSetting: Hashable, Sendable {
    /// Nothing.
    case none
    /// Zstandard at a level within ``zstdLevels``.
    case zstd(level: Int)
    /// LZ4, fast.
    case lz4
    /// DEFLATE at a level within ``deflateLevels``.
    case deflate(level: Int)
    /// Zstandard at a level, after a look whether the bytes will shrink at all.
    case auto(level: Int)

    /// The Zstandard level where none is named.
    static let defaultLevel = 3
    /// `auto` at level 3.
    public static let `default` = CompressionSetting.auto(level: defaultLevel)
    /// The Zstandard levels accepted.
    public static let zstdLevels = 1...22
    /// The DEFLATE levels accepted.
    public static let deflateLevels = 1...9

    /// Reads `none`, `lz4`, or `zstd`, `deflate`, `auto` with or without `,LEVEL`.
    ///
    /// Without a level, Zstandard takes 3 and DEFLATE 6. Anything else yields nil.
    public init?(_ text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard let name = parts.first, parts.count <= 2 else { return nil }
        var level: Int?
        if parts.count == 2 {
            guard let number = Int(parts[1]), String(number) == parts[1] else { return nil }
            level = number
        }
        switch name {
        case "none" where level == nil: self = .none
        case "lz4" where level == nil: self = .lz4
        case "zstd": self = .zstd(level: level ?? CompressionSetting.defaultLevel)
        case "deflate": self = .deflate(level: level ?? 6)
        case "auto": self = .auto(level: level ?? CompressionSetting.defaultLevel)
        default: return nil
        }
        guard isWithinLimits else { return nil }
    }

    /// Whether the level is one that the codec has.
    public var isWithinLimits: Bool {
        switch self {
        case .none, .lz4: true
        case .zstd(let level), .auto(let level): Self.zstdLevels.contains(level)
        case .deflate(let level): Self.deflateLevels.contains(level)
        }
    }
}

extension CompressionSetting: CustomStringConvertible {
    /// The text that ``init(_:)`` reads.
    public var description: String {
        switch self {
        case .none: "none"
        case .lz4: "lz4"
        case .zstd(let level): "zstd,\(level)"
        case .deflate(let level): "deflate,\(level)"
        case .auto(let level): "auto,\(level)"
        }
    }
}

/// Why bytes could not be decompressed.
public enum CompressionFailure: Error, Equatable, Sendable {
    /// The bytes are not what the codec writes, or do not yield the count asked for.
    case damaged(Codec)
    /// The bytes use something that is never written here: a dictionary, a large window, a second
    /// frame, or more bytes than the limit.
    case unsupported(String)
}
