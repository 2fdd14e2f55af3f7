import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Testing

@Suite("Key slots")
struct KeyTests {
    private static let other = Credential.keyFile(
        SecretBytes(copying: [UInt8](repeating: 9, count: 40).span)
    )

    @Test("An added key opens the repository and a removed one does not")
    func addAndRemove() async throws {
        let small = try await SmallRepository(seed: 40)
        let repository = small.repository
        let first = try #require(try await repository.keySlots().first)
        #expect(first.isCurrent && first.kind == "key file")
        let added = try await repository.addKey(KeyTests.other, label: "second")
        let second = try await Repository.open(
            small.store,
            credential: KeyTests.other,
            options: small.options
        )
        #expect(try await second.keySlots().first { $0.isCurrent }?.id == added)
        await #expect(throws: CairnError.self) { try await repository.removeKey(first.id) }
        try await second.removeKey(first.id)
        await #expect(throws: CairnError.self) { try await second.removeKey(first.id) }
        await #expect(throws: CairnError.self) { try await repository.removeKey(added) }
        await #expect(throws: CairnError.self) {
            try await Repository.open(
                small.store,
                credential: SmallRepository.key,
                options: small.options
            )
        }
        #expect(try second.checkNow(CheckRequest()).isSound)
    }

    @Test("A change of key keeps the label and leaves one slot")
    func change() async throws {
        let small = try await SmallRepository(seed: 41)
        let id = try await small.repository.changeKey(to: KeyTests.other, label: nil)
        let slots = try await small.repository.keySlots()
        #expect(slots.map { $0.id } == [id])
        #expect(slots.first?.label == "first")
        #expect(slots.first?.isCurrent == true)
        #expect(try small.check(.none).isSound)
        _ = try await Repository.open(
            small.store,
            credential: KeyTests.other,
            options: small.options
        )
    }

    @Test("A repository without encryption takes no keys")
    func withoutEncryption() async throws {
        let small = try await SmallRepository(seed: 42, isEncrypted: false)
        await #expect(throws: CairnError.self) {
            try await small.repository.addKey(KeyTests.other, label: "")
        }
        #expect(try await small.repository.keySlots().isEmpty)
    }
}
