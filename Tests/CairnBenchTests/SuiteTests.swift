import Testing

@testable import CairnBench

@Suite("The suite of benchmarks")
struct SuiteTests {
    @Test("A scratch that holds something is refused, one that does not is taken")
    func scratch() throws {
        let scratch = try Scratch(nil)
        defer { scratch.finish() }
        let folder = try scratch.folder("inner")
        _ = try Scratch(folder)
        try Machine.write("x", to: folder + "/file")
        #expect(throws: BenchFailure.self) { try Scratch(folder) }
        try scratch.remove(folder)
        #expect(try FolderCensus.isEmpty(scratch.path))
    }

    @Test("Nothing outside the scratch is removed", arguments: ["", "/", "/../other", "x/y"])
    func outside(place: String) throws {
        let scratch = try Scratch(nil)
        defer { scratch.finish() }
        #expect(throws: BenchFailure.self) { try scratch.remove(scratch.path + place) }
        #expect(try FolderCensus.isEmpty(scratch.path))
    }

    @Test("A change of a tree is the same each time, and taken back by its like")
    func edit() throws {
        let scratch = try Scratch(nil)
        defer { scratch.finish() }
        for number in 0..<300 {
            let text = String(repeating: "line \(number)\n", count: 200)
            try Machine.write(text, to: scratch.path + "/file-\(number)")
        }
        func differing() throws -> Int {
            (0..<300).filter { number in
                Machine.text(of: scratch.path + "/file-\(number)")
                    != String(repeating: "line \(number)\n", count: 200)
            }.count
        }
        let edit = SourceEdit(seed: 7)
        let planned = try edit.apply(to: scratch.path, writes: false)
        #expect(try differing() == 0)
        let done = try edit.apply(to: scratch.path)
        #expect(done.files == planned.files && done.example == planned.example)
        #expect(try differing() == done.files && done.files > 0 && done.failures == 0)
        _ = try edit.apply(to: scratch.path)
        #expect(try differing() == 0)
    }

    @Test("A program that fails is told from one that does not, and what it took is known")
    func child() throws {
        let good = ChildRun.run(ChildCommand(arguments: ["/bin/true"]), log: "/dev/null")
        #expect(good.failure == nil && good.peak > 0)
        let bad = ChildRun.run(ChildCommand(arguments: ["/bin/false"]), log: "/dev/null")
        #expect(bad.failure == "exit code 1")
        #expect(good.followed(by: bad).failure == "exit code 1")
        let none = ChildRun.run(ChildCommand(arguments: ["/no/such"]), log: "/dev/null")
        #expect(none.failure != nil)
    }

    @Test(
        "A count is a number or a power",
        arguments: [
            ("12", 12), ("10^7", 10_000_000), ("2^3", 8), ("0", nil), ("x", nil), ("10^", nil),
        ]
            as [(String, Int?)]
    )
    func count(text: String, value: Int?) {
        #expect(Count(argument: text)?.value == value)
    }
}
