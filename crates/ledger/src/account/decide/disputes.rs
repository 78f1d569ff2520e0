//! Disputes of calls and statements.

use super::super::command::{OpenDispute, ResolveDispute};
use super::super::event::{DisputeKind, DisputeOpened, DisputeResolved, Resolution};
use super::super::records::Dispute;
use super::super::refusal::Noun;
use super::super::{Account, Event, Refusal, command};
use super::{funding, statements, usage_refunds};
use crate::book::{Book, ClaimsSoFar, GrantSource};
use crate::{AmountError, Credits, Timestamp};

/// Within the days of the policy, the last instant included (A3, M5); one at a time.
pub(super) fn open(
    account: &Account,
    book: &Book,
    open: &OpenDispute,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let (until, clause) = match open.kind {
        DisputeKind::Call => {
            let charged_at = open.charged_at.ok_or(Refusal::DebitNotFound)?;
            let terms = &book.policy(charged_at).disputes;
            (terms.call_days.map(|days| charged_at.plus_days(days)), &terms.clause)
        }
        DisputeKind::Statement => {
            let statement = account.records().billing.statement(open.subject);
            let statement = statement.ok_or(Refusal::NotFound(Noun::Statement))?;
            let clause = &book.policy(statement.issued.from).disputes.clause;
            (statements::disputable_until(book, statement), clause)
        }
    };
    let until = until.ok_or_else(|| Refusal::NotEligible {
        reason: "the terms of this book do not let this be disputed",
        clause: clause.clone(),
    })?;
    if now > until {
        return Err(Refusal::WindowClosed { what: "a dispute", until, clause: clause.clone() });
    }
    let last = account.records().billing.last_dispute_of(open.subject, open.kind);
    if last.is_some_and(|dispute| dispute.resolved.is_none()) {
        return Err(Refusal::Exists("a dispute of it"));
    }
    Ok(vec![
        DisputeOpened {
            subject: open.subject,
            kind: open.kind,
            reason: open.reason.clone(),
            reference: open.reference.clone(),
            by: open.by.clone(),
        }
        .into(),
    ])
}

/// What is credited for a call goes back to what paid for it, also where the book refunds no usage; what is credited
/// for a statement is a compensation.
pub(super) fn resolve(
    account: &Account,
    book: &Book,
    resolve: &ResolveDispute,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let found = account.records().billing.dispute(resolve.dispute).ok_or(Refusal::NotFound(Noun::Dispute))?;
    if found.resolved.is_some() {
        return Err(Refusal::AlreadyDecided(Noun::Dispute));
    }
    let credited = match resolve.outcome {
        Resolution::Rejected if resolve.credits.is_some() => {
            return Err(Refusal::NotEligible {
                reason: "a dispute that is rejected credits nothing",
                clause: None,
            });
        }
        Resolution::Rejected => Vec::new(),
        Resolution::Credited => credited(account, book, resolve, found, now)?,
    };
    let amount = |event: &Event| {
        if let Event::UsageRefunded(refunded) = event {
            return Some(refunded.credits);
        }
        if let Event::Granted(granted) = event { Some(granted.credits) } else { None }
    };
    let credits = credited.iter().find_map(amount);
    let resolved = DisputeResolved {
        dispute: resolve.dispute,
        outcome: resolve.outcome,
        credits: credits.unwrap_or_default(),
        by: resolve.by.clone(),
    };
    Ok(std::iter::once(resolved.into()).chain(credited).collect())
}

fn credited(
    account: &Account,
    book: &Book,
    resolve: &ResolveDispute,
    found: &Dispute,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    match found.opened.kind {
        DisputeKind::Call => {
            let refund = command::RefundDebit {
                debit: found.opened.subject,
                reason: found.opened.reason.clone(),
                amount: resolve.credits,
                past: resolve.past.clone(),
            };
            usage_refunds::give_back(account, book, &refund, now)
        }
        DisputeKind::Statement => {
            // At most what calls were charged in the period, all its disputes together.
            let billing = &account.records().billing;
            let issued = billing.statement(found.opened.subject).map(|statement| &statement.issued);
            let charged = issued.map_or(Credits::ZERO, |issued| issued.charged.above(issued.refunded));
            let of_it =
                billing.disputes().iter().filter(|dispute| dispute.opened.subject == found.opened.subject);
            let before: Credits = of_it
                .filter_map(|dispute| dispute.resolved.as_ref())
                .map(|(_, resolved)| resolved.credits)
                .sum();
            if resolve.credits.is_some_and(|credits| credits > charged.above(before)) {
                let reason = "more than the calls of the statement were charged";
                return Err(Refusal::NotEligible {
                    reason,
                    clause: book.policy(now).disputes.clause.clone(),
                });
            }
            let grant = command::Grant {
                source: GrantSource::Compensation,
                campaign: None,
                credits: resolve.credits.ok_or(Refusal::InvalidAmount(AmountError::Zero))?,
                expires_at: None,
                priority: None,
                reason: Some(found.opened.reason.clone()),
                by: resolve.by.clone(),
                so_far: ClaimsSoFar::default(),
            };
            let mut granted = funding::grant(account, book, &grant, now)?;
            for event in &mut granted {
                if let Event::Granted(granted) = event {
                    granted.dispute = Some(resolve.dispute);
                }
            }
            Ok(granted)
        }
    }
}
