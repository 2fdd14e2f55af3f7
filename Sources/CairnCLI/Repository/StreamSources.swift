internal import Cairn
internal import Glibc
internal import Synchronization

/// A stream that comes in on a descriptor.
final class DescriptorSource: ByteSource {
    private let descriptor: CInt
    private let isCancelled = Atomic<Bool>(false)

    /// How long one wait for bytes lasts before it is asked whether to go on, in milliseconds.
    private static let patience: CInt = 100

    /// Reads from the descriptor, which stays open.
    init(_ descriptor: CInt) {
        self.descriptor = descriptor
    }

    /// Has the next read fail.
    func cancel() {
        isCancelled.store(true, ordering: .relaxed)
    }

    /// Throws `.cancelled` once ``cancel()`` was called.
    private func checkCancelled() throws(CairnError) {
        if isCancelled.load(ordering: .relaxed) { throw CairnError(.cancelled, "interrupted") }
    }

    func read(upTo size: Int, into buffer: ByteBuffer) throws(CairnError) -> Int {
        while true {
            try checkCancelled()
            var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = unsafe poll(&wait, 1, DescriptorSource.patience)
            if ready == 0 || ready < 0 && errno == EINTR { continue }
            var failure: CInt = 0
            let count = buffer.append(upTo: size) { span in
                unsafe span.withUnsafeMutableBytes { bytes in
                    let count = unsafe systemRead(descriptor, bytes.baseAddress, bytes.count)
                    if count < 0 { failure = errno }
                    return max(0, count)
                }
            }
            if failure == EINTR || failure == EAGAIN { continue }
            if failure != 0 {
                let reason = SystemFailure(code: failure).description
                throw CairnError(.source, "reading the stream failed: \(reason)")
            }
            return count
        }
    }

    /// An end that came with a cancellation is no end of the stream: the writer may have been
    /// stopped by it.
    func finish() throws(CairnError) { try checkCancelled() }
}

/// What a command prints.
///
/// Only a command that ends well gives a whole stream.
final class CommandSource: ByteSource {
    private let arguments: [[UInt8]]
    private let process: ChildProcess
    private let stream: DescriptorSource
    private let name: String
    private let hasEnded = Mutex(false)

    /// Names a command that does not run yet.
    init(_ arguments: [[UInt8]]) throws(Failure) {
        self.arguments = arguments
        name = PathText.escaped(arguments.first ?? [])
        do {
            process = try ChildProcess()
        } catch {
            throw Failure(.failed, "cannot run \(name): \(error.description)")
        }
        stream = DescriptorSource(process.output)
    }

    /// Starts the command; ``cancel()`` may come before.
    func start() throws(Failure) {
        do {
            try process.start(arguments, input: .inherited)
        } catch {
            throw Failure(.failed, "cannot run \(name): \(error.description)")
        }
    }

    /// Has the next read fail, and asks the command to end.
    func cancel() {
        stream.cancel()
        process.terminate()
    }

    func read(upTo size: Int, into buffer: ByteBuffer) throws(CairnError) -> Int {
        try stream.read(upTo: size, into: buffer)
    }

    func finish() throws(CairnError) {
        let ending = end()
        // A signal from the terminal goes to the command too, and may have ended it: whatever came
        // before its end must be seen first, or a stream that was cut off could pass for whole.
        Interrupts.shared.settle()
        try stream.finish()
        guard let ending, !ending.isSuccess else { return }
        throw CairnError(.source, "\(name) \(ending.description); nothing was saved")
    }

    /// Ends a command that still runs.
    func close() {
        cancel()
        _ = end()
    }

    /// Waits for the command's end, the first time.
    private func end() -> ChildProcess.Ending? {
        let isFirst = hasEnded.withLock { hasEnded in
            defer { hasEnded = true }
            return !hasEnded
        }
        return isFirst ? process.wait() : nil
    }
}
