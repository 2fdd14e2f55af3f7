internal import Glibc

/// What this process is connected to.
enum Terminal {
    /// Whether the descriptor leads to a terminal.
    static func isTerminal(_ descriptor: CInt) -> Bool {
        isatty(descriptor) == 1
    }

    /// How many columns the terminal behind the descriptor has; 80 where it does not say.
    static func columns(_ descriptor: CInt) -> Int {
        var size = winsize()
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return 80
        }
        return Int(size.ws_col)
    }

    /// Whether standard error shows colours (https://no-color.org).
    static var usesColor: Bool {
        guard isTerminal(2), Variables.text("TERM") != "dumb" else { return false }
        return Variables.bytes("NO_COLOR") == nil
    }

    /// Asks for a password on the terminal without echo.
    ///
    /// - Returns: The line without its end, or nil where this process has no terminal.
    static func askSecret(_ prompt: String) throws(Failure) -> [UInt8]? {
        let terminal = unsafe open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else { return nil }
        defer { close(terminal) }
        var settings = termios()
        guard unsafe tcgetattr(terminal, &settings) == 0 else { return nil }
        let restored = settings
        settings.c_lflag &= ~tcflag_t(ECHO)
        settings.c_lflag |= tcflag_t(ECHONL | ICANON)
        // A signal that ends the process meanwhile must not leave the terminal without echo.
        let registration = Interrupts.shared.register {
            var settings = restored
            _ = unsafe tcsetattr(terminal, TCSANOW, &settings)
            _exit(ExitStatus.interrupted.rawValue)
        }
        defer { Interrupts.shared.remove(registration) }
        guard unsafe tcsetattr(terminal, TCSAFLUSH, &settings) == 0 else { return nil }
        defer {
            var settings = restored
            _ = unsafe tcsetattr(terminal, TCSAFLUSH, &settings)
        }
        try? Descriptor.write(Array((prompt + ": ").utf8), to: terminal)
        return try Descriptor.readLine(from: terminal)
    }
}

/// Environment variables of this process, as bytes.
enum Variables {
    /// The variable's value; nil where it is unset or empty.
    static func bytes(_ name: String) -> [UInt8]? {
        guard let value = unsafe getenv(name) else { return nil }
        let size = unsafe strlen(value)
        if size == 0 { return nil }
        return unsafe [UInt8](UnsafeRawBufferPointer(start: value, count: size))
    }

    /// The variable's value as text; nil where it is unset, empty or not UTF-8.
    static func text(_ name: String) -> String? {
        bytes(name).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
