internal import CCairn
package import CairnCore
internal import Glibc
internal import Synchronization

/// A file without a name that holds what does not fit into memory; it goes with the last reference.
///
/// Appending and reading may happen from any thread at once.
package final class SpillFile: Sendable {
    private let descriptor: Descriptor
    private let end = Mutex<UInt64>(0)

    /// Begins a file in the directory at `path`.
    package convenience init(directory path: [UInt8]) throws(FileFailure) {
        let directory = try SourceDirectory.open(path: path)
        try self.init(in: directory.descriptor.number)
    }

    init(in directory: Int32) throws(FileFailure) {
        let how = Int32(cairn_open_read_write | cairn_open_temporary)
        var result = unsafe cairn_open_at(directory, ".", how, 0o600)
        if result == -EOPNOTSUPP || result == -EISDIR || result == -ENOENT {
            // Some file systems know only files with names: make one and take its name away.
            let name = TargetDirectory.temporaryName()
            let create = Int32(cairn_open_read_write | cairn_open_create)
            result = Int32(
                unsafe name.withName { text in
                    let opened = unsafe cairn_open_at(directory, text, create, 0o600)
                    if opened >= 0 { _ = unsafe cairn_remove(directory, text, 0) }
                    return Int64(opened)
                }
            )
        }
        descriptor = Descriptor(owning: Int32(try check(Int64(result), .create)))
    }

    /// Begins a file in memory, which counts as memory of this process.
    package init() throws(FileFailure) {
        descriptor = Descriptor(
            owning: Int32(try check(Int64(cairn_open_memory()), .create))
        )
    }

    /// How many bytes have been appended.
    package var count: UInt64 { end.withLock { $0 } }

    /// Adds bytes at the end.
    ///
    /// - Returns: The offset of the first of them.
    @discardableResult
    package func append(_ bytes: Span<UInt8>) throws(FileFailure) -> UInt64 {
        let size = UInt64(bytes.count)
        let offset = end.withLock { end in
            defer { end += size }
            return end
        }
        let number = descriptor.number
        let result = unsafe bytes.withUnsafeBufferPointer { source -> Int32 in
            guard let start = source.baseAddress else { return 0 }
            return unsafe cairn_write(number, start, source.count, Int64(offset))
        }
        try check(Int64(result), .write)
        return offset
    }

    /// Appends the bytes at `range` to `buffer`; fewer than that are a failure.
    package func read(_ range: Range<UInt64>, into buffer: ByteBuffer) throws(FileFailure) {
        let number = descriptor.number
        var offset = range.lowerBound
        while offset < range.upperBound {
            let size = Int(min(range.upperBound - offset, 1 << 30))
            let place = offset
            let got = try buffer.append(upTo: size) { room throws(FileFailure) in
                let result = unsafe room.withUnsafeMutableBufferPointer { bytes -> Int64 in
                    guard let start = bytes.baseAddress else { return 0 }
                    return unsafe cairn_read_at(number, start, bytes.count, place)
                }
                return try check(result, .read)
            }
            guard got > 0 else { throw FileFailure(.read, errno: EIO) }
            offset += UInt64(got)
        }
    }

    /// Makes the empty file so large and maps it for writing; nil where that fails. The mapping
    /// outlives the file, and whoever asked gives it back.
    func mapScratch(_ size: Int) -> UnsafeMutableRawPointer? {
        var failed: Int32 = 0
        return unsafe cairn_map_scratch(descriptor.number, size, &failed)
    }

    /// Everything appended so far, mapped for reading.
    package func map() throws(FileFailure) -> MappedFile {
        try MappedFile(descriptor)
    }
}
