public import CairnCore
public import CairnIO
internal import Synchronization

/// The operations of a store, for faults and logs.
public enum StoreOperation: Hashable, Sendable, CaseIterable {
    /// ``CairnIO/Store/create(_:_:)``
    case create
    /// ``CairnIO/Store/read(_:_:into:)``
    case read
    /// ``CairnIO/Store/size(of:)``
    case size
    /// ``CairnIO/Store/list(folder:)``
    case list
    /// ``CairnIO/Store/delete(_:)``
    case delete
    /// ``CairnIO/Store/barrier()``
    case barrier
}

/// What goes wrong in ``FaultyStore``.
public enum StoreFault: Hashable, Sendable {
    /// The operation does nothing and throws.
    case error(StoreError)
    /// The operation takes place, but its answer is lost: it throws.
    case lostAnswer(StoreError)
    /// A `create` answers with an error now and takes place when ``FaultyStore/land()`` is called.
    case late(StoreError)
    /// A `create` leaves only the first bytes: an error of the store, against its contract.
    case torn(byteCount: Int)
    /// A `read` gives fewer bytes than it was asked for, against the contract.
    case truncated(byteCount: Int)
    /// A `read` gives bytes of which one bit is wrong; counted from the first bit read.
    case flippedBit(Int)
    /// A `list` leaves out every second object, against the contract.
    case halfListing
}

/// A store that fails as it is told, and else does what another store does.
///
/// ```swift
/// let store = FaultyStore(MemoryStore())
/// store.plan(.error(.outOfSpace), for: .create, at: 3)  // the third create from now on
/// ```
public final class FaultyStore<Base: Store>: Store {
    private struct Plan {
        let fault: StoreFault
        let operation: StoreOperation?
        var countdown: Int
        let isLasting: Bool
    }

    private struct State {
        var plans: [Plan] = []
        var counts: [StoreOperation: Int] = [:]
        var late: [(name: ObjectName, bytes: [UInt8])] = []
    }

    /// The store that does the work.
    public let base: Base
    private let state = Mutex(State())

    /// Wraps a store; nothing fails yet.
    public init(_ base: Base) {
        self.base = base
    }

    /// Plans a fault.
    ///
    /// - Parameters:
    ///   - fault: What goes wrong.
    ///   - operation: Which kind of operation it hits; nil for all kinds.
    ///   - number: Which one from now on, counted from 1.
    ///   - lasting: Whether every later one fails in the same way.
    public func plan(
        _ fault: StoreFault,
        for operation: StoreOperation?,
        at number: Int,
        lasting: Bool = false
    ) {
        precondition(number > 0, "operations are counted from 1")
        state.withLock {
            $0.plans.append(
                Plan(fault: fault, operation: operation, countdown: number, isLasting: lasting)
            )
        }
    }

    /// Forgets all planned faults.
    public func clearPlans() {
        state.withLock { $0.plans.removeAll() }
    }

    /// How many operations of a kind there were; of all kinds for nil.
    public func count(of operation: StoreOperation? = nil) -> Int {
        state.withLock { state in
            guard let operation else { return state.counts.values.reduce(0, +) }
            return state.counts[operation] ?? 0
        }
    }

    /// Lets every late `create` take place now, as a request that was long under way would.
    public func land() throws(StoreError) {
        let late = state.withLock { state in
            let late = state.late
            state.late = []
            return late
        }
        for object in late { _ = try base.create(object.name, object.bytes.span) }
    }

    /// Counts an operation and says which fault hits it.
    private func begin(_ operation: StoreOperation) -> StoreFault? {
        state.withLock { state in
            state.counts[operation, default: 0] += 1
            var hit: StoreFault?
            for index in state.plans.indices {
                let plan = state.plans[index]
                guard plan.operation == nil || plan.operation == operation else { continue }
                if plan.countdown > 0 { state.plans[index].countdown -= 1 }
                let isDue = plan.countdown == 1 || (plan.countdown == 0 && plan.isLasting)
                if isDue && hit == nil { hit = plan.fault }
            }
            return hit
        }
    }

    /// Runs an operation under a fault that has nothing to do with bytes.
    private func run<R>(
        _ operation: StoreOperation,
        _ call: () throws(StoreError) -> R
    ) throws(StoreError) -> R {
        switch begin(operation) {
        case .error(let error), .late(let error): throw error
        case .lostAnswer(let error):
            _ = try call()
            throw error
        default: return try call()
        }
    }

    public var capabilities: StoreCapabilities { base.capabilities }

    public func create(
        _ name: ObjectName,
        _ bytes: Span<UInt8>
    ) throws(StoreError) -> CreateOutcome {
        switch begin(.create) {
        case .error(let error): throw error
        case .late(let error):
            let copy = Array(copying: bytes)
            state.withLock { $0.late.append((name, copy)) }
            throw error
        case .lostAnswer(let error):
            _ = try base.create(name, bytes)
            throw error
        case .torn(let byteCount):
            return try base.create(name, bytes.extracting(0..<min(byteCount, bytes.count)))
        default: return try base.create(name, bytes)
        }
    }

