import CairnIO
import CairnTestKit
import Glibc

/// A small change to a tree that is the same each time and can be taken back.
///
/// One file in a hundred, chosen by the seed, gets up to 64 bytes changed somewhere. The bytes are
/// combined with random ones by exclusive or, so that the same change once more restores them.
struct SourceEdit {
    /// How likely a file is to be changed.
    static let share = 0.01
    private static let sizeMax = 64

    /// What decides which bytes change, and how.
    let seed: UInt64

    /// What was changed.
    struct Outcome {
        /// How many files.
        var files = 0
        /// A changed file with a plain name, as a path below the tree, to be restored alone.
        var example: String?
        /// Files that were chosen and could not be written.
        var failures = 0
    }

    /// Changes the tree, or takes the change back.
    ///
    /// - Parameter writes: False to only say what would be changed.
    func apply(to path: String, writes: Bool = true) throws -> Outcome {
        var random = SeededRandom(seed: seed)
        var outcome = Outcome()
        try FolderCensus.visit(path) { _, _, place, metadata in
            guard metadata.size > 0 else { return }
            let isChosen = random.chance(SourceEdit.share)
            let offset = UInt64.random(in: 0..<metadata.size, using: &random)
            let mask = random.bytes(count: SourceEdit.sizeMax).map { $0 | 1 }
            guard isChosen || outcome.files == 0 else { return }
            let size = min(SourceEdit.sizeMax, Int(metadata.size - offset))
            let file = Array(path.utf8) + [UInt8(ascii: "/")] + place
            if writes && !SourceEdit.combine(file, at: offset, with: mask[..<size]) {
                outcome.failures += 1
                return
            }
            outcome.files += 1
            if outcome.example == nil && metadata.size >= 1024 {
                outcome.example = SourceEdit.plain(place)
            }
        }
        return outcome
    }

    private static func combine(
        _ path: [UInt8],
        at offset: UInt64,
        with mask: ArraySlice<UInt8>
    ) -> Bool {
        let characters = path.map { CChar(bitPattern: $0) } + [0]
        let file = unsafe open(characters, O_RDWR | O_NOFOLLOW | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: mask.count)
        let place = off_t(offset)
        let read = unsafe bytes.withUnsafeMutableBytes { room in
            unsafe pread(file, room.baseAddress, room.count, place)
        }
        guard read == bytes.count else { return false }
        for (index, value) in mask.enumerated() { bytes[index] ^= value }
        let written = unsafe bytes.withUnsafeBytes { part in
            unsafe pwrite(file, part.baseAddress, part.count, place)
        }
        return written == bytes.count
    }

    /// The path as text where no tool could take it for a pattern; else nil.
    private static func plain(_ path: [UInt8]) -> String? {
        let isPlain = path.allSatisfy { byte in
            let scalar = Unicode.Scalar(byte)
            return scalar.properties.isAlphabetic && scalar.isASCII
                || "0123456789/._-"
                    .unicodeScalars.contains(scalar)
        }
        return isPlain ? String(decoding: path, as: UTF8.self) : nil
    }
}
