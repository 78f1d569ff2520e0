//! Every limit of the HTTP side, by name.

use std::time::Duration;

/// Bytes of a request's body: 1 MiB.
pub const BODY: usize = 1 << 20;
/// Bytes of a batch's body: ten thousand commands with lines and provider ids need more than one MiB.
pub const BATCH_BODY: usize = 16 << 20;
/// Commands of one batch.
pub const BATCH: usize = 10_000;
/// Commands of a batch that are parsed before other requests get their turn.
pub const BATCH_SLICE: usize = 256;
/// Bytes of an overlong body that are read and thrown away, so that the caller hears why it was refused.
pub const DISCARD: usize = 64 << 20;
/// How long a body may take to arrive.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of a request's head. It has at most 100 fields: hyper's own limit, which needs no allocation.
pub const HEAD: usize = 32 << 10;
/// How long a connection may wait for a whole request head: the first one, or the next on a connection kept alive.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// Open connections; the next ones wait in the system's queue.
pub const CONNECTIONS: usize = 8_192;
/// How long a graceful shutdown waits for the requests that are under way.
pub const DRAIN: Duration = Duration::from_secs(20);
/// Items of a page when the caller does not say.
pub const PAGE: usize = 100;
/// Items of a page at the most.
pub const MAX_PAGE: usize = 1_000;
/// Events that one page of a filtered list reads at the most; a page cut short by it has a cursor to go on from.
pub const PAGE_SCAN: usize = 20_000;
/// Folds and scans of the store at the same time.
pub const READS: usize = 8;
/// Requests that wait for a position at the same time.
pub const WAITERS: usize = 64;
/// How long `min_position` waits.
pub const POSITION_WAIT: Duration = Duration::from_secs(5);
/// Hours that a report may be cut into.
pub const HOURS: usize = 800;
/// Days, likewise.
pub const DAYS: usize = 400;
/// Months, likewise.
pub const MONTHS: usize = 122;
/// Days of the widest span that is not cut: ten years.
pub const SPAN_DAYS: usize = 3_660;
/// Streams of events at the same time.
pub const STREAMS: usize = 64;
/// Events that a stream reads at once.
pub const STREAM_PIECE: usize = 256;
/// How long a stream is silent at the most: what lies between would take a silent connection for a dead one.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// After which time a caller of a stream that broke off is asked to come back.
pub const STREAM_RETRY: Duration = Duration::from_secs(1);
/// How long the end of the log is waited for before it is asked whether anybody still listens.
pub const TAIL_WAIT: Duration = Duration::from_millis(500);
/// Seconds after which a caller may try again when too much is waiting.
pub const RETRY_OVERLOADED: &str = "1";
/// Seconds after which a caller may try again when the store has failed.
pub const RETRY_UNAVAILABLE: &str = "5";
