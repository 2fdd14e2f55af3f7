internal import Glibc

/// A call of the system failed.
struct SystemFailure: Error {
    /// The error number.
    let code: CInt

    /// The system's words.
    var description: String {
        unsafe String(cString: strerror(code))
    }
}

/// Reading and writing through descriptors and paths in bytes.
enum Descriptor {
    /// Writes all bytes.
    static func write(_ bytes: [UInt8], to descriptor: CInt) throws(SystemFailure) {
        try write(bytes.span, to: descriptor)
    }

    /// Writes all bytes.
    static func write(_ bytes: Span<UInt8>, to descriptor: CInt) throws(SystemFailure) {
        let code = unsafe bytes.withUnsafeBytes { buffer -> CInt in
            guard let base = buffer.baseAddress else { return 0 }
            var offset = 0
            while offset < buffer.count {
                let count = unsafe systemWrite(descriptor, base + offset, buffer.count - offset)
                if count < 0 && errno == EINTR { continue }
                if count < 0 && errno == EAGAIN {
                    var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = unsafe poll(&wait, 1, 1000)
                    continue
                }
                if count <= 0 { return count == 0 ? EIO : errno }
                offset += count
            }
            return 0
        }
        if code != 0 { throw SystemFailure(code: code) }
    }

    /// Reads up to `size` bytes; none at the end.
    static func read(upTo size: Int, from descriptor: CInt) throws(SystemFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        while true {
            let count = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe systemRead(descriptor, buffer.baseAddress, buffer.count)
            }
            if count < 0 && errno == EINTR { continue }
            if count < 0 { throw SystemFailure(code: errno) }
            bytes.removeLast(size - count)
            return bytes
        }
    }

    /// Reads a line byte by byte, so that nothing behind it is taken; without its end.
    static func readLine(from descriptor: CInt) throws(Failure) -> [UInt8] {
        var line: [UInt8] = []
        while line.count < 1 << 20 {
            let next: [UInt8]
            do {
                next = try read(upTo: 1, from: descriptor)
            } catch {
                throw Failure(.failed, "reading the terminal failed: \(error.description)")
            }
            guard let byte = next.first, byte != UInt8(ascii: "\n") else { break }
            line.append(byte)
        }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return line
    }

    /// Everything in the file, at most `sizeMax` bytes; the path "-" is standard input.
    static func contents(
        of path: [UInt8],
        sizeMax: Int = 256 << 20
    ) throws(SystemFailure) -> [UInt8] {
        var descriptor: CInt = 0
        if path != [UInt8(ascii: "-")] {
            descriptor = unsafe withPath(path) { unsafe open($0, O_RDONLY | O_CLOEXEC) }
            guard descriptor >= 0 else { throw SystemFailure(code: errno) }
        }
        defer { if descriptor != 0 { close(descriptor) } }
        return try contents(of: descriptor, sizeMax: sizeMax)
    }

    /// Puts a file with these bytes in the place of what is there; it appears whole or not at all.
    /// What is no file, such as `/dev/stdout`, stays and is written to.
    static func replace(_ path: [UInt8], with bytes: [UInt8]) throws(SystemFailure) {
        var found = stat()
        let isThere = unsafe withPath(path) { unsafe stat($0, &found) } == 0
        if isThere && found.st_mode & S_IFMT != S_IFREG {
            let descriptor = unsafe withPath(path) { unsafe open($0, O_WRONLY | O_CLOEXEC) }
            guard descriptor >= 0 else { throw SystemFailure(code: errno) }
            defer { close(descriptor) }
            return try write(bytes, to: descriptor)
        }
        let draft = path + Array(".\(getpid()).new".utf8)
        let descriptor = unsafe withPath(draft) {
            unsafe open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        }
        guard descriptor >= 0 else { throw SystemFailure(code: errno) }
        do throws(SystemFailure) {
            defer { close(descriptor) }
            try write(bytes, to: descriptor)
            guard fsync(descriptor) == 0 || errno == EINVAL else {
                throw SystemFailure(code: errno)
            }
            let result = unsafe withPath(draft) { from in
                unsafe withPath(path) { to in unsafe rename(from, to) }
            }
            guard result == 0 else { throw SystemFailure(code: errno) }
        } catch {
            _ = unsafe withPath(draft) { unsafe unlink($0) }
            throw error
        }
    }

    /// Everything up to the end.
    static func contents(of descriptor: CInt, sizeMax: Int) throws(SystemFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let part = try read(upTo: 64 << 10, from: descriptor)
            if part.isEmpty { return bytes }
            bytes += part
            if bytes.count > sizeMax { throw SystemFailure(code: EFBIG) }
        }
    }

    /// Lends a path to a call of the system.
    static func withPath<R>(_ path: [UInt8], _ body: (UnsafePointer<CChar>) -> R) -> R {
        let text = path.map { CChar(bitPattern: $0) } + [0]
        return unsafe text.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("never empty") }
            return unsafe body(base)
        }
    }
}

// Under names of their own, because members called `write` and `read` hide them.
func systemWrite(_ descriptor: CInt, _ bytes: UnsafeRawPointer, _ size: Int) -> Int {
    unsafe write(descriptor, bytes, size)
}

func systemRead(_ descriptor: CInt, _ bytes: UnsafeMutableRawPointer?, _ size: Int) -> Int {
    unsafe read(descriptor, bytes, size)
}
