internal import CairnCore
package import CairnFormat
internal import CairnIO
internal import Synchronization

/// Writes finished packs to the store on a thread of its own, while the next ones fill.
///
/// Before a pack is written every sealed unit is opened again from the very buffer that is
/// written (Specs/Durability.md#verify). The first failure ends the session: `expectUsable` and
/// `drain` throw it.
package final class PackPublisher: Sendable {
    private struct State: Sendable {
        var failure: CairnError?
        var nextNumber: UInt32 = 0
        var bytesStored: UInt64 = 0
        var written: Set<PackID> = []
    }

    private let core: RepositoryCore
    private let name: SessionName
    private let cancellation: Cancellation
    private let isDryRun: Bool
    private let onWritten: @Sendable (ClosedPack, IndexedPack) throws(CairnError) -> Void
    private let state = Mutex(State())
    private let queue: BoundedQueue<ClosedPack>
    /// Buffers that are free; taking one waits for a pack to be written.
    private let buffers: BoundedQueue<ByteBuffer>
    private let thread = Mutex<WorkerThread?>(nil)

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - name: The session's name, of which the packs' names are made.
    ///   - bufferCount: How many packs may be in memory at once, open ones included.
    ///   - isDryRun: Whether packs are only counted, never written.
    ///   - onWritten: Called on the thread with each pack that was written.
    package init(
        core: RepositoryCore,
        name: SessionName,
        cancellation: Cancellation,
        bufferCount: Int,
        isDryRun: Bool = false,
        onWritten: @escaping @Sendable (ClosedPack, IndexedPack) throws(CairnError) -> Void
    ) throws(CairnError) {
        self.core = core
        self.name = name
        self.onWritten = onWritten
        self.cancellation = cancellation
        self.isDryRun = isDryRun
        queue = BoundedQueue(capacity: bufferCount)
        buffers = BoundedQueue(capacity: bufferCount)
        for _ in 0..<bufferCount { buffers.put(ByteBuffer()) }
        if core.options.publishesInline { return }
        do throws(StoreError) {
            let worker = try WorkerThread(name: "cairn-publish") { [self] in run() }
            thread.withLock { $0 = worker }
        } catch {
            throw CairnError.store(error, "starting a thread")
        }
    }

    /// The name of the next pack. Data and metadata are counted together, across roll-overs.
    func nextPack() -> PackID {
        let number = state.withLock { state in
            defer { state.nextNumber += 1 }
            return state.nextNumber
        }
        return PackID(session: name.current, number: number)
    }

    /// The packs that are in the store, or being written.
    package var written: Set<PackID> { state.withLock { $0.written } }

    /// Whether no pack was begun.
    package var isUnused: Bool { state.withLock { $0.nextNumber == 0 } }

    /// A buffer to fill; waits until one is free.
    func takeBuffer() throws(CairnError) -> ByteBuffer {
        guard let buffer = buffers.take() else { throw failure ?? .cancelled }
        return buffer
    }

    /// Queues a pack for writing.
    func publish(_ pack: ClosedPack) throws(CairnError) {
        if core.options.publishesInline {
            writeNow(pack)
            return try expectUsable()
        }
        guard queue.put(pack) else { throw failure ?? .cancelled }
    }

    /// Throws the failure that ended the session, if one did.
    package func expectUsable() throws(CairnError) {
        if let failure { throw failure }
    }

    /// The failure that ended the session, if one did.
    package var failure: CairnError? { state.withLock { $0.failure } }

    /// Bytes of packs written so far.
    package var bytesStored: UInt64 { state.withLock { $0.bytesStored } }

    /// Waits until every queued pack is written, and ends the thread.
    package func drain() throws(CairnError) {
        queue.close()
        join()
        try expectUsable()
    }

    /// Drops what is queued and ends the thread.
    package func abandon() {
        queue.cancel()
        buffers.cancel()
        join()
    }

    private func join() {
        let worker = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        worker?.join()
    }

    /// Ends the session with a failure that was found elsewhere.
    func fail(_ error: CairnError) {
        state.withLock { $0.failure = $0.failure ?? error }
        cancellation.cancel()
        queue.cancel()
        buffers.cancel()
    }

    private func run() {
        while let pack = queue.take(), writeNow(pack) {}
    }

    /// Writes a pack; false if that ended the session.
    @discardableResult
    private func writeNow(_ pack: ClosedPack) -> Bool {
        do throws(CairnError) {
            // Ours from the moment that it may be there: a roll-over asks in between.
            state.withLock { _ = $0.written.insert(pack.id) }
            let size = try write(pack)
            state.withLock { $0.bytesStored += size }
            try onWritten(pack, IndexedPack(id: pack.id, kind: pack.kind, size: size))
            buffers.put(pack.buffer)
            return true
        } catch {
            fail(error)
            return false
        }
    }

    private func write(_ pack: ClosedPack) throws(CairnError) -> UInt64 {
        if core.options.verifiesBeforePublishing { try verify(pack) }
        var trailer = PackTrailerBuilder()
        trailer.append(pack.buffer.span)
        pack.buffer.append(trailer.trailer.encode())
        if isDryRun { return UInt64(pack.buffer.count) }
        let text = ObjectNames.pack(pack.id)
        let name = try RecordStore.name(text)
        let outcome: CreateOutcome
        do {
            outcome = try core.store.create(name, pack.buffer.span)
        } catch {
            throw CairnError.store(error, "writing the pack \(text)")
        }
        guard outcome == .created else {
            throw CairnError(
                .damaged,
                "\(text) exists already although its name was never used; run 'check'"
            )
        }
        return UInt64(pack.buffer.count)
    }

    /// Opens every sealed unit of the pack once more.
    private func verify(_ pack: ClosedPack) throws(CairnError) {
        let sealer = Sealer()
        let scratch = ByteBuffer(capacity: 512 << 10)
        do throws(SealingFailure) {
            try sealer.setKey(pack.key.secret, algorithm: core.keys.sealing)
            func open(_ range: Range<Int>, _ additional: [UInt8]) throws(SealingFailure) {
                scratch.truncate(to: 0)
                try sealer.open(
                    pack.buffer.span(range),
                    nonce: UInt64(range.lowerBound),
                    additional: additional.span,
                    into: scratch
                )
            }
            for segment in pack.directory.segments {
                let start = Int(segment.offset)
                try open(start..<start + Int(segment.storedSize), pack.associated.segment)
            }
            let locator = PackLocator(pack.directory)
            let end = locator.directoryOffset + locator.directoryStoredSize
            try open(locator.directoryOffset..<end, pack.associated.directory)
            try open(end..<end + PackLocator.sealedSize, pack.associated.locator)
        } catch {
            throw CairnError(
                .damaged,
                "a pack changed in memory before it was written; check the RAM",
                cause: error
            )
        }
    }
}
