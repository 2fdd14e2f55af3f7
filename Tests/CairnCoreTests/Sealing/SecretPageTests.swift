import CairnCore
import Foundation
import Glibc
import Synchronization
import Testing

/// Where small secrets lie. The pages are the process's, so tests that count them run in one of
/// their own.
@Suite("Pages of secrets")
struct SecretPageTests {
    @Test(
        "small secrets share locked pages that are not dumped and not inherited",
        .enabled(if: SecretPages.canLock, "the system locks no memory")
    )
    func shared() async {
        await #expect(processExitsWith: .success) {
            let secrets = (0..<200).map { secret([UInt8(truncatingIfNeeded: $0), 1, 2]) }
            #expect(Set(secrets.map { $0.address }).count == 200)
            let pages = Set(secrets.map { $0.page })
            #expect(pages.count == 4, "64 a page")
            for page in pages {
                let flags = try SecretPages.flags(of: page)
                #expect(flags.isSuperset(of: ["lo", "dd", "wf"]), "\(flags)")
            }
            for (index, secret) in secrets.enumerated() {
                #expect(secret.bytes == [UInt8(truncatingIfNeeded: index), 1, 2])
            }
        }
    }

    @Test("larger secrets have pages of their own", arguments: [1, 2, 5])
    func large(pageCount: Int) throws {
        let secret = SecretBytes(count: pageCount * SecretPages.size + 1) { $0[0] = 1 }
        #expect(secret.address == secret.page)
        let flags = try SecretPages.flags(of: secret.page)
        #expect(flags.isSuperset(of: ["dd", "wf"]), "\(flags)")
    }

    @Test(
        "a secret is wiped when it goes, and its place is used again",
        .enabled(if: SecretPages.canLock, "the system locks no memory")
    )
    func wiped() async {
        await #expect(processExitsWith: .success) {
            let slotSize = SecretPages.size / 64
            let sizes = [1, slotSize, slotSize + 1, 5 * slotSize]
            for size in sizes {
                let first = secret([1])
                var second: SecretBytes? = secret([UInt8](repeating: 0xaa, count: size))
                let last = secret([3])
                let place = try #require(second?.address)
                second = nil
                // The page is still there, since others lie in it.
                #expect(SecretPages.bytes(at: place, size).allSatisfy { $0 == 0 })
                let again = SecretBytes(count: size) { _ in }
                #expect(again.address == place)
                #expect(again.bytes.allSatisfy { $0 == 0 })
                #expect(first.bytes == [1] && last.bytes == [3])
            }
        }
    }

    @Test(
        "a secret does not fit into a gap that is too small, and nothing lies over another",
        .enabled(if: SecretPages.canLock, "the system locks no memory")
    )
    func gaps() async {
        await #expect(processExitsWith: .success) {
            let slotSize = SecretPages.size / 64
            var secrets = (0..<64).map { secret([UInt8($0)]) as SecretBytes? }
            let page = try #require(secrets[0]?.page)
            #expect(secrets.allSatisfy { $0?.page == page })
            for index in [10, 11, 13, 14, 15, 62, 63] { secrets[index] = nil }
            let three = SecretBytes(count: 3 * slotSize) { $0[0] = 3 }
            #expect(three.address == page + UInt(13 * slotSize))
            let again = SecretBytes(count: 3 * slotSize) { $0[0] = 4 }
            #expect(again.page != page, "two gaps of two slots are none of three")
            let two = SecretBytes(count: 2 * slotSize) { $0[0] = 2 }
            #expect(two.address == page + UInt(10 * slotSize))
            let whole = SecretBytes(count: SecretPages.size) { $0[0] = 5 }
            #expect(whole.address == whole.page && whole.page != page)
            for (index, secret) in secrets.enumerated() {
                #expect(secret?.bytes ?? [UInt8(index)] == [UInt8(index)])
            }
        }
    }

    @Test(
        "when all shared pages are full a secret has a page, and pages go back with their secrets",
        .enabled(if: SecretPages.canLock, "the system locks no memory")
    )
    func exhausted() async {
        await #expect(processExitsWith: .success) {
            let sharedCount = 64 * 64
            var secrets = (0..<sharedCount + 10).map { secret([UInt8($0 & 0xff), UInt8($0 >> 8)]) }
            // More of them where the process may not lock so much.
            let pages = Set(secrets.map { $0.page })
            #expect(secrets.suffix(10).allSatisfy { $0.address == $0.page })
            #expect(Set(secrets.suffix(10).map { $0.page }).count == 10)
            #expect(pages.count >= 64 + 10)
            for (index, secret) in secrets.enumerated() {
                #expect(secret.bytes == [UInt8(index & 0xff), UInt8(index >> 8)])
            }
            secrets = []
            #expect(pages.count { SecretPages.isMapped($0) } == 1, "one stays for the next")
            let next = [secret([1]), secret([2])]
            #expect(next[0].page == next[1].page)
        }
    }

    @Test("where memory cannot be locked each secret has a page")
    func unlockable() async {
        await #expect(processExitsWith: .success) {
            SecretPages.forbidLocking()
            guard !SecretPages.canLock else { return }
            var secrets = (0..<20).map { secret([UInt8($0)]) }
            #expect(secrets.allSatisfy { $0.address == $0.page })
            let pages = Set(secrets.map { $0.page })
            #expect(pages.count == 20)
            #expect(secrets.map { $0.bytes } == (0..<20).map { [UInt8($0)] })
            secrets = []
            #expect(!pages.contains { SecretPages.isMapped($0) })
        }
    }

    @Test("many threads make secrets and let them go at once", arguments: [1, 2, 3])
    func threads(seed: UInt64) {
        let faults = Mutex<[String]>([])
        let running = DispatchGroup()
        for number in 0..<8 {
            running.enter()
            Thread.detachNewThread {
                let found = SecretPages.churn(seed: seed &* 100 &+ UInt64(number))
                faults.withLock { $0 += found }
                running.leave()
            }
        }
        running.wait()
        #expect(faults.withLock { $0 }.isEmpty, "seed \(seed)")
    }
}

