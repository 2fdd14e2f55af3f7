internal import Foundation
internal import Testing

@Suite("Sources of a backup")
struct BackupSourceTests {
    private func snapshotCount(_ sandbox: Sandbox) throws -> Int {
        try sandbox.cairn("snapshots", "--json").array().count
    }

    @Test("a source that is not there fails the backup and saves nothing")
    func missingSource() throws {
        let sandbox = try Sandbox.filled()
        let run = try sandbox.cairn("backup", "source", "nowhere", "--json")
        #expect(run.status == 1)
        #expect(try run.errorLines().last?["code"] as? Int == 1)
        #expect(try snapshotCount(sandbox) == 1)
    }

    @Test("without extra verification the same is stored", arguments: [true, false])
    func noExtraVerify(isBefore: Bool) throws {
        let sandbox = try Sandbox.filled()
        let flag = "--no-extra-verify"
        let line = isBefore ? "cairn \(flag) backup" : "cairn backup \(flag)"
        let run = try sandbox.shell(
            "echo new > source/new; \(line) source && cairn check --read-data"
                + " && cairn restore latest -t back && diff -r source \"back$PWD/source\""
        )
        #expect(run.status == 0, "\(run.errors)")
    }

    @Test("a tree of many and of deep folders needs few open files")
    func fewDescriptors() throws {
        let sandbox = try Sandbox.filled()
        let manager = FileManager.default
        for number in 0..<1500 {
            let folder = sandbox.path("tree/\(number % 10)/\(number)")
            try manager.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try sandbox.write("tree/\(number % 10)/\(number)/file", "\(number)")
        }
        let deep = "tree/" + String(repeating: "d/", count: 300)
        try manager.createDirectory(atPath: sandbox.path(deep), withIntermediateDirectories: true)
        try sandbox.write(deep + "bottom", "x")
        let run = try sandbox.shell(
            "ulimit -n 256; cairn backup tree && cairn restore latest -t back"
                + " && diff -r tree \"back$PWD/tree\""
        )
        #expect(run.status == 0, "\(run.errors)")
        #expect(!run.errors.contains("open files"), "\(run.errors)")
    }

    @Test("a stream is saved under its name")
    func stream() throws {
        let sandbox = try Sandbox.filled()
        let run = try sandbox.cairn(
            "backup",
            "--stdin",
            "--stdin-filename",
            "dump.sql",
            input: "select 1;\n"
        )
        #expect(run.status == 0, "\(run.errors)")
        #expect(try sandbox.cairn("restore", "latest", "-t", "back").status == 0)
        #expect(try sandbox.read("back/dump.sql") == "select 1;\n")
    }

    @Test("a command that ends well is saved, one that fails never is")
    func command() throws {
        let sandbox = try Sandbox.filled()
        func save(_ line: String) throws -> Sandbox.Outcome {
            try sandbox.cairn("backup", "--stdin-from-command", "--", "sh", "-c", line)
        }
        let good = try save("echo whole")
        #expect(good.status == 0, "\(good.errors)")
        #expect(try sandbox.cairn("restore", "latest", "-t", "back").status == 0)
        #expect(try sandbox.read("back/stdin") == "whole\n")
        #expect(try snapshotCount(sandbox) == 2)
        for line in ["echo short; exit 3", "echo short; kill -9 $$", "exit 127"] {
            let bad = try save(line)
            #expect(bad.status == 1, "\(line)")
            #expect(bad.errors.contains("nothing was saved"), "\(bad.errors)")
        }
        let absent = try sandbox.cairn("backup", "--stdin-from-command", "--", "no-such-program-1")
        #expect(absent.status == 1)
        #expect(try snapshotCount(sandbox) == 2)
    }

    @Test("a signal ends a backup in good order with 130")
    func interrupted() throws {
        let sandbox = try Sandbox.filled()
        // The command interrupts its parent and then waits for somebody to write to a pipe. The
        // parent ends it, and its end must never pass for what ended the backup: several tries, for
        // either may come first.
        let line = "rm -f pipe; mkfifo pipe; kill -TERM $PPID; read line < pipe"
        let arguments = ["backup", "--json", "--stdin-from-command", "--", "sh", "-c", line]
        for _ in 0..<12 {
            let run = try sandbox.cairn(arguments, ["CAIRN_KEY_FILE": sandbox.path("key")])
            #expect(run.status == 130, "\(run.errors)")
            #expect(try run.errorLines().last?["code"] as? Int == 130)
        }
        #expect(try snapshotCount(sandbox) == 1)
    }

    @Test(
        "a signal to the command too, as from a terminal, gives 130 and saves nothing",
        arguments: ["", "trap 'exit 0' INT; "]
    )
    func interruptedGroup(trap: String) throws {
        let sandbox = try Sandbox.filled()
        // In a session of its own the group is the program and its command.
        let line = "\(trap)echo part; kill -INT 0; mkfifo pipe; read line < pipe"
        let start = "setsid -w '\(Sandbox.command)' backup --stdin-from-command -- sh -c "
        for _ in 0..<15 {
            let run = try sandbox.shell("rm -f pipe; " + start + "\"\(line)\"")
            #expect(run.status == 130, "\(run.errors)")
        }
        #expect(try snapshotCount(sandbox) == 1)
    }

