//! Events as they are stored: a type's name, a version, and a JSON payload.
//!
//! A stored event is never rewritten. When a shape changes, its version rises and an upcaster here turns the older
//! payload into the next, one step at a time; a version that nobody knows is an error.

use crate::Event;

/// The version that every event is written at today.
pub const VERSION: u16 = 1;

/// Why a stored event cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// A type that this build does not know.
    #[error("unknown event type {0:?}")]
    UnknownType(String),
    /// A version that this build does not know.
    #[error("unknown version {version} of event type {event_type:?}")]
    UnknownVersion {
        /// The type.
        event_type: String,
        /// The version.
        version: u16,
    },
    /// A payload that is not what its type and version say.
    #[error("malformed payload of event type {event_type:?}")]
    Malformed {
        /// The type.
        event_type: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// Writes an event's payload.
pub fn encode(event: &Event) -> Vec<u8> {
    let mut payload = Vec::with_capacity(384);
    // Writing plain structs of strings and numbers to memory cannot fail; were it to, the payload would not decode.
    let _infallible = event.write(&mut payload);
    payload
}

/// Reads a stored event.
pub fn decode(event_type: &str, version: u16, payload: &[u8]) -> Result<Event, DecodeError> {
    if version != VERSION {
        return Err(DecodeError::UnknownVersion { event_type: event_type.to_owned(), version });
    }
    // One look at the whole text is cheaper than one at each string of it.
    let text = std::str::from_utf8(payload).map_err(|error| DecodeError::Malformed {
        event_type: event_type.to_owned(),
        source: serde::de::Error::custom(error),
    })?;
    match Event::read(event_type, text) {
        None => Err(DecodeError::UnknownType(event_type.to_owned())),
        Some(Err(source)) => Err(DecodeError::Malformed { event_type: event_type.to_owned(), source }),
        Some(Ok(event)) => Ok(event),
    }
}
