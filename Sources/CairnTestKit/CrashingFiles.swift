package import CairnIO
internal import Synchronization

/// A file system in memory that knows which of its effects a loss of power may undo.
///
/// It stands under a `LocalStore`, does what it is asked, and writes down each effect. Afterwards
/// ``crashStates(seed:)`` gives the states that a disk may be in after power was lost between any
/// two effects: everything that was synced, and any part of what was not
/// (Specs/Durability.md#what-power-loss-leaves).
///
/// It can also fail: ``fail(at:with:)``.
package final class CrashingFiles: StoreFiles {
    struct State: Sendable {
        var start = CrashDisk()
        var disk = CrashDisk()
        var effects: [CrashEffect] = []
        var handles: [Int32: CrashHandle] = [:]
        var lastHandle: Int32 = 100
        var callCount = 0
        var failures: [Int: CallFault] = [:]
        var marks: [(effectCount: Int, note: String)] = []
        var supportsUnnamed = true
        var supportsLinks = true
    }

    /// What goes wrong in one call.
    package enum CallFault: Hashable, Sendable {
        /// The call does nothing and gives this error number.
        case error(Int32)
        /// A write takes only some of the bytes; other calls succeed.
        case shortWrite
    }

    let state: Mutex<State>
    /// The most bytes one write takes, so that objects take several.
    private let writeSizeMax: Int

    /// Makes an empty file system, or one that begins with what a crash left.
    package init(
        _ disk: CrashDisk = CrashDisk(),
        writeSizeMax: Int = 4096,
        supportsUnnamed: Bool = true,
        supportsLinks: Bool = true
    ) {
        var state = State()
        state.start = disk
        state.disk = disk
        state.supportsUnnamed = supportsUnnamed
        state.supportsLinks = supportsLinks
        let start = state
        self.state = Mutex(start)
        self.writeSizeMax = writeSizeMax
    }

    /// Plans a fault in call number `number`, counted from 1 over all calls.
    package func fail(at number: Int, with fault: CallFault) {
        state.withLock { $0.failures[number] = fault }
    }

    /// How many calls there were.
    package var callCount: Int { state.withLock { $0.callCount } }

    /// How many handles are open.
    package var openHandleCount: Int { state.withLock { $0.handles.count } }

    /// What the folders hold now, synced or not.
    package var disk: CrashDisk { state.withLock { $0.disk } }

    /// Notes that something was acknowledged here: every later crash state has it in
    /// ``CrashState/acknowledged``.
    package func mark(_ note: String) {
        state.withLock { $0.marks.append((effectCount: $0.effects.count, note: note)) }
    }

    // MARK: - StoreFiles

    /// Runs one call: counts it, lets it fail, or changes the state.
    private func call<R>(
        failing: (inout State) -> Void = { _ in },
        _ body: (inout State) throws(StoreFileError) -> R
    ) throws(StoreFileError) -> R {
        try state.withLock { state throws(StoreFileError) in
            state.callCount += 1
            if case .error(let code)? = state.failures[state.callCount] {
                failing(&state)
                throw StoreFileError(code: code)
            }
            return try body(&state)
        }
    }

    package func openRoot(
        _ path: String,
        create: Bool
    ) throws(StoreFileError) -> StoreHandle {
        try call { state in state.open(.folder("")) }
    }

    package func makeFolder(_ name: String, in folder: StoreHandle) throws(StoreFileError) {
        try call { state throws(StoreFileError) in
            _ = try state.folder(folder)
            guard state.disk.folders[name] == nil else { throw .taken }
            state.apply(.makeFolder(name))
        }
    }

    package func openFolder(
        _ name: String,
        in folder: StoreHandle
    ) throws(StoreFileError) -> StoreHandle {
        try call { state throws(StoreFileError) in
            let opened = name == "." ? try state.folder(folder) : name
            guard state.disk.folders[opened] != nil else { throw .missing }
            return state.open(.folder(opened))
        }
    }

    package func createUnnamed(in folder: StoreHandle) throws(StoreFileError) -> StoreHandle {
        try call { state throws(StoreFileError) in
            guard state.supportsUnnamed else { throw .unsupported }
            return state.open(.file(state.newFile()))
        }
    }

    package func create(
        _ name: String,
        in folder: StoreHandle
    ) throws(StoreFileError) -> StoreHandle {
        try call { state throws(StoreFileError) in
            let place = CrashPlace(folder: try state.folder(folder), name: name)
            guard state.disk[place] == nil else { throw .taken }
            let file = state.newFile()
            state.apply(.link(file, place))
            return state.open(.file(file))
        }
    }

    package func reserve(_ size: UInt64, for file: StoreHandle) throws(StoreFileError) {
        try call { state throws(StoreFileError) in
            let number = try state.file(file)
            state.apply(.resize(number, Int(size)))
        }
    }

    package func write(
        _ bytes: Span<UInt8>,
        to file: StoreHandle,
        at offset: UInt64
    ) throws(StoreFileError) -> Int {
        var part = Array(copying: bytes.extracting(0..<min(bytes.count, writeSizeMax)))
        return try call { state throws(StoreFileError) in
            if state.failures[state.callCount] == .shortWrite { part.removeLast(part.count / 2) }
            let number = try state.file(file)
            state.apply(.write(number, Int(offset), part))
            return part.count
        }
    }

    package func syncData(of file: StoreHandle) throws(StoreFileError) {
        let fail = { (state: inout State) in
            if case .file(let number)? = state.handles[file.number] {
                state.apply(.failedSyncData(number))
            }
        }
        try call(failing: fail) { state throws(StoreFileError) in
            let number = try state.file(file)
            state.apply(.syncData(number))
        }
    }

    package func syncFolder(_ folder: StoreHandle) throws(StoreFileError) {
        let fail = { (state: inout State) in
            if case .folder(let name)? = state.handles[folder.number] {
                state.apply(.failedSyncFolder(name))
            }
        }
        try call(failing: fail) { state throws(StoreFileError) in
            let name = try state.folder(folder)
            state.apply(.syncFolder(name))
        }
    }

    package func link(
        _ file: StoreHandle,
        as name: String,
        in folder: StoreHandle
    ) throws(StoreFileError) {
        try call { state throws(StoreFileError) in
            let number = try state.file(file)
            let place = CrashPlace(folder: try state.folder(folder), name: name)
            guard state.disk[place] == nil else { throw .taken }
            state.apply(.link(number, place))
        }
    }

    package func link(
        _ name: String,
        in folder: StoreHandle,
        as newName: String,
        in newFolder: StoreHandle
    ) throws(StoreFileError) {
        try call { state throws(StoreFileError) in
            guard state.supportsLinks else { throw .unsupported }
            let old = CrashPlace(folder: try state.folder(folder), name: name)
            let place = CrashPlace(folder: try state.folder(newFolder), name: newName)
            guard let number = state.disk[old] else { throw .missing }
            guard state.disk[place] == nil else { throw .taken }
            state.apply(.link(number, place))
        }
    }

    package func rename(
        _ name: String,
        in folder: StoreHandle,
        to newName: String,
        in newFolder: StoreHandle
    ) throws(StoreFileError) {
        try call { state throws(StoreFileError) in
            let old = CrashPlace(folder: try state.folder(folder), name: name)
            let place = CrashPlace(folder: try state.folder(newFolder), name: newName)
            guard let number = state.disk[old] else { throw .missing }
            guard state.disk[place] == nil else { throw .taken }
            // Two effects: a crash may show the file under both names, or under neither.
            state.apply(.link(number, place))
            state.apply(.unlink(old))
        }
    }

    package func unlink(_ name: String, in folder: StoreHandle) throws(StoreFileError) {
        try call { state throws(StoreFileError) in
            let place = CrashPlace(folder: try state.folder(folder), name: name)
            guard state.disk[place] != nil else { throw .missing }
            state.apply(.unlink(place))
        }
    }

    package func open(
        _ name: String,
        in folder: StoreHandle
    ) throws(StoreFileError) -> StoreHandle {
        try call { state throws(StoreFileError) in
            let place = CrashPlace(folder: try state.folder(folder), name: name)
            guard let number = state.disk[place] else { throw .missing }
            return state.open(.file(number))
        }
    }

    package func status(of file: StoreHandle) throws(StoreFileError) -> StoreFileStatus {
        try call { state throws(StoreFileError) in
            if case .folder? = state.handles[file.number] {
                return StoreFileStatus(kind: .folder, size: 0, linkCount: 2)
            }
            let number = try state.file(file)
            let size = state.disk.files[number]?.count ?? 0
            return StoreFileStatus(kind: .file, size: UInt64(size), linkCount: 1)
        }
    }

    package func status(
        _ name: String,
        in folder: StoreHandle
    ) throws(StoreFileError) -> StoreFileStatus {
        try call { state throws(StoreFileError) in
            let parent = try state.folder(folder)
            if let number = state.disk[CrashPlace(folder: parent, name: name)] {
                let size = state.disk.files[number]?.count ?? 0
                return StoreFileStatus(kind: .file, size: UInt64(size), linkCount: 1)
            }
            guard parent.isEmpty, state.disk.folders[name] != nil else { throw .missing }
            return StoreFileStatus(kind: .folder, size: 0, linkCount: 2)
        }
    }

    package func read(
        _ file: StoreHandle,
        at offset: UInt64,
        into bytes: inout MutableSpan<UInt8>,
        from start: Int
    ) throws(StoreFileError) -> Int {
        let number = try call { state throws(StoreFileError) in try state.file(file) }
        let contents = state.withLock { $0.disk.files[number] ?? [] }
        guard offset < UInt64(contents.count) else { return 0 }
        let count = min(bytes.count - start, contents.count - Int(offset))
        for index in 0..<count { bytes[start + index] = contents[Int(offset) + index] }
        return count
    }

    package func forEachName(
        in folder: StoreHandle,
        _ body: ([UInt8]) throws(StoreFileError) -> Bool
    ) throws(StoreFileError) {
        let names = try call { state throws(StoreFileError) in
            let name = try state.folder(folder)
            var names = (state.disk.folders[name] ?? [:]).keys.map { Array($0.utf8) }
            if name.isEmpty {
                names += state.disk.folders.keys.filter { !$0.isEmpty }.map { Array($0.utf8) }
            }
            return names
        }
        for name in names {
            guard try body(name) else { return }
        }
    }

    package func close(_ handle: StoreHandle) {
        state.withLock { _ = $0.handles.removeValue(forKey: handle.number) }
    }
}

