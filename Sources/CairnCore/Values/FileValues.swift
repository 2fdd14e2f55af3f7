/// A moment in time as file systems keep it.
public struct Timestamp: Hashable, Sendable, Comparable {
    /// Whole seconds since 1970; negative before.
    public var seconds: Int64
    /// The part of a second that has passed since, 0 to 999,999,999.
    public var nanoseconds: UInt32

    /// Makes a moment.
    public init(seconds: Int64, nanoseconds: UInt32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    public static func < (a: Timestamp, b: Timestamp) -> Bool {
        (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
    }
}

/// The numbers of a character or block device.
public struct DeviceNumber: Hashable, Sendable {
    /// Which driver.
    public var major: UInt32
    /// Which of its devices.
    public var minor: UInt32

    /// Makes a device number.
    public init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }
}

/// An extended attribute of a file; POSIX ACLs come as such.
public struct ExtendedAttribute: Hashable, Sendable {
    /// The name with its namespace, such as `user.comment`.
    public var name: [UInt8]
    /// The value.
    public var value: [UInt8]

    /// Makes an attribute.
    public init(name: [UInt8], value: [UInt8]) {
        self.name = name
        self.value = value
    }
}
