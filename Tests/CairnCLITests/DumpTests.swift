import CairnTestKit
import Foundation
import Testing

@Suite("Dump")
struct DumpTests {
    @Test("a folder becomes an archive from which tar makes the same tree", arguments: [1, 2])
    func archive(seed: UInt64) throws {
        let sandbox = try Sandbox.filled()
        let tree = sandbox.path("tree")
        try FileManager.default.createDirectory(
            atPath: tree,
            withIntermediateDirectories: false
        )
        var generator = TreeGenerator(seed: seed)
        try generator.write(into: tree)
        try #require(try sandbox.cairn("backup", "tree").status == 0)
        let run = try sandbox.shell(
            "cairn dump latest \"$PWD/tree\" > tree.tar && mkdir out"
                + " && tar -xpf tree.tar --xattrs --same-owner -C out"
        )
        try #require(run.status == 0, "\(run.errors)")
        var options = TreeComparison.Options()
        // An archive has no holes; where only root may set owners, the rest is compared.
        options.comparesHoles = false
        options.comparesOwners = geteuid() == 0
        #expect(TreeComparison.differences(tree, sandbox.path("out") + tree, options) == [])
    }

    @Test("the root becomes an archive of everything, a file stays its bytes")
    func wholeSnapshot() throws {
        let sandbox = try Sandbox.filled()
        let file = try sandbox.shell("cairn dump latest \"$PWD/source/a.txt\" | cmp - source/a.txt")
        #expect(file.status == 0, "\(file.errors)")
        let list = try sandbox.shell("cairn dump latest / | tar -t")
        #expect(list.status == 0, "\(list.errors)")
        let names = list.output.split(separator: "\n")
        #expect(names.contains { $0.hasSuffix("/source/a.txt") })
        #expect(names.allSatisfy { !$0.hasPrefix("/") })
        #expect(try sandbox.cairn("dump", "latest", "/nowhere").status == 1)
    }
}
