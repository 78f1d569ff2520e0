//! Everything that can go wrong, with what an operator needs to know about it. A conflict is not here: it is
//! an answer, not a failure ([`Conflict`](crate::Conflict)).

use std::io;

use uuid::Uuid;

use crate::StreamName;

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A group can never be written as it is. Nothing of the batch was written.
    #[error(transparent)]
    Rejected(#[from] Rejected),

    /// The batch is larger than one commit may be. Nothing of it was written; smaller batches will do.
    #[error("the batch has {bytes} bytes; at most {limit} can be committed at once")]
    BatchTooLarge {
        /// Its size as it would be written.
        bytes: usize,
        /// The largest allowed, [`limits::BATCH`](crate::limits::BATCH).
        limit: usize,
    },

    /// The disk is full. Nothing of the batch was written, nothing is lost; it may be tried again.
    #[error("no room on the disk for {name}: {source}")]
    Full {
        /// The file that could not grow or be written.
        name: String,
        /// What the system said.
        source: io::Error,
    },

    /// A write or a sync failed and what the disk holds is unknown: nothing more is appended until the store
    /// is opened again. Whether the failing batch is durable shows then; it is there whole or not at all.
    #[error("no appends until the store is opened again: {cause}")]
    Poisoned {
        /// What happened.
        cause: String,
    },

    /// Another process, or another store in this one, has the directory.
    #[error("the store is in use by {holder}: {dir}")]
    Locked {
        /// The directory.
        dir: String,
        /// Who has it, as far as the lock file tells.
        holder: String,
    },

    /// Stored bytes are not what was written.
    #[error("segment {segment} is damaged at offset {offset}: {damage}")]
    Damaged {
        /// Number of the segment file.
        segment: u64,
        /// Byte offset of the frame that is not whole.
        offset: u64,
        /// What is wrong there.
        damage: Damage,
    },

    /// A segment file is gone although later ones are there.
    #[error("segment {segment} is missing although segment {last} is there")]
    MissingSegment {
        /// Number of the missing file.
        segment: u64,
        /// Number of the last one present.
        last: u64,
    },

    /// The file was written by a version of this program that this one does not know.
    #[error("segment {segment} has format version {version}; this program reads version 1")]
    UnknownFormat {
        /// Number of the segment file.
        segment: u64,
        /// The version it claims.
        version: u32,
    },

    /// An option is out of its range.
    #[error("segment_size is {bytes} bytes; it must lie between {min} and {max}")]
    SegmentSize {
        /// What was asked.
        bytes: u64,
        /// The least allowed.
        min: u64,
        /// The most allowed.
        max: u64,
    },

    /// The system refused a file operation that changed nothing.
    #[error("could not {action} {name}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        name: String,
        /// What the system said.
        source: io::Error,
    },
}

/// What is wrong with stored bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// The segment's header is not whole.
    #[error("the segment's header is not whole")]
    Header,
    /// A frame's first bytes are no frame's.
    #[error("no frame begins here")]
    Tag,
    /// A frame's length cannot be.
    #[error("the frame's length is impossible")]
    Length,
    /// A frame's bytes do not have its checksum.
    #[error("the checksum does not match")]
    Checksum,
    /// A frame is whole, but not the one that belongs here.
    #[error("the frame does not belong here")]
    Order,
    /// The envelope's bytes are no envelope.
    #[error("the envelope cannot be read")]
    Envelope,
    /// The commit's running hash is not the hash of its events.
    #[error("the running hash does not follow from the events")]
    RunningHash,
    /// A sealed segment ends before the next one begins, or goes on after it.
    #[error("the segment does not end where the next one begins")]
    Seam,
}

/// Why a group can never be written as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejected {
    /// It has no appends.
    #[error("group {group} is empty")]
    EmptyGroup {
        /// Its place in the batch.
        group: usize,
    },
    /// One of its appends has no events.
    #[error("group {group} appends nothing to {stream}")]
    EmptyAppend {
        /// Its place in the batch.
        group: usize,
        /// The stream of that append.
        stream: StreamName,
    },
    /// It names a stream twice.
    #[error("group {group} names {stream} twice")]
    RepeatedStream {
        /// Its place in the batch.
        group: usize,
        /// The stream.
        stream: StreamName,
    },
    /// It has too many events.
    #[error("group {group} has {events} events; at most {limit} are allowed")]
    TooManyEvents {
        /// Its place in the batch.
        group: usize,
        /// How many.
        events: usize,
        /// The most allowed.
        limit: usize,
    },
    /// An event has no type.
    #[error("event {id} of group {group} has no type")]
    EmptyType {
        /// The group's place in the batch.
        group: usize,
        /// The event.
        id: Uuid,
    },
    /// One of an event's texts is too long.
    #[error("{field} of event {id} in group {group} has {bytes} bytes; at most {limit} are allowed")]
    TextTooLong {
        /// The group's place in the batch.
        group: usize,
        /// The event.
        id: Uuid,
        /// The field.
        field: &'static str,
        /// Its length.
        bytes: usize,
        /// The longest allowed.
        limit: usize,
    },
    /// An event's payload is too large.
    #[error("the payload of event {id} in group {group} has {bytes} bytes; at most {limit} are allowed")]
    PayloadTooLarge {
        /// The group's place in the batch.
        group: usize,
        /// The event.
        id: Uuid,
        /// Its size.
        bytes: usize,
        /// The largest allowed.
        limit: usize,
    },
}
