//! Statements: what happened in a period, itemised call by call.

use axum::extract::{Path, State};
use axum::response::Response;
use scrip_ledger::event::DisputeKind;
use scrip_ledger::records::{Billing, Statement};
use scrip_ledger::{AccountId, Minted, MintedKind};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::lists::{self, CallItem};
use crate::answers::BalanceAnswer;
use crate::app::Shared;
use crate::auth::Principal;
use crate::command::minted;
use crate::format::Listing;
use crate::openapi::ListOf;
use crate::paging::{List, PageParams, Span};
use crate::problem::{Code, Problem, Problems};
use crate::read::{Paged, Since};
use crate::rights::Right;
use crate::values::{Amount, Id, MintedId, Time};

/// A statement.
#[derive(Serialize, ToSchema)]
#[schema(as = Statement)]
pub(crate) struct StatementItem {
    statement_id: MintedId,
    account_id: Id,
    /// When its period began.
    from: Time,
    /// When its period ended.
    until: Time,
    issued_at: Time,
    /// What calls were charged.
    charged: Amount,
    /// What was given back of what calls were charged.
    refunded: Amount,
    /// How many calls there were.
    calls: u64,
    /// The balance at its end.
    closing: BalanceAnswer,
    /// `issued`, `disputed` or `final`.
    status: &'static str,
    /// Since when nothing of it can be disputed any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    final_at: Option<Time>,
}

/// A statement with its calls.
#[derive(Serialize, ToSchema)]
#[schema(as = ItemisedStatement)]
pub(crate) struct ItemisedAnswer {
    #[serde(flatten)]
    statement: StatementItem,
    #[serde(flatten)]
    #[schema(inline, value_type = ListOf<CallItem<'static>>)]
    items: List<Box<RawValue>>,
}

impl StatementItem {
    fn of(account: &AccountId, billing: &Billing, statement: &Statement) -> Self {
        let Statement { revision, issued_at, issued, final_at } = statement;
        let is_disputed = billing.disputes().iter().any(|dispute| {
            dispute.resolved.is_none()
                && (dispute.opened.kind, dispute.opened.subject) == (DisputeKind::Statement, *revision)
        });
        Self {
            statement_id: Minted::new(account, MintedKind::Statement, *revision).into(),
            account_id: account.clone().into(),
            from: issued.from.into(),
            until: issued.until.into(),
            issued_at: (*issued_at).into(),
            charged: issued.charged.into(),
            refunded: issued.refunded.into(),
            calls: issued.calls,
            closing: issued.closing.into(),
            status: match final_at {
                Some(_) => "final",
                None if is_disputed => "disputed",
                None => "issued",
            },
            final_at: final_at.map(Time::from),
        }
    }
}

/// An account's statements, in the order they were issued.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/statements", tag = "statements", operation_id = "listStatements",
    params(("account_id" = String, Path, description = "The account."), PageParams, Since),
    responses((status = 200, body = inline(ListOf<StatementItem>)), Problems))]
pub(crate) async fn list(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(page, since): Paged<Since>,
) -> Result<List<StatementItem>, Problem> {
    let stand = app.stand_now(&caller, Right::ReadUsage, &id, &since).await?;
    let account = &stand.account;
    let billing = &account.records().billing;
    let all = billing.statements().iter().map(|statement| (statement.revision, statement));
    let show = |_, statement| StatementItem::of(account.id(), billing, statement);
    Ok(page.read(Listing::STATEMENTS)?.cut(all, show, stand.position))
}

/// A statement, with a page of its calls in the order they were charged.
#[utoipa::path(get, path = "/v1/statements/{statement_id}", tag = "statements", operation_id = "readStatement",
    params(("statement_id" = String, Path, description = "The statement."), PageParams, Since),
    responses((status = 200, body = ItemisedAnswer), Problems))]
pub(crate) async fn show(
    State(app): Shared,
    Path(id): Path<String>,
    caller: Principal,
    Paged(page, since): Paged<Since>,
) -> Result<Response, Problem> {
    let page = page.read(Listing::STATEMENT)?;
    let Minted { account, revision, .. } = minted(&id, MintedKind::Statement, Code::STATEMENT_NOT_FOUND)?;
    let stand = app.stand_now(&caller, Right::ReadUsage, account.as_str(), &since).await?;
    let billing = &stand.account.records().billing;
    let statement = billing
        .statement(revision)
        .ok_or_else(|| Problem::new(Code::STATEMENT_NOT_FOUND, "there is nothing with this id"))?;
    let shown = StatementItem::of(&account, billing, statement);
    let first = statement.issued.first_revision;
    let span = Span { from: Some(page.span.from.map_or(first, |from| from.max(first))), ..page.span };
    // The statement's own event ends what it shows.
    let history = app.engine.history();
    let (of, issued) = (account.clone(), statement.revision);
    let end = app.blocking(move || history.events(&of, issued, 1)).await??;
    let until = end.first().map_or(stand.position, |(recorded, _)| recorded.position);
    let position = stand.position;
    let whole = stand.account;
    let pick = move |recorded: &_, event: &_| lists::call(&whole, recorded, event);
    let (items, next) = app.filtered(&account, span, until, pick).await?;
    let answer = ItemisedAnswer { statement: shown, items: page.list(items, next, position) };
    Ok(answer.items.within(&answer))
}
