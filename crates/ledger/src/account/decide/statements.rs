//! Statements: issued when their period has ended, final when they can no longer be disputed (M5).
//!
//! A period without any movement of credits has none. What falls into the next period is decided after the statement
//! was recorded: whatever is due comes first.

use super::super::event::{DisputeKind, StatementFinalized, StatementIssued};
use super::super::records::Statement;
use super::super::{Account, Event};
use super::due::Appointment;
use crate::Timestamp;
use crate::book::policy::StatementTerms;
use crate::book::{Book, Policy};

/// The next statement that is to be issued, or to become final.
pub(super) fn appointment(account: &Account, book: &Book) -> Option<Appointment> {
    let issue = unstated(account, book)
        .map(|(_, until)| Appointment { at: until, record: |account, book, _| issue(account, book) });
    let finalize = next_final(account, book)
        .map(|(at, _)| Appointment { at, record: |account, book, _| finalize(account, book) });
    [issue, finalize].into_iter().flatten().min_by_key(|appointment| appointment.at)
}

/// The period whose movements no statement shows yet: when it begins and ends.
fn unstated(account: &Account, book: &Book) -> Option<(Timestamp, Timestamp)> {
    let since = account.unstated_since?;
    let (since, policy, terms) = terms(book, since)?;
    let last = account.records().billing.statements().last().map(|statement| statement.issued.until);
    let since = last.map_or(since, |last| last.max(since));
    let (from, until) = policy.time_zone.span_of_months(since, terms.every.months());
    // Where the length of periods was changed, none begins before the last one ended.
    let from = last.map_or(from, |last| last.max(from));
    // Where the calendar ends, so do statements.
    (until < Timestamp::MAX).then_some((from, until))
}

/// The terms that statements go by from a time on: those of that time, or where there were none, the first ones after
/// it, whose first statement then shows all that came before.
fn terms(book: &Book, since: Timestamp) -> Option<(Timestamp, &Policy, &StatementTerms)> {
    let in_force = book.policy(since);
    if let Some(terms) = &in_force.statements {
        return Some((since, in_force, terms));
    }
    let later = book.policies().iter().filter(|version| version.effective_at > since);
    later
        .filter_map(|version| {
            Some((version.effective_at, &version.terms, version.terms.statements.as_ref()?))
        })
        .min_by_key(|(since, ..)| *since)
}

fn issue(account: &Account, book: &Book) -> Vec<Event> {
    let Some((from, until)) = unstated(account, book) else { return Vec::new() };
    let billing = &account.records().billing;
    let (now, before) = (account.figures(), billing.stated());
    let issued = StatementIssued {
        from,
        until,
        first_revision: billing.statements().last().map_or(0, |last| last.revision.saturating_add(1)),
        last_revision: account.next_revision().saturating_sub(1),
        charged: now.charged.above(before.charged),
        refunded: now.refunded.above(before.refunded),
        calls: now.calls.saturating_sub(before.calls),
        closing: account.balance(),
    };
    vec![issued.into()]
}

/// The last instant at which a statement can be disputed, by the terms of the period that it is of; nothing if it
/// cannot be disputed at all.
pub(super) fn disputable_until(book: &Book, statement: &Statement) -> Option<Timestamp> {
    let days = book.policy(statement.issued.from).disputes.statement_days;
    days.map(|days| statement.issued_at.plus_days(days))
}

/// The next statement that becomes final: when its window has closed, and after that when its dispute is resolved.
fn next_final<'a>(account: &'a Account, book: &Book) -> Option<(Timestamp, &'a Statement)> {
    let billing = &account.records().billing;
    billing
        .not_final()
        .filter_map(|statement| {
            let closes = disputable_until(book, statement).map_or(statement.issued_at, Timestamp::just_after);
            match billing.last_dispute_of(statement.revision, DisputeKind::Statement) {
                Some(dispute) => {
                    dispute.resolved.as_ref().map(|(resolved, _)| (closes.max(*resolved), statement))
                }
                None => Some((closes, statement)),
            }
        })
        .min_by_key(|(at, _)| *at)
}

fn finalize(account: &Account, book: &Book) -> Vec<Event> {
    next_final(account, book)
        .map(|(final_at, statement)| StatementFinalized { statement: statement.revision, final_at }.into())
        .into_iter()
        .collect()
}
