internal import CairnIO

/// One step of the scan of the source: what the file system says is there.
enum Sighting: Sendable {
    /// A folder begins; what is in it follows until the matching `.leave`.
    case enter(SeenFolder)
    /// The folder that began last ends.
    case leave
    /// The folder that began last goes on under a new handle.
    case resume(SourceDirectory)
    /// Something in the folder that began last.
    case entry(FileName, FileMetadata)
    /// Something in the folder that began last could not be looked at.
    case failed(FileName, FileFailure)
    /// The rest of the folder that began last could not be looked at.
    case interrupted(FileFailure)
}

/// A folder that the scan has come to.
struct SeenFolder: Sendable {
    enum Role: Sendable {
        /// It is to be captured.
        case source
        /// It only leads to what is to be captured.
        case lead
        /// It is left out unless something beneath it is kept.
        case optional
    }

    let name: FileName
    let metadata: FileMetadata
    let role: Role
    /// The folder, or why it cannot be listed; its `.leave` then follows at once.
    let opened: Result<SourceDirectory, FileFailure>

    init(
        _ name: FileName,
        _ metadata: FileMetadata,
        _ role: Role,
        _ opened: Result<SourceDirectory, FileFailure>
    ) {
        self.name = name
        self.metadata = metadata
        self.role = role
        self.opened = opened
    }
}

/// Sightings that go from the scanner to the walker together.
struct SightingBatch: Sendable {
    private(set) var sightings: [Sighting] = []
    /// How many open folders the sightings bring.
    private(set) var folderCount = 0

    mutating func add(_ sighting: Sighting) {
        switch sighting {
        case .enter, .resume: folderCount += 1
        case .leave, .entry, .failed, .interrupted: break
        }
        sightings.append(sighting)
    }
}
