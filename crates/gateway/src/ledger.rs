//! A call's place in the ledger: its hold is placed, extended, and settled exactly once.
//!
//! - **Invariant**: every command carries a key made of the gateway's own id of the call, so that sending it again
//!   changes nothing.

use std::sync::Arc;
use std::time::Duration;

use compact_str::{CompactString, format_compact};
use scrip_engine::{Accepted, BookScope, Engine, EngineError, IdempotencyKey, Request, fingerprint};
use scrip_ledger::book::{Book, OpenHolds, Outcome, Rate};
use scrip_ledger::command::{Call, CaptureHold, PlaceHold, Size};
use scrip_ledger::event::ProviderAnswer;
use scrip_ledger::{AccountId, Command, Event, Refusal, Timestamp, Token};
use tokio::time::Instant;

use crate::error::ApiError;
use crate::units::{self, Tokens, guessed};

/// What the catalog calls the endpoint.
pub(crate) const ENDPOINT: &str = "chat/completions";
/// First pause before a settlement is tried again; it doubles …
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// … up to this one.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How often a hold is tried with what is left, when others take from it at the same time.
const ATTEMPTS: usize = 4;

/// Who calls what, and under which id.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) engine: Engine,
    /// The gateway's subject.
    pub(crate) subject: Token,
    pub(crate) account: AccountId,
    /// The key that the call was made with.
    pub(crate) key: u64,
    pub(crate) book: Arc<Book>,
    pub(crate) model: CompactString,
    /// The gateway's id of the call.
    pub(crate) id: Token,
}

/// What a hold is to reserve.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Input tokens, on the safe side.
    pub(crate) input: u64,
    /// The most output tokens that the call can have.
    pub(crate) most: u64,
    /// The output tokens that it may begin with, if credits do not reach for the most.
    pub(crate) least: u64,
}

/// An open hold.
#[derive(Debug)]
pub(crate) struct Held {
    revision: u64,
    input: u64,
    most: u64,
    /// Output tokens that it reserves for.
    output: u64,
    expires_at: Timestamp,
    extensions: u32,
    /// It cannot be made larger: asked again only when what it reserves is used up.
    at_its_end: bool,
    /// It cannot be made longer.
    cannot_last: bool,
}

impl Entry {
    pub(crate) fn rates(&self) -> &[Rate] {
        self.book.catalog(self.engine.clock().now()).rates(&self.model, ENDPOINT)
    }

    fn size(&self, input: u64, output: u64) -> Result<Size, Refusal> {
        guessed(input, output).usage(self.rates()).map(Size::Usage).ok_or(Refusal::UnknownModel)
    }

