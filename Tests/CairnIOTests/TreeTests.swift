import CairnTestKit
import Foundation
import Testing

@Suite("Generated trees")
struct TreeTests {
    @Test("one seed gives one tree, another seed another")
    func seeds() throws {
        let folder = try TemporaryFolder()
        for (name, seed) in [("a", 1), ("b", 1), ("c", 2)] as [(String, UInt64)] {
            let path = folder.path + "/" + name
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: false
            )
            var generator = TreeGenerator(seed: seed)
            try generator.write(into: path)
        }
        var options = TreeComparison.Options()
        options.comparesTimes = false  // folders and most files have the time of writing
        let equal = TreeComparison.differences(folder.path + "/a", folder.path + "/b", options)
        #expect(equal == [])
        let other = TreeComparison.differences(folder.path + "/a", folder.path + "/c", options)
        #expect(other != [])
    }
}
