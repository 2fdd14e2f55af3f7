internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// What went wrong, in words an operator can act on.
public struct CairnError: Error, Sendable, CustomStringConvertible {
    /// A broad class of failure. New codes may be added; keep a `default` branch.
    public struct Code: Hashable, Sendable {
        private enum Value {
            case noRepository, repositoryExists, wrongKey, damaged, unsupported, store, outOfSpace
            case source, target, cancelled, fenced, notFound, invalidRequest, forgotten, unavailable
            case viewChanged
        }
        private let value: Value
        private init(_ value: Value) { self.value = value }

        /// There is no repository at this place.
        public static let noRepository = Code(.noRepository)
        /// There is one already.
        public static let repositoryExists = Code(.repositoryExists)
        /// The credential opens no key slot of this repository.
        public static let wrongKey = Code(.wrongKey)
        /// Stored bytes are missing or are not what was stored.
        public static let damaged = Code(.damaged)
        /// The repository needs a later version of the engine.
        public static let unsupported = Code(.unsupported)
        /// The store failed.
        public static let store = Code(.store)
        /// The store or the target is full.
        public static let outOfSpace = Code(.outOfSpace)
        /// The store cannot be reached at the moment; the same call may succeed later.
        public static let unavailable = Code(.unavailable)
        /// The data to back up could not be read at all.
        public static let source = Code(.source)
        /// The restore target could not be written.
        public static let target = Code(.target)
        /// The caller cancelled.
        public static let cancelled = Code(.cancelled)
        /// Another process ended this writer session; run the operation again.
        public static let fenced = Code(.fenced)
        /// No such snapshot, path, object or key slot.
        public static let notFound = Code(.notFound)
        /// The request contradicts itself or goes past a limit.
        public static let invalidRequest = Code(.invalidRequest)
        /// The repository has moved on since it was looked at; look again.
        public static let viewChanged = Code(.viewChanged)
        /// The snapshot was forgotten while it was being read.
        public static let forgotten = Code(.forgotten)
    }

    /// What class of failure this is.
    public let code: Code
    /// What happened and what to do about it.
    public let message: String
    /// The failure below, where there is one.
    public let cause: (any Error)?

    /// Makes an error.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String {
        guard let cause, !(cause is CairnError) else { return message }
        return "\(message) (\(cause))"
    }
}

extension CairnError {
    /// Translates a store's failure while doing `action`, such as "reading the pack …".
    package static func store(_ error: StoreError, _ action: String) -> CairnError {
        switch error {
        case .notFound(let name):
            CairnError(.damaged, "\(action): \(name) is missing; run 'check'", cause: error)
        case .outOfSpace:
            CairnError(.outOfSpace, "\(action): the store is full; free some space", cause: error)
        case .permissionDenied(let reason):
            CairnError(.store, "\(action): permission denied (\(reason))", cause: error)
        case .damaged(let name, let reason):
            CairnError(
                .damaged,
                "\(action): \(name) is damaged (\(reason)); run 'check'",
                cause: error
            )
        case .unavailable(let reason):
            CairnError(.unavailable, "\(action): \(reason); try again later", cause: error)
        case .failed(let reason):
            CairnError(.store, "\(action): \(reason)", cause: error)
        }
    }

    /// Whether an object was not there.
    package var isMissingObject: Bool {
        if case .notFound? = cause as? StoreError { return true }
        return false
    }

    /// Translates a decoding failure of the object `name`.
    package static func decoding(_ error: DecodingFailure, of name: String) -> CairnError {
        if case .unsupported(let what) = error {
            return CairnError(
                .unsupported,
                "\(name) uses \(what), which this version does not know; upgrade",
                cause: error
            )
        }
        return CairnError(.damaged, "\(name) is damaged; run 'check'", cause: error)
    }

    /// Translates why the record `name` could not be opened.
    package static func record(_ error: RecordFailure, of name: String) -> CairnError {
        switch error {
        case .damaged(let failure): .decoding(failure, of: name)
        case .unsupported(let what): .decoding(.unsupported(what), of: name)
        case .notAuthentic:
            CairnError(
                .damaged,
                "\(name) was not sealed with this repository's key; run 'check'",
                cause: error
            )
        case .foreignRepository(let id):
            CairnError(.damaged, "\(name) belongs to repository \(id); run 'check'", cause: error)
        case .cryptography:
            CairnError(.store, "opening \(name) failed", cause: error)
        }
    }

    /// Says that a folder on the way to the source cannot be read.
    package static func unreadableSource(_ path: [UInt8], _ failure: FileFailure) -> CairnError {
        CairnError(
            .source,
            "cannot read \(PathText.escaped(path)): \(failure.reason)",
            cause: failure
        )
    }

    /// The error of an operation that its caller cancelled.
    package static var cancelled: CairnError { CairnError(.cancelled, "interrupted") }
}
