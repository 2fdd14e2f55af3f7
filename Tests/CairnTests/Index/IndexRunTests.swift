import CairnCore
import CairnFormat
import Testing

@testable import Cairn

@Suite("Index run")
struct IndexRunTests {
    @Test(
        "a run finds every chunk of its objects and no other",
        arguments: [0, 1, 2, 126, 127, 128, 129, 5000, 20_000]
    )
    func findsAll(count: Int) throws {
        var world = IndexWorld(seed: UInt64(count) + 1)
        world.addObject(chunkCount: count / 2)
        world.addObject(chunkCount: count - count / 2)
        let run = try world.run()
        #expect(run.entryCount == count)
        for id in world.places.keys {
            let first = try #require(run.firstIndex(of: PrefixKey(id)))
            #expect(run.firstIndexIgnoringGuide(of: PrefixKey(id)) == first)
            let entry = try #require(run.entry(at: first))
            #expect(entry.matches(id))
            #expect(run.pack(entry.pack)?.id == world.places[id]?.first)
        }
        for _ in 0..<1000 {
            let key = PrefixKey(world.chunkID())
            #expect(run.firstIndex(of: key) == nil)
            #expect(run.firstIndexIgnoringGuide(of: key) == nil)
        }
        #expect(!run.isDamaged)
    }

    @Test("entries come out in order, whatever the number of inputs")
    func ordered() throws {
        var world = IndexWorld(seed: 5)
        for count in [0, 1, 700, 3, 4000, 90, 1, 0, 260] { world.addObject(chunkCount: count) }
        let run = try world.run()
        var last = PrefixKey(high: 0, low: 0)
        for index in 0..<run.entryCount {
            let key = PrefixKey(try #require(run.entry(at: index)))
            #expect(!(key < last))
            last = key
        }
    }

    @Test("chunks whose first eight bytes are equal are told apart")
    func crowdedPrefixes() throws {
        var world = IndexWorld(seed: 6)
        let ids = (0..<600).map { index in
            ChunkID(words: (UInt64(index % 3), UInt64(index), 0, 0))
        }
        world.addObject(chunkCount: ids.count, including: ids)
        world.addObject(chunkCount: 1000)
        let run = try world.run()
        for id in ids {
            let first = try #require(run.firstIndex(of: PrefixKey(id)))
            #expect(run.entry(at: first)?.matches(id) == true)
            #expect(run.firstIndexIgnoringGuide(of: PrefixKey(id)) == first)
        }
    }

    @Test("more than 65535 chunks in one slice of the key space are found")
    func overflowingLine() throws {
        var world = IndexWorld(seed: 7)
        let ids = (0..<70_000).map { ChunkID(words: (UInt64($0).byteSwapped, 5, 0, 0)) }
        world.addObject(chunkCount: ids.count, including: ids)
        let run = try world.run()
        for id in ids.prefix(500) + ids.suffix(500) {
            #expect(run.firstIndex(of: PrefixKey(id)) != nil)
        }
    }

    @Test("copies of a chunk in several packs are all found")
    func copies() throws {
        var world = IndexWorld(seed: 8)
        let shared = (0..<60).map { _ in world.chunkID() }
        for _ in 0..<5 { world.addObject(chunkCount: 300, including: shared) }
        let run = try world.run()
        for id in shared {
            var packs: [PackID] = []
            let first = try #require(run.firstIndex(of: PrefixKey(id)))
            run.forEach(PrefixKey(id), from: first) { entry in
                if let pack = run.pack(entry.pack) { packs.append(pack.id) }
                return true
            }
            #expect(packs.sorted() == world.places[id]?.sorted())
        }
    }

    @Test("from any guess the entry is found that is found without one", arguments: 1...8)
    func guesses(seed: UInt64) throws {
        var world = IndexWorld(seed: seed)
        let shared = (0..<60).map { _ in world.chunkID() }
        for _ in 0..<12 { world.addObject(chunkCount: 70, including: shared) }
        let run = try world.run()
        var generator = SeededGenerator(seed: seed)
        let absent = (0..<300).map { _ in generator.chunkID() }
        for id in Array(world.places.keys) + absent {
            let key = PrefixKey(id)
            let first = run.firstIndex(of: key)
            let guess = Int.random(in: 0...run.entryCount, using: &generator)
            #expect(run.firstIndex(of: key, from: guess) == first, "seed \(seed), far")
            let near = max(0, (first ?? guess) - Int(generator.next() % 12) + 3)
            #expect(run.firstIndex(of: key, from: near) == first, "seed \(seed), near")
        }
    }

    @Test("a changed byte never makes a run crash or invent a chunk", arguments: 0..<60)
    func poisoned(seed: UInt64) throws {
        var world = IndexWorld(seed: seed)
        world.addObject(chunkCount: 400)
        world.addObject(chunkCount: 300)
        var bytes = try world.runBytes()
        var generator = SeededGenerator(seed: seed ^ 0xffff)
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        bytes[place] ^= UInt8.random(in: 1...255, using: &generator)
        guard let run = try? IndexWorld.open(bytes) else { return }
        for (id, packs) in world.places {
            guard let first = run.firstIndex(of: PrefixKey(id)) else {
                // Hidden by the guide or by a damaged page.
                let exact = run.firstIndexIgnoringGuide(of: PrefixKey(id))
                #expect(exact != nil || run.isDamaged, "seed \(seed)")
                continue
            }
            let entry = try #require(run.entry(at: first))
            if let pack = run.pack(entry.pack) {
                #expect(packs.contains(pack.id), "seed \(seed)")
            } else {
                #expect(run.isDamaged, "seed \(seed)")
            }
        }
        for _ in 0..<300 {
            #expect(run.firstIndex(of: PrefixKey(world.chunkID())) == nil, "seed \(seed)")
        }
    }

    @Test("a guide of random bytes hides chunks at worst", arguments: 0..<10)
    func poisonedGuide(seed: UInt64) throws {
        var world = IndexWorld(seed: seed)
        world.addObject(chunkCount: 3000)
        var bytes = try world.runBytes()
        let layout = try IndexWorld.open(bytes).layout
        var generator = SeededGenerator(seed: seed)
        for page in layout.guidePage..<layout.entryPage {
            for place in 0..<4096 {
                bytes[page * 4096 + place] = UInt8.random(in: 0...255, using: &generator)
            }
        }
        let run = try IndexWorld.open(bytes)
        for id in world.places.keys {
            if let first = run.firstIndex(of: PrefixKey(id)) {
                #expect(run.entry(at: first)?.matches(id) == true)
            }
            #expect(run.firstIndexIgnoringGuide(of: PrefixKey(id)) != nil)
        }
        #expect(!run.isDamaged)
    }

    @Test("a run cut short or grown is refused")
    func truncated() throws {
        var world = IndexWorld(seed: 3)
        world.addObject(chunkCount: 500)
        let bytes = try world.runBytes()
        for count in [1, 8, 100, 4095, 4096, 8192, bytes.count - 4096, bytes.count - 1] {
            #expect(throws: IndexError.damaged) {
                try IndexWorld.open(Array(bytes[..<count]))
            }
        }
        #expect(throws: IndexError.damaged) { try IndexWorld.open(bytes + [0]) }
    }

