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
            let plain = try open(buffer, at: start, opener.associated.locator, opener)
            locator = try PackLocator(decoding: plain.span)
        } catch {
            throw CairnError(.damaged, "its locator is damaged", cause: error)
        }
        guard locator.bodySize == bodySize else {
            throw CairnError(.damaged, "its locator belongs to a pack of another size")
        }
        let range = locator.directoryOffset..<start
        do {
            let plain = try openDirectory(range, text, name, opener)
            let directory = try PackDirectory(decoding: plain.span)
            try locator.expect(directory)
            return directory
        } catch let error as CairnError {
            throw error
        } catch {
            throw CairnError(.damaged, "its directory is damaged", cause: error)
        }
    }

    /// Reads and opens a directory, which may be large: no buffer of its size stays.
    private func openDirectory(
        _ range: Range<Int>,
        _ text: String,
        _ name: ObjectName,
        _ opener: PackOpener
    ) throws -> ByteBuffer {
        let sealed = ByteBuffer(capacity: range.count)
        try read(range, text, name, into: sealed)
        return try open(sealed, at: range.lowerBound, opener.associated.directory, opener)
    }

    private func read(
        _ range: Range<Int>,
        _ text: String,
        _ name: ObjectName
    ) throws(CairnError) {
        buffer.truncate(to: 0)
        try read(range, text, name, into: buffer)
    }

    private func read(
        _ range: Range<Int>,
        _ text: String,
        _ name: ObjectName,
        into buffer: ByteBuffer
    ) throws(CairnError) {
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

    /// Opens `sealed`, a part that begins at `offset`.
    private func open(
        _ sealed: ByteBuffer,
        at offset: Int,
        _ additional: [UInt8],
        _ opener: PackOpener
    ) throws(SealingFailure) -> ByteBuffer {
        let plain = ByteBuffer(capacity: sealed.count)
        try sealer.setKey(opener.key.secret, algorithm: core.keys.sealing)
        try sealer.open(
            sealed.span,
            nonce: UInt64(offset),
            additional: additional.span,
            into: plain
        )
        return plain
    }
}