    /// Not an `async fn`: the request is made at once, so that the future holds it once.
    fn submit(
        &self,
        operation: &'static str,
        key: Token,
        command: Command,
    ) -> impl Future<Output = Result<Accepted, EngineError>> + '_ {
        let fingerprint = fingerprint(self.account.as_str(), &command);
        self.engine.submit(Request {
            account: self.account.clone(),
            command,
            subject: self.subject.clone(),
            books: BookScope::All,
            key: Some(IdempotencyKey { operation, key, fingerprint }),
            correlation: CompactString::from(self.id.as_str()),
        })
    }

    /// Reserves for the call: for the most it can use, or, if it may begin with less, for what credits reach to.
    pub(crate) async fn place(&self, wanted: Wanted) -> Result<Held, ApiError> {
        let Wanted { input, most, least } = wanted;
        let mut output = most;
        for _ in 0..ATTEMPTS {
            let command = Command::PlaceHold(PlaceHold {
                call: Call {
                    request_id: self.id.clone(),
                    model: self.model.clone(),
                    endpoint: ENDPOINT.into(),
                    key: Some(self.key),
                },
                size: self.size(input, output)?,
                ttl_seconds: None,
            });
            let available = match self.submit("hold", self.id.clone(), command).await {
                Ok(accepted) => return held(&accepted, wanted, output),
                Err(EngineError::Refused(Refusal::InsufficientCredits { available, .. })) if least < most => {
                    available
                }
                Err(error) => return Err(error.into()),
            };
            let required = units::cost(self.rates(), guessed(input, least)).unwrap_or(available);
            let for_input = units::cost(self.rates(), guessed(input, 0)).unwrap_or(available);
            output = units::affordable_output(self.rates(), available.above(for_input)).min(most);
            if output < least {
                return Err(Refusal::InsufficientCredits { available, required }.into());
            }
        }
        Err(ApiError::new(503, "overloaded", "too many calls compete for these credits; nothing was charged"))
    }

    /// Sees to it that the hold covers so many output tokens. Errors if credits end before.
    pub(crate) async fn cover(&self, held: &mut Held, output: u64) -> Result<(), ApiError> {
        // A quarter is kept ahead, so that the stream never waits for the last token's worth.
        let ahead = output.saturating_add(held.output / 4);
        if held.output >= held.most || ahead <= held.output || (held.at_its_end && output <= held.output) {
            return Ok(());
        }
        let target = ahead.max(held.output.saturating_mul(2)).min(held.most);
        match self.extend(held, target).await {
            Ok(()) => return Ok(()),
            Err(EngineError::Refused(Refusal::InsufficientCredits { available, .. })) => {
                let more = units::affordable_output(self.rates(), available);
                let target = held.output.saturating_add(more).min(held.most);
                if more > 0 && self.extend(held, target).await.is_ok() && output <= held.output {
                    held.at_its_end = true;
                    return Ok(());
                }
                held.at_its_end = true;
                let required = units::cost(self.rates(), guessed(0, output.saturating_sub(held.output)));
                let refusal = Refusal::InsufficientCredits {
                    available,
                    required: required.unwrap_or(available).max(available),
                };
                return if output <= held.output { Ok(()) } else { Err(refusal.into()) };
            }
            Err(error) if output > held.output => return Err(error.into()),
            Err(_) => held.at_its_end = true,
        }
        Ok(())
    }

    /// Sees to it that the hold does not end while the call runs. If it cannot be prolonged, the call goes on: its
    /// capture will be late, and taken all the same.
    pub(crate) async fn prolong(&self, held: &mut Held) {
        let margin = self.book.policy(self.engine.clock().now()).holds.ttl_seconds / 2;
        if held.cannot_last || held.expires_at > self.engine.clock().now().plus_seconds(margin) {
            return;
        }
        if let Err(error) = self.extend(held, held.output).await {
            held.cannot_last = matches!(error, EngineError::Refused(_));
            tracing::warn!(request_id = %self.id, %error, "a hold cannot be prolonged");
        }
    }

    async fn extend(&self, held: &mut Held, output: u64) -> Result<(), EngineError> {
        held.extensions += 1;
        let key = format_compact!("{}-{}", self.id, held.extensions);
        let key = Token::new(&key).unwrap_or_else(|_| self.id.clone());
        let command = Command::ExtendHold { hold: held.revision, size: self.size(held.input, output)? };
        let accepted = self.submit("extend", key, command).await?;
        held.output = output;
        let end = accepted.find(|event| match event {
            Event::HoldExtended(extended) => Some(extended.expires_at),
            _ => None,
        });
        held.expires_at = end.map_or(held.expires_at, |(_, end)| end);
        Ok(())
    }

    /// Whether the hold was given up under the call, where the book gives holds up when it freezes: why, if so.
    pub(crate) async fn given_up(&self, held: &Held) -> Option<ApiError> {
        if self.book.policy(self.engine.clock().now()).freeze.open_holds != OpenHolds::Void {
            return None;
        }
        let view = self.engine.view(&self.account, &BookScope::All).await.ok()?;
        let account = view.account;
        if account.hold(held.revision).is_some() || account.hold_has_expired(held.revision) {
            return None;
        }
        let freeze = account.freezes().last()?;
        Some(Refusal::AccountFrozen { reason: freeze.reason.clone(), since: freeze.since }.into())
    }

    /// Charges the call.
    pub(crate) async fn capture(
        &self,
        held: &Held,
        tokens: Tokens,
        outcome: Outcome,
        provider: ProviderAnswer,
        within: Duration,
    ) -> Result<(), EngineError> {
        let usage = tokens.usage(self.rates()).ok_or(Refusal::UnknownModel)?;
        let command = Command::CaptureHold(CaptureHold {
            hold: held.revision,
            size: Size::Usage(usage),
            outcome,
            provider: Some(provider),
            past: None,
        });
        self.settle("capture", &command, within).await
    }

    /// Gives the hold up.
    pub(crate) async fn void(
        &self,
        held: &Held,
        outcome: Outcome,
        within: Duration,
    ) -> Result<(), EngineError> {
        self.settle("void", &Command::VoidHold { hold: held.revision, outcome }, within).await
    }

    /// Settles, and tries again for as long as it may while the outcome is unknown.
    async fn settle(
        &self,
        operation: &'static str,
        command: &Command,
        within: Duration,
    ) -> Result<(), EngineError> {
        let give_up = Instant::now() + within;
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match self.submit(operation, self.id.clone(), command.clone()).await {
                Ok(_) => return Ok(()),
                // Given up by a freeze: there is nothing left to settle.
                Err(EngineError::Refused(Refusal::HoldAlreadySettled)) => {
                    tracing::info!(request_id = %self.id, operation, "the hold was settled already");
                    return Ok(());
                }
                Err(error) => error,
            };
            let passing =
                matches!(error, EngineError::Overloaded | EngineError::Full | EngineError::Unavailable);
            if !passing || Instant::now() + pause > give_up {
                tracing::error!(request_id = %self.id, operation, %error, "a call could not be settled");
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

fn held(accepted: &Accepted, wanted: Wanted, output: u64) -> Result<Held, ApiError> {
    let placed = accepted.find(|event| match event {
        Event::HoldPlaced(placed) => Some(placed.expires_at),
        _ => None,
    });
    let (revision, expires_at) =
        placed.ok_or_else(|| ApiError::new(500, "internal", "the hold cannot be found in its own answer"))?;
    Ok(Held {
        revision,
        input: wanted.input,
        most: wanted.most,
        output,
        expires_at,
        extensions: 0,
        at_its_end: false,
        cannot_last: false,
    })
}
