internal import CairnCore
internal import CairnFormat
internal import Synchronization

/// An immutable, sorted run of index entries: Specs/Index.md#run-file.
///
/// - Entries ascend by key; several may have one key (copies of a chunk in several packs).
/// - Nothing is believed before its page's tag has been checked, which happens on first touch; one
///   bit a page remembers it. So heap use is a hundredth of a byte a chunk.
/// - All lookups may come from any thread at once; none takes a lock or allocates once the pages
///   that it touches have been checked.
@safe
final class IndexRun: Sendable {
    /// Where everything lies.
    let layout: RunLayout
    /// The name of the run's file in its folder, where it has one.
    let name: String?
    /// What the run was made from, in the order of its packs.
    let sources: [RunSource]
    private let storage: RunStorage
    private let authenticator: PageAuthenticator
    private let checked: PageBitmap
    private let damaged = Atomic(false)
    // Of the layout, at hand because every lookup needs them.
    private let entryPage: Int
    private let lineCount: Int
    private let guideOffset: Int
    private let entryOffset: Int

    /// Opens a run: checks the header and the list of sources, and leaves the rest for later.
    ///
    /// - Throws: ``IndexError/damaged`` for anything but a whole run of this repository.
    init(
        _ storage: RunStorage,
        named name: String? = nil,
        repository: RepositoryID,
        key: SecretBytes
    ) throws(IndexError) {
        self.name = name
        guard storage.size >= RunLayout.pageSize else { throw .damaged }
        guard let header = storage.withPage(0, { try? RunHeader(decoding: $0) }) else {
            throw .damaged
        }
        guard header.repository == repository.bytes, header.layout.fileSize == storage.size else {
            throw .damaged
        }
        authenticator = try PageAuthenticator(key: key, salt: header.salt)
        layout = header.layout
        entryPage = layout.entryPage
        lineCount = layout.lineCount
        checked = PageBitmap(count: layout.pageCount)
        sources = try IndexRun.sources(of: storage, layout, authenticator)
        self.storage = storage
        guideOffset = layout.guidePage * RunLayout.pageSize
        entryOffset = layout.entryPage * RunLayout.pageSize
    }

    private static func sources(
        of storage: RunStorage,
        _ layout: RunLayout,
        _ authenticator: PageAuthenticator
    ) throws(IndexError) -> [RunSource] {
        for page in 0..<layout.packPage {
            let sound = storage.withPage(page) { authenticator.verify($0, number: page) }
            guard sound else { throw .damaged }
        }
        var sources: [RunSource] = []
        sources.reserveCapacity(layout.sourceCount)
        var (packs, entries) = (0, 0)
        for index in 0..<layout.sourceCount {
            let (page, slot) = index.quotientAndRemainder(dividingBy: RunLayout.sourcesPerPage)
            let decoded = storage.withPage(layout.sourcePage + page) { bytes in
                let start = slot * RunLayout.sourceSize
                var reader = ByteReader(bytes.extracting(start..<start + RunLayout.sourceSize))
                return try? RunSource(from: &reader)
            }
            guard let source = decoded else { throw .damaged }
            packs += source.packCount
            entries += source.entryCount
            guard packs <= layout.packCount, entries <= layout.entryCount else { throw .damaged }
            sources.append(source)
        }
        guard packs == layout.packCount, entries == layout.entryCount else { throw .damaged }
        return sources
    }

    /// How many packs the run lists.
    var packCount: Int { layout.packCount }

    /// How many entries the run has.
    var entryCount: Int { layout.entryCount }

    /// Whether a page was found that does not have the right tag.
    ///
    /// What such a page holds is treated as absent, so the run may lack chunks that its sources
    /// list.
    var isDamaged: Bool { damaged.load(ordering: .relaxed) }

    // MARK: - Pages

    @inline(__always)
    private func isSound(_ page: Int) -> Bool {
        checked.contains(page) || check(page)
    }

    @inline(never)
    private func check(_ page: Int) -> Bool {
        guard storage.withPage(page, { authenticator.verify($0, number: page) }) else {
            damaged.store(true, ordering: .relaxed)
            return false
        }
        checked.insert(page)
        return true
    }

