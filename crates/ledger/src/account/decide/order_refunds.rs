//! Refunds of orders: asked for, decided, reclaimed, paid out.

use super::super::command::{AddRefundEvidence, ApproveRefund, DenyRefund, RequestRefund};
use super::super::event::{
    DebtRepaid, Evidence, Frozen, LotAmount, LotExpired, LotForfeited, LotReclaimed, RefundApproved,
    RefundDenied, RefundEvidenceAdded, RefundFailed, RefundPaid, RefundReclaimed, RefundRequested,
};
use super::super::records::{Payout, PayoutState, RefundOf};
use super::super::{Account, Bucket, Event, FreezeScope, Noun, Refusal};
use super::Draft;
use super::due::{Appointment, merged};
use super::eligibility::{missing, required};
use crate::book::policy::{Handling, OrderHolds, Policy, Reclaimed, RefundTerms};
use crate::book::{Book, Remainder};
use crate::{Money, Timestamp, Token};

/// Most pieces of evidence that one refund may have.
const MAX_EVIDENCE: usize = 100;
/// The reason of a denial that may suspend the account (Z8).
const FRAUD: &str = "fraud";

pub(super) fn request(
    account: &Account,
    book: &Book,
    request: &RequestRefund,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let judged = account
        .refund_eligibility(book, &request.order_id, &request.cause, now)
        .ok_or(Refusal::NotFound(Noun::Order))?;
    if judged.under_way.is_some() {
        return Err(Refusal::Exists("a refund of the order"));
    }
    let missing = judged.missing(&request.evidence);
    if let Some(refused) = judged.refused {
        return Err(refused);
    }
    few_enough(&request.evidence)?;
    let refund = account.next_revision();
    let by_itself =
        judged.handling == Handling::Automatic && missing.is_empty() && nothing_is_frozen(account);
    let mut draft = Draft::new(account, now);
    draft.push(RefundRequested {
        order_id: request.order_id.clone(),
        cause: request.cause.clone(),
        evidence: request.evidence.clone(),
        channel: judged.channel,
        handling: judged.handling,
        clause: judged.clause,
        policy: judged.policy,
        missing,
        refundable: judged.refundable.amount,
        by: request.by.clone(),
    });
    if by_itself {
        approve_now(&mut draft, book, refund, None, None)?;
    }
    Ok(draft.events)
}

pub(super) fn add_evidence(
    account: &Account,
    book: &Book,
    add: &AddRefundEvidence,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let (payout, of) = undecided(account, add.refund)?;
    let (terms, _) = pinned(book, of)?;
    let mut all = of.evidence.clone();
    all.extend_from_slice(&add.evidence);
    few_enough(&all)?;
    if add.evidence.is_empty() {
        return Err(Refusal::EvidenceMissing { missing: still_missing(terms, of, &all).0, clause: None });
    }
    let (missing, _) = still_missing(terms, of, &all);
    let by_itself = of.handling == Handling::Automatic
        && missing.is_empty()
        && payout.state == PayoutState::Requested
        && nothing_is_frozen(account)
        && may_be_paid(account, of).is_ok();
    let mut draft = Draft::new(account, now);
    draft.push(RefundEvidenceAdded {
        refund: add.refund,
        evidence: add.evidence.clone(),
        missing,
        by: add.by.clone(),
    });
    if by_itself {
        approve_now(&mut draft, book, add.refund, None, None)?;
    }
    Ok(draft.events)
}

pub(super) fn approve(
    account: &Account,
    book: &Book,
    approve: &ApproveRefund,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let (payout, of) = undecided(account, approve.refund)?;
    let (terms, policy) = pinned(book, of)?;
    if terms.four_eyes && payout.requested_by == approve.by {
        return Err(Refusal::SamePerson);
    }
    if let (missing, clause) = still_missing(terms, of, &of.evidence)
        && !missing.is_empty()
    {
        return Err(Refusal::EvidenceMissing { missing, clause });
    }
    may_be_paid(account, of)?;
    let agreed = agreed(account, policy, of, approve.amount)?;
    let mut draft = Draft::new(account, now);
    approve_now(&mut draft, book, approve.refund, Some(approve.by.clone()), agreed)?;
    Ok(draft.events)
}

