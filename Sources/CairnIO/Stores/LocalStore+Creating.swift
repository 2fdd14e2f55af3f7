internal import CairnCore
internal import Synchronization

extension LocalStore {
    /// Why one attempt to create an object came to nothing.
    private enum AttemptFailure: Error {
        /// The file system does not know this way of publishing.
        case unsupported(StoreFileError)
        /// The bytes could not be made durable.
        case notSynced(StoreFileError)
        /// Somebody may have tidied the file up before it got its name.
        case draftGone(StoreFileError)
        /// Another attempt would fare no better.
        case final(StoreError)
    }

    /// A file that has no object's name yet.
    private struct Draft {
        let file: StoreHandle
        /// Its folder and name in it, where it needed one.
        let place: (folder: StoreHandle, name: String)?
    }

    public func create(
        _ name: ObjectName,
        _ bytes: Span<UInt8>
    ) throws(StoreError) -> CreateOutcome {
        try expectUsable()
        let folder: StoreHandle
        do {
            folder = try self.folder(name.folder)
        } catch {
            throw error.storeError(for: nil, "open the folder of \(name.text)")
        }
        var syncFailureCount = 0
        var lostDraftCount = 0
        while true {
            let publishing = state.withLock { $0.publishing }
            do throws(AttemptFailure) {
                let outcome = try attempt(name, bytes, in: folder, publishing)
                // Also where it exists: its creator's barrier may not have come yet.
                markDirty(name.folder)
                return outcome
            } catch {
                switch error {
                case .unsupported(let error): try stepDown(from: publishing, error)
                case .notSynced(let error):
                    // The kernel may have forgotten the bytes and would call a second sync of this
                    // file a success; so it is dropped, and the object written anew, once.
                    syncFailureCount += 1
                    if syncFailureCount > 1 { throw fail("an object could not be synced", error) }
                case .draftGone(let error):
                    lostDraftCount += 1
                    if lostDraftCount > LocalStore.lostDraftCountMax {
                        try stepDown(from: publishing, error)
                        lostDraftCount = 0
                    }
                case .final(let error): throw error
                }
            }
        }
    }

    /// So often an object is written anew because its file was tidied up.
    private static var lostDraftCountMax: Int { 8 }

    /// Falls back to the next way of publishing.
    private func stepDown(
        from publishing: Publishing,
        _ error: StoreFileError
    ) throws(StoreError) {
        guard let next = Publishing(rawValue: publishing.rawValue + 1) else {
            throw error.storeError(for: nil, "publish objects in this file system")
        }
        state.withLock { state in
            if state.publishing == publishing { state.publishing = next }
        }
    }

    /// Writes the object to a file of its own and gives it its name.
    private func attempt(
        _ name: ObjectName,
        _ bytes: Span<UInt8>,
        in folder: StoreHandle,
        _ publishing: Publishing
    ) throws(AttemptFailure) -> CreateOutcome {
        let draft = try makeDraft(for: name, in: folder, publishing)
        defer { discard(draft) }
        do {
            try fill(draft.file, with: bytes)
        } catch {
            throw .final(error.storeError(for: name, "write"))
        }
        do {
            try files.syncData(of: draft.file)
        } catch {
            guard !error.isOutOfSpace else { throw .final(.outOfSpace) }
            throw .notSynced(error)
        }
        do {
            try uninterrupted { () throws(StoreFileError) in
                try publish(draft, as: name.leaf, in: folder, publishing)
            }
            return .created
        } catch {
            if error.isTaken { return .exists }
            if error.isMissing && draft.place != nil { throw .draftGone(error) }
            if error.suggestsOtherPublishing { throw .unsupported(error) }
            throw .final(error.storeError(for: name, "publish"))
        }
    }

    private func makeDraft(
        for name: ObjectName,
        in folder: StoreHandle,
        _ publishing: Publishing
    ) throws(AttemptFailure) -> Draft {
        do {
            if publishing == .unnamed {
                let file = try uninterrupted { () throws(StoreFileError) in
                    try files.createUnnamed(in: folder)
                }
                return Draft(file: file, place: nil)
            }
            let temporary = try self.folder(LocalStore.temporaryFolder)
            let draftName = LocalStore.draftPrefix + HexText.encode(try randomName())
            let file = try uninterrupted { () throws(StoreFileError) in
                try files.create(draftName, in: temporary)
            }
            return Draft(file: file, place: (temporary, draftName))
        } catch {
            if publishing == .unnamed && error.isUnsupported { throw .unsupported(error) }
            // A missing folder is no missing object.
            let object = error.isMissing ? nil : name
            throw .final(error.storeError(for: object, "make a file for"))
        }
    }

    /// 16 random bytes, to make a name in `tmp/` of. Such names begin with a dot, so no object has
    /// one.
    func randomName() throws(StoreFileError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 16)
        do {
            var span = bytes.mutableSpan
            try entropy.fill(&span)
        } catch {
            throw StoreFileError(code: error.code)
        }
        return bytes
    }

    private func fill(_ file: StoreHandle, with bytes: Span<UInt8>) throws(StoreFileError) {
        if bytes.count >= LocalStore.reserveSizeMin {
            do {
                try uninterrupted { () throws(StoreFileError) in
                    try files.reserve(UInt64(bytes.count), for: file)
                }
            } catch {
                // Taking room early only serves to fail early.
                guard error.isUnsupported else { throw error }
            }
        }
        var done = 0
        while done < bytes.count {
            let rest = bytes.extracting(done..<bytes.count)
            let count = try uninterrupted { () throws(StoreFileError) in
                try files.write(rest, to: file, at: UInt64(done))
            }
            // A device that takes nothing and reports nothing is full in all but name.
            guard count > 0 else { throw StoreFileError.full }
            done += count
        }
    }

    private func publish(
        _ draft: Draft,
        as leaf: String,
        in folder: StoreHandle,
        _ publishing: Publishing
    ) throws(StoreFileError) {
        guard let place = draft.place else {
            return try files.link(draft.file, as: leaf, in: folder)
        }
        if publishing == .linked {
            try files.link(place.name, in: place.folder, as: leaf, in: folder)
        } else {
            try files.rename(place.name, in: place.folder, to: leaf, in: folder)
        }
    }

    /// Closes a draft and removes its temporary name; what cannot be removed is an orphan.
    private func discard(_ draft: Draft) {
        files.close(draft.file)
        guard let place = draft.place else { return }
        do {
            try files.unlink(place.name, in: place.folder)
        } catch {
            // Renamed or tidied away, or left behind: `temporaryFiles()` shows the latter.
        }
    }
}
