internal import CairnCore
package import CairnFormat

/// What the records in `gc/` say (Specs/Cleanup.md#view).
package struct CleanupView: Sendable {
    /// The highest generation, 0 where there was none.
    package var generation: UInt64 = 0
    /// Whether the highest generation is not done.
    package var isOpen = false
    /// Packs that no new reference may be made to: those that the open generation condemned.
    package var condemned: Set<PackID> = []
    /// Index objects that the open generation condemned.
    package var condemnedIndexes: Set<IndexID> = []
    /// Which generation ``doomed`` is of, 0 where there is none.
    package var doomedGeneration: UInt64 = 0
    /// What the newest cleanup that got so far says of packs and index.
    package var doomed: DoomedRecord?
    /// A record that cannot be read: the index is incomplete, and nothing may be written.
    package var damage: (object: String, reason: String)?

    /// Whether the open generation has settled what it deletes.
    package var isDoomed: Bool { isOpen && doomedGeneration == generation }
}

extension CleanupView {
    /// The phases of each generation that `gc/` lists.
    package static func phases(
        _ records: RecordStore
    ) throws(CairnError) -> [UInt64: Set<CleanupPhase>] {
        var phases: [UInt64: Set<CleanupPhase>] = [:]
        for object in try records.list(ObjectNames.cleanupFolder) {
            // The first generation is 1; after the last one there is none.
            guard case .cleanup(let generation, let phase)? = ObjectNames.parse(object.name.text),
                generation > 0, generation < .max
            else { continue }
            phases[generation, default: []].insert(phase)
        }
        // What turns up below a generation that is done comes late and says nothing.
        let done = phases.filter { $0.value.contains(.done) }.keys.max() ?? 0
        return phases.filter { $0.key >= done }
    }

    /// The highest generation that `gc/` lists.
    package static func generation(_ records: RecordStore) throws(CairnError) -> UInt64 {
        try phases(records).keys.max() ?? 0
    }

    /// How often reading begins again because a cleanup went on meanwhile.
    private static let tryCountMax = 32

    /// Reads `gc/`.
    package static func load(_ records: RecordStore) throws(CairnError) -> CleanupView {
        for _ in 1..<tryCountMax {
            do throws(CairnError) {
                return try readOnce(records)
            } catch {
                guard error.isMissingObject else { throw error }
            }
        }
        return try readOnce(records)
    }

    /// A listing may miss a record that is created while it runs, and show one that is created
    /// later. What must be there is therefore read by its name: a generation that is done has a
    /// `doomed`, an open one a `condemned`, and so has the one before it a `doomed`.
    ///
    /// - Throws: What ``CairnError/isMissingObject`` says, if a cleanup went on meanwhile.
    private static func readOnce(_ records: RecordStore) throws(CairnError) -> CleanupView {
        let phases = try phases(records)
        var view = CleanupView()
        guard let newest = phases.keys.max(), let found = phases[newest] else { return view }
        view.generation = newest
        view.isOpen = !found.contains(.done)
        do throws(CairnError) {
            if view.isOpen {
                let record: CondemnedRecord = try read(records, newest, .condemned)
                view.condemned = Set(record.packs)
                view.condemnedIndexes = Set(record.indexes)
            }
            let isSettled = !view.isOpen || found.contains(.doomed)
            view.doomedGeneration = isSettled ? newest : newest - 1
            if view.doomedGeneration > 0 {
                view.doomed = try read(records, view.doomedGeneration, .doomed)
            }
            if view.isDoomed {
                view.condemned.formUnion(view.doomed?.packs ?? [])
                view.condemnedIndexes.formUnion(view.doomed?.retired ?? [])
            }
        } catch {
            guard !error.isMissingObject, error.code == .damaged || error.code == .unsupported
            else { throw error }
            view.damage = (ObjectNames.cleanupFolder, error.message)
        }
        return view
    }

    /// Reads one record of a generation.
    package static func read<T: StoredValue>(
        _ records: RecordStore,
        _ generation: UInt64,
        _ phase: CleanupPhase
    ) throws(CairnError) -> T {
        let name = ObjectNames.cleanup(generation: generation, phase)
        let (type, payload) = try records.read(name)
        do throws(DecodingFailure) {
            guard type == phase.recordType else {
                throw .inconsistent("it is the record of another phase")
            }
            return try T(decoding: payload.span)
        } catch {
            throw CairnError.decoding(error, of: name)
        }
    }
}

extension CleanupPhase {
    /// What the phase's record is.
    package var recordType: RecordType {
        switch self {
        case .condemned: .condemned
        case .doomed: .doomed
        case .done: .done
        }
    }
}
