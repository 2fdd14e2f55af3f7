import CairnCore
import CairnIO
import Glibc
import Testing

@Suite("Private files")
struct PrivateFileTests {
    @Test("a cache directory and its files are closed to others")
    func modes() throws {
        let scratch = try Scratch()
        scratch.makeDirectory("cache")
        let cache = try PrivateDirectory.open(path: scratch.at("cache").name)
        #expect(try scratch.source().metadata(of: "cache".name).mode == 0o700)
        try cache.write("file".name, "one".name.span)
        try cache.write("file".name, "two".name.span)
        #expect(try cache.metadata(of: "file".name).mode == 0o600)
        #expect(try cache.read("file".name, sizeMax: 3) == "two".name)
        #expect(throws: FileFailure.self) { try cache.read("file".name, sizeMax: 2) }
        #expect(try cache.names() == ["file".name])
        let sub = try cache.subdirectory("sub".name)
        try sub.write("empty".name, [UInt8]().span)
        #expect(try sub.read("empty".name, sizeMax: 0) == [])
        try cache.remove("file".name)
        try cache.remove("file".name)
        #expect(try cache.read("file".name, sizeMax: 10) == nil)
        #expect(throws: FileFailure.self) {
            try cache.write("../x".name, [UInt8](arrayLiteral: 1).span)
        }
    }

    @Test("a link or a FIFO in the place of a cache file is not read")
    func planted() throws {
        let scratch = try Scratch()
        let cache = try PrivateDirectory.open(path: scratch.bytes)
        scratch.makeLink("link", to: "/etc/passwd")
        unsafe mkfifo(scratch.at("fifo"), 0o600)
        #expect(throws: FileFailure.self) { try cache.map("link".name) }
        #expect(throws: FileFailure.self) { try cache.map("fifo".name) }
        #expect(throws: FileFailure.self) { try cache.read("link".name, sizeMax: 1 << 20) }
        #expect(throws: FileFailure.self) { try cache.read("fifo".name, sizeMax: 1 << 20) }
    }

    @Test("a file is read whole", arguments: [1, 4095, 4096, 4097, 300_000])
    func reading(size: Int) throws {
        let scratch = try Scratch()
        let cache = try PrivateDirectory.open(path: scratch.bytes)
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 * 7) }
        try cache.write("file".name, bytes.span)
        #expect(try cache.read("file".name, sizeMax: size) == bytes)
        #expect(throws: FileFailure.self) { try cache.read("file".name, sizeMax: size - 1) }
    }

    @Test("a mapping shows the whole file")
    func mapping() throws {
        let scratch = try Scratch()
        let cache = try PrivateDirectory.open(path: scratch.bytes)
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        try cache.write("file".name, bytes.span)
        let mapped = try #require(try cache.map("file".name))
        mapped.advise(.random)
        mapped.advise(.sequential)
        mapped.advise(.willNeed)
        #expect(mapped.count == bytes.count)
        #expect(mapped.span[99_999] == bytes[99_999])
        try cache.write("file".name, [UInt8](arrayLiteral: 1).span)
        #expect(mapped.span[50_000] == bytes[50_000], "a replaced file stays as it was mapped")
    }

    @Test("a spill file keeps what it was given and has no name", arguments: [true, false])
    func spilling(isInMemory: Bool) throws {
        let scratch = try Scratch()
        let spill = isInMemory ? try SpillFile() : try SpillFile(directory: scratch.bytes)
        #expect(try spill.append("hello ".name.span) == 0)
        #expect(try spill.append("world".name.span) == 6)
        #expect(try spill.append([UInt8]().span) == 11)
        #expect(spill.count == 11)
        let buffer = ByteBuffer()
        try spill.read(4..<8, into: buffer)
        #expect(buffer.array == "o wo".name)
        #expect(throws: FileFailure.self) { try spill.read(8..<20, into: buffer) }
        let mapped = try spill.map()
        #expect(mapped.count == 11 && mapped.span[10] == UInt8(ascii: "d"))
        #expect(try scratch.source().names() == [])
    }
}
