import CairnIO
import Testing

@Suite("A scratch table")
struct ScratchTableTests {
    @Test("is 0 at first and keeps what it is told, in memory and in a file")
    func keeps() throws {
        let scratch = try Scratch()
        let large = ScratchTable.memorySizeMax / 2 + 5000
        let cases: [(Int, [UInt8]?)] = [(0, nil), (1, nil), (large, nil), (large, scratch.bytes)]
        for (count, directory) in cases {
            let table = try ScratchTable(count: count, directory: directory)
            #expect(table.count == count)
            let places = Set([0, 1, count / 2, count - 1]).filter { $0 >= 0 && $0 < count }
            for place in places {
                #expect(table[place] == 0)
                table[place] = UInt16(truncatingIfNeeded: place &+ 7)
            }
            for place in places {
                #expect(table[place] == UInt16(truncatingIfNeeded: place &+ 7))
            }
        }
    }

    @Test("lies in memory where the folder cannot hold it")
    func noFolder() throws {
        let count = ScratchTable.memorySizeMax
        let table = try ScratchTable(count: count, directory: Array("/nowhere/at/all".utf8))
        table[count - 1] = 3
        #expect(table[count - 1] == 3)
    }
}
