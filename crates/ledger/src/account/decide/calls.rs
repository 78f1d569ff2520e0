//! Calls: hold, extend, capture, void, and the debit in one step.

use super::super::command::{Call, CaptureHold, Debit, PlaceHold, Size};
use super::super::event::{
    Charged, Debited, HoldCaptured, HoldExtended, HoldPlaced, HoldVoided, LotAmount, ProviderAnswer,
};
use super::super::{Account, Event, Hold, Lot, Refusal, Status};
use super::due::merged;
use super::{admission, difference, sum, usage_refunds, violations};
use crate::book::{BeyondCreditLine, Book, BurnKey, Catalog, Charge, Outcome, OverrunRule, Policy};
use crate::{Credits, Line, Timestamp, rating};

/// Most holds that one account may have open.
const MAX_OPEN_HOLDS: usize = 4_000;

pub(super) fn place_hold(
    account: &Account,
    book: &Book,
    place: &PlaceHold,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    admit(account, book, place.call.key, now)?;
    if account.holds.len() >= MAX_OPEN_HOLDS {
        return Err(Refusal::LimitReached { what: "open holds", limit: MAX_OPEN_HOLDS });
    }
    let (catalog, policy) = (book.catalog_for(account, now), book.policy(now));
    let (_, amount) = size(catalog, policy, &place.call.model, &place.call.endpoint, &place.size)?;
    let (lots, on_credit) = reserve(account, policy, amount)?;
    let ttl = place.ttl_seconds.unwrap_or(policy.holds.ttl_seconds).min(policy.holds.max_ttl_seconds);
    let mut after = account.balance();
    after.held = sum([after.held, amount])?;
    after.available = after.available.minus(amount)?;
    let Call { request_id, model, endpoint, key } = place.call.clone();
    Ok(vec![
        HoldPlaced {
            request_id,
            model,
            endpoint,
            key,
            amount,
            lots,
            on_credit,
            expires_at: now.plus_seconds(ttl),
            catalog: catalog.version,
            policy: policy.version,
            after,
        }
        .into(),
    ])
}

pub(super) fn extend_hold(
    account: &Account,
    book: &Book,
    revision: u64,
    new_size: &Size,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let hold = open_hold(account, revision)?;
    admit(account, book, hold.key, now)?;
    let (catalog, policy) = pinned(book, hold.catalog, hold.policy)?;
    let (_, wanted) = size(catalog, policy, &hold.model, &hold.endpoint, new_size)?;
    let amount = wanted.max(hold.amount);
    let more = difference(amount, hold.amount)?;
    // More time alone asks for no credits, whatever the balance has come to since.
    let (lots, on_credit) =
        if more.is_zero() { (Vec::new(), Credits::ZERO) } else { reserve(account, policy, more)? };
    let expires_at = hold.expires_at.max(now.plus_seconds(policy.holds.ttl_seconds));
    Ok(vec![HoldExtended { hold: revision, amount, lots, on_credit, expires_at }.into()])
}

pub(super) fn capture_hold(
    account: &Account,
    before: &Account,
    book: &Book,
    capture: &CaptureHold,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if let Some(hold) = account.hold(capture.hold) {
        return capture_open(account, book, capture, hold, now);
    }
    // What it reserved is free again: the call is settled as a debit would be, but it is never refused.
    let none = if let Some(hold) = before.hold(capture.hold) {
        // It expired in this very step: who asked saw it open.
        Hold { amount: Credits::ZERO, lots: Vec::new(), on_credit: Credits::ZERO, ..hold.clone() }
    } else {
        let past = capture.past.as_deref().ok_or(Refusal::HoldNotFound)?;
        if !account.hold_has_expired(capture.hold) {
            return Err(Refusal::HoldAlreadySettled);
        }
        Hold {
            request_id: past.request_id.clone(),
            model: past.model.clone(),
            endpoint: past.endpoint.clone(),
            key: past.key,
            amount: Credits::ZERO,
            lots: Vec::new(),
            on_credit: Credits::ZERO,
            expires_at: past.expires_at,
            catalog: past.catalog,
            policy: past.policy,
        }
    };
    let (charge, policy, _) = settle(account, book, capture, &none)?;
    let (outcome, more) = (charge.outcome, settled_charge(account, policy, &charge, &[], now)?);
    let captured = HoldCaptured { hold: capture.hold, late: true, charge, released: Credits::ZERO };
    Ok(charged_events(account, book, (captured.into(), outcome), more, now))
}

