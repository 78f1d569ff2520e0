//! The rules: what a command does to an account, as the events that it leads to, or why it is refused.
//!
//! One file per kind of command. Total and pure: the same account, book, command and time always give the same
//! answer.

mod admission;
mod appeals;
mod approvals;
mod breaches;
mod calls;
mod claims;
mod closing;
mod control;
mod disputes;
mod due;
mod eligibility;
mod funding;
mod measures;
mod moves;
mod order_refunds;
mod payments;
mod rewards;
mod statements;
mod subscriptions;
mod usage_refunds;
mod violations;

pub use eligibility::{Eligibility, Refundable};

use super::{Account, Command, Event, Refusal, Status};
use crate::book::Book;
use crate::{AmountError, Credits, Timestamp};

/// Most expiries that one step records. A store takes 10,000 events in one group: with the limits of open holds and live
/// lots, these and what a command itself leads to stay below that, or an account could get stuck for ever.
const MAX_DUE: usize = 4_000;

/// Decides a command against an account of a book at a time.
///
/// What is due by then (expired holds and lots) is recorded first, in the same step, so that no rule below ever
/// sees a lot or a hold past its end. A refused command leads to no events at all.
pub fn decide(
    account: &Account,
    book: &Book,
    command: &Command,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if let Some(inconsistency) = account.inconsistency() {
        return Err(Refusal::Inconsistent { revision: inconsistency.revision });
    }
    // Time in an account never runs backwards, whatever the clock does.
    let now = now.max(account.last_recorded_at());
    match account.settled(Some(book), now) {
        None => act(account, account, book, command, now)
            .map(|events| with_consequences(account, book, events, now)),
        Some((settled, events)) if settled.next_due(book).is_some_and(|due| due <= now) => {
            // More than one step may hold: sweeps record it bit by bit, and commands wait until they have.
            if *command != Command::Sweep {
                return Err(Refusal::LimitReached { what: "expiries to be recorded first", limit: MAX_DUE });
            }
            Ok(events)
        }
        Some((settled, mut events)) => {
            let acted = act(&settled, account, book, command, now)?;
            events.extend(with_consequences(&settled, book, acted, now));
            Ok(events)
        }
    }
}

