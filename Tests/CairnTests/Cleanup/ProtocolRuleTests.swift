import CairnCore
import CairnFormat
import CairnIO
import CairnTestKit
import Testing

@testable import Cairn

/// Histories made by hand for rules whose breaking the simulator meets too rarely.
@Suite("A rule of the protocol")
struct ProtocolRuleTests {
    private struct Machine {
        let store = MemoryStore()
        let faults: ProtocolFaults

        init(_ faults: ProtocolFaults) throws {
            self.faults = faults
            var options = RepositoryOptions()
            options.environment = .virtual(seed: 1)
            _ = try RepositoryCreation.run(store, RepositorySettings(), nil, options)
        }

        func core(_ process: Int32) throws -> RepositoryCore {
            try SimulatedFiles.core(store, seed: UInt64(process), process: process, faults: faults)
        }

        func executor(_ process: Int32, generation: UInt64) throws -> CleanupExecutor {
            let core = try core(process)
            var options = CleanupOptions()
            options.fenceAfter = 0
            return try CleanupExecutor(
                core,
                generation: generation,
                options: options,
                context: JobContext(),
                meter: CleanupMeter(core.environment.time)
            )
        }

        var packs: Set<PackID> {
            get throws {
                var packs: Set<PackID> = []
                for object in try store.list(folder: "packs").objects {
                    if case .pack(let id)? = ObjectNames.parse(object.name.text) {
                        packs.insert(id)
                    }
                }
                return packs
            }
        }

        func holds(_ record: SnapshotRecord, _ files: [Int: Int]) throws -> Bool {
            let core = try core(90)
            let (_, index) = try RepositoryView.open(RecordStore(core), context: JobContext())
            let reader = ChunkReader(core: core, index: index)
            return (try? SimulatedFiles.holds(reader, record, files)) ?? false
        }
    }

    /// A session that begins beside an open cleanup takes a part of a snapshot whole, and that
    /// snapshot is forgotten before the cleanup asks what is needed.
    private func takesFromForgotten(_ faults: ProtocolFaults) throws -> Bool {
        let machine = try Machine(faults)
        let old = [1: 1, 2: 4]
        let root = try SimulatedFiles.save(try machine.core(1), old, usesParent: false)
        var executor = try machine.executor(2, generation: 1)
        #expect(try executor.open(try machine.packs, []))
        let files = [1: 1, 5: 5]
        var isOver = false
        let saved = try SimulatedFiles.save(try machine.core(3), files, usesParent: true) {
            _ throws(CairnError) in
            if isOver { return }
            isOver = true
            do {
                try SnapshotChanges(try machine.core(4)).mark([root.session], reason: "test")
                try executor.finish()
            } catch {
                throw error as? CairnError ?? CairnError(.store, "\(error)")
            }
        }
        return try machine.holds(saved, files)
    }

    @Test("makes sessions name the snapshots that they take parts from")
    func namedRoots() throws {
        #expect(try takesFromForgotten([]))
        #expect(try !takesFromForgotten(.undeclaredRoots), "nobody would notice")
    }

    @Test("makes a session choose anew where its root was forgotten before it was registered")
    func forgottenBeforeRegistered() throws {
        let machine = try Machine([])
        let old = [1: 1, 2: 4]
        let root = try SimulatedFiles.save(try machine.core(1), old, usesParent: false)
        var views = 0
        let session = try WriterSession.begin(try machine.core(2), context: JobContext()) {
            view throws(CairnError) in
            views += 1
            let chosen = view.snapshots.last.map { $0.session }
            if views == 1 {
                do {
                    try SnapshotChanges(try machine.core(3)).mark([root.session], reason: "test")
                } catch {
                    throw error as? CairnError ?? CairnError(.store, "\(error)")
                }
            }
            return Set([chosen].compactMap { $0 })
        }
        #expect(views == 2 && session.roots.isEmpty)
        session.abandon()
    }
}
