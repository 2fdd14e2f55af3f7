/// The few calls to the system out of which ``LocalStore`` is made.
///
/// Production uses ``PosixFiles``; `CairnTestKit` has a second conformer that keeps every effect in
/// memory and shows each state a loss of power could leave. Every call does one thing, may be
/// interrupted (`EINTR`) and reports the error number as it is: what it means for the store is
/// decided in one place, ``LocalStore``.
package protocol StoreFiles: Sendable {
    /// Opens the root folder.
    ///
    /// - Parameter create: Whether to make it where it is missing, durably.
    func openRoot(_ path: String, create: Bool) throws(StoreFileError) -> StoreHandle

    /// Makes a folder.
    func makeFolder(_ name: String, in folder: StoreHandle) throws(StoreFileError)

    /// Opens a folder. Every handle reads the entries from the start.
    func openFolder(_ name: String, in folder: StoreHandle) throws(StoreFileError) -> StoreHandle

    /// Makes a file for writing that has no name yet and vanishes unless ``link(_:as:in:)`` gives
    /// it one.
    func createUnnamed(in folder: StoreHandle) throws(StoreFileError) -> StoreHandle

    /// Makes a file for writing; fails where the name is taken, also by a link.
    func create(_ name: String, in folder: StoreHandle) throws(StoreFileError) -> StoreHandle

    /// Takes room on the device for the first `size` bytes of a file.
    func reserve(_ size: UInt64, for file: StoreHandle) throws(StoreFileError)

    /// Writes some or all of `bytes` and says how many.
    func write(
        _ bytes: Span<UInt8>,
        to file: StoreHandle,
        at offset: UInt64
    ) throws(StoreFileError) -> Int

    /// Makes the bytes and the size of a file durable.
    func syncData(of file: StoreHandle) throws(StoreFileError)

    /// Makes the entries of a folder durable.
    func syncFolder(_ folder: StoreHandle) throws(StoreFileError)

    /// Gives a file without a name its name; fails where the name is taken.
    func link(
        _ file: StoreHandle,
        as name: String,
        in folder: StoreHandle
    ) throws(StoreFileError)

    /// Gives a file a second name; fails where that is taken.
    func link(
        _ name: String,
        in folder: StoreHandle,
        as newName: String,
        in newFolder: StoreHandle
    ) throws(StoreFileError)

    /// Moves a file; fails where the new name is taken.
    func rename(
        _ name: String,
        in folder: StoreHandle,
        to newName: String,
        in newFolder: StoreHandle
    ) throws(StoreFileError)

    /// Removes a name that is no folder's.
    func unlink(_ name: String, in folder: StoreHandle) throws(StoreFileError)

    /// Opens a file for reading; does not follow links.
    func open(_ name: String, in folder: StoreHandle) throws(StoreFileError) -> StoreHandle

    /// The kind and size of an open file.
    func status(of file: StoreHandle) throws(StoreFileError) -> StoreFileStatus

    /// The kind and size of what a name stands for; does not follow links.
    func status(
        _ name: String,
        in folder: StoreHandle
    ) throws(StoreFileError) -> StoreFileStatus

    /// Reads some bytes from `offset` of a file on and says how many; 0 at the end.
    ///
    /// - Parameter start: Where in `bytes` the first of them goes.
    func read(
        _ file: StoreHandle,
        at offset: UInt64,
        into bytes: inout MutableSpan<UInt8>,
        from start: Int
    ) throws(StoreFileError) -> Int

    /// Gives the names in a freshly opened folder but `.` and `..` to `body`, in any order, until
    /// that says not to go on.
    func forEachName(
        in folder: StoreHandle,
        _ body: ([UInt8]) throws(StoreFileError) -> Bool
    ) throws(StoreFileError)

    /// Gives a handle back.
    func close(_ handle: StoreHandle)
}

extension StoreFiles {
    /// The names in a freshly opened folder but `.` and `..`, in any order.
    package func names(in folder: StoreHandle) throws(StoreFileError) -> [[UInt8]] {
        var names: [[UInt8]] = []
        try forEachName(in: folder) { name in
            names.append(name)
            return true
        }
        return names
    }
}

/// An open file or folder.
package struct StoreHandle: Hashable, Sendable {
    /// The number by which the conformer that gave it knows it.
    package let number: Int32

    /// Makes a handle.
    package init(number: Int32) {
        self.number = number
    }
}

/// What a name stands for.
package struct StoreFileStatus: Hashable, Sendable {
    /// The kinds that matter to a store.
    package enum Kind: Hashable, Sendable {
        /// A regular file.
        case file
        /// A folder.
        case folder
        /// Anything else, such as a symbolic link.
        case other
    }

    /// The kind.
    package let kind: Kind
    /// The size in bytes, for a file.
    package let size: UInt64
    /// How many names lead to it; 0 for a removed folder.
    package let linkCount: UInt64

    /// Makes a status.
    package init(kind: Kind, size: UInt64, linkCount: UInt64) {
        self.kind = kind
        self.size = size
        self.linkCount = linkCount
    }
}

/// An error number of the system.
package struct StoreFileError: Error, Hashable, Sendable {
    /// The number (`errno`).
    package let code: Int32

    /// Makes an error.
    package init(code: Int32) {
        self.code = code
    }
}
