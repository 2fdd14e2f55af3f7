internal import CCairn
internal import Glibc
internal import Synchronization

/// A regular file that a restore is writing. Dropped before it is finished, it is removed.
///
/// Where a directory was there before, or something has the file's name, the file is written under
/// a temporary name and renamed when it is complete. In a directory that this restore created the
/// file has its own name from the start, which spares the rename: a crash then leaves a file with
/// mode 0600 and the time of writing, which a further restore sees to be unfinished, since neither
/// is as recorded. Written this way rather than as a file without a name (`O_TMPFILE`), because
/// that costs more calls and can never replace a file in one step.
package final class TargetFile: Sendable {
    private let descriptor: Descriptor
    private let directory: TargetDirectory
    private let name: FileName
    private let writtenName: FileName
    private let replacing: Replacement
    private let isFinished = Atomic(false)

    init(
        _ name: FileName,
        in directory: TargetDirectory,
        replacing: Replacement
    ) throws(FileFailure) {
        guard FileName.isValid(name) else { throw FileFailure(.create, errno: EINVAL) }
        let how = cairn_open_read_write | cairn_open_create
        var written = name
        var result = -Int64(EEXIST)
        if directory.isFresh {
            result = TargetFile.open(name, in: directory.number, how)
        }
        if result == -Int64(EEXIST) {
            written = TargetDirectory.temporaryName()
            result = TargetFile.open(written, in: directory.number, how)
        }
        descriptor = Descriptor(owning: Int32(try check(result, .create)))
        self.directory = directory
        self.name = name
        self.replacing = replacing
        writtenName = written
    }

    private static func open(_ name: FileName, in directory: Int32, _ how: Int) -> Int64 {
        unsafe name.withName { Int64(unsafe cairn_open_at(directory, $0, Int32(how), 0o600)) }
    }

    deinit {
        guard !isFinished.load(ordering: .relaxed) else { return }
        // Only our own file: the name may be someone else's by now.
        guard let own = try? descriptor.metadata().identity,
            let found = try? directory.contents.metadata(of: writtenName), found.identity == own
        else {
            return
        }
        try? directory.removeFile(writtenName)
    }

    /// Writes bytes at `offset`. Ranges that do not overlap may be written from several threads.
    package func write(_ bytes: Span<UInt8>, at offset: UInt64) throws(FileFailure) {
        guard let place = Int64(exactly: offset) else {
            throw FileFailure(.write, errno: EFBIG)
        }
        let number = descriptor.number
        let result = unsafe bytes.withUnsafeBufferPointer { source -> Int32 in
            guard let start = source.baseAddress else { return 0 }
            return unsafe cairn_write(number, start, source.count, place)
        }
        try check(Int64(result), .write)
    }

    /// Sets the size; what was never written reads as zeros and takes no room (a hole).
    package func setSize(_ size: UInt64) throws(FileFailure) {
        guard size <= UInt64(Int64.max) else { throw FileFailure(.setSize, errno: EFBIG) }
        try check(Int64(cairn_set_size(descriptor.number, size)), .setSize)
    }

    /// Sets the metadata and puts the file in place under its name.
    ///
    /// - Parameter durably: Whether to wait until the content is on the device; the name is durable
    ///   after ``TargetDirectory/sync()``.
    package func finish(
        _ attributes: FileAttributes,
        policy: AttributePolicy,
        durably: Bool = false
    ) throws(FileFailure) -> CreatedEntry {
        precondition(!isFinished.load(ordering: .relaxed), "a file is finished once")
        let found = try descriptor.metadata()
        let problems = descriptor.apply(
            attributes,
            kind: .regular,
            policy: policy,
            found: found
        )
        if durably { try check(Int64(cairn_sync(descriptor.number, 0)), .sync) }
        if writtenName != name {
            try directory.publish(writtenName, as: name, replacing: replacing)
        }
        isFinished.store(true, ordering: .relaxed)
        return CreatedEntry(identity: found.identity, problems: problems)
    }
}
