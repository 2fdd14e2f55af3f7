internal import CairnCore
internal import CairnFormat
public import CairnIO
internal import Synchronization

/// An open repository: the way in for embedders.
///
/// Everything that takes long is an ``Operation`` with events, a result and cancellation. Opening
/// never writes and never repairs. A repository may be used from any number of tasks at once, and
/// by any number of processes.
public final class Repository: Sendable {
    package let core: RepositoryCore
    package let records: RecordStore
    /// The slot that opened the repository; nil where there is no encryption.
    package var currentSlot: KeySlotID? {
        get { slot.withLock { $0 } }
        set { slot.withLock { $0 = newValue } }
    }
    private let slot: Mutex<KeySlotID?>

    package init(core: RepositoryCore, currentSlot: KeySlotID?) {
        self.core = core
        slot = Mutex(currentSlot)
        records = RecordStore(core)
    }

    /// Creates a repository in an empty store.
    ///
    /// - Parameter credential: What will open it; nil for a repository without encryption.
    /// - Throws: `.repositoryExists` if there is one.
    public static func create(
        in store: any Store,
        settings: RepositorySettings = RepositorySettings(),
        credential: Credential?,
        options: RepositoryOptions = RepositoryOptions()
    ) async throws(CairnError) -> Repository {
        try await Operation("cairn-create") { _ throws(CairnError) in
            try RepositoryCreation.run(store, settings, credential, options)
        }.value
    }

    /// Opens a repository.
    ///
    /// - Parameter credential: What opens one of its key slots; nil where there is no encryption.
    /// - Throws: `.noRepository`, `.wrongKey`, `.unsupported`.
    public static func open(
        _ store: any Store,
        credential: Credential?,
        options: RepositoryOptions = RepositoryOptions()
    ) async throws(CairnError) -> Repository {
        try await Operation("cairn-open") { _ throws(CairnError) in
            try RepositoryOpening.run(store, credential, options)
        }.value
    }

    /// Facts that were fixed when the repository was created.
    public var info: RepositoryInfo {
        RepositoryInfo(
            id: core.format.repository,
            formatVersion: 1,
            created: core.format.created,
            isEncrypted: core.keys.sealing != .none,
            chunking: core.chunker.parameters,
            packSize: Int(core.format.packSizeTarget),
            hasAtomicCreate: core.store.capabilities.hasAtomicCreate
        )
    }

    /// Backs up what the request names and commits a snapshot of it.
    ///
    /// Paths that cannot be read are reported and listed in the snapshot; the rest is stored. A
    /// failure of the store, or cancellation, commits nothing; what is durable by then is found
    /// again by the next backup.
    public func backup(_ request: BackupRequest) -> Operation<BackupSummary> {
        Operation("cairn-backup") { [core] context throws(CairnError) in
            try BackupRun.run(core, request, context: context)
        }
    }

    /// All snapshots that are not forgotten, oldest first, and what could not be read.
    public func snapshots() async throws(CairnError) -> SnapshotList {
        try await Operation("cairn-list") { [records] context throws(CairnError) in
            let view = try RepositoryView.load(records, context: context)
            return SnapshotList(
                snapshots: view.snapshots.map { Snapshot($0) },
                damaged: view.damaged
            )
        }.value
    }
}
