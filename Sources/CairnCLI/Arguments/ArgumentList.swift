internal import Glibc

/// The arguments of this process.
enum ArgumentList {
    /// The arguments after the program's name, each encoded by ``ArgumentBytes``, global options
    /// moved behind the verb.
    static func ofThisProcess() -> [String] {
        arranged(raw().dropFirst().map(ArgumentBytes.encode))
    }

    /// The arguments in bytes, with the program's name.
    private static func raw() -> [[UInt8]] {
        let pointers = unsafe CommandLine.unsafeArgv
        return (0..<Int(CommandLine.argc)).compactMap { index in
            guard let pointer = unsafe pointers[index] else { return nil }
            return unsafe [UInt8](UnsafeRawBufferPointer(start: pointer, count: strlen(pointer)))
        }
    }

    /// Global options that take a value.
    static let withValue: Set<String> = [
        "-r", "--repo", "-p", "--password-file", "--password-command", "--key-file", "--cache-dir",
        "--workers",
    ]
    /// Global options that take none.
    static let withoutValue: Set<String> = [
        "--no-cache", "--no-extra-verify", "-q", "--quiet", "--json", "--verbose",
    ]

    /// Verbs that have verbs of their own.
    static let groups: Set<String> = ["key"]

    /// Moves global options that stand before the verb behind it, where the parser looks for them.
    static func arranged(_ arguments: [String]) -> [String] {
        var moved: [String] = []
        var verb: [String] = []
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            if withValue.contains(argument), index + 1 < arguments.count {
                moved += arguments[index...index + 1]
                index += 2
            } else if isGlobal(argument) {
                moved.append(argument)
                index += 1
            } else if argument.hasPrefix("-") {
                break
            } else {
                verb.append(argument)
                index += 1
                if !groups.contains(argument) || verb.count > 1 { break }
            }
        }
        if verb.isEmpty { return arguments }
        return verb + moved + arguments[index...]
    }

    /// Whether the argument is a global option that is whole in itself.
    private static func isGlobal(_ argument: String) -> Bool {
        if withoutValue.contains(argument) { return true }
        if argument.hasPrefix("-v") && argument.dropFirst().allSatisfy({ $0 == "v" }) {
            return true
        }
        guard let equals = argument.firstIndex(of: "=") else {
            // -r/srv/backup: a short option with its value attached.
            return argument.count > 2 && ["-r", "-p"].contains(argument.prefix(2))
        }
        return withValue.contains(String(argument[..<equals]))
    }
}
