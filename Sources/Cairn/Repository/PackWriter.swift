internal import CairnCore
package import CairnFormat
internal import CairnIO
internal import Synchronization

/// Seals segments into packs of one kind and hands full packs to the publisher.
///
/// Any thread may append. Sealing happens under the lock: a segment's nonce is its offset, which is
/// only known there, and sealing is some ten times as fast as the compression before it.
package final class PackWriter: Sendable {
    /// A pack is closed with so many chunks, however small they are: its directory and what comes
    /// of it take some 250 bytes of memory a chunk for a moment.
    static let chunkCountMax = 1 << 16

    private let core: RepositoryCore
    private let kind: PackKind
    private let publisher: PackPublisher
    private let open: Mutex<OpenPack?>

    package init(
        core: RepositoryCore,
        kind: PackKind,
        publisher: PackPublisher
    ) {
        self.core = core
        self.kind = kind
        self.publisher = publisher
        open = Mutex(nil)
    }

    /// Seals `plaintext` (header and payload of a segment) at the end of the open pack.
    package func append(
        _ plaintext: Span<UInt8>,
        codec: Codec,
        type: ChunkType,
        chunks: [PackChunk]
    ) throws(CairnError) {
        try publisher.expectUsable()
        let outcome = open.withLock { pack -> Result<Void, CairnError> in
            do throws(CairnError) {
                let size = plaintext.count + FormatLimits.sealSize
                if let full = pack, full.wouldOverflow(adding: size, chunkCount: chunks.count) {
                    try publisher.publish(full.close(isLast: false))
                    pack = nil
                }
                if pack == nil { pack = try start() }
                guard let current = pack else { return .failure(.cancelled) }
                try current.append(plaintext, codec: codec, type: type, chunks: chunks)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }

    /// Hands over the open pack, if it holds anything.
    package func finish() throws(CairnError) {
        let outcome = open.withLock { pack -> Result<Void, CairnError> in
            do throws(CairnError) {
                if let last = pack { try publisher.publish(last.close(isLast: true)) }
                pack = nil
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }

    private func start() throws(CairnError) -> OpenPack {
        let buffer = try publisher.takeBuffer()
        return try OpenPack(core: core, id: publisher.nextPack(), kind: kind, buffer: buffer)
    }
}

/// The pack that segments are being added to.
private final class OpenPack {
    private let core: RepositoryCore
    private let id: PackID
    private let kind: PackKind
    private let buffer: ByteBuffer
    private let sealer = Sealer()
    private let associated: PackAssociatedData
    private let key: ObjectSealingKey
    private var directory = PackDirectory()

    init(
        core: RepositoryCore,
        id: PackID,
        kind: PackKind,
        buffer: ByteBuffer
    ) throws(CairnError) {
        self.core = core
        self.id = id
        self.kind = kind
        self.buffer = buffer
        let salt = try core.randomBytes(32)
        do throws(SealingFailure) {
            key = try PackKeys.derive(from: core.keys.pack, salt: salt, id: id)
            try sealer.setKey(key.secret, algorithm: core.keys.sealing)
        } catch {
            throw CairnError(.store, "preparing a pack's key failed", cause: error)
        }
        let header = PackHeader(
            kind: kind,
            sealing: core.keys.sealing,
            id: id,
            repository: core.format.repository,
            salt: salt,
            commitment: key.commitment
        )
        associated = PackAssociatedData(header)
        buffer.truncate(to: 0)
        buffer.append(header.encode())
    }

    /// Whether the pack would pass its target size, or a hard limit, with one more segment.
    func wouldOverflow(adding size: Int, chunkCount: Int) -> Bool {
        guard !directory.segments.isEmpty else { return false }
        if directory.chunks.count + chunkCount > PackWriter.chunkCountMax { return true }
        let grown = directory.bodySizeWithoutPadding + size + 16 + 36 * chunkCount
        return grown > Int(core.format.packSizeTarget) - Padding.blockSize
    }

    func append(
        _ plaintext: Span<UInt8>,
        codec: Codec,
        type: ChunkType,
        chunks: [PackChunk]
    ) throws(CairnError) {
        let offset = buffer.count
        try seal(plaintext, associated.segment)
        directory.append(
            storedSize: UInt32(buffer.count - offset),
            codec: codec,
            type: type,
            chunks: chunks
        )
    }

    /// Seals the directory and the locator behind the segments.
    func close(isLast: Bool) throws(CairnError) -> ClosedPack {
        directory.pad(isLast: isLast)
        try seal(directory.encode().span, associated.directory)
        try seal(PackLocator(directory).encode().span, associated.locator)
        return ClosedPack(
            id: id,
            kind: kind,
            buffer: buffer,
            directory: directory,
            key: key,
            associated: associated
        )
    }

    /// Appends a sealed unit; its nonce is its offset.
    private func seal(_ plaintext: Span<UInt8>, _ additional: [UInt8]) throws(CairnError) {
        do {
            try sealer.seal(
                plaintext,
                nonce: UInt64(buffer.count),
                additional: additional.span,
                into: buffer
            )
        } catch {
            throw CairnError(.store, "sealing a segment failed", cause: error)
        }
    }
}

/// A pack that only lacks its trailer.
package struct ClosedPack: Sendable {
    let id: PackID
    let kind: PackKind
    let buffer: ByteBuffer
    let directory: PackDirectory
    let key: ObjectSealingKey
    let associated: PackAssociatedData
}
