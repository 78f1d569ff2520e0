//! A refund after something was done about it, as the events say.

use scrip_engine::Accepted;
use scrip_ledger::book::policy::Handling;
use scrip_ledger::event::{Channel, RefundReclaimed, RefundRequested};
use scrip_ledger::{Event, MintedKind, Token};
use serde::Serialize;
use utoipa::ToSchema;

use super::lists::MoneyItem;
use crate::answers::{LotParts, id};
use crate::values::{Id, MintedId};

/// A refund after something was done about it.
#[derive(Serialize, ToSchema)]
#[schema(as = RefundStep)]
pub(crate) struct RefundAnswer<'a> {
    refund_id: MintedId,
    account_id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<Id>,
    /// `requested`, `waiting` (approved, for holds on the order's lots), `approved`, `denied`, `paid` or `failed`.
    status: &'static str,
    /// By whom it is decided: `automatic`, `review` or `negotiation`.
    #[serde(skip_serializing_if = "Option::is_none")]
    handling: Option<&'static str>,
    /// By which way the money goes back: `original` or `alternative`.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'static str>,
    /// The clause of the terms that it is handled by.
    #[serde(skip_serializing_if = "Option::is_none")]
    clause: Option<String>,
    /// Evidence that is missing before it can be approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    missing: Option<&'a [Token]>,
    /// What could be refunded when it was asked for, before tax and fees.
    #[serde(skip_serializing_if = "Option::is_none")]
    refundable: Option<MoneyItem>,
    /// The version of the policy that it is handled by.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_version: Option<u32>,
    /// What is owed, before tax and fees.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<MoneyItem>,
    /// What is owed of the tax.
    #[serde(skip_serializing_if = "Option::is_none")]
    tax: Option<MoneyItem>,
    /// What is owed of the payment's fees.
    #[serde(skip_serializing_if = "Option::is_none")]
    fee: Option<MoneyItem>,
    /// What was voided for it of which lots, or is the holder's again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<crate::answers::LotPart>>)]
    lots: Option<LotParts<'a>>,
    /// The code of a denial, or of why it could not be paid out.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Id>,
    /// The freeze that the denial brought with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    freeze_id: Option<MintedId>,
    position: u64,
    revision: u64,
}

/// By whom a request is decided, in a word.
pub(super) const fn handling(handling: Handling) -> &'static str {
    match handling {
        Handling::Automatic => "automatic",
        Handling::Review => "review",
        Handling::Negotiation => "negotiation",
        Handling::Ineligible => "ineligible",
    }
}

/// By which way money goes back, in a word.
pub(super) const fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Original => "original",
        Channel::Alternative => "alternative",
    }
}

/// What became of a refund, from the events alone.
pub(super) fn answer(done: &Accepted) -> Option<RefundAnswer<'_>> {
    let (mut of, mut answer): (u64, Option<RefundAnswer<'_>>) = (0, None);
    for (at, event) in (done.first_revision..).zip(&done.events) {
        let refund = match event {
            Event::RefundRequested(_) => at,
            Event::RefundEvidenceAdded(added) => added.refund,
            Event::RefundApproved(approved) => approved.refund,
            Event::RefundDenied(denied) => denied.refund,
            Event::RefundPaid(paid) => paid.refund,
            Event::RefundFailed(failed) => failed.refund,
            Event::RefundReclaimed(reclaimed) => reclaimed.refund,
            // What comes with a denial; anything else is not of the refund.
            Event::Frozen(_) => {
                if let Some(answer) = &mut answer {
                    answer.freeze_id = Some(id(done, MintedKind::Freeze, at));
                }
                continue;
            }
            _ => continue,
        };
        // Another refund may have waited for what was recorded first.
        match &mut answer {
            Some(answer) if of == refund => answer.take(done, event),
            None if !matches!(event, Event::RefundReclaimed(_)) => {
                of = refund;
                answer.insert(RefundAnswer::new(done, refund)).take(done, event);
            }
            Some(_) | None => {}
        }
    }
    answer
}

impl<'a> RefundAnswer<'a> {
    fn new(done: &'a Accepted, refund: u64) -> Self {
        Self {
            refund_id: id(done, MintedKind::OrderRefund, refund),
            account_id: done.account.clone().into(),
            order_id: None,
            cause: None,
            status: "requested",
            handling: None,
            channel: None,
            clause: None,
            missing: None,
            refundable: None,
            policy_version: None,
            amount: None,
            tax: None,
            fee: None,
            lots: None,
            reason: None,
            freeze_id: None,
            position: done.position,
            revision: done.revision(),
        }
    }

    fn take(&mut self, done: &'a Accepted, event: &'a Event) {
        let lots = |parts| Some(LotParts { account: &done.account, parts });
        match event {
            Event::RefundRequested(requested) => self.requested(requested),
            Event::RefundEvidenceAdded(added) => self.missing = Some(&added.missing),
            Event::RefundApproved(_) => self.status = "waiting",
            Event::RefundReclaimed(RefundReclaimed { lots: parts, amount, tax, fee, .. }) => {
                self.status = "approved";
                self.amount = Some((*amount).into());
                self.tax = tax.map(MoneyItem::from);
                self.fee = fee.map(MoneyItem::from);
                self.lots = lots(parts);
            }
            Event::RefundDenied(denied) => {
                self.status = "denied";
                self.reason = Some(denied.reason.clone().into());
            }
            Event::RefundPaid(_) => self.status = "paid",
            Event::RefundFailed(failed) => {
                self.status = "failed";
                self.reason = Some(failed.reason.clone().into());
                self.lots = lots(&failed.reinstated);
            }
            _ => {}
        }
    }

    fn requested(&mut self, requested: &'a RefundRequested) {
        self.order_id = Some(requested.order_id.clone().into());
        self.cause = Some(requested.cause.clone().into());
        self.handling = Some(handling(requested.handling));
        self.channel = Some(channel(requested.channel));
        self.clause = requested.clause.as_ref().map(ToString::to_string);
        self.missing = Some(&requested.missing);
        self.refundable = Some(requested.refundable.into());
        self.policy_version = Some(requested.policy);
    }
}
