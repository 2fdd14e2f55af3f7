internal import Foundation
internal import Testing

@Suite("Opening a repository")
struct OpeningTests {
    @Test("a place without a repository gives 10, also in JSON")
    func noRepository() throws {
        let sandbox = try Sandbox()
        let run = try sandbox.cairn("snapshots", "--json")
        #expect(run.status == 10)
        let error = try #require(try run.errorLines().last)
        #expect(error["message_type"] as? String == "exit_error")
        #expect(error["code"] as? Int == 10)
        #expect(try sandbox.cairn("snapshots", "-r", "source").status == 10)
    }

    @Test("a password comes by file, command or variable, and its first line counts")
    func passwords() throws {
        let sandbox = try Sandbox()
        try sandbox.write("password", "secret\r\nsecond line\n")
        try sandbox.write("wrong", "Secret\n")
        let file = ["--password-file", "password"]
        #expect(try sandbox.cairn(["init"] + file, [:]).status == 0)
        #expect(try sandbox.cairn(["snapshots"] + file, [:]).status == 0)
        #expect(try sandbox.cairn(["-p", "wrong", "snapshots"], [:]).status == 12)
        let command = ["--password-command", "echo secret; echo rest"]
        #expect(try sandbox.cairn(["snapshots"] + command, [:]).status == 0)
        #expect(try sandbox.cairn(["snapshots"], ["CAIRN_PASSWORD": "secret"]).status == 0)
        let failing = ["--password-command", "echo secret; exit 1"]
        #expect(try sandbox.cairn(["snapshots"] + failing, [:]).status == 1)
    }

    @Test("two sources of a password are a mistake; options stand above variables")
    func tooManyPasswords() throws {
        let sandbox = try Sandbox.filled()
        let variables = ["CAIRN_KEY_FILE": sandbox.path("key"), "CAIRN_PASSWORD": "x"]
        #expect(try sandbox.cairn(["snapshots"], variables).status == 64)
        let options = ["snapshots", "-p", "key", "--key-file", "key"]
        #expect(try sandbox.cairn(options, [:]).status == 64)
        #expect(try sandbox.cairn(["snapshots", "--key-file", "key"], variables).status == 0)
    }

    @Test("a repository without encryption needs no password")
    func unencrypted() throws {
        let sandbox = try Sandbox()
        #expect(try sandbox.cairn(["init", "--unencrypted"], [:]).status == 0)
        #expect(try sandbox.cairn(["backup", "source"], [:]).status == 0)
        #expect(try sandbox.cairn(["check", "--read-data"], [:]).status == 0)
    }

    @Test("global options may stand before the verb")
    func globalOptionsFirst() throws {
        let sandbox = try Sandbox.filled()
        let bare = ["CAIRN_REPOSITORY": ""]
        let (place, key) = (sandbox.path("repository"), sandbox.path("key"))
        let run = try sandbox.cairn(
            ["-r", place, "--key-file=" + key, "--json", "snapshots"],
            bare
        )
        #expect(try run.array().count == 1)
        let slots = try sandbox.cairn(["-r" + place, "--key-file", key, "key", "list"], bare)
        #expect(slots.status == 0, "\(slots.errors)")
        #expect(try sandbox.cairn(["snapshots"], bare).status == 64)
    }

    @Test("a cache that cannot be kept stops nothing", arguments: ["/proc/none", "", "relative"])
    func noCache(home: String) throws {
        let sandbox = try Sandbox.filled()
        let variables = ["CAIRN_KEY_FILE": sandbox.path("key"), "HOME": home]
        #expect(try sandbox.cairn(["snapshots"], variables).status == 0)
        #expect(try sandbox.cairn(["snapshots", "--no-cache"], variables).status == 0)
    }

    @Test("a kernel that does not exist is an error, not a fallback")
    func kernels() throws {
        let sandbox = try Sandbox.filled()
        let key = sandbox.path("key")
        let wrong = ["CAIRN_KEY_FILE": key, "CAIRN_KERNELS": "sha256:none"]
        #expect(try sandbox.cairn(["snapshots"], wrong).status == 64)
        let right = ["CAIRN_KEY_FILE": key, "CAIRN_KERNELS": "sha256:scalar"]
        #expect(try sandbox.cairn(["backup", "source"], right).status == 0)
    }

    @Test(
        "mistakes in the command line give 64",
        arguments: [
            ["frobnicate"], ["backup"], ["backup", "--no-such-option", "source"], ["restore"],
            ["restore", "latest", "-t", "x", "--overwrite", "perhaps"],
            ["backup", "source", "--compression", "paper"], ["snapshots", "--before", "yesterday"],
            ["check", "--read-data-subset", "3/2"], ["-r", "s3:bucket", "snapshots"],
            ["backup", "source", "--exclude-larger-than", "huge"],
        ]
    )
    func usage(arguments: [String]) throws {
        let sandbox = try Sandbox()
        let run = try sandbox.cairn(arguments, [:])
        #expect(run.status == 64, "\(run.errors)")
        #expect(!run.errors.isEmpty)
    }

    @Test("the output's reader may go away without a word")
    func brokenPipe() throws {
        let sandbox = try Sandbox.filled()
        let run = try sandbox.shell("(cairn snapshots --json; echo $? > status) | true")
        #expect(run.errors.isEmpty, "\(run.errors)")
        #expect(["0\n", "1\n"].contains(try sandbox.read("status")))
    }

    /// Runs a verb that asks a command for the password.
    private func ask(_ sandbox: Sandbox, _ command: String) throws -> Sandbox.Outcome {
        try sandbox.shell(
            "unset CAIRN_KEY_FILE; ulimit -Sn 100; cairn snapshots --password-command '\(command)'"
        )
    }

    @Test("a signal while the password command runs ends both at once")
    func interruptedPasswordCommand() throws {
        let sandbox = try Sandbox.filled()
        let run = try ask(sandbox, "echo $$ > pid; kill -TERM $PPID; exec sleep 10000")
        #expect(run.status == 130, "\(run.errors)")
        let id = try #require(pid_t(try sandbox.read("pid").dropLast()))
        // It was asked to end before the command ended, and may take a moment to obey. One that
        // nobody has waited for has no command line any more.
        var words: Data?
        for _ in 0..<100_000 {
            words = FileManager.default.contents(atPath: "/proc/\(id)/cmdline")
            if words?.isEmpty != false { break }
            sched_yield()
        }
        #expect(words?.isEmpty != false)
    }

    @Test("the limit of open files is raised, and not beyond what is of use")
    func descriptorLimit() throws {
        let sandbox = try Sandbox.filled()
        _ = try ask(sandbox, "ulimit -n > limit; echo wrong")
        let limit = try #require(Int(try sandbox.read("limit").dropLast()))
        let hard = try sandbox.shell("ulimit -Hn").output.dropLast()
        #expect(limit == min(Int(hard) ?? .max, 1 << 16))
    }

    @Test("a plan is written through a link to what is no file")
    func planToDevice() throws {
        let sandbox = try Sandbox.filled()
        let run = try sandbox.shell(
            "ln -s /dev/null plan && cairn prune --plan plan && test -L plan"
        )
        #expect(run.status == 0, "\(run.errors)")
    }
}
