import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Synchronization
import Testing

@testable import Cairn

@Suite("Decoded segments")
struct SegmentCacheTests {
    private static let pack = PackID(
        session: SessionID(writer: 1, counter: 1, random: [UInt8](repeating: 7, count: 12)),
        number: 0
    )

    private static func segment(_ number: Int) -> SegmentID {
        SegmentID(pack: pack, offset: number)
    }

    /// Reads segments on several threads at once and looks at what they hold.
    ///
    /// - Parameters:
    ///   - numbers: What each thread reads.
    ///   - decode: Called before a segment is filled; may fail.
    /// - Returns: How often a reader got something else, or an error.
    private func read(
        _ cache: SegmentCache,
        _ numbers: [[Int]],
        decode: @escaping @Sendable (Int) throws(CairnError) -> Void
    ) throws -> (wrong: Int, failed: Int) {
        let counts = Mutex((wrong: 0, failed: 0))
        @Sendable func fill(_ number: Int, _ buffer: ByteBuffer) throws(CairnError) {
            guard buffer.count == 0 else { throw CairnError(.store, "not empty") }
            try decode(number)
            buffer.append([UInt8](repeating: UInt8(number), count: 1000 + number))
        }
        let threads = try numbers.enumerated().map { index, numbers in
            try WorkerThread(name: "reader-\(index)") {
                for number in numbers {
                    let id = Self.segment(number)
                    do throws(CairnError) {
                        try cache.read(id) { buffer throws(CairnError) in
                            try fill(number, buffer)
                        } _: { buffer in
                            let expected = [UInt8](repeating: UInt8(number), count: 1000 + number)
                            if buffer.array != expected { counts.withLock { $0.wrong += 1 } }
                        }
                    } catch {
                        counts.withLock { $0.failed += 1 }
                    }
                }
            }
        }
        for thread in threads { thread.join() }
        return counts.withLock { $0 }
    }

    @Test("one thread decodes a segment, and all read it")
    func once() throws {
        let cache = SegmentCache(sizeMax: 16 * FormatLimits.groupSizeMax)
        var random = SeededRandom(seed: 81)
        let numbers = (0..<4).map { _ in
            (0..<500).map { _ in Int.random(in: 0..<16, using: &random) }
        }
        let decoded = Mutex([Int](repeating: 0, count: 16))
        let result = try read(cache, numbers) { number in
            decoded.withLock { $0[number] += 1 }
        }
        #expect(result == (0, 0))
        #expect(decoded.withLock { $0 } == [Int](repeating: 1, count: 16))
    }

    @Test("no buffer is used anew while somebody reads it", arguments: [82, 83] as [UInt64])
    func evicted(seed: UInt64) throws {
        let cache = SegmentCache(sizeMax: 0)
        var random = SeededRandom(seed: seed)
        let numbers = (0..<4).map { _ in
            (0..<2000).map { _ in Int.random(in: 0..<40, using: &random) }
        }
        let result = try read(cache, numbers) { _ in }
        #expect(result == (0, 0), "seed \(seed)")
    }

    @Test("what is larger than a segment of several chunks can be is damage, and is not kept")
    func tooLarge() throws {
        let cache = SegmentCache(sizeMax: 0)
        let (fits, exceeds) = (FormatLimits.groupSizeMax, FormatLimits.groupSizeMax + 1)
        for size in [exceeds, fits, exceeds, fits] {
            var capacity: Int?
            var isRead = false
            do throws(CairnError) {
                try cache.read(Self.segment(size)) { buffer in
                    capacity = buffer.capacity
                    buffer.appendZeros(size)
                } _: { buffer in
                    isRead = buffer.count == size
                }
            } catch {
                #expect(error.code == .damaged && size == exceeds)
            }
            #expect(isRead == (size == fits))
            // A buffer that has grown is not used again.
            #expect(capacity == nil || capacity == FormatLimits.groupSizeMax)
        }
    }

    @Test("what one thread cannot decode another tries, and nobody gets a part of it")
    func failing() throws {
        let cache = SegmentCache(sizeMax: 0)
        var random = SeededRandom(seed: 84)
        let numbers = (0..<4).map { _ in
            (0..<1000).map { _ in Int.random(in: 0..<10, using: &random) }
        }
        let calls = Atomic(0)
        let failures = Atomic(0)
        let result = try read(cache, numbers) { number throws(CairnError) in
            guard calls.add(1, ordering: .relaxed).newValue % 3 == 0 else { return }
            failures.add(1, ordering: .relaxed)
            throw CairnError(.damaged, "segment \(number)")
        }
        #expect(result.wrong == 0)
        #expect(result.failed == failures.load(ordering: .relaxed) && result.failed > 0)
    }
}
