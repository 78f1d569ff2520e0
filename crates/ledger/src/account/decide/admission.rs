//! Who may open an account, top it up and call: regions, ages, attestations, the end of the service, overdue debt.

use compact_str::CompactString;

use super::super::command::Open;
use super::super::event::DebtOverdue;
use super::super::{Account, Refusal};
use super::due::Appointment;
use crate::Timestamp;
use crate::book::Book;
use crate::book::policy::{Clause, Opening};

/// Whether an account may be opened (Z12, Z13, I9): not in a barred region, not by a party under sanctions, and not without
/// what the holder must attest.
pub(super) fn may_open(book: &Book, open: &Open, now: Timestamp) -> Result<(), Refusal> {
    let terms = &book.policy(now).opening;
    not_barred(terms, open.region.as_ref())?;
    let denied = open.attestations.is_some_and(|given| given.not_sanctioned == Some(false));
    if let Some(required) = &terms.attestations.not_sanctioned
        && denied
    {
        return Err(Refusal::PartyBarred { clause: required.clause.clone() });
    }
    attested(terms, open)
}

/// Whether the holder says and attests all that the terms ask for; all that is missing is listed.
fn attested(terms: &Opening, open: &Open) -> Result<(), Refusal> {
    let mut missing: Vec<(&'static str, &Clause)> = Vec::new();
    let given = open.attestations.as_ref();
    let by_region = terms.minimum_age.as_ref().filter(|ages| !ages.by_region.is_empty());
    let asks_for_region =
        terms.regions.as_ref().map(|regions| &regions.clause).or(by_region.map(|ages| &ages.clause));
    if let Some(clause) = asks_for_region
        && open.region.is_none()
    {
        missing.push(("region", clause));
    }
    if let Some(ages) = &terms.minimum_age
        && given.and_then(|given| given.age_at_least).unwrap_or(0) < ages.in_region(open.region.as_deref())
    {
        missing.push(("age_at_least", &ages.clause));
    }
    let required = &terms.attestations;
    if let Some(accurate) = &required.accurate_information
        && !given.is_some_and(|given| given.accurate_information)
    {
        missing.push(("accurate_information", &accurate.clause));
    }
    if let Some(sanctions) = &required.not_sanctioned
        && given.and_then(|given| given.not_sanctioned).is_none()
    {
        missing.push(("not_sanctioned", &sanctions.clause));
    }
    match missing.first() {
        None => Ok(()),
        Some((_, clause)) => Err(Refusal::AttestationMissing {
            clause: (*clause).clone(),
            missing: missing.iter().map(|(what, _)| CompactString::const_new(what)).collect(),
        }),
    }
}

/// Whether the terms let a region use the service (Z12).
fn not_barred(terms: &Opening, region: Option<&CompactString>) -> Result<(), Refusal> {
    match (&terms.regions, region) {
        (Some(regions), Some(region)) if regions.barred.contains(region) => {
            Err(Refusal::RegionBarred { region: region.clone(), clause: regions.clause.clone() })
        }
        (Some(_) | None, _) => Ok(()),
    }
}

/// Whether new credits may be bought: not in a barred region, nor of a service whose end was announced
/// (Z12, Z15).
pub(super) fn may_buy(account: &Account, book: &Book, now: Timestamp) -> Result<(), Refusal> {
    not_barred(&book.policy(now).opening, account.region.as_ref())?;
    not_ending(book, now)
}

/// Whether the service goes on: nothing is sold from the notice of its end on (Z15).
fn not_ending(book: &Book, now: Timestamp) -> Result<(), Refusal> {
    match book.shutdown() {
        None => Ok(()),
        Some(notice) => Err(Refusal::ServiceEnding {
            effective_at: notice.effective_at,
            reason: notice.reason.clone(),
            clause: book.policy(now).shutdown.clause.clone(),
        }),
    }
}

/// Whether calls may be made: not in a barred region, nor with overdue debt (Z12, M6).
pub(super) fn may_call(account: &Account, book: &Book, now: Timestamp) -> Result<(), Refusal> {
    let policy = book.policy(now);
    not_barred(&policy.opening, account.region.as_ref())?;
    match account.overdue() {
        None => Ok(()),
        Some(due_at) => {
            Err(Refusal::Overdue { debt: account.debt, due_at, clause: policy.credit_line.clause.clone() })
        }
    }
}

/// When debt becomes overdue: just after the last instant to repay it, by the terms under which it began (M6).
pub(super) fn appointment(account: &Account, book: &Book) -> Option<Appointment> {
    if account.overdue().is_some() {
        return None;
    }
    let at = due_at(account, book)?.micros().checked_add(1)?;
    Some(Appointment {
        at: Timestamp::from_micros(at),
        record: |account, book, _| {
            let due = due_at(account, book);
            due.map(|due_at| DebtOverdue { debt: account.debt, due_at }.into()).into_iter().collect()
        },
    })
}

/// By when what the account owes must be repaid.
fn due_at(account: &Account, book: &Book) -> Option<Timestamp> {
    let since = account.debt_since()?;
    let days = book.policy(since).credit_line.due_days?;
    Some(since.plus_days(days))
}
