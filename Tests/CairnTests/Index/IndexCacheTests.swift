import CairnCore
import CairnFormat
import CairnIO
import Synchronization
import Testing

@testable import Cairn

@Suite("Index cache")
struct IndexCacheTests {
    /// Opens the world's view and says which objects were read for it.
    private func open(
        _ world: IndexWorld,
        _ folder: TestFolder?,
        view: [IndexSource]? = nil
    ) throws -> (index: ChunkIndex, fetched: Set<IndexSource>) {
        let cache = IndexCache(
            path: folder?.path,
            repository: IndexWorld.repository,
            key: IndexWorld.key,
            environment: .system
        )
        var fetched: Set<IndexSource> = []
        let opened = try cache.open(view: view ?? world.view) { source in
            fetched.insert(source)
            return world.objects[source]
        }
        #expect(opened.setAside.isEmpty)
        return (opened.index, fetched)
    }

    private func expectAll(_ world: IndexWorld, in index: ChunkIndex) {
        for (id, packs) in world.places {
            #expect(Set(index.locations(of: id).map(\.pack.id)) == Set(packs))
        }
    }

    @Test("only what is new is read, and few runs remain")
    func incremental() throws {
        let folder = try TestFolder()
        var world = IndexWorld(seed: 31)
        for step in 0..<30 {
            let source = world.addObject(chunkCount: 20 + step * 7)
            let (index, fetched) = try open(world, folder)
            #expect(fetched == [source])
            if step % 10 == 9 { expectAll(world, in: index) }
            #expect(try folder.names().count <= 2)
        }
        #expect(try open(world, folder).fetched.isEmpty)
        #expect(try open(world, nil).fetched.count == 30)
    }

    @Test("what is not to be kept uses no run of the folder and leaves none in it")
    func withoutKeeping() throws {
        let folder = try TestFolder()
        var world = IndexWorld(seed: 43)
        let source = world.addObject(chunkCount: 1000)
        _ = try open(world, folder)
        let names = try folder.names()
        #expect(names.count == 1)
        let cache = IndexCache(
            path: folder.path,
            repository: IndexWorld.repository,
            key: IndexWorld.key,
            environment: .system,
            isKept: false
        )
        #expect(cache.directory == Array(folder.path.utf8))
        var fetched: [IndexSource] = []
        let opened = try cache.open(view: world.view) { source in
            fetched.append(source)
            return world.objects[source]
        }
        #expect(fetched == [source])
        expectAll(world, in: opened.index)
        #expect(opened.index.storedRuns.allSatisfy { $0.run.name == nil })
        cache.keepSession(of: opened.index)
        #expect(try folder.names() == names)
        #expect(try open(world, folder).fetched.isEmpty)
    }

    @Test("a view that lost objects uses the runs that are there")
    func shrinkingView() throws {
        let folder = try TestFolder()
        var world = IndexWorld(seed: 32)
        let sources = (0..<6).map { _ in world.addObject(chunkCount: 100) }
        _ = try open(world, folder)
        var smaller = IndexWorld(seed: 33)
        smaller.objects = world.objects.filter { sources[3...].contains($0.key) }
        let (index, fetched) = try open(smaller, folder)
        #expect(fetched.isEmpty)
        for (source, object) in world.objects {
            for entry in object.entries {
                let id = ChunkID(
                    words: (entry.prefix0.byteSwapped, entry.prefix1.byteSwapped, 0, 0)
                )
                #expect(index.contains(id) == sources[3...].contains(source))
            }
        }
        // Nothing of the old view is left: its files go away.
        _ = try open(IndexWorld(seed: 34), folder)
        #expect(try folder.names().isEmpty)
    }

