import CairnCore
import CairnIO
import Glibc

/// Files written with no more calls than it takes.
enum PlainFile {
    /// Writes a new file.
    ///
    /// - Parameter syncs: Whether to wait until the bytes are on the disk.
    static func write(_ bytes: Span<UInt8>, to path: String, syncs: Bool) throws {
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw BenchFailure("\(path): \(errorText(errno))") }
        defer { close(file) }
        try write(bytes, at: 0, to: file)
        guard !syncs || fdatasync(file) == 0 else {
            throw BenchFailure("\(path): \(errorText(errno))")
        }
    }

    /// Writes a part of a restored file, with its mode and times.
    static func write(
        _ bytes: Span<UInt8>,
        at offset: UInt64,
        to path: [UInt8],
        like metadata: FileMetadata
    ) throws {
        let characters = path.map { CChar(bitPattern: $0) } + [0]
        let file = unsafe open(characters, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw BenchFailure("creating a file: \(errorText(errno))") }
        defer { close(file) }
        try write(bytes, at: off_t(offset), to: file)
        fchmod(file, metadata.mode)
        var time = timespec()
        time.tv_sec = Int(metadata.modified.seconds)
        time.tv_nsec = Int(metadata.modified.nanoseconds)
        unsafe futimens(file, [time, time])
    }

    /// Makes a directory.
    static func makeDirectory(_ path: [UInt8]) throws {
        let characters = path.map { CChar(bitPattern: $0) } + [0]
        guard unsafe mkdir(characters, 0o700) == 0 else {
            throw BenchFailure("making a directory: \(errorText(errno))")
        }
    }

    private static func write(_ bytes: Span<UInt8>, at offset: off_t, to file: CInt) throws {
        var done = 0
        while done < bytes.count {
            let rest = bytes.extracting(done..<bytes.count)
            let count = unsafe rest.withUnsafeBufferPointer { part in
                unsafe pwrite(file, part.baseAddress, part.count, offset + done)
            }
            guard count > 0 else { throw BenchFailure("writing a file: \(errorText(errno))") }
            done += count
        }
    }
}
