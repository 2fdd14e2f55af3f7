import CairnCore
import Foundation
import Testing

@testable import CairnFormat

@Suite("Kept cases of the fuzzers")
struct FuzzReplayTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fuzz")

    /// Inputs that once failed, and the seeds.
    static let cases: [URL] = ["FailCases", "Corpus"].flatMap { kind in
        let files = FileManager.default.enumerator(
            at: folder.appending(path: kind),
            includingPropertiesForKeys: [.isRegularFileKey]
        )
        return (files?.compactMap { $0 as? URL } ?? []).filter { !$0.hasDirectoryPath }
    }

    @Test("keep every stored type to one form")
    func replay() throws {
        #expect(Self.cases.count >= 30)
        for url in Self.cases {
            // The first byte picks the decoder in the fuzzer; here every decoder gets the rest.
            let bytes = [UInt8](try Data(contentsOf: url).dropFirst())
            var checked = bytes
            if checked.count >= 4 { RecordEnvelopeTests.fixChecksum(&checked) }
            for law in Law.all where !(law.keepsOneForm(bytes) && law.keepsOneForm(checked)) {
                Issue.record("\(law.name): \(url.lastPathComponent)")
            }
        }
    }
}
