internal import CairnFormat
package import CairnIO

/// A request's source, checked: every path is there.
package enum SourceSet: Sendable {
    case paths(SourceRoots, [[UInt8]])
    case stream(FileName, any ByteSource)

    /// Checks the source.
    ///
    /// - Throws: `.source` where a path does not exist, `.invalidRequest` for a name that is none.
    package init(_ source: BackupRequest.Source) throws(CairnError) {
        switch source {
        case .stream(let name, let stream):
            guard FileName.isValid(name) else {
                throw CairnError(
                    .invalidRequest,
                    "\(PathText.escaped(name)) cannot be the name of a file"
                )
            }
            self = .stream(name, stream)
        case .paths(let paths):
            guard !paths.isEmpty else {
                throw CairnError(.invalidRequest, "there is nothing to back up; name a path")
            }
            let roots = try SourceRoots(paths)
            for path in roots.sources { try SourceSet.expect(path) }
            self = .paths(roots, roots.sources)
        }
    }

    /// What the snapshot records as its paths.
    package var paths: [[UInt8]] {
        switch self {
        case .paths(_, let paths): paths
        case .stream(let name, _): [[UInt8(ascii: "/")] + name]
        }
    }

    private static func expect(_ path: [UInt8]) throws(CairnError) {
        guard path.count > 1 else { return }
        let slash = path.lastIndex(of: UInt8(ascii: "/")) ?? 0
        do {
            let parent = try SourceDirectory.open(
                path: slash == 0 ? [path[0]] : Array(path[..<slash])
            )
            _ = try parent.metadata(of: FileName(path[(slash + 1)...]))
        } catch {
            throw CairnError(
                .source,
                "cannot back up \(PathText.escaped(path)): \(error.reason)",
                cause: error
            )
        }
    }
}

extension SourceRoots {
    /// The paths to back up, shortest form, ascending.
    package var sources: [[UInt8]] {
        var found: [[UInt8]] = []
        func collect(_ node: Node, _ path: [UInt8]) {
            if node.isSource { found.append(path.isEmpty ? [UInt8(ascii: "/")] : path) }
            for (name, child) in node.sortedChildren {
                collect(child, path + [UInt8(ascii: "/")] + name)
            }
        }
        collect(root, [])
        return found.sorted { $0.lexicographicallyPrecedes($1) }
    }
}

extension BackupRequest {
    /// The tags in the order the format wants, each once.
    package func sortedTags() throws(CairnError) -> [[UInt8]] {
        guard tags.count <= SnapshotRecord.tagCountMax,
            tags.allSatisfy({ !$0.isEmpty && $0.count <= SnapshotRecord.tagSizeMax })
        else {
            throw CairnError(.invalidRequest, "tags have 1 to 256 bytes, and there are 256 at most")
        }
        return Set(tags).sorted { $0.lexicographicallyPrecedes($1) }
    }
}

extension SnapshotRecord {
    /// Fills in who made the snapshot, when and why.
    package mutating func describe(
        _ request: BackupRequest,
        _ core: RepositoryCore
    ) throws(CairnError) {
        let system = core.environment.host
        guard request.description.count <= SnapshotRecord.descriptionSizeMax else {
            throw CairnError(.invalidRequest, "a description has 4,096 bytes at most")
        }
        started = request.time ?? 0
        host = Array((request.host ?? Array(system.hostName.utf8)).prefix(FormatLimits.nameSizeMax))
        user = Array(system.userName.utf8.prefix(FormatLimits.nameSizeMax))
        userID = system.userID
        groupID = system.groupID
        tags = try request.sortedTags()
        description = request.description
        programVersion = Array(CairnVersion.text.utf8)
    }
}

/// The version of this engine.
public enum CairnVersion {
    /// As recorded in snapshots and shown by `cairn version`.
    public static let text = "0.1.0"
}
