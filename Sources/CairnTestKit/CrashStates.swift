internal import Glibc
internal import Synchronization

/// A name in a folder.
package struct CrashPlace: Hashable, Sendable {
    /// The folder; "" for the root.
    package let folder: String
    /// The name in it.
    package let name: String
}

/// One effect of a call on a file system.
package enum CrashEffect: Hashable, Sendable {
    /// A file came to be, empty and without a name.
    case makeFile(Int)
    /// Bytes were written to a file at an offset.
    case write(Int, Int, [UInt8])
    /// A file got at least this size.
    case resize(Int, Int)
    /// What was written to a file became durable.
    case syncData(Int)
    /// A sync of a file failed: what was written before may be gone, whatever later syncs say.
    case failedSyncData(Int)
    /// A file got a name.
    case link(Int, CrashPlace)
    /// A name was removed.
    case unlink(CrashPlace)
    /// A folder came to be in the root.
    case makeFolder(String)
    /// The entries of a folder became durable.
    case syncFolder(String)
    /// A sync of a folder failed.
    case failedSyncFolder(String)
}

/// Files and folders, as they are or as a crash left them.
package struct CrashDisk: Hashable, Sendable {
    /// Per folder the number of the file that each name leads to.
    package var folders: [String: [String: Int]] = ["": [:]]
    /// The bytes of each file.
    package var files: [Int: [UInt8]] = [:]
    /// The highest number given to a file.
    package var lastFile = 0

    /// Makes an empty root folder.
    package init() {}

    /// The bytes behind a name, or nil where there is nothing of that name.
    package func bytes(_ folder: String, _ name: String) -> [UInt8]? {
        folders[folder]?[name].flatMap { files[$0] }
    }

    /// Whether a file has exactly these bytes.
    package func hasBytes(_ file: Int, _ expected: [UInt8]) -> Bool {
        guard let found = files[file], found.count == expected.count else { return false }
        return unsafe found.withUnsafeBytes { found in
            unsafe expected.withUnsafeBytes { expected in
                guard let a = found.baseAddress, let b = expected.baseAddress else { return true }
                return unsafe memcmp(a, b, found.count) == 0
            }
        }
    }

    subscript(place: CrashPlace) -> Int? { folders[place.folder]?[place.name] }

    mutating func apply(_ effect: CrashEffect) {
        switch effect {
        case .makeFile(let file):
            lastFile = max(lastFile, file)
            files[file] = []
        case .write(let file, let offset, let bytes):
            grow(file, to: offset)
            if files[file]?.count == offset {
                files[file]?.append(contentsOf: bytes)
                return
            }
            grow(file, to: offset + bytes.count)
            files[file]?.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        case .resize(let file, let size): grow(file, to: size)
        case .link(let file, let place): folders[place.folder]?[place.name] = file
        case .unlink(let place): folders[place.folder]?[place.name] = nil
        case .makeFolder(let name): folders[name] = folders[name] ?? [:]
        case .syncData, .syncFolder, .failedSyncData, .failedSyncFolder: break
        }
    }

    private mutating func grow(_ file: Int, to size: Int) {
        let count = files[file]?.count ?? 0
        guard count < size else { return }
        files[file]?.append(contentsOf: [UInt8](repeating: 0, count: size - count))
    }
}

/// One state a disk may be in after a loss of power.
package struct CrashState: Sendable {
    /// The files and folders.
    package let disk: CrashDisk
    /// The notes made by ``CrashingFiles/mark(_:)`` before the loss.
    package let acknowledged: [String]
    /// After how many effects power was lost.
    package let effectCount: Int
}

extension CrashingFiles {
    /// How many un-synced effects are tried in all combinations; above it combinations are drawn.
    package static var exhaustiveCountMax: Int { 8 }
    /// How many combinations are drawn where there are too many.
    package static var sampleCount: Int { 64 }

