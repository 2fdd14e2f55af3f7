package import CairnFormat
internal import Synchronization

/// Sealed snapshot records kept from one command to the next. They never change under their name
/// and are opened with the repository's key each time, so a bad cache costs a read and no more.
package final class RecordCache: Sendable {
    private let folder: CacheFolder?
    private let known: Mutex<Set<SessionID>>

    /// Keeps records in `folder`, or nowhere.
    package init(_ folder: CacheFolder?) {
        self.folder = folder
        known = Mutex(Set(folder?.names().compactMap { SessionID($0) } ?? []))
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
    }
}
