import Cairn

/// The engine as a whole on a real folder: backup, backup again, restore, check of every byte.
enum EngineBench {
    static func run(source: String, scratch: String, isJSON: Bool) async throws {
        let store = try LocalStore(path: scratch + "/repository", create: true)
        var options = RepositoryOptions()
        options.cacheDirectory = Array((scratch + "/cache").utf8)
        let repository = try await Repository.create(
            in: store,
            credential: .passphrase("benchmark"),
            options: options
        )
        let request = BackupRequest(.paths([Array(source.utf8)]))
        let first = try await timed { try await repository.backup(request).value }
        let second = try await timed { try await repository.backup(request).value }
        guard let snapshot = second.value.snapshot else { return }
        let restored = try await timed {
            try await repository.restore(
                RestoreRequest(snapshot: snapshot, target: Array((scratch + "/restored").utf8))
            ).value
        }
        var all = CheckRequest()
        all.data = .all
        let request2 = all
        let checked = try await timed { try await repository.check(request2).value }
        let bytes = first.value.statistics.bytes
        let rows = [
            ("first backup", first.seconds), ("unchanged backup", second.seconds),
            ("restore", restored.seconds), ("check all data", checked.seconds),
        ]
        if isJSON {
            let fields = rows.map { "\"\($0.0)\":\(decimals($0.1, 3))" }
            print("{\"bytes\":\(bytes),\"stored\":\(first.value.statistics.bytesStored),")
            print(" " + fields.joined(separator: ",") + "}")
            return
        }
        print("\(bytes) bytes in \(first.value.statistics.files) files,")
        print("\(first.value.statistics.bytesStored) bytes stored; sound: \(checked.value.isSound)")
        for (name, seconds) in rows {
            print("  \(name.padded(to: 20))\(decimals(seconds, 2)) s")
        }
    }

    private static func timed<T>(
        _ body: () async throws -> T
    ) async rethrows -> (value: T, seconds: Double) {
        let start = Environment.system.time.monotonicNanoseconds
        let value = try await body()
        let end = Environment.system.time.monotonicNanoseconds
        return (value, Double(end - start) / 1e9)
    }
}
