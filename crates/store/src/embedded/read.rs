//! Reading: positioned reads on bytes that are durable and never change, beside the writer.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::embedded::View;
use crate::embedded::frame::{Frame, Place, RECORD_HEAD, Record, peek};
use crate::embedded::heads::Tip;
use crate::embedded::index::Entry;
use crate::embedded::segment::Segment;
use crate::embedded::window::{Found, SCAN_AHEAD, Window};
use crate::key::StreamKey;
use crate::{Damage, RecordedRef, StoreError};

/// Records nearer to each other than this are read together.
const NEAR: u64 = 16 << 10;
/// How much is then read at once.
const NEAR_AHEAD: usize = 64 << 10;
/// How much is read for a record that lies alone.
const LONE_AHEAD: usize = 1 << 10;
/// How many offsets are taken from an index at once.
const OFFSETS: u32 = 4096;

type Visit<'v> = &'v mut dyn FnMut(RecordedRef<'_>) -> ControlFlow<()>;

/// Visits the events of a view from a position on.
pub(crate) fn scan_all(view: &View, from: u64, visit: Visit<'_>) -> Result<(), StoreError> {
    let first = view.segments.partition_point(|segment| segment.first_position <= from).saturating_sub(1);
    for (at, segment) in view.segments.iter().enumerate().skip(first) {
        let next = view.segments.get(at + 1).map_or(u64::MAX, |next| next.first_position);
        let until = next.min(view.head.next_position);
        if from < until && scan_segment(segment, from, until, visit)?.is_break() {
            break;
        }
    }
    Ok(())
}

fn scan_segment(
    segment: &Segment,
    from: u64,
    until: u64,
    visit: Visit<'_>,
) -> Result<ControlFlow<()>, StoreError> {
    let mut window = Window::new(segment.number, segment.file()?, SCAN_AHEAD);
    let (mut position, mut offset) = segment.place_before(from);
    while position < until {
        let damage = match window.frame(offset)? {
            Found::Frame(Frame::Record(record), length) if record.position == position => {
                match (position >= from).then(|| record.event()).transpose() {
                    Ok(event) => {
                        if event.is_some_and(|event| visit(event).is_break()) {
                            return Ok(ControlFlow::Break(()));
                        }
                        position += 1;
                        offset += length as u64;
                        continue;
                    }
                    Err(damage) => damage,
                }
            }
            Found::Frame(Frame::Commit(commit), length) if commit.next_position == position => {
                offset += length as u64;
                continue;
            }
            Found::Frame(..) => Damage::Order,
            Found::Nothing => Damage::Seam,
            Found::Broken(damage) => damage,
        };
        return Err(window.damaged(offset, damage));
    }
    Ok(ControlFlow::Continue(()))
}

/// A part of a stream that lies in one segment.
enum Part {
    /// Known by the segment's index, without its first `skip` records.
    Indexed(Arc<Segment>, Entry, u32),
    /// Found by following back pointers; offsets from the last to the first.
    Walked(Arc<Segment>, Vec<u32>),
}

/// Visits a stream's events from a revision on. The way back to that revision goes a segment at a step where
/// there are indexes, and record by record in the segment that has none, the active one: what it remembers is
/// a number for each of the stream's segments, and four bytes for each record in the active one.
pub(crate) fn scan_stream(
    view: &View,
    key: StreamKey,
    name: &str,
    tip: Tip,
    from: u64,
    visit: Visit<'_>,
) -> Result<(), StoreError> {
    let mut parts = Vec::new();
    let mut place = tip.place;
    let mut last = tip.head.revision;
    while last >= from && place != Place::NONE {
        let segment = segment_at(view, place)?;
        let (part, first, before) = match segment.index() {
            Some(index) => {
                let entry = index.find(key)?.ok_or_else(|| damaged(place, Damage::Order))?;
                let skip = from.saturating_sub(entry.first_revision).min(u64::from(entry.count));
                let before = if skip > 0 || entry.first_revision == 0 {
                    Place::NONE
                } else {
                    before_entry(segment, &entry)?
                };
                (Part::Indexed(Arc::clone(segment), entry, skip as u32), entry.first_revision, before)
            }
            None => walk_back(segment, key, place, last, from)?,
        };
        parts.push(part);
        place = before;
        last = match first.checked_sub(1) {
            Some(last) => last,
            None => break,
        };
    }
    let mut reader = StreamReader { key, name, revision: from, visit };
    for part in parts.iter().rev() {
        let flow = match part {
            Part::Indexed(segment, entry, skip) => reader.indexed(segment, entry, *skip)?,
            Part::Walked(segment, offsets) => {
                reader.records(segment, &mut offsets.iter().rev().copied().peekable())?
            }
        };
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}

fn damaged(place: Place, damage: Damage) -> StoreError {
    StoreError::Damaged { segment: u64::from(place.segment()), offset: u64::from(place.offset()), damage }
}

fn segment_at(view: &View, place: Place) -> Result<&Arc<Segment>, StoreError> {
    let at = view.segments.binary_search_by_key(&place.segment(), |segment| segment.number);
    at.ok().and_then(|at| view.segments.get(at)).ok_or_else(|| damaged(place, Damage::Order))
}

/// The back pointer of a stream's first record in an indexed segment.
fn before_entry(segment: &Segment, entry: &Entry) -> Result<Place, StoreError> {
    let mut window = Window::new(segment.number, segment.file()?, LONE_AHEAD);
    let offset = u64::from(entry.first_offset);
    match peek(window.bytes(offset, RECORD_HEAD)?) {
        Some((_, revision, previous)) if revision == entry.first_revision => Ok(previous),
        _ => Err(window.damaged(offset, Damage::Order)),
    }
}

/// Follows back pointers within a segment; answers the part, its first revision, and where the stream goes on
/// before it.
fn walk_back(
    segment: &Arc<Segment>,
    key: StreamKey,
    last: Place,
    mut revision: u64,
    from: u64,
) -> Result<(Part, u64, Place), StoreError> {
    let mut window = Window::new(segment.number, segment.file()?, RECORD_HEAD);
    let mut offsets = Vec::new();
    let mut place = last;
    loop {
        let offset = u64::from(place.offset());
        let head = peek(window.bytes_before(offset + RECORD_HEAD as u64, RECORD_HEAD)?);
        let Some((_, _, previous)) = head.filter(|&(k, r, _)| k == key && r == revision) else {
            return Err(window.damaged(offset, Damage::Order));
        };
        offsets.push(place.offset());
        let inside = previous.segment() == segment.number && previous.offset() < place.offset();
        if !inside || revision <= from || revision == 0 {
            return Ok((Part::Walked(Arc::clone(segment), offsets), revision, previous));
        }
        let gap = u64::from(place.offset() - previous.offset());
        window.ahead = if gap < NEAR { NEAR_AHEAD } else { RECORD_HEAD };
        place = previous;
        revision -= 1;
    }
}

struct StreamReader<'r, 'v> {
    key: StreamKey,
    name: &'r str,
    /// The revision that comes next.
    revision: u64,
    visit: Visit<'v>,
}

impl StreamReader<'_, '_> {
    fn indexed(
        &mut self,
        segment: &Segment,
        entry: &Entry,
        skip: u32,
    ) -> Result<ControlFlow<()>, StoreError> {
        let mut done = skip;
        while let Some(index) = segment.index().filter(|_| done < entry.count) {
            let offsets = index.offsets(entry, done, OFFSETS)?;
            if self.records(segment, &mut offsets.iter().copied().peekable())?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
            done = done.saturating_add(OFFSETS);
        }
        Ok(ControlFlow::Continue(()))
    }

    fn records(
        &mut self,
        segment: &Segment,
        offsets: &mut std::iter::Peekable<impl Iterator<Item = u32>>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let mut window = Window::new(segment.number, segment.file()?, LONE_AHEAD);
        while let Some(offset) = offsets.next() {
            let gap = offsets.peek().map(|next| u64::from(next.saturating_sub(offset)));
            window.ahead = if gap.is_some_and(|gap| gap < NEAR) { NEAR_AHEAD } else { LONE_AHEAD };
            let offset = u64::from(offset);
            let damage = match window.frame(offset)? {
                Found::Frame(Frame::Record(record), _) => match self.check(&record) {
                    Ok(event) => {
                        if (self.visit)(event).is_break() {
                            return Ok(ControlFlow::Break(()));
                        }
                        continue;
                    }
                    Err(damage) => damage,
                },
                Found::Frame(Frame::Commit(_), _) => Damage::Order,
                Found::Nothing => Damage::Tag,
                Found::Broken(damage) => damage,
            };
            return Err(window.damaged(offset, damage));
        }
        Ok(ControlFlow::Continue(()))
    }

    fn check<'a>(&mut self, record: &Record<'a>) -> Result<RecordedRef<'a>, Damage> {
        let event = record.event()?;
        if record.key != self.key || event.stream != self.name || event.revision != self.revision {
            return Err(Damage::Order);
        }
        self.revision = self.revision.saturating_add(1);
        Ok(event)
    }
}
