internal import CairnCore
internal import CairnFormat
internal import CairnIO
internal import Synchronization

/// A further name of a file that is restored under its first name.
struct WaitingLink: Sendable {
    let directory: RestoredDirectory
    let name: FileName
    let isReplacing: Bool
}

/// The names of one file: the first is restored, the others are linked to it.
final class LinkGroup: Sendable {
    private enum State: Sendable {
        case waiting([WaitingLink])
        case restored(LinkSource)
        case failed
    }
    private let state = Mutex(State.waiting([]))
    private let target: RestoreTarget
    private let size: UInt64
    private let isFile: Bool

    init(target: RestoreTarget, size: UInt64, isFile: Bool) {
        self.target = target
        self.size = size
        self.isFile = isFile
    }

    /// Links a name now, or as soon as the first one is there.
    func add(_ link: WaitingLink) {
        link.directory.hold()
        let now = state.withLock { state -> State? in
            guard case .waiting(var links) = state else { return state }
            links.append(link)
            state = .waiting(links)
            return nil
        }
        if let now { make([link], now) }
    }

    /// The first name is there.
    func resolve(_ source: LinkSource) {
        settle(.restored(source))
    }

    /// The first name could not be restored.
    func fail() {
        settle(.failed)
    }

    private func settle(_ outcome: State) {
        let links = state.withLock { state -> [WaitingLink] in
            guard case .waiting(let links) = state else { return [] }
            state = outcome
            return links
        }
        make(links, outcome)
    }

    private func make(_ links: [WaitingLink], _ outcome: State) {
        for link in links {
            let path = link.directory.path(of: link.name)
            switch outcome {
            case .restored(let source): make(link, source, path)
            case .waiting, .failed:
                target.counters.report(
                    Problem(
                        path: path,
                        reason: .unreadable,
                        text: "the file it is a hard link to was not restored"
                    )
                )
            }
            link.directory.release(target)
        }
    }

    private func make(_ link: WaitingLink, _ source: LinkSource, _ path: [UInt8]) {
        do throws(FileFailure) {
            guard let folder = try link.directory.open(target.tree) else { return }
            try folder.hardLink(
                link.name,
                to: source,
                replacing: link.isReplacing ? .replace : .refuse
            )
            if isFile {
                target.counters.wrote(bytes: Int(clamping: size))
                target.counters.restored(path, bytes: size, replaced: link.isReplacing)
            } else {
                target.counters.other(path, action: link.isReplacing ? .updated : .restored)
            }
        } catch {
            target.report(error, at: path)
        }
    }
}
