//! Lists of what an account has and what happened to it, read from its own stream.

use std::collections::HashMap;

use axum::extract::{Path, State};
use scrip_engine::KeptCall;
use scrip_ledger::event::{Charged, LotAmount};
use scrip_ledger::{
    Account, AccountId, Bucket, Credits, Event, Hold, Lot, Minted, MintedKind, Money, Timestamp,
};
use scrip_store::Recorded;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

use super::calls::ChargeAnswer;
use crate::answers::{LotPart, LotParts};
use crate::app::{App, Shared};
use crate::auth::Principal;
use crate::format::Listing;
use crate::openapi::ListOf;
use crate::paging::{List, Page, PageParams};
use crate::problem::{Problem, Problems};
use crate::read::{InOrder, Paged, Since, When};
use crate::rights::Right;
use crate::values::{Amount, Id, MintedId, SourceOut, Time};

/// A page of a list whose items are written already.
pub(super) type Written = List<Box<RawValue>>;

/// A lot: granted = available + held + spent + expired + forfeited + reclaimed.
#[derive(Serialize, ToSchema)]
#[schema(as = Lot)]
pub(crate) struct LotItem {
    lot_id: MintedId,
    /// Why it was granted; not there if it was paid for.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<SourceOut>,
    /// The order that paid for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<Id>,
    /// What was paid for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_basis: Option<MoneyItem>,
    priority: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Time>,
    /// Whether a freeze names it.
    frozen: bool,
    /// What it began with.
    granted: Amount,
    /// What is free of it, frozen or not.
    available: Amount,
    held: Amount,
    /// What calls and the repayment of debt have taken, net of refunds.
    spent: Amount,
    expired: Amount,
    forfeited: Amount,
    /// Taken back with the money of its order.
    reclaimed: Amount,
}

/// An amount of money.
#[derive(Serialize, ToSchema)]
#[schema(as = Money)]
pub(crate) struct MoneyItem {
    pub(super) currency: &'static str,
    pub(super) amount: String,
}

impl From<Money> for MoneyItem {
    fn from(money: Money) -> Self {
        Self { currency: money.currency().code(), amount: money.amount() }
    }
}

impl LotItem {
    fn of(account: &AccountId, lot: &Lot) -> Self {
        let (order_id, paid) = lot.basis.as_deref().map(|basis| (basis.order_id.clone(), basis.paid)).unzip();
        Self {
            lot_id: Minted::new(account, MintedKind::Lot, lot.revision).into(),
            source: lot.source.map(SourceOut::from),
            order_id: order_id.map(Id::from),
            cost_basis: paid.map(MoneyItem::from),
            priority: lot.priority,
            expires_at: lot.expires_at.map(Time::from),
            frozen: lot.freezes > 0,
            granted: lot.granted.into(),
            available: lot.free.into(),
            held: lot.held.into(),
            spent: lot.spent.into(),
            expired: lot.bucket(Bucket::Expired).into(),
            forfeited: lot.bucket(Bucket::Forfeited).into(),
            reclaimed: lot.bucket(Bucket::Reclaimed).into(),
        }
    }
}

/// An open hold.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenHold)]
pub(crate) struct HoldItem {
    hold_id: MintedId,
    request_id: Id,
    model: String,
    endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<MintedId>,
    amount: Amount,
    expires_at: Time,
    lots: Vec<LotPart>,
    catalog_version: u32,
    policy_version: u32,
}

impl HoldItem {
    pub(super) fn of(account: &AccountId, revision: u64, hold: &Hold) -> Self {
        let id = |kind, revision| -> MintedId { Minted::new(account, kind, revision).into() };
        Self {
            hold_id: id(MintedKind::Hold, revision),
            request_id: hold.request_id.clone().into(),
            model: hold.model.to_string(),
            endpoint: hold.endpoint.to_string(),
            key_id: hold.key.map(|key| id(MintedKind::Key, key)),
            amount: hold.amount.into(),
            expires_at: hold.expires_at.into(),
            lots: hold.lots.iter().map(|part| LotPart::of(account, *part)).collect(),
            catalog_version: hold.catalog,
            policy_version: hold.policy,
        }
    }
}

/// A movement: what an event added to what is posted or owed, or took from it.
#[derive(Serialize, ToSchema)]
#[schema(as = Entry)]
pub(crate) struct EntryItem<'a> {
    /// The event's type, such as `debited`.
    r#type: &'static str,
    /// What it changed of what is posted: the sum over all entries is what lots hold.
    amount: Amount,
    /// What it changed of what is owed.
    debt: Amount,
    /// Of which lots.
    #[schema(value_type = Vec<LotPart>)]
    lots: LotParts<'a>,
    effective_at: Time,
    recorded_at: Time,
    position: u64,
    revision: u64,
}

