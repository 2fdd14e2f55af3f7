internal import CairnCore
package import CairnFormat
internal import CairnIO

/// What the end of a pack tells without reading its segments.
package struct PackTail: Sendable {
    package let opener: PackOpener
    package let trailer: PackTrailer
    package let locator: PackLocator
    package let directory: PackDirectory

    /// Reads header, trailer, locator and directory of a pack and checks that they agree.
    ///
    /// - Parameter size: The object's size, as a listing tells it.
    package init(
        of pack: PackID,
        size: UInt64,
        core: RepositoryCore
    ) throws(CairnError) {
        let text = ObjectNames.pack(pack)
        let name = try RecordStore.name(text)
        let damaged = CairnError(.damaged, "\(text) is damaged; run 'check'")
        guard let bodySize = PackTrailer.bodySize(objectSize: size),
            bodySize > PackHeader.size + PackLocator.sealedSize
        else { throw damaged }
        let read = { (range: Range<Int>) throws(CairnError) -> ByteBuffer in
            try PackTail.read(name, range, core.store)
        }
        let head = try read(0..<PackHeader.size)
        let access = try PackOpener(head.span, pack: pack, core: core)
        let end = try read(bodySize - PackLocator.sealedSize..<Int(size))
        let sealer = Sealer()
        let plain = ByteBuffer()
        let checksums: PackTrailer
        let place: PackLocator
        let list: PackDirectory
        do {
            checksums = try PackTrailer(
                decoding: end.span(PackLocator.sealedSize..<end.count)
            )
            try sealer.setKey(access.key.secret, algorithm: core.keys.sealing)
            try sealer.open(
                end.span(0..<PackLocator.sealedSize),
                nonce: UInt64(bodySize - PackLocator.sealedSize),
                additional: access.associated.locator.span,
                into: plain
            )
            place = try PackLocator(decoding: plain.span)
        } catch {
            throw CairnError(.damaged, damaged.message, cause: error)
        }
        guard place.bodySize == bodySize, checksums.bodySize == bodySize else { throw damaged }
        let start = place.directoryOffset
        let sealed = try read(start..<start + place.directoryStoredSize)
        plain.truncate(to: 0)
        do {
            try sealer.open(
                sealed.span,
                nonce: UInt64(start),
                additional: access.associated.directory.span,
                into: plain
            )
            list = try PackDirectory(decoding: plain.span)
            try place.expect(list)
        } catch {
            throw CairnError(.damaged, damaged.message, cause: error)
        }
        (opener, trailer, locator, directory) = (access, checksums, place, list)
    }

    private static func read(
        _ name: ObjectName,
        _ range: Range<Int>,
        _ store: any Store
    ) throws(CairnError) -> ByteBuffer {
        let buffer = ByteBuffer(capacity: range.count)
        do {
            try store.read(
                name,
                UInt64(range.lowerBound)..<UInt64(range.upperBound),
                into: buffer
            )
        } catch {
            throw CairnError.store(error, "reading \(name)")
        }
        return buffer
    }
}

extension PackDirectory {
    /// The index entries of the pack's chunks; the pack ordinals in them mean nothing yet.
    package func entries() throws(CairnError) -> [IndexEntry] {
        var entries: [IndexEntry] = []
        entries.reserveCapacity(chunks.count)
        try forEachEntry { entries.append($0) }
        return entries
    }

    /// Visits the same entries, one at a time and in the order of the pack.
    func forEachEntry(_ body: (IndexEntry) -> Void) throws(CairnError) {
        for segment in segments {
            let chunks = chunks(of: segment)
            var place = 0
            for chunk in chunks {
                guard
                    let entry = IndexEntry(
                        id: chunk.id,
                        pack: 0,
                        segmentOffset: Int(segment.offset),
                        segmentStoredSize: Int(segment.storedSize),
                        type: segment.type,
                        place: chunks.count > 1 ? place : nil,
                        length: Int(chunk.length)
                    )
                else {
                    throw CairnError(.damaged, "a chunk's place does not fit the index")
                }
                body(entry)
                place += Int(chunk.length)
            }
        }
    }
}
