import Cairn
import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Foundation
import Synchronization
import Testing

/// A repository in memory, a folder to back up and a place to restore to.
struct RestoreFixture {
    let store = DamageStore()
    let folder: SourceFolder
    let targets: SourceFolder
    let repository: Repository

    /// Makes an empty repository and empty folders.
    ///
    /// - Parameter chunkSize: The mean size of chunks in bytes; nil for the default.
    init(seed: UInt64, isEncrypted: Bool = false, chunkSize: Int? = nil) async throws {
        folder = try SourceFolder()
        targets = try SourceFolder()
        var settings = RepositorySettings()
        if let chunkSize {
            settings.chunking = try ChunkerParameters(
                algorithm: .fastcdc,
                sizeMin: max(chunkSize / 4, 1024),
                sizeMean: chunkSize,
                sizeMax: chunkSize * 4
            )
        }
        var options = RepositoryOptions()
        options.environment = .virtual(seed: seed, time: VirtualClock())
        options.workerCount = 2
        repository = try await Repository.create(
            in: store,
            settings: settings,
            credential: isEncrypted ? SmallRepository.key : nil,
            options: options
        )
    }

    var source: [UInt8] { Array(folder.path.utf8) }

    /// A path beneath the place to restore to.
    func target(_ name: String = "out") -> String { targets.path + "/" + name }

    /// Backs the folder up.
    func backUp() async throws -> SessionID {
        let summary = try await repository.backup(BackupRequest(.paths([source]))).value
        return try #require(summary.snapshot)
    }

    /// Asks for the whole folder.
    func request(_ snapshot: SessionID, to name: String = "out") -> RestoreRequest {
        var request = RestoreRequest(snapshot: snapshot, target: Array(target(name).utf8))
        request.subtree = source
        return request
    }

    /// Restores the whole folder.
    @discardableResult
    func restore(
        _ snapshot: SessionID,
        to name: String = "out",
        _ change: (inout RestoreRequest) -> Void = { _ in }
    ) async throws -> RestoreSummary {
        var request = request(snapshot, to: name)
        change(&request)
        return try await repository.restore(request).value
    }

    /// What differs between the folder and what was restored.
    func differences(_ name: String = "out") -> [String] {
        TreeComparison.differences(folder.path, target(name))
    }

    func exists(_ path: String) -> Bool {
        (try? FileManager.default.attributesOfItem(atPath: path)) != nil
    }

    func content(_ path: String) -> [UInt8]? {
        FileManager.default.contents(atPath: path).map { [UInt8]($0) }
    }
}

/// A sink that keeps everything.
final class CollectingSink: ByteSink {
    private let collected = Mutex<[UInt8]>([])

    var bytes: [UInt8] { collected.withLock { $0 } }

    func write(_ bytes: Span<UInt8>) throws(CairnError) {
        let copy = unsafe bytes.withUnsafeBufferPointer { unsafe [UInt8]($0) }
        collected.withLock { $0 += copy }
    }
}

extension RestoreSummary {
    /// The problems as text, for failure messages.
    var text: String {
        problems.map { "\(PathText.escaped($0.path)): \($0.text)" }.joined(separator: "\n")
    }
}
