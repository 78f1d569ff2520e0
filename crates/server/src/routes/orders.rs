//! Orders: what was bought, by top-ups and by periods of subscriptions, and what was asked back of it.

use axum::extract::{Path, State};
use scrip_ledger::event::Payment;
use scrip_ledger::records::{PaymentDispute, Standing, Subscription};
use scrip_ledger::{Account, Credits, Event, Minted, MintedKind, Money, Timestamp, Token};
use scrip_store::Recorded;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::lists::{MoneyItem, Written, recorded_at, written};
use super::top_ups::{PaymentAnswer, PaymentBody};
use crate::app::Shared;
use crate::auth::Principal;
use crate::format::Listing;
use crate::openapi::ListOf;
use crate::paging::PageParams;
use crate::problem::{Problem, Problems};
use crate::read::{Paged, Since};
use crate::rights::Right;
use crate::values::{Amount, Id, MintedId, Time};

/// An order: a payment and the lot that it brought, or a period of a subscription, paid or not.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderItem)]
pub(crate) struct OrderItem<'a> {
    order_id: Id,
    lot_id: MintedId,
    /// Of a top-up: the product that was bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<Id>,
    /// Of a period: the plan that was subscribed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<Id>,
    /// Of a period: the subscription.
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription_id: Option<MintedId>,
    catalog_version: u32,
    /// What it costs, before tax and fees.
    price: MoneyItem,
    /// Whether it is paid: a period that began by itself is paid later.
    paid: bool,
    /// The payment that it began with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<PaymentBody>)]
    payment: Option<PaymentAnswer<'a>>,
    credits: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Time>,
    /// The latest refund of it that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund: Option<OrderRefundItem>,
    /// What its payment's provider has paid back, tax and fees included.
    #[serde(skip_serializing_if = "Option::is_none")]
    refunded_by_provider: Option<MoneyItem>,
    /// Disputes at its payment's provider.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    disputes: Vec<PaymentDisputeItem>,
    recorded_at: Time,
    position: u64,
    revision: u64,
}

/// A refund of an order, and how far it has come.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderRefundItem)]
pub(crate) struct OrderRefundItem {
    refund_id: MintedId,
    /// `requested`, `waiting`, `approved`, `denied`, `paid` or `failed`.
    status: &'static str,
}

/// A dispute at a payment's provider.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentDisputeItem)]
pub(crate) struct PaymentDisputeItem {
    /// The provider's id of it.
    dispute: Id,
    /// `open`, `won` or `lost`.
    status: &'static str,
}

fn disputes(standing: &Standing) -> Vec<PaymentDisputeItem> {
    let item = |(dispute, known): (&Token, &PaymentDispute)| PaymentDisputeItem {
        dispute: dispute.clone().into(),
        status: match known.won {
            None => "open",
            Some(true) => "won",
            Some(false) => "lost",
        },
    };
    standing.disputes.iter().map(item).collect()
}

/// What an event bought.
struct Bought<'a> {
    order_id: &'a Token,
    product_id: Option<Id>,
    /// Of a period: its plan and its subscription.
    subscribed: Option<(&'a Subscription, u64)>,
    catalog: u32,
    price: Money,
    payment: Option<&'a Payment>,
    credits: Credits,
    expires_at: Option<Timestamp>,
}

impl<'a> Bought<'a> {
    fn of(stand: &'a Account, event: &'a Event) -> Option<Self> {
        match event {
            Event::ToppedUp(topped_up) => Some(Self {
                order_id: &topped_up.order_id,
                product_id: Some(topped_up.product_id.clone().into()),
                subscribed: None,
                catalog: topped_up.catalog,
                price: topped_up.payment.amount,
                payment: Some(&topped_up.payment),
                credits: topped_up.credits,
                expires_at: topped_up.expires_at,
            }),
            Event::PeriodGranted(granted) => Some(Self {
                order_id: &granted.order_id,
                product_id: None,
                subscribed: Some((
                    stand.records().subscriptions.get(granted.subscription)?,
                    granted.subscription,
                )),
                catalog: granted.catalog,
                price: granted.price,
                payment: granted.payment.as_ref(),
                credits: granted.credits,
                expires_at: Some(granted.expires_at),
            }),
            _ => None,
        }
    }
}

fn order(stand: &Account, recorded: &Recorded, event: &Event) -> Option<Box<RawValue>> {
    let bought = Bought::of(stand, event)?;
    let orders = &stand.records().orders;
    let account = stand.id();
    let refund = orders.refunds_of(bought.order_id).last().map(|(revision, payout, _)| OrderRefundItem {
        refund_id: Minted::new(account, MintedKind::OrderRefund, revision).into(),
        status: payout.state.as_str(),
    });
    let standing = orders.standings.get(bought.order_id);
    let refunded = standing.filter(|standing| standing.refunded > 0);
    let refunded = refunded.map(|standing| Money::of_minor(bought.price.currency(), standing.refunded));
    written(&OrderItem {
        order_id: bought.order_id.clone().into(),
        lot_id: Minted::new(account, MintedKind::Lot, recorded.revision).into(),
        product_id: bought.product_id,
        plan: bought.subscribed.map(|(subscription, _)| subscription.plan.clone().into()),
        subscription_id: bought
            .subscribed
            .map(|(_, revision)| Minted::new(account, MintedKind::Subscription, revision).into()),
        catalog_version: bought.catalog,
        price: bought.price.into(),
        paid: bought.subscribed.is_none_or(|(subscription, _)| {
            subscription.unpaid().iter().all(|period| period.lot != recorded.revision)
        }),
        payment: bought.payment.map(PaymentAnswer::from),
        credits: bought.credits.into(),
        expires_at: bought.expires_at.map(Time::from),
        refund,
        refunded_by_provider: refunded.map(MoneyItem::from),
        disputes: standing.map(disputes).unwrap_or_default(),
        recorded_at: recorded_at(recorded),
        position: recorded.position,
        revision: recorded.revision,
    })
}

/// An account's orders, in the order they came in.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/orders", tag = "lists", operation_id = "listOrders",
    params(("account_id" = String, Path, description = "The account."), PageParams, Since),
    responses((status = 200, body = inline(ListOf<OrderItem<'static>>)), Problems))]
pub(crate) async fn list(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(page, since): Paged<Since>,
) -> Result<Written, Problem> {
    app.events_as(Right::ReadUsage, &caller, (&id, page.read(Listing::ORDERS)?, &since), order).await
}
