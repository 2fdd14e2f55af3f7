internal import Foundation
internal import Testing

/// A temporary folder with a repository's place, a key file and files to back up, and the command
/// to run on them.
final class Sandbox: Sendable {
    /// How a run of the command ended.
    struct Outcome {
        let status: Int32
        let output: String
        let errors: String

        /// The output as one JSON document.
        func document() throws -> Any {
            try JSONSerialization.jsonObject(with: Data(output.utf8), options: .fragmentsAllowed)
        }

        /// The output as one JSON object.
        func object() throws -> [String: Any] {
            try #require(try document() as? [String: Any], "\(output)")
        }

        /// The output as an array of JSON objects.
        func array() throws -> [[String: Any]] {
            try #require(try document() as? [[String: Any]], "\(output)")
        }

        /// The output as lines of JSON.
        func lines() throws -> [[String: Any]] { try Outcome.objects(output) }

        /// The errors as lines of JSON.
        func errorLines() throws -> [[String: Any]] { try Outcome.objects(errors) }

        private static func objects(_ text: String) throws -> [[String: Any]] {
            try text.split(separator: "\n").map { line in
                let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
                return try #require(value as? [String: Any], "\(line)")
            }
        }
    }

    /// The folder.
    let root: String

    /// The built command, beside this test's executable.
    static let command: String = {
        let test = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return ((test ?? "") as NSString).deletingLastPathComponent + "/cairn"
    }()

    init() throws {
        root = NSTemporaryDirectory() + "cairn-cli-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: root + "/source/sub",
            withIntermediateDirectories: true
        )
        try write("source/a.txt", "first\n")
        try write("source/sub/b.txt", "second\n")
        try write("key", String(repeating: "0123456789abcdef", count: 4))
    }

    deinit {
        // What stays behind lies in the folder for temporary files.
        try? FileManager.default.removeItem(atPath: root)
    }

    /// The path of something in the folder.
    func path(_ name: String) -> String { root + "/" + name }

    /// Writes a file.
    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path(name)))
    }

    /// Reads a file.
    func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: path(name))), as: UTF8.self)
    }

    /// Runs the command on the repository, opened by the key file.
    @discardableResult
    func cairn(_ arguments: String..., input: String = "") throws -> Outcome {
        try launch(Sandbox.command, arguments, ["CAIRN_KEY_FILE": path("key")], input)
    }

    /// Runs the command on the repository with other variables.
    func cairn(_ arguments: [String], _ variables: [String: String]) throws -> Outcome {
        try launch(Sandbox.command, arguments, variables, "")
    }

    /// Runs a line of shell in which `cairn` is the command.
    func shell(_ line: String) throws -> Outcome {
        let text = "cairn() { \"\(Sandbox.command)\" \"$@\"; }; " + line
        return try launch("/bin/sh", ["-c", text], ["CAIRN_KEY_FILE": path("key")], "")
    }

    private func launch(
        _ program: String,
        _ arguments: [String],
        _ variables: [String: String],
        _ input: String
    ) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: root)
        let usual = [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": root, "TZ": "UTC", "LC_ALL": "C",
            "CAIRN_REPOSITORY": path("repository"),
        ]
        process.environment = usual.merging(variables) { $1 }
        // Files, not pipes: nothing then waits for anybody to read.
        let folder = path("run-" + UUID().uuidString)
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: false
        )
        let names = ["input", "output", "errors"].map { URL(fileURLWithPath: folder + "/" + $0) }
        for name in names { try Data(input.utf8).write(to: name) }
        for name in names[1...] { try Data().write(to: name) }
        process.standardInput = try FileHandle(forReadingFrom: names[0])
        process.standardOutput = try FileHandle(forWritingTo: names[1])
        process.standardError = try FileHandle(forWritingTo: names[2])
        try process.run()
        process.waitUntilExit()
        let hasExited = process.terminationReason == .exit
        return Outcome(
            status: hasExited ? process.terminationStatus : -1,
            output: String(decoding: try Data(contentsOf: names[1]), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: names[2]), as: UTF8.self)
        )
    }

    /// Creates the repository and backs the source up once.
    static func filled() throws -> Sandbox {
        let sandbox = try Sandbox()
        let made = try sandbox.cairn("init", "--json")
        try #require(made.status == 0, "\(made.errors)")
        let saved = try sandbox.cairn("backup", "source", "--tag", "one,two", "--host", "alpha")
        try #require(saved.status == 0, "\(saved.errors)")
        return sandbox
    }
}
