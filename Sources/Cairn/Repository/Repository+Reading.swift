internal import CairnCore
public import CairnFormat
internal import CairnIO

extension Repository {
    /// Restores what the request names.
    ///
    /// Whatever cannot be restored is reported and listed in the summary, and the rest goes on; a
    /// file that misses any byte is left out, never written wrongly. A full target ends the job
    /// with `.outOfSpace`; what was written by then is right.
    public func restore(_ request: RestoreRequest) -> Operation<RestoreSummary> {
        Operation("cairn-restore") { [records] context throws(CairnError) in
            try RestoreRun.run(records, request, context: context)
        }
    }

    /// The snapshot that a text names: `latest`, `latest~N` (N before the latest), or the beginning
    /// of an ID or of its random half, at least four digits.
    ///
    /// - Parameter filter: Which snapshots `latest` is chosen from.
    /// - Throws: `.notFound`; `.invalidRequest` where several snapshots are named.
    public func snapshot(
        _ text: String,
        filter: SnapshotFilter = SnapshotFilter()
    ) async throws(CairnError) -> Snapshot {
        try SnapshotSelector.choose(text, filter: filter, among: try await snapshots().snapshots)
    }

    /// Visits entries of a snapshot, in order, folders before what is in them.
    ///
    /// - Parameters:
    ///   - path: A folder, whose entries are visited, or anything else, which is visited itself;
    ///     the empty path and `/` are the root.
    ///   - isRecursive: Whether to visit what lies deeper, too.
    ///   - visit: Runs on the job's thread; what it throws stops the job.
    /// - Returns: How many entries were visited. A folder that cannot be read is reported, and the
    ///   job fails with `.damaged` after visiting the rest.
    public func walk(
        _ snapshot: SessionID,
        path: [UInt8],
        isRecursive: Bool,
        _ visit: @escaping @Sendable (FileEntry) throws(CairnError) -> Void
    ) -> Operation<UInt64> {
        Operation("cairn-walk") { [records] context throws(CairnError) in
            try SnapshotBrowser(records, context)
                .walk(snapshot, path: path, isRecursive: isRecursive, visit)
        }
    }

    /// Visits entries that a pattern matches (Specs/CommandLine.md#exclude-patterns).
    ///
    /// - Parameters:
    ///   - caseless: Whether upper and lower case are alike.
    ///   - snapshots: Where to look, in this order.
    /// - Returns: How many entries were found.
    public func find(
        _ patterns: [[UInt8]],
        caseless: Bool,
        in snapshots: [SessionID],
        _ visit: @escaping @Sendable (SessionID, FileEntry) throws(CairnError) -> Void
    ) -> Operation<UInt64> {
        Operation("cairn-find") { [records] context throws(CairnError) in
            try SnapshotBrowser(records, context)
                .find(patterns, caseless: caseless, in: snapshots, visit)
        }
    }

    /// Visits what differs between two snapshots, in the order of a walk.
    ///
    /// - Parameter path: The part to compare; the empty path and `/` are everything.
    public func compare(
        _ a: SessionID,
        _ b: SessionID,
        path: [UInt8],
        _ visit: @escaping @Sendable (Difference) throws(CairnError) -> Void
    ) -> Operation<ComparisonSummary> {
        Operation("cairn-compare") { [records] context throws(CairnError) in
            try SnapshotBrowser(records, context).compare(a, b, path: path, visit)
        }
    }

    /// Hands the bytes of a regular file to a sink, holes as zeros.
    ///
    /// - Returns: How many bytes there were.
    public func read(
        _ snapshot: SessionID,
        file path: [UInt8],
        into sink: any ByteSink
    ) -> Operation<UInt64> {
        Operation("cairn-read") { [records] context throws(CairnError) in
            try SnapshotBrowser(records, context).read(snapshot, file: path, into: sink)
        }
    }

    /// Hands the bytes of a regular file to a sink, or a tar archive (POSIX.1-2001 pax) of a folder
    /// and all that is in it.
    ///
    /// In the archive paths are those in the snapshot without the first slash, a further name of a
    /// file is a hard link, holes are zeros. Damage ends the job with `.damaged`, and the archive
    /// then has no end.
    ///
    /// - Parameter path: The empty path and `/` are the root.
    /// - Returns: How many bytes there were.
    public func dump(
        _ snapshot: SessionID,
        path: [UInt8],
        into sink: any ByteSink
    ) -> Operation<UInt64> {
        Operation("cairn-read") { [records] context throws(CairnError) in
            try SnapshotBrowser(records, context).dump(snapshot, path: path, into: sink)
        }
    }

    /// Hands the bytes of an object, or a range of them, to a sink.
    ///
    /// - Returns: How many bytes there were.
    public func readObject(
        _ object: ObjectReference,
        range: Range<UInt64>? = nil,
        into sink: any ByteSink
    ) -> Operation<UInt64> {
        Operation("cairn-read") { [records] context throws(CairnError) in
            try SnapshotBrowser(records, context).read(object, range, into: sink)
        }
    }
}
