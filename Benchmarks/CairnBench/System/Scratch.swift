import Glibc

/// Why a benchmark could not go on.
struct BenchFailure: Error, CustomStringConvertible {
    /// What is wrong, for people.
    let description: String

    /// Says what is wrong.
    init(_ description: String) { self.description = description }
}

/// The one folder that a benchmark writes to and deletes from.
///
/// It must be empty or not there yet when it is taken, so that nothing in it is anybody else's.
struct Scratch {
    /// The folder, absolute and without links on the way.
    let path: String
    private let isTemporary: Bool

    /// Takes a folder, or makes a temporary one where none is named.
    init(_ wanted: String?) throws {
        guard let wanted else {
            path = try Scratch.makeTemporary()
            isTemporary = true
            return
        }
        isTemporary = false
        if unsafe mkdir(wanted, 0o700) != 0 && errno != EEXIST {
            throw BenchFailure("\(wanted) cannot be made: \(errorText(errno))")
        }
        path = try Scratch.resolve(wanted)
        guard try FolderCensus.isEmpty(path) else {
            throw BenchFailure("the scratch folder \(path) is not empty; name another one")
        }
    }

    /// The absolute path of something that exists, with every link followed.
    static func resolve(_ path: String) throws -> String {
        guard let resolved = unsafe realpath(path, nil) else {
            throw BenchFailure("\(path): \(errorText(errno))")
        }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// Makes a folder in the scratch, and those it lies in.
    func folder(_ name: String) throws -> String {
        var place = path
        for part in name.split(separator: "/") {
            place += "/" + part
            if unsafe mkdir(place, 0o700) != 0 && errno != EEXIST {
                throw BenchFailure("\(place) cannot be made: \(errorText(errno))")
            }
        }
        return place
    }

    /// Removes what lies at a path in the scratch, with everything in it; nothing may be there.
    func remove(_ place: String) throws {
        let parts = place.split(separator: "/", omittingEmptySubsequences: false)
        guard place.hasPrefix(path + "/"), place.count > path.count + 1, !parts.contains("..")
        else {
            throw BenchFailure("\(place) is not in the scratch and stays")
        }
        if let failure = Scratch.removeAll(place) {
            throw BenchFailure("removing \(place): \(failure)")
        }
    }

    /// Removes a temporary scratch; one that was named stays, with what is left in it.
    func finish() {
        if isTemporary { _ = Scratch.removeAll(path) }
    }

    /// Waits until what was written is on the disk, so that no step pays for the one before it.
    func settle() {
        sync()
    }

    private static func removeAll(_ place: String) -> String? {
        let arguments = ["/bin/rm", "-rf", "--one-file-system", "--", place]
        return ChildRun.run(ChildCommand(arguments: arguments), log: "/dev/null").failure
    }

    private static func makeTemporary() throws -> String {
        let parent = variable("TMPDIR") ?? "/var/tmp"
        let marks = String(repeating: "X", count: 6)
        var template = Array((parent + "/cairn-bench-" + marks).utf8CString)
        let made = unsafe template.withUnsafeMutableBufferPointer { buffer -> String? in
            guard let start = buffer.baseAddress, let path = unsafe mkdtemp(start) else {
                return nil
            }
            return unsafe String(cString: path)
        }
        guard let made else { throw BenchFailure("no folder in \(parent): \(errorText(errno))") }
        return try resolve(made)
    }
}

/// A variable of this process's environment; nil where it is not set or empty.
func variable(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
}
