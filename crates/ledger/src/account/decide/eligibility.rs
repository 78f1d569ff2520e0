//! What the terms say of an order's money: who decides on a request, by which way it goes back, until when, and how
//! much there is (Z5–Z9, I6, M3, P5, A2).

use super::super::event::{Basis, Channel, Evidence};
use super::super::records::paid_in_all;
use super::super::{Account, Bucket, Refusal, Status};
use crate::book::Book;
use crate::book::policy::{Advice, Clause, EvidenceRule, Handling, OnTop, Policy, RefundRule, RefundTerms};
use crate::{Credits, Money, Timestamp, Token};

/// How a request for an order's money is handled, if it is made at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eligibility {
    /// The order.
    pub order_id: Token,
    /// The cause that is given, as a code.
    pub cause: Token,
    /// What was paid for its credits.
    pub paid: Money,
    /// When.
    pub paid_at: Timestamp,
    /// By whom it is decided; by nobody if it is refused.
    pub handling: Handling,
    /// Why it is refused.
    pub refused: Option<Refusal>,
    /// The clause that says so.
    pub clause: Clause,
    /// What a reviewer does without a reason to do otherwise.
    pub advice: Option<Advice>,
    /// By which way the money goes back.
    pub channel: Channel,
    /// The clause that says so.
    pub channel_clause: Clause,
    /// The last instant of the way that the payment came.
    pub original_until: Option<Timestamp>,
    /// The last instant of a request.
    pub window_until: Option<Timestamp>,
    /// What there is to refund.
    pub refundable: Refundable,
    /// What must be there before it can be approved.
    pub required: Vec<EvidenceRule>,
    /// A refund of it that is under way.
    pub under_way: Option<u64>,
    /// The version of the policy that says all this.
    pub policy: u32,
}

/// What there is to refund of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refundable {
    /// The unspent credits of its lots.
    pub credits: Credits,
    /// At their cost basis.
    pub amount: Money,
    /// What goes with it of the tax.
    pub tax: Option<Money>,
    /// What goes with it of the payment's fees.
    pub fee: Option<Money>,
}

impl Eligibility {
    /// The kinds of evidence that are missing.
    pub fn missing(&self, evidence: &[Evidence]) -> Vec<Token> {
        missing(self.required.iter(), evidence).map(|rule| rule.kind.clone()).collect()
    }
}

/// The rules of evidence that are not met.
pub(super) fn missing<'a>(
    rules: impl Iterator<Item = &'a EvidenceRule>,
    evidence: &[Evidence],
) -> impl Iterator<Item = &'a EvidenceRule> {
    rules.filter(move |rule| !evidence.iter().any(|piece| piece.kind == rule.kind))
}

/// What must be there before a request by a channel can be approved (Z7).
pub(super) fn required(terms: &RefundTerms, channel: Channel) -> impl Iterator<Item = &EvidenceRule> {
    terms
        .evidence
        .iter()
        .filter(move |rule| !rule.alternative_channel_only || channel == Channel::Alternative)
}

impl Account {
    /// Every order that has paid for lots of the account, in the order of those.
    pub fn order_ids(&self) -> Vec<Token> {
        let mut ids: Vec<Token> = Vec::new();
        for basis in self.lots().iter().filter_map(|lot| lot.basis.as_deref()) {
            if !ids.contains(&basis.order_id) {
                ids.push(basis.order_id.clone());
            }
        }
        ids
    }

    /// How a request for an order's money is handled, if it is made at a time; nothing if there is no such order.
    pub fn refund_eligibility(
        &self,
        book: &Book,
        order_id: &Token,
        cause: &Token,
        now: Timestamp,
    ) -> Option<Eligibility> {
        let basis = self.basis_of_order(order_id)?;
        let policy = book.policy(now);
        let terms = policy.refunds.as_ref();
        let rule = terms.map(|terms| self.rule_for(terms, cause));
        let channel_rule = terms.and_then(|terms| terms.channel.as_ref());
        let original_until = channel_rule.map(|rule| basis.paid_at.plus_days(rule.original_days));
        let channel = match original_until {
            Some(until) if now > until => Channel::Alternative,
            Some(_) | None => Channel::Original,
        };
        let window_until =
            rule.as_ref().and_then(|rule| rule.within_days).map(|days| basis.paid_at.plus_days(days));
        let refused = match &rule {
            None => {
                Some(Refusal::NotEligible { reason: "the terms give no refunds of orders", clause: None })
            }
            Some(rule) => self.refused(basis, rule, window_until, now),
        };
        let handling = match &rule {
            Some(rule) if refused.is_none() => rule.handling,
            Some(_) | None => Handling::Ineligible,
        };
        Some(Eligibility {
            order_id: order_id.clone(),
            cause: cause.clone(),
            paid: basis.paid,
            paid_at: basis.paid_at,
            handling,
            refused,
            clause: rule.as_ref().and_then(|rule| rule.clause.clone()),
            advice: rule.as_ref().and_then(|rule| rule.default),
            channel,
            channel_clause: channel_rule.and_then(|rule| rule.clause.clone()),
            original_until,
            window_until,
            refundable: self.refundable(policy, basis, None),
            required: terms.map(|terms| required(terms, channel).cloned().collect()).unwrap_or_default(),
            under_way: self.refund_under_way(order_id),
            policy: policy.version,
        })
    }

