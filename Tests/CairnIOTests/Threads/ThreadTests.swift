import CairnIO
import CairnTestKit
import Synchronization
import Testing

@Suite("Threads and queues")
struct ThreadTests {
    @Test("each element put is taken once, by one of several threads")
    func manyToMany() throws {
        let queue = BoundedQueue<Int>(capacity: 10)
        let sums = Monitor<[Int]>([])
        let takers = try ThreadGroup(name: "take", count: 4) { _ in
            var sum = 0
            while let element = queue.take() { sum += element }
            sums.withLock { $0.append(sum) }
        }
        let putters = try ThreadGroup(name: "put", count: 4) { number in
            for element in 0..<2_500 { queue.put(number * 2_500 + element, weight: element % 4) }
        }
        putters.join()
        queue.close()
        takers.join()
        #expect(sums.withLock { $0.reduce(0, +) } == 10_000 * 9_999 / 2)
        #expect(queue.count == 0 && queue.weight == 0)
    }

    @Test("elements come out in the order in which they went in")
    func order() {
        let queue = BoundedQueue<Int>(capacity: 1_000)
        for element in 0..<100 { queue.put(element) }
        #expect(queue.weight == 100)
        queue.close()
        #expect(!queue.put(7))
        var taken: [Int] = []
        while let element = queue.take() { taken.append(element) }
        #expect(taken == Array(0..<100))
    }

    @Test("an element heavier than the queue is let in alone")
    func heavyElement() throws {
        let queue = BoundedQueue<Int>(capacity: 10)
        queue.put(1, weight: 9)
        let thread = try WorkerThread(name: "heavy") { queue.put(2, weight: 100) }
        #expect(queue.take() == 1)
        #expect(queue.take() == 2)
        thread.join()
        #expect(queue.weight == 0)
    }

    @Test("cancelling frees whoever waits")
    func cancelling() throws {
        let full = BoundedQueue<Int>(capacity: 1)
        full.put(1)
        let empty = BoundedQueue<Int>(capacity: 1)
        let results = Monitor<[Bool]>([])
        let putter = try WorkerThread(name: "put") {
            let result = full.put(2)
            results.withLock { $0.append(result) }
        }
        let taker = try WorkerThread(name: "take") {
            let result = empty.take() != nil
            results.withLock { $0.append(result) }
        }
        full.cancel()
        empty.cancel()
        putter.join()
        taker.join()
        #expect(results.withLock { $0 } == [false, false])
        #expect(full.take() == nil && full.takeIfAny() == nil)
    }

    @Test("there is a core to run on")
    func cores() {
        #expect(Processors.usableCount >= 1)
    }
}

@Suite("The environment")
struct EnvironmentTests {
    @Test("this process is alive, others of its ID are not")
    func liveness() {
        let host = Environment.system.host
        let own = host.process
        #expect(own.startTime > 0 && !own.bootID.isEmpty)
        #expect(host.isAlive(own))
        let later = ProcessIdentity(
            processID: own.processID,
            startTime: own.startTime + 1,
            bootID: own.bootID
        )
        let elsewhere = ProcessIdentity(
            processID: own.processID,
            startTime: own.startTime,
            bootID: "other"
        )
        #expect(!host.isAlive(later) && !host.isAlive(elsewhere))
        #expect(!host.hostName.isEmpty && !host.userName.isEmpty)
    }

    @Test("the system's entropy differs from call to call, the virtual one repeats")
    func entropy() throws {
        let system = Environment.system
        #expect(try system.randomBytes(32) != system.randomBytes(32))
        #expect(try system.randomBytes(0) == [])
        let first = try Environment.virtual(seed: 5).randomBytes(33)
        #expect(try Environment.virtual(seed: 5).randomBytes(33) == first)
        #expect(try Environment.virtual(seed: 6).randomBytes(33) != first)
    }

    @Test("sleeping by a virtual clock moves it on")
    func virtualClock() {
        let clock = VirtualClock(wallNanoseconds: 1_000)
        let before = clock.monotonicNanoseconds
        clock.sleep(nanoseconds: 500)
        #expect(clock.wallNanoseconds == 1_500)
        #expect(clock.monotonicNanoseconds == before + 500)
        clock.setWall(nanoseconds: 10)
        #expect(clock.monotonicNanoseconds == before + 500)
    }
}
