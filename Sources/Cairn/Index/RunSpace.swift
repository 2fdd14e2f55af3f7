internal import CairnCore
internal import CairnFormat
internal import CairnIO

/// Where runs are written, and under which key.
struct RunSpace: Sendable {
    /// A run is merged with the next larger one unless that is so many times as large.
    static let levelFactor = 8

    /// The repository whose runs these are.
    let repository: RepositoryID
    /// Its cache key.
    let key: SecretBytes
    /// For salts.
    let environment: Environment

    /// A merge of runs of this space.
    func makeBuilder() -> IndexBuilder {
        IndexBuilder(repository: repository, key: key)
    }

    /// Writes what `builder` has gathered and opens it.
    func write(_ builder: IndexBuilder) throws(IndexError) -> IndexRun {
        let storage = try builder.build(salt: salt()) { size throws(IndexError) in
            RunTarget(memory: size)
        }
        return try IndexRun(storage, repository: repository, key: key)
    }

    private func salt() throws(IndexError) -> [UInt8] {
        do {
            return try environment.randomBytes(32)
        } catch {
            throw .failed(reason: "no random bytes: \(error)")
        }
    }
}
