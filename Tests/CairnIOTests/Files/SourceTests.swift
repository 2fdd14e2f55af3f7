import CairnCore
import CairnIO
import CairnTestKit
import Glibc
import Testing

@Suite("Source files")
struct SourceTests {
    @Test(
        "what could lead out of a directory is no name",
        arguments: ["", ".", "..", "/", "a/b", "a\0b", "../x", "/x"]
    )
    func noNames(text: String) throws {
        #expect(!FileName.isValid(text.name))
        let scratch = try Scratch()
        let directory = try scratch.source()
        #expect(throws: FileFailure.self) { try directory.metadata(of: text.name) }
        #expect(throws: FileFailure.self) { try directory.openSubdirectory(text.name) }
        #expect(throws: FileFailure.self) { try directory.openFile(text.name) }
        #expect(throws: FileFailure.self) { try directory.readLink(text.name) }
        #expect(throws: FileFailure.self) { try directory.extendedAttributes(of: text.name) }
    }

    @Test("names are bytes and sorted as bytes")
    func namesAreBytes() throws {
        let scratch = try Scratch()
        let names: [FileName] = [
            [0xff, 0xfe], [0xc3, 0x28], "e\u{301}".name, "\u{e9}".name, "-rf".name, "...".name,
            "a\nb".name, "abcdefgh".name, "abcdefghi".name, "abcdefgh\u{1}".name, "\u{1b}[2J".name,
            [UInt8](repeating: 0x80, count: 255), ".a".name, "A".name, "a".name,
        ]
        for name in names { scratch.makeFile(name, name) }
        let directory = try scratch.source()
        let found = try directory.names()
        #expect(found == names.sorted { $0.lexicographicallyPrecedes($1) })
        #expect(try directory.names() == found, "a second listing starts again")
        for name in found {
            let metadata = try directory.metadata(of: name)
            let buffer = ByteBuffer()
            let file = try directory.openFile(name, expecting: metadata)
            #expect(try file.read(upTo: 1000, into: buffer) == name.count)
            #expect(buffer.array == name)
            #expect(try file.read(upTo: 1000, into: buffer) == 0)
        }
        let long = [UInt8](repeating: 1, count: 5000)
        #expect(throws: FileFailure.self) { try directory.metadata(of: long) }
    }

