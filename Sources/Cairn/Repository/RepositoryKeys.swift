package import CairnCore
package import CairnFormat

/// The keys of one open repository, derived from its master secret (Specs/Cryptography.md#keys).
///
/// An unencrypted repository has none: `master` is nil and so is every key but the cache key, which
/// then only guards the local cache against damage.
package final class RepositoryKeys: Sendable {
    package let sealing: SealingAlgorithm
    /// Key of content IDs.
    package let id: SecretBytes?
    /// Secret of the chunker.
    package let chunker: SecretBytes?
    /// Root of the packs' keys.
    package let pack: SecretBytes?
    /// Root of the records' keys.
    package let record: SecretBytes?
    /// Key of the local cache's checks.
    package let cache: SecretBytes
    /// The secret itself, kept so that key slots can be added.
    package let master: SecretBytes?

    /// Derives all keys.
    package init(master: SecretBytes?, format: RepositoryFormat) throws(CairnError) {
        self.master = master
        sealing = master == nil ? .none : .aes256GCM
        let salt = format.repositoryID.bytes
        func derive(_ purpose: String, from secret: SecretBytes) throws(CairnError) -> SecretBytes {
            do {
                return try KeyDerivation.hkdfSHA256(
                    secret: secret, salt: salt, info: Array("cairn/v1/\(purpose)".utf8), count: 32)
            } catch {
                throw CairnError(.store, "deriving the \(purpose) key failed", cause: error)
            }
        }
        if let master {
            id = try derive("id", from: master)
            chunker = try derive("chunker", from: master)
            pack = try derive("pack", from: master)
            record = try derive("record", from: master)
            cache = try derive("cache", from: master)
        } else {
            id = nil
            chunker = SecretBytes(copying: format.publicChunkerKey.span)
            pack = nil
            record = nil
            cache = try derive("cache", from: SecretBytes(copying: format.publicChunkerKey.span))
        }
    }
}

/// What opens a key slot.
public enum Credential: Sendable {
    /// A passphrase, as bytes.
    case passphrase(SecretBytes)
    /// The content of a key file: at least 32 bytes of it, from a random source.
    case keyFile(SecretBytes)

    /// A passphrase given as text.
    public static func passphrase(_ text: String) -> Credential {
        .passphrase(SecretBytes(copying: Array(text.utf8).span))
    }
}