/// A call that was charged, or recorded at no charge.
#[derive(Serialize, ToSchema)]
#[schema(as = CallItem)]
pub(crate) struct CallItem<'a> {
    #[serde(flatten)]
    charge: ChargeAnswer<'a>,
    /// The last instant at which `provider` is shown, where the book keeps that for a time only. A legal hold keeps it
    /// longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata_until: Option<Time>,
    /// What has been refunded of it.
    refunded: Amount,
    recorded_at: Time,
    position: u64,
    revision: u64,
}

/// When an event was recorded.
pub(super) fn recorded_at(recorded: &Recorded) -> Time {
    Timestamp::from_micros(recorded.event.recorded_at).into()
}

/// An item of a list, written.
pub(super) fn written(item: &impl Serialize) -> Option<Box<RawValue>> {
    to_raw_value(item).ok()
}

fn entry(account: &AccountId, recorded: &Recorded, event: &Event) -> Option<Box<RawValue>> {
    let own_lot = |amount| vec![LotAmount { lot: recorded.revision, amount }];
    let sum = |lots: &[LotAmount]| lots.iter().map(|part| part.amount).sum::<Credits>();
    let negative = |amount: Credits| Credits::from_nanos(amount.nanos().saturating_neg());
    let spent = |charge: &Charged| (charge.lots.clone(), negative(sum(&charge.lots)), charge.debt);
    let gone = |lot, amount| (vec![LotAmount { lot, amount }], negative(amount), Credits::ZERO);
    let (lots, amount, debt) = match event {
        Event::ToppedUp(event) => (own_lot(event.credits), event.credits, Credits::ZERO),
        Event::Granted(event) => (own_lot(event.credits), event.credits, Credits::ZERO),
        Event::PeriodGranted(event) => (own_lot(event.credits), event.credits, Credits::ZERO),
        Event::HoldCaptured(event) => spent(&event.charge),
        Event::Debited(event) => spent(&event.charge),
        Event::UsageRefunded(event) => {
            let lots: Vec<_> = event.lots.iter().chain(&event.repaid).copied().collect();
            let amount = sum(&lots);
            (lots, amount, negative(event.debt))
        }
        Event::LotExpired(event) => gone(event.lot, event.amount),
        Event::LotForfeited(event) => gone(event.lot, event.amount),
        Event::LotReclaimed(event) => gone(event.lot, event.amount),
        Event::Adjusted(event) => (event.lots.clone(), negative(sum(&event.lots)), Credits::ZERO),
        Event::LotReceived(event) => (own_lot(event.credits), event.credits, Credits::ZERO),
        Event::Withdrawn(event) => (event.lots.clone(), negative(sum(&event.lots)), Credits::ZERO),
        Event::MigrationStarted(event) => (event.lots.clone(), negative(sum(&event.lots)), Credits::ZERO),
        Event::MigrationReversed(event) => (event.lots.clone(), sum(&event.lots), Credits::ZERO),
        Event::RefundReclaimed(event) => (event.lots.clone(), negative(sum(&event.lots)), Credits::ZERO),
        Event::RefundFailed(event) => (event.reinstated.clone(), sum(&event.reinstated), Credits::ZERO),
        Event::PaymentRefunded(event) => (event.lots.clone(), negative(sum(&event.lots)), Credits::ZERO),
        Event::PaymentDisputeClosed(event) => (event.lots.clone(), negative(sum(&event.lots)), event.debt),
        Event::DebtRepaid(event) => {
            let amount = negative(sum(&event.lots));
            (event.lots.clone(), amount, amount)
        }
        _ => return None,
    };
    written(&EntryItem {
        r#type: event.wire_name(),
        amount: amount.into(),
        debt: debt.into(),
        lots: LotParts { account, parts: &lots },
        effective_at: Timestamp::from_micros(recorded.event.effective_at).into(),
        recorded_at: recorded_at(recorded),
        position: recorded.position,
        revision: recorded.revision,
    })
}

/// A call, if the event charged one.
pub(super) fn call(account: &Account, recorded: &Recorded, event: &Event) -> Option<Box<RawValue>> {
    call_with(account, recorded, event, None, None)
}

/// A call, with what is still kept of it apart from its event.
fn call_with(
    account: &Account,
    recorded: &Recorded,
    event: &Event,
    metadata_until: Option<Timestamp>,
    kept: Option<&KeptCall>,
) -> Option<Box<RawValue>> {
    let charge = match event {
        Event::HoldCaptured(event) => ChargeAnswer::of(account.id(), recorded.revision, &event.charge)
            .captured(event.hold, event.released, event.late),
        Event::Debited(event) => ChargeAnswer::of(account.id(), recorded.revision, &event.charge),
        _ => return None,
    };
    written(&CallItem {
        charge: match kept {
            Some(kept) => charge.answered(&kept.provider),
            None => charge,
        },
        metadata_until: metadata_until.map(Time::from),
        refunded: account.refunded(recorded.revision).into(),
        recorded_at: recorded_at(recorded),
        position: recorded.position,
        revision: recorded.revision,
    })
}

