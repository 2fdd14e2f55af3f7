import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Testing

@Suite("Creating and opening a repository")
struct RepositoryKeyTests {
    private static let passphrase = Credential.passphrase("correct horse")

    /// The cheapest key derivation that is accepted.
    private static var settings: RepositorySettings {
        var settings = RepositorySettings()
        settings.keyDerivation = Argon2Parameters(memoryKiB: 19 * 1024, passes: 2, lanes: 1)
        return settings
    }

    private func code(
        opening store: any Store,
        _ credential: Credential?
    ) async -> CairnError.Code? {
        let error = await #expect(throws: CairnError.self) {
            _ = try await Repository.open(store, credential: credential)
        }
        return error?.code
    }

    @Test("What created a repository opens it, and nothing else does")
    func credentials() async throws {
        let other = Credential.keyFile(
            SecretBytes(copying: [UInt8](repeating: 1, count: 32).span)
        )
        let cases: [(Credential, wrong: [Credential?])] = [
            (
                RepositoryKeyTests.passphrase,
                [nil, .passphrase("correct horsf"), .passphrase(""), BackupTesting.credential]
            ), (BackupTesting.credential, [nil, other, RepositoryKeyTests.passphrase]),
        ]
        for (right, wrong) in cases {
            let store = MemoryStore()
            let created = try await Repository.create(
                in: store,
                settings: RepositoryKeyTests.settings,
                credential: right
            )
            let opened = try await Repository.open(store, credential: right)
            #expect(opened.info.id == created.info.id && opened.info.isEncrypted)
            #expect(opened.currentSlot == created.currentSlot && opened.currentSlot != nil)
            for credential in wrong {
                #expect(await code(opening: store, credential) == .wrongKey)
            }
        }
    }

    @Test("An empty store holds no repository")
    func noRepository() async {
        #expect(await code(opening: MemoryStore(), nil) == .noRepository)
        #expect(await code(opening: MemoryStore(), BackupTesting.credential) == .noRepository)
    }

    @Test("A second repository is not created, and the first stays as it was")
    func createdTwice() async throws {
        let store = MemoryStore()
        let first = try await Repository.create(in: store, credential: BackupTesting.credential)
        for credential in [BackupTesting.credential, nil] {
            let error = await #expect(throws: CairnError.self) {
                _ = try await Repository.create(in: store, credential: credential)
            }
            #expect(error?.code == .repositoryExists)
        }
        #expect(try store.list(folder: "keys").objects.count == 1)
        let opened = try await Repository.open(store, credential: BackupTesting.credential)
        #expect(opened.info.id == first.info.id)
    }

    @Test("Of two that create at once one wins, and its key opens the repository")
    func createdAtOnce() async throws {
        let base = MemoryStore()
        let winner = Credential.keyFile(
            SecretBytes(copying: [UInt8](repeating: 2, count: 32).span)
        )
        let rival = MemoryStore()
        _ = try await Repository.create(in: rival, credential: winner)
        // The rival's objects come in between the look for a repository and the create.
        let store = HookedStore(base: base) { name in
            guard name.text == ObjectNames.format else { return }
            for folder in ["keys", ""] {
                do {
                    try RepositoryKeyTests.copy(folder, from: rival, to: base)
                } catch {
                    Issue.record(error)
                }
            }
        }
        let error = await #expect(throws: CairnError.self) {
            _ = try await Repository.create(in: store, credential: BackupTesting.credential)
        }
        #expect(error?.code == .repositoryExists)
        _ = try await Repository.open(base, credential: winner)
        #expect(try base.list(folder: "keys").objects.count == 1)
    }

    private static func copy(
        _ folder: String,
        from source: MemoryStore,
        to target: MemoryStore
    ) throws {
        for object in try source.list(folder: folder).objects {
            let bytes = try RepositoryKeyTests.bytes(object.name.text, in: source)
            _ = try target.create(object.name, bytes.span)
        }
    }

    private static func bytes(_ text: String, in store: MemoryStore) throws -> [UInt8] {
        let buffer = ByteBuffer()
        try store.read(try #require(ObjectName(text)), nil, into: buffer)
        return buffer.array
    }

    private func replaceFormat(in store: MemoryStore, by bytes: [UInt8]) throws {
        let name = try #require(ObjectName(ObjectNames.format))
        try store.delete(name)
        #expect(try store.create(name, bytes.span) == .created)
    }

    @Test("The format object of another repository is refused")
    func foreignFormat() async throws {
        let (store, other) = (MemoryStore(), MemoryStore())
        for store in [store, other] {
            _ = try await Repository.create(in: store, credential: BackupTesting.credential)
        }
        try replaceFormat(
            in: store,
            by: try RepositoryKeyTests.bytes(ObjectNames.format, in: other)
        )
        #expect(await code(opening: store, BackupTesting.credential) == .wrongKey)
    }

    @Test("A format object that was changed after the keys were made is refused")
    func changedFormat() async throws {
        let store = MemoryStore()
        _ = try await Repository.create(in: store, credential: BackupTesting.credential)
        let bytes = try RepositoryKeyTests.bytes(ObjectNames.format, in: store)
        let original = try RepositoryFormat(decoding: bytes.span)
        var changed = original
        changed.packSizeTarget = 4 << 20
        try replaceFormat(in: store, by: changed.encode())
        #expect(await code(opening: store, BackupTesting.credential) == .damaged)
        // Without encryption nothing would be sealed, not even for those who bring a key.
        changed = original
        changed.sealing = .none
        changed.identifiers = .sha256
        changed.chunkerKey = [UInt8](repeating: 5, count: 32)
        try replaceFormat(in: store, by: changed.encode())
        #expect(await code(opening: store, BackupTesting.credential) == .wrongKey)
        try replaceFormat(in: store, by: original.encode())
        _ = try await Repository.open(store, credential: BackupTesting.credential)
    }

    @Test("Versions, algorithms and features of the future are told from damage")
    func unsupported() async throws {
        let store = MemoryStore()
        _ = try await Repository.create(in: store, credential: nil)
        let original = try RepositoryKeyTests.bytes(ObjectNames.format, in: store)
        // The version, the protocol, three algorithms, and a required feature.
        for place in [8, 28, 29, 30, 31, 48] {
            var bytes = original
            bytes[place] = 77
            let checksum = CRC32C.checksum(bytes.span.extracting(0..<bytes.count - 4))
            for index in 0..<4 {
                bytes[bytes.count - 4 + index] = UInt8(truncatingIfNeeded: checksum >> (8 * index))
            }
            try replaceFormat(in: store, by: bytes)
            #expect(await code(opening: store, nil) == .unsupported, "byte \(place)")
        }
        for size in [0, 7, 50, original.count - 1] {
            try replaceFormat(in: store, by: Array(original.prefix(size)))
            #expect(await code(opening: store, nil) == .damaged, "\(size) bytes")
        }
    }
}
