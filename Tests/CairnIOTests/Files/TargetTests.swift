import CairnCore
import CairnIO
import Glibc
import Testing

private let ordinary = FileAttributes(
    mode: 0o644,
    userID: geteuid(),
    groupID: getegid(),
    modified: Timestamp(seconds: -86_401, nanoseconds: 123_456_789)
)
private let policy = AttributePolicy(setsOwner: false)

@Suite("Restore targets", .serialized)
struct TargetTests {
    private func write(
        _ text: String,
        as name: String,
        in directory: TargetDirectory,
        replacing: Replacement = .refuse,
        _ attributes: FileAttributes = ordinary
    ) throws -> CreatedEntry {
        let file = try directory.createFile(name.name, replacing: replacing)
        try file.write(text.name.span, at: 0)
        return try file.finish(attributes, policy: policy)
    }

    @Test(
        "files, directories and metadata come out as asked",
        arguments: [PathResolution.kernel, .nameByName]
    )
    func writes(resolution: PathResolution) throws {
        let scratch = try Scratch()
        let path = scratch.at("made/by/restore").name
        let tree = try TargetTree.open(path: path, resolution: resolution)
        #expect(tree.root.isFresh)
        let sub = try tree.root.openOrCreateDirectory([0xff, 0x01], replacing: .refuse)
        let deep = try sub.openOrCreateDirectory("deep".name, replacing: .refuse)
        #expect(try write("content", as: "file", in: deep).problems == [])
        let again = try tree.directory(at: [[0xff, 0x01], "deep".name])
        #expect(!again.isFresh && again.path == deep.path)
        let found = try again.contents.metadata(of: "file".name)
        #expect(found.size == 7 && found.mode == 0o644)
        #expect(found.modified == ordinary.modified && found.accessed == ordinary.modified)
        #expect(try again.contents.names() == ["file".name])
        #expect(deep.apply(ordinary, policy: policy) == [])
        #expect(try deep.contents.metadata().modified == ordinary.modified)
        let space = try tree.freeSpace()
        #expect(space.size > 0 && space.fileCount > 0)
        try deep.sync()
    }

    @Test("a path longer than the kernel takes is walked all the same")
    func longPath() throws {
        let scratch = try Scratch()
        let tree = try TargetTree.open(path: scratch.bytes)
        var directory = tree.root
        let name = [UInt8](repeating: UInt8(ascii: "d"), count: 250)
        for _ in 0..<20 {
            directory = try directory.openOrCreateDirectory(name, replacing: .refuse)
        }
        _ = try write("x", as: "file", in: directory)
        let again = try tree.directory(at: directory.path)
        #expect(try again.contents.names() == ["file".name])
        // The scratch directory cannot be removed by its full path, so take this apart here.
        var path = directory.path
        try again.remove("file".name, isDirectory: false)
        while !path.isEmpty {
            let last = path.removeLast()
            try tree.directory(at: path).remove(last, isDirectory: true)
        }
    }