impl App {
    /// A page of what events of an account show.
    pub(super) async fn events_as<T: Send + 'static>(
        &self,
        right: Right,
        caller: &Principal,
        (id, page, since): (&str, Page, &Since),
        show: impl Fn(&Account, &Recorded, &Event) -> Option<T> + Send + 'static,
    ) -> Result<List<T>, Problem> {
        let stand = self.stand_now(caller, right, id, since).await?;
        let account = stand.account;
        let account_id = account.id().clone();
        let pick = move |recorded: &Recorded, event: &Event| show(&account, recorded, event);
        let (items, next) = self.filtered(&account_id, page.span, stand.position, pick).await?;
        Ok(page.list(items, next, stand.position))
    }
}

impl App {
    /// What is still kept apart from the log of calls that were charged, by the revisions of the charges.
    async fn kept_calls(
        &self,
        account: &AccountId,
        charged: &[(Recorded, Event)],
    ) -> Result<HashMap<u64, KeptCall>, Problem> {
        let revisions = || charged.iter().map(|(recorded, _)| recorded.revision);
        let (Some(first), Some(last)) = (revisions().min(), revisions().max()) else {
            return Ok(HashMap::new());
        };
        let kept = self.engine.kept_calls(account, first..=last).await?;
        Ok(kept.into_iter().map(|kept| (kept.revision, kept)).collect())
    }
}

/// An account's lots, in the order they were made.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/lots", tag = "lists", operation_id = "listLots",
    params(("account_id" = String, Path, description = "The account."), PageParams, When),
    responses((status = 200, body = inline(ListOf<LotItem>)), Problems))]
pub(crate) async fn lots(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(page, when): Paged<When>,
) -> Result<List<LotItem>, Problem> {
    let stand = app.stand(&caller, Right::ReadUsage, &id, &when).await?;
    let account = &stand.account;
    let all = account.lots().iter().map(|lot| (lot.revision, lot));
    let show = |_, lot| LotItem::of(account.id(), lot);
    Ok(page.read(Listing::LOTS)?.cut(all, show, stand.position))
}

/// Every movement of an account's credits and debt.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/entries", tag = "lists", operation_id = "listEntries",
    params(("account_id" = String, Path, description = "The account."), PageParams, InOrder),
    responses((status = 200, body = inline(ListOf<EntryItem<'static>>)), Problems))]
pub(crate) async fn entries(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(page, query): Paged<InOrder>,
) -> Result<Written, Problem> {
    let page = page.ordered(Listing::ENTRIES, query.order)?;
    let show = |account: &Account, recorded: &_, event: &_| entry(account.id(), recorded, event);
    app.events_as(Right::ReadAll, &caller, (&id, page, &query.since()), show).await
}

/// An account's calls.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/calls", tag = "lists", operation_id = "listCalls",
    params(("account_id" = String, Path, description = "The account."), PageParams, InOrder),
    responses((status = 200, body = inline(ListOf<CallItem<'static>>)), Problems))]
pub(crate) async fn calls(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(page, query): Paged<InOrder>,
) -> Result<Written, Problem> {
    let page = page.ordered(Listing::CALLS, query.order)?;
    let stand = app.stand_now(&caller, Right::ReadUsage, &id, &query.since()).await?;
    let account = stand.account;
    let charges = |recorded: &Recorded, event: &Event| {
        let charged = matches!(event, Event::HoldCaptured(_) | Event::Debited(_));
        charged.then(|| (recorded.clone(), event.clone()))
    };
    let (charged, next) = app.filtered(account.id(), page.span, stand.position, charges).await?;
    let kept = app.kept_calls(account.id(), &charged).await?;
    let book = account.book().and_then(|book| app.engine.book(book));
    let items = charged.iter().filter_map(|(recorded, event)| {
        let recorded_at = Timestamp::from_micros(recorded.event.recorded_at);
        let until = book.as_ref().and_then(|book| book.policy(recorded_at).retention.kept_until(recorded_at));
        // The same call beyond doubt: what is kept apart may be of another state of the log.
        let kept = kept.get(&recorded.revision).filter(|kept| kept.recorded_at == recorded_at);
        call_with(&account, recorded, event, until, kept)
    });
    Ok(page.list(items.collect(), next, stand.position))
}
