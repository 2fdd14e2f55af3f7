import CairnCore
import CairnIO
import CairnTestKit
import Foundation
import Testing

@Suite("A store in a folder")
struct LocalStoreTests {
    private func name(_ text: String) throws -> ObjectName {
        try #require(ObjectName(text))
    }

    @Test("opening writes nothing")
    func openingWritesNothing() throws {
        let folder = try TemporaryFolder()
        let store = try LocalStore(path: folder.path, create: true)
        #expect(try store.list(folder: "packs") == Listing())
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }

    @Test("a folder that is missing is an error, not an empty store")
    func missingFolder() throws {
        let folder = try TemporaryFolder()
        #expect(throws: StoreError.self) {
            try LocalStore(path: folder.path + "/missing", create: false)
        }
        #expect(throws: StoreError.self) {
            try LocalStore(path: folder.path + "/missing/deeper", create: true)
        }
        let store = try LocalStore(path: folder.path + "/gone", create: true)
        try FileManager.default.removeItem(atPath: folder.path + "/gone")
        #expect(throws: StoreError.self) { try store.list(folder: "packs") }
    }

    @Test("what is no object is counted as foreign and cannot be read")
    func foreignEntries() throws {
        let folder = try TemporaryFolder()
        let store = try LocalStore(path: folder.path, create: false)
        let bytes: [UInt8] = [1]
        #expect(try store.create(name("packs/a"), bytes.span) == .created)
        let packs = folder.path + "/packs/"
        try Data([2]).write(to: URL(fileURLWithPath: packs + ".hidden"))
        try Data([2]).write(to: URL(fileURLWithPath: packs + "UPPER"))
        try FileManager.default.createDirectory(
            atPath: packs + "folder",
            withIntermediateDirectories: false
        )
        try FileManager.default.createSymbolicLink(
            atPath: packs + "link",
            withDestinationPath: "a"
        )
        let made = unsafe mkfifo(packs + "fifo", 0o600)
        #expect(made == 0)
        let listing = try store.list(folder: "packs")
        #expect(listing.objects.map(\.name.text) == ["packs/a"])
        #expect(listing.foreignCount == 5)
        for leaf in ["folder", "link", "fifo"] {
            #expect(throws: StoreError.self) {
                try store.read(name("packs/" + leaf), nil, into: ByteBuffer())
            }
            #expect(throws: StoreError.notFound(try name("packs/" + leaf))) {
                try store.size(of: name("packs/" + leaf))
            }
        }
    }

    @Test("two stores over one folder see each other's objects")
    func twoStores() throws {
        let folder = try TemporaryFolder()
        let a = try LocalStore(path: folder.path, create: false)
        let b = try LocalStore(path: folder.path, create: false)
        let bytes: [UInt8] = [1, 2, 3]
        #expect(try b.list(folder: "packs") == Listing())
        #expect(try a.create(name("packs/x"), bytes.span) == .created)
        #expect(try b.create(name("packs/x"), bytes.span) == .exists)
        #expect(try b.list(folder: "packs").objects.count == 1)
        try b.delete(name("packs/x"))
        #expect(try a.list(folder: "packs") == Listing())
    }

    @Test("the probe leaves nothing behind and finds this file system usable")
    func probe() throws {
        let folder = try TemporaryFolder()
        let probe = try LocalStore.probe(folder.path)
        #expect(probe.isUsable && probe.hasAtomicCreate)
        let store = try LocalStore(path: folder.path, create: false)
        #expect(try store.temporaryFiles().isEmpty)
    }

    @Test("a full device is told as such, and leaves whole objects only")
    func outOfSpace() throws {
        let folder = try TemporaryFolder()
        let mounted = unsafe mount("tmpfs", folder.path, "tmpfs", 0, "size=1m")
        guard mounted == 0 else { return }  // it takes root
        defer { _ = unsafe umount2(folder.path, CInt(MNT_DETACH)) }
        let store = try LocalStore(path: folder.path, create: false)
        let bytes = [UInt8](repeating: 1, count: 64 << 10)
        var createdCount = 0
        var error: StoreError?
        while error == nil && createdCount < 100 {
            do throws(StoreError) {
                let name = ObjectName("packs/p\(createdCount)")
                if let name, try store.create(name, bytes.span) == .created { createdCount += 1 }
            } catch let failure {
                error = failure
            }
        }
        #expect(error == .outOfSpace)
        let big = [UInt8](repeating: 1, count: 4 << 20)
        #expect(throws: StoreError.outOfSpace) {
            try store.create(name("packs/big"), big.span)
        }
        let listing = try store.list(folder: "packs")
        #expect(listing.objects.count == createdCount)
        #expect(listing.objects.allSatisfy { $0.size == 64 << 10 })
        try store.delete(name("packs/p0"))
        #expect(try store.create(name("packs/again"), bytes.span) == .created)
        try store.barrier()
    }

    @Test("more objects can be read than files are kept open")
    func manyRangedReads() throws {
        let folder = try TemporaryFolder()
        let store = try LocalStore(path: folder.path, create: false)
        for number in 0..<100 {
            let bytes = [UInt8](repeating: UInt8(number), count: 100)
            #expect(try store.create(name("packs/\(number)"), bytes.span) == .created)
        }
        for round in 0..<3 {
            for number in 0..<100 {
                let buffer = ByteBuffer()
                try store.read(name("packs/\(number)"), 10..<20, into: buffer)
                #expect(buffer.array == [UInt8](repeating: UInt8(number), count: 10), "\(round)")
            }
        }
    }
}
