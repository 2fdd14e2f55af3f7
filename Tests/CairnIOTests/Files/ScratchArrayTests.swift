import CairnIO
import CairnTestKit
import Glibc
import Testing

@Suite("A scratch array")
struct ScratchArrayTests {
    /// Orders by its key alone, so that a sort shows whether like ones keep their order.
    private struct Item: BitwiseCopyable, Hashable {
        var key: UInt32
        var number: UInt32
    }

    /// So many items take more room than lies in memory.
    private static let largeCount = ScratchRegion.memorySizeMax / 8 + 5000

    /// How many mappings of files there are that lie in a folder, or lay there.
    private func mappingCount(in folder: String) throws -> Int {
        let maps = unsafe open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
        defer { close(maps) }
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe read(maps, &piece, piece.count)
            guard count > 0 else { break }
            text += piece[..<count]
        }
        return text.split(separator: UInt8(ascii: "\n"))
            .count { String(decoding: $0, as: UTF8.self).contains(folder) }
    }

    /// The folders that an array may be given: none, one that holds files, and one that does not.
    private func places(_ scratch: Scratch) -> [[UInt8]?] {
        [nil, scratch.bytes, Array("/nowhere/at/all".utf8)]
    }

    @Test("has what it was made with, in memory and in a file")
    func repeating() throws {
        let scratch = try Scratch()
        for directory in places(scratch) {
            for count in [0, 1, 1000, ScratchArrayTests.largeCount] {
                for item in [Item(key: 0, number: 0), Item(key: 7, number: 9)] {
                    var array = try ScratchArray(
                        repeating: item,
                        count: count,
                        directory: directory
                    )
                    #expect(array.count == count && array.allSatisfy { $0 == item })
                    for place in array.indices.suffix(1) { array[place].key = 3 }
                    #expect(array.last?.key ?? 3 == 3)
                }
            }
        }
    }

    @Test("does what an array does", arguments: 0..<6 as Range<UInt64>)
    func sameAsArray(seed: UInt64) throws {
        let scratch = try Scratch()
        var random = SeededRandom(seed: seed)
        for directory in places(scratch) {
            var array = ScratchArray<Item>(directory: directory)
            var model: [Item] = []
            for _ in 0..<12 {
                let added = Int.random(in: 0...ScratchArrayTests.largeCount / 3, using: &random)
                let keyMax = UInt32.random(in: 0...100_000, using: &random)
                for _ in 0..<added {
                    let key = UInt32.random(in: 0...keyMax, using: &random)
                    let item = Item(key: key, number: UInt32(model.count))
                    array.append(item)
                    model.append(item)
                }
                for _ in 0..<20 where !model.isEmpty {
                    let place = Int.random(in: model.indices, using: &random)
                    array[place].key = keyMax
                    model[place].key = keyMax
                }
                switch Int.random(in: 0..<5, using: &random) {
                case 3: array.reserveCapacity(model.count + Int.random(in: 0...9, using: &random))
                case 0:
                    let count = Int.random(in: 0...model.count, using: &random)
                    array.truncate(to: count)
                    model.removeLast(model.count - count)
                case 1:
                    array.sort { $0.key < $1.key }
                    model.sort { $0.key < $1.key }
                case 2:
                    array.sort { $0.number > $1.number }
                    model.sort { $0.number > $1.number }
                default: break
                }
                #expect(array.elementsEqual(model), "seed \(seed)")
            }
        }
    }

    @Test("sorts what is in order, in reverse, all alike or of any size", arguments: [0, 1])
    func sorts(place: Int) throws {
        let scratch = try Scratch()
        var random = SeededRandom(seed: 5)
        let keys: [(Int, Int) -> UInt32] = [
            { index, _ in UInt32(index) }, { index, count in UInt32(count - index) },
            { _, _ in 1 }, { index, count in UInt32((index + count / 3) % max(count, 1)) },
        ]
        let block = 32 << 10
        for count in [0, 1, 2, 3, block, block + 1, 2 * block, 5 * block - 1, 6 * block + 7] {
            let odd = (0..<count).map { _ in UInt32.random(in: 0...1000, using: &random) }
            for key in keys + [{ index, _ in odd[index] }] {
                var array = ScratchArray<Item>(directory: places(scratch)[place])
                for index in 0..<count {
                    array.append(Item(key: key(index, count), number: UInt32(index)))
                }
                let expected = array.sorted { ($0.key, $0.number) < ($1.key, $1.number) }
                array.sort { $0.key < $1.key }
                #expect(array.elementsEqual(expected), "\(count) items")
            }
        }
    }

    @Test("is a value: a copy stays as it was when the other changes")
    func copies() throws {
        let scratch = try Scratch()
        for directory in places(scratch) {
            var array = ScratchArray<Item>(directory: directory)
            for number in 0..<UInt32(ScratchArrayTests.largeCount) {
                array.append(Item(key: number % 10, number: number))
            }
            let before = array
            let model = Array(array)
            array[1].key = 77
            #expect(before.elementsEqual(model) && array[1].key == 77)
            array = before
            array.sort { $0.key < $1.key }
            #expect(before.elementsEqual(model) && !array.elementsEqual(model))
            array = before
            array.append(Item(key: 0, number: 0))
            array.truncate(to: 5)
            #expect(before.elementsEqual(model) && array.elementsEqual(model[..<5]))
        }
    }

    @Test("lies in a file of the folder once it is large, which goes with it")
    func file() throws {
        let scratch = try Scratch()
        var array = ScratchArray<Item>(directory: scratch.bytes)
        for number in 0..<UInt32(1000) { array.append(Item(key: 1, number: number)) }
        #expect(try mappingCount(in: scratch.path) == 0)
        for number in 1000..<UInt32(ScratchArrayTests.largeCount) {
            array.append(Item(key: number & 3, number: number))
        }
        #expect(try mappingCount(in: scratch.path) == 1)
        array.sort { $0.key < $1.key }
        #expect(try mappingCount(in: scratch.path) == 1)
        #expect(array.count == ScratchArrayTests.largeCount)
        array = ScratchArray(directory: nil)
        #expect(try mappingCount(in: scratch.path) == 0)
    }

    @Test("goes on in memory where the disk is full")
    func fullDisk() throws {
        let scratch = try Scratch()
        let mounted = unsafe mount("tmpfs", scratch.path, "tmpfs", 0, "size=3m")
        guard mounted == 0 else { return }  // it takes root
        defer { _ = unsafe umount2(scratch.path, CInt(MNT_DETACH)) }
        var array = ScratchArray<Item>(directory: scratch.bytes)
        let count = UInt32(6 * ScratchArrayTests.largeCount)
        var wasInFile = false
        for number in 0..<count {
            array.append(Item(key: count - number, number: number))
            if number.isMultiple(of: 50_000) {
                wasInFile = try wasInFile || mappingCount(in: scratch.path) > 0
            }
        }
        #expect(try wasInFile && mappingCount(in: scratch.path) == 0)
        array.sort { $0.key < $1.key }
        #expect(array.map(\.number).elementsEqual((0..<count).reversed()))
    }

    @Test("a place outside is a programmer's error")
    func outside() async {
        await #expect(processExitsWith: .failure) {
            var array = ScratchArray<UInt64>(directory: nil)
            array.append(1)
            array[1] = 2
        }
        await #expect(processExitsWith: .failure) {
            _ = ScratchArray<UInt64>(directory: nil)[0]
        }
    }
}
