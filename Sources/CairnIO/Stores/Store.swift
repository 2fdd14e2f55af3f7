public import CairnCore

/// A place that keeps named, immutable objects.
///
/// A conforming store promises, and the conformance suite of `CairnTestKit` checks:
/// - an object is visible whole or not at all;
/// - `create` of a name succeeds for exactly one of any number of racing callers (class A; see
///   ``StoreCapabilities/hasAtomicCreate``);
/// - what was created before a `barrier()` that returned survives loss of power;
/// - a listing is complete for all objects created before it began, or it is an error;
/// - deleting what is not there succeeds.
///
/// Stores see sealed bytes and opaque names only. They never retry; all calls block and may come
/// from any thread at once.
public protocol Store: Sendable {
    /// What this store can promise.
    var capabilities: StoreCapabilities { get }

    /// Creates an object unless one of that name exists.
    ///
    /// - Returns: Whether this call created it. `.exists` says nothing about the bytes there; the
    ///   next barrier makes that object durable as well.
    func create(_ name: ObjectName, _ bytes: Span<UInt8>) throws(StoreError) -> CreateOutcome

    /// Appends the bytes at `range` to `buffer`.
    ///
    /// - Parameter range: A range of bytes, or nil for the whole object. A range that reaches past
    ///   the end is an error (`.damaged`), never a short answer. A whole object takes memory for
    ///   all
    ///   of it: look at its size first where a stranger may have written it.
    /// - Throws: Any error leaves `buffer` as it was.
    func read(
        _ name: ObjectName,
        _ range: Range<UInt64>?,
        into buffer: ByteBuffer
    ) throws(StoreError)

    /// The size of an object in bytes.
    func size(of name: ObjectName) throws(StoreError) -> UInt64

    /// All objects in a folder (the part before the slash), in no particular order.
    ///
    /// A folder that was never created lists as empty. Names that are not object names are left out
    /// and counted in ``Listing/foreignCount``.
    func list(folder: String) throws(StoreError) -> Listing

    /// Gives every object of a folder to `body`, one by one, so that not all are in memory at once.
    ///
    /// Promises what ``list(folder:)`` does, but an object may come several times: where a listing
    /// breaks off, it may begin again. A store need not implement it; then it gives what
    /// ``list(folder:)`` says. Where it throws, what was given is not all.
    ///
    /// - Parameter body: Says whether to go on.
    func forEachObject(in folder: String, _ body: (ObjectInfo) -> Bool) throws(StoreError)

    /// Removes an object; succeeds if there is none.
    func delete(_ name: ObjectName) throws(StoreError)

    /// Returns once everything created or deleted before the call is durable.
    func barrier() throws(StoreError)

    /// Files in which objects are written before they get their names, with their sizes: those of
    /// callers that write now, and those that a crash left behind. A store need not have any.
    func temporaryFiles() throws(StoreError) -> [(name: String, size: UInt64)]

    /// Removes a file that ``temporaryFiles()`` named; succeeds if there is none.
    ///
    /// A caller that is writing it just then writes its object anew.
    func removeTemporaryFile(_ name: String) throws(StoreError)
}

extension Store {
    public func temporaryFiles() throws(StoreError) -> [(name: String, size: UInt64)] { [] }

    public func removeTemporaryFile(_ name: String) throws(StoreError) {}

    public func forEachObject(
        in folder: String,
        _ body: (ObjectInfo) -> Bool
    ) throws(StoreError) {
        for object in try list(folder: folder).objects {
            guard body(object) else { return }
        }
    }
}

/// What came of a conditional create.
public enum CreateOutcome: Sendable, Hashable {
    /// This call created the object.
    case created
    /// An object of that name was there.
    case exists
}

/// An object that a listing found.
public struct ObjectInfo: Sendable, Hashable {
    /// The object's name.
    public let name: ObjectName
    /// Its size in bytes.
    public let size: UInt64

    /// Makes a listing entry.
    public init(name: ObjectName, size: UInt64) {
        self.name = name
        self.size = size
    }
}

/// The answer of ``Store/list(folder:)``.
public struct Listing: Sendable, Hashable {
    /// The objects found.
    public var objects: [ObjectInfo]
    /// How many entries were no object names.
    public var foreignCount: Int

    /// Makes a listing.
    public init(objects: [ObjectInfo] = [], foreignCount: Int = 0) {
        self.objects = objects
        self.foreignCount = foreignCount
    }
}

/// What a store can promise beyond the basic contract.
public struct StoreCapabilities: Sendable, Hashable {
    /// Class A: `create` is atomic among racing callers. Without it cleanup needs exclusivity.
    public var hasAtomicCreate: Bool
    /// Whether `barrier` makes data survive loss of power.
    public var isDurable: Bool
    /// Whether it can be full, so that room has to be kept for making room.
    public var hasLimitedSpace: Bool

    /// Makes a description.
    public init(hasAtomicCreate: Bool, isDurable: Bool, hasLimitedSpace: Bool = false) {
        self.hasAtomicCreate = hasAtomicCreate
        self.isDurable = isDurable
        self.hasLimitedSpace = hasLimitedSpace
    }
}

/// Why a store could not do what it was asked.
public enum StoreError: Error, Hashable, Sendable {
    /// No object of that name.
    case notFound(ObjectName)
    /// The store is full (or a quota is).
    case outOfSpace
    /// The store refuses this caller.
    case permissionDenied(reason: String)
    /// The object is shorter than the range asked for.
    case damaged(ObjectName, reason: String)
    /// A passing fault; the same call may succeed later.
    case unavailable(reason: String)
    /// A lasting fault, such as a failing disk.
    case failed(reason: String)

    /// Whether trying again, unchanged, might succeed.
    public var isTransient: Bool {
        switch self {
        case .unavailable: true
        case .notFound, .outOfSpace, .permissionDenied, .damaged, .failed: false
        }
    }
}
