import Foundation
import Testing

@testable import CairnCLI

@Suite("Programs that run beside the command")
struct ChildProcessTests {
    private let sleeper = ["sleep", "10000"].map { Array($0.utf8) }

    @Test("one that was asked to end before it started ends all the same")
    func endedBeforeItStarted() throws {
        let process = try ChildProcess()
        process.terminate()
        try process.start(sleeper, input: .nothing)
        guard case .signal(SIGTERM) = process.wait() else {
            Issue.record("it did not end by SIGTERM")
            return
        }
        // Its ID may be another's by now: nobody is asked.
        process.terminate()
    }

    @Test("what it prints is read, and how it ended is told")
    func output() throws {
        let process = try ChildProcess()
        try process.start(["sh", "-c", "echo yes; exit 5"].map { Array($0.utf8) }, input: .nothing)
        let bytes = try CairnCLI.Descriptor.contents(of: process.output, sizeMax: 100)
        #expect(bytes == Array("yes\n".utf8))
        guard case .status(5) = process.wait() else {
            Issue.record("it did not end with status 5")
            return
        }
    }

    @Test("one that cannot be started leaves nothing open")
    func neverStarted() throws {
        let process = try ChildProcess()
        _ = try? process.start([Array("/no/such/program".utf8)], input: .nothing)
        // With no writer left, reading ends at once.
        #expect(try CairnCLI.Descriptor.contents(of: process.output, sizeMax: 100).isEmpty)
        #expect(!process.wait().isSuccess)
    }
}