    /// The cause's rule, unless the service has ended the account for what has a rule of its own (Z9).
    fn rule_for(&self, terms: &RefundTerms, cause: &Token) -> RefundRule {
        let ended_for = self.records().orders.ended_for.as_ref();
        let ended_for = ended_for.filter(|_| self.status() == Status::Closed);
        match (&terms.terminated, ended_for) {
            (Some(rule), Some(reason)) if rule.reasons.is_empty() || rule.reasons.contains(reason) => {
                rule.rule()
            }
            _ => terms.causes.get(cause).unwrap_or(&terms.otherwise).clone(),
        }
    }

    fn refused(
        &self,
        basis: &Basis,
        rule: &RefundRule,
        window_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Refusal> {
        let not = |reason| Some(Refusal::NotEligible { reason, clause: rule.clause.clone() });
        if let Some(reason) = self.money_is_gone(basis) {
            return not(reason);
        }
        if rule.handling == Handling::Ineligible {
            return not("the terms do not refund an order for this cause");
        }
        if let Some(until) = window_until.filter(|until| now > *until) {
            let what = "a request for a refund";
            return Some(Refusal::WindowClosed { what, until, clause: rule.clause.clone() });
        }
        let sum = |bucket| self.credits_of_order(&basis.order_id, bucket);
        if rule.unused_only && !sum(Bucket::Spent).is_zero() {
            return not("credits of the order were spent");
        }
        if sum(Bucket::Free).is_zero() && sum(Bucket::Held).is_zero() {
            return not("nothing of the order is left unspent");
        }
        None
    }

    /// Why nothing of an order's money can be asked for, whatever the cause.
    pub(super) fn money_is_gone(&self, basis: &Basis) -> Option<&'static str> {
        let orders = &self.records().orders;
        if orders.refunds_of(&basis.order_id).any(|(_, payout, _)| payout.is_due()) {
            return Some("the order was refunded before");
        }
        let standing = orders.standings.get(&basis.order_id)?;
        if standing.was_taken_back() {
            return Some("the payment was taken back at its provider");
        }
        if standing.is_disputed() {
            return Some("the payment is disputed at its provider");
        }
        let all = paid_in_all(basis.paid, [basis.tax, basis.fee]).minor();
        (standing.elsewhere >= all).then_some("the payment was paid back at its provider")
    }

    fn refund_under_way(&self, order_id: &Token) -> Option<u64> {
        let mut refunds = self.records().orders.refunds_of(order_id);
        refunds.find(|(_, payout, _)| payout.is_under_way()).map(|(revision, _, _)| revision)
    }

    /// What there is to refund of an order: the unspent part of its lots at cost basis, rounded down once; what was
    /// agreed on, if that is less. All refunds of an order together never come to more than was paid.
    pub(super) fn refundable(&self, policy: &Policy, basis: &Basis, agreed: Option<Money>) -> Refundable {
        let credits = self.credits_of_order(&basis.order_id, Bucket::Free);
        let standing = self.records().orders.standings.get(&basis.order_id);
        let gone = standing
            .map_or(0, |standing| standing.elsewhere.saturating_add(standing.money_taken_back(basis)))
            .saturating_add(self.refunded_at_all(&basis.order_id));
        let mut left = paid_in_all(basis.paid, [basis.tax, basis.fee]).above(gone).minor();
        let mut at_most = |wanted: Money| {
            let given = wanted.minor().min(left);
            left = left.saturating_sub(given);
            Money::of_minor(basis.paid.currency(), given)
        };
        let unspent = basis.paid.part(credits, basis.credits);
        let amount = at_most(match agreed {
            Some(agreed) if agreed.minor() < unspent.minor() => agreed,
            Some(_) | None => unspent,
        });
        let terms = policy.refunds.as_ref();
        let mut with_it = |rule: Option<OnTop>, on_top: Option<Money>| match rule {
            Some(OnTop::Proportional) => {
                on_top.map(|on_top| at_most(on_top.proportion(amount.minor(), basis.paid.minor())))
            }
            Some(OnTop::Kept) | None => None,
        };
        let tax = with_it(terms.map(|terms| terms.tax), basis.tax);
        let fee = with_it(terms.map(|terms| terms.fee), basis.fee);
        Refundable { credits, amount, tax, fee }
    }
}
