internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Sees to it that every session that may use a condemned pack is decided before the pack goes
/// (Specs/Cleanup.md#executor, step 3).
struct SessionGate {
    private let records: RecordStore
    private let generation: UInt64
    private let options: CleanupOptions
    private let context: JobContext
    private let meter: CleanupMeter
    private var patience: SessionPatience
    /// How many sessions were shut out.
    private(set) var fencedCount = 0

    /// Between two looks, in nanoseconds.
    private static let interval: UInt64 = 100_000_000

    init(
        _ records: RecordStore,
        _ generation: UInt64,
        _ options: CleanupOptions,
        _ context: JobContext,
        _ meter: CleanupMeter
    ) {
        self.records = records
        self.generation = generation
        self.options = options
        self.context = context
        self.meter = meter
        patience = SessionPatience(records.core)
    }

    /// Returns once every session that does not know of this generation has an outcome.
    mutating func decideAll() throws(CairnError) {
        var waiting = try SessionGate.registered(records)
        meter.begin("waiting", total: 0, items: UInt64(waiting.count))
        var isFirst = true
        while true {
            var left: [SessionID] = []
            for session in waiting {
                try context.checkCancelled()
                if try decide(session, isFirst: isFirst) {
                    meter.add(0, items: 1)
                } else {
                    left.append(session)
                }
            }
            guard !left.isEmpty else { return }
            waiting = left
            isFirst = false
            records.core.environment.time.sleep(nanoseconds: SessionGate.interval)
        }
    }

    /// Whether the session has an outcome, or needs none.
    private mutating func decide(
        _ session: SessionID,
        isFirst: Bool
    ) throws(CairnError) -> Bool {
        if try records.exists(ObjectNames.snapshot(session)) { return true }
        guard let record = try SessionGate.record(session, records) else {
            // Gone without an outcome, or not to be read: nobody may commit it.
            return try fence(session)
        }
        if record.cleanupGeneration >= generation { return true }
        let isDead = SessionAdoption.isGone(record, records)
        if isDead || records.core.wasAbandoned(session) { return try fence(session) }
        if isFirst {
            context.report(.notice("waiting for a running backup to notice the cleanup"))
        }
        return patience.isOver(session, after: options.fenceAfter) ? try fence(session) : false
    }

    private mutating func fence(_ session: SessionID) throws(CairnError) -> Bool {
        if try SessionAdoption.entomb(session, .fenced, successor: nil, records) {
            fencedCount += 1
        }
        return true
    }

    /// The sessions that have a registration.
    private static func registered(_ records: RecordStore) throws(CairnError) -> [SessionID] {
        var sessions: [SessionID] = []
        for object in try records.list(ObjectNames.sessionFolder) {
            if case .session(let session)? = ObjectNames.parse(object.name.text) {
                sessions.append(session)
            }
        }
        return sessions.sorted()
    }

    /// A session's registration; nil where it is gone or damaged.
    private static func record(
        _ session: SessionID,
        _ records: RecordStore
    ) throws(CairnError) -> SessionRecord? {
        do throws(CairnError) {
            return try records.session(ObjectNames.session(session))
        } catch {
            guard error.code == .damaged else { throw error }
            return nil
        }
    }

    /// The registrations of sessions that have no outcome.
    private static func undecided(
        _ records: RecordStore
    ) throws(CairnError) -> [(SessionID, SessionRecord)] {
        var found: [(SessionID, SessionRecord)] = []
        for session in try registered(records) {
            if try records.exists(ObjectNames.snapshot(session)) { continue }
            if let record = try record(session, records) { found.append((session, record)) }
        }
        return found
    }

    /// The snapshots that undecided sessions rely on.
    static func roots(_ records: RecordStore) throws(CairnError) -> Set<SessionID> {
        Set(try undecided(records).flatMap { $0.1.roots })
    }

    /// Whether a session on another host has been silent for so long that nobody need wait.
    static func hasStale(
        _ records: RecordStore,
        after limit: UInt64
    ) throws(CairnError) -> Bool {
        var patience = SessionPatience(records.core)
        var isStale = false
        for (session, record) in try undecided(records) {
            let host = records.core.environment.host
            let isHere = record.host == Array(host.hostName.utf8.prefix(FormatLimits.nameSizeMax))
            if !isHere && patience.isOver(session, after: limit) { isStale = true }
        }
        return isStale
    }
}

/// How long sessions have been waited for, by this machine's monotonic clock, kept across runs in
/// the cache. It decides when a session is shut out, never whether that is safe.
struct SessionPatience {
    private static let fileName = "waiting"

    private let core: RepositoryCore
    private let folder: CacheFolder?
    private let bootID: String
    private var since: [SessionID: UInt64] = [:]

    init(_ core: RepositoryCore) {
        self.core = core
        folder = CacheFolder(
            root: core.options.cacheDirectory,
            repository: core.format.repository
        )?.subfolder("cleanup")
        bootID = core.environment.host.process.bootID
        let text = folder?.read(SessionPatience.fileName).map {
            String(decoding: $0, as: UTF8.self)
        }
        var lines = (text ?? "").split(separator: "\n")[...]
        // The clock began anew with the machine.
        guard let boot = lines.popFirst(), boot == bootID else { return }
        let now = core.environment.time.monotonicNanoseconds
        for line in lines {
            let parts = line.split(separator: " ")
            guard parts.count == 2, let session = SessionID(String(parts[0])),
                let start = UInt64(parts[1]), start <= now
            else { continue }
            since[session] = start
        }
    }

    /// Whether the session has been waited for long enough.
    mutating func isOver(_ session: SessionID, after limit: UInt64) -> Bool {
        let now = core.environment.time.monotonicNanoseconds
        if let start = since[session] { return now >= start && now - start >= limit }
        since[session] = now
        let lines = since.map { "\($0.key.text) \($0.value)" }.sorted()
        let text = ([bootID] + lines).joined(separator: "\n")
        _ = folder?.write(Array(text.utf8), SessionPatience.fileName)
        return limit == 0
    }
}
