//! What a store accepts at most. Every backend keeps the same limits, so that a log can be copied from one
//! to another.

use crate::{Group, NewEvent, Rejected};

/// Bytes of a stream's name.
pub const STREAM_NAME: usize = 120;
/// Bytes of a payload: 1 MiB.
pub const PAYLOAD: usize = 1 << 20;
/// Events of one group, over all its streams.
pub const GROUP_EVENTS: usize = 10_000;
/// Bytes of each of the envelope's texts: type, actor, correlation, causation, key.
pub const TEXT: usize = 1_024;
/// Bytes of one batch as written: 256 MiB.
pub const BATCH: usize = 256 << 20;

/// Checks the shape and the sizes of a group: everything about it that does not depend on the log.
///
/// `index` is its place in the batch, for the error.
pub fn check_group(index: usize, group: &Group) -> Result<(), Rejected> {
    if group.appends.is_empty() {
        return Err(Rejected::EmptyGroup { group: index });
    }
    let events = group.appends.iter().map(|append| append.events.len()).fold(0, usize::saturating_add);
    if events > GROUP_EVENTS {
        return Err(Rejected::TooManyEvents { group: index, events, limit: GROUP_EVENTS });
    }
    for append in &group.appends {
        if append.events.is_empty() {
            return Err(Rejected::EmptyAppend { group: index, stream: append.stream.clone() });
        }
        for event in &append.events {
            check_event(index, event)?;
        }
    }
    if let [_] = group.appends.as_slice() {
        return Ok(());
    }
    let mut names: Vec<_> = group.appends.iter().map(|append| &append.stream).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair.first() == pair.last()).and_then(<[_]>::first) {
        Some(&stream) => Err(Rejected::RepeatedStream { group: index, stream: stream.clone() }),
        None => Ok(()),
    }
}

fn check_event(group: usize, event: &NewEvent) -> Result<(), Rejected> {
    if event.event_type.is_empty() {
        return Err(Rejected::EmptyType { group, id: event.id });
    }
    let texts = [
        ("event_type", &event.event_type),
        ("actor", &event.actor),
        ("correlation", &event.correlation),
        ("causation", &event.causation),
        ("key", &event.key),
    ];
    if let Some((field, text)) = texts.into_iter().find(|(_, text)| text.len() > TEXT) {
        return Err(Rejected::TextTooLong { group, id: event.id, field, bytes: text.len(), limit: TEXT });
    }
    if event.payload.len() > PAYLOAD {
        return Err(Rejected::PayloadTooLarge {
            group,
            id: event.id,
            bytes: event.payload.len(),
            limit: PAYLOAD,
        });
    }
    Ok(())
}
