// An embedder imports `Cairn` alone; these modules hold types of its public surface.
@_exported public import CairnCore
@_exported public import CairnFormat
@_exported public import CairnIO
