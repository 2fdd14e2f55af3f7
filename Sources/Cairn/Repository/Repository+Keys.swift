public import CairnCore
public import CairnFormat
internal import CairnIO

extension Repository {
    /// The key slots that can be read, oldest first; none where there is no encryption.
    public func keySlots() async throws(CairnError) -> [KeySlotInfo] {
        try await Operation("cairn-keys") { [core, currentSlot] _ throws(CairnError) in
            try KeySlots.all(core.store).map { KeySlotInfo($0, current: currentSlot) }
        }.value
    }

    /// Lets another credential open the repository.
    ///
    /// - Parameters:
    ///   - credential: What will open the repository too.
    ///   - label: A name for the slot, at most 256 bytes; it is not secret.
    ///   - keyDerivation: What deriving the key from a passphrase costs.
    /// - Returns: The new slot.
    /// - Throws: `.invalidRequest` in a repository without encryption.
    public func addKey(
        _ credential: Credential,
        label: String,
        keyDerivation: Argon2Parameters = .default
    ) async throws(CairnError) -> KeySlotID {
        try await Operation("cairn-keys") { [core] _ throws(CairnError) in
            try KeySlots.add(core, credential, label: label, work: keyDerivation)
        }.value
    }

    /// Takes a credential its right to open the repository.
    ///
    /// Who opened the repository with it may have kept the keys; only a new repository shuts such
    /// a person out.
    ///
    /// - Throws: `.notFound` if there is no such slot, `.invalidRequest` for the last slot and for
    ///   the one in use.
    public func removeKey(_ id: KeySlotID) async throws(CairnError) {
        try await Operation("cairn-keys") { [core, currentSlot] _ throws(CairnError) in
            let slots = try KeySlots.all(core.store)
            guard try KeySlots.exists(id, in: core.store) else {
                throw CairnError(.notFound, "there is no key slot \(id)")
            }
            guard id != currentSlot else {
                throw CairnError(.invalidRequest, "the key slot in use cannot be removed")
            }
            guard slots.contains(where: { $0.id != id }) else {
                throw CairnError(.invalidRequest, "the last key slot cannot be removed")
            }
            try KeySlots.remove(core.store, id)
        }.value
    }

    /// Replaces the credential in use: adds a slot for the new one, then removes the old slot.
    ///
    /// - Parameters:
    ///   - credential: What will open the repository instead.
    ///   - label: The new slot's name; nil for the old one's.
    /// - Returns: The new slot.
    /// - Throws: `.invalidRequest` in a repository without encryption.
    public func changeKey(
        to credential: Credential,
        label: String?
    ) async throws(CairnError) -> KeySlotID {
        let old = currentSlot
        let id = try await Operation("cairn-keys") { [core] _ throws(CairnError) in
            let slot = try KeySlots.all(core.store).first { $0.id == old }
            let kept = slot.map { String(decoding: $0.label, as: UTF8.self) }
            let work = slot.flatMap { $0.kind == .passphrase ? $0.work : nil }
            let id = try KeySlots.add(
                core,
                credential,
                label: label ?? kept ?? "",
                work: work ?? .default
            )
            if let old { try KeySlots.remove(core.store, old) }
            return id
        }.value
        currentSlot = id
        return id
    }
}

extension KeySlotInfo {
    fileprivate init(_ slot: KeySlot, current: KeySlotID?) {
        let kind =
            switch slot.kind {
            case .passphrase: "passphrase"
            case .keyFile: "key file"
            case .recoveryCode: "recovery code"
            }
        self.init(
            id: slot.id,
            isCurrent: slot.id == current,
            kind: kind,
            label: String(decoding: slot.label, as: UTF8.self),
            created: slot.created,
            keyDerivation: slot.kind == .passphrase ? slot.work : nil
        )
    }
}

extension KeySlots {
    /// Writes a slot for the open repository's secret and makes it durable.
    fileprivate static func add(
        _ core: RepositoryCore,
        _ credential: Credential,
        label: String,
        work: Argon2Parameters
    ) throws(CairnError) -> KeySlotID {
        guard let master = core.keys.master else {
            throw CairnError(.invalidRequest, "a repository without encryption has no keys")
        }
        let id = try write(
            core.store,
            format: core.format,
            master: master,
            credential: credential,
            label: label,
            work: work,
            environment: core.environment
        )
        try RecordStore(core).barrier()
        return id
    }

    /// Whether there is a slot of that name, readable or not.
    fileprivate static func exists(
        _ id: KeySlotID,
        in store: any Store
    ) throws(CairnError) -> Bool {
        let name = try RecordStore.name(ObjectNames.keySlot(id))
        do {
            return try store.list(folder: ObjectNames.keyFolder).objects.contains {
                $0.name == name
            }
        } catch {
            throw CairnError.store(error, "listing the key slots")
        }
    }

    fileprivate static func remove(_ store: any Store, _ id: KeySlotID) throws(CairnError) {
        let name = try RecordStore.name(ObjectNames.keySlot(id))
        do {
            try store.delete(name)
            try store.barrier()
        } catch {
            throw CairnError.store(error, "removing a key slot")
        }
    }
}