    @Test("a run of another repository or under another key is refused")
    func foreign() throws {
        var world = IndexWorld(seed: 4)
        world.addObject(chunkCount: 50)
        let buffer = ByteBuffer()
        buffer.append(try world.runBytes())
        let other = try #require(RepositoryID(bytes: [UInt8](repeating: 0, count: 16)))
        #expect(throws: IndexError.damaged) {
            try IndexRun(RunStorage(buffer), repository: other, key: IndexWorld.key)
        }
        let key = SecretBytes(copying: [UInt8](repeating: 8, count: 32).span)
        #expect(throws: IndexError.damaged) {
            try IndexRun(RunStorage(buffer), repository: IndexWorld.repository, key: key)
        }
    }

    @Test("sources that the view lacks are passed over and left out of a merge")
    func masked() throws {
        var world = IndexWorld(seed: 11)
        let shared = (0..<10).map { _ in world.chunkID() }
        let sources = (0..<6).map { _ in
            world.addObject(chunkCount: 100, including: shared)
        }
        let dead: Set = [sources[1], sources[2], sources[4]]
        let live = LiveRun(try world.run()) { !dead.contains($0) }
        #expect(live.entryCount == 300)
        #expect(Set(live.sources) == Set(sources).subtracting(dead))
        let space = RunSpace(
            repository: IndexWorld.repository,
            key: IndexWorld.key,
            environment: .system,
            folder: nil
        )
        var builder = space.makeBuilder()
        builder.add(live)
        let merged = try space.write(builder, isKept: false)
        #expect(merged.entryCount == 300)
        for (source, object) in world.objects {
            for entry in object.entries {
                var found = false
                let key = PrefixKey(entry)
                if let first = merged.firstIndex(of: key) {
                    merged.forEach(key, from: first) { other in
                        found = found || merged.pack(other.pack) == object.packs[Int(entry.pack)]
                        return !found
                    }
                }
                #expect(found == !dead.contains(source))
            }
        }
    }
}
