package import CairnCore
package import CairnFormat
internal import CairnIO
internal import Synchronization

/// Stores trees, lists and other metadata chunks. Any thread may store.
package final class MetadataSink: Sendable {
    private struct Savers {
        var byType: [ChunkType: ChunkSaver] = [:]
    }

    private let session: WriterSession
    private let savers: Mutex<Savers>
    private let accounts = AccountNames()

    package init(_ session: WriterSession) {
        self.session = session
        savers = Mutex(Savers())
    }

    /// Joins entries and the names of the accounts that own them.
    package func leaf(of entries: [TreeEntry]) -> TreeLeaf {
        func owners(
            _ ids: Set<UInt32>,
            _ name: (UInt32) -> [UInt8]?
        ) -> [OwnerName] {
            ids.sorted().compactMap { id in
                name(id).map { OwnerName(id: id, name: Array($0.prefix(OwnerName.sizeMax))) }
            }
        }
        return TreeLeaf(
            users: owners(Set(entries.map { $0.userID }), accounts.userName),
            groups: owners(Set(entries.map { $0.groupID }), accounts.groupName),
            entries: entries
        )
    }

    /// Stores a chunk unless it is there and returns its ID.
    package func store(_ bytes: [UInt8], type: ChunkType) throws(CairnError) -> ChunkID {
        let id = session.core.identifier.identify(bytes.span)
        let outcome = savers.withLock { savers -> Result<Void, CairnError> in
            do throws(CairnError) {
                let saver: ChunkSaver
                if let existing = savers.byType[type] {
                    saver = existing
                } else {
                    // Metadata always shrink; a fixed level keeps trees equal in size everywhere.
                    saver = ChunkSaver(
                        session,
                        packs: session.metadataPacks,
                        type: type,
                        compression: .zstd(level: 3)
                    )
                    savers.byType[type] = saver
                }
                try saver.save(id, bytes.span)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
        return id
    }

    /// Stores what the savers hold back.
    package func flush() throws(CairnError) {
        let outcome = savers.withLock { savers -> Result<Void, CairnError> in
            do throws(CairnError) {
                for type in ChunkType.allCases { try savers.byType[type]?.flush() }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }
}
