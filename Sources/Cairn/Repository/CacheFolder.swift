package import CairnFormat
internal import CairnIO

/// A private folder of the local cache. Every failure reads as "nothing there".
package final class CacheFolder: Sendable {
    /// Opens or makes the folder of one repository and kind beneath the cache's root.
    package init?(root: [UInt8], repository: RepositoryID, kind: String) {
        return nil
    }

    package func names() -> [String] { [] }
    package func read(_ name: String) -> [UInt8]? { nil }
    package func write(_ bytes: [UInt8], _ name: String) -> Bool { false }
    package func remove(_ name: String) {}
}
