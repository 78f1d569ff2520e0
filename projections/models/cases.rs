//! What waits for somebody, or did: appeals, reviews, breaches, approvals, announcements, legal holds, claims.

use scrip_ledger::event::{ClosedBy, MeasureKind, Pending};
use scrip_ledger::{Credits, Event, MintedKind, Money, Timestamp, Token};

use crate::accounts::Accounts as Folded;
use crate::model::{AccountStep, Fault, Model, Overtaken};
use crate::rows::{Latest, credits, minor_of, minted, word};
use crate::table::{Change, OnConflict, Row, Table, Value, amount, int, number, text};

pub(crate) const CASES: Table = Table {
    name: "cases",
    key: 2,
    columns: &[
        text("account"),
        text("id"),
        text("book"),
        text("state"),
        text("outcome"),
        int("closed_at"),
        text("closed_by"),
        text("kind"),
        text("subject"),
        text("reason"),
        text("reference"),
        text("clause"),
        int("count"),
        amount("credits"),
        text("currency"),
        int("amount"),
        int("opened_at"),
        text("opened_by"),
        int("due_at"),
        int("position"),
    ],
    once: 13,
    on_conflict: OnConflict::Replace,
};

pub(crate) struct Cases {
    cases: Latest,
}

impl Default for Cases {
    fn default() -> Self {
        Self { cases: Latest::of(&CASES) }
    }
}

impl Model for Cases {
    fn name(&self) -> &'static str {
        "cases"
    }

    fn schema(&self) -> &'static str {
        include_str!("cases.sql")
    }

    fn tables(&self) -> &'static [&'static Table] {
        &[&CASES]
    }

    fn account(&mut self, step: &AccountStep<'_>) -> Result<(), Fault> {
        if let Some((kind, opening)) = opened(step) {
            self.cases.put(opening.row(step, kind)?);
        }
        for (kind, revision, outcome, by) in closed(step) {
            self.cases.put(closing(step, kind, revision, outcome, by)?);
        }
        Ok(())
    }

    fn drain(&mut self, _: &Folded) -> Vec<Change> {
        vec![self.cases.drain()]
    }
}

/// How a case began.
#[derive(Default)]
struct Opening<'a> {
    subject: Option<Value>,
    reason: Option<&'a Token>,
    reference: Option<&'a Token>,
    clause: Option<&'a str>,
    count: Option<u32>,
    credits: Credits,
    money: Option<Money>,
    by: Option<&'a Token>,
    due_at: Option<Timestamp>,
}

/// What an event opens.
fn opened<'a>(step: &AccountStep<'a>) -> Option<(MintedKind, Opening<'a>)> {
    let empty = Opening::default;
    Some(match step.event {
        Event::AppealFiled(event) => {
            let kind = match event.kind {
                MeasureKind::Freeze => MintedKind::Freeze,
                MeasureKind::Key => MintedKind::Key,
                MeasureKind::Closure => MintedKind::Closure,
            };
            let subject = Some(minted(step.account.id(), kind, event.measure));
            let (reference, by) = (event.reference.as_ref(), Some(&event.by));
            (MintedKind::Appeal, Opening { subject, reference, by, ..empty() })
        }
        Event::ReviewOpened(event) => {
            let (reason, clause) = (Some(&event.reason), event.clause.as_deref());
            (MintedKind::Review, Opening { reason, clause, count: Some(event.count), ..empty() })
        }
        Event::BreachNotified(event) => {
            let subject = Some(party(event.by).into());
            let (reason, reference) = (Some(&event.reason), event.reference.as_ref());
            let due_at = Some(event.cure_until);
            (MintedKind::Breach, Opening { subject, reason, reference, due_at, ..empty() })
        }
        Event::ApprovalRequested(event) => {
            let (subject, credits, reason) = match &event.what {
                Pending::Grant { credits, reason, .. } => ("grant", *credits, reason.as_ref()),
                Pending::Adjustment { credits, reason } => ("adjustment", *credits, Some(reason)),
            };
            let (subject, by) = (Some(subject.into()), Some(&event.by));
            (MintedKind::Approval, Opening { subject, reason, credits, by, ..empty() })
        }
        Event::FreezeAnnounced(event) => {
            let (subject, reason) = (Some("freeze".into()), Some(&event.reason));
            let due_at = Some(event.effective_at);
            (MintedKind::Announcement, Opening { subject, reason, due_at, ..empty() })
        }
        Event::ClosureAnnounced(event) => {
            let (subject, reason) = (Some("closing".into()), event.reason.as_ref());
            let due_at = Some(event.effective_at);
            (MintedKind::Announcement, Opening { subject, reason, due_at, ..empty() })
        }
        Event::LegalHoldPlaced(event) => {
            let (reason, reference) = (Some(&event.reason), event.reference.as_ref());
            (MintedKind::LegalHold, Opening { reason, reference, ..empty() })
        }
        Event::CompensationClaimed(event) => {
            let (reason, reference) = (Some(&event.reason), event.reference.as_ref());
            (MintedKind::Claim, Opening { reason, reference, money: Some(event.amount), ..empty() })
        }
        _ => return None,
    })
}