    @Test("damaged, foreign and empty files cost speed only", arguments: 0..<40 as Range<UInt64>)
    func damaged(seed: UInt64) throws {
        let folder = try TestFolder()
        var world = IndexWorld(seed: 40 + seed)
        for _ in 0..<3 { world.addObject(chunkCount: 300) }
        _ = try open(world, folder)
        var generator = SeededGenerator(seed: seed)
        for name in try folder.names() {
            var bytes = try folder.bytes(name)
            switch seed % 4 {
            case 0: bytes = Array(bytes.prefix(Int.random(in: 0..<bytes.count, using: &generator)))
            case 1: bytes = []
            default:
                for _ in 0..<(seed % 4 == 2 ? 1 : 100) {
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= 0x55
                }
            }
            try folder.write(bytes, to: name)
        }
        try folder.write([1, 2, 3], to: "run-foreign")
        try folder.write([4], to: "someone-elses-file")
        try folder.write([5], to: "tmp-unfinished")
        world.addObject(chunkCount: 2000)
        let cache = IndexCache(
            path: folder.path,
            repository: IndexWorld.repository,
            key: IndexWorld.key,
            environment: .system
        )
        let fetch = { (source: IndexSource) in world.objects[source] }
        var index = try cache.open(view: world.view, fetch: fetch).index
        for _ in 0..<500 { #expect(!index.contains(world.chunkID()), "seed \(seed)") }
        for id in world.places.keys { _ = index.locations(of: id) }
        if cache.removeDamaged(of: index) {
            index = try cache.open(view: world.view, fetch: fetch).index
        }
        expectAll(world, in: index)
        let names = try folder.names()
        #expect(names.contains("someone-elses-file") && !names.contains("run-foreign"))
        #expect(!names.contains { $0.hasPrefix("tmp-") })
    }

    @Test("what a session added needs no reading afterwards")
    func keepSession() throws {
        let folder = try TestFolder()
        var world = IndexWorld(seed: 60)
        world.addObject(chunkCount: 100)
        let (index, _) = try open(world, folder)
        for step in 0..<5 as Range<UInt32> {
            let pack = world.pack()
            let ids = (0..<50).map { _ in world.chunkID() }
            for id in ids { #expect(index.claim(id) == .claimed) }
            index.place(ids.map { world.entry($0, pack: 0) }, in: pack)
            for id in ids { world.places[id] = [pack.id] }
            let delta = try #require(index.takeDelta())
            let session = SessionID(writer: 5, counter: 5, random: [UInt8](repeating: 5, count: 12))
            let source = IndexSource(
                id: IndexID(session: session, number: step),
                digest: world.chunkID()
            )
            try index.keep(delta, as: source)
            world.objects[source] = delta
        }
        expectAll(world, in: index)
        let cache = IndexCache(
            path: folder.path,
            repository: IndexWorld.repository,
            key: IndexWorld.key,
            environment: .system
        )
        cache.keepSession(of: index)
        let (again, fetched) = try open(world, folder)
        #expect(fetched.isEmpty)
        expectAll(world, in: again)
        #expect(try folder.names().allSatisfy { $0.hasPrefix("run-") })
    }

    @Test("an object that cannot be read is set aside and hides nothing else")
    func setAside() throws {
        var world = IndexWorld(seed: 70)
        let bad = world.addObject(chunkCount: 10)
        world.addObject(chunkCount: 10)
        let cache = IndexCache(
            path: nil,
            repository: IndexWorld.repository,
            key: IndexWorld.key,
            environment: .system
        )
        let opened = try cache.open(view: world.view) { $0 == bad ? nil : world.objects[$0] }
        #expect(opened.setAside == [bad])
        #expect(opened.index.storedCount == 10)
        #expect(throws: CairnError.self) {
            try cache.open(view: world.view) { _ throws(CairnError) in
                throw CairnError(.unavailable, "no store")
            }
        }
    }

    @Test("a folder that cannot be made is as good as none")
    func noFolder() throws {
        var world = IndexWorld(seed: 80)
        world.addObject(chunkCount: 10)
        let cache = IndexCache(
            path: "/nowhere/at/all",
            repository: IndexWorld.repository,
            key: IndexWorld.key,
            environment: .system
        )
        let index = try cache.open(view: world.view) { world.objects[$0] }.index
        expectAll(world, in: index)
    }
}
