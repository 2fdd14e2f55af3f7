import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Testing

@Suite("statistics")
struct StatisticsTests {
    @Test("Sizes and kinds are those of the files, and shared chunks count once")
    func counts() async throws {
        let small = try await SmallRepository(seed: 60, fileSize: 6000)
        let report = try await small.repository.statistics([]).value
        let snapshots = try await small.repository.snapshots().snapshots
        #expect(report.bySnapshot.map { $0.id } == snapshots.map { $0.id })
        for (measured, snapshot) in zip(report.bySnapshot, snapshots) {
            #expect(measured.counts.files == snapshot.statistics.files)
            #expect(measured.counts.directories == snapshot.statistics.directories)
            #expect(measured.counts.restoreBytes == snapshot.statistics.bytes)
        }
        #expect(report.bySnapshot[0].counts.contentBytes == 6000 + 1800)
        #expect(report.bySnapshot[1].counts.contentBytes == 6000 + 1800 + 3000)
        #expect(report.chunkBytes == 6000 + 1800 + 3000)
        #expect(report.deduplicationFactor > 1.5)
        #expect(report.storedBytes > 9000 && report.compressionFactor > 1)
        #expect(
            report.repositoryBytes
                == small.store.contents.values.reduce(0) { $0 + UInt64($1.count) }
        )
        let one = try await small.repository.statistics([snapshots[0].id]).value
        #expect(one.chunkBytes == 7800)
    }

    @Test("A snapshot that is not there is an error")
    func unknownSnapshot() async throws {
        let small = try await SmallRepository(seed: 61)
        let unknown = SessionID(writer: 1, counter: 2, random: [UInt8](repeating: 3, count: 12))
        await #expect(throws: CairnError.self) {
            try await small.repository.statistics([unknown]).value
        }
    }
}
