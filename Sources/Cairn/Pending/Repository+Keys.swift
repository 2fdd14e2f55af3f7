public import CairnCore
public import CairnFormat

// Stands in until the engine has these calls.
extension Repository {
    /// The key slots.
    public func keySlots() async throws(CairnError) -> [KeySlotInfo] { throw .pending }

    /// Lets another credential open the repository.
    public func addKey(
        _ credential: Credential,
        label: String,
        keyDerivation: Argon2Parameters = .default
    ) async throws(CairnError) -> KeySlotID { throw .pending }

    /// Removes a slot.
    public func removeKey(_ id: KeySlotID) async throws(CairnError) { throw .pending }

    /// Adds a slot, then removes the one in use.
    public func changeKey(
        to credential: Credential,
        label: String?
    ) async throws(CairnError) -> KeySlotID { throw .pending }
}

extension CairnError {
    /// What a call says that is not there yet.
    static var pending: CairnError { CairnError(.unsupported, "not part of this version yet") }
}
