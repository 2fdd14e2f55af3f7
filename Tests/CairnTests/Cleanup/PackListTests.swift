import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Testing

@testable import Cairn

@Suite("What a cleanup knows of packs")
struct PackListTests {
    private func pack(_ random: inout SeededRandom) -> PackID {
        PackID(
            session: SessionID(
                writer: UInt64.random(in: 0..<9, using: &random),
                counter: UInt32.random(in: 0..<9, using: &random),
                random: [UInt8](repeating: UInt8.random(in: 0..<9, using: &random), count: 12)
            ),
            number: UInt32.random(in: 0..<100, using: &random)
        )
    }

    @Test("sizes of packs are in order, each once, in memory and in a file", arguments: [1, 2])
    func sizes(seed: UInt64) throws {
        let folder = try TestFolder()
        for directory in [nil, Array(folder.path.utf8)] {
            var random = SeededRandom(seed: seed)
            var sizes = PackSizes(directory: directory)
            var expected: [PackID: UInt64] = [:]
            for _ in 0..<60_000 {
                let id = pack(&random)
                let size = expected[id] ?? random.next()
                expected[id] = size
                sizes.append(id, size: size)
            }
            sizes.sort()
            #expect(sizes.map(\.id) == expected.keys.sorted())
            #expect(sizes.allSatisfy { $0.size == expected[$0.id] })
            for _ in 0..<10_000 {
                let id = pack(&random)
                #expect(sizes[id] == expected[id])
            }
        }
        #expect(PackSizes()[PackID(session: pack.session, number: 1)] == nil)
    }

    private var pack: PackID {
        var random = SeededRandom(seed: 3)
        return pack(&random)
    }

    @Test("a listing that breaks off and begins again changes neither plans nor counts")
    func brokenListing() throws {
        let bench = try CleanupTests.Bench(seed: 71)
        let old = try bench.save([1: 1, 2: 2])
        _ = try bench.save([2: 2, 4: 4])
        try bench.forget([old])
        let environment = Environment.virtual(seed: 1)
        let core = try SimulatedFiles.core(
            RetryingStore(bench.store, environment: environment),
            seed: 7,
            process: 1
        )
        func look() throws -> (CleanupPlan, Int, UInt64, Int) {
            let plan = try CleanupPlanner(core: core, options: CleanupOptions()).plan(
                context: JobContext(),
                meter: CleanupMeter(core.environment.time)
            )
            let records = RecordStore(core)
            let inventory = try RepositoryInventory.load(records, context: JobContext())
            return (plan, inventory.objectCount, inventory.totalBytes, inventory.foreign.count)
        }
        let foreign = try #require(ObjectName("packs/strange"))
        let bytes: [UInt8] = [1, 2, 3]
        _ = try bench.store.create(foreign, bytes.span)
        let expected = try look()
        #expect(expected.3 == 1)
        for number in 1...9 {
            let fault = StoreFault.lostAnswer(.unavailable(reason: "cut off"))
            bench.store.plan(fault, for: .list, at: number)
            #expect(try look() == expected, "broken at listing \(number)")
            bench.store.clearPlans()
        }
    }

