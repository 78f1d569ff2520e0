//! Subscriptions: a plan's credits, period by period.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::event::{DebtRepaid, PeriodGranted};
use scrip_ledger::records::{Subscription, SubscriptionPeriod};
use scrip_ledger::{AccountId, Command, Credits, Event, Minted, MintedKind, command};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::lists::MoneyItem;
use super::top_ups::{PaymentAnswer, PaymentBody};
use crate::answers::id;
use crate::app::Shared;
use crate::auth::Principal;
use crate::call::Call;
use crate::command::{Asked, At, Operation, minted};
use crate::format::Listing;
use crate::openapi::{KeyHeader, ListOf};
use crate::paging::List;
use crate::problem::{Code, Problem, Problems};
use crate::read::{Paged, Since};
use crate::rights::Right;
use crate::values::{Amount, Id, IdIn, MintedId, Time, optional};

/// Subscribe.
struct Subscribe;
/// Cancel.
struct Cancel;
/// Pay a period.
struct Pay;

#[derive(Deserialize, ToSchema)]
#[schema(as = Subscribe)]
pub(crate) struct SubscribeBody {
    /// The plan of the catalog.
    #[serde(alias = "plan_id")]
    plan: IdIn,
    /// The order of the first period; used once. Without it, one is made up.
    order_id: Option<IdIn>,
    /// The payment of the first period.
    payment: PaymentBody,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = PayPeriod)]
pub(crate) struct PayBody {
    /// The payment of the first period that is not paid.
    payment: PaymentBody,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = CancelSubscription)]
pub(crate) struct CancelBody {}

/// When a period begins and ends.
#[derive(Serialize, ToSchema)]
pub(crate) struct Span {
    from: Time,
    until: Time,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Subscribed)]
pub(crate) struct SubscribeAnswer<'a> {
    subscription_id: MintedId,
    account_id: Id,
    plan: Id,
    /// How long a period is, ISO 8601.
    every: String,
    period: Span,
    order_id: Id,
    lot_id: MintedId,
    /// The version of the catalog that it was bought from.
    catalog_version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<PaymentBody>)]
    payment: Option<PaymentAnswer<'a>>,
    credits: Amount,
    expires_at: Time,
    priority: u16,
    /// What of the credits repaid debt at once.
    debt_repaid: Amount,
    recorded_at: Time,
    position: u64,
    revision: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SubscriptionCancelled)]
pub(crate) struct CancelAnswer {
    subscription_id: MintedId,
    account_id: Id,
    /// When it ends: with its period.
    ends_at: Time,
    recorded_at: Time,
    position: u64,
    revision: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PeriodPaid)]
pub(crate) struct PayAnswer<'a> {
    subscription_id: MintedId,
    account_id: Id,
    /// The order of the period that was paid.
    order_id: Id,
    lot_id: MintedId,
    #[schema(value_type = PaymentBody)]
    payment: PaymentAnswer<'a>,
    /// What of its credits repaid debt.
    debt_repaid: Amount,
    recorded_at: Time,
    position: u64,
    revision: u64,
}

/// A subscription.
#[derive(Serialize, ToSchema)]
#[schema(as = Subscription)]
pub(crate) struct SubscriptionItem {
    subscription_id: MintedId,
    plan: Id,
    /// `active`, `cancelled` (it ends with its period) or `ended`.
    status: &'static str,
    /// How long a period is, ISO 8601.
    every: String,
    began_at: Time,
    /// The latest period.
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<PeriodItem>,
    /// How many periods have begun.
    periods: usize,
    /// The periods that are not paid, oldest first.
    unpaid: Vec<PeriodItem>,
    /// When it ends, or ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<Time>,
    /// Why it ended, as a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    end_reason: Option<Id>,
}

/// A period of a subscription.
#[derive(Serialize, ToSchema)]
#[schema(as = SubscriptionPeriod)]
pub(crate) struct PeriodItem {
    from: Time,
    until: Time,
    order_id: Id,
    lot_id: MintedId,
    price: MoneyItem,
}

