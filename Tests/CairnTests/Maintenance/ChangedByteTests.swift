import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Foundation
import Testing

/// Changes bytes of a repository one at a time.
///
/// An ordinary run takes a sample; Scripts/flip-campaign says by the environment what to take:
/// - `CAIRN_FLIP_STEP`: one of so many bytes is changed;
/// - `CAIRN_FLIP_SIZE`: bytes of the repository's largest file;
/// - `CAIRN_FLIP_SEED`: what the files are made from;
/// - `CAIRN_FLIP_BITS`: set to change every bit of a byte, one at a time, instead of one of them.
@Suite("Changed bytes")
struct ChangedByteTests {
    private static func setting(_ name: String, _ value: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? value
    }

    @Test(
        "Every changed byte is found, and none is ever read as content",
        arguments: [true, false]
    )
    func changedBytes(isEncrypted: Bool) async throws {
        let seed = UInt64(ChangedByteTests.setting("CAIRN_FLIP_SEED", 2))
        let step = max(1, ChangedByteTests.setting("CAIRN_FLIP_STEP", 97))
        let size = ChangedByteTests.setting("CAIRN_FLIP_SIZE", 6000)
        let isEveryBit = ChangedByteTests.setting("CAIRN_FLIP_BITS", 0) > 0
        let small = try await SmallRepository(
            seed: seed,
            isEncrypted: isEncrypted,
            fileSize: size
        )
        try await small.repository.forget([
            try #require(small.repository.snapshots().snapshots.first).id
        ])
        let original = try small.readFiles()
        #expect(original.count == 4 && original.values.allSatisfy { $0 != nil })
        var place = 0
        var (changes, found) = (0, 0)
        for name in small.store.contents.keys.sorted() {
            let bytes = try #require(small.store[name])
            for offset in bytes.indices {
                place += 1
                guard place % step == 0 else { continue }
                let bits = isEveryBit ? Array(0..<8) : [place / step % 8]
                for bit in bits {
                    small.store[name]?[offset] = bytes[offset] ^ (1 << UInt8(bit))
                    changes += 1
                    let report = try small.check()
                    found += report.isSound ? 0 : 1
                    #expect(
                        !report.isSound,
                        "seed \(seed): bit \(bit) of byte \(offset) of \(name)"
                    )
                    for (path, content) in (try? small.readFiles()) ?? [:] where content != nil {
                        #expect(
                            content == original[path],
                            "seed \(seed): wrong bytes after byte \(offset) of \(name)"
                        )
                    }
                }
            }
            small.store[name] = bytes
        }
        print("changed bytes: \(found) of \(changes) found, of \(place) bytes stored")
        let report = try small.check()
        #expect(report.isSound, "\(report.text)")
    }
}
