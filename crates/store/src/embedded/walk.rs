//! A segment read from its beginning, batch by batch: every frame's checksum, the order of positions, and the
//! running hash against the commits. Opening and index building both stand on it.

use std::ops::ControlFlow;

use crate::embedded::frame::{Frame, HEADER, Header, Place};
use crate::embedded::window::{Found, Window};
use crate::key::StreamKey;
use crate::{Damage, Hash, RunningHash, StoreError, StreamHead};

/// Every how many records a segment's table of places has an entry.
pub(crate) const PLACE_EVERY: u64 = 64;

/// What a walk tells of a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) key: StreamKey,
    pub(crate) head: StreamHead,
    pub(crate) previous: Place,
    pub(crate) offset: u32,
}

/// How far a walk came.
#[derive(Debug)]
pub(crate) struct Walk {
    /// Where the last whole batch ends.
    pub(crate) end: u64,
    /// Where it begins, `None` if there is none.
    pub(crate) last_batch: Option<u64>,
    /// The position after it.
    pub(crate) position: u64,
    pub(crate) running: RunningHash,
    /// Offset of every [`PLACE_EVERY`]th record.
    pub(crate) places: Vec<u32>,
    /// Why the walk stopped, unless nothing was written there.
    pub(crate) broken: Option<(u64, Damage)>,
    /// Where it stopped.
    pub(crate) stop: u64,
    /// Whole records between `end` and there.
    pub(crate) loose: u64,
}

impl Walk {
    /// The hash of the whole log up to here.
    pub(crate) fn running_hash(&self) -> Hash {
        self.running.get()
    }
}

/// Walks a segment and hands out each whole batch, until told to stop.
pub(crate) fn walk(
    window: &mut Window,
    header: &Header,
    mut batch: impl FnMut(&[Seen]) -> Result<ControlFlow<()>, StoreError>,
) -> Result<Walk, StoreError> {
    let mut walk = Walk {
        end: HEADER as u64,
        last_batch: None,
        position: header.first_position,
        running: RunningHash::from_hash(header.running_hash),
        places: Vec::new(),
        broken: None,
        stop: HEADER as u64,
        loose: 0,
    };
    let mut seen = Vec::new();
    let mut running = walk.running;
    loop {
        let position = walk.position + seen.len() as u64;
        let (frame, length) = match window.frame(walk.stop)? {
            Found::Frame(frame, length) => (frame, length),
            Found::Nothing => break,
            Found::Broken(damage) => {
                walk.broken = Some((walk.stop, damage));
                break;
            }
        };
        let next = walk.stop + length as u64;
        match frame {
            Frame::Record(record) => {
                let Ok(offset) = u32::try_from(walk.stop) else {
                    walk.broken = Some((walk.stop, Damage::Length));
                    break;
                };
                let event = if record.position == position { record.event() } else { Err(Damage::Order) };
                let event = match event {
                    Ok(event) => event,
                    Err(damage) => {
                        walk.broken = Some((walk.stop, damage));
                        break;
                    }
                };
                running.push(&record.hash);
                let head = StreamHead {
                    revision: record.revision,
                    recorded_at: event.recorded_at,
                    hash: record.hash,
                };
                seen.push(Seen { key: record.key, head, previous: record.previous, offset });
            }
            Frame::Commit(commit) => {
                let fits = commit.segment == u64::from(header.segment)
                    && commit.batch_start == walk.end
                    && commit.first_position == walk.position
                    && commit.next_position == position
                    && u64::from(commit.events) == seen.len() as u64
                    && !seen.is_empty();
                if !fits || commit.running_hash != running.get() {
                    walk.broken = Some((walk.stop, if fits { Damage::RunningHash } else { Damage::Order }));
                    break;
                }
                let flow = batch(&seen)?;
                for (position, record) in (walk.position..).zip(&seen) {
                    if (position - header.first_position).is_multiple_of(PLACE_EVERY) {
                        walk.places.push(record.offset);
                    }
                }
                walk.last_batch = Some(walk.end);
                walk.end = next;
                walk.position = position;
                walk.running = running;
                walk.stop = next;
                seen.clear();
                if flow.is_break() {
                    break;
                }
            }
        }
        walk.stop = next;
    }
    walk.loose = seen.len() as u64;
    Ok(walk)
}
