import CairnCore
import CairnIO
import Glibc

/// A directory of its own for one test, removed afterwards.
final class Scratch {
    let path: String

    init() throws {
        var template = Array(
            ("/var/tmp/cairn-files-" + String(repeating: "X", count: 6)).utf8CString
        )
        path = try unsafe template.withUnsafeMutableBufferPointer { text in
            // swift-format-ignore: NeverForceUnwrap
            guard let made = unsafe mkdtemp(text.baseAddress!) else {
                throw FileFailure(.create, errno: errno)
            }
            return unsafe String(cString: made)
        }
    }

    deinit {
        Scratch.remove(path)
    }

    private static func remove(_ path: String) {
        guard let handle = unsafe opendir(path) else { return }
        while let entry = unsafe readdir(handle) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe Array(UnsafeRawBufferPointer(start: $0, count: strlen($0)))
                }
            }
            guard FileName.isValid(name) else { continue }
            let type = unsafe entry.pointee.d_type
            let isDirectory = type == 4
            if isDirectory { remove(path + "/" + String(decoding: name, as: UTF8.self)) }
            let status = unsafe (name + [0]).withUnsafeBytes { bytes in
                unsafe unlinkat(
                    dirfd(handle),
                    // swift-format-ignore: NeverForceUnwrap
                    bytes.bindMemory(to: CChar.self).baseAddress!,
                    isDirectory ? 0x200 : 0
                )
            }
            _ = status
        }
        unsafe closedir(handle)
        unsafe rmdir(path)
    }

    var bytes: [UInt8] { Array(path.utf8) }

    func at(_ name: String) -> String { path + "/" + name }

    func source(_ name: String = "") throws -> SourceDirectory {
        try SourceDirectory.open(path: Array((path + "/" + name).utf8))
    }

    func makeDirectory(_ name: String) {
        unsafe mkdir(at(name), 0o755)
    }

    func makeFile(_ name: [UInt8], _ content: [UInt8] = []) {
        let full = Array((path + "/").utf8) + name + [0]
        let number = unsafe full.withUnsafeBytes { text in
            unsafe Glibc.open(
                // swift-format-ignore: NeverForceUnwrap
                text.bindMemory(to: CChar.self).baseAddress!,
                O_CREAT | O_WRONLY,
                0o644
            )
        }
        unsafe content.withUnsafeBytes { unsafe _ = Glibc.write(number, $0.baseAddress, $0.count) }
        close(number)
    }

    func makeFile(_ name: String, _ content: String = "") {
        makeFile(Array(name.utf8), Array(content.utf8))
    }

    func makeLink(_ name: String, to target: String) {
        unsafe symlink(target, at(name))
    }

    func content(_ name: String) throws -> [UInt8] {
        let parts = name.split(separator: "/").map { Array($0.utf8) }
        var directory = try source()
        for part in parts.dropLast() { directory = try directory.openSubdirectory(part) }
        let file = try directory.openFile(parts[parts.count - 1])
        let buffer = ByteBuffer()
        while try file.read(upTo: 4096, into: buffer) > 0 {}
        return buffer.array
    }
}

extension String {
    var name: FileName { Array(utf8) }
}
