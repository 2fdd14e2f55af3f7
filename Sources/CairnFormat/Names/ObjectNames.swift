internal import CairnCore

/// What an object is, as far as its name tells.
package enum ObjectKey: Hashable, Sendable {
    /// The `format` object.
    case format
    /// The reserve of room.
    case reserve
    /// A key slot.
    case keySlot(KeySlotID)
    /// A session's registration.
    case session(SessionID)
    /// A pack.
    case pack(PackID)
    /// An index object.
    case index(IndexID)
    /// A snapshot, or the tombstone in its place.
    case snapshot(SessionID)
    /// The record that a snapshot was forgotten.
    case forgotten(SessionID)
    /// A record of a cleanup.
    case cleanup(generation: UInt64, CleanupPhase)
}

/// Which of a cleanup's records an object is.
package enum CleanupPhase: String, Hashable, Sendable, CaseIterable {
    /// Packs that no new session may use.
    case condemned
    /// Packs that are deleted, and the index that replaces theirs.
    case doomed
    /// The deletes are finished.
    case done
}

/// The names of a repository's objects as text: Specs/Format.md#names.
package enum ObjectNames {
    /// The object that says what the repository is.
    package static let format = "format"
    /// The object that takes room, to be removed when the store is full.
    package static let reserve = "reserve"
    /// The folder of key slots.
    package static let keyFolder = "keys"
    /// The folder of session registrations.
    package static let sessionFolder = "sessions"
    /// The folder of packs.
    package static let packFolder = "packs"
    /// The folder of index objects.
    package static let indexFolder = "indexes"
    /// The folder of snapshots and tombstones.
    package static let snapshotFolder = "snapshots"
    /// The folder of records of forgotten snapshots.
    package static let forgottenFolder = "forgotten"
    /// The folder of cleanup records.
    package static let cleanupFolder = "gc"

    /// The name of a key slot.
    package static func keySlot(_ slot: KeySlotID) -> String { "\(keyFolder)/\(slot.text)" }
    /// The name of a session's registration.
    package static func session(_ session: SessionID) -> String {
        "\(sessionFolder)/\(session.text)"
    }
    /// The name of a pack.
    package static func pack(_ pack: PackID) -> String {
        "\(packFolder)/\(leaf(pack.session, pack.number))"
    }
    /// The name of an index object.
    package static func index(_ index: IndexID) -> String {
        "\(indexFolder)/\(leaf(index.session, index.number))"
    }
    /// The name of a snapshot or of the tombstone in its place.
    package static func snapshot(_ session: SessionID) -> String {
        "\(snapshotFolder)/\(session.text)"
    }
    /// The name of the record that a snapshot was forgotten.
    package static func forgotten(_ session: SessionID) -> String {
        "\(forgottenFolder)/\(session.text)"
    }
    /// The name of a cleanup record.
    package static func cleanup(generation: UInt64, _ phase: CleanupPhase) -> String {
        "\(cleanupFolder)/\(hexadecimal(generation, digits: 16))-\(phase.rawValue)"
    }

    /// The name of an object.
    package static func name(of key: ObjectKey) -> String {
        switch key {
        case .format: format
        case .reserve: reserve
        case .keySlot(let slot): keySlot(slot)
        case .session(let session): self.session(session)
        case .pack(let pack): self.pack(pack)
        case .index(let index): self.index(index)
        case .snapshot(let session): snapshot(session)
        case .forgotten(let session): forgotten(session)
        case .cleanup(let generation, let phase): cleanup(generation: generation, phase)
        }
    }

    /// What an object of the name `text` is; nil where it is none of a repository's.
    package static func parse(_ text: String) -> ObjectKey? {
        if text == format { return .format }
        if text == reserve { return .reserve }
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2, let leaf = String(parts[1]) else { return nil }
        switch String(parts[0]) {
        case keyFolder: return KeySlotID(leaf).map { .keySlot($0) }
        case sessionFolder: return SessionID(leaf).map { .session($0) }
        case packFolder:
            return numbered(leaf).map { .pack(PackID(session: $0.0, number: $0.1)) }
        case indexFolder:
            return numbered(leaf).map { .index(IndexID(session: $0.0, number: $0.1)) }
        case snapshotFolder: return SessionID(leaf).map { .snapshot($0) }
        case forgottenFolder: return SessionID(leaf).map { .forgotten($0) }
        case cleanupFolder: return cleanupRecord(leaf)
        default: return nil
        }
    }

    static func leaf(_ session: SessionID, _ number: UInt32) -> String {
        "\(session.text)-\(hexadecimal(UInt64(number), digits: 8))"
    }

    private static func hexadecimal(_ value: UInt64, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(digits - text.utf8.count, 0)) + text
    }

    private static func numbered(_ leaf: String) -> (SessionID, UInt32)? {
        guard let (first, second) = halves(leaf), let session = SessionID(first),
            let number = number(second, digits: 8)
        else { return nil }
        return (session, UInt32(truncatingIfNeeded: number))
    }

    private static func cleanupRecord(_ leaf: String) -> ObjectKey? {
        guard let (first, second) = halves(leaf), let phase = CleanupPhase(rawValue: second),
            let generation = number(first, digits: 16)
        else { return nil }
        return .cleanup(generation: generation, phase)
    }

    private static func halves(_ leaf: String) -> (String, String)? {
        let parts = leaf.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 2, let first = String(parts[0]), let second = String(parts[1]) else {
            return nil
        }
        return (first, second)
    }

    private static func number(_ text: String, digits: Int) -> UInt64? {
        guard text.utf8.count == digits, let bytes = HexText.decode(text) else { return nil }
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