    /// Calls `body` with every state that a loss of power between two effects may leave, or with a
    /// sample of them.
    ///
    /// After each effect, what was synced is there. Of the others each is there or not, in any
    /// combination, which includes links that reached the disk in another order than they were
    /// made. A write may also be torn after its first 512 or 4096 bytes. With more than 8 such
    /// effects 64 combinations are drawn, all and nothing among them.
    ///
    /// - Returns: How many states there were. Equal ones after different effects count each.
    @discardableResult
    package func forEachCrashState(
        seed: UInt64,
        _ body: (CrashState) throws -> Void
    ) rethrows -> Int {
        let (start, effects, marks) = state.withLock { ($0.start, $0.effects, $0.marks) }
        var random = SeededRandom(seed: seed)
        var count = 0
        for end in 0...effects.count {
            let past = Array(effects[..<end])
            let acknowledged = marks.filter { $0.effectCount <= end }.map(\.note)
            let pending = CrashingFiles.pending(in: past)
            // Everything before the first effect in doubt is the same in all these states.
            let first = pending.first ?? end
            var base = start
            for effect in past[..<first] { base.apply(effect) }
            for choice in CrashingFiles.choices(past, pending, &random) {
                let disk = CrashingFiles.disk(base, past, from: first, choice)
                try body(
                    CrashState(disk: disk, acknowledged: acknowledged, effectCount: end)
                )
                count += 1
            }
        }
        return count
    }

    /// The indices of effects that no later sync made durable.
    static func pending(in effects: [CrashEffect]) -> [Int] {
        var syncedFiles: Set<Int> = []
        var syncedFolders: Set<String> = []
        var pending: [Int] = []
        for index in effects.indices.reversed() {
            switch effects[index] {
            case .syncData(let file): syncedFiles.insert(file)
            case .failedSyncData(let file): syncedFiles.remove(file)
            case .syncFolder(let folder): syncedFolders.insert(folder)
            case .failedSyncFolder(let folder): syncedFolders.remove(folder)
            case .write(let file, _, _), .resize(let file, _):
                if !syncedFiles.contains(file) { pending.append(index) }
            case .link(_, let place), .unlink(let place):
                if !syncedFolders.contains(place.folder) { pending.append(index) }
            case .makeFolder:
                if !syncedFolders.contains("") { pending.append(index) }
            case .makeFile: break  // without a name it is not seen, with one it is there
            }
        }
        return pending.reversed()
    }

    /// What became of each pending effect: how much of it is there. 0 is nothing; the last value
    /// is all of it; those between are torn writes.
    private static func choices(
        _ effects: [CrashEffect],
        _ pending: [Int],
        _ random: inout SeededRandom
    ) -> [[Int: CrashEffect?]] {
        let options = pending.map { variants(of: effects[$0]) }
        var counters: [[Int]] = []
        if pending.count <= exhaustiveCountMax {
            counters = [[]]
            for option in options {
                counters = counters.flatMap { counter in option.indices.map { counter + [$0] } }
            }
        } else {
            counters = [options.map { _ in 0 }, options.map { $0.count - 1 }]
            for _ in 2..<sampleCount {
                counters.append(options.map { Int.random(in: $0.indices, using: &random) })
            }
        }
        return counters.map { counter in
            var choice: [Int: CrashEffect?] = [:]
            for (position, index) in pending.enumerated() {
                choice.updateValue(options[position][counter[position]], forKey: index)
            }
            return choice
        }
    }

    private static func variants(of effect: CrashEffect) -> [CrashEffect?] {
        guard case .write(let file, let offset, let bytes) = effect else { return [nil, effect] }
        var variants: [CrashEffect?] = [nil]
        for size in [512, 4096] where size < bytes.count {
            variants.append(.write(file, offset, Array(bytes[..<size])))
        }
        return variants + [effect]
    }

    /// The disk after effects from one on, with pending ones replaced by what was left of them.
    private static func disk(
        _ base: CrashDisk,
        _ effects: [CrashEffect],
        from first: Int,
        _ choice: [Int: CrashEffect?]
    ) -> CrashDisk {
        var disk = base
        for index in first..<effects.count {
            guard let chosen = choice[index] else {
                disk.apply(effects[index])
                continue
            }
            if let chosen { disk.apply(chosen) }
        }
        return disk
    }
}