    @Test("the directory above opens only where it is still the same")
    func parent() throws {
        let scratch = try Scratch()
        let above = try scratch.source()
        for name in ["a", "b"] { unsafe mkdir("\(scratch.path)/\(name)", 0o755) }
        unsafe mkdir("\(scratch.path)/a/c", 0o755)
        let a = try above.openSubdirectory("a".name)
        let inner = try a.openSubdirectory("c".name)
        let identity = try a.metadata().identity
        let again = try inner.openParent(expecting: identity)
        #expect(try again.names() == ["c".name])
        unsafe rename("\(scratch.path)/a/c", "\(scratch.path)/b/c")
        let failure = #expect(throws: FileFailure.self) {
            try inner.openParent(expecting: identity)
        }
        #expect(failure?.isReplaced == true)
    }

    @Test("a listing of given names is sorted, has each once and knows which it has")
    func givenNames() throws {
        var random = SeededRandom(seed: 7)
        for count in [0, 1, 2, 3, 50, 300] {
            let names = (0..<count).map { _ in
                FileName(
                    (0..<Int.random(in: 1...12, using: &random)).map { _ in
                        UInt8.random(in: 97...100, using: &random)
                    }
                )
            }
            let listing = try DirectoryListing(names)
            let expected = Set(names).sorted { $0.lexicographicallyPrecedes($1) }
            #expect(Array(listing) == expected)
            for name in expected {
                let others: [FileName] = [name, name + [97], name.dropLast() + [96], [100, 101]]
                for other in others {
                    #expect(listing.contains(other) == names.contains(other))
                }
            }
        }
    }

    @Test("a name longer than any file system has is a failure, not a crash")
    func overlongName() {
        let failure = #expect(throws: FileFailure.self) {
            try DirectoryListing(["a".name, [UInt8](repeating: 97, count: 70_000)])
        }
        #expect(failure?.errno == ENAMETOOLONG)
    }

    @Test("a directory of 100,000 entries lists whole and sorted")
    func manyEntries() throws {
        let scratch = try Scratch()
        scratch.makeFile("f0")
        let first = scratch.at("f0")
        var names = ["f0"]
        for number in 1..<100_000 {
            // Links are quicker to make than files; one file has at most 65,000 of them on ext4.
            let name = "f\(number)"
            if number % 50_000 == 0 {
                scratch.makeFile(name)
            } else {
                #expect(
                    unsafe link(
                        number < 50_000 ? first : scratch.at("f50000"),
                        scratch.at(name)
                    ) == 0
                )
            }
            names.append(name)
        }
        let listing = try scratch.source().listing()
        #expect(listing.count == names.count)
        #expect(Array(listing) == names.sorted().map(\.name))
        #expect(listing.kind(at: 5) == .regular || listing.kind(at: 5) == nil)
    }

    @Test("metadata tells every kind of file")
    func kinds() throws {
        let scratch = try Scratch()
        scratch.makeFile("file", "hello")
        scratch.makeDirectory("directory")
        scratch.makeLink("link", to: "nowhere at all")
        unsafe mkfifo(scratch.at("fifo"), 0o640)
        unsafe chmod(scratch.at("file"), 0o4751)
        let directory = try scratch.source()
        let file = try directory.metadata(of: "file".name)
        #expect(file.kind == .regular && file.size == 5 && file.mode == 0o4751)
        #expect(file.linkCount == 1 && file.userID == geteuid())
        #expect(try directory.metadata(of: "directory".name).kind == .directory)
        #expect(try directory.metadata(of: "link".name).kind == .symlink)
        #expect(try directory.metadata(of: "fifo".name).kind == .fifo)
        #expect(try directory.readLink("link".name) == "nowhere at all".name)
        let null = try SourceDirectory.open(path: "/dev".name).metadata(of: "null".name)
        #expect(null.kind == .characterDevice)
        #expect(null.deviceNumber == DeviceNumber(major: 1, minor: 3))
        #expect(try directory.metadata() == scratch.source().metadata())
    }

    @Test("nothing but a regular file is opened, and a FIFO holds nobody")
    func onlyRegularFiles() throws {
        let scratch = try Scratch()
        unsafe mkfifo(scratch.at("fifo"), 0o600)
        scratch.makeFile("file", "x")
        scratch.makeDirectory("directory")
        scratch.makeLink("link", to: "file")
        scratch.makeLink("directory link", to: "directory")
        let directory = try scratch.source()
        let expected = try directory.metadata(of: "file".name)
        for name in ["fifo", "directory", "link"] {
            let failure = #expect(throws: FileFailure.self) {
                try directory.openFile(name.name, expecting: expected)
            }
            #expect(failure?.isReplaced == true, "\(name)")
        }
        #expect(throws: FileFailure.self) { try directory.openSubdirectory("directory link".name) }
        #expect(throws: FileFailure.self) { try directory.openSubdirectory("fifo".name) }
        let gone = #expect(throws: FileFailure.self) { try directory.openFile("gone".name) }
        #expect(gone?.isVanished == true)
        #expect(gone?.description == "cannot open: no such file or directory")
    }

    @Test("a file or directory that took another's place is noticed")
    func replaced() throws {
        let scratch = try Scratch()
        scratch.makeFile("file", "x")
        scratch.makeFile("other", "y")
        scratch.makeDirectory("directory")
        scratch.makeDirectory("other directory")
        let directory = try scratch.source()
        let other = try directory.metadata(of: "other".name)
        let failure = #expect(throws: FileFailure.self) {
            try directory.openFile("file".name, expecting: other)
        }
        #expect(failure?.isReplaced == true && failure?.isVanished == false)
        let otherDirectory = try directory.metadata(of: "other directory".name)
        let second = #expect(throws: FileFailure.self) {
            try directory.openSubdirectory("directory".name, expecting: otherDirectory)
        }
        #expect(second?.isReplaced == true)
        let right = try directory.metadata(of: "directory".name)
        #expect(try directory.openSubdirectory("directory".name, expecting: right).names() == [])
    }

    @Test("a change while reading shows in the metadata")
    func changeWhileReading() throws {
        let scratch = try Scratch()
        scratch.makeFile("file", "before")
        let file = try scratch.source().openFile("file".name)
        #expect(try file.metadata().hasSameContent(as: file.opened))
        unsafe truncate(scratch.at("file"), 3)
        #expect(try !file.metadata().hasSameContent(as: file.opened))
        let buffer = ByteBuffer()
        #expect(try file.read(at: 1, upTo: 100, into: buffer) == 2)
        #expect(try file.read(at: 3, upTo: 100, into: buffer) == 0)
        #expect(try file.read(at: UInt64.max, upTo: 100, into: buffer) == 0)
        #expect(buffer.array == "ef".name)
    }

    @Test("holes are found, and many of them cost no more than was allowed")
    func holes() throws {
        let scratch = try Scratch()
        let tree = try TargetTree.open(path: scratch.bytes)
        let written = try tree.root.createFile("sparse".name, replacing: .refuse)
        let block = [UInt8](repeating: 7, count: 4096)
        try written.write(block.span, at: 1 << 20)
        try written.write(block.span, at: 3 << 20)
        try written.setSize(1 << 40)
        let attributes = FileAttributes(
            mode: 0o600,
            userID: 0,
            groupID: 0,
            modified: Timestamp(seconds: 1)
        )
        _ = try written.finish(attributes, policy: AttributePolicy(setsOwner: false))
        let file = try scratch.source().openFile("sparse".name)
        #expect(file.opened.mayHaveHoles)
        let extents = try file.dataExtents(size: file.opened.size)
        let expected: [Range<UInt64>] = [1_048_576..<1_052_672, 3_145_728..<3_149_824]
        #expect(extents == expected)
        #expect(try file.dataExtents(size: 2 << 20) == [expected[0]])
        #expect(try file.dataExtents(size: 1 << 20) == [])
        #expect(
            try file.dataExtents(size: 4 << 20, countMax: 1) == [1 << 20..<4 << 20]
        )
    }

    @Test("extended attributes come sorted, of files, directories and links")
    func attributes() throws {
        let scratch = try Scratch()
        let tree = try TargetTree.open(path: scratch.bytes)
        let policy = AttributePolicy(setsOwner: false)
        let extended = [
            ExtendedAttribute(name: "user.a".name, value: []),
            ExtendedAttribute(name: "user.b".name, value: [UInt8](repeating: 9, count: 2000)),
            ExtendedAttribute(name: [UInt8]("user.".utf8) + [0xff], value: [0, 1, 255]),
        ]
        let attributes = FileAttributes(
            mode: 0o400,
            userID: geteuid(),
            groupID: getegid(),
            modified: Timestamp(seconds: 5),
            extended: extended.reversed()
        )
        let file = try tree.root.createFile("file".name, replacing: .refuse)
        let made = try file.finish(attributes, policy: policy)
        #expect(made.problems == [])
        let directory = try tree.root.openOrCreateDirectory("sub".name, replacing: .refuse)
        #expect(directory.apply(attributes, policy: policy) == [])
        let source = try scratch.source()
        #expect(try source.extendedAttributes(of: "file".name) == extended)
        #expect(try source.openFile("file".name).extendedAttributes() == extended)
        #expect(try source.openSubdirectory("sub".name).extendedAttributes() == extended)
        #expect(try source.extendedAttributes() == [])
        scratch.makeLink("link", to: "file")
        #expect(try source.extendedAttributes(of: "link".name) == [])
        let failure = #expect(throws: FileFailure.self) {
            try source.extendedAttributes(of: "gone".name)
        }
        #expect(failure?.isVanished == true)
    }

    @Test("account names lead to their IDs and back")
    func accounts() {
        let accounts = AccountNames()
        #expect(accounts.userName(0) == "root".name)
        #expect(accounts.groupName(0) == "root".name)
        #expect(accounts.userID("root".name) == 0)
        #expect(accounts.groupID("root".name) == 0)
        #expect(accounts.userName(4_000_000_000) == nil)
        #expect(accounts.userName(4_000_000_000) == nil)
        #expect(accounts.groupName(4_000_000_000) == nil)
        #expect(accounts.userID("no\0body".name) == nil)
        #expect(accounts.groupID("no such group".name) == nil)
    }
}
