//! Disputes: of calls and statements by holders, and of payments at their providers.

use scrip_ledger::event::{DisputeKind, DisputeOpened, Resolution};
use scrip_ledger::{Credits, Event, MintedKind};

use crate::accounts::Accounts as Folded;
use crate::model::{AccountStep, Fault, Model};
use crate::rows::{Latest, credits, minted, word};
use crate::table::{Change, OnConflict, Row, Table, Value, amount, int, number, text};

pub(crate) const DISPUTES: Table = Table {
    name: "disputes",
    key: 3,
    columns: &[
        text("account"),
        text("subject"),
        text("id"),
        text("book"),
        text("state"),
        text("outcome"),
        amount("credits"),
        amount("debt"),
        int("closed_at"),
        text("closed_by"),
        text("kind"),
        text("reason"),
        text("reference"),
        int("frozen_by"),
        int("opened_at"),
        text("opened_by"),
        int("position"),
    ],
    once: 7,
    on_conflict: OnConflict::Replace,
};

pub(crate) struct Disputes {
    disputes: Latest,
}

impl Default for Disputes {
    fn default() -> Self {
        Self { disputes: Latest::of(&DISPUTES) }
    }
}

/// How a dispute ended.
struct Closing {
    outcome: &'static str,
    credits: Credits,
    debt: Credits,
    by: Value,
}

/// How a dispute began.
#[derive(Default)]
struct Opening {
    reason: Option<Value>,
    reference: Option<Value>,
    freeze: Option<u64>,
    by: Option<Value>,
}

impl Model for Disputes {
    fn name(&self) -> &'static str {
        "disputes"
    }

    fn schema(&self) -> &'static str {
        include_str!("disputes.sql")
    }

    fn tables(&self) -> &'static [&'static Table] {
        &[&DISPUTES]
    }

    fn account(&mut self, step: &AccountStep<'_>) -> Result<(), Fault> {
        let actor = || Value::from(step.place.actor.as_str());
        let row = match step.event {
            Event::DisputeOpened(event) => {
                let opening = Opening {
                    reason: Some(event.reason.as_str().into()),
                    reference: Some(word(event.reference.as_ref())),
                    freeze: None,
                    by: Some(event.by.as_str().into()),
                };
                row(step, of_holder(step, step.place.revision, event), None, opening)?
            }
            Event::DisputeResolved(event) => {
                let Some(dispute) = step.account.records().billing.dispute(event.dispute) else {
                    return Ok(());
                };
                let outcome = match event.outcome {
                    Resolution::Credited => "credited",
                    Resolution::Rejected => "rejected",
                };
                let by = event.by.as_str().into();
                let closing = Closing { outcome, credits: event.credits, debt: Credits::ZERO, by };
                let which = of_holder(step, event.dispute, &dispute.opened);
                row(step, which, Some(closing), Opening::default())?
            }
            Event::PaymentDisputed(event) => {
                let which = ["payment".into(), event.order_id.as_str().into(), event.dispute.as_str().into()];
                let opening = Opening { freeze: event.freeze, by: Some(actor()), ..Opening::default() };
                row(step, which, None, opening)?
            }
            Event::PaymentDisputeClosed(event) => {
                let which = ["payment".into(), event.order_id.as_str().into(), event.dispute.as_str().into()];
                let outcome = if event.won { "won" } else { "lost" };
                let closing = Closing { outcome, credits: event.credits, debt: event.debt, by: actor() };
                // The provider may never have told that it began.
                row(step, which, Some(closing), Opening { by: Some(actor()), ..Opening::default() })?
            }
            _ => return Ok(()),
        };
        self.disputes.put(row);
        Ok(())
    }

    fn drain(&mut self, _: &Folded) -> Vec<Change> {
        vec![self.disputes.drain()]
    }
}

/// The kind, the subject and the id of a dispute by a holder.
fn of_holder(step: &AccountStep<'_>, revision: u64, opened: &DisputeOpened) -> [Value; 3] {
    let (kind, minted_kind) = match opened.kind {
        DisputeKind::Call => ("call", MintedKind::Debit),
        DisputeKind::Statement => ("statement", MintedKind::Statement),
    };
    let subject = minted(step.id(), minted_kind, opened.subject);
    [kind.into(), subject, minted(step.id(), MintedKind::Dispute, revision)]
}

fn row(
    step: &AccountStep<'_>,
    [kind, subject, id]: [Value; 3],
    closing: Option<Closing>,
    opening: Opening,
) -> Result<Row, Fault> {
    let (back, debt) = closing.as_ref().map_or_else(Default::default, |end| (end.credits, end.debt));
    let at = Value::from(step.place.recorded_at);
    let nothing = Value::Text(None);
    Ok(vec![
        step.id().as_str().into(),
        subject,
        id,
        step.book.as_str().into(),
        if closing.is_some() { "closed" } else { "open" }.into(),
        closing.as_ref().map(|end| end.outcome).into(),
        credits(back)?,
        credits(debt)?,
        closing.as_ref().map(|_| step.place.recorded_at).into(),
        closing.map_or_else(|| nothing.clone(), |end| end.by),
        kind,
        opening.reason.unwrap_or_else(|| nothing.clone()),
        opening.reference.unwrap_or_else(|| nothing.clone()),
        opening.freeze.map_or(Value::Int(None), number),
        at,
        opening.by.unwrap_or(nothing),
        number(step.place.position),
    ])
}
