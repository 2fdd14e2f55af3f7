internal import CairnCore

/// Decides where the nodes of a directory's tree end: Specs/Format.md#tree-split.
///
/// A node ends after an entry whose name has a CRC-32C that ends in ten zero bits, once it has 64
/// entries, and in any case after 4096 entries or once its entries take 1 MiB. So a changed name
/// in a large directory changes one leaf and the few nodes above it. Inner nodes end by the same
/// rule, with the first names of their children.
package struct TreeSplitter: Hashable, Sendable {
    /// The fewest entries of a node that a content-defined end follows.
    package static let countMin = 64
    /// The size of a leaf's entries from which on the leaf ends.
    package static let leafSizeMax = 1 << 20

    private var count = 0
    private var size = 0

    /// Starts a node.
    package init() {}

    /// Takes note of a leaf's entry and says whether the leaf ends after it; then another starts.
    ///
    /// - Parameters:
    ///   - name: The entry's name.
    ///   - size: How many bytes the entry takes in its stored form.
    /// - Returns: Whether the leaf ends here.
    package mutating func endsLeaf(afterEntry name: [UInt8], size: Int) -> Bool {
        self.size += size
        return endsNode(after: name)
    }

    /// Takes note of an inner node's child and says whether the node ends after it.
    ///
    /// - Parameter name: The child's first name.
    /// - Returns: Whether the node ends here; then another starts.
    package mutating func endsNode(after name: [UInt8]) -> Bool {
        count += 1
        let isFull = count >= FormatLimits.nodeCountMax || size >= TreeSplitter.leafSizeMax
        guard isFull || count >= TreeSplitter.countMin && CRC32C.checksum(name.span) & 1023 == 0
        else { return false }
        count = 0
        size = 0
        return true
    }
}
