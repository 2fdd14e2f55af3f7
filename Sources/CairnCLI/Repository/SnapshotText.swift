internal import Cairn

extension SessionID {
    /// The part of the ID that people see and type: eight digits of its random part, because the
    /// first digits are the same for all snapshots of one writer.
    var short: String {
        String(text.dropFirst(24).prefix(8))
    }
}

/// A snapshot in words and in JSON.
enum SnapshotText {
    /// Members of a snapshot's JSON object, with restic's names.
    static func members(_ snapshot: Snapshot) -> [(String, JSON)] {
        var members: [(String, JSON)] = [("time", .time(snapshot.time))]
        if let parent = snapshot.parent { members.append(("parent", .string(parent.text))) }
        members.append(("tree", .string("\(snapshot.tree)")))
        members += JSON.bytes("paths", list: snapshot.paths)
        members += JSON.bytes("hostname", snapshot.host)
        members += JSON.bytes("username", snapshot.user)
        members.append(("uid", .unsigned(UInt64(snapshot.userID))))
        members.append(("gid", .unsigned(UInt64(snapshot.groupID))))
        if !snapshot.tags.isEmpty { members += JSON.bytes("tags", list: snapshot.tags) }
        if !snapshot.description.isEmpty {
            members += JSON.bytes("description", snapshot.description)
        }
        if let original = snapshot.original {
            members.append(("original", .string(original.text)))
        }
        members.append(("program_version", .string(snapshot.program)))
        members.append(("problem_count", .count(snapshot.problemCount)))
        members.append(("summary", .object(summary(snapshot))))
        members.append(("id", .string(snapshot.id.text)))
        members.append(("short_id", .string(snapshot.id.short)))
        return members
    }

    private static func summary(_ snapshot: Snapshot) -> [(String, JSON)] {
        [("backup_start", .time(snapshot.time)), ("backup_end", .time(snapshot.finished))]
            + counts(snapshot.statistics)
    }

    /// The counts of a backup, with restic's names.
    static func counts(_ counts: SnapshotStatistics) -> [(String, JSON)] {
        [
            ("files_new", .unsigned(counts.filesNew)),
            ("files_changed", .unsigned(counts.filesChanged)),
            ("files_unmodified", .unsigned(counts.filesUnmodified)),
            ("dirs_new", .unsigned(counts.directoriesNew)),
            ("dirs_changed", .unsigned(counts.directoriesChanged)),
            ("dirs_unmodified", .unsigned(counts.directoriesUnmodified)),
            ("data_blobs", .unsigned(counts.chunksAdded)),
            ("data_added", .unsigned(counts.bytesAdded)),
            ("data_added_packed", .unsigned(counts.bytesStored)),
            ("total_files_processed", .unsigned(counts.files)),
            ("total_bytes_processed", .unsigned(counts.bytes)),
        ]
    }

    /// Snapshots as a table.
    static func table(_ snapshots: [Snapshot], compact: Bool) -> Table {
        var columns: [(String, Table.Alignment)] = [
            ("ID", .left), ("Time", .left), ("Host", .left), ("Tags", .left),
        ]
        if !compact { columns += [("Paths", .left), ("Size", .right), ("Added", .right)] }
        var table = Table(columns)
        for snapshot in snapshots {
            var row = [
                snapshot.id.short + (snapshot.isComplete ? "" : "!"),
                TimeText.local(snapshot.time), PathText.escaped(snapshot.host),
            ]
            let tags = snapshot.tags.map(PathText.escaped)
            row.append(tags.joined(separator: compact ? "," : "\n"))
            if !compact {
                row.append(snapshot.paths.map(PathText.escaped).joined(separator: "\n"))
                row.append(Units.bytes(snapshot.statistics.bytes))
                row.append(Units.bytes(snapshot.statistics.bytesAdded))
            }
            table.add(row)
        }
        return table
    }

    /// What is said of snapshot records that cannot be read.
    static func warn(_ damaged: [String: String], _ output: Output) {
        for (name, reason) in damaged.sorted(by: { $0.key < $1.key }) {
            output.warning("snapshot record \(name) cannot be read: \(reason)")
        }
    }
}