    /// The key of the entry at `index`, or nil where its page is damaged.
    ///
    /// - Precondition: `index` is below ``entryCount``.
    @inline(__always)
    private func key(at index: Int) -> PrefixKey? {
        let (page, slot) = IndexRun.pageAndSlot(index)
        guard isSound(entryPage &+ page) else { return nil }
        let offset = entryOffset &+ page &* RunLayout.pageSize &+ slot &* RunLayout.entrySize
        let base = unsafe storage.base
        return PrefixKey(
            high: UInt64(bigEndian: unsafe base.load(fromByteOffset: offset, as: UInt64.self)),
            low: UInt64(
                bigEndian: unsafe base.load(fromByteOffset: offset &+ 8, as: UInt64.self)
            )
        )
    }

    @inline(__always)
    private static func pageAndSlot(_ index: Int) -> (Int, Int) {
        let unsigned = UInt(bitPattern: index)
        let page = unsigned / UInt(RunLayout.entriesPerPage)
        return (Int(page), Int(unsigned &- page &* UInt(RunLayout.entriesPerPage)))
    }

    /// The entry at `index`, or nil where its page is damaged.
    ///
    /// - Precondition: `index` is within `0..<entryCount`.
    func entry(at index: Int) -> IndexEntry? {
        precondition(index >= 0 && index < entryCount, "outside the run")
        let (page, slot) = IndexRun.pageAndSlot(index)
        guard isSound(entryPage &+ page) else { return nil }
        return storage.withPage(entryPage &+ page) { bytes in
            IndexEntry(loading: bytes, at: slot &* RunLayout.entrySize)
        }
    }

    /// The pack with this ordinal, or nil where there is none or its page is damaged.
    func pack(_ ordinal: UInt32) -> IndexedPack? {
        guard Int(ordinal) < layout.packCount else { return nil }
        let (page, slot) = Int(ordinal).quotientAndRemainder(dividingBy: RunLayout.packsPerPage)
        guard isSound(layout.packPage + page) else { return nil }
        let start = slot * RunLayout.packSize
        return storage.withPage(layout.packPage + page) { bytes in
            var reader = ByteReader(bytes.extracting(start..<start + RunLayout.packSize))
            return try? RunPack(from: &reader).pack
        }
    }
}

// MARK: - Lookup

extension IndexRun {
    /// The index of the first entry with `key`, or nil where the guide or the entries say there is
    /// none.
    ///
    /// A false guide can hide an entry; ``firstIndexIgnoringGuide(of:)`` is for those who must
    /// know.
    func firstIndex(of key: PrefixKey) -> Int? {
        let (line, fraction) = GuideLine.place(of: key, lineCount: lineCount)
        let pointer = unsafe storage.base + (guideOffset &+ line &* RunLayout.lineSize)
        guard unsafe GuideLine.admits(pointer, key) else { return nil }
        var (start, count) = unsafe GuideLine.extent(pointer)
        if count == GuideLine.countMax {
            let end =
                line + 1 < layout.lineCount
                ? unsafe GuideLine.extent(pointer + RunLayout.lineSize).start : entryCount
            count = max(end - start, 0)
        }
        // The guide is not authenticated.
        start = min(start, entryCount)
        let end = start + min(count, entryCount - start)
        guard start < end else { return nil }
        if count > IndexRun.scanCountMax { return lowerBound(of: key, within: start..<end) }
        let offset = fraction.multipliedFullWidth(by: UInt64(end - start)).high
        return scan(for: key, within: start..<end, from: start + Int(offset))
    }

    /// The same, for keys that ascend: the few entries from `guess` on are looked at before the
    /// guide is asked.
    ///
    /// - Parameter guess: Any index; best that of the key asked for last.
    func firstIndex(of key: PrefixKey, from guess: Int) -> Int? {
        var index = guess
        for _ in 0..<IndexRun.stepCountMax {
            guard index < entryCount, let found = self.key(at: index) else { break }
            // Those before the guess are not known.
            if index == guess, found == key, guess > 0, self.key(at: guess &- 1) == key { break }
            if found == key { return index }
            if found > key {
                if index > guess { return nil }
                break
            }
            index &+= 1
        }
        return firstIndex(of: key)
    }