pub(super) fn deny(
    account: &Account,
    book: &Book,
    deny: &DenyRefund,
    _: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let (_, of) = undecided(account, deny.refund)?;
    let (terms, _) = pinned(book, of)?;
    let mut events =
        vec![RefundDenied { refund: deny.refund, reason: deny.reason.clone(), by: deny.by.clone() }.into()];
    let is_suspended = || account.freezes().iter().any(|freeze| is_for_fraud(&freeze.scope, &freeze.reason));
    if deny.reason.as_str() == FRAUD && terms.fraud_suspends && !is_suspended() {
        events.push(frozen(FreezeScope::Account, deny.reason.clone()).into());
    }
    Ok(events)
}

pub(super) fn paid(
    account: &Account,
    refund: u64,
    reference: Option<&Token>,
    by: &Token,
) -> Result<Vec<Event>, Refusal> {
    owed(account, refund)?;
    Ok(vec![RefundPaid { refund, reference: reference.cloned(), by: by.clone() }.into()])
}

/// What could not be paid out is the holder's again; of a lot past its end it expires at once.
pub(super) fn failed(
    account: &Account,
    book: &Book,
    refund: u64,
    reason: &Token,
    by: &Token,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let payout = owed(account, refund)?;
    if let Some(of) = payout.refund()
        && let Some(standing) = account.records().orders.standings.get(&of.order_id)
    {
        let others = account.refunded_here(&of.order_id).saturating_sub(payout.minor());
        if standing.was_taken_back() {
            let reason = "the payment was taken back at its provider";
            return Err(Refusal::NotEligible { reason, clause: None });
        }
        if standing.refunded > standing.elsewhere.saturating_add(others) {
            let reason = "the provider has paid it back";
            return Err(Refusal::NotEligible { reason, clause: None });
        }
    }
    let reinstated = merged(&payout.lots);
    let forfeits = account.ended_with(book.policy(now)) == Some(Remainder::Forfeit);
    let mut events = vec![
        RefundFailed { refund, reason: reason.clone(), reinstated: reinstated.clone(), by: by.clone() }
            .into(),
    ];
    for LotAmount { lot, amount } in reinstated {
        if account.lot(lot).is_some_and(|lot| lot.is_past(now)) {
            events.push(LotExpired { lot, amount, expired_at: now }.into());
        } else if forfeits && let Ok(reason) = Token::new("account_closed") {
            events.push(LotForfeited { lot, amount, reason }.into());
        }
    }
    Ok(events)
}

/// An approved refund whose last hold has settled: its amount is fixed at once. What returns to a lot whose order was
/// refunded or taken back: it is voided at once.
pub(super) fn appointment(account: &Account, _: &Book) -> Option<Appointment> {
    let orders = &account.records().orders;
    if orders.are_quiet() {
        return None;
    }
    let at_once = Timestamp::default();
    if returned(account).next().is_some() {
        return Some(Appointment { at: at_once, record: |account, _, _| void_returned(account) });
    }
    ready(account).next().map(|_| Appointment { at: at_once, record: |account, book, _| fix(account, book) })
}

/// Whether events may let a refund go on that waits for holds, or return credits to a lot that lapsed.
pub(super) fn may_have_consequences(account: &Account, events: &[Event]) -> bool {
    let orders = &account.records().orders;
    if orders.are_quiet() {
        return false;
    }
    let gives_back = |event: &Event| {
        matches!(event, Event::UsageRefunded(_) | Event::MigrationReversed(_) | Event::LotReinstated(_))
    };
    let is_held = |lot: &u64| account.lot(*lot).is_some_and(|lot| !lot.held.is_zero());
    orders.set_lots_aside() || orders.lapsed.iter().any(is_held) || events.iter().any(gives_back)
}

/// What has returned to lots that lapsed.
fn returned(account: &Account) -> impl Iterator<Item = LotAmount> {
    let lots = account.records().orders.lapsed.iter().filter_map(|lot| account.lot(*lot));
    lots.filter(|lot| !lot.free.is_zero()).map(|lot| LotAmount { lot: lot.revision, amount: lot.free })
}