    @Test("a command that has closed its output and runs on is ended by a signal")
    func interruptedLate() throws {
        let sandbox = try Sandbox.filled()
        // It ends by itself only once somebody writes to the pipe, which nobody does.
        let line = "mkfifo pipe; echo x; exec >&-; kill -TERM $PPID; read line < pipe"
        let arguments = ["backup", "--stdin-from-command", "--", "sh", "-c", line]
        let run = try sandbox.cairn(arguments, ["CAIRN_KEY_FILE": sandbox.path("key")])
        #expect(run.status == 130, "\(run.errors)")
        #expect(try snapshotCount(sandbox) == 1)
    }

    @Test("a file that cannot be read gives 3 and is named", .enabled(if: geteuid() != 0))
    func unreadableFile() throws {
        let sandbox = try Sandbox.filled()
        try FileManager.default.setAttributes(
            [.posixPermissions: 0],
            ofItemAtPath: sandbox.path("source/a.txt")
        )
        let run = try sandbox.cairn("backup", "source", "--force", "--json")
        #expect(run.status == 3)
        let error = try #require(try run.errorLines().first)
        #expect(error["message_type"] as? String == "error")
        #expect((error["item"] as? String)?.hasSuffix("a.txt") == true)
    }

    /// How many files a dry run with these arguments takes.
    private func files(_ sandbox: Sandbox, _ arguments: String...) throws -> Int? {
        let run = try sandbox.cairn(
            ["backup", "-n", "--json"] + arguments,
            ["CAIRN_KEY_FILE": sandbox.path("key")]
        )
        return try run.lines().last?["total_files_processed"] as? Int
    }

    @Test("lists of files are read by pattern, by line and by zero byte")
    func lists() throws {
        let sandbox = try Sandbox.filled()
        try sandbox.write("patterns", "# comment\n\nsource/*.txt\n")
        try sandbox.write("lines", "source/sub\n")
        try sandbox.write("zeros", "source/a.txt\u{0}source/sub\u{0}")
        #expect(try files(sandbox, "--files-from", "patterns") == 1)
        #expect(try files(sandbox, "--files-from-verbatim", "lines") == 1)
        #expect(try files(sandbox, "--files-from-raw", "zeros") == 2)
    }

    @Test("the last pattern wins, whichever option it came by")
    func patternOrder() throws {
        let sandbox = try Sandbox.filled()
        try sandbox.write("rules", "*.txt\n")
        func files(_ first: String...) throws -> Int? {
            let run = try sandbox.cairn(
                ["backup", "source", "-n", "--json"] + first,
                ["CAIRN_KEY_FILE": sandbox.path("key")]
            )
            return try run.lines().last?["total_files_processed"] as? Int
        }
        #expect(try files("--exclude", "*.txt") == 0)
        #expect(try files("--iexclude", "*.TXT", "--exclude", "!b.txt") == 1)
        #expect(try files("--exclude", "!b.txt", "--exclude-file", "rules") == 0)
        #expect(try files("--exclude-file", "rules", "--exclude", "!b.txt") == 1)
        #expect(try files("--exclude-larger-than", "6") == 1)
    }

    @Test("names that are not UTF-8 survive, and JSON gives their exact bytes")
    func rawNames() throws {
        let sandbox = try Sandbox.filled()
        let run = try sandbox.shell(
            #"d=$(printf 'odd\377'); mkdir "$d"; printf 'x\n' > "$d/$(printf 'n\376')"; "#
                + #"cairn backup "$d" --host "$(printf 'h\375')" -v --json"#
        )
        #expect(run.status == 0, "\(run.errors)")
        let exact = try run.lines().compactMap { $0["item_b64"] as? String }
            .compactMap { Data(base64Encoded: $0) }
        #expect(exact.contains(Data(Array(sandbox.path("odd").utf8) + [0xff, 0x2f, 0x6e, 0xfe])))
        let snapshot = try #require(try sandbox.cairn("snapshots", "--json").array().last)
        let host = (snapshot["hostname_b64"] as? String).flatMap { Data(base64Encoded: $0) }
        #expect(host == Data([0x68, 0xfd]))
        let back = try sandbox.shell(
            #"cairn restore "latest:$PWD/$(printf 'odd\377')" -t back -q && cat back/*"#
        )
        #expect(back.output == "x\n", "\(back.errors)")
        #expect(try sandbox.cairn("snapshots").output.contains(#"odd\xff"#))
    }

    @Test("JSON escapes what it must and leaves other characters as they are")
    func escapes() throws {
        let sandbox = try Sandbox.filled()
        let name = "q\" b\\ n\n r\r t\t \u{1}\u{1f}\u{7f} \u{e9}\u{20ac}\u{1f600}"
        try sandbox.write("source/" + name, "x")
        try sandbox.cairn("backup", "source")
        let run = try sandbox.cairn("ls", "latest", "--json")
        #expect(try run.lines().contains { $0["name"] as? String == name })
        let text = #""name":"q\" b\\ n\n r\r t\t \u0001\u001f\u007f "#
        #expect(run.output.contains(text + "\u{e9}\u{20ac}\u{1f600}\""), "\(run.output)")
    }
}
