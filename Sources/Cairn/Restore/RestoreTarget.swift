internal import CairnCore
internal import CairnFormat
internal import CairnIO
internal import Synchronization

/// Where a restore writes, and under which rules.
final class RestoreTarget: Sendable {
    /// Nil where a dry run found no target.
    let tree: TargetTree?
    let isDryRun: Bool
    let counters: RestoreCounters
    let makesHoles: Bool
    /// The files restored so far, where they are to be read back.
    let marks: OrdinalSet?
    private let isPrivileged: Bool
    private let userID: UInt32
    private let groupID: UInt32
    private let setsPrivilegedAttributes: Bool

    init(
        _ tree: TargetTree?,
        request: RestoreRequest,
        host: any HostSource,
        counters: RestoreCounters
    ) {
        self.tree = tree
        self.counters = counters
        isDryRun = request.isDryRun
        makesHoles = request.makesHoles
        marks = request.verifies && !request.isDryRun ? OrdinalSet() : nil
        userID = host.userID
        groupID = host.groupID
        isPrivileged = host.userID == 0
        setsPrivilegedAttributes = request.restoresPrivilegedAttributes
    }

    /// What may be set: owners always by root, by others only where it changes something.
    func policy(for attributes: FileAttributes) -> AttributePolicy {
        AttributePolicy(
            setsOwner: isPrivileged || attributes.userID != userID
                || attributes.groupID != groupID,
            setsSecurity: setsPrivilegedAttributes,
            setsTrusted: setsPrivilegedAttributes
        )
    }

    /// Says that something failed at a path; the restore goes on.
    ///
    /// That others than root cannot give files away is only counted, as it is no failure of the
    /// restore that nobody but root could have done better.
    func report(_ failure: FileFailure, at path: [UInt8]) {
        if failure.operation == .setOwner, failure.isPermission, !isPrivileged {
            return counters.ownerLeft()
        }
        let reason: Problem.Reason
        switch failure.operation {
        case .setOwner, .setMode, .setTimes, .setAttributes: reason = .metadataIncomplete
        default: reason = failure.isReplaced ? .replacedWhileOpening : .unreadable
        }
        counters.report(
            Problem(path: path, reason: reason, text: "\(failure)")
        )
    }
}

/// A set of small numbers in a bit each; any thread may use it.
final class OrdinalSet: Sendable {
    private let words = Mutex<[UInt64]>([])

    func insert(_ ordinal: UInt64) {
        let (word, bit) = (Int(ordinal >> 6), ordinal & 63)
        words.withLock { words in
            while words.count <= word { words.append(0) }
            words[word] |= 1 << bit
        }
    }

    func contains(_ ordinal: UInt64) -> Bool {
        let (word, bit) = (Int(ordinal >> 6), ordinal & 63)
        return words.withLock { $0.count > word && $0[word] & 1 << bit != 0 }
    }
}

extension RestoreTarget {
    /// Why a restore ends when its target is full.
    static func isFull(_ failure: FileFailure, at path: [UInt8]) -> CairnError {
        CairnError(
            .outOfSpace,
            "the target is full at \(PathText.escaped(path)); free some space and run the "
                + "restore again with --overwrite if-changed",
            cause: failure
        )
    }
}
