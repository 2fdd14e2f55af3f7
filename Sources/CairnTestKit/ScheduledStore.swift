package import CairnCore
package import CairnIO
internal import Synchronization

/// One actor's way to a store that it shares with others under a ``Scheduler``.
///
/// A listing takes two steps: what is created or removed between them may be in it or not, as the
/// contract of stores allows.
package final class ScheduledStore: Store {
    private let base: MemoryStore
    private let scheduler: Scheduler
    private let actor: Int
    private let isAtomic: Bool
    private let isGone = Atomic<Bool>(false)

    /// Makes the way of the actor with this number.
    ///
    /// - Parameter isAtomic: Whether a create looks and writes in one step; a store that does not
    ///   breaks its contract.
    package init(
        _ base: MemoryStore,
        _ scheduler: Scheduler,
        actor: Int,
        isAtomic: Bool = true
    ) {
        self.isAtomic = isAtomic
        self.base = base
        self.scheduler = scheduler
        self.actor = actor
    }

    /// Whether the actor has crashed: every operation fails from then on.
    package var hasCrashed: Bool { isGone.load(ordering: .relaxed) }

    package var capabilities: StoreCapabilities { base.capabilities }

    private static let crashed = StoreError.failed(reason: "crashed")
    private static let lost = StoreError.unavailable(reason: "the answer was lost")

    private func step(
        _ operation: StoreOperation,
        _ what: String = ""
    ) throws(StoreError) -> Scheduler.Fate {
        if hasCrashed { throw ScheduledStore.crashed }
        let fate = scheduler.step(actor, operation)
        if scheduler.logs { scheduler.log("\(actor) \(operation) \(what) \(fate)") }
        if case .crash = fate { isGone.store(true, ordering: .relaxed) }
        return fate
    }

    /// Carries out a change, or has it happen later or never.
    private func change<T>(
        _ operation: StoreOperation,
        _ what: String,
        _ body: @escaping @Sendable () throws(StoreError) -> T
    ) throws(StoreError) -> T {
        switch try step(operation, what) {
        case .normal: return try body()
        case .lostAnswer:
            _ = try body()
            throw ScheduledStore.lost
        case .crash(.now):
            _ = try? body()
        case .crash(.later):
            scheduler.land { _ = try? body() }
        case .crash(.never):
            break
        }
        throw ScheduledStore.crashed
    }

    package func create(
        _ name: ObjectName,
        _ bytes: Span<UInt8>
    ) throws(StoreError) -> CreateOutcome {
        let copy = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
        let base = base
        guard isAtomic else {
            if case .crash = try step(.size) { throw ScheduledStore.crashed }
            if (try? base.size(of: name)) != nil { return .exists }
            return try change(.create, name.text) { () throws(StoreError) in
                try base.delete(name)
                return try base.create(name, copy.span)
            }
        }
        return try change(.create, name.text) { () throws(StoreError) in
            try base.create(name, copy.span)
        }
    }

    package func read(
        _ name: ObjectName,
        _ range: Range<UInt64>?,
        into buffer: ByteBuffer
    ) throws(StoreError) {
        if case .crash = try step(.read, name.text) { throw ScheduledStore.crashed }
        try base.read(name, range, into: buffer)
    }

    package func size(of name: ObjectName) throws(StoreError) -> UInt64 {
        if case .crash = try step(.size, name.text) { throw ScheduledStore.crashed }
        return try base.size(of: name)
    }

    package func list(folder: String) throws(StoreError) -> Listing {
        if case .crash = try step(.list, folder) { throw ScheduledStore.crashed }
        let before = Set(try base.list(folder: folder).objects)
        if case .crash = try step(.list, folder) { throw ScheduledStore.crashed }
        let after = Set(try base.list(folder: folder).objects)
        var objects = before.intersection(after)
        for doubtful in before.symmetricDifference(after).sorted(by: { $0.name < $1.name })
        where scheduler.draw(2) == 0 {
            objects.insert(doubtful)
        }
        return Listing(objects: objects.sorted { $0.name < $1.name })
    }

    package func delete(_ name: ObjectName) throws(StoreError) {
        let base = base
        try change(.delete, name.text) { () throws(StoreError) in try base.delete(name) }
    }

    package func barrier() throws(StoreError) {
        if case .crash = try step(.barrier) { throw ScheduledStore.crashed }
    }
}
