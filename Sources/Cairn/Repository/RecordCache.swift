package import CairnCore
package import CairnFormat
internal import Synchronization

/// Snapshot records kept for the next look at the repository, since they never change under their
/// name: sealed ones from one command to the next, opened ones as long as the repository is open.
///
/// Sealed ones are opened with the repository's key each time, so a bad cache costs a read and no
/// more.
package final class RecordCache: Sendable {
    /// An opened record.
    package struct Opened: Sendable {
        package let record: SnapshotRecord
        /// SHA-256 of the object as stored.
        package let digest: ChunkID
        fileprivate let size: Int
    }

    /// The most bytes of opened records that are kept, as they are encoded.
    private static let openedSizeMax = 4 << 20

    private let folder: CacheFolder?
    private let known: Mutex<Set<SessionID>>
    private let opened = Mutex<(records: [SessionID: Opened], size: Int)>(([:], 0))
    private let keepsOpened: Bool

    /// Keeps sealed records in `folder`, or nowhere.
    ///
    /// - Parameter keepsOpened: Whether opened records are kept; not where each object is to be
    ///   looked at.
    package init(_ folder: CacheFolder?, keepsOpened: Bool = true) {
        self.folder = folder
        self.keepsOpened = keepsOpened
        known = Mutex(Set(folder?.names().compactMap { SessionID($0) } ?? []))
    }

    /// The opened record, or nil.
    package func opened(_ session: SessionID) -> Opened? {
        opened.withLock { $0.records[session] }
    }

    /// Keeps an opened record.
    ///
    /// - Parameter size: How many bytes it has when encoded.
    package func keep(_ record: SnapshotRecord, digest: ChunkID, size: Int) {
        guard keepsOpened else { return }
        opened.withLock { opened in
            guard opened.records[record.session] == nil,
                size <= RecordCache.openedSizeMax - opened.size
            else { return }
            opened.records[record.session] = Opened(record: record, digest: digest, size: size)
            opened.size += size
        }
    }

    /// The record's object as kept, or nil.
    package func bytes(of session: SessionID) -> [UInt8]? {
        guard known.withLock({ $0.contains(session) }) else { return nil }
        return folder?.read(session.text)
    }

    /// Keeps a record's object.
    package func store(_ bytes: [UInt8], of session: SessionID) {
        guard let folder, folder.write(bytes, session.text) else { return }
        known.withLock { _ = $0.insert(session) }
    }

    /// Drops what is no longer in the repository.
    package func keep(only sessions: Set<SessionID>) {
        let gone = known.withLock { known in
            let gone = known.subtracting(sessions)
            known.subtract(gone)
            return gone
        }
        for session in gone { folder?.remove(session.text) }
        opened.withLock { opened in
            for session in opened.records.keys where !sessions.contains(session) {
                opened.size -= opened.records.removeValue(forKey: session)?.size ?? 0
            }
        }
    }
}