impl PeriodItem {
    fn of(account: &AccountId, period: &SubscriptionPeriod) -> Self {
        Self {
            from: period.from.into(),
            until: period.until.into(),
            order_id: period.order_id.clone().into(),
            lot_id: Minted::new(account, MintedKind::Lot, period.lot).into(),
            price: period.price.into(),
        }
    }
}

impl SubscriptionItem {
    fn of(account: &AccountId, subscription: &Subscription) -> Self {
        let (ended_at, end_reason) = subscription.ended.clone().unzip();
        Self {
            subscription_id: Minted::new(account, MintedKind::Subscription, subscription.revision).into(),
            plan: subscription.plan.clone().into(),
            status: match (ended_at, subscription.cancelled) {
                (Some(_), _) => "ended",
                (None, Some(_)) => "cancelled",
                (None, None) => "active",
            },
            every: subscription.every.to_string(),
            began_at: subscription.began_at.into(),
            period: subscription.period().map(|period| PeriodItem::of(account, period)),
            periods: subscription.periods.len(),
            unpaid: subscription.unpaid().iter().map(|period| PeriodItem::of(account, period)).collect(),
            ends_at: ended_at.or(subscription.cancelled).map(Time::from),
            end_reason: end_reason.map(Id::from),
        }
    }
}

/// The subscription that the path names.
fn subscription(at: &At<'_>) -> Result<Minted, Problem> {
    minted(at.id, MintedKind::Subscription, Code::SUBSCRIPTION_NOT_FOUND)
}

/// What of the new credits repaid debt.
fn debt_repaid(done: &Accepted) -> Amount {
    let repaid = done.find(|event| match event {
        Event::DebtRepaid(DebtRepaid { lots }) => Some(lots.iter().map(|part| part.amount).sum::<Credits>()),
        _ => None,
    });
    repaid.map_or(Credits::ZERO, |(_, repaid)| repaid).into()
}

impl Operation for Subscribe {
    const NAME: &'static str = "subscribe";
    const RIGHT: Right = Right::Subscriptions;
    const STATUS: StatusCode = StatusCode::CREATED;
    type Body = SubscribeBody;
    type Answer<'a> = SubscribeAnswer<'a>;

    fn ask(at: &At<'_>, body: SubscribeBody) -> Result<Asked, Problem> {
        let subscribe = command::Subscribe {
            plan: body.plan.get("plan")?,
            order_id: optional(body.order_id, "order_id")?,
            payment: body.payment.read()?,
            notices: Vec::new(),
        };
        Ok(Asked::of(at.account()?, Command::Subscribe(subscribe)))
    }

