//! Events to test with: the same at every run.

use uuid::Uuid;

use crate::{Expected, Group, NewEvent, StreamAppend, StreamName};

/// An event that differs from those of other numbers in every field.
pub fn event(number: u64) -> NewEvent {
    let at = 1_700_000_000_000_000 + number as i64;
    NewEvent {
        id: Uuid::from_u128(u128::from(number) << 64 | 0x5c21),
        event_type: format!("type_{}", number % 7).into(),
        version: 1 + (number % 3) as u16,
        recorded_at: at,
        effective_at: at - 5,
        actor: format!("subject-{}", number % 11).into(),
        correlation: format!("request-{number}").into(),
        causation: if number.is_multiple_of(2) { "".into() } else { format!("cause-{number}").into() },
        key: format!("debit:key-{number}").into(),
        fingerprint: (u128::from(number) * 0x9e37_79b9).to_le_bytes(),
        payload: format!(r#"{{"number":{number},"fill":"{}"}}"#, "x".repeat((number % 100) as usize))
            .into_bytes(),
    }
}

/// A stream's name.
pub fn stream(name: &str) -> StreamName {
    StreamName::new(name).unwrap()
}

/// Events `numbers` for one stream that ends at `last`.
pub fn append(name: &str, last: Option<u64>, numbers: std::ops::Range<u64>) -> StreamAppend {
    StreamAppend {
        stream: stream(name),
        expected: Expected::after(last),
        events: numbers.map(event).collect(),
    }
}

/// A group of one append.
pub fn group(name: &str, last: Option<u64>, numbers: std::ops::Range<u64>) -> Group {
    Group { appends: vec![append(name, last, numbers)] }
}

/// Batches that spread `count` events over `streams` streams, `per_batch` in each.
pub fn batches(count: u64, streams: u64, per_batch: u64) -> Vec<Vec<Group>> {
    let groups: Vec<Group> = (0..count)
        .map(|number| {
            let last = (number / streams).checked_sub(1);
            group(&format!("stream-{}", number % streams), last, number..number + 1)
        })
        .collect();
    groups.chunks(per_batch as usize).map(<[Group]>::to_vec).collect()
}
