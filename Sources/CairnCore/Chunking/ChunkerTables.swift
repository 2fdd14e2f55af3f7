internal import COpenSSL

/// The secret or published material that decides where a chunker cuts.
///
/// Everything is drawn from blocks of HKDF-Expand-SHA-256 (RFC 5869) under one 32-byte key:
/// Specs/Chunking.md#tables.
struct ChunkerTables: Sendable {
    /// The number of bytes of a key.
    static let keySize = 32
    /// The key of unkeyed chunkers: SHA-256 of "cairn/chunker/published/v1".
    static let publishedKey: [UInt8] = {
        SHA256.hash(Array("cairn/chunker/published/v1".utf8).span).bytes
    }()

    private let key: [UInt8]

    /// Keeps the key that the tables are drawn from.
    ///
    /// - Precondition: A key has 32 bytes.
    init(key: Span<UInt8>?) {
        guard let key else {
            self.key = Self.publishedKey
            return
        }
        precondition(key.count == Self.keySize, "a chunker key has 32 bytes")
        self.key = unsafe key.withUnsafeBufferPointer { unsafe [UInt8]($0) }
    }

    /// The 256 values of the Gear hash.
    ///
    /// Words whose negation is below 2^56 are passed over: a run of one byte b hashes to
    /// -table[b], which then ends no chunk, so that runs give chunks of one size, the maximum.
    func gear() -> [UInt64] {
        var table: [UInt64] = []
        table.reserveCapacity(256)
        var index: UInt32 = 0
        while table.count < 256 {
            let words = wordsOfBlock("cairn/chunker/v1/gear", index)
            for word in words where table.count < 256 && 0 &- word >= 1 << 56 {
                table.append(word)
            }
            index += 1
        }
        return table
    }

    /// The two nibble tables of the anchor hash and behind them the 256 values they spell out.
    ///
    /// Blocks with a value of zero are passed over, so that no run of one byte is an anchor.
    func anchors() -> [UInt8] {
        var index: UInt32 = 0
        while true {
            let block = block("cairn/chunker/v1/anchors", index)
            let values = (0..<256).map { block[$0 & 15] ^ block[16 + $0 >> 4] }
            if !values.contains(0) { return block + values }
            index += 1
        }
    }

    /// The key of the function that draws cut offsets.
    func cutKey() -> SipHash.Key {
        let words = wordsOfBlock("cairn/chunker/v1/cut", 0)
        return SipHash.Key(k0: words[0], k1: words[1])
    }

    /// HKDF-Expand(key, label and the index as four bytes, little-endian; 32 bytes).
    private func block(_ label: String, _ index: UInt32) -> [UInt8] {
        var message = Array(label.utf8)
        for shift: UInt32 in [0, 8, 16, 24] {
            message.append(UInt8(truncatingIfNeeded: index >> shift))
        }
        message.append(1)  // HKDF's counter of its first and only block
        var block = [UInt8](repeating: 0, count: 32)
        let result = unsafe HMAC(
            EVP_sha256(),
            key,
            CInt(key.count),
            message,
            message.count,
            &block,
            nil
        )
        precondition(unsafe result != nil, "HMAC-SHA-256 is out of memory")
        return block
    }

    private func wordsOfBlock(_ label: String, _ index: UInt32) -> [UInt64] {
        let block = block(label, index)
        return stride(from: 0, to: 32, by: 8).map { start in
            (0..<8).reduce(0) { $0 | UInt64(block[start + $1]) << UInt64(8 * $1) }
        }
    }
}