    public func read(
        _ name: ObjectName,
        _ range: Range<UInt64>?,
        into buffer: ByteBuffer
    ) throws(StoreError) {
        let held = buffer.count
        switch begin(.read) {
        case .error(let error), .lostAnswer(let error), .late(let error): throw error
        case .truncated(let byteCount):
            try base.read(name, range, into: buffer)
            buffer.truncate(to: min(held + byteCount, buffer.count))
        case .flippedBit(let bit):
            try base.read(name, range, into: buffer)
            let index = held + bit / 8
            guard index < buffer.count else { return }
            buffer.edit(index..<index + 1) { $0[0] ^= 1 << UInt8(bit % 8) }
        default: try base.read(name, range, into: buffer)
        }
    }

    public func size(of name: ObjectName) throws(StoreError) -> UInt64 {
        try run(.size) { () throws(StoreError) in try base.size(of: name) }
    }

    public func list(folder: String) throws(StoreError) -> Listing {
        switch begin(.list) {
        case .error(let error), .lostAnswer(let error), .late(let error): throw error
        case .halfListing:
            var listing = try base.list(folder: folder)
            listing.objects = listing.objects.enumerated()
                .filter { $0.offset.isMultiple(of: 2) }.map(\.element)
            return listing
        default: return try base.list(folder: folder)
        }
    }

    /// Counts as a `list`. Where the answer is lost, half of it has come.
    public func forEachObject(
        in folder: String,
        _ body: (ObjectInfo) -> Bool
    ) throws(StoreError) {
        switch begin(.list) {
        case .error(let error), .late(let error): throw error
        case .lostAnswer(let error):
            let objects = try base.list(folder: folder).objects
            for object in objects.prefix((objects.count + 1) / 2) {
                guard body(object) else { return }
            }
            throw error
        case .halfListing:
            var isKept = false
            try base.forEachObject(in: folder) { object in
                isKept.toggle()
                return !isKept || body(object)
            }
        default: try base.forEachObject(in: folder, body)
        }
    }

    public func delete(_ name: ObjectName) throws(StoreError) {
        try run(.delete) { () throws(StoreError) in try base.delete(name) }
    }

    public func barrier() throws(StoreError) {
        try run(.barrier) { () throws(StoreError) in try base.barrier() }
    }
}

/// A store that notes what it is asked, and passes it on.
public final class RecordingStore<Base: Store>: Store {
    /// One call and what came of it.
    public struct Entry: Hashable, Sendable {
        /// What was asked.
        public let operation: StoreOperation
        /// About which object, where it was about one.
        public let name: ObjectName?
        /// About which folder, for a listing.
        public let folder: String?
        /// The error, where there was one.
        public let error: StoreError?
        /// The answer of a `create`.
        public let outcome: CreateOutcome?
    }

    /// The store that does the work.
    public let base: Base
    private let log = Mutex<[Entry]>([])

    /// Wraps a store.
    public init(_ base: Base) {
        self.base = base
    }

    /// The calls so far, in the order in which they ended.
    public var entries: [Entry] { log.withLock { $0 } }

    /// Forgets the calls so far.
    public func clear() {
        log.withLock { $0.removeAll() }
    }

    private func note<R>(
        _ operation: StoreOperation,
        _ name: ObjectName?,
        folder: String? = nil,
        _ call: () throws(StoreError) -> R
    ) throws(StoreError) -> R {
        do throws(StoreError) {
            let result = try call()
            append(operation, name, folder, nil, nil)
            return result
        } catch {
            append(operation, name, folder, error, nil)
            throw error
        }
    }

    private func append(
        _ operation: StoreOperation,
        _ name: ObjectName?,
        _ folder: String?,
        _ error: StoreError?,
        _ outcome: CreateOutcome?
    ) {
        let entry = Entry(
            operation: operation,
            name: name,
            folder: folder,
            error: error,
            outcome: outcome
        )
        log.withLock { $0.append(entry) }
    }

    public var capabilities: StoreCapabilities { base.capabilities }

    public func create(
        _ name: ObjectName,
        _ bytes: Span<UInt8>
    ) throws(StoreError) -> CreateOutcome {
        do throws(StoreError) {
            let outcome = try base.create(name, bytes)
            append(.create, name, nil, nil, outcome)
            return outcome
        } catch {
            append(.create, name, nil, error, nil)
            throw error
        }
    }

    public func read(
        _ name: ObjectName,
        _ range: Range<UInt64>?,
        into buffer: ByteBuffer
    ) throws(StoreError) {
        try note(.read, name) { () throws(StoreError) in
            try base.read(name, range, into: buffer)
        }
    }

    public func size(of name: ObjectName) throws(StoreError) -> UInt64 {
        try note(.size, name) { () throws(StoreError) in try base.size(of: name) }
    }

    public func list(folder: String) throws(StoreError) -> Listing {
        try note(.list, nil, folder: folder) { () throws(StoreError) in
            try base.list(folder: folder)
        }
    }

    public func delete(_ name: ObjectName) throws(StoreError) {
        try note(.delete, name) { () throws(StoreError) in try base.delete(name) }
    }

    public func barrier() throws(StoreError) {
        try note(.barrier, nil) { () throws(StoreError) in try base.barrier() }
    }
}

extension Array where Element == UInt8 {
    /// Copies bytes.
    init(copying bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBufferPointer { unsafe [UInt8]($0) }
    }
}
