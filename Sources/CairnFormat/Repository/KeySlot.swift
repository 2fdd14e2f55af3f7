package import CairnCore

/// One way to the repository's keys: a passphrase, a key file or a recovery code.
///
/// Stored as "CAIRNKEY" ‖ u16 1 ‖ u8 kind ‖ u8 KDF ‖ repository 16 ‖ slot ID 16 ‖ salt 32 ‖
/// u32 memory in KiB, passes, lanes ‖ i64 created ‖ counted label ‖ commitment 32 ‖
/// sealed bundle 82 ‖ u32 CRC-32C: Specs/Format.md#key-slot.
package struct KeySlot: Hashable, Sendable {
    /// What opens the slot.
    ///
    /// The values are stored: never change them.
    package enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        /// A passphrase, stretched with Argon2id.
        case passphrase = 1
        /// The content of a key file.
        case keyFile = 2
        /// The printed recovery code.
        case recoveryCode = 3
    }

    /// The longest label in bytes.
    package static let labelSizeMax = 256
    /// The size of the sealed bundle.
    package static let bundleSealedSize = KeyBundle.size + FormatLimits.sealSize

    /// What opens the slot.
    package let kind: Kind
    /// The repository that the keys are for.
    package let repository: RepositoryID
    /// The slot, which is also its name.
    package let id: KeySlotID
    /// What makes the slot's key its own: 32 random bytes.
    package let salt: [UInt8]
    /// The work for a passphrase; all zero for the other kinds.
    package let work: Argon2Parameters
    /// When the slot was made: nanoseconds since 1970.
    package let created: Int64
    /// What people call it; at most 256 bytes, not secret.
    package let label: [UInt8]
    /// What ties the slot to its key: 32 bytes.
    package internal(set) var commitment: [UInt8]
    /// The sealed ``KeyBundle``: 82 bytes.
    package internal(set) var sealedBundle: [UInt8]

    /// Puts a slot together that is not sealed yet: ``sealing(_:with:)`` makes the one to store.
    package init(
        kind: Kind,
        repository: RepositoryID,
        id: KeySlotID,
        salt: [UInt8],
        work: Argon2Parameters?,
        created: Int64,
        label: [UInt8]
    ) {
        self.kind = kind
        self.repository = repository
        self.id = id
        self.salt = salt
        self.work = work ?? Argon2Parameters(memoryKiB: 0, passes: 0, lanes: 0)
        self.created = created
        self.label = label
        commitment = [UInt8](repeating: 0, count: 32)
        sealedBundle = [UInt8](repeating: 0, count: KeySlot.bundleSealedSize)
    }

    /// The stored bytes before the sealed bundle, which are authenticated with it.
    var associatedData: [UInt8] {
        var writer = ByteWriter()
        writer.writeBytes(Magic.keySlot.bytes)
        writer.write(1 as UInt16)
        writer.write(kind.rawValue)
        writer.write(derivation)
        repository.write(to: &writer)
        id.write(to: &writer)
        writer.writeBytes(salt)
        writer.write(work.memoryKiB)
        writer.write(work.passes)
        writer.write(work.lanes)
        writer.write(created)
        writer.writeCountedBytes(label)
        writer.writeBytes(commitment)
        return writer.bytes
    }

    /// How the key is derived, as stored: 1 is Argon2id, 2 HKDF-SHA-256.
    private var derivation: UInt8 { kind == .passphrase ? 1 : 2 }
}

extension KeySlot: StoredValue {
    package func validate() throws(DecodingFailure) {
        try require(salt.count == 32, "size of a slot's salt")
        try require(label.count <= KeySlot.labelSizeMax, "size of a slot's label")
        try require(commitment.count == 32, "size of a slot's commitment")
        try require(sealedBundle.count == KeySlot.bundleSealedSize, "size of a slot's bundle")
        guard kind == .passphrase else {
            let isZero = work == Argon2Parameters(memoryKiB: 0, passes: 0, lanes: 0)
            try require(isZero, "Argon2id parameters without Argon2id")
            return
        }
        // Checked before any memory is taken: the parameters may be an attacker's.
        let lanes = 1...Argon2Parameters.lanesMax
        let passes = 1...Argon2Parameters.passesMax
        try require(lanes.contains(work.lanes), "Argon2id lanes")
        try require(passes.contains(work.passes), "Argon2id passes")
        let memory = 8 * work.lanes...Argon2Parameters.memoryKiBMax
        try require(memory.contains(work.memoryKiB), "Argon2id memory")
    }

    package func write(to writer: inout ByteWriter) {
        var object = ByteWriter()
        object.writeBytes(associatedData)
        object.writeBytes(sealedBundle)
        writer.writeChecked(object)
    }

    package init(from reader: inout ByteReader) throws(DecodingFailure) {
        var fields = try reader.readChecked(.keySlot, "key slot")
        let number = try fields.readUInt8()
        guard let kind = Kind(rawValue: number) else { throw .unsupported("slot kind \(number)") }
        let derivation = try fields.readUInt8()
        guard derivation == 1 || derivation == 2 else {
            throw .unsupported("key derivation \(derivation)")
        }
        let repository = try RepositoryID(from: &fields)
        let id = try KeySlotID(from: &fields)
        let salt = try fields.readBytes(32)
        let memoryKiB = try fields.readUInt32()
        let passes = try fields.readUInt32()
        let work = Argon2Parameters(
            memoryKiB: memoryKiB,
            passes: passes,
            lanes: try fields.readUInt32()
        )
        let created = try fields.readInt64()
        let label = try fields.readCountedBytes(limit: KeySlot.labelSizeMax)
        self.init(
            kind: kind,
            repository: repository,
            id: id,
            salt: salt,
            work: work,
            created: created,
            label: label
        )
        commitment = try fields.readBytes(32)
        sealedBundle = try fields.readBytes(KeySlot.bundleSealedSize)
        try fields.expectEnd()
        try require(derivation == self.derivation, "slot kind and key derivation")
        try validate()
    }
}