    @Test("a job that is cancelled while it lists packs does not go to the end of the list")
    func cancelledListing() throws {
        let bench = try CleanupTests.Bench(seed: 72)
        for number in 0..<9 { _ = try bench.save([number: number]) }
        let cancellation = Cancellation()
        var given = 0
        let error = #expect(throws: CairnError.self) {
            let records = RecordStore(try bench.core())
            try records.forEachObject(in: "packs", cancellation) { _ in
                given += 1
                if given == 3 { cancellation.cancel() }
            }
        }
        #expect(error?.code == .cancelled && given == 3)
        // Nothing of the view is read after a listing that was ended.
        let context = JobContext(cancellation: cancellation)
        let records = RecordStore(try bench.core())
        let lists = bench.store.count(of: .list)
        #expect(throws: CairnError.self) {
            try RepositoryInventory.load(records, context: context)
        }
        #expect(bench.store.count(of: .list) == lists + 1)
    }

    /// Packs of which all, a part or nothing is needed; many are alike.
    private func packs(_ random: inout SeededRandom) -> [CleanupPlan.Pack] {
        let count = Int.random(in: 0..<400, using: &random)
        return (0..<count).map { number in
            let size = UInt64.random(in: 0...4, using: &random) << 20
            let chunks = Int.random(in: 1..<20_000, using: &random)
            let part = UInt64.random(in: 0...4, using: &random)
            let action: CleanupPlan.Action = part == 0 ? .delete : .keep
            return CleanupPlan.Pack(
                id: PackID(session: pack.session, number: UInt32(number)),
                size: size,
                usedSize: size * part / 4,
                chunks: chunks,
                usedChunks: chunks * Int(part) / 4,
                action: action,
                reason: action == .delete ? .unused : .used
            )
        }
    }

    /// Picks packs as the planner is to do it, with arrays.
    private func choose(
        _ packs: inout [CleanupPlan.Pack],
        allowed: UInt64,
        room: UInt64,
        smallSize: UInt64
    ) {
        var room = room
        func unused() -> UInt64 {
            packs.filter { $0.action == .keep }.reduce(0) { $0 + $1.size - $1.usedSize }
        }
        func rewrite(_ index: Int, _ reason: CleanupPlan.Reason) {
            let isWithin = packs[index].size <= room
            packs[index].reason = isWithin ? reason : .limit
            guard isWithin else { return }
            packs[index].action = .rewrite
            room -= packs[index].size
        }
        func share(_ index: Int) -> Double {
            Double(packs[index].usedSize) / Double(max(packs[index].size, 1))
        }
        let partly = packs.indices.filter {
            packs[$0].action == .keep && packs[$0].usedChunks < packs[$0].chunks
        }
        for index in partly.sorted(by: { (share($0), $0) < (share($1), $1) }) {
            guard unused() > allowed else { break }
            rewrite(index, .partlyUsed)
        }
        let small = packs.indices.filter {
            packs[$0].action == .keep && packs[$0].size < smallSize && packs[$0].chunks < 16_384
        }
        if small.count >= 20 { for index in small { rewrite(index, .small) } }
    }

    @Test("the packs to rewrite are those with the least needed first, up to the limits")
    func choice() throws {
        let core = try CleanupTests.Bench(seed: 72).core()
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var expected = packs(&random)
            var options = CleanupOptions()
            let allowed = UInt64.random(in: 0...500, using: &random) << 20
            options.maxUnused = .bytes(allowed)
            if Bool.random(using: &random) {
                options.maxRepackSize = UInt64.random(in: 0...500, using: &random) << 20
            }
            var chosen = ScratchArray<CleanupPlan.Pack>(directory: nil)
            for pack in expected { chosen.append(pack) }
            CleanupPlanner(core: core, options: options).chooseRewrites(&chosen)
            choose(
                &expected,
                allowed: allowed,
                room: options.maxRepackSize ?? .max,
                smallSize: UInt64(core.format.packSizeTarget) / 4
            )
            #expect(CleanupPlan.PackList(chosen) == CleanupPlan.PackList(expected), "seed \(seed)")
        }
    }

    @Test("lists of the same packs are the same, wherever they lie")
    func sameness() throws {
        let folder = try TestFolder()
        var random = SeededRandom(seed: 4)
        var all: [CleanupPlan.Pack] = []
        while all.count < 20_000 { all += packs(&random) }
        var far = ScratchArray<CleanupPlan.Pack>(directory: Array(folder.path.utf8))
        for pack in all { far.append(pack) }
        let near = CleanupPlan.PackList(all)
        #expect(CleanupPlan.PackList(far) == near)
        #expect(CleanupPlan.PackList(far).hashValue == near.hashValue)
        far[10_000].action = .rewrite
        #expect(CleanupPlan.PackList(far) != near)
        #expect(near.elementsEqual(all) && near[10_000] == all[10_000])
        #expect(CleanupPlan.PackList([]).isEmpty)
    }
}
