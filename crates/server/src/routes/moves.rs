//! Balances that leave an account: paid out, or moved to another account.

use axum::extract::{Path, State};
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::event::LotAmount;
use scrip_ledger::{Command, Credits, Event, MintedKind, Money, Token, command};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answers::{LotParts, id};
use crate::app::Shared;
use crate::call::Call;
use crate::command::{Asked, At, Operation};
use crate::openapi::KeyHeader;
use crate::problem::{Problem, Problems};
use crate::rights::Right;
use crate::values::{Amount, AmountIn, Id, IdIn, MintedId, Value, optional};

/// The reason of who gives none.
const REQUESTED: &str = "requested";

/// Pay a balance out.
struct Withdraw;

#[derive(Deserialize, ToSchema)]
#[schema(as = Withdraw)]
pub(crate) struct WithdrawBody {
    /// How many credits; without it, all that were paid for and may leave.
    #[serde(alias = "amount")]
    credits: Option<AmountIn>,
    /// A reason code; without it, `requested`.
    reason: Option<IdIn>,
    /// Where it is to be paid, kept elsewhere.
    #[serde(rename = "ref", alias = "reference")]
    reference: Option<IdIn>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Withdrawal)]
pub(crate) struct WithdrawAnswer<'a> {
    /// What is owed for it is recorded as paid or failed under this id, as that of a refund is.
    refund_id: MintedId,
    account_id: Id,
    /// `owed`.
    status: &'static str,
    credits: Amount,
    /// What is owed, by currency.
    amounts: Vec<MoneyAnswer>,
    /// What of which lots.
    #[schema(value_type = Vec<crate::answers::LotPart>)]
    lots: LotParts<'a>,
    reason: Id,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    reference: Option<Id>,
    position: u64,
    revision: u64,
}

/// An amount of money.
#[derive(Serialize, ToSchema)]
#[schema(as = Money)]
pub(crate) struct MoneyAnswer {
    currency: &'static str,
    amount: String,
}

impl From<&Money> for MoneyAnswer {
    fn from(money: &Money) -> Self {
        Self { currency: money.currency().code(), amount: money.amount() }
    }
}

impl Operation for Withdraw {
    const NAME: &'static str = "withdraw";
    const RIGHT: Right = Right::Moves;
    type Body = WithdrawBody;
    type Answer<'a> = WithdrawAnswer<'a>;

    fn ask(at: &At<'_>, body: WithdrawBody) -> Result<Asked, Problem> {
        let withdraw = command::Withdraw {
            credits: optional(body.credits, "credits")?,
            reason: reason(body.reason)?,
            reference: optional(body.reference, "ref")?,
            by: at.caller.subject.clone(),
        };
        Ok(Asked::of(at.account()?, Command::Withdraw(withdraw)))
    }

    fn answer(done: &Accepted) -> Option<WithdrawAnswer<'_>> {
        let (at, withdrawn) = done.find(|event| match event {
            Event::Withdrawn(withdrawn) => Some(withdrawn),
            _ => None,
        })?;
        Some(WithdrawAnswer {
            refund_id: id(done, MintedKind::OrderRefund, at),
            account_id: done.account.clone().into(),
            status: "owed",
            credits: total(&withdrawn.lots).into(),
            amounts: withdrawn.amounts.iter().map(MoneyAnswer::from).collect(),
            lots: LotParts { account: &done.account, parts: &withdrawn.lots },
            reason: withdrawn.reason.clone().into(),
            reference: withdrawn.reference.clone().map(Id::from),
            position: done.position,
            revision: done.revision(),
        })
    }
}

/// Move a balance to another account.
struct Migrate;

#[derive(Deserialize, ToSchema)]
#[schema(as = Migrate)]
pub(crate) struct MigrateBody {
    /// The account that it goes to: an open one of the same book.
    #[serde(alias = "to_account_id")]
    to: IdIn,
    /// How many credits; without it, all that may leave.
    #[serde(alias = "amount")]
    credits: Option<AmountIn>,
    /// A reason code; without it, `requested`.
    reason: Option<IdIn>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Migration)]
pub(crate) struct MigrateAnswer<'a> {
    migration_id: MintedId,
    account_id: Id,
    to: Id,
    /// `started`: what left the account arrives, or comes back if it is refused there.
    status: &'static str,
    credits: Amount,
    /// What of which lots.
    #[schema(value_type = Vec<crate::answers::LotPart>)]
    lots: LotParts<'a>,
    reason: Id,
    position: u64,
    revision: u64,
}

impl Operation for Migrate {
    const NAME: &'static str = "migrate";
    const RIGHT: Right = Right::Moves;
    type Body = MigrateBody;
    type Answer<'a> = MigrateAnswer<'a>;

    fn ask(at: &At<'_>, body: MigrateBody) -> Result<Asked, Problem> {
        let migrate = command::Migrate {
            to: body.to.get("to")?,
            credits: optional(body.credits, "credits")?,
            reason: reason(body.reason)?,
            by: at.caller.subject.clone(),
            target: None,
        };
        Ok(Asked::of(at.account()?, Command::Migrate(migrate)))
    }

    fn answer(done: &Accepted) -> Option<MigrateAnswer<'_>> {
        let (at, started) = done.find(|event| match event {
            Event::MigrationStarted(started) => Some(started),
            _ => None,
        })?;
        Some(MigrateAnswer {
            migration_id: id(done, MintedKind::Migration, at),
            account_id: done.account.clone().into(),
            to: started.to.clone().into(),
            status: "started",
            credits: total(&started.lots).into(),
            lots: LotParts { account: &done.account, parts: &started.lots },
            reason: started.reason.clone().into(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

fn reason(given: Option<IdIn>) -> Result<Token, Problem> {
    optional(given, "reason")?.map_or_else(|| Token::read(REQUESTED).map_err(|wrong| wrong.at("reason")), Ok)
}

fn total(lots: &[LotAmount]) -> Credits {
    lots.iter().map(|part| part.amount).sum()
}

/// Pay out what was paid for a balance: it is owed from now on.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/withdraw", tag = "credits", operation_id = "withdraw",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = WithdrawBody,
    responses((status = 200, body = WithdrawAnswer), Problems))]
pub(crate) async fn withdraw(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Withdraw>(&id, call).await
}

/// Move a balance to another account of the same book, lot by lot as it is.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/migrate", tag = "credits", operation_id = "migrate",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = MigrateBody,
    responses((status = 200, body = MigrateAnswer), Problems))]
pub(crate) async fn migrate(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Migrate>(&id, call).await
}
