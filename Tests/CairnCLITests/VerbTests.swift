internal import Foundation
internal import Testing

@Suite("Verbs of the command")
struct VerbTests {
    @Test("init creates a repository once")
    func initializes() throws {
        let sandbox = try Sandbox()
        let made = try sandbox.cairn("init", "--json").object()
        #expect(made["message_type"] as? String == "initialized")
        #expect((made["id"] as? String)?.isEmpty == false)
        #expect(made["repository"] as? String == sandbox.path("repository"))
        #expect(try sandbox.cairn("init").status == 1)
    }

    @Test("a backup says in restic's words what it did")
    func backsUp() throws {
        let sandbox = try Sandbox()
        try sandbox.cairn("init")
        let run = try sandbox.cairn("backup", "source", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let summary = try #require(try run.lines().last)
        #expect(summary["message_type"] as? String == "summary")
        let names = [
            "files_new", "files_changed", "files_unmodified", "dirs_new", "dirs_changed",
            "dirs_unmodified", "data_blobs", "data_added", "data_added_packed",
            "total_files_processed", "total_bytes_processed", "total_duration", "snapshot_id",
        ]
        for name in names { #expect(summary[name] != nil, "\(name)") }
        #expect(summary["files_new"] as? Int == 2)
        #expect(summary["total_bytes_processed"] as? Int == 13)
        let again = try sandbox.cairn("backup", "source", "--json").lines().last
        #expect(again?["files_unmodified"] as? Int == 2)
        let dry = try sandbox.cairn("backup", "source", "-n", "--json").lines().last
        #expect(dry?["dry_run"] as? Bool == true)
        #expect(try sandbox.cairn("snapshots", "--json").array().count == 2)
    }

    @Test("snapshots are listed, filtered and named by short IDs")
    func listsSnapshots() throws {
        let sandbox = try Sandbox.filled()
        try sandbox.cairn("backup", "source", "--host", "beta", "--time", "2020-01-31 10:00:00")
        let all = try sandbox.cairn("snapshots", "--json").array()
        #expect(all.count == 2)
        for name in ["time", "tree", "paths", "hostname", "username", "uid", "id", "short_id"] {
            #expect(all.allSatisfy { $0[name] != nil }, "\(name)")
        }
        #expect(all.contains { ($0["time"] as? String)?.hasPrefix("2020-01-31T10:00:00") == true })
        func count(_ arguments: String...) throws -> Int {
            let key = ["CAIRN_KEY_FILE": sandbox.path("key")]
            return try sandbox.cairn(["snapshots", "--json"] + arguments, key).array().count
        }
        #expect(try count("--host", "alpha") == 1)
        #expect(try count("--tag", "one") == 1)
        #expect(try count("--tag", "one,absent") == 0)
        #expect(try count("--tag", "absent", "--tag", "two,one") == 1)
        #expect(try count("--path", sandbox.path("source")) == 2)
        #expect(try count("--before", "2021-01-01") == 1)
        let id = try #require(all[0]["short_id"] as? String)
        #expect(try count(id) == 1)
        let table = try sandbox.cairn("list").output
        #expect(table.contains(id))
        #expect(table.contains("2020-01-31 10:00:00"))
        #expect(table.contains("2 snapshots"))
    }

    @Test("a restore gives back what was saved, and reports it in JSON")
    func restores() throws {
        let sandbox = try Sandbox.filled()
        let source = "latest:" + sandbox.path("source")
        let run = try sandbox.cairn("restore", source, "--target", "back", "--verify", "--json")
        #expect(run.status == 0, "\(run.errors)")
        #expect(try sandbox.read("back/a.txt") == "first\n")
        #expect(try sandbox.read("back/sub/b.txt") == "second\n")
        let summary = try #require(try run.lines().last)
        #expect(summary["message_type"] as? String == "summary")
        #expect(summary["files_restored"] as? Int == 2)
        #expect(summary["bytes_restored"] as? Int == 13)
        try sandbox.write("back/a.txt", "mine\n")
        let kept = try sandbox.cairn("restore", source, "-t", "back", "--overwrite", "never")
        #expect(kept.status == 0, "\(kept.errors)")
        #expect(try sandbox.read("back/a.txt") == "mine\n")
        let whole = try sandbox.cairn("restore", "latest", "-t", "whole", "--include", "*.txt")
        #expect(whole.status == 0, "\(whole.errors)")
        #expect(try sandbox.read("whole" + sandbox.path("source/a.txt")) == "first\n")
    }

    @Test("ls, find, diff and dump look into snapshots")
    func looks() throws {
        let sandbox = try Sandbox.filled()
        let lines = try sandbox.cairn("ls", "latest", "--json").lines()
        #expect(lines.first?["struct_type"] as? String == "snapshot")
        let file = try #require(lines.first { $0["name"] as? String == "a.txt" })
        #expect(file["type"] as? String == "file")
        #expect(file["size"] as? Int == 6)
        for name in ["path", "uid", "gid", "mode", "permissions", "mtime", "ctime"] {
            #expect(file[name] != nil, "\(name)")
        }
        let found = try sandbox.cairn("find", "*.TXT", "-i", "--json").array()
        #expect(found.first?["hits"] as? Int == 2)
        #expect((found.first?["matches"] as? [Any])?.count == 2)
        try sandbox.write("source/a.txt", "changed\n")
        try sandbox.write("source/c.txt", "new\n")
        try sandbox.cairn("backup", "source", "--host", "alpha")
        let changes = try sandbox.cairn("diff", "latest~1", "latest", "--json").lines()
        let marks = changes.filter { ($0["path"] as? String)?.hasSuffix(".txt") == true }
            .compactMap { $0["modifier"] as? String }
        #expect(marks.sorted() == ["+", "M"])
        #expect(changes.last?["message_type"] as? String == "statistics")
        let dumped = try sandbox.cairn("dump", "latest~1", sandbox.path("source/a.txt"))
        #expect(dumped.output == "first\n", "\(dumped.errors)")
    }

    @Test("a sound repository passes its check, a damaged one names what is affected")
    func checks() throws {
        let sandbox = try Sandbox.filled()
        let sound = try sandbox.cairn("check", "--read-data", "--json")
        #expect(sound.status == 0, "\(sound.errors)")
        let summary = try #require(try sound.lines().last)
        #expect(summary["num_errors"] as? Int == 0)
        #expect((summary["packs_read"] as? Int ?? 0) > 0)
        // One bit in the middle of every pack.
        let damage = try sandbox.shell(
            """
            for pack in $(find repository -type f -path '*pack*'); do
                chmod u+w "$pack"; size=$(stat -c %s "$pack")
                printf '\\377\\377\\377\\377' |
                    dd of="$pack" bs=1 seek=$((size / 3)) conv=notrunc status=none
            done
            """
        )
        #expect(damage.status == 0, "\(damage.errors)")
        let damaged = try sandbox.cairn("check", "--read-data", "--json")
        #expect(damaged.status == 3, "\(damaged.output)")
        let errors = try damaged.errorLines().filter { $0["message_type"] as? String == "error" }
        #expect(!errors.isEmpty)
        #expect(errors.allSatisfy { $0["object"] != nil && $0["affected"] != nil })
    }

    @Test("status tells the age of every source, and fails where one is stale")
    func tellsStatus() throws {
        let sandbox = try Sandbox.filled()
        let fresh = try sandbox.cairn("status", "--stale-after", "26h", "--json")
        #expect(fresh.status == 0, "\(fresh.errors)")
        let sources = try #require(try fresh.object()["sources"] as? [[String: Any]])
        #expect(sources.first?["hostname"] as? String == "alpha")
        #expect(sources.first?["stale"] as? Bool == false)
        let stale = try sandbox.cairn("status", "--stale-after", "0s")
        #expect(stale.status == 3)
        #expect(stale.output.contains("STALE"))
        #expect(try sandbox.cairn("status", "--stale-after", "soon").status == 64)
    }

    @Test("stats counts what is stored")
    func counts() throws {
        let sandbox = try Sandbox.filled()
        let stats = try sandbox.cairn("stats", "--json").object()
        #expect(stats["snapshots_count"] as? Int == 1)
        #expect(stats["total_file_count"] as? Int == 2)
        #expect(stats["total_size"] as? Int == 13)
        #expect(stats["total_blob_count"] != nil)
    }

    @Test("a pinned snapshot stays whatever the rules and the caller say")
    func pins() throws {
        let sandbox = try Sandbox.filled()
        #expect(try sandbox.cairn("tag", "--pin").status == 64)
        #expect(try sandbox.cairn("tag", "--pin", "--unpin", "latest").status == 64)
        #expect(try sandbox.cairn("tag", "--pin", "latest").status == 0)
        #expect(try sandbox.cairn("tag", "--set", "x", "latest").status == 0)
        let named = try sandbox.cairn("forget", "latest")
        #expect(named.status == 1 && named.errors.contains("--unpin"))
        #expect(try sandbox.cairn("backup", "source", "--host", "alpha").status == 0)
        let kept = try sandbox.cairn("forget", "--keep-last", "1", "--group-by", "")
        #expect(kept.status == 0 && kept.output.contains("pinned"))
        #expect(try sandbox.cairn("tag", "--unpin", "--tag", "pinned").status == 0)
        let dry = try sandbox.cairn("forget", "--keep-last", "1", "--group-by", "", "-n")
        #expect((dry.output + dry.errors).contains("only they need about"))
    }

    @Test("stats --exclusive says what only each snapshot needs")
    func exclusive() throws {
        let sandbox = try Sandbox.filled()
        #expect(try sandbox.cairn("backup", "source", "--host", "beta").status == 0)
        let table = try sandbox.cairn("stats", "--exclusive")
        #expect(table.status == 0 && table.output.contains("together"))
        let all = try sandbox.cairn("stats", "--exclusive", "--json").object()
        let each = try #require(all["snapshots"] as? [[String: Any]])
        #expect(each.count == 2)
        let together = try #require(all["exclusive_uncompressed_size"] as? Int)
        let alone = each.compactMap { $0["exclusive_uncompressed_size"] as? Int }
        #expect(alone.count == 2 && alone.reduce(0, +) < together, "most is shared")
    }

    @Test("tags are added, removed and replaced")
    func tags() throws {
        let sandbox = try Sandbox.filled()
        func tags() throws -> [String] {
            let list = try sandbox.cairn("snapshots", "--json").array()
            return (list.first?["tags"] as? [String] ?? []).sorted()
        }
        let run = try sandbox.cairn("tag", "--add", "three", "--remove", "one", "--json")
        #expect(try run.lines().first?["new_snapshot_id"] != nil, "\(run.errors)")
        #expect(try run.lines().last?["changed_snapshots"] as? Int == 1)
        #expect(try tags() == ["three", "two"])
        #expect(try sandbox.cairn("tag", "--set", "x", "latest").status == 0)
        #expect(try tags() == ["x"])
    }

    @Test("forget removes what is named and what no rule keeps, with reasons")
    func forgets() throws {
        let sandbox = try Sandbox.filled()
        for day in 1...3 {
            let time = "2020-01-0\(day) 12:00:00"
            try sandbox.cairn("backup", "source", "--host", "alpha", "--time", time)
        }
        let plan = try sandbox.cairn("forget", "--keep-last", "2", "--dry-run", "--json").array()
        #expect((plan.first?["keep"] as? [Any])?.count == 2)
        #expect((plan.first?["remove"] as? [Any])?.count == 2)
        #expect((plan.first?["reasons"] as? [Any])?.count == 2)
        #expect(try sandbox.cairn("snapshots", "--json").array().count == 4)
        #expect(try sandbox.cairn("forget", "--keep-last", "2").status == 0)
        #expect(try sandbox.cairn("snapshots", "--json").array().count == 2)
        let run = try sandbox.cairn("forget", "latest")
        #expect(run.status == 0, "\(run.errors)")
        #expect(try sandbox.cairn("snapshots", "--json").array().count == 1)
        #expect(try sandbox.cairn("forget").status == 64)
    }

    @Test("key slots are listed, added, changed and removed")
    func keys() throws {
        let sandbox = try Sandbox.filled()
        try sandbox.write("other", String(repeating: "another key file ", count: 4))
        let added = try sandbox.cairn("key", "add", "--new-key-file", "other", "--label", "second")
        #expect(added.status == 0, "\(added.errors)")
        let slots = try sandbox.cairn("key", "list", "--json").array()
        #expect(slots.count == 2)
        #expect(slots.filter { $0["current"] as? Bool == true }.count == 1)
        let other = ["CAIRN_KEY_FILE": sandbox.path("other")]
        #expect(try sandbox.cairn(["snapshots"], other).status == 0)
        let second = try #require(slots.first { $0["label"] as? String == "second" })
        let id = try #require(second["id"] as? String)
        #expect(try sandbox.cairn("key", "remove", id).status == 0)
        #expect(try sandbox.cairn(["snapshots"], other).status == 12)
        #expect(try sandbox.cairn("key", "change", "--new-key-file", "other").status == 0)
        #expect(try sandbox.cairn(["snapshots"], other).status == 0)
        #expect(try sandbox.cairn("snapshots").status == 12)
    }

    @Test("rebuild-index finds nothing missing in a sound repository")
    func rebuildsIndex() throws {
        let sandbox = try Sandbox.filled()
        let run = try sandbox.cairn("rebuild-index", "--json")
        #expect(run.status == 0, "\(run.errors)")
        #expect(try run.lines().last?["num_errors"] as? Int == 0)
    }

    @Test("version says which one")
    func version() throws {
        let sandbox = try Sandbox()
        let version = try sandbox.cairn("version", "--json").object()["version"] as? String
        #expect(version?.isEmpty == false)
        #expect(try sandbox.cairn("--version").output.contains(version ?? "?"))
    }
}

@Suite("Forgetting and pruning")
struct PruneTests {
    /// A repository with a snapshot that can go and one that stays.
    private func sandbox() throws -> Sandbox {
        let sandbox = try Sandbox.filled()
        try sandbox.write("source/a.txt", String(repeating: "something else\n", count: 500))
        #expect(try sandbox.cairn("backup", "source", "--host", "alpha").status == 0)
        return sandbox
    }

    @Test("forget frees what it has removed, if asked, and nothing in a dry run")
    func forgetAndPrune() throws {
        let sandbox = try sandbox()
        func forget(_ option: String) throws -> Sandbox.Outcome {
            try sandbox.cairn("forget", "--keep-last", "1", "--group-by", "", "--prune", option)
        }
        #expect(try forget("--dry-run").status == 0)
        #expect(try sandbox.cairn("snapshots", "--json").array().count == 2)
        let run = try forget("--json")
        #expect(run.status == 0, "\(run.errors)")
        let last = try #require(run.output.split(separator: "\n").last)
        let parsed = try JSONSerialization.jsonObject(with: Data(last.utf8))
        let summary = try #require(parsed as? [String: Any])
        #expect(summary["message_type"] as? String == "summary")
        #expect((summary["packs_deleted"] as? Int ?? 0) > 0)
        #expect(try sandbox.cairn("snapshots", "--json").array().count == 1)
        #expect(try sandbox.cairn("check", "--read-data").status == 0)
        #expect(try sandbox.cairn("forget", "--undo", "latest", "--prune").status == 64)
    }

    @Test("what is forgotten comes back until it is pruned")
    func undo() throws {
        let sandbox = try sandbox()
        let old = try #require(
            try sandbox.cairn("snapshots", "--json").array().first?["id"] as? String
        )
        #expect(try sandbox.cairn("forget", old).status == 0)
        #expect(try sandbox.cairn("snapshots", "--json").array().count == 1)
        let back = try sandbox.cairn("forget", "--undo", old, "--json")
        #expect(back.status == 0, "\(back.errors)")
        let new = try #require(try back.lines().first?["new_snapshot_id"] as? String)
        #expect(try sandbox.cairn("snapshots", "--json").array().count == 2)
        #expect(try sandbox.cairn("forget", new).status == 0)
        let pruned = try sandbox.cairn("prune", "--max-unused", "0", "--json")
        #expect(pruned.status == 0, "\(pruned.errors)")
        let summary = try #require(try pruned.lines().last)
        #expect(summary["message_type"] as? String == "summary")
        #expect((summary["packs_deleted"] as? Int ?? 0) > 0)
        #expect(try sandbox.cairn("forget", "--undo", new).status == 1)
        #expect(try sandbox.cairn("check", "--read-data").status == 0)
        #expect(try sandbox.cairn("restore", "latest", "-t", "back").status == 0)
        let text = String(repeating: "something else\n", count: 500)
        #expect(try sandbox.read("back\(sandbox.root)/source/a.txt") == text)
    }

    @Test("a plan is written, shown, refused once it is old, and applied")
    func plans() throws {
        let sandbox = try sandbox()
        let ids = try sandbox.cairn("snapshots", "--json").array().compactMap {
            $0["id"] as? String
        }
        #expect(try sandbox.cairn("forget", ids[0]).status == 0)
        let made = try sandbox.cairn("prune", "--max-unused", "0", "--plan", "plan", "--json")
        #expect(made.status == 0, "\(made.errors)")
        #expect(try made.lines().last?["message_type"] as? String == "plan")
        #expect(made.output.hasSuffix(try sandbox.read("plan")))
        #expect(try sandbox.cairn("backup", "source", "--host", "alpha").status == 0)
        let refused = try sandbox.cairn("prune", "--apply", "plan")
        #expect(refused.status == 1 && refused.errors.contains("has changed"))
        #expect(try sandbox.cairn("prune", "--max-unused", "0", "--plan", "plan").status == 0)
        #expect(try sandbox.cairn("cleanup", "--apply", "plan").status == 0)
        let after = try sandbox.cairn("prune", "-n", "--max-unused", "0", "--json").lines()
        #expect((after.last?["packs"] as? [Any])?.isEmpty == true)
        let forged = try sandbox.read("plan").replacingOccurrences(
            of: "\"packs\":[",
            with: "\"packs\":[{\"id\":\"\(ids[0])-00000000\",\"size\":-1,\"used_size\":0,"
                + "\"action\":\"delete\",\"reason\":\"unused\"},"
        )
        try sandbox.write("forged", forged)
        #expect(try sandbox.cairn("prune", "--apply", "forged").status == 1)
        try sandbox.write("plan", "{}")
        #expect(try sandbox.cairn("prune", "--apply", "plan").status == 1)
        #expect(try sandbox.cairn("prune", "--apply", "plan", "--max-unused", "1%").status == 64)
    }
}
