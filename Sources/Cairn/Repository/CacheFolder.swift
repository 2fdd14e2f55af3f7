package import CairnFormat
internal import CairnIO

/// A private folder of the local cache. Every failure reads as "nothing there": the cache is a
/// hint, and neither a full disk nor a missing home may stop a backup.
package final class CacheFolder: Sendable {
    /// The most bytes of one file read back.
    private static let fileSizeMax = 16 << 20

    private let path: [UInt8]
    private let directory: PrivateDirectory

    private init?(path: [UInt8]) {
        guard let directory = try? PrivateDirectory.open(path: path) else { return nil }
        self.path = path
        self.directory = directory
    }

    /// Opens or makes the folder of one repository beneath the cache's root; nil where there is no
    /// root or it cannot be used.
    package convenience init?(root: [UInt8]?, repository: RepositoryID) {
        guard let root, CacheFolder(path: root) != nil else { return nil }
        self.init(path: root + [UInt8(ascii: "/")] + Array(repository.text.utf8))
    }

    /// A folder within this one.
    package func subfolder(_ name: String) -> CacheFolder? {
        CacheFolder(path: path + [UInt8(ascii: "/")] + Array(name.utf8))
    }

    /// The path of a folder within this one; nil where it is no text.
    package func path(of name: String) -> String? {
        String(validating: path, as: UTF8.self).map { "\($0)/\(name)" }
    }

    /// The names of the files here.
    package func names() -> [String] {
        let names = (try? directory.names()) ?? []
        return names.compactMap { String(validating: $0, as: UTF8.self) }
    }

    /// A file's bytes, or nil.
    package func read(_ name: String) -> [UInt8]? {
        (try? directory.read(Array(name.utf8), sizeMax: CacheFolder.fileSizeMax)) ?? nil
    }

    /// Keeps a file.
    ///
    /// - Returns: Whether that went well.
    package func write(_ bytes: [UInt8], _ name: String) -> Bool {
        (try? directory.write(Array(name.utf8), bytes.span)) != nil
    }

    /// Removes a file.
    package func remove(_ name: String) {
        try? directory.remove(Array(name.utf8))
    }
}
