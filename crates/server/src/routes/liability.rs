//! How far the service is liable to an account for an event, and the payments behind it.

use axum::Json;
use axum::extract::{Path, State};
use scrip_ledger::{LiabilityCap, PaymentBehind, Refusal};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::lists::MoneyItem;
use crate::app::Shared;
use crate::auth::Principal;
use crate::problem::{Problem, Problems};
use crate::read::{Params, When};
use crate::rights::Right;
use crate::values::{Id, Time};

/// For which event.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Event {
    /// When it was; now, without it. Not in the future.
    at: Option<String>,
    /// A position that the answer must include: read your own writes. Waits, bounded.
    #[param(value_type = Option<u64>)]
    min_position: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = LiabilityCap)]
pub(crate) struct CapAnswer {
    account_id: Id,
    /// When the event was.
    at: Time,
    /// From when on payments count, this instant included.
    from: Time,
    /// The calendar months between the two.
    months: u32,
    /// How far the service is liable; not there if nothing says in which currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    cap: Option<MoneyItem>,
    /// The same in each currency that was paid in.
    caps: Vec<MoneyItem>,
    /// Whether it is the least that the terms set, because less was paid.
    floor_applied: bool,
    /// The clause of the terms that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    clause: Option<String>,
    /// The payments behind it, by when they were made.
    payments: Vec<PaymentItem>,
    as_of_position: u64,
}

/// A payment that counts.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentItem {
    order_id: Id,
    paid_at: Time,
    /// What was paid, before tax and fees.
    amount: MoneyItem,
    /// What of it went back or is owed back.
    refunded: MoneyItem,
}

impl From<PaymentBehind> for PaymentItem {
    fn from(payment: PaymentBehind) -> Self {
        Self {
            order_id: payment.order_id.into(),
            paid_at: payment.paid_at.into(),
            amount: payment.amount.into(),
            refunded: payment.refunded.into(),
        }
    }
}

/// How far the service is liable to an account for an event, by the terms of that time.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/liability-cap", tag = "lists", operation_id = "getLiabilityCap",
    params(("account_id" = String, Path, description = "The account."), Event),
    responses((status = 200, body = CapAnswer), Problems))]
pub(crate) async fn show(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Params(event): Params<Event>,
) -> Result<Json<CapAnswer>, Problem> {
    let when = When::at(event.at.as_deref(), event.min_position)?;
    let stand = app.stand(&caller, Right::ReadAll, &id, &when).await?;
    let at = stand.as_of.ok_or_else(|| Problem::internal("a stand has no time"))?;
    let known = stand.account.book().and_then(|book| app.engine.book(book));
    let book = known.ok_or_else(|| Problem::internal("an account has no book"))?;
    let reason = "the terms do not limit what the service is liable for";
    let cap = stand.account.liability_cap(&book, at);
    let LiabilityCap { from, months, caps, cap, floor_applied, clause, payments } =
        cap.ok_or(Refusal::NotEligible { reason, clause: None })?;
    Ok(Json(CapAnswer {
        account_id: stand.account.id().clone().into(),
        at: at.into(),
        from: from.into(),
        months,
        cap: cap.map(MoneyItem::from),
        caps: caps.into_iter().map(MoneyItem::from).collect(),
        floor_applied,
        clause: clause.map(String::from),
        payments: payments.into_iter().map(PaymentItem::from).collect(),
        as_of_position: stand.position,
    }))
}
