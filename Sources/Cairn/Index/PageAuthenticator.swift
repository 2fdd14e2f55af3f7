internal import CairnCore
internal import Synchronization

/// Tags and checks the pages of one run: AES-256-GMAC under a key derived for that run, with the
/// page number as nonce.
///
/// A run is written once under its salt, so no nonce meets two messages. Checking happens once a
/// page and process, so that one lock for all threads is cheap enough.
final class PageAuthenticator: Sendable {
    private struct State {
        let sealer = Sealer()
        let scratch = ByteBuffer(capacity: 64)
    }

    private let state: Mutex<State>

    /// Derives the run's key.
    ///
    /// - Parameters:
    ///   - key: The repository's cache key, 32 bytes.
    ///   - salt: The run's salt.
    /// - Throws: ``IndexError/failed(reason:)`` where the cipher does not work.
    init(key: SecretBytes, salt: [UInt8]) throws(IndexError) {
        do {
            let runKey = try KeyDerivation.hkdfSHA256(
                secret: key,
                salt: salt,
                info: Array("cairn/v1/run".utf8),
                count: Sealer.keySize
            )
            let fresh = State()
            try fresh.sealer.setKey(runKey, algorithm: .aes256GCM)
            state = Mutex(fresh)
        } catch {
            throw .failed(reason: "no key for the index cache: \(error)")
        }
    }

    /// Whether `page` ends in the right tag for its number.
    ///
    /// - Precondition: `page` has 4096 bytes.
    func verify(_ page: Span<UInt8>, number: Int) -> Bool {
        let payload = page.extracting(0..<RunLayout.payloadSize)
        let tag = page.extracting(RunLayout.payloadSize..<RunLayout.pageSize)
        return state.withLock { state in
            do throws(SealingFailure) {
                state.scratch.truncate(to: 0)
                try state.sealer.open(
                    tag,
                    nonce: UInt64(number),
                    additional: payload,
                    into: state.scratch
                )
                return true
            } catch {
                return false
            }
        }
    }

    /// Appends `payload` and the tag of the page with this number to `output`.
    ///
    /// - Precondition: `payload` has 4080 bytes, none of them in `output`.
    func seal(
        _ payload: Span<UInt8>,
        number: Int,
        into output: ByteBuffer
    ) throws(IndexError) {
        precondition(payload.count == RunLayout.payloadSize, "a page without its tag")
        output.append(payload)
        let done = state.withLock { state in
            do throws(SealingFailure) {
                try state.sealer.seal(
                    Span<UInt8>(),
                    nonce: UInt64(number),
                    additional: payload,
                    into: output
                )
                return true
            } catch {
                return false
            }
        }
        guard done else { throw .failed(reason: "the index cache's cipher failed") }
    }
}
