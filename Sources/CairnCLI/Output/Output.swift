internal import Cairn
internal import Glibc
internal import Synchronization

/// Everything the command says: results on standard output, messages on standard error, and one
/// line on a terminal that shows progress and is redrawn in place.
///
/// Any thread may write. Results are buffered unless a person watches.
final class Output: Sendable {
    private struct State {
        var buffer: [UInt8] = []
        /// Whether a progress line stands on the terminal.
        var hasLine = false
        var failure: SystemFailure?
    }

    /// How many bytes of results are gathered before they are written.
    private static let bufferSize = 32 << 10

    /// Whether results and messages are JSON.
    let isJSON: Bool
    /// Whether only results and errors are wanted.
    let isQuiet: Bool
    /// How much is wanted: 0, 1 (every file), 2 (unchanged ones too).
    let verbosity: Int
    /// Whether a progress line may be drawn.
    let showsProgress: Bool
    private let isTerminal: Bool
    private let usesColor: Bool
    private let state = Mutex(State())

    /// Decides how to write from what was asked for and from what this process is connected to.
    init(isJSON: Bool, isQuiet: Bool, verbosity: Int) {
        self.isJSON = isJSON
        self.isQuiet = isQuiet
        self.verbosity = verbosity
        isTerminal = Terminal.isTerminal(1)
        usesColor = Terminal.usesColor
        showsProgress =
            !isJSON && !isQuiet && Terminal.isTerminal(2) && Variables.text("TERM") != "dumb"
    }

    /// Why results could not be written; whatever writes many of them stops then.
    var failure: SystemFailure? { state.withLock { $0.failure } }

    /// Writes a result and ends the line.
    func line(_ text: String) {
        write(Array((text + "\n").utf8))
    }

    /// Writes a remark for people: nothing with `--json` or `--quiet`.
    func remark(_ text: String) {
        if !isJSON && !isQuiet { line(text) }
    }

    /// Writes a JSON document or line.
    func json(_ members: [(String, JSON)]) {
        line(JSON.object(members).text)
        flush()
    }

    /// Writes bytes of a result.
    func write(_ bytes: [UInt8]) {
        state.withLock { state in
            clearLine(&state)
            state.buffer += bytes
            if isTerminal || state.buffer.count >= Output.bufferSize { flush(&state) }
        }
    }

    /// Writes bytes of a result without buffering them; says whether that went well.
    func writeThrough(_ bytes: Span<UInt8>) throws(SystemFailure) {
        let failure = state.withLock { $0.failure }
        if let failure { throw failure }
        flush()
        do {
            try Descriptor.write(bytes, to: 1)
        } catch {
            state.withLock { $0.failure = error }
            throw error
        }
    }

    /// Writes what is gathered.
    func flush() {
        state.withLock { flush(&$0) }
    }

    private func flush(_ state: inout State) {
        defer { state.buffer.removeAll(keepingCapacity: true) }
        guard state.failure == nil, !state.buffer.isEmpty else { return }
        do {
            try Descriptor.write(state.buffer, to: 1)
        } catch {
            state.failure = error
        }
    }

    /// Throws where results can no longer be written, for whatever writes many.
    func checkWritable() throws(CairnError) {
        let failure = state.withLock { $0.failure }
        guard let failure else { return }
        throw CairnError(.target, "writing the output failed: \(failure.description)")
    }

    /// Writes a message to standard error.
    func message(_ text: String) {
        state.withLock { state in
            flush(&state)
            clearLine(&state)
            // Where standard error is gone there is nobody left to tell.
            try? Descriptor.write(Array((text + "\n").utf8), to: 2)
        }
    }

    /// Says that something is amiss while the command goes on.
    func warning(_ text: String) {
        message(colored("warning: ", "33") + text)
    }

    /// Says why the command failed; with `--json` as an `exit_error`.
    func fatal(_ failure: Failure) {
        if isJSON {
            let members: [(String, JSON)] = [
                ("message_type", "exit_error"), ("code", .count(Int(failure.status.rawValue))),
                ("message", .string(failure.message)),
            ]
            message(JSON.object(members).text)
        } else {
            message(colored("error: ", "31") + failure.message)
        }
    }

    private func colored(_ text: String, _ code: String) -> String {
        usesColor ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }

    /// Shows `text` as the progress line, cut to the terminal's width.
    func showLine(_ text: String) {
        guard showsProgress else { return }
        let shown = Table.clipped(text, to: max(10, Terminal.columns(2) - 1))
        state.withLock { state in
            flush(&state)
            state.hasLine = true
            try? Descriptor.write(Array("\r\u{1b}[2K\(shown)".utf8), to: 2)
        }
    }

    /// Removes the progress line.
    func hideLine() {
        state.withLock { clearLine(&$0) }
    }

    private func clearLine(_ state: inout State) {
        guard state.hasLine else { return }
        state.hasLine = false
        try? Descriptor.write(Array("\r\u{1b}[2K".utf8), to: 2)
    }
}
