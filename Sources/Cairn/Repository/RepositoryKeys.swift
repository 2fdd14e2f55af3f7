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
    package let chunker: SecretBytes
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
        // Without encryption the public key only guards the cache against damage.
        let root = master ?? SecretBytes(copying: format.chunkerKey.span)
        let purposes: PurposeKeys
        do {
            purposes = try PurposeKeys(master: root, repository: format.repository)
        } catch {
            throw CairnError(.store, "deriving the repository's keys failed", cause: error)
        }
        let isSealed = master != nil
        sealing = isSealed ? .aes256GCM : .none
        id = isSealed ? purposes.id : nil
        chunker = isSealed ? purposes.chunker : root
        pack = isSealed ? purposes.pack : nil
        record = isSealed ? purposes.record : nil
        cache = purposes.cache
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
