internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Checks everything that is neither a pack nor an index.
struct ObjectInspector {
    private let core: RepositoryCore
    private let records: RecordStore
    private let inventory: RepositoryInventory
    private let findings: CheckFindings

    init(_ core: RepositoryCore, _ inventory: RepositoryInventory, _ findings: CheckFindings) {
        self.core = core
        records = RecordStore(core)
        self.inventory = inventory
        self.findings = findings
    }

    /// Checks the `format` object, the key slots, the records and what they say of each other.
    ///
    /// The repository was opened by `slot`.
    func inspect(slot: KeySlotID?) throws(CairnError) {
        try expectFinding(ObjectNames.format) { () throws(CairnError) in
            guard try records.bytes(ObjectNames.format) == core.format.encode() else {
                throw CairnError(.damaged, "it is not what was opened")
            }
        }
        for id in inventory.keySlots.keys.sorted(by: { $0.text < $1.text }) {
            let name = ObjectNames.keySlot(id)
            try expectFinding(name) { () throws(CairnError) in try inspect(id, name) }
        }
        if let slot, inventory.keySlots[slot] == nil {
            findings.add(ObjectNames.keySlot(slot), "the key slot in use is missing")
        }
        for (name, reason) in inventory.view.damaged.merging(
            inventory.damagedSessions,
            uniquingKeysWith: { first, _ in first }
        ) {
            findings.add(name, reason)
        }
        for object in inventory.records {
            let name = object.name.text
            try expectFinding(name) { () throws(CairnError) in try inspectRecord(name) }
        }
        inspectHistory()
    }

    private func inspect(_ id: KeySlotID, _ name: String) throws(CairnError) {
        let bytes = try records.bytes(name)
        let slot: KeySlot
        do throws(DecodingFailure) {
            slot = try KeySlot(decoding: bytes.span)
        } catch {
            throw CairnError.decoding(error, of: name)
        }
        guard slot.id == id, slot.repository == core.format.repository else {
            throw CairnError(.damaged, "it is the key slot of another name or repository")
        }
    }

    /// Opens a record that loading the view does not open.
    private func inspectRecord(_ name: String) throws(CairnError) {
        switch ObjectNames.parse(name) {
        case .forgotten:
            let (type, payload) = try records.read(name)
            guard type == .forgotten else {
                throw CairnError(.damaged, "it is another kind of record")
            }
            do throws(DecodingFailure) {
                _ = try ForgottenRecord(decoding: payload.span)
            } catch {
                throw CairnError.decoding(error, of: name)
            }
        case .cleanup(_, let phase):
            let (type, _) = try records.read(name)
            let expected: RecordType =
                switch phase {
                case .condemned: .condemned
                case .doomed: .doomed
                case .done: .done
                }
            guard type == expected else {
                throw CairnError(.damaged, "it is another kind of record")
            }
        default: break
        }
    }

    /// Finds snapshots that are missing by what others and their own objects tell.
    ///
    /// Once a cleanup has run, what is missing may have been removed.
    private func inspectHistory() {
        let view = inventory.view
        for record in view.records.values.sorted(by: { $0.session < $1.session }) {
            guard let previous = record.previous else { continue }
            let name = ObjectNames.snapshot(previous.session)
            if let digest = view.digests[previous.session], view.damaged[name] == nil {
                if digest != previous.digest {
                    findings.add(name, "it is not what \(record.session) followed")
                }
            } else if view.generation == 0, view.damaged[name] == nil {
                findings.add(name, "the snapshot is missing; \(record.session) followed it")
            }
        }
        guard view.generation == 0 else { return }
        for session in Set(inventory.indexes.keys.map { $0.session }).sorted() {
            let name = ObjectNames.snapshot(session)
            let isKnown =
                view.records[session] != nil || view.tombstones.contains(session)
                || inventory.registered.contains(session) || view.damaged[name] != nil
            if !isKnown {
                findings.add(name, "the snapshot is missing although its index is here")
            }
        }
    }

    private func expectFinding(
        _ name: String,
        _ body: () throws(CairnError) -> Void
    ) throws(CairnError) {
        do throws(CairnError) {
            try body()
        } catch {
            guard error.isFinding else { throw error }
            findings.add(name, error.message)
        }
    }
}
