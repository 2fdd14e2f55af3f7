internal import CCairn
internal import Glibc

/// A thread of the operating system that runs one closure.
///
/// The engine's stages block on queues and on the disk, which a task of Swift concurrency must
/// not; so they run on threads of their own.
package final class WorkerThread: Sendable {
    /// The stack of a thread unless asked otherwise, in bytes.
    package static var stackSizeDefault: Int { 2 << 20 }

    private let thread: Monitor<pthread_t?>

    /// Starts a thread.
    ///
    /// - Parameters:
    ///   - name: A name for debuggers; the system keeps its first 15 bytes.
    ///   - stackSize: In bytes.
    /// - Throws: `.unavailable` where the system allows no more threads.
    package init(
        name: String,
        stackSize: Int = WorkerThread.stackSizeDefault,
        _ body: @escaping @Sendable () -> Void
    ) throws(StoreError) {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setstacksize(&attributes, stackSize)
        let start = unsafe Unmanaged.passRetained(ThreadStart(body))
        var thread = pthread_t()
        let result = unsafe pthread_create(
            &thread,
            &attributes,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let start = unsafe Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
                start.body()
                return nil
            },
            start.toOpaque()
        )
        guard result == 0 else {
            unsafe start.release()
            throw .unavailable(reason: "the system started no thread (error \(result))")
        }
        var shortName = Array(name.utf8.prefix(15))
        shortName.append(0)
        unsafe shortName.withUnsafeBytes { bytes in
            guard let base = unsafe bytes.bindMemory(to: CChar.self).baseAddress else { return }
            _ = unsafe cairn_thread_set_name(thread, base)
        }
        self.thread = Monitor(thread)
    }

    /// Waits for the closure to return. Further calls return at once.
    package func join() {
        let waiting = thread.withLock { thread in
            let waiting = thread
            thread = nil
            return waiting
        }
        if let waiting { _ = pthread_join(waiting, nil) }
    }

    deinit {
        // A thread that nobody waits for gives its memory back when it ends.
        thread.withLock { thread in
            if let thread { _ = pthread_detach(thread) }
        }
    }
}

/// Carries a closure into a new thread.
private final class ThreadStart: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) {
        self.body = body
    }
}

/// Threads that run the same closure side by side.
package struct ThreadGroup: Sendable {
    private let threads: [WorkerThread]

    /// Starts `count` threads.
    ///
    /// - Parameters:
    ///   - name: A name for debuggers; a number is added.
    ///   - count: How many threads; one at least.
    ///   - body: What each runs; its argument is the thread's number from 0.
    /// - Throws: `.unavailable` where not even one thread could be started. With fewer than asked
    ///   for the group goes on with those it got.
    package init(
        name: String,
        count: Int,
        _ body: @escaping @Sendable (Int) -> Void
    ) throws(StoreError) {
        precondition(count > 0, "a group has at least one thread")
        var threads: [WorkerThread] = []
        for number in 0..<count {
            do {
                threads.append(try WorkerThread(name: "\(name)-\(number)") { body(number) })
            } catch {
                if threads.isEmpty { throw error }
                break
            }
        }
        self.threads = threads
    }

    /// How many threads were started.
    package var count: Int { threads.count }

    /// Waits for all of them.
    package func join() {
        for thread in threads { thread.join() }
    }
}

/// What the machine offers to threads.
package enum Processors {
    /// How many cores this process may use; 1 at least.
    package static var usableCount: Int {
        max(Int(cairn_usable_processors()), 1)
    }
}
