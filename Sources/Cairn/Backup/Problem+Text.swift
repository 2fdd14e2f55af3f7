internal import CairnCore
public import CairnFormat
package import CairnIO

extension Problem {
    /// Makes a problem, shortened to what the format allows.
    package init(path: [UInt8], reason: Reason, text: String) {
        self.init(
            reason: reason,
            path: Array(path.prefix(Problem.pathSizeMax)),
            message: Array(text.utf8.prefix(Problem.messageSizeMax))
        )
    }

    /// Describes a failure of the file system at `path`.
    package init(path: [UInt8], _ failure: FileFailure) {
        let reason: Reason
        if failure.isVanished {
            reason = .vanished
        } else if failure.isReplaced {
            reason = .replacedWhileOpening
        } else {
            reason = .unreadable
        }
        self.init(path: path, reason: reason, text: failure.reason)
    }

    /// Says that a file went on changing while it was read.
    package static func changed(_ path: [UInt8]) -> Problem {
        Problem(path: path, reason: .changedWhileRead, text: "changed while it was read")
    }

    /// The same trouble at another path.
    package func moved(to path: [UInt8]) -> Problem {
        Problem(
            reason: reason,
            path: Array(path.prefix(Problem.pathSizeMax)),
            message: message
        )
    }

    /// The system's words.
    public var text: String { String(decoding: message, as: UTF8.self) }
}