/// It repays what is owed for the payment that was taken back, as far as something is; the rest is voided.
fn void_returned(account: &Account) -> Vec<Event> {
    let mut debt = account.debt;
    let mut events = Vec::new();
    for LotAmount { lot, amount } in returned(account) {
        let order_id = account.lot(lot).and_then(|lot| lot.basis.as_ref()).map(|basis| &basis.order_id);
        let standing = order_id.and_then(|order| account.records().orders.standings.get(order));
        let owes = standing.is_some_and(|standing| !standing.debt.is_zero());
        let repaid = if owes { amount.min(debt) } else { crate::Credits::ZERO };
        debt = debt.above(repaid);
        if !repaid.is_zero() {
            events.push(DebtRepaid { lots: vec![LotAmount { lot, amount: repaid }] }.into());
        }
        let rest = amount.above(repaid);
        if !rest.is_zero() {
            events.push(LotReclaimed { lot, amount: rest }.into());
        }
    }
    events
}

/// Approved refunds that no hold keeps waiting any more.
fn ready(account: &Account) -> impl Iterator<Item = u64> {
    let orders = &account.records().orders;
    orders.waiting.iter().copied().filter(|refund| {
        let of = orders.payouts.get(refund).and_then(Payout::refund);
        of.is_some_and(|of| !is_held(account, of))
    })
}

fn fix(account: &Account, book: &Book) -> Vec<Event> {
    let refund = ready(account).next();
    let of =
        refund.and_then(|refund| Some((refund, account.records().orders.payouts.get(&refund)?.refund()?)));
    of.and_then(|(refund, of)| reclaimed(account, book, refund, of)).map(Event::from).into_iter().collect()
}

fn is_held(account: &Account, of: &RefundOf) -> bool {
    !account.credits_of_order(&of.order_id, Bucket::Held).is_zero()
}

/// Approves a refund, and fixes its amount unless it waits for holds.
fn approve_now(
    draft: &mut Draft,
    book: &Book,
    refund: u64,
    by: Option<Token>,
    agreed: Option<Money>,
) -> Result<(), Refusal> {
    draft.push(RefundApproved { refund, by, agreed });
    let payout = draft.account.records().orders.payouts.get(&refund);
    let of = payout.and_then(Payout::refund).ok_or(Refusal::NotFound(Noun::Refund))?;
    let waits = pinned(book, of)?.0.open_holds == OrderHolds::Wait && is_held(&draft.account, of);
    if !waits && draft.account.credits_of_order(&of.order_id, Bucket::Free).is_zero() {
        let reason = "all that is left of the order is held by calls";
        return Err(Refusal::NotEligible { reason, clause: of.clause.clone() });
    }
    if !waits && let Some(reclaimed) = reclaimed(&draft.account, book, refund, of) {
        draft.push(reclaimed);
    }
    Ok(())
}

/// What is free of the order's lots is voided, and what is owed for it follows.
fn reclaimed(account: &Account, book: &Book, refund: u64, of: &RefundOf) -> Option<RefundReclaimed> {
    let policy = book.policy_version(of.policy)?;
    let basis = account.basis_of_order(&of.order_id)?;
    let refundable = account.refundable(policy, basis, of.agreed);
    let lots = account.lots_of_order(&of.order_id).filter(|lot| !lot.free.is_zero());
    Some(RefundReclaimed {
        refund,
        lots: lots.map(|lot| LotAmount { lot: lot.revision, amount: lot.free }).collect(),
        amount: refundable.amount,
        tax: refundable.tax,
        fee: refundable.fee,
        lapses: lapses(policy),
    })
}

/// Whether what returns to an order's lots is voided once the order is paid back.
pub(super) fn lapses(policy: &Policy) -> bool {
    policy.refunds.as_ref().is_none_or(|terms| terms.returned_after == Reclaimed::Lapse)
}

/// A freeze that a decision brings with it.
pub(super) fn frozen(scope: FreezeScope, reason: Token) -> Frozen {
    Frozen { scope, reason, announced: None, owner_wide: false, origin: None, effective_at: None }
}

