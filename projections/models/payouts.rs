//! What is asked back in money: refunds of orders, and withdrawals, with their evidence.

use scrip_ledger::book::policy::Handling;
use scrip_ledger::event::{Channel, RefundRequested, Withdrawn};
use scrip_ledger::records::Payout;
use scrip_ledger::{Credits, Event, MintedKind, Token};

use crate::accounts::Accounts as Folded;
use crate::model::{AccountStep, Fault, Model};
use crate::rows::{Latest, credits, minor, minor_of, minted, word};
use crate::table::{Change, OnConflict, Row, Table, Value, amount, int, number, text};

pub(crate) const PAYOUTS: Table = Table {
    name: "payouts",
    key: 2,
    columns: &[
        text("account"),
        int("payout"),
        text("book"),
        text("state"),
        int("agreed"),
        amount("credits"),
        int("decided_at"),
        text("decided_by"),
        text("denial"),
        int("ended_at"),
        text("ended_by"),
        text("failure"),
        text("payment_reference"),
        text("id"),
        text("kind"),
        text("order_id"),
        text("cause"),
        text("channel"),
        text("handling"),
        text("clause"),
        int("policy"),
        text("currency"),
        int("refundable"),
        text("reference"),
        int("requested_at"),
        text("requested_by"),
        int("position"),
    ],
    once: 14,
    on_conflict: OnConflict::Replace,
};

pub(crate) const AMOUNTS: Table = Table {
    name: "payout_amounts",
    key: 3,
    columns: &[
        text("account"),
        int("payout"),
        text("currency"),
        text("book"),
        int("amount"),
        int("tax"),
        int("fee"),
        int("owed_at"),
    ],
    once: 0,
    on_conflict: OnConflict::Replace,
};

pub(crate) const EVIDENCE: Table = Table {
    name: "payout_evidence",
    key: 4,
    columns: &[text("account"), int("payout"), text("kind"), text("reference"), int("brought")],
    once: 0,
    on_conflict: OnConflict::Replace,
};

pub(crate) struct Payouts {
    payouts: Latest,
    amounts: Latest,
    evidence: Latest,
}

impl Default for Payouts {
    fn default() -> Self {
        Self { payouts: Latest::of(&PAYOUTS), amounts: Latest::of(&AMOUNTS), evidence: Latest::of(&EVIDENCE) }
    }
}

impl Model for Payouts {
    fn name(&self) -> &'static str {
        "payouts"
    }

    fn schema(&self) -> &'static str {
        include_str!("payouts.sql")
    }

    fn tables(&self) -> &'static [&'static Table] {
        &[&PAYOUTS, &AMOUNTS, &EVIDENCE]
    }

    fn account(&mut self, step: &AccountStep<'_>) -> Result<(), Fault> {
        let payouts = &step.account.records().orders.payouts;
        for revision in touched(step) {
            if let Some(payout) = payouts.get(&revision) {
                self.payouts.put(row(step, revision, payout)?);
            }
        }
        match step.event {
            Event::RefundRequested(event) => self.gather(step, step.place.revision, &event.missing),
            Event::RefundEvidenceAdded(event) => self.gather(step, event.refund, &event.missing),
            Event::RefundReclaimed(event) => return self.owe(step, event.refund),
            Event::Withdrawn(_) => return self.owe(step, step.place.revision),
            _ => {}
        }
        Ok(())
    }

    fn drain(&mut self, _: &Folded) -> Vec<Change> {
        vec![self.payouts.drain(), self.amounts.drain(), self.evidence.drain()]
    }
}

impl Payouts {
    /// What was brought for a refund so far, and what is missing.
    fn gather(&mut self, step: &AccountStep<'_>, refund: u64, missing: &[Token]) {
        let of = step.account.records().orders.payouts.get(&refund).and_then(Payout::refund);
        let key = || vec![step.id().as_str().into(), number(refund)];
        let row = |kind: &Token, reference: Option<&Token>| {
            let mut row: Row = key();
            let reference_text = reference.map_or("", Token::as_str);
            row.extend([kind.as_str().into(), reference_text.into(), reference.is_some().into()]);
            row
        };
        let brought = of.map(|of| of.evidence.as_slice()).unwrap_or_default();
        let brought = brought.iter().map(|piece| row(&piece.kind, Some(&piece.reference)));
        let missing = missing.iter().map(|kind| row(kind, None));
        self.evidence.replace(key(), brought.chain(missing));
    }

