internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Room that only those use who make room: an object without meaning, removed when the store is
/// full, so that there is room for the records of forgetting and cleaning up, and written anew
/// after a cleanup (Specs/Durability.md#a-full-store).
enum SpaceReserve {
    /// How many bytes it has: room for 500 records on a disk of 4096-byte blocks.
    static let size = 2 << 20

    /// Writes the reserve unless it is there. A store that has no room for it goes without.
    static func fill(_ core: RepositoryCore) {
        guard core.store.capabilities.hasLimitedSpace,
            let name = ObjectName(ObjectNames.reserve),
            (try? core.store.size(of: name)) == nil,
            let bytes = try? content(core.format.repository)
        else { return }
        if (try? core.store.create(name, bytes.span)) != nil { try? core.store.barrier() }
    }

    /// Bytes that no file system makes smaller, and the same each time, since no name is ever
    /// created with other bytes: zeros sealed under a key that everybody knows.
    static func content(_ repository: RepositoryID) throws(SealingFailure) -> ByteBuffer {
        let output = ByteBuffer(capacity: size + Sealer.tagSize)
        let zeros = ByteBuffer(capacity: size)
        zeros.appendZeros(size)
        let sealer = Sealer()
        let name = Array("cairn/v1/reserve".utf8) + repository.bytes
        let key = SHA256.hash(name.span)
        try sealer.setKey(SecretBytes(copying: key.bytes.span), algorithm: .aes256GCM)
        try sealer.seal(zeros.span, nonce: 0, additional: Span<UInt8>(), into: output)
        output.truncate(to: size)
        return output
    }

    /// Removes the reserve.
    ///
    /// - Returns: Whether there was one.
    private static func free(_ core: RepositoryCore) -> Bool {
        guard let name = ObjectName(ObjectNames.reserve),
            (try? core.store.size(of: name)) != nil,
            (try? core.store.delete(name)) != nil
        else { return false }
        return (try? core.store.barrier()) != nil
    }

    /// Does something that makes room or leads to it, and once more without the reserve if the
    /// store is full.
    static func whenFull<T>(
        _ core: RepositoryCore,
        _ body: () throws(CairnError) -> T
    ) throws(CairnError) -> T {
        do throws(CairnError) {
            return try body()
        } catch {
            guard error.code == .outOfSpace, free(core) else { throw error }
            return try body()
        }
    }
}