fn capture_open(
    account: &Account,
    book: &Book,
    capture: &CaptureHold,
    hold: &Hold,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let (charge, policy, used) = settle(account, book, capture, hold)?;
    let released = difference(hold.amount, used.total)?;
    let (outcome, more) = (charge.outcome, settled_charge(account, policy, &charge, &used.returned, now)?);
    let captured = HoldCaptured { hold: capture.hold, late: false, charge, released };
    Ok(charged_events(account, book, (captured.into(), outcome), more, now))
}

/// What comes of a charge at once: what its hold gave back is settled, and the charge itself goes back where the
/// outcome says so.
fn settled_charge(
    account: &Account,
    policy: &Policy,
    charge: &Charged,
    returned: &[LotAmount],
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let mut events = Vec::new();
    if policy.outcomes.charge(charge.outcome) == Charge::Refund {
        usage_refunds::give_back_at_once(account, policy, charge, returned, now, &mut events)?;
    } else {
        account.settle_returned(returned, policy, now, &mut events);
    }
    Ok(events)
}

/// A charge, what came of it, and the violation that it may have been.
fn charged_events(
    account: &Account,
    book: &Book,
    (charged, outcome): (Event, Outcome),
    more: Vec<Event>,
    now: Timestamp,
) -> Vec<Event> {
    let mut events = vec![charged];
    events.extend(more);
    violations::of_call(account, book, (outcome, Some(account.next_revision())), now, &mut events);
    events
}

pub(super) fn void_hold(
    account: &Account,
    book: &Book,
    revision: u64,
    outcome: Outcome,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let hold = open_hold(account, revision)?;
    let (_, policy) = pinned(book, hold.catalog, hold.policy)?;
    let mut events = vec![HoldVoided { hold: revision, outcome, released: hold.amount }.into()];
    account.settle_returned(&hold.lots, policy, now, &mut events);
    violations::of_call(account, book, (outcome, None), now, &mut events);
    Ok(events)
}

pub(super) fn debit(
    account: &Account,
    book: &Book,
    debit: &Debit,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let (catalog, policy) = (book.catalog_for(account, now), book.policy(now));
    let (lines, cost) = priced(catalog, policy, &debit.call, &debit.size, debit.outcome)?;
    let (lots, on_credit) = if cost.is_zero() {
        // A call that costs nothing is recorded, whatever the account may do (P4).
        (Vec::new(), Credits::ZERO)
    } else {
        admit(account, book, debit.call.key, now)?;
        reserve(account, policy, cost)?
    };
    let paid = Paid { lots, debt: on_credit, absorbed: Credits::ZERO };
    let versions = (catalog.version, policy.version);
    let charge =
        charged(debit.call.clone(), debit.outcome, debit.provider.clone(), lines, cost, paid, versions);
    let more = settled_charge(account, policy, &charge, &[], now)?;
    Ok(charged_events(account, book, (Debited { charge }.into(), debit.outcome), more, now))
}

/// Whether the account, and the key if one is named, may make calls.
fn admit(account: &Account, book: &Book, key: Option<u64>, now: Timestamp) -> Result<(), Refusal> {
    if account.status() == Status::Closed {
        return Err(Refusal::AccountClosed);
    }
    if let Some(freeze) = account.account_freeze() {
        return Err(Refusal::AccountFrozen { reason: freeze.reason.clone(), since: freeze.since });
    }
    admission::may_call(account, book, now)?;
    let Some(revision) = key else { return Ok(()) };
    if account.key(revision).ok_or(Refusal::KeyNotFound)?.revoked {
        return Err(Refusal::KeyRevoked);
    }
    match account.key_freeze(revision) {
        Some(freeze) => Err(Refusal::KeyFrozen { reason: freeze.reason.clone(), since: freeze.since }),
        None => Ok(()),
    }
}

/// An open hold, or why there is none: who asks knows whether an event placed it.
fn open_hold(account: &Account, revision: u64) -> Result<&Hold, Refusal> {
    account.hold(revision).ok_or(if account.hold_has_expired(revision) {
        Refusal::HoldAlreadySettled
    } else {
        Refusal::HoldNotFound
    })
}

