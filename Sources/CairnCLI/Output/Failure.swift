internal import Cairn

/// What the process says when it ends (Specs/CommandLine.md#exit-codes).
enum ExitStatus: Int32, Sendable {
    /// Done.
    case done = 0
    /// Failed.
    case failed = 1
    /// Some source files could not be read, damage was found, or a source is stale.
    case incomplete = 3
    /// There is no repository.
    case noRepository = 10
    /// The password or key file is wrong, or there is none.
    case wrongPassword = 12
    /// The command line is wrong.
    case usage = 64
    /// Interrupted by a signal.
    case interrupted = 130
}

/// Why the command ends early.
struct Failure: Error {
    /// What the process says.
    let status: ExitStatus
    /// What happened and what to do about it.
    let message: String

    /// Makes a failure.
    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    /// A mistake in the command line.
    static func usage(_ message: String) -> Failure { Failure(.usage, message) }

    /// The engine's failure.
    init(_ error: CairnError) {
        switch error.code {
        case .noRepository: status = .noRepository
        case .wrongKey: status = .wrongPassword
        case .cancelled: status = .interrupted
        default: status = .failed
        }
        message = error.description
    }

    /// Any error.
    init(any error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as CairnError: self = Failure(error)
        case let error as StoreError: self = Failure(.failed, "the store failed: \(error)")
        default: self = Failure(.failed, "\(error)")
        }
    }
}
