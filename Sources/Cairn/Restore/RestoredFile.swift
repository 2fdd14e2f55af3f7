internal import CairnCore
internal import CairnFormat
internal import CairnIO
internal import Synchronization

/// A regular file on its way to the target.
///
/// The planner and every piece that is to be written hold it; when the last lets go, the file gets
/// its metadata and its name. A file that misses any byte is never given its name.
final class RestoredFile: Sendable {
    private struct State: Sendable {
        var file: TargetFile?
        var holds = 1
        var hasFailed = false
    }

    let directory: RestoredDirectory
    let entry: TreeEntry
    let attributes: FileAttributes
    /// Whether something is there that it takes the place of.
    let isReplacing: Bool
    private let group: LinkGroup?
    private let sparse: SparseMap?
    private let ordinal: UInt64
    private let target: RestoreTarget
    private let state = Mutex(State())

    /// Makes a file, which holds its folder until it is done.
    init(
        _ entry: TreeEntry,
        in directory: RestoredDirectory,
        attributes: FileAttributes,
        isReplacing: Bool,
        group: LinkGroup?,
        ordinal: UInt64,
        target: RestoreTarget
    ) {
        self.entry = entry
        self.directory = directory
        self.attributes = attributes
        self.isReplacing = isReplacing
        self.group = group
        self.ordinal = ordinal
        self.target = target
        if case .regular(_, let layout?) = entry.node {
            sparse = SparseMap(layout)
        } else {
            sparse = nil
        }
        directory.hold()
    }

    /// The path in the snapshot.
    var path: [UInt8] { directory.path(of: entry.name) }

    /// Whether it will not be published any more.
    var hasFailed: Bool { state.withLock { $0.hasFailed } }

    /// One more piece is to be written.
    func hold() {
        state.withLock { $0.holds += 1 }
    }

    /// Writes content.
    ///
    /// - Parameter offset: Where it belongs in the content, holes not counted.
    func write(_ bytes: Span<UInt8>, at offset: UInt64) throws(CairnError) {
        do throws(FileFailure) {
            guard let file = try opened() else { return }
            if let sparse {
                try sparse.write(bytes, at: offset, makesHoles: target.makesHoles, to: file)
            } else if target.makesHoles {
                try file.writeSkippingZeros(bytes, at: offset)
            } else {
                try file.write(bytes, at: offset)
            }
            target.counters.wrote(bytes: bytes.count)
        } catch {
            try fail(error)
        }
    }

    /// The file, created by whoever comes first; nil once it has failed.
    private func opened() throws(FileFailure) -> TargetFile? {
        try state.withLock { state throws(FileFailure) in
            if let file = state.file { return file }
            if state.hasFailed { return nil }
            guard let folder = try directory.open(target.tree) else { return nil }
            let file = try folder.createFile(
                entry.name,
                replacing: isReplacing ? .replace : .refuse
            )
            if sparse != nil || target.makesHoles, entry.logicalSize > 0 {
                try file.setSize(entry.logicalSize)
            }
            state.file = file
            return file
        }
    }

    /// Gives the file up because of the target.
    ///
    /// - Throws: `.outOfSpace`, which ends the restore.
    func fail(_ failure: FileFailure) throws(CairnError) {
        if markFailed() { target.report(failure, at: path) }
        guard !failure.isOutOfSpace else {
            throw CairnError(
                .outOfSpace,
                "the target is full at \(PathText.escaped(path)); free some space and "
                    + "run the restore again with --overwrite if-changed",
                cause: failure
            )
        }
    }

    /// Gives the file up because its content cannot be had.
    func fail(_ error: CairnError) {
        guard markFailed() else { return }
        target.counters.report(Problem(path: path, reason: .unreadable, text: error.message))
    }

    private func markFailed() -> Bool {
        let (isFirst, dropped) = state.withLock { state in
            let dropped = state.file
            state.file = nil  // removes what was written
            defer { state.hasFailed = true }
            return (!state.hasFailed, dropped)
        }
        _ = dropped
        return isFirst
    }

    /// Lets the file go; the last to do so finishes it.
    func release() throws(CairnError) {
        let isLast = state.withLock { state in
            state.holds -= 1
            return state.holds == 0
        }
        guard isLast else { return }
        defer { directory.release(target) }
        do throws(FileFailure) {
            guard let file = try opened() else {
                group?.fail()
                return
            }
            let created = try file.finish(attributes, policy: target.policy(for: attributes))
            state.withLock { $0.file = nil }
            for failure in created.problems { target.report(failure, at: path) }
            target.counters.restored(path, bytes: entry.logicalSize, replaced: isReplacing)
            target.marks?.insert(ordinal)
            if let group, let folder = try directory.open(target.tree) {
                group.resolve(
                    LinkSource(
                        directory: folder.path,
                        name: entry.name,
                        identity: created.identity
                    )
                )
            }
        } catch {
            group?.fail()
            try fail(error)
        }
    }
}

extension SparseMap {
    fileprivate func write(
        _ bytes: Span<UInt8>,
        at offset: UInt64,
        makesHoles: Bool,
        to file: TargetFile
    ) throws(FileFailure) {
        try forEach(offset..<offset + UInt64(bytes.count)) { range, place throws(FileFailure) in
            let part = bytes.extracting(
                Int(range.lowerBound - offset)..<Int(range.upperBound - offset)
            )
            if makesHoles {
                try file.writeSkippingZeros(part, at: place)
            } else {
                try file.write(part, at: place)
            }
        }
    }
}

extension TargetFile {
    /// The size of the blocks that become holes where they are all zeros.
    private static let holeSize = 4096

    /// Writes all but aligned blocks of zeros.
    fileprivate func writeSkippingZeros(
        _ bytes: Span<UInt8>,
        at offset: UInt64
    ) throws(FileFailure) {
        let holeSize = TargetFile.holeSize
        var start = 0  // of what is to be written
        var position = 0
        while position < bytes.count {
            let into = Int((offset + UInt64(position)) % UInt64(holeSize))
            let end = min(position + holeSize - into, bytes.count)
            if TargetFile.isZero(bytes.extracting(position..<end)) {
                if start < position {
                    try write(bytes.extracting(start..<position), at: offset + UInt64(start))
                }
                start = end
            }
            position = end
        }
        if start < bytes.count {
            try write(bytes.extracting(start..<bytes.count), at: offset + UInt64(start))
        }
    }

    private static func isZero(_ bytes: Span<UInt8>) -> Bool {
        guard bytes.count >= 8, bytes[0] == 0, bytes[bytes.count - 1] == 0 else {
            for index in bytes.indices where bytes[index] != 0 { return false }
            return true
        }
        return unsafe bytes.withUnsafeBytes { raw in
            var position = 0
            while position + 8 <= raw.count {
                let word = unsafe raw.loadUnaligned(fromByteOffset: position, as: UInt64.self)
                if word != 0 { return false }
                position += 8
            }
            return unsafe raw.loadUnaligned(fromByteOffset: raw.count - 8, as: UInt64.self) == 0
        }
    }
}
