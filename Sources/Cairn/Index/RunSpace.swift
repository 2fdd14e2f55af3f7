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
    /// For salts and names.
    let environment: Environment
    /// Where files go; nil for memory.
    let folder: RunFolder?
    /// Whether runs that the folder keeps are used, and new ones kept there; else its files have no
    /// name.
    var isKept = true

    /// A merge of runs of this space.
    func makeBuilder() -> IndexBuilder {
        IndexBuilder(repository: repository, key: key)
    }

    /// Writes what `builder` has gathered and opens it.
    ///
    /// Where the disk does not take it, the run stays in memory: a cache that cannot be written
    /// must not stop a backup.
    ///
    /// - Parameters:
    ///   - builder: What to merge.
    ///   - isKept: Whether the run stays in the folder for later sessions.
    /// - Returns: The run.
    /// - Throws: ``IndexError/damaged`` if a run that `builder` reads is.
    func write(_ builder: IndexBuilder, isKept: Bool) throws(IndexError) -> IndexRun {
        if let folder {
            do throws(IndexError) {
                return try write(builder, isKept: isKept && self.isKept, folder)
            } catch {
                guard case .failed = error else { throw error }
            }
        }
        let storage = try builder.build(salt: salt()) { size throws(IndexError) in
            .memory(size: size)
        }
        return try IndexRun(storage, repository: repository, key: key)
    }

    private func write(
        _ builder: IndexBuilder,
        isKept: Bool,
        _ folder: RunFolder
    ) throws(IndexError) -> IndexRun {
        let salt = try salt()
        let unique = HexText.encode(salt[..<16])
        let storage = try builder.build(salt: salt) { _ throws(IndexError) in
            .file(try folder.makeFile(unique: unique, prefix: isKept ? RunFolder.runPrefix : nil))
        }
        return try IndexRun(
            storage,
            named: isKept ? RunFolder.runPrefix + unique : nil,
            repository: repository,
            key: key
        )
    }

    /// 32 bytes never used before.
    func salt() throws(IndexError) -> [UInt8] {
        do {
            return try environment.randomBytes(32)
        } catch {
            throw .failed(reason: "no random bytes: \(error)")
        }
    }
}
