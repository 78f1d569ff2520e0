//! Appeals against measures: in time, once, and undoing them where they are upheld (M9).

use super::super::event::{
    AccountReopened, AppealDecided, AppealFiled, KeyReinstated, LotExpired, LotReinstated, MeasureKind,
    Thawed,
};
use super::super::records::{Appeal, AppealState};
use super::super::refusal::Noun;
use super::super::{Account, Event, Refusal};
use crate::book::Book;
use crate::{Timestamp, Token};

/// The reason of what an upheld appeal lifts.
const UPHELD: &str = "appeal_upheld";
/// Most appeals that an account may have filed.
const MAX_APPEALS: usize = 1_000;

/// The notice of a measure counts as given when the measure is recorded.
pub(super) fn file(
    account: &Account,
    book: &Book,
    (kind, measure): (MeasureKind, u64),
    reference: Option<&Token>,
    by: &Token,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let Some(terms) = &book.policy(now).appeals else {
        return Err(Refusal::NotEligible { reason: "the terms know no appeals", clause: None });
    };
    let appeals = account.records().measures.appeals();
    let taken_at = account.measure_taken_at(kind, measure).ok_or(Refusal::FreezeNotFound)?;
    if appeals.iter().any(|known| (known.kind, known.measure, known.taken_at) == (kind, measure, taken_at)) {
        return Err(Refusal::Exists("an appeal against this measure"));
    }
    let until = taken_at.plus_days(terms.within_days);
    if now > until {
        return Err(Refusal::WindowClosed { what: "an appeal", until, clause: terms.clause.clone() });
    }
    if appeals.len() >= MAX_APPEALS {
        return Err(Refusal::LimitReached { what: "appeals", limit: MAX_APPEALS });
    }
    Ok(vec![AppealFiled { kind, measure, reference: reference.cloned(), by: by.clone() }.into()])
}

/// Upheld, the measure is undone in the same step; rejected, it is final.
pub(super) fn decide(
    account: &Account,
    appeal: u64,
    upheld: bool,
    by: &Token,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let mut appeals = account.records().measures.appeals().iter();
    let known = appeals.find(|known| known.revision == appeal).ok_or(Refusal::NotFound(Noun::Appeal))?;
    if known.state != AppealState::Pending {
        return Err(Refusal::AlreadyDecided(Noun::Appeal));
    }
    let mut events = vec![AppealDecided { appeal, upheld, by: by.clone() }.into()];
    // A measure that was lifted meanwhile needs no undoing.
    if upheld && account.measure_taken_at(known.kind, known.measure) == Some(known.taken_at) {
        events.extend(undone(account, known, now));
    }
    Ok(events)
}

fn undone(account: &Account, appeal: &Appeal, now: Timestamp) -> Vec<Event> {
    match appeal.kind {
        MeasureKind::Freeze => Token::new(UPHELD)
            .map(|reason| Thawed { freeze: appeal.measure, reason }.into())
            .into_iter()
            .collect(),
        MeasureKind::Key => account
            .key(appeal.measure)
            .map(|key| KeyReinstated { key: key.revision, secret_sha256: key.secret }.into())
            .into_iter()
            .collect(),
        MeasureKind::Closure => {
            let forfeited =
                account.records().measures.closure().map_or(&[][..], |closure| &closure.forfeited);
            let mut events: Vec<Event> = vec![AccountReopened { appeal: appeal.revision }.into()];
            for part in forfeited {
                events.push(LotReinstated { lot: part.lot, amount: part.amount }.into());
            }
            // What reached its end meanwhile is free for no instant.
            for part in forfeited {
                if account.lot(part.lot).is_some_and(|lot| lot.is_past(now)) {
                    events.push(LotExpired { lot: part.lot, amount: part.amount, expired_at: now }.into());
                }
            }
            events
        }
    }
}
