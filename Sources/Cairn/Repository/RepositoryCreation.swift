internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Creates repositories.
package enum RepositoryCreation {
    /// Writes the key slot first and then `format`, whose create makes the repository exist.
    package static func run(
        _ store: any Store,
        _ settings: RepositorySettings,
        _ credential: Credential?,
        _ options: RepositoryOptions
    ) throws(CairnError) -> Repository {
        let name = try RecordStore.name(ObjectNames.format)
        do {
            guard try store.list(folder: "").objects.allSatisfy({ $0.name != name }) else {
                throw CairnError(.repositoryExists, "there is a repository already")
            }
        } catch let error as StoreError {
            throw CairnError.store(error, "looking for a repository")
        } catch {
            throw CairnError(.repositoryExists, "there is a repository already")
        }
        let format = try makeFormat(settings, isEncrypted: credential != nil, options)
        var slot: KeySlotID?
        var master: SecretBytes?
        if let credential {
            let secret = try randomSecret(options.environment)
            master = secret
            slot = try KeySlots.write(
                store,
                format: format,
                master: secret,
                credential: credential,
                label: settings.keyLabel,
                work: settings.keyDerivation,
                environment: options.environment
            )
        }
        let outcome: CreateOutcome
        do throws(StoreError) {
            try store.barrier()
            outcome = try store.create(name, format.encode().span)
            if outcome == .exists, let slot, let slotName = ObjectName(ObjectNames.keySlot(slot)) {
                try store.delete(slotName)
            }
            try store.barrier()
        } catch {
            throw CairnError.store(error, "creating the repository")
        }
        guard outcome == .created else {
            throw CairnError(.repositoryExists, "another process created one just now")
        }
        let keys = try RepositoryKeys(master: master, format: format)
        let core = try RepositoryCore(store: store, format: format, keys: keys, options: options)
        SpaceReserve.fill(core)
        return Repository(core: core, currentSlot: slot)
    }

    private static func randomSecret(
        _ environment: Environment
    ) throws(CairnError) -> SecretBytes {
        do {
            return try SecretBytes(count: 32) { bytes throws(EntropyFailure) in
                try environment.entropy.fill(&bytes)
            }
        } catch {
            throw CairnError(.store, "the system gave no random bytes", cause: error)
        }
    }

    private static func makeFormat(
        _ settings: RepositorySettings,
        isEncrypted: Bool,
        _ options: RepositoryOptions
    ) throws(CairnError) -> RepositoryFormat {
        let sizes = RepositoryFormat.packSizes
        guard sizes.contains(UInt32(clamping: settings.packSize)) else {
            throw CairnError(.invalidRequest, "packs have 4 to 128 MiB")
        }
        let random: [UInt8]
        let chunking: ChunkerParameters
        do {
            random = try options.environment.randomBytes(48)
            chunking =
                try settings.chunking ?? .standard(isEncrypted ? .anchored : .fastcdc)
        } catch {
            throw CairnError(
                .invalidRequest,
                "these settings cannot be used: \(error)",
                cause: error
            )
        }
        guard let id = RepositoryID(bytes: Array(random[0..<16])) else {
            throw CairnError(.store, "the system gave no random bytes")
        }
        return RepositoryFormat(
            repository: id,
            identifiers: isEncrypted ? .hmacSHA256 : .sha256,
            sealing: isEncrypted ? .aes256GCM : .none,
            chunking: chunking.algorithm,
            chunkSizeMin: UInt32(chunking.sizeMin),
            chunkSizeMean: UInt32(chunking.sizeMean),
            chunkSizeMax: UInt32(chunking.sizeMax),
            packSizeTarget: UInt32(settings.packSize),
            created: options.environment.time.wallNanoseconds,
            chunkerKey: isEncrypted ? [UInt8](repeating: 0, count: 32) : Array(random[16..<48])
        )
    }
}

/// Opens repositories.
package enum RepositoryOpening {
    package static func run(
        _ store: any Store,
        _ credential: Credential?,
        _ options: RepositoryOptions
    ) throws(CairnError) -> Repository {
        let format = try readFormat(store)
        var slot: KeySlotID?
        var master: SecretBytes?
        if format.sealing != .none {
            guard let credential else {
                throw CairnError(.wrongKey, "the repository is encrypted; give a password")
            }
            (slot, master) = try KeySlots.open(store, format: format, credential: credential)
        } else if credential != nil {
            // Whoever can replace the format object must not make us write in the clear.
            throw CairnError(
                .wrongKey,
                "the repository is not encrypted, yet a key was given; if that is right, give none"
            )
        }
        let keys = try RepositoryKeys(master: master, format: format)
        let core = try RepositoryCore(store: store, format: format, keys: keys, options: options)
        return Repository(core: core, currentSlot: slot)
    }

    private static func readFormat(_ store: any Store) throws(CairnError) -> RepositoryFormat {
        let buffer = ByteBuffer()
        let name = try RecordStore.name(ObjectNames.format)
        do {
            try store.read(name, nil, into: buffer)
        } catch {
            if case .notFound = error {
                throw CairnError(
                    .noRepository,
                    "there is no repository here; run 'init' to create one"
                )
            }
            throw CairnError.store(error, "reading the repository's format")
        }
        do throws(DecodingFailure) {
            return try RepositoryFormat(decoding: buffer.span)
        } catch {
            throw CairnError.decoding(error, of: ObjectNames.format)
        }
    }
}