fn pinned(book: &Book, catalog: u32, policy: u32) -> Result<(&Catalog, &Policy), Refusal> {
    let unknown = |what, version| Refusal::UnknownVersion { what, version };
    Ok((
        book.catalog_version(catalog).ok_or_else(|| unknown("catalog", catalog))?,
        book.policy_version(policy).ok_or_else(|| unknown("policy", policy))?,
    ))
}

/// Takes an amount from what is usable, in burn order, and the rest from the credit line: the one admission check.
fn reserve(
    account: &Account,
    policy: &Policy,
    amount: Credits,
) -> Result<(Vec<LotAmount>, Credits), Refusal> {
    let balance = account.balance();
    let spendable = balance.available.plus(balance.credit_limit)?;
    if amount > spendable {
        return Err(Refusal::InsufficientCredits { available: spendable, required: amount });
    }
    let lots = take_usable(account, policy, amount);
    let from_lots = sum(lots.iter().map(|part| part.amount))?;
    Ok((lots, difference(amount, from_lots)?))
}

/// Takes up to an amount from what is usable, in burn order.
pub(super) fn take_usable(account: &Account, policy: &Policy, amount: Credits) -> Vec<LotAmount> {
    up_to(account, policy, amount.min(account.usable()), |_| true)
}

/// Up to an amount of what is usable of some lots, in burn order.
pub(super) fn up_to(
    account: &Account,
    policy: &Policy,
    amount: Credits,
    which: impl Fn(&Lot) -> bool,
) -> Vec<LotAmount> {
    let mut lacking = amount;
    let mut parts = Vec::new();
    if lacking.is_zero() {
        return parts;
    }
    for lot in in_burn_order(account, policy).into_iter().filter(|lot| which(lot)) {
        let part = lot.usable().min(lacking);
        lacking = lacking.above(part);
        parts.push(LotAmount { lot: lot.revision, amount: part });
        if lacking.is_zero() {
            break;
        }
    }
    parts
}

/// The lots that have something usable, in the order in which they are spent.
fn in_burn_order<'a>(account: &'a Account, policy: &Policy) -> Vec<&'a Lot> {
    let mut lots: Vec<_> = account.live_lots().filter(|lot| !lot.usable().is_zero()).collect();
    if lots.len() > 1 {
        lots.sort_by(|one, other| {
            let by = |key: &BurnKey| match key {
                BurnKey::Priority => one.priority.cmp(&other.priority),
                BurnKey::ExpiresFirst => {
                    let end = |end: Option<Timestamp>| end.unwrap_or(Timestamp::from_micros(i64::MAX));
                    end(one.expires_at).cmp(&end(other.expires_at))
                }
                BurnKey::GrantedFirst => one.basis.is_some().cmp(&other.basis.is_some()),
                BurnKey::PaidFirst => other.basis.is_some().cmp(&one.basis.is_some()),
                BurnKey::OldestFirst => one.revision.cmp(&other.revision),
            };
            let decided = policy.burn_order.iter().map(by).find(|ordering| ordering.is_ne());
            decided.unwrap_or_else(|| one.revision.cmp(&other.revision))
        });
    }
    lots
}

/// What a call costs: its usage at the catalog's rates, or the amount given where the book allows that.
fn size(
    catalog: &Catalog,
    policy: &Policy,
    model: &str,
    endpoint: &str,
    size: &Size,
) -> Result<(Vec<Line>, Credits), Refusal> {
    let rates = catalog.rates(model, endpoint);
    if rates.is_empty() {
        return Err(Refusal::UnknownModel);
    }
    match size {
        Size::Usage(usage) => Ok(rating::rate(rates, usage, policy.rounding)?),
        Size::Amount(_) if !policy.holds.amount_allowed => Err(Refusal::AmountNotAllowed),
        Size::Amount(amount) => Ok((Vec::new(), amount.not_negative()?)),
    }
}

