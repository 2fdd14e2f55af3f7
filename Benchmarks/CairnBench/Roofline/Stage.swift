/// A part of a job that is measured alone.
enum Stage: Int, CaseIterable {
    /// What turns files into packs, in its order.
    case walk, read, chunk, identify, compress, seal, verify, write
    /// What turns packs into files, in its order.
    case readPacks, open, decompress, identifyAgain, createFiles

    /// What people read.
    var name: String {
        switch self {
        case .walk: "walk: list and stat"
        case .read: "read files, warm"
        case .chunk: "chunk"
        case .identify: "identify, in lanes"
        case .compress: "compress, auto,3"
        case .seal: "seal, AES-256-GCM"
        case .verify: "verify before writing"
        case .write: "write and sync packs"
        case .readPacks: "read packs, warm"
        case .open: "decrypt"
        case .decompress: "decompress"
        case .identifyAgain: "identify what was decompressed"
        case .createFiles: "create and write files"
        }
    }
}

/// The time of each stage.
struct StageTimes: Sendable {
    private var spent = [Spent](repeating: Spent(), count: Stage.allCases.count)

    /// The time of one stage.
    subscript(stage: Stage) -> Spent {
        get { spent[stage.rawValue] }
        _modify { yield &spent[stage.rawValue] }
    }

    /// Adds the times of a thread that ran beside others: what passed on all of them at once
    /// counts once.
    mutating func add(lane: StageTimes) {
        for stage in Stage.allCases {
            let time = lane[stage]
            self[stage].wall += time.wall / Double(Lanes.count)
            self[stage].processor += time.processor
        }
    }

    /// Adds times as they are.
    mutating func add(_ other: StageTimes) {
        for stage in Stage.allCases { self[stage] = self[stage] + other[stage] }
    }
}

extension EngineBench.Job {
    /// What the job cannot do without.
    var stages: [Stage] {
        switch self {
        case .first: [.walk, .read, .chunk, .identify, .compress, .seal, .verify, .write]
        case .reread: [.walk, .read, .chunk, .identify]
        case .unchanged: [.walk]
        case .restore: [.readPacks, .open, .decompress, .identifyAgain, .createFiles]
        case .check: [.readPacks, .open, .decompress, .identifyAgain]
        }
    }
}