    /// Walking over so many entries takes about as long as asking the guide.
    private static let stepCountMax = 8

    /// Asks for the memory that ``firstIndex(of:)`` will read of the guide.
    @inline(__always)
    func prefetchGuide(of key: PrefixKey) {
        let line = GuideLine.place(of: key, lineCount: lineCount).line
        unsafe prefetch(storage.base + (guideOffset &+ line &* RunLayout.lineSize))
    }

    /// Asks for the memory that ``firstIndex(of:)`` will read of the entries; reads the guide.
    @inline(__always)
    func prefetchEntry(of key: PrefixKey) {
        let (line, fraction) = GuideLine.place(of: key, lineCount: lineCount)
        let pointer = unsafe storage.base + (guideOffset &+ line &* RunLayout.lineSize)
        guard unsafe GuideLine.admits(pointer, key) else { return }
        let (start, count) = unsafe GuideLine.extent(pointer)
        let index = start + Int(fraction.multipliedFullWidth(by: UInt64(count)).high)
        // The guide is not authenticated.
        guard index < entryCount else { return }
        let (page, slot) = IndexRun.pageAndSlot(index)
        let offset = entryOffset &+ page &* RunLayout.pageSize &+ slot &* RunLayout.entrySize
        unsafe prefetch(storage.base + offset)
    }

    /// Slices with more entries than this are halved rather than walked through.
    private static let scanCountMax = 256

    /// Walks from a good guess to the first entry with `key`.
    @inline(__always)
    private func scan(for key: PrefixKey, within range: Range<Int>, from guess: Int) -> Int? {
        var index = guess
        guard var found = self.key(at: index) else { return nil }
        while found < key {
            index &+= 1
            guard index < range.upperBound, let next = self.key(at: index) else { return nil }
            found = next
        }
        while index > range.lowerBound {
            guard let previous = self.key(at: index &- 1) else { return nil }
            if previous < key { break }
            index &-= 1
            found = previous
        }
        return found == key ? index : nil
    }

    private func lowerBound(of key: PrefixKey, within range: Range<Int>) -> Int? {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high {
            let middle = low + (high - low) / 2
            guard let found = self.key(at: middle) else { return nil }
            if found < key { low = middle + 1 } else { high = middle }
        }
        guard low < range.upperBound, self.key(at: low) == key else { return nil }
        return low
    }

    /// The index of the first entry with `key`, found in the entries alone.
    ///
    /// Halves from a guess outwards, some ten pages in a run of any size. If it gives nil and the
    /// run is not damaged, the run has no such entry.
    func firstIndexIgnoringGuide(of key: PrefixKey) -> Int? {
        guard entryCount > 0 else { return nil }
        let guess = Int(key.high.multipliedFullWidth(by: UInt64(entryCount)).high)
        guard let found = self.key(at: guess) else { return nil }
        var step = RunLayout.entriesPerPage
        if found < key {
            var (low, high) = (guess, guess)
            repeat {
                low = high
                high = min(high + step, entryCount - 1)
                guard let found = self.key(at: high) else { return nil }
                if found >= key { break }
                step *= 2
            } while high < entryCount - 1
            return lowerBound(of: key, within: low..<high + 1)
        }
        var (low, high) = (guess, guess)
        while low > 0 {
            high = low
            low = max(low - step, 0)
            guard let found = self.key(at: low) else { return nil }
            if found < key { break }
            step *= 2
        }
        return lowerBound(of: key, within: low..<high + 1)
    }

    /// The entries with `key`, given the index of the first.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - first: Where they begin.
    ///   - body: Says whether to go on.
    @inline(__always)
    func forEach(
        _ key: PrefixKey,
        from first: Int,
        _ body: (IndexEntry) -> Bool
    ) {
        var index = first
        while index < entryCount, let entry = entry(at: index), PrefixKey(entry) == key {
            guard body(entry) else { return }
            index &+= 1
        }
    }
}
