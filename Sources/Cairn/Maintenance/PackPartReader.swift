internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Reads the parts of a pack that say what is in it.
///
/// One thread uses a reader at a time.
final class PackPartReader {
    private let core: RepositoryCore
    private let sealer = Sealer()
    private let buffer = ByteBuffer(capacity: 64 << 10)

    init(_ core: RepositoryCore) {
        self.core = core
    }

    /// Checks the header and derives the pack's key.
    func opener(
        _ pack: PackID,
        text: String,
        name: ObjectName
    ) throws(CairnError) -> PackOpener {
        let buffer = buffer
        try read(0..<PackHeader.size, text, name)
        return try PackOpener(buffer.span, pack: pack, core: core)
    }

    /// The checksums behind the body.
    func trailer(
        _ text: String,
        name: ObjectName,
        bodySize: Int
    ) throws(CairnError) -> PackTrailer {
        let buffer = buffer
        try read(bodySize..<bodySize + PackTrailer.size(bodySize: bodySize), text, name)
        do throws(DecodingFailure) {
            let trailer = try PackTrailer(decoding: buffer.span)
            guard trailer.bodySize == bodySize else {
                throw .inconsistent("size of the body of a pack")
            }
            return trailer
        } catch {
            throw CairnError(.damaged, "its trailer is damaged", cause: error)
        }
    }

    /// The directory, found by the locator at the end of the body.
    func directory(
        _ text: String,
        name: ObjectName,
        _ opener: PackOpener,
        bodySize: Int
    ) throws(CairnError) -> PackDirectory {
        let start = bodySize - PackLocator.sealedSize
        guard start >= PackHeader.size + PackDirectory.sealedSizeMin else {
            throw CairnError(.damaged, "it is too short for a pack")
        }
        try read(start..<bodySize, text, name)
        let locator: PackLocator
        do {
            let plain = try open(at: start, opener.associated.locator, opener)
            locator = try PackLocator(decoding: plain.span)
        } catch {
            throw CairnError(.damaged, "its locator is damaged", cause: error)
        }
        guard locator.bodySize == bodySize else {
            throw CairnError(.damaged, "its locator belongs to a pack of another size")
        }
        try read(locator.directoryOffset..<start, text, name)
        do {
            let plain = try open(
                at: locator.directoryOffset,
                opener.associated.directory,
                opener
            )
            let directory = try PackDirectory(decoding: plain.span)
            try locator.expect(directory)
            return directory
        } catch {
            throw CairnError(.damaged, "its directory is damaged", cause: error)
        }
    }

    private func read(
        _ range: Range<Int>,
        _ text: String,
        _ name: ObjectName
    ) throws(CairnError) {
        buffer.truncate(to: 0)
        do {
            try core.store.read(
                name,
                UInt64(range.lowerBound)..<UInt64(range.upperBound),
                into: buffer
            )
        } catch {
            throw CairnError.store(error, "reading \(text)")
        }
    }

    /// Opens what was read, a sealed part that begins at `offset`.
    private func open(
        at offset: Int,
        _ additional: [UInt8],
        _ opener: PackOpener
    ) throws(SealingFailure) -> ByteBuffer {
        let buffer = buffer
        let plain = ByteBuffer(capacity: buffer.count)
        try sealer.setKey(opener.key.secret, algorithm: core.keys.sealing)
        try sealer.open(
            buffer.span,
            nonce: UInt64(offset),
            additional: additional.span,
            into: plain
        )
        return plain
    }
}
