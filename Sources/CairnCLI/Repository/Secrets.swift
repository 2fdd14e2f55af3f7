internal import Cairn
internal import Glibc

/// Where a password or key comes from.
enum SecretSource {
    case passwordFile([UInt8])
    case passwordCommand([UInt8])
    case keyFile([UInt8])
    /// A variable's value.
    case password([UInt8])

    /// What the options say, and where they say nothing, what the environment says.
    static func chosen(_ options: GlobalOptions) throws(Failure) -> SecretSource? {
        if let file = options.passwordFile { return .passwordFile(file.bytes) }
        if let command = options.passwordCommand { return .passwordCommand(command.bytes) }
        if let file = options.keyFile { return .keyFile(file.bytes) }
        var found: [(String, SecretSource)] = []
        if let file = Variables.bytes("CAIRN_PASSWORD_FILE") {
            found.append(("CAIRN_PASSWORD_FILE", .passwordFile(file)))
        }
        if let command = Variables.bytes("CAIRN_PASSWORD_COMMAND") {
            found.append(("CAIRN_PASSWORD_COMMAND", .passwordCommand(command)))
        }
        if let file = Variables.bytes("CAIRN_KEY_FILE") {
            found.append(("CAIRN_KEY_FILE", .keyFile(file)))
        }
        if let password = Variables.bytes("CAIRN_PASSWORD") {
            found.append(("CAIRN_PASSWORD", .password(password)))
            // Programs started from here have no use for it.
            _ = unsafe unsetenv("CAIRN_PASSWORD")
        }
        if found.count > 1 {
            let names = found.map(\.0).joined(separator: " and ")
            throw .usage("\(names) are set; keep one of them")
        }
        return found.first?.1
    }

    /// Reads the secret.
    func credential() throws(Failure) -> Credential {
        switch self {
        case .passwordFile(let path):
            .passphrase(try Secrets.firstLine(of: try Secrets.file(path), "the password file"))
        case .passwordCommand(let command):
            .passphrase(try Secrets.firstLine(of: try Secrets.output(of: command), "the command"))
        case .keyFile(let path): .keyFile(try Secrets.key(path))
        case .password(let password): .passphrase(Secrets.sealed(password))
        }
    }
}

/// Reading secrets, and leaving none of them in memory that may be paged out.
enum Secrets {
    /// The most bytes of a password file, of a command's output or of a key file.
    private static let sizeMax = 1 << 20
    /// The fewest bytes of a key file.
    private static let keySizeMin = 32

    /// Moves bytes to where secrets are kept and overwrites them.
    static func sealed(_ bytes: consuming [UInt8]) -> SecretBytes {
        let secret = SecretBytes(copying: bytes.span)
        unsafe bytes.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            unsafe explicit_bzero(base, buffer.count)
        }
        return secret
    }

    /// The first line, without its end.
    static func firstLine(of bytes: [UInt8], _ origin: String) throws(Failure) -> SecretBytes {
        var line = Array(bytes.prefix { $0 != UInt8(ascii: "\n") })
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        if line.isEmpty { throw Failure(.failed, "the first line of \(origin) is empty") }
        return sealed(line)
    }

    /// The bytes of a file.
    static func file(_ path: [UInt8]) throws(Failure) -> [UInt8] {
        do {
            return try Descriptor.contents(of: path, sizeMax: sizeMax)
        } catch {
            throw Failure(.failed, "cannot read \(PathText.escaped(path)): \(error.description)")
        }
    }

    /// The bytes of a key file.
    static func key(_ path: [UInt8]) throws(Failure) -> SecretBytes {
        let bytes = try file(path)
        guard bytes.count >= keySizeMin else {
            throw Failure(
                .failed,
                "\(PathText.escaped(path)) has fewer than \(keySizeMin) bytes: no key file; make "
                    + "one with: head -c 64 /dev/urandom > FILE"
            )
        }
        return sealed(bytes)
    }

    /// What a shell command prints.
    static func output(of command: [UInt8]) throws(Failure) -> [UInt8] {
        let shell = ["/bin/sh", "-c"].map { Array($0.utf8) }
        do {
            let process = try ChildProcess()
            // Nothing is begun yet that would have to end in good order, and what the command has
            // started may keep its output open.
            let registration = Interrupts.shared.register {
                process.terminate()
                _exit(ExitStatus.interrupted.rawValue)
            }
            defer { Interrupts.shared.remove(registration) }
            try process.start(shell + [command], input: .inherited)
            let bytes = try Descriptor.contents(of: process.output, sizeMax: sizeMax)
            let ending = process.wait()
            guard ending.isSuccess else {
                throw SystemFailureOrEnding.ending(ending)
            }
            return bytes
        } catch let error as SystemFailureOrEnding {
            throw Failure(.failed, "the password command \(error.description)")
        } catch let error as SystemFailure {
            throw Failure(.failed, "the password command failed: \(error.description)")
        } catch {
            throw Failure(.failed, "the password command failed: \(error)")
        }
    }

    private enum SystemFailureOrEnding: Error {
        case ending(ChildProcess.Ending)

        var description: String {
            switch self {
            case .ending(let ending): ending.description
            }
        }
    }

    /// Asks for a new password on the terminal, twice.
    static func askNew(_ what: String) throws(Failure) -> Credential {
        guard let first = try Terminal.askSecret("enter \(what)") else {
            throw Failure(
                .wrongPassword,
                "no password: give --password-file, --password-command or --key-file"
            )
        }
        guard let second = try Terminal.askSecret("enter it again"), first == second else {
            throw Failure(.failed, "the passwords differ")
        }
        if first.isEmpty { throw Failure(.failed, "an empty password protects nothing") }
        return .passphrase(sealed(first))
    }

    /// Asks for the password on the terminal.
    static func ask() throws(Failure) -> Credential {
        guard let password = try Terminal.askSecret("enter password for repository") else {
            throw Failure(
                .wrongPassword,
                "the repository needs a password: give --password-file, --password-command or "
                    + "--key-file"
            )
        }
        return .passphrase(sealed(password))
    }
}
