import CairnFormat
import CairnIO
import CairnTestKit
import Foundation
import Testing

@testable import Cairn

@Suite struct RestoreTargetTests {
    @Test("Existing files are replaced, kept or compared as asked")
    func overwrites() async throws {
        let fixture = try await RestoreFixture(seed: 20)
        try fixture.folder.write("same", [1, 2])
        try fixture.folder.write("other", [3, 4])
        let snapshot = try await fixture.backUp()
        for overwrite in RestoreRequest.Overwrite.allCases {
            let name = overwrite.rawValue
            try await fixture.restore(snapshot, to: name)
            try Data([9]).write(to: URL(fileURLWithPath: fixture.target(name) + "/other"))
            let summary = try await fixture.restore(snapshot, to: name) {
                $0.overwrite = overwrite
            }
            let other = fixture.content(fixture.target(name) + "/other")
            #expect(other == (overwrite == .never ? [9] : [3, 4]), "\(name)")
            #expect(fixture.content(fixture.target(name) + "/same") == [1, 2], "\(name)")
            #expect(summary.filesRestored == [.always: 2, .ifChanged: 1, .never: 0][overwrite])
            #expect(summary.filesSkipped == (overwrite == .never ? 2 : 0), "\(name)")
            #expect(summary.problemCount == 0, "\(name): \(summary.text)")
        }
    }

    @Test("Links planted in the target are replaced or left, never followed")
    func plantedLinks() async throws {
        for overwrite in RestoreRequest.Overwrite.allCases {
            let fixture = try await RestoreFixture(seed: 21)
            try fixture.folder.write("folder/inside", [1])
            try fixture.folder.write("file", [2])
            let snapshot = try await fixture.backUp()
            let victim = fixture.target("victim")
            let target = fixture.target("out")
            let files = FileManager.default
            try files.createDirectory(atPath: victim, withIntermediateDirectories: true)
            try files.createDirectory(atPath: target, withIntermediateDirectories: true)
            try Data([7]).write(to: URL(fileURLWithPath: victim + "/precious"))
            try files.createSymbolicLink(
                atPath: target + "/folder",
                withDestinationPath: victim
            )
            try files.createSymbolicLink(
                atPath: target + "/file",
                withDestinationPath: victim + "/precious"
            )
            let summary = try await fixture.restore(snapshot) { $0.overwrite = overwrite }
            #expect(fixture.content(victim + "/precious") == [7], "\(overwrite)")
            #expect(!fixture.exists(victim + "/inside"), "\(overwrite)")
            if overwrite == .never {
                #expect(summary.filesRestored == 0)
            } else {
                // The target itself was there before and keeps its metadata.
                let differences = fixture.differences().filter { !$0.hasPrefix(":") }
                #expect(differences == [], "\(overwrite): \(summary.text)")
            }
        }
    }

    @Test("What has another type makes way, but a folder with something in it stays")
    func otherTypes() async throws {
        let fixture = try await RestoreFixture(seed: 22)
        try fixture.folder.write("wasFolder", [1])
        try fixture.folder.write("wasFull", [2])
        try fixture.folder.write("wasFile/inside", [3])
        let snapshot = try await fixture.backUp()
        let target = fixture.target()
        let files = FileManager.default
        try files.createDirectory(
            atPath: target + "/wasFolder",
            withIntermediateDirectories: true
        )
        try files.createDirectory(
            atPath: target + "/wasFull/kept",
            withIntermediateDirectories: true
        )
        try Data([9]).write(to: URL(fileURLWithPath: target + "/wasFile"))
        let summary = try await fixture.restore(snapshot)
        #expect(fixture.content(target + "/wasFolder") == [1])
        #expect(fixture.content(target + "/wasFile/inside") == [3])
        #expect(fixture.exists(target + "/wasFull/kept"))
        #expect(summary.problemCount == 1, "\(summary.text)")
        #expect(summary.filesRestored == 2)
    }

    @Test("A file that is also known by another name is not changed in place")
    func foreignHardLink() async throws {
        let fixture = try await RestoreFixture(seed: 23)
        try fixture.folder.write("file", [1, 2])
        let snapshot = try await fixture.backUp()
        try await fixture.restore(snapshot)
        let file = fixture.target() + "/file"
        let elsewhere = fixture.target("elsewhere")
        let files = FileManager.default
        try files.linkItem(atPath: file, toPath: elsewhere)
        try files.setAttributes([.posixPermissions: 0o600], ofItemAtPath: elsewhere)
        let summary = try await fixture.restore(snapshot) { $0.overwrite = .ifChanged }
        #expect(summary.filesRestored == 1)
        let mode = try files.attributesOfItem(atPath: elsewhere)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test("Nothing outside the target appears, whatever was there before")
    func staysInside() async throws {
        let fixture = try await RestoreFixture(seed: 24)
        var generator = TreeGenerator(seed: 24)
        try generator.write(into: fixture.folder.path)
        let snapshot = try await fixture.backUp()
        try await fixture.restore(snapshot, to: "deep/er/out")
        let names = try FileManager.default.contentsOfDirectory(atPath: fixture.targets.path)
        #expect(names == ["deep"])
        #expect(fixture.differences("deep/er/out") == [])
    }

    @Test("Only root is told that an owner could not be set", arguments: [0, 1000] as [UInt32])
    func ownersLeft(user: UInt32) {
        let counters = RestoreCounters(context: JobContext(), reportsItems: false)
        let snapshot = SessionID(writer: 1, counter: 1, random: [UInt8](repeating: 1, count: 12))
        let target = RestoreTarget(
            nil,
            request: RestoreRequest(snapshot: snapshot, target: []),
            host: VirtualHost(userID: user),
            counters: counters
        )
        target.report(FileFailure(.setOwner, errno: EPERM), at: [1])
        #expect(counters.summary.ownersLeft == (user == 0 ? 0 : 1))
        #expect(counters.summary.problemCount == (user == 0 ? 1 : 0))
        // Anything else is a problem to anybody.
        target.report(FileFailure(.setOwner, errno: EIO), at: [1])
        target.report(FileFailure(.setMode, errno: EPERM), at: [1])
        #expect(counters.summary.problemCount == (user == 0 ? 3 : 2))
    }
}
