//! Server-sent events, found in bytes as they come (WHATWG HTML, «Interpreting an event stream»).
//!
//! A chunk may end anywhere: inside a line end, a character, an event. Whole events come out as ranges of the bytes
//! that went in, so that what passes through is what came; the beginning of an event waits for its end, which
//! delays nobody, because nobody can use half an event.

use std::borrow::Cow;
use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// An event longer than this passes unread.
const MAX_EVENT: usize = 4 * 1024 * 1024;

/// Finds the events of one stream.
#[derive(Debug, Default)]
pub(crate) struct Events {
    bytes: Bytes,
    /// Where the next event begins.
    event: usize,
    /// Where its line begins that is being read.
    line: usize,
    /// How far has been read.
    read: usize,
    /// A line ended in CR at the end of a chunk: an LF that comes next belongs to it.
    lf_may_follow: bool,
}

impl Events {
    /// Takes in a chunk. What was left of the chunks before it stands before it.
    pub(crate) fn push(&mut self, chunk: Bytes) {
        let rest = self.bytes.len() - self.event;
        if rest == 0 {
            self.bytes = chunk;
        } else {
            let mut joined = BytesMut::with_capacity(rest + chunk.len());
            joined.extend_from_slice(self.bytes.get(self.event..).unwrap_or_default());
            joined.extend_from_slice(&chunk);
            self.bytes = joined.freeze();
        }
        self.line -= self.event;
        self.read -= self.event;
        self.event = 0;
    }

    /// The next whole event, with its blank line, as a range of what [`Events::slice`] cuts from.
    pub(crate) fn next(&mut self) -> Option<Range<usize>> {
        loop {
            let unread = self.bytes.get(self.read..).unwrap_or_default();
            if self.lf_may_follow && !unread.is_empty() {
                self.lf_may_follow = false;
                if unread.first() == Some(&b'\n') {
                    self.read += 1;
                    self.line = self.read;
                    // The event before it is gone already: what is left of its end goes by itself.
                    if self.event + 1 == self.read {
                        return Some(self.cut(self.read));
                    }
                    continue;
                }
            }
            let Some(at) = memchr::memchr2(b'\n', b'\r', unread) else {
                self.read = self.bytes.len();
                let oversize = self.read - self.event > MAX_EVENT;
                return oversize.then(|| self.cut(self.read));
            };
            let empty = self.read + at == self.line;
            self.read += at + 1;
            if unread.get(at) == Some(&b'\r') {
                match unread.get(at + 1) {
                    Some(b'\n') => self.read += 1,
                    Some(_) => {}
                    None => self.lf_may_follow = true,
                }
            }
            self.line = self.read;
            if empty {
                return Some(self.cut(self.read));
            }
        }
    }

    /// What is left when the stream is over: an event that never ended.
    pub(crate) fn rest(&mut self) -> Option<Range<usize>> {
        (self.event < self.bytes.len()).then(|| self.cut(self.bytes.len()))
    }

    /// Where the next event begins.
    pub(crate) const fn start(&self) -> usize {
        self.event
    }

    /// Where what has come so far ends.
    pub(crate) fn end(&self) -> usize {
        self.bytes.len()
    }

    fn cut(&mut self, end: usize) -> Range<usize> {
        let event = self.event..end;
        self.event = end;
        self.line = end;
        event
    }

    /// Bytes by their range, valid until the next [`Events::push`].
    pub(crate) fn slice(&self, range: Range<usize>) -> Bytes {
        self.bytes.slice(range)
    }

    /// The same, to look at.
    pub(crate) fn get(&self, range: Range<usize>) -> &[u8] {
        self.bytes.get(range).unwrap_or_default()
    }
}

/// The data of an event: its `data` lines, joined by line feeds; nothing if it has none. Comments and other fields
/// are passed over.
pub(crate) fn data(event: &[u8]) -> Option<Cow<'_, [u8]>> {
    let mut joined: Option<Cow<'_, [u8]>> = None;
    for line in event.split(|byte| matches!(byte, b'\n' | b'\r')) {
        let Some(value) = line.strip_prefix(b"data") else { continue };
        let value = match value.strip_prefix(b":") {
            Some(value) => value.strip_prefix(b" ").unwrap_or(value),
            None if value.is_empty() => value,
            None => continue,
        };
        match &mut joined {
            None => joined = Some(Cow::Borrowed(value)),
            Some(before) => {
                let before = before.to_mut();
                before.push(b'\n');
                before.extend_from_slice(value);
            }
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] =
        "\u{feff}: hello\r\n\r\ndata: {\"a\":\"ü🎉\"}\n\nevent: x\rdata:one\rdata: two\r\rid: 7\r\n\
        data\r\n\r\ndatabase: no\n\ndata: [DONE]\n\n"
            .as_bytes();

    fn collect(chunks: impl IntoIterator<Item = Bytes>) -> (Vec<u8>, Vec<Option<Vec<u8>>>) {
        let (mut events, mut passed, mut found) = (Events::default(), Vec::new(), Vec::new());
        for chunk in chunks {
            events.push(chunk);
            while let Some(range) = events.next() {
                passed.extend_from_slice(&events.slice(range.clone()));
                if events.get(range.clone()) != b"\n" {
                    found.push(data(events.get(range)).map(Cow::into_owned));
                }
            }
        }
        (passed, found)
    }

    #[test]
    fn a_stream_is_the_same_however_it_is_cut() {
        let expected: Vec<Option<Vec<u8>>> = [
            None,
            Some("{\"a\":\"ü🎉\"}".as_bytes()),
            Some(b"one\ntwo".as_slice()),
            Some(b"".as_slice()),
            None,
            Some(b"[DONE]".as_slice()),
        ]
        .into_iter()
        .map(|data| data.map(<[u8]>::to_vec))
        .collect();
        for size in 1..=STREAM.len() {
            let (passed, found) = collect(STREAM.chunks(size).map(Bytes::copy_from_slice));
            assert_eq!(passed, STREAM, "chunks of {size}");
            assert_eq!(found, expected, "chunks of {size}");
        }
        for at in 0..STREAM.len() {
            let (one, two) = STREAM.split_at(at);
            assert_eq!(collect([one, two].map(Bytes::copy_from_slice)).1, expected, "cut at {at}");
        }
    }

    #[test]
    fn half_an_event_waits_and_whole_ones_are_not_copied() {
        let mut events = Events::default();
        let chunk = Bytes::from_static(b"data: 1\n\ndata: 2\n\ndata: 3");
        events.push(chunk.clone());
        let first = events.next().unwrap();
        assert_eq!(events.slice(first).as_ptr(), chunk.as_ptr());
        assert_eq!(events.next(), Some(9..18));
        assert_eq!(events.next(), None);
        events.push(Bytes::from_static(b"4\n"));
        assert_eq!(events.next(), None);
        events.push(Bytes::from_static(b"\n"));
        let last = events.next().unwrap();
        assert_eq!(data(events.get(last)).as_deref(), Some(b"34".as_slice()));
    }

    #[test]
    fn an_event_beyond_the_bound_passes_unread() {
        let mut events = Events::default();
        events.push(Bytes::from(vec![b'x'; MAX_EVENT]));
        assert_eq!(events.next(), None);
        events.push(Bytes::from_static(b"y"));
        assert_eq!(events.next(), Some(0..MAX_EVENT + 1));
        events.push(Bytes::from_static(b"\n\ndata: [DONE]\n\n"));
        assert!(events.next().is_some() && events.next().is_some());
    }
}