/// The same, with nothing charged for an outcome that the book does not charge.
fn priced(
    catalog: &Catalog,
    policy: &Policy,
    call: &Call,
    used: &Size,
    outcome: Outcome,
) -> Result<(Vec<Line>, Credits), Refusal> {
    let (lines, cost) = size(catalog, policy, &call.model, &call.endpoint, used)?;
    Ok(match policy.outcomes.charge(outcome) {
        Charge::Charge | Charge::Refund => (lines, cost),
        Charge::Release => (lines, Credits::ZERO),
    })
}

/// What paid for a call.
struct Paid {
    lots: Vec<LotAmount>,
    debt: Credits,
    absorbed: Credits,
}

/// What a capture used of its hold.
struct Used {
    /// In all, lots and credit line together.
    total: Credits,
    /// What goes back to which lots.
    returned: Vec<LotAmount>,
}

/// Settles a call against its hold: what the hold reserved, then what is usable, then the shortfall by the policy.
fn settle<'a>(
    account: &Account,
    book: &'a Book,
    capture: &CaptureHold,
    hold: &Hold,
) -> Result<(Charged, &'a Policy, Used), Refusal> {
    let (catalog, policy) = pinned(book, hold.catalog, hold.policy)?;
    let call = Call {
        request_id: hold.request_id.clone(),
        model: hold.model.clone(),
        endpoint: hold.endpoint.clone(),
        key: hold.key,
    };
    let (lines, cost) = priced(catalog, policy, &call, &capture.size, capture.outcome)?;

    let mut lacking = cost;
    let mut lots = Vec::with_capacity(hold.lots.len());
    let mut returned = Vec::new();
    for LotAmount { lot, amount } in &hold.lots {
        let part = lacking.min(*amount);
        lacking = lacking.above(part);
        lots.push(LotAmount { lot: *lot, amount: part });
        returned.push(LotAmount { lot: *lot, amount: amount.above(part) });
    }
    let from_hold = cost.above(lacking);

    // Then what is available, this hold's part of the credit line included: lots that debt or other holds' parts of
    // the line have a claim on are not taken, or the balance would fall below the line without a booked shortfall.
    let balance = account.balance();
    let spendable = sum([balance.available, hold.on_credit, balance.credit_limit])?;
    lots.extend(take_usable(account, policy, lacking.min(spendable.max(Credits::ZERO))));
    let lots = merged(&lots);
    let lacking = difference(cost, sum(lots.iter().map(|part| part.amount))?)?;

    let (debt, absorbed) = shortfall(account, policy, lacking, hold.on_credit)?;
    let total = sum([from_hold, lacking.min(hold.on_credit)])?;
    let paid = Paid { lots, debt, absorbed };
    let versions = (hold.catalog, hold.policy);
    let charge = charged(call, capture.outcome, capture.provider.clone(), lines, cost, paid, versions);
    Ok((charge, policy, Used { total, returned }))
}

/// Splits what lots do not cover into debt and what the operator absorbs. What the hold reserved of the credit line
/// is debt in any case.
fn shortfall(
    account: &Account,
    policy: &Policy,
    lacking: Credits,
    reserved: Credits,
) -> Result<(Credits, Credits), Refusal> {
    let by_hold = lacking.min(reserved);
    let short = difference(lacking, by_hold)?;
    let owed = sum([account.debt, account.on_credit])?; // the hold's own part included
    let headroom = account.credit_limit.above(owed);
    let debt = match (policy.overrun.rule, policy.overrun.beyond_credit_line) {
        (OverrunRule::Absorb, _) => Credits::ZERO,
        (OverrunRule::Debt, BeyondCreditLine::Absorb) => short.min(headroom),
        (OverrunRule::Debt, BeyondCreditLine::Receivable) => short,
    };
    Ok((sum([by_hold, debt])?, difference(short, debt)?))
}

fn charged(
    call: Call,
    outcome: Outcome,
    provider: Option<ProviderAnswer>,
    lines: Vec<Line>,
    charged: Credits,
    paid: Paid,
    (catalog, policy): (u32, u32),
) -> Charged {
    let Call { request_id, model, endpoint, key } = call;
    let Paid { lots, debt, absorbed } = paid;
    Charged {
        request_id,
        model,
        endpoint,
        key,
        outcome,
        provider,
        lines,
        charged,
        lots,
        debt,
        absorbed,
        catalog,
        policy,
    }
}
