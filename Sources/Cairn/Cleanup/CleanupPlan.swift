public import CairnFormat
internal import CairnIO

/// How a cleanup is to be done.
public struct CleanupOptions: Sendable, Hashable {
    /// How much of what remains may be needed by nothing.
    public enum Unused: Sendable, Hashable {
        /// A part of the packs' bytes, 0 to 100.
        case percent(Double)
        /// So many bytes.
        case bytes(UInt64)
        /// Any amount: only packs of which nothing is needed go.
        case unlimited
    }

    /// How much may stay that nothing needs. Rewriting packs to free it costs time.
    public var maxUnused = Unused.percent(5)
    /// The most bytes of packs to rewrite; nil for any amount.
    public var maxRepackSize: UInt64?
    /// After so many nanoseconds a session that shows no sign of life is shut out. That is always
    /// safe, and costs a live session a roll-over.
    public var fenceAfter: UInt64 = 3_600_000_000_000
    /// Whether the caller vouches that nobody else uses the repository: what stores without an
    /// atomic create need (Specs/Stores.md).
    public var isExclusive = false

    /// The defaults.
    public init() {}
}

/// What a cleanup would do: a value that can be looked at, kept and applied later.
///
/// A plan is bound to the state of the repository that it was made from and is refused once that
/// has changed. Sizes of parts of packs are estimates; those of whole packs are exact.
public struct CleanupPlan: Sendable, Hashable {
    /// What is to happen to a pack.
    public enum Action: String, Sendable, Hashable, BitwiseCopyable {
        /// It stays.
        case keep
        /// Nothing needs it: it goes.
        case delete
        /// What is needed of it is copied, then it goes.
        case rewrite
    }

    /// Why it is to happen.
    public enum Reason: String, Sendable, Hashable, BitwiseCopyable {
        /// All of it is needed.
        case used
        /// Nothing of it is needed.
        case unused
        /// No index object lists it, and no session holds it.
        case orphan
        /// Parts are not needed, and too little to be worth rewriting.
        case mostlyUsed
        /// Too much of it is not needed.
        case partlyUsed
        /// It is small and can be joined with others.
        case small
        /// Rewriting it would pass the limit.
        case limit
    }

    /// A pack.
    public struct Pack: Sendable, Hashable, BitwiseCopyable {
        public let id: PackID
        /// The size of the stored object.
        public let size: UInt64
        /// About how many bytes of it are needed.
        public let usedSize: UInt64
        /// How many chunks it has, as far as an index tells.
        public let chunks: Int
        /// How many of them are needed.
        public let usedChunks: Int
        public var action: Action
        public var reason: Reason

        /// Joins what is known of a pack and what is to happen to it.
        public init(
            id: PackID,
            size: UInt64,
            usedSize: UInt64,
            chunks: Int,
            usedChunks: Int,
            action: Action,
            reason: Reason
        ) {
            self.id = id
            self.size = size
            self.usedSize = usedSize
            self.chunks = chunks
            self.usedChunks = usedChunks
            self.action = action
            self.reason = reason
        }
    }

    /// Packs in an order: 72 bytes a pack, on disk where that is much and there is a local cache.
    public struct PackList: RandomAccessCollection, Sendable, Hashable {
        private let list: ScratchArray<Pack>

        /// Takes packs in their order.
        public init(_ packs: some Sequence<Pack>) {
            var list = ScratchArray<Pack>(directory: nil)
            for pack in packs { list.append(pack) }
            self.list = list
        }

        init(_ list: ScratchArray<Pack>) {
            self.list = list
        }

        public var startIndex: Int { 0 }
        public var endIndex: Int { list.count }
        public subscript(position: Int) -> Pack { list[position] }

        public static func == (a: PackList, b: PackList) -> Bool { a.elementsEqual(b) }

        public func hash(into hasher: inout Hasher) {
            hasher.combine(count)
            for pack in self { hasher.combine(pack) }
        }
    }

    /// The repository.
    public let repository: RepositoryID
    /// A digest of the state that the plan was made from.
    public let basis: String
    /// Every pack, or those that do not stay, ascending.
    public let packs: PackList
    /// Index objects that nobody names.
    package var indexes: Set<IndexID> = []
    /// How many snapshots stay.
    public let snapshots: Int
    /// The most bytes that are copied at a time: so much room is needed besides.
    public let scratchSize: UInt64

    /// Joins the parts of a plan.
    public init(
        repository: RepositoryID,
        basis: String,
        packs: PackList,
        snapshots: Int,
        scratchSize: UInt64
    ) {
        self.repository = repository
        self.basis = basis
        self.packs = packs
        self.snapshots = snapshots
        self.scratchSize = scratchSize
    }

    /// The packs to which this happens.
    public func packs(_ action: Action) -> some Collection<Pack> {
        packs.lazy.filter { $0.action == action }
    }

    /// Bytes of all packs.
    public var size: UInt64 { packs.reduce(0) { $0 + $1.size } }
    /// Bytes that are needed.
    public var usedSize: UInt64 { packs.reduce(0) { $0 + $1.usedSize } }
    /// Bytes read while rewriting.
    public var readSize: UInt64 { packs(.rewrite).reduce(0) { $0 + $1.usedSize } }
    /// Bytes written while rewriting.
    public var writtenSize: UInt64 { readSize }
    /// Bytes that will be free.
    public var freedSize: UInt64 {
        packs(.delete).reduce(0) { $0 + $1.size }
            + packs(.rewrite).reduce(0) { $0 + $1.size - min($1.usedSize, $1.size) }
    }
    /// Bytes that nothing needs and that stay.
    public var unusedSizeAfter: UInt64 {
        packs(.keep).reduce(0) { $0 + $1.size - min($1.usedSize, $1.size) }
    }
    /// Whether there is nothing to do.
    public var isEmpty: Bool { packs.allSatisfy { $0.action == .keep } && indexes.isEmpty }
}

/// What a cleanup has done.
public struct CleanupReport: Sendable, Hashable {
    /// Packs that were deleted, rewritten ones among them.
    public var packsDeleted = 0
    /// Packs that were written.
    public var packsWritten = 0
    /// Bytes of packs deleted.
    public var bytesDeleted: UInt64 = 0
    /// Bytes of packs written.
    public var bytesWritten: UInt64 = 0
    /// Packs that were to go and stayed, because something needs them again or a part that is
    /// needed is damaged.
    public var packsReprieved = 0
    /// Files that interrupted runs left before they were objects, and that were removed.
    public var temporaryFilesDeleted = 0
    /// Sessions that were shut out.
    public var sessionsFenced = 0
    /// Index objects that were replaced.
    public var indexesReplaced = 0
    /// How many generations were brought to their end.
    public var generations = 0
    /// The state after the cleanup, as the last marking saw it: bytes that nothing needs.
    public var bytesUnused: UInt64 = 0
    /// Nanoseconds.
    public var duration: UInt64 = 0

    /// Nothing done.
    public init() {}

    /// Bytes that became free.
    public var bytesFreed: UInt64 { bytesDeleted - min(bytesWritten, bytesDeleted) }
}