/// Decides against the settled account; `before` is the same account before its due events.
fn act(
    account: &Account,
    before: &Account,
    book: &Book,
    command: &Command,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if let Command::Open(open) = command {
        return control::open(account, book, open, now);
    }
    if account.status() == Status::Absent {
        return Err(Refusal::AccountNotFound);
    }
    match command {
        Command::Open(open) => control::open(account, book, open, now),
        Command::IssueKey { secret } => control::issue_key(account, *secret),
        Command::RotateKey { key, secret } => control::rotate_key(account, *key, *secret),
        Command::RevokeKey { key, reason } => control::revoke_key(account, *key, reason.as_ref()),
        Command::TopUp(top_up) => {
            let events = funding::top_up(account, book, top_up, now)?;
            Ok(payments::with_notices(account, book, &top_up.notices, events, now))
        }
        Command::Grant(grant) => funding::grant(account, book, grant, now),
        Command::PlaceHold(place) => calls::place_hold(account, book, place, now),
        Command::ExtendHold { hold, size } => calls::extend_hold(account, book, *hold, size, now),
        Command::CaptureHold(capture) => calls::capture_hold(account, before, book, capture, now),
        Command::VoidHold { hold, outcome } => calls::void_hold(account, book, *hold, *outcome, now),
        Command::Debit(debit) => calls::debit(account, book, debit, now),
        Command::RefundDebit(refund) => usage_refunds::refund_debit(account, book, refund, now),
        Command::ChangeRegion { region } => control::change_region(account, region),
        Command::Freeze(freeze) => measures::freeze(account, book, freeze, now),
        Command::Thaw { freeze, reason } => measures::thaw(account, *freeze, reason),
        Command::WithdrawAnnouncement { announcement, reason } => {
            measures::withdraw_announcement(account, *announcement, reason)
        }
        Command::ThawOrigin { origin, reason } => measures::thaw_origin(account, origin, reason),
        Command::CompleteSpread { measure, accounts } => {
            measures::complete_spread(account, *measure, *accounts)
        }
        Command::PlaceLegalHold { reason, reference } => {
            measures::place_legal_hold(account, reason, reference.as_ref())
        }
        Command::ReleaseLegalHold { legal_hold, reason } => {
            measures::release_legal_hold(account, *legal_hold, reason)
        }
        Command::SetCreditLine { limit } => control::set_credit_line(*limit),
        Command::Close(close) => closing::close(account, book, close, now),
        Command::RequestRefund(request) => order_refunds::request(account, book, request, now),
        Command::AddRefundEvidence(add) => order_refunds::add_evidence(account, book, add, now),
        Command::ApproveRefund(approve) => order_refunds::approve(account, book, approve, now),
        Command::DenyRefund(deny) => order_refunds::deny(account, book, deny, now),
        Command::PayRefund { refund, reference, by } => {
            order_refunds::paid(account, *refund, reference.as_ref(), by)
        }
        Command::FailRefund { refund, reason, by } => {
            order_refunds::failed(account, book, *refund, reason, by, now)
        }
        Command::TakeNotice(notice) => payments::take_notice(account, book, notice, now),
        Command::Withdraw(withdraw) => moves::withdraw(account, book, withdraw, now),
        Command::Migrate(migrate) => moves::migrate(account, book, migrate, now),
        Command::ReceiveMigration(receive) => moves::receive(account, receive, now),
        Command::CompleteMigration { migration } => moves::complete(account, *migration),
        Command::ReverseMigration { migration, reason } => {
            moves::reverse(account, book, *migration, reason, now)
        }
        Command::Subscribe(subscribe) => {
            let events = subscriptions::subscribe(account, book, subscribe, now)?;
            Ok(payments::with_notices(account, book, &subscribe.notices, events, now))
        }
        Command::CancelSubscription { subscription, by } => subscriptions::cancel(account, *subscription, by),
        Command::PayPeriod(pay) => {
            let events = subscriptions::pay(account, book, pay, now)?;
            Ok(payments::with_notices(account, book, &pay.notices, events, now))
        }
        Command::OpenDispute(open) => disputes::open(account, book, open, now),
        Command::ResolveDispute(resolve) => disputes::resolve(account, book, resolve, now),
        Command::ClaimCompensation { amount, reason, reference } => {
            claims::claim(account, *amount, reason, reference.as_ref())
        }
        Command::SettleCompensation { claim, paid, reference } => {
            claims::settle(account, *claim, *paid, reference.as_ref())
        }
        Command::NotifyBreach(notify) => breaches::notify(account, book, notify, now),
        Command::CureBreach { breach, reference } => {
            breaches::cure(account, book, *breach, reference.as_ref(), now)
        }
        Command::RecordViolation { reason, reference } => {
            violations::record(account, book, reason, reference.as_ref(), now)
        }
        Command::CloseReview { review, decision, by } => {
            violations::close_review(account, *review, decision, by)
        }
        Command::FileAppeal { kind, measure, reference, by } => {
            appeals::file(account, book, (*kind, *measure), reference.as_ref(), by, now)
        }
        Command::DecideAppeal { appeal, upheld, by } => appeals::decide(account, *appeal, *upheld, by, now),
        Command::Adjust { credits, reason, by } => {
            approvals::adjust(account, book, *credits, reason, by, now)
        }
        Command::Approve { approval, by } => approvals::approve(account, book, *approval, by, now),
        Command::RejectApproval { approval, by } => approvals::reject(account, *approval, by),
        Command::ClaimReward(claim) => rewards::claim(account, book, claim, now),
        Command::Sweep => Ok(Vec::new()),
    }
}

/// What a command leads to at once, besides what it was asked for: a refund that waited for the hold that it settles,
/// the end of what returns to a lot whose order was refunded.
fn with_consequences(account: &Account, book: &Book, mut events: Vec<Event>, now: Timestamp) -> Vec<Event> {
    if order_refunds::may_have_consequences(account, &events) {
        let mut after = account.clone();
        events.iter().for_each(|event| after.evolve(event, now));
        events.extend(after.settled(Some(book), now).into_iter().flat_map(|(_, more)| more));
    }
    events
}

/// Events as they are decided one after the other, and the account that they lead to.
struct Draft {
    account: Account,
    events: Vec<Event>,
    now: Timestamp,
}

impl Draft {
    fn new(account: &Account, now: Timestamp) -> Self {
        Self { account: account.clone(), events: Vec::new(), now }
    }

    fn push(&mut self, event: impl Into<Event>) {
        let event = event.into();
        self.account.evolve(&event, self.now);
        self.events.push(event);
    }
}

/// The sum of amounts that were each checked to be in range.
fn sum(amounts: impl IntoIterator<Item = Credits>) -> Result<Credits, Refusal> {
    Credits::total(amounts).map_err(Refusal::InvalidAmount)
}

/// A difference that the caller knows not to be negative.
fn difference(from: Credits, amount: Credits) -> Result<Credits, Refusal> {
    from.minus(amount)
        .and_then(Credits::not_negative)
        .map_err(|_: AmountError| AmountError::OutOfRange.into())
}