type Closed<'a> = (MintedKind, u64, &'a str, Option<&'a Token>);

/// What an event closes: what kind of case, which, how, and who closed it where the event says so.
fn closed<'a>(step: &AccountStep<'a>) -> Vec<Closed<'a>> {
    match step.event {
        Event::AppealDecided(event) => {
            let outcome = if event.upheld { "upheld" } else { "rejected" };
            vec![(MintedKind::Appeal, event.appeal, outcome, Some(&event.by))]
        }
        Event::ReviewClosed(event) => {
            vec![(MintedKind::Review, event.review, event.decision.as_str(), Some(&event.by))]
        }
        Event::BreachCured(event) => vec![(MintedKind::Breach, event.breach, "cured", None)],
        Event::ApprovalGiven(event) => {
            vec![(MintedKind::Approval, event.approval, "approved", Some(&event.by))]
        }
        Event::ApprovalRejected(event) => {
            vec![(MintedKind::Approval, event.approval, "rejected", Some(&event.by))]
        }
        Event::AnnouncementWithdrawn(event) => {
            vec![(MintedKind::Announcement, event.announcement, "withdrawn", None)]
        }
        Event::Frozen(event) => {
            let carried_out = event.announced.iter();
            carried_out.map(|announced| (MintedKind::Announcement, *announced, "carried_out", None)).collect()
        }
        Event::AccountClosed(event) => {
            let end = |overtaken: &Overtaken| match *overtaken {
                Overtaken::Breach(revision) => {
                    let outcome = if event.breach == Some(revision) { "uncured" } else { "lapsed" };
                    (MintedKind::Breach, revision, outcome, None)
                }
                Overtaken::Announcement(revision) => {
                    let outcome = if event.announced == Some(revision) { "carried_out" } else { "overtaken" };
                    (MintedKind::Announcement, revision, outcome, None)
                }
            };
            step.overtaken.iter().map(end).collect()
        }
        Event::LegalHoldReleased(event) => vec![(MintedKind::LegalHold, event.legal_hold, "released", None)],
        Event::CompensationSettled(event) => {
            vec![(MintedKind::Claim, event.claim, if event.paid { "paid" } else { "given_up" }, None)]
        }
        _ => Vec::new(),
    }
}

impl Opening<'_> {
    fn row(self, step: &AccountStep<'_>, kind: MintedKind) -> Result<Row, Fault> {
        let (at, nothing) = (step.place.recorded_at, Value::Text(None));
        let by = self.by.map_or_else(|| step.place.actor.as_str(), Token::as_str);
        let mut row = vec![
            step.id().as_str().into(),
            minted(step.id(), kind, step.place.revision),
            step.book.as_str().into(),
            "open".into(),
            nothing.clone(),
            Value::Int(None),
            nothing.clone(),
        ];
        row.extend([
            called(kind).into(),
            self.subject.unwrap_or(nothing),
            word(self.reason),
            word(self.reference),
            self.clause.into(),
            self.count.map_or(Value::Int(None), Value::from),
            credits(self.credits)?,
            self.money.as_ref().map(|money| money.currency().code()).into(),
            minor_of(self.money)?,
            at.into(),
            by.into(),
            self.due_at.into(),
            number(step.place.position),
        ]);
        Ok(row)
    }
}

fn closing(
    step: &AccountStep<'_>,
    kind: MintedKind,
    revision: u64,
    outcome: &str,
    by: Option<&Token>,
) -> Result<Row, Fault> {
    let by = by.map_or_else(|| step.place.actor.as_str(), Token::as_str);
    let (text, int) = (Value::Text(None), Value::Int(None));
    let mut row = vec![
        step.id().as_str().into(),
        minted(step.id(), kind, revision),
        step.book.as_str().into(),
        "closed".into(),
        outcome.into(),
        step.place.recorded_at.into(),
        by.into(),
    ];
    row.extend([
        called(kind).into(),
        text.clone(),
        text.clone(),
        text.clone(),
        text.clone(),
        int.clone(),
        credits(Credits::ZERO)?,
        text.clone(),
        int.clone(),
        int.clone(),
        text,
        int.clone(),
        int,
    ]);
    Ok(row)
}

/// What a case is called.
const fn called(kind: MintedKind) -> &'static str {
    match kind {
        MintedKind::Appeal => "appeal",
        MintedKind::Review => "review",
        MintedKind::Breach => "breach",
        MintedKind::Approval => "approval",
        MintedKind::Announcement => "announcement",
        MintedKind::LegalHold => "legal_hold",
        _ => "claim",
    }
}

const fn party(by: ClosedBy) -> &'static str {
    match by {
        ClosedBy::Holder => "holder",
        ClosedBy::Operator => "operator",
    }
}
