//! An answer that is a stream: passed on event by event as it comes, metered on the side, and charged before its
//! last event passes. `[DONE]` is the caller's receipt: it comes when the charge is durable.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use scrip_ledger::book::Outcome;

use crate::answer::Piece;
use crate::call::{Call, Stop};
use crate::caller::Caller;
use crate::error::ApiError;
use crate::sse::{Events, data};

/// After the last event, how long the end of the body is waited for, so that the connection can be used again.
const END: Duration = Duration::from_millis(100);

/// How a stream ends.
enum End {
    /// As it should, with what is still to be passed.
    Whole(Bytes),
    /// The provider broke off.
    BrokenOff,
    /// It is stopped.
    Stopped(Stop),
}

/// What a stream has told of itself.
#[derive(Default)]
struct Told {
    /// The usage that stands at the end was there.
    usage_at_end: bool,
    /// The provider sent an error in place of content.
    error: bool,
    /// The last event was hidden.
    hid: bool,
}

impl Call {
    pub(crate) async fn stream(&mut self, response: http::Response<Incoming>) {
        let head = self.head(&response);
        if self.caller.has_left() {
            self.caller_left();
        } else {
            self.caller.stream(head);
        }
        let mut body = response.into_body();
        let mut told = Told::default();
        let end = self.relay(&mut body, &mut told).await;
        let whole = matches!(end, End::Whole(_));
        self.finish(end, &told).await;
        // The caller has everything: the end of its body does not wait for the provider's.
        self.caller = Caller::Gone;
        if whole {
            let rest = async { while let Some(Ok(_)) = body.frame().await {} };
            let _nothing_follows = tokio::time::timeout(END, rest).await;
        }
    }

    async fn relay(&mut self, body: &mut Incoming, told: &mut Told) -> End {
        let patience = self.shared.times.between_bytes;
        let mut events = Events::default();
        loop {
            let chunk = match self.wait(patience, std::pin::pin!(body.frame())).await {
                Ok(Some(Ok(frame))) => frame.into_data().ok(),
                Ok(Some(Err(_))) if told.usage_at_end => None,
                Ok(Some(Err(_))) => return End::BrokenOff,
                Ok(None) => None,
                Err(stop) => return End::Stopped(stop),
            };
            let over = chunk.is_none();
            if let Some(chunk) = chunk {
                events.push(chunk);
            }
            match self.pass_events(&mut events, told, over).await {
                Ok(Some(last)) => return End::Whole(last),
                Ok(None) if over => return End::Whole(Bytes::new()),
                Ok(None) => {}
                Err(stop) => return End::Stopped(stop),
            }
        }
    }

    /// Passes on what is whole. Returns what is to be passed after the settlement, once the last event is there.
    async fn pass_events(
        &mut self,
        events: &mut Events,
        told: &mut Told,
        over: bool,
    ) -> Result<Option<Bytes>, Stop> {
        let mut run = events.start()..events.start();
        while let Some(event) = events.next().or_else(|| if over { events.rest() } else { None }) {
            let before = self.meter.written;
            let verdict = match data(events.get(event.clone())) {
                // The second half of a line end goes the way of its event.
                None if told.hid && *events.get(event.clone()) == *b"\n" => Verdict::Hide,
                None => Verdict::Pass,
                Some(done) if *done == *b"[DONE]" => Verdict::Last,
                Some(json) => match self.meter.read(&json) {
                    Piece::UsageAlone => {
                        told.usage_at_end = true;
                        if self.ask.wants_usage { Verdict::Pass } else { Verdict::Hide }
                    }
                    Piece::Error => {
                        told.error = true;
                        Verdict::Pass
                    }
                    Piece::Content | Piece::Unreadable => Verdict::Pass,
                },
            };
            told.hid = matches!(verdict, Verdict::Hide);
            match verdict {
                Verdict::Last => {
                    self.pass(events, run).await?;
                    return Ok(Some(events.slice(event.start..events.end())));
                }
                Verdict::Hide => {
                    self.pass(events, run).await?;
                    run = event.end..event.end;
                }
                Verdict::Pass => {
                    if self.meter.written != before
                        && let Err(error) =
                            self.entry.cover(&mut self.held, self.meter.written.tokens()).await
                    {
                        // Credits end here: this event is not delivered, and not charged.
                        self.meter.written = before;
                        self.pass(events, run).await?;
                        return Err(Stop::Uncovered(error));
                    }
                    run.end = event.end;
                }
            }
        }
        self.pass(events, run).await?;
        self.entry.prolong(&mut self.held).await;
        Ok(None)
    }

    async fn pass(&mut self, events: &Events, run: Range<usize>) -> Result<(), Stop> {
        if run.is_empty() {
            return Ok(());
        }
        let length = run.len();
        if !self.left && !self.caller.pass(events.slice(run), self.shared.times.caller_stalls).await {
            self.caller_left();
        }
        if self.left {
            self.read_on = self.read_on.checked_sub(length).ok_or(Stop::ReadOn)?;
        }
        Ok(())
    }

    async fn finish(&mut self, end: End, told: &Told) {
        let delivered = self.meter.usage.is_some() || !self.meter.written.is_nothing();
        let (outcome, last) = match end {
            End::Whole(last) if !delivered || told.error => {
                (if delivered { Outcome::Partial } else { Outcome::Failed }, last)
            }
            End::Whole(last) if self.meter.usage.is_some() => (Outcome::Completed, last),
            End::Whole(last) => (Outcome::UsageUnknown, last),
            End::BrokenOff => {
                let error = ApiError::new(502, "upstream_closed", "the provider broke off");
                (if delivered { Outcome::Partial } else { Outcome::Failed }, error.event())
            }
            End::Stopped(stop) => {
                // Who leaves before anything comes has still had it asked for.
                let charged = delivered || matches!(stop, Stop::ReadOn);
                let last = stop.error().map(|error| error.event()).unwrap_or_default();
                (if charged { Outcome::Partial } else { Outcome::Failed }, last)
            }
        };
        let settled = match outcome {
            Outcome::Failed => {
                self.void(Outcome::Failed).await;
                Ok(())
            }
            _ if self.left => self.charge(Outcome::ClientDisconnected).await,
            outcome => self.charge(outcome).await,
        };
        let last = match settled {
            Ok(()) => last,
            Err(error) => ApiError::from(error).event(),
        };
        if !last.is_empty() {
            let _left = self.caller.pass(last, self.shared.times.caller_stalls).await;
        }
    }
}

/// What becomes of an event.
enum Verdict {
    Pass,
    Hide,
    Last,
}
