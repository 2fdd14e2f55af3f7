/// Every limit of the format that is not part of one type: Specs/Format.md#limits.
package enum FormatLimits {
    /// The largest chunk and the largest plaintext of a segment, in bytes.
    package static let chunkSizeMax = 64 << 20
    /// The largest plaintext of a segment that holds several chunks, in bytes.
    package static let groupSizeMax = 256 << 10
    /// The most chunks in one segment.
    package static let groupCountMax = 65_535
    /// The largest body of a pack (all but the trailer), in bytes.
    package static let packBodySizeMax = 128 << 20
    /// What sealing adds to any plaintext, in bytes.
    package static let sealSize = 16
    /// The largest tree or list chunk, in bytes.
    package static let treeSizeMax = 32 << 20
    /// The deepest list above data chunks.
    package static let contentDepthMax: UInt8 = 8
    /// The highest tree node above the leaves of one directory.
    package static let treeLevelMax: UInt8 = 8
    /// The most entries of one tree or list node.
    package static let nodeCountMax = 4096
    /// The largest length that any field may state: what a signed 64-bit integer holds.
    package static let lengthMax = UInt64(Int64.max)
    /// The longest name of a directory entry, of an extended attribute, of a host or of a user.
    package static let nameSizeMax = 255
    /// The longest path or symbolic link target, in bytes.
    package static let pathSizeMax = 4096
}