extension SecretBytes {
    /// Where the bytes lie.
    fileprivate var address: UInt {
        withSpan { span in
            unsafe span.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
        }
    }

    /// The page that they begin in.
    fileprivate var page: UInt { address & ~UInt(SecretPages.size - 1) }

    fileprivate var bytes: [UInt8] {
        withSpan { span in span.indices.map { span[$0] } }
    }
}

/// What the system says about pages, and what the tests do with secrets.
private enum SecretPages {
    static let size = sysconf(Int32(_SC_PAGESIZE))

    /// Whether a page can be locked now.
    static var canLock: Bool {
        let page = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        defer { unsafe munmap(page, size) }
        return unsafe mlock(page, size) == 0
    }

    /// Keeps this process from locking memory, for good.
    static func forbidLocking() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        unsafe setrlimit(Int32(__RLIMIT_MEMLOCK.rawValue), &none)
        // The limit does not hold for root.
        if geteuid() == 0 { setuid(65_534) }
    }

    static func isMapped(_ page: UInt) -> Bool {
        unsafe msync(UnsafeMutableRawPointer(bitPattern: page), size, Int32(MS_ASYNC)) == 0
    }

    static func bytes(at address: UInt, _ count: Int) -> [UInt8] {
        guard let start = unsafe UnsafePointer<UInt8>(bitPattern: address) else { return [] }
        return unsafe Array(UnsafeBufferPointer(start: start, count: count))
    }

    /// The flags of the mapping that holds `page`: see proc(5).
    static func flags(of page: UInt) throws -> Set<Substring> {
        let file = try #require(FileHandle(forReadingAtPath: "/proc/self/smaps"))
        let data = try file.readToEnd() ?? Data()
        var isInside = false
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words[0] == "VmFlags:" && isInside { return Set(words.dropFirst()) }
            guard !words[0].hasSuffix(":") else { continue }
            let bounds = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            if bounds.count == 2 { isInside = bounds[0] <= page && page < bounds[1] }
        }
        return []
    }

    /// Makes and drops secrets of all sizes, each with a content of its own.
    ///
    /// - Returns: What was not as it has to be.
    static func churn(seed: UInt64) -> [String] {
        var random = SeededBytes(seed: seed)
        var held: [(secret: SecretBytes, mark: UInt8)] = []
        var faults: [String] = []
        for step in 0..<4000 {
            if held.count == 40 || (!held.isEmpty && random.next() % 2 == 0) {
                let index = Int(random.next() % UInt64(held.count))
                let (secret, mark) = held.remove(at: index)
                if !secret.bytes.allSatisfy({ $0 == mark }) { faults.append("changed, \(step)") }
            } else {
                let isLarge = random.next() % 16 == 0
                let count = Int(random.next() % (isLarge ? 9000 : 300))
                let mark = UInt8(truncatingIfNeeded: random.next())
                let secret = SecretBytes(count: count) { span in
                    for index in 0..<count {
                        if span[index] != 0 { faults.append("not zero, \(step)") }
                        span[index] = mark
                    }
                }
                held.append((secret, mark))
            }
        }
        return faults
    }
}
