internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Reads and writes the objects that let credentials open a repository.
enum KeySlots {
    /// Writes a slot that `credential` opens and returns its ID.
    static func write(
        _ store: any Store,
        format: RepositoryFormat,
        master: SecretBytes,
        credential: Credential,
        label: String,
        work: Argon2Parameters,
        environment: Environment
    ) throws(CairnError) -> KeySlotID {
        do {
            let random = try environment.randomBytes(48)
            guard let id = KeySlotID(bytes: Array(random[0..<16])) else {
                throw CairnError(.store, "the system gave no random bytes")
            }
            let slot = KeySlot(
                kind: credential.kind,
                repository: format.repository,
                id: id,
                salt: Array(random[16..<48]),
                work: credential.kind == .passphrase ? work : nil,
                created: environment.time.wallNanoseconds,
                label: Array(label.utf8.prefix(KeySlot.labelSizeMax))
            )
            let bundle = KeyBundle(masterSecret: master, formatDigest: format.digest)
            let object = try slot.sealing(bundle, with: credential.secret).encode()
            let name = try RecordStore.name(ObjectNames.keySlot(id))
            guard try store.create(name, object.span) == .created else {
                throw CairnError(.damaged, "\(name) exists already")
            }
            return id
        } catch let error as CairnError {
            throw error
        } catch let error as StoreError {
            throw CairnError.store(error, "writing a key slot")
        } catch {
            throw CairnError(.store, "making a key slot failed", cause: error)
        }
    }

    /// Every slot that can be read.
    static func all(_ store: any Store) throws(CairnError) -> [KeySlot] {
        do {
            var slots: [KeySlot] = []
            for object in try store.list(folder: ObjectNames.keyFolder).objects {
                guard case .keySlot(let id)? = ObjectNames.parse(object.name.text),
                    object.size <= 64 << 10
                else { continue }
                let buffer = ByteBuffer()
                try store.read(object.name, nil, into: buffer)
                // A damaged slot is one credential less, not a lost repository.
                guard let slot = try? KeySlot(decoding: buffer.span), slot.id == id else {
                    continue
                }
                slots.append(slot)
            }
            return slots.sorted { ($0.created, $0.id.text) < ($1.created, $1.id.text) }
        } catch {
            throw CairnError.store(error, "reading the key slots")
        }
    }

    /// Opens the repository's master secret with a credential.
    static func open(
        _ store: any Store,
        format: RepositoryFormat,
        credential: Credential
    ) throws(CairnError) -> (KeySlotID, SecretBytes) {
        for slot in try all(store) {
            guard slot.kind == credential.kind, slot.repository == format.repository,
                let bundle = try? slot.open(with: credential.secret)
            else { continue }
            guard bundle.formatDigest == format.digest else {
                throw CairnError(
                    .damaged,
                    "the repository's format object is not the one its keys were made for"
                )
            }
            return (slot.id, bundle.masterSecret)
        }
        throw CairnError(.wrongKey, "wrong password or no key found")
    }
}

extension Credential {
    var kind: KeySlot.Kind {
        switch self {
        case .passphrase: .passphrase
        case .keyFile: .keyFile
        }
    }

    var secret: SecretBytes {
        switch self {
        case .passphrase(let secret), .keyFile(let secret): secret
        }
    }
}