fn is_for_fraud(scope: &FreezeScope, reason: &Token) -> bool {
    *scope == FreezeScope::Account && reason.as_str() == FRAUD
}

/// A refund that nobody has decided.
fn undecided(account: &Account, refund: u64) -> Result<(&Payout, &RefundOf), Refusal> {
    let payout = account.records().orders.payouts.get(&refund).ok_or(Refusal::NotFound(Noun::Refund))?;
    match payout.refund() {
        Some(of) if payout.state == PayoutState::Requested => Ok((payout, of)),
        Some(_) | None => Err(Refusal::AlreadyDecided(Noun::Refund)),
    }
}

/// A refund or a withdrawal whose amount is fixed, and that has not ended.
fn owed(account: &Account, refund: u64) -> Result<&Payout, Refusal> {
    let payout = account.records().orders.payouts.get(&refund).ok_or(Refusal::NotFound(Noun::Refund))?;
    match payout.state {
        PayoutState::Owed => Ok(payout),
        PayoutState::Requested => Err(Refusal::PendingApproval("the refund waits for a decision")),
        PayoutState::Waiting => {
            Err(Refusal::PendingApproval("the refund waits for holds on the order's lots"))
        }
        PayoutState::Denied | PayoutState::Paid | PayoutState::Failed => {
            Err(Refusal::AlreadyDecided(Noun::Refund))
        }
    }
}

/// The terms that a refund was asked for under.
fn pinned<'a>(book: &'a Book, of: &RefundOf) -> Result<(&'a RefundTerms, &'a Policy), Refusal> {
    let unknown = Refusal::UnknownVersion { what: "policy", version: of.policy };
    let policy = book.policy_version(of.policy).ok_or_else(|| unknown.clone())?;
    Ok((policy.refunds.as_ref().ok_or(unknown)?, policy))
}

/// The kinds of evidence that are missing, and the clause that requires the first of them.
fn still_missing(
    terms: &RefundTerms,
    of: &RefundOf,
    evidence: &[Evidence],
) -> (Vec<Token>, Option<compact_str::CompactString>) {
    let rules = || missing(required(terms, of.channel), evidence);
    (rules().map(|rule| rule.kind.clone()).collect(), rules().find_map(|rule| rule.clause.clone()))
}

fn few_enough(evidence: &[Evidence]) -> Result<(), Refusal> {
    if evidence.len() > MAX_EVIDENCE {
        return Err(Refusal::LimitReached { what: "pieces of evidence", limit: MAX_EVIDENCE });
    }
    Ok(())
}

/// Nothing is refunded by itself while something of the account is frozen: a person decides.
fn nothing_is_frozen(account: &Account) -> bool {
    account.freezes().is_empty()
}

/// The order may have been paid back or spent since it was asked for.
fn may_be_paid(account: &Account, of: &RefundOf) -> Result<(), Refusal> {
    let not = |reason| Err(Refusal::NotEligible { reason, clause: of.clause.clone() });
    let basis = account.basis_of_order(&of.order_id).ok_or(Refusal::NotFound(Noun::Order))?;
    if let Some(reason) = account.money_is_gone(basis) {
        return not(reason);
    }
    if account.lots_of_order(&of.order_id).all(|lot| !lot.is_live()) {
        return not("nothing of the order is left unspent");
    }
    Ok(())
}

/// An amount is given where it is negotiated and nowhere else, and is at most what the unspent credits had cost (A2).
fn agreed(
    account: &Account,
    policy: &Policy,
    of: &RefundOf,
    amount: Option<Money>,
) -> Result<Option<Money>, Refusal> {
    if of.handling != Handling::Negotiation {
        return if amount.is_none() { Ok(None) } else { Err(Refusal::RefundAmount { most: None }) };
    }
    let basis = account.basis_of_order(&of.order_id).ok_or(Refusal::NotFound(Noun::Order))?;
    let most = account.refundable(policy, basis, None).amount;
    match amount {
        Some(amount)
            if amount.currency() == most.currency() && (1..=most.minor()).contains(&amount.minor()) =>
        {
            Ok(Some(amount))
        }
        Some(_) | None => Err(Refusal::RefundAmount { most: Some(most) }),
    }
}
