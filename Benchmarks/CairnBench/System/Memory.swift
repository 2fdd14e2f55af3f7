import Cairn
import CairnIO
import Synchronization

/// What the system says about this process's memory.
struct Memory {
    /// Resident memory that no file backs, in KiB: heap and stacks.
    var anonymous = 0
    /// Resident pages of mapped files, in KiB.
    var file = 0

    /// How much it is at this moment.
    static var now: Memory {
        var memory = Memory()
        let files = PosixFiles()
        guard let folder = try? files.openRoot("/proc/self", create: false) else { return memory }
        defer { files.close(folder) }
        guard let file = try? files.open("status", in: folder) else { return memory }
        defer { files.close(file) }
        var bytes = [UInt8](repeating: 0, count: 8192)
        var span = bytes.mutableSpan
        guard let count = try? files.read(file, at: 0, into: &span, from: 0) else { return memory }
        for line in String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count >= 2, let value = Int(words[1]) else { continue }
            if words[0] == "RssAnon:" { memory.anonymous = value }
            if words[0] == "RssFile:" { memory.file = value }
        }
        return memory
    }
}

/// Looks at this process's memory a hundred times a second, as the system keeps no peak of the
/// anonymous part.
final class MemoryWatch: Sendable {
    private static let pause: UInt64 = 10_000_000

    private let peak: Mutex<Int>
    private let isOver = Atomic(false)

    private init() {
        peak = Mutex(Memory.now.anonymous)
    }

    /// The most anonymous memory seen while `body` ran above that before it, in KiB, with what
    /// `body` returns.
    static func peak<T>(_ body: () async throws -> T) async throws -> (value: T, peak: Int) {
        let watch = MemoryWatch()
        let before = watch.peak.withLock { $0 }
        let thread = try WorkerThread(name: "memory") {
            while !watch.isOver.load(ordering: .relaxed) {
                watch.look()
                Environment.system.time.sleep(nanoseconds: pause)
            }
        }
        let result: Result<T, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        watch.isOver.store(true, ordering: .relaxed)
        thread.join()
        watch.look()
        return (try result.get(), watch.peak.withLock { $0 } - before)
    }

    private func look() {
        let now = Memory.now.anonymous
        peak.withLock { $0 = max($0, now) }
    }
}
