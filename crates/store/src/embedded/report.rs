//! How a store is opened, and what opening found.

/// How to open a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bytes that a new segment is written ahead: 4 KiB to 1 GiB. Segments that are there keep their size.
    pub segment_size: u64,
    /// What opening reads of segments that will not change any more.
    pub verify_on_open: Verify,
    /// Where segments are prepared and indexed.
    pub helper: Helper,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_size: 64 << 20, verify_on_open: Verify::All, helper: Helper::Thread }
    }
}

/// What opening reads of sealed segments. Every later read verifies what it reads in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// The whole of each, against the checksum in its index, on all processors.
    All,
    /// Nothing but their headers: for stores too large to be read at each start.
    Tail,
}

/// Where segments are prepared and indexed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Helper {
    /// On a thread beside the append path.
    Thread,
    /// In the append that needs it: slower, and the same at every run. For tests.
    Inline,
}

/// What opening found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// Events in the log.
    pub events: u64,
    /// Streams in the log.
    pub streams: u64,
    /// Segments with events.
    pub segments: u32,
    /// What was cut off behind the last whole commit.
    pub cut: Option<Cut>,
    /// Indexes that were missing or damaged and were built again.
    pub indexes_rebuilt: u32,
}

/// Bytes behind the last whole commit, cut off. After a crash, what is left of a batch that was never
/// acknowledged; it can also be the very last batch, damaged since: a head kept elsewhere tells the two apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The segment that they were in.
    pub segment: u64,
    /// Offset of the first byte cut off.
    pub offset: u64,
    /// How many, up to the last one that was not zero.
    pub bytes: u64,
    /// Whole records at the beginning of them.
    pub records: u64,
}