    /// What is owed for a payout from now on.
    fn owe(&mut self, step: &AccountStep<'_>, revision: u64) -> Result<(), Fault> {
        let Some(payout) = step.account.records().orders.payouts.get(&revision) else { return Ok(()) };
        for owed in &payout.amounts {
            self.amounts.put(vec![
                step.id().as_str().into(),
                number(revision),
                owed.currency().code().into(),
                step.book.as_str().into(),
                minor(*owed)?,
                minor_of(payout.tax)?,
                minor_of(payout.fee)?,
                step.place.recorded_at.into(),
            ]);
        }
        Ok(())
    }
}

/// The payouts that an event changes.
fn touched(step: &AccountStep<'_>) -> Vec<u64> {
    match step.event {
        Event::RefundRequested(_) | Event::Withdrawn(_) => vec![step.place.revision],
        Event::RefundEvidenceAdded(event) => vec![event.refund],
        Event::RefundApproved(event) => vec![event.refund],
        Event::RefundReclaimed(event) => vec![event.refund],
        Event::RefundDenied(event) => vec![event.refund],
        Event::RefundPaid(event) => vec![event.refund],
        Event::RefundFailed(event) => vec![event.refund],
        // What returned to a lot is taken for the refund of its order, if that is owed: which one, is seen from the account.
        Event::LotReclaimed(event) => {
            let takes = |payout: &Payout| payout.lots.iter().any(|part| part.lot == event.lot);
            let payouts = step.account.records().orders.payouts.iter();
            payouts.filter(|(_, payout)| takes(payout)).map(|(revision, _)| *revision).collect()
        }
        _ => Vec::new(),
    }
}

fn row(step: &AccountStep<'_>, revision: u64, payout: &Payout) -> Result<Row, Fault> {
    let taken = Credits::total(payout.lots.iter().map(|part| part.amount))
        .map_err(|_| Fault::OutOfRange("what was taken for a refund"))?;
    let (decision, ending) = (payout.decision.as_ref(), payout.ending.as_ref());
    let mut row = vec![
        step.id().as_str().into(),
        number(revision),
        step.book.as_str().into(),
        payout.state.as_str().into(),
        minor_of(payout.refund().and_then(|of| of.agreed))?,
        credits(taken)?,
        decision.map(|decision| decision.at).into(),
        word(decision.and_then(|decision| decision.by.as_ref())),
        word(decision.and_then(|decision| decision.reason.as_ref())),
        ending.map(|ending| ending.at).into(),
        word(ending.map(|ending| &ending.by)),
        word(ending.and_then(|ending| ending.reason.as_ref())),
        word(ending.and_then(|ending| ending.reference.as_ref())),
        minted(step.id(), MintedKind::OrderRefund, revision),
    ];
    row.extend(asked(step)?);
    row.extend([
        payout.requested_at.into(),
        payout.requested_by.as_str().into(),
        number(step.place.position),
    ]);
    Ok(row)
}

/// What was asked for, if this event did.
fn asked(step: &AccountStep<'_>) -> Result<[Value; 10], Fault> {
    let nothing = || Value::Text(None);
    Ok(match step.event {
        Event::RefundRequested(event) => {
            let RefundRequested { order_id, cause, channel, handling, clause, policy, refundable, .. } =
                event;
            [
                "refund".into(),
                order_id.as_str().into(),
                cause.as_str().into(),
                way(*channel).into(),
                decided_by(*handling).into(),
                clause.as_deref().into(),
                (*policy).into(),
                refundable.currency().code().into(),
                minor(*refundable)?,
                nothing(),
            ]
        }
        Event::Withdrawn(Withdrawn { reason, reference, .. }) => [
            "withdrawal".into(),
            nothing(),
            reason.as_str().into(),
            nothing(),
            nothing(),
            nothing(),
            Value::Int(None),
            nothing(),
            Value::Int(None),
            word(reference.as_ref()),
        ],
        _ => [
            nothing(),
            nothing(),
            nothing(),
            nothing(),
            nothing(),
            nothing(),
            Value::Int(None),
            nothing(),
            Value::Int(None),
            nothing(),
        ],
    })
}

const fn way(channel: Channel) -> &'static str {
    match channel {
        Channel::Original => "original",
        Channel::Alternative => "alternative",
    }
}

const fn decided_by(handling: Handling) -> &'static str {
    match handling {
        Handling::Automatic => "automatic",
        Handling::Review => "review",
        Handling::Negotiation => "negotiation",
        Handling::Ineligible => "ineligible",
    }
}