/// What a handle stands for.
enum CrashHandle: Hashable, Sendable {
    case folder(String)
    case file(Int)
}

extension CrashingFiles.State {
    mutating func open(_ handle: CrashHandle) -> StoreHandle {
        lastHandle += 1
        handles[lastHandle] = handle
        return StoreHandle(number: lastHandle)
    }

    func folder(_ handle: StoreHandle) throws(StoreFileError) -> String {
        guard case .folder(let name)? = handles[handle.number] else { throw .badHandle }
        return name
    }

    func file(_ handle: StoreHandle) throws(StoreFileError) -> Int {
        guard case .file(let number)? = handles[handle.number] else { throw .badHandle }
        return number
    }

    mutating func newFile() -> Int {
        let number = disk.lastFile + 1
        apply(.makeFile(number))
        return number
    }

    mutating func apply(_ effect: CrashEffect) {
        effects.append(effect)
        disk.apply(effect)
    }
}

/// The error numbers of Linux that the file system in memory gives.
extension StoreFileError {
    static var missing: StoreFileError { StoreFileError(code: 2) }
    static var badHandle: StoreFileError { StoreFileError(code: 9) }
    static var taken: StoreFileError { StoreFileError(code: 17) }
    static var unsupported: StoreFileError { StoreFileError(code: 95) }
}
