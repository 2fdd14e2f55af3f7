internal import Cairn
internal import FoundationEssentials

/// A cleanup's plan as a file of JSON.
enum PlanFile {
    /// No pack is larger; what says so is no plan of ours.
    private static let packSizeMax: UInt64 = 1 << 30
    /// The most packs of a plan.
    private static let packCountMax = 1 << 22
    /// The most bytes of a plan that is read.
    private static let sizeMax = 256 << 20

    /// Writes a plan.
    static func write(_ plan: CleanupPlan, _ path: [UInt8]) throws(Failure) {
        let text = JSON.object(PlanText.members(plan)).text + "\n"
        do {
            try Descriptor.replace(path, with: Array(text.utf8))
        } catch {
            throw Failure(
                .failed,
                "cannot write the plan to \(PathText.escaped(path)): \(error.description)"
            )
        }
    }

    /// Reads a plan.
    static func read(_ path: [UInt8]) throws(Failure) -> CleanupPlan {
        let bytes: [UInt8]
        do {
            bytes = try Descriptor.contents(of: path, sizeMax: sizeMax)
        } catch {
            throw Failure(
                .failed,
                "cannot read the plan in \(PathText.escaped(path)): \(error.description)"
            )
        }
        let members = try? JSONDecoder().decode(Members.self, from: Data(bytes))
        guard let plan = members.flatMap({ PlanFile.plan($0) }) else {
            throw Failure(.failed, "\(PathText.escaped(path)) holds no plan of a cleanup")
        }
        return plan
    }

    /// What is read of a plan.
    private struct Members: Decodable {
        let messageType: String
        let repository: String
        let basis: String
        let packs: [PackMembers]
        let snapshots: Int?
        let scratchSize: UInt64?

        enum CodingKeys: String, CodingKey {
            case repository, basis, packs, snapshots
            case messageType = "message_type"
            case scratchSize = "scratch_size"
        }
    }

    /// What is read of a pack.
    private struct PackMembers: Decodable {
        let id: String
        let action: String
        let reason: String
        let size: UInt64
        let usedSize: UInt64
        let chunks: Int?
        let usedChunks: Int?

        enum CodingKeys: String, CodingKey {
            case id, action, reason, size, chunks
            case usedSize = "used_size"
            case usedChunks = "used_chunks"
        }
    }

    private static func plan(_ members: Members) -> CleanupPlan? {
        guard members.messageType == "plan", members.packs.count <= packCountMax,
            let repository = RepositoryID(members.repository)
        else { return nil }
        var packs: [CleanupPlan.Pack] = []
        for item in members.packs {
            guard let pack = pack(item) else { return nil }
            packs.append(pack)
        }
        return CleanupPlan(
            repository: repository,
            basis: members.basis,
            packs: CleanupPlan.PackList(packs),
            snapshots: members.snapshots ?? 0,
            scratchSize: members.scratchSize ?? 0
        )
    }

    private static func pack(_ members: PackMembers) -> CleanupPlan.Pack? {
        let name = members.id.split(separator: "-")
        guard name.count == 2, let session = SessionID(String(name[0])), name[1].utf8.count == 8,
            let number = UInt32(name[1], radix: 16),
            let action = CleanupPlan.Action(rawValue: members.action),
            let reason = CleanupPlan.Reason(rawValue: members.reason),
            members.size <= packSizeMax, members.usedSize <= packSizeMax
        else { return nil }
        return CleanupPlan.Pack(
            id: PackID(session: session, number: number),
            size: members.size,
            usedSize: members.usedSize,
            chunks: members.chunks ?? 0,
            usedChunks: members.usedChunks ?? 0,
            action: action,
            reason: reason
        )
    }
}

/// What is said of a plan.
enum PlanText {
    /// A plan in JSON: every pack that does not stay, and the sums.
    static func members(_ plan: CleanupPlan) -> [(String, JSON)] {
        let packs = plan.packs.lazy.filter { $0.action != .keep }.map { pack in
            JSON.object([
                ("id", .string("\(pack.id)")), ("size", .unsigned(pack.size)),
                ("used_size", .unsigned(pack.usedSize)), ("chunks", .count(pack.chunks)),
                ("used_chunks", .count(pack.usedChunks)),
                ("action", .string(pack.action.rawValue)),
                ("reason", .string(pack.reason.rawValue)),
            ])
        }
        return [
            ("message_type", "plan"), ("repository", .string(plan.repository.text)),
            ("basis", .string(plan.basis)), ("snapshots", .count(plan.snapshots)),
            ("packs_total", .count(plan.packs.count)), ("total_size", .unsigned(plan.size)),
            ("used_size", .unsigned(plan.usedSize)),
            ("packs_kept", .count(plan.packs(.keep).count)),
            ("packs_deleted", .count(plan.packs(.delete).count)),
            ("packs_rewritten", .count(plan.packs(.rewrite).count)),
            ("bytes_freed", .unsigned(plan.freedSize)),
            ("bytes_read", .unsigned(plan.readSize)),
            ("bytes_written", .unsigned(plan.writtenSize)),
            ("bytes_unused_after", .unsigned(plan.unusedSizeAfter)),
            ("scratch_size", .unsigned(min(plan.scratchSize, plan.writtenSize))),
            ("packs", .array(Array(packs))),
        ]
    }

    /// Shows a plan.
    static func show(_ plan: CleanupPlan, _ output: Output) {
        if output.isJSON { return output.json(members(plan)) }
        let orphans = plan.packs.lazy.filter { $0.reason == .orphan }
        let snapshots = Units.count(plan.snapshots, "snapshot")
        let lines: [(String, String)] = [
            ("Packs", "\(plan.packs.count) with \(Units.bytes(plan.size))"),
            ("Needed", "\(Units.bytes(plan.usedSize)) by \(snapshots)"),
            ("To delete", words(plan.packs(.delete))),
            ("of them orphans", words(orphans)),
            ("To rewrite", words(plan.packs(.rewrite))),
            ("Copied", Units.bytes(plan.writtenSize)),
            ("Freed", "about \(Units.bytes(plan.freedSize))"),
            ("Unused after", "about \(Units.bytes(plan.unusedSizeAfter))"),
        ]
        for (name, value) in lines {
            output.line(name + String(repeating: " ", count: 18 - name.count) + value)
        }
    }

    private static func words(_ packs: some Collection<CleanupPlan.Pack>) -> String {
        "\(packs.count) with \(Units.bytes(packs.reduce(0) { $0 + $1.size }))"
    }
}
