internal import CCairn

/// Keeps others out of this process's memory.
public enum ProcessPrivacy {
    /// Forbids core dumps of this process, and reading its memory to others of the same user.
    ///
    /// For programs that hold keys; a library never does this of its own accord. It does not hold
    /// back the superuser, and programs started by this one do not inherit it.
    public static func hideMemory() {
        // A kernel that refuses leaves things as they are anyway.
        _ = cairn_hide_memory()
    }
}