    fn answer(done: &Accepted) -> Option<SubscribeAnswer<'_>> {
        let (subscription, subscribed) = done.find(|event| match event {
            Event::Subscribed(subscribed) => Some(subscribed),
            _ => None,
        })?;
        // Periods of other subscriptions may have begun in the same step.
        let (lot, granted) = done.find(|event| match event {
            Event::PeriodGranted(granted) => {
                Some(granted).filter(|granted| granted.subscription == subscription)
            }
            _ => None,
        })?;
        let PeriodGranted { from, until, order_id, payment, credits, expires_at, priority, catalog, .. } =
            granted;
        Some(SubscribeAnswer {
            subscription_id: id(done, MintedKind::Subscription, subscription),
            account_id: done.account.clone().into(),
            plan: subscribed.plan.clone().into(),
            every: subscribed.every.to_string(),
            period: Span { from: (*from).into(), until: (*until).into() },
            order_id: order_id.clone().into(),
            lot_id: id(done, MintedKind::Lot, lot),
            catalog_version: *catalog,
            payment: payment.as_ref().map(PaymentAnswer::from),
            credits: (*credits).into(),
            expires_at: (*expires_at).into(),
            priority: *priority,
            debt_repaid: debt_repaid(done),
            recorded_at: done.recorded_at.into(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

impl Operation for Cancel {
    const NAME: &'static str = "cancel_subscription";
    const RIGHT: Right = Right::CancelSubscriptions;
    type Body = CancelBody;
    type Answer<'a> = CancelAnswer;

    fn ask(at: &At<'_>, CancelBody {}: CancelBody) -> Result<Asked, Problem> {
        let Minted { account, revision, .. } = subscription(at)?;
        let by = at.caller.subject.clone();
        Ok(Asked::of(account, Command::CancelSubscription { subscription: revision, by }))
    }

    fn answer(done: &Accepted) -> Option<CancelAnswer> {
        let (_, cancelled) = done.find(|event| match event {
            Event::SubscriptionCancelled(cancelled) => Some(cancelled),
            _ => None,
        })?;
        Some(CancelAnswer {
            subscription_id: id(done, MintedKind::Subscription, cancelled.subscription),
            account_id: done.account.clone().into(),
            ends_at: cancelled.ends_at.into(),
            recorded_at: done.recorded_at.into(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

impl Operation for Pay {
    const NAME: &'static str = "pay_period";
    const RIGHT: Right = Right::Subscriptions;
    type Body = PayBody;
    type Answer<'a> = PayAnswer<'a>;

    fn ask(at: &At<'_>, body: PayBody) -> Result<Asked, Problem> {
        let Minted { account, revision, .. } = subscription(at)?;
        let pay =
            command::PayPeriod { subscription: revision, payment: body.payment.read()?, notices: Vec::new() };
        Ok(Asked::of(account, Command::PayPeriod(pay)))
    }

    fn answer(done: &Accepted) -> Option<PayAnswer<'_>> {
        let (_, paid) = done.find(|event| match event {
            Event::PeriodPaid(paid) => Some(paid),
            _ => None,
        })?;
        Some(PayAnswer {
            subscription_id: id(done, MintedKind::Subscription, paid.subscription),
            account_id: done.account.clone().into(),
            order_id: paid.order_id.clone().into(),
            lot_id: id(done, MintedKind::Lot, paid.lot),
            payment: (&paid.payment).into(),
            debt_repaid: debt_repaid(done),
            recorded_at: done.recorded_at.into(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

/// Subscribe to a plan, at the catalog's price.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/subscriptions", tag = "subscriptions", operation_id = "subscribe",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = SubscribeBody,
    responses((status = 201, body = SubscribeAnswer), Problems))]
pub(crate) async fn subscribe(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Subscribe>(&id, call).await
}

/// End a subscription with its period; its credits stay as long as they last.
#[utoipa::path(post, path = "/v1/subscriptions/{subscription_id}/cancel", tag = "subscriptions",
    operation_id = "cancelSubscription",
    params(("subscription_id" = String, Path, description = "The subscription."), KeyHeader), request_body = CancelBody,
    responses((status = 200, body = CancelAnswer), Problems))]
pub(crate) async fn cancel(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Cancel>(&id, call).await
}

/// Pay the first period that is not paid.
#[utoipa::path(post, path = "/v1/subscriptions/{subscription_id}/payments", tag = "subscriptions",
    operation_id = "payPeriod",
    params(("subscription_id" = String, Path, description = "The subscription."), KeyHeader), request_body = PayBody,
    responses((status = 200, body = PayAnswer), Problems))]
pub(crate) async fn pay(State(app): Shared, Path(id): Path<String>, call: Call) -> Result<Response, Problem> {
    app.run::<Pay>(&id, call).await
}

/// An account's subscriptions, in the order they began.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/subscriptions", tag = "subscriptions",
    operation_id = "listSubscriptions",
    params(("account_id" = String, Path, description = "The account."), crate::paging::PageParams, Since),
    responses((status = 200, body = inline(ListOf<SubscriptionItem>)), Problems))]
pub(crate) async fn list(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(page, since): Paged<Since>,
) -> Result<List<SubscriptionItem>, Problem> {
    let stand = app.stand_now(&caller, Right::ReadUsage, &id, &since).await?;
    let account = &stand.account;
    let all = account.records().subscriptions.all().iter().map(|found| (found.revision, found));
    let show = |_, found| SubscriptionItem::of(account.id(), found);
    Ok(page.read(Listing::SUBSCRIPTIONS)?.cut(all, show, stand.position))
}