    @Test(
        "a link in the place of a directory is never followed",
        arguments: [PathResolution.kernel, .nameByName]
    )
    func plantedDirectoryLink(resolution: PathResolution) throws {
        let scratch = try Scratch()
        scratch.makeDirectory("outside")
        scratch.makeFile("outside/secret", "secret")
        scratch.makeDirectory("target")
        scratch.makeDirectory("target/real")
        scratch.makeLink("target/planted", to: "../outside")
        scratch.makeLink("target/real/planted", to: scratch.at("outside"))
        let tree = try TargetTree.open(path: scratch.at("target").name, resolution: resolution)
        for path in [["planted"], ["real", "planted"], ["real", "..", "real"], ["real", ""]] {
            #expect(throws: FileFailure.self, "\(path)") {
                try tree.directory(at: path.map(\.name))
            }
        }
        #expect(throws: FileFailure.self) { try tree.root.openDirectory("planted".name) }
        #expect(throws: FileFailure.self) {
            try tree.root.openOrCreateDirectory("planted".name, replacing: .refuse)
        }
        // With leave to replace, the link goes and a directory takes its place.
        let made = try tree.root.openOrCreateDirectory("planted".name, replacing: .replace)
        _ = try write("x", as: "secret", in: made)
        #expect(try scratch.content("outside/secret") == "secret".name)
    }

    @Test("a link in the place of a file is replaced or refused, never written through")
    func plantedFileLink() throws {
        let scratch = try Scratch()
        scratch.makeFile("secret", "secret")
        scratch.makeDirectory("target")
        scratch.makeLink("target/file", to: "../secret")
        let tree = try TargetTree.open(path: scratch.at("target").name)
        let failure = #expect(throws: FileFailure.self) {
            try write("new", as: "file", in: tree.root)
        }
        #expect(failure?.isExisting == true)
        #expect(try tree.root.contents.names() == ["file".name], "nothing unfinished is left")
        #expect(throws: FileFailure.self) {
            let identity = try tree.root.contents.metadata(of: "file".name).identity
            _ = try tree.root.apply(
                ordinary,
                toFile: "file".name,
                expecting: identity,
                policy: policy
            )
        }
        _ = try write("new", as: "file", in: tree.root, replacing: .replace)
        #expect(try scratch.content("target/file") == "new".name)
        #expect(try scratch.content("secret") == "secret".name)
    }

    @Test("a directory that was swapped for a link while open leads nowhere else")
    func swappedWhileOpen() throws {
        let scratch = try Scratch()
        scratch.makeDirectory("outside")
        let tree = try TargetTree.open(path: scratch.at("target").name)
        let sub = try tree.root.openOrCreateDirectory("sub".name, replacing: .refuse)
        unsafe rename(scratch.at("target/sub"), scratch.at("target/moved"))
        scratch.makeLink("target/sub", to: "../outside")
        _ = try write("x", as: "file", in: sub)
        #expect(try scratch.source("outside").names() == [])
        #expect(try scratch.source("target/moved").names() == ["file".name])
    }

    @Test("a file appears when it is finished and goes when it is not", arguments: [true, false])
    func unfinished(isFresh: Bool) throws {
        let scratch = try Scratch()
        let tree = try TargetTree.open(path: scratch.bytes)
        let directory =
            isFresh
            ? try tree.root.openOrCreateDirectory("sub".name, replacing: .refuse) : tree.root
        #expect(directory.isFresh == isFresh)
        do {
            let file = try directory.createFile("file".name, replacing: .replace)
            try file.write("half".name.span, at: 0)
            let names = try directory.contents.names()
            #expect(names.count == 1 && names.contains("file".name) == isFresh)
        }
        #expect(try directory.contents.names() == [])
    }

    @Test("what exists is replaced only where asked, and a full directory never")
    func replacing() throws {
        let scratch = try Scratch()
        let tree = try TargetTree.open(path: scratch.bytes)
        let root = tree.root
        scratch.makeFile("file", "old")
        scratch.makeDirectory("empty")
        scratch.makeDirectory("full")
        scratch.makeFile("full/x")
        for name in ["file", "empty", "full"] {
            #expect(throws: FileFailure.self) { try write("new", as: name, in: root) }
        }
        #expect(try scratch.content("file") == "old".name)
        _ = try write("new", as: "file", in: root, replacing: .replace)
        _ = try write("new", as: "empty", in: root, replacing: .replace)
        let failure = #expect(throws: FileFailure.self) {
            try write("new", as: "full", in: root, replacing: .replace)
        }
        #expect(failure?.isExisting == true)
        #expect(try scratch.content("file") == "new".name)
        #expect(try scratch.content("empty") == "new".name)
        let link = try root.createSymlink(
            "file".name,
            target: "elsewhere".name,
            attributes: ordinary,
            policy: policy,
            replacing: .replace
        )
        #expect(link.problems == [])
        let sub = try root.openOrCreateDirectory("file".name, replacing: .replace)
        #expect(sub.isFresh)
        #expect(try root.contents.names() == ["empty".name, "file".name, "full".name])
    }

    @Test("links, FIFOs and devices carry their metadata", arguments: [false, true])
    func nodes(isReplacing: Bool) throws {
        let scratch = try Scratch()
        let root = try TargetTree.open(path: scratch.bytes).root
        if isReplacing { for name in ["link", "fifo", "device"] { scratch.makeFile(name) } }
        let replacing: Replacement = isReplacing ? .replace : .refuse
        let target = "../../etc/passwd".name
        let link = try root.createSymlink(
            "link".name,
            target: target,
            attributes: ordinary,
            policy: policy,
            replacing: replacing
        )
        let fifo = try root.createFIFO(
            "fifo".name,
            attributes: ordinary,
            policy: policy,
            replacing: replacing
        )
        #expect(link.problems == [] && fifo.problems == [])
        #expect(try root.contents.readLink("link".name) == target)
        for (name, kind) in [("link", FileKind.symlink), ("fifo", .fifo)] {
            let found = try root.contents.metadata(of: name.name)
            #expect(found.kind == kind && found.modified == ordinary.modified)
        }
        #expect(try root.contents.metadata(of: "fifo".name).mode == 0o644)
        #expect(throws: FileFailure.self) {
            try root.createSymlink(
                "link".name,
                target: target,
                attributes: ordinary,
                policy: policy,
                replacing: .refuse
            )
        }
        #expect(throws: FileFailure.self) {
            try root.createSymlink(
                "empty".name,
                target: [],
                attributes: ordinary,
                policy: policy,
                replacing: .refuse
            )
        }
        do throws(FileFailure) {
            _ = try root.createDevice(
                "device".name,
                kind: .characterDevice,
                number: DeviceNumber(major: 1, minor: 3),
                attributes: ordinary,
                policy: policy,
                replacing: replacing
            )
            let found = try root.contents.metadata(of: "device".name)
            #expect(found.deviceNumber == DeviceNumber(major: 1, minor: 3))
        } catch {
            #expect(error.isPermission, "only root may make devices")
        }
        #expect(throws: FileFailure.self) {
            try root.createDevice(
                "x".name,
                kind: .regular,
                number: DeviceNumber(major: 0, minor: 0),
                attributes: ordinary,
                policy: policy,
                replacing: replacing
            )
        }
    }

    @Test("hard links lead only to what the restore created")
    func hardLinks() throws {
        let scratch = try Scratch()
        scratch.makeFile("secret", "secret")
        let tree = try TargetTree.open(path: scratch.at("target").name)
        let sub = try tree.root.openOrCreateDirectory("sub".name, replacing: .refuse)
        let made = try write("x", as: "file", in: sub)
        let source = LinkSource(
            directory: sub.path,
            name: "file".name,
            identity: made.identity
        )
        try tree.root.hardLink("one".name, to: source, replacing: .refuse)
        try tree.root.hardLink("one".name, to: source, replacing: .replace)
        scratch.makeFile("target/two", "old")
        #expect(throws: FileFailure.self) {
            try tree.root.hardLink("two".name, to: source, replacing: .refuse)
        }
        try tree.root.hardLink("two".name, to: source, replacing: .replace)
        #expect(try tree.root.contents.names() == ["one".name, "sub".name, "two".name])
        let found = try tree.root.contents.metadata(of: "two".name)
        #expect(found.identity == made.identity && found.linkCount == 3)
        // Links can have several names too.
        let link = try sub.createSymlink(
            "link".name,
            target: "nowhere".name,
            attributes: ordinary,
            policy: policy,
            replacing: .refuse
        )
        try tree.root.hardLink(
            "link".name,
            to: LinkSource(directory: sub.path, name: "link".name, identity: link.identity),
            replacing: .refuse
        )
        #expect(try tree.root.contents.metadata(of: "link".name).identity == link.identity)
        // Another file, or a link to it, in the place of the source.
        for swap in [true, false] {
            unsafe unlink(scratch.at("target/sub/file"))
            if swap {
                scratch.makeLink("target/sub/file", to: "../../secret")
            } else {
                scratch.makeFile("target/sub/file", "other")
            }
            let failure = #expect(throws: FileFailure.self) {
                try tree.root.hardLink("three".name, to: source, replacing: .refuse)
            }
            #expect(failure?.isReplaced == true)
        }
        unsafe rename(scratch.at("target/sub"), scratch.at("target/gone"))
        scratch.makeLink("target/sub", to: "gone")
        #expect(throws: FileFailure.self) {
            try tree.root.hardLink("three".name, to: source, replacing: .refuse)
        }
    }

    @Test("setuid is kept only where the owner is")
    func setuid() throws {
        let scratch = try Scratch()
        let root = try TargetTree.open(path: scratch.bytes).root
        var attributes = ordinary
        attributes.mode = 0o6755
        _ = try write("x", as: "own", in: root, attributes)
        #expect(try root.contents.metadata(of: "own".name).mode == 0o6755)
        attributes.userID += 12345
        _ = try write("x", as: "foreign", in: root, attributes)
        #expect(try root.contents.metadata(of: "foreign".name).mode == 0o755)
        let file = try root.createFile("given".name, replacing: .refuse)
        let made = try file.finish(attributes, policy: AttributePolicy(setsOwner: true))
        let found = try root.contents.metadata(of: "given".name)
        if geteuid() == 0 {
            #expect(made.problems == [] && found.userID == attributes.userID)
            #expect(found.mode == 0o6755)
        } else {
            #expect(made.problems.map(\.operation) == [.setOwner] && found.mode == 0o755)
        }
    }

    @Test("attributes that lend rights are set only where asked")
    func attributePolicy() {
        var policy = AttributePolicy(setsOwner: true)
        #expect(policy.allows(attribute: "user.x".name))
        #expect(policy.allows(attribute: "system.posix_acl_access".name))
        #expect(!policy.allows(attribute: "security.capability".name))
        #expect(!policy.allows(attribute: "trusted.x".name))
        #expect(!policy.allows(attribute: "".name))
        policy.setsSecurity = true
        policy.setsTrusted = true
        #expect(policy.allows(attribute: "security.capability".name))
        #expect(policy.allows(attribute: "trusted.x".name))
        #expect(!policy.allows(attribute: "system.nfs4_acl".name))
    }

    @Test("hostile metadata is refused and the content is kept")
    func hostileMetadata() throws {
        let scratch = try Scratch()
        let root = try TargetTree.open(path: scratch.bytes).root
        let attributes = FileAttributes(
            mode: 0xffff_ffff,
            userID: geteuid(),
            groupID: getegid(),
            modified: Timestamp(seconds: 1, nanoseconds: 0x3fff_ffff),
            extended: [
                ExtendedAttribute(name: "user.\0x".name, value: [1]),
                ExtendedAttribute(name: "user.".name, value: [1]),
                ExtendedAttribute(
                    name: "user.large".name,
                    value: .init(repeating: 1, count: 1 << 20)
                ),
            ]
        )
        let made = try write("x", as: "file", in: root, attributes)
        #expect(
            made.problems.map(\.operation)
                == [.setAttributes, .setAttributes, .setAttributes, .setTimes]
        )
        #expect(try scratch.content("file") == "x".name)
        let file = try root.createFile("large".name, replacing: .refuse)
        #expect(throws: FileFailure.self) { try file.setSize(UInt64.max) }
        #expect(throws: FileFailure.self) {
            try file.write([UInt8](arrayLiteral: 1).span, at: UInt64.max)
        }
        #expect(throws: FileFailure.self) {
            try file.write([UInt8](arrayLiteral: 1).span, at: UInt64(Int64.max))
        }
        for name in ["", ".", "..", "a/b", "a\0b"] {
            #expect(throws: FileFailure.self) {
                try root.createFile(name.name, replacing: .replace)
            }
            #expect(throws: FileFailure.self) {
                try root.openOrCreateDirectory(name.name, replacing: .replace)
            }
            #expect(throws: FileFailure.self) { try root.remove(name.name, isDirectory: true) }
        }
    }
}
