internal import Cairn

/// Snapshots as the rules of retention see them, and what the rules say.
enum RetentionText {
    /// Bytes as text that equals other text only where the bytes are equal.
    static func text(_ bytes: [UInt8]) -> String {
        String(validating: bytes, as: UTF8.self) ?? PathText.escaped(bytes)
    }

    /// The snapshot as a candidate.
    static func candidate(_ snapshot: Snapshot) -> RetentionCandidate {
        RetentionCandidate(
            id: snapshot.id.text,
            time: snapshot.time,
            host: text(snapshot.host),
            paths: snapshot.paths,
            tags: snapshot.tags.filter { $0 != Snapshot.pinTag }.map(text),
            isComplete: snapshot.isComplete,
            isPinned: snapshot.isPinned
        )
    }

    /// The zone whose calendar this machine keeps.
    static var zone: TimeZoneRules {
        var path = Array("/etc/localtime".utf8)
        if let name = Variables.bytes("TZ") {
            let isFile = name.first == UInt8(ascii: ":")
            let file = isFile ? Array(name.dropFirst()) : name
            let isAbsolute = file.first == UInt8(ascii: "/")
            path = isAbsolute ? file : Array("/usr/share/zoneinfo/".utf8) + file
        }
        if let bytes = try? Descriptor.contents(of: path, sizeMax: 1 << 20),
            let rules = try? TimeZoneRules(decoding: bytes.span)
        {
            return rules
        }
        return TimeZoneRules(secondsFromUTC: TimeText.offsetNow) ?? .utc
    }

    /// A group in JSON, with restic's names.
    static func json(_ group: RetentionGroup, _ snapshots: [String: Snapshot]) -> JSON {
        func document(_ decision: RetentionDecision) -> JSON {
            guard let snapshot = snapshots[decision.candidate.id] else { return .null }
            return .object(SnapshotText.members(snapshot))
        }
        let kept = group.decisions.filter(\.isKept)
        let removed = group.decisions.filter { !$0.isKept }
        let reasons = kept.map { decision in
            JSON.object([
                ("snapshot", document(decision)),
                ("matches", .array(decision.reasons.map { .string($0.description) })),
            ])
        }
        let tags = group.key.tags.map { JSON.array($0.map { .string($0) }) } ?? .null
        return .object(
            [("tags", tags), ("host", .string(group.key.host ?? ""))]
                + (group.key.paths.map { JSON.bytes("paths", list: $0) } ?? [("paths", .null)])
                + [
                    ("keep", .array(kept.map(document))), ("remove", .array(removed.map(document))),
                    ("reasons", .array(reasons)),
                ]
        )
    }

    /// A group as a table.
    static func lines(_ group: RetentionGroup, _ snapshots: [String: Snapshot]) -> [String] {
        var parts: [String] = []
        if let host = group.key.host { parts.append("host \(PathText.escaped(Array(host.utf8)))") }
        if let paths = group.key.paths {
            parts.append("paths " + paths.map(PathText.escaped).joined(separator: ", "))
        }
        if let tags = group.key.tags {
            parts.append("tags " + tags.joined(separator: ", "))
        }
        var table = Table([("", .left), ("ID", .left), ("Time", .left), ("Kept as", .left)])
        for decision in group.decisions {
            guard let snapshot = snapshots[decision.candidate.id] else { continue }
            table.add([
                decision.isKept ? "keep" : "remove", snapshot.id.short,
                TimeText.local(snapshot.time),
                decision.reasons.map(\.description).joined(separator: ", "),
            ])
        }
        let title = parts.isEmpty ? [] : ["Snapshots of " + parts.joined(separator: ", ") + ":"]
        return title + table.lines
    }
}
