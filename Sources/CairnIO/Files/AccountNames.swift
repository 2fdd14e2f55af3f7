internal import Glibc
internal import Synchronization

/// The names of users and groups on this machine, and back; each is looked up once.
///
/// Names are bytes. A lookup may go over a network (LDAP) and take long the first time. An account
/// that cannot be looked up counts as unknown.
package final class AccountNames: Sendable {
    private struct Cache {
        var userNames: [UInt32: [UInt8]?] = [:]
        var groupNames: [UInt32: [UInt8]?] = [:]
        var userIDs: [[UInt8]: UInt32?] = [:]
        var groupIDs: [[UInt8]: UInt32?] = [:]
    }

    private let cache = Mutex(Cache())

    /// Starts with nothing looked up.
    package init() {}

    /// The name of a user, or nil where there is none.
    package func userName(_ id: UInt32) -> [UInt8]? {
        if let known = cache.withLock({ $0.userNames[id] }) { return known }
        let name: [UInt8]? = unsafe AccountNames.lookUp { room, size in
            var entry = unsafe passwd()
            var found: UnsafeMutablePointer<passwd>?
            let error = unsafe getpwuid_r(id, &entry, room, size, &found)
            return (error, unsafe found.map { unsafe AccountNames.bytes($0.pointee.pw_name) })
        }
        cache.withLock { $0.userNames[id] = .some(name) }
        return name
    }

    /// The name of a group, or nil where there is none.
    package func groupName(_ id: UInt32) -> [UInt8]? {
        if let known = cache.withLock({ $0.groupNames[id] }) { return known }
        let name: [UInt8]? = unsafe AccountNames.lookUp { room, size in
            var entry = unsafe group()
            var found: UnsafeMutablePointer<group>?
            let error = unsafe getgrgid_r(id, &entry, room, size, &found)
            return (error, unsafe found.map { unsafe AccountNames.bytes($0.pointee.gr_name) })
        }
        cache.withLock { $0.groupNames[id] = .some(name) }
        return name
    }

    /// The ID of a user, or nil where there is none of that name.
    package func userID(_ name: [UInt8]) -> UInt32? {
        if let known = cache.withLock({ $0.userIDs[name] }) { return known }
        let id: UInt32? = unsafe AccountNames.lookUp { room, size in
            var entry = unsafe passwd()
            var found: UnsafeMutablePointer<passwd>?
            let error = unsafe name.withPath { text in
                Int64(unsafe getpwnam_r(text, &entry, room, size, &found))
            }
            return (Int32(error), unsafe found.map { unsafe $0.pointee.pw_uid })
        }
        cache.withLock { $0.userIDs[name] = .some(id) }
        return id
    }

    /// The ID of a group, or nil where there is none of that name.
    package func groupID(_ name: [UInt8]) -> UInt32? {
        if let known = cache.withLock({ $0.groupIDs[name] }) { return known }
        let id: UInt32? = unsafe AccountNames.lookUp { room, size in
            var entry = unsafe group()
            var found: UnsafeMutablePointer<group>?
            let error = unsafe name.withPath { text in
                Int64(unsafe getgrnam_r(text, &entry, room, size, &found))
            }
            return (Int32(error), unsafe found.map { unsafe $0.pointee.gr_gid })
        }
        cache.withLock { $0.groupIDs[name] = .some(id) }
        return id
    }

    /// Gives `body` more room as long as it says `ERANGE`, up to 1 MiB (a group of many members).
    private static func lookUp<Value>(
        _ body: (UnsafeMutablePointer<CChar>, Int) -> (Int32, Value?)
    ) -> Value? {
        var size = 1024
        while size <= 1 << 20 {
            let (error, value) = unsafe withUnsafeTemporaryAllocation(
                of: CChar.self,
                capacity: size
            ) { room -> (Int32, Value?) in
                guard let start = room.baseAddress else { return (ENOMEM, nil) }
                return unsafe body(start, room.count)
            }
            guard error == ERANGE else { return value }
            size *= 8
        }
        return nil
    }

    private static func bytes(_ text: UnsafePointer<CChar>?) -> [UInt8] {
        guard let text = unsafe text else { return [] }
        return unsafe Array(UnsafeRawBufferPointer(start: text, count: Int(strlen(text))))
    }
}
