//! Which groups of a batch stand: expected revisions against the stream heads and against each other.
//! Every backend that decides in this process uses this one function, so that they cannot disagree.

use std::collections::HashSet;

use crate::key::{KeyMap, StreamKey};
use crate::limits::check_group;
use crate::{Appended, Conflict, Group, NewEvent, StoreError, StreamAppend, StreamName};

/// A stream as the batch finds it.
pub(crate) struct Touched<'g, T> {
    pub(crate) key: StreamKey,
    pub(crate) name: &'g StreamName,
    /// What the backend knows of its end, `None` if it does not exist.
    pub(crate) found: Option<T>,
    /// Its last revision with the accepted groups so far.
    last: Option<u64>,
}

/// Events to write to one stream, accepted.
pub(crate) struct Write<'g> {
    /// Index into [`Plan::streams`].
    pub(crate) stream: usize,
    pub(crate) first_revision: u64,
    pub(crate) events: &'g [NewEvent],
}

/// What to write, in order, and what to answer once it is durable.
pub(crate) struct Plan<'g, T> {
    pub(crate) streams: Vec<Touched<'g, T>>,
    pub(crate) writes: Vec<Write<'g>>,
    pub(crate) answers: Vec<Result<Appended, Conflict>>,
    /// Position after the last event to write.
    pub(crate) next_position: u64,
}

/// Plans a batch. `find` answers a stream's last revision and whatever else the backend wants back.
pub(crate) fn plan<'g, T>(
    groups: &'g [Group],
    next_position: u64,
    mut find: impl FnMut(StreamKey) -> Option<(u64, T)>,
) -> Result<Plan<'g, T>, StoreError> {
    for (index, group) in groups.iter().enumerate() {
        check_group(index, group)?;
    }
    let mut plan = Plan {
        streams: Vec::new(),
        writes: Vec::new(),
        answers: Vec::with_capacity(groups.len()),
        next_position,
    };
    let mut seen = KeyMap::default();
    let mut fallen = HashSet::new();
    let mut indices = Vec::new();
    for group in groups {
        indices.clear();
        for append in &group.appends {
            let key = StreamKey::of(&append.stream);
            let index = *seen.entry(key).or_insert_with(|| {
                let (last, found) = find(key).unzip();
                plan.streams.push(Touched { key, name: &append.stream, found, last });
                plan.streams.len() - 1
            });
            indices.push(index);
        }
        let answer = match plan.conflict(group, &indices, &fallen) {
            None => Ok(plan.accept(group, &indices)),
            Some(conflict) => {
                fallen.extend(
                    indices.iter().zip(&group.appends).map(|(&index, append)| (index, end_of(append))),
                );
                Err(conflict)
            }
        };
        plan.answers.push(answer);
    }
    Ok(plan)
}

/// The revision an append would leave its stream at. A group has few events and a stream that exists ends
/// below 2^64 − 1, so nothing that can be accepted saturates.
fn end_of(append: &StreamAppend) -> u64 {
    let first = append.expected.last().map_or(0, |last| last.saturating_add(1));
    first.saturating_add(append.events.len() as u64 - 1)
}

impl<'g, T> Plan<'g, T> {
    fn conflict(&self, group: &Group, indices: &[usize], fallen: &HashSet<(usize, u64)>) -> Option<Conflict> {
        indices.iter().zip(&group.appends).find_map(|(&index, append)| {
            let actual = self.streams.get(index)?.last;
            let expected = append.expected.last();
            let orphan = expected.is_some_and(|revision| fallen.contains(&(index, revision)));
            (actual != expected || orphan).then(|| Conflict { stream: append.stream.clone(), actual })
        })
    }

    fn accept(&mut self, group: &'g Group, indices: &[usize]) -> Appended {
        let appended = Appended { first_position: self.next_position };
        for (&index, append) in indices.iter().zip(&group.appends) {
            if let Some(stream) = self.streams.get_mut(index) {
                let end = end_of(append);
                let first_revision = stream.last.map_or(0, |last| last.saturating_add(1));
                stream.last = Some(end);
                self.writes.push(Write { stream: index, first_revision, events: &append.events });
                self.next_position = self.next_position.saturating_add(append.events.len() as u64);
            }
        }
        appended
    }
}
