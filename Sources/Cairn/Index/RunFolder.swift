internal import CairnCore
internal import CairnIO

/// The folder that holds a repository's runs: Specs/Index.md#folder.
final class RunFolder: Sendable {
    /// How the names of runs begin.
    static let runPrefix = "run-"
    /// How the names of kept marks begin (Specs/Cleanup.md#kept-mark).
    static let markPrefix = "mark-"
    /// How the names of files begin that were never finished.
    static let temporaryPrefix = "tmp-"

    fileprivate let files = PosixFiles()
    fileprivate let handle: StoreHandle
    /// Where the folder is, in bytes.
    let path: [UInt8]

    /// Opens the folder, and makes it where it is missing; its parent exists.
    init(path: String) throws(IndexError) {
        self.path = Array(path.utf8)
        do {
            handle = try files.openRoot(path, create: true)
        } catch {
            throw .failed(reason: "cannot open the cache folder (error \(error.code))")
        }
    }

    deinit {
        files.close(handle)
    }

    /// The names of all runs; other files are left alone.
    func runNames() -> [String] { names(RunFolder.runPrefix) }

    /// The names of all kept marks.
    func markNames() -> [String] { names(RunFolder.markPrefix) }

    /// Removes what crashed processes left unfinished.
    ///
    /// One that is still at it keeps its run in
    /// memory instead.
    func removeTemporaries() {
        for name in names(RunFolder.temporaryPrefix) { remove(name) }
    }

    private func names(_ prefix: String) -> [String] {
        guard let fresh = try? files.openFolder(".", in: handle) else { return [] }
        defer { files.close(fresh) }
        let names = (try? files.names(in: fresh)) ?? []
        return names.map { String(decoding: $0, as: UTF8.self) }.filter { $0.hasPrefix(prefix) }
            .sorted()
    }

    /// Maps the file `name`; nil where it is gone, empty or unreadable.
    func open(_ name: String) -> RunStorage? {
        guard let file = try? files.open(name, in: handle) else { return nil }
        defer { files.close(file) }
        guard let status = try? files.status(of: file), status.kind == .file,
            let size = Int(exactly: status.size), size > 0,
            let mapping = try? MappedFile(file, size: size)
        else { return nil }
        return RunStorage(mapping)
    }

    /// Removes the file `name` if it is there.
    ///
    /// Those who have it mapped keep what they have.
    func remove(_ name: String) {
        // A file that stays costs room on the disk and is tried again at the next opening.
        try? files.unlink(name, in: handle)
    }

    /// Makes a file.
    ///
    /// - Parameters:
    ///   - unique: Text never used before, for the name.
    ///   - prefix: How its name begins once it is finished; nil to let it vanish with its user.
    /// - Returns: The file.
    /// - Throws: ``IndexError/failed(reason:)`` where the disk does not take it.
    func makeFile(unique: String, prefix: String?) throws(IndexError) -> RunFile {
        try RunFile(
            self,
            temporary: RunFolder.temporaryPrefix + unique,
            name: prefix.map { $0 + unique }
        )
    }
}

/// A file of a run that is being written.
///
/// It has no name while it is written, where the file system can do that, so that a crash leaves
/// nothing behind.
final class RunFile {
    private let folder: RunFolder
    private let temporary: String
    private let name: String?
    private let handle: StoreHandle
    /// Whether the temporary name is in the folder.
    private var isListed = false

    fileprivate init(_ folder: RunFolder, temporary: String, name: String?) throws(IndexError) {
        self.folder = folder
        self.temporary = temporary
        self.name = name
        if let unnamed = try? folder.files.createUnnamed(in: folder.handle) {
            handle = unnamed
            return
        }
        do {
            handle = try folder.files.create(temporary, in: folder.handle)
            isListed = true
        } catch {
            throw RunFile.failure(error, "make")
        }
    }

    deinit {
        folder.files.close(handle)
        if isListed { folder.remove(temporary) }
    }

    private static func failure(_ error: StoreFileError, _ verb: String) -> IndexError {
        .failed(reason: "cannot \(verb) a file of the index cache (error \(error.code))")
    }

    func write(_ bytes: Span<UInt8>, at offset: Int) throws(IndexError) {
        var done = 0
        while done < bytes.count {
            do {
                done += try folder.files.write(
                    bytes.extracting(done..<bytes.count),
                    to: handle,
                    at: UInt64(offset + done)
                )
            } catch {
                throw RunFile.failure(error, "write")
            }
        }
    }

    /// Maps the file, and gives it its name or takes its temporary one away.
    ///
    /// Nothing is synced: a file that a loss of power left in pieces is found out by its tags.
    func finish() throws(IndexError) -> RunStorage {
        do {
            if !isListed {
                try folder.files.link(handle, as: temporary, in: folder.handle)
                isListed = true
            }
            guard let storage = folder.open(temporary) else {
                throw IndexError.failed(reason: "cannot map a file of the index cache")
            }
            if let name {
                // The temporary name goes away with this object.
                try folder.files.link(temporary, in: folder.handle, as: name, in: folder.handle)
            }
            return storage
        } catch let error as StoreFileError {
            throw RunFile.failure(error, "name")
        } catch {
            throw .failed(reason: "cannot map a file of the index cache")
        }
    }
}
