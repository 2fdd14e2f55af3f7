internal import CairnIO
internal import Synchronization

extension RecordStore {
    /// Calls of a store that run at once: what takes time is waiting for a disk or a network.
    private static let callCountMax = 8

    /// Does the same with each of `items`, several at a time; in order and one at a time where the
    /// repository publishes inline.
    ///
    /// The first failure ends it: what is under way then ends, nothing else begins.
    func forEach<Items: RandomAccessCollection & Sendable>(
        _ items: Items,
        context: JobContext,
        _ body: @escaping @Sendable (Items.Element) throws(CairnError) -> Void
    ) throws(CairnError) where Items.Index == Int, Items.Element: Sendable {
        let count = min(RecordStore.callCountMax, items.count)
        guard count > 1, !core.options.publishesInline else {
            for item in items {
                try context.checkCancelled()
                try body(item)
            }
            return
        }
        let turns = Turns(items)
        do {
            let group = try ThreadGroup(name: "cairn-store", count: count) { _ in
                while let item = turns.next() {
                    do throws(CairnError) {
                        try context.checkCancelled()
                        try body(item)
                    } catch {
                        turns.fail(error)
                    }
                }
            }
            group.join()
        } catch {
            throw CairnError.store(error, "starting a thread")
        }
        if let failure = turns.failure { throw failure }
    }

    /// Gives out each item once.
    private final class Turns<Items: RandomAccessCollection & Sendable>: Sendable
    where Items.Index == Int {
        private let items: Items
        private let state: Mutex<(next: Int, failure: CairnError?)>

        init(_ items: Items) {
            self.items = items
            state = Mutex((items.startIndex, nil))
        }

        func next() -> Items.Element? {
            state.withLock { state in
                guard state.failure == nil, state.next < items.endIndex else { return nil }
                defer { state.next += 1 }
                return items[state.next]
            }
        }

        func fail(_ error: CairnError) {
            state.withLock { $0.failure = $0.failure ?? error }
        }

        var failure: CairnError? { state.withLock { $0.failure } }
    }
}
