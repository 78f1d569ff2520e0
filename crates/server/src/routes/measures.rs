//! Measures: freezes of an account, an amount, some lots or a key, and their end.

use axum::extract::{Path, State};
use axum::response::Response;
use scrip_engine::Accepted;
use scrip_ledger::event::{FreezeAnnounced, Frozen, Origin};
use scrip_ledger::{AccountId, Command, Event, FreezeScope, Minted, MintedKind, command};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answers::id;
use crate::app::Shared;
use crate::call::Call;
use crate::command::{Asked, At, Operation, minted, minted_in};
use crate::openapi::KeyHeader;
use crate::problem::{Code, Problem, Problems};
use crate::rights::Right;
use crate::values::{Amount, AmountIn, Id, IdIn, MintedId, ScopeIn, ScopeWord, Time, TimeIn, optional};

/// Freeze.
struct Freeze;
/// Thaw.
struct Thaw;
/// Withdraw an announcement.
struct Withdraw;

#[derive(Deserialize, ToSchema)]
#[schema(as = Freeze)]
pub(crate) struct FreezeBody {
    /// How far it reaches; `account` without it.
    scope: Option<ScopeIn>,
    /// With `amount`: how many credits of whatever is free.
    amount: Option<AmountIn>,
    /// With `lots`: which.
    lots: Option<Vec<String>>,
    /// With `key`: which.
    key_id: Option<String>,
    /// A reason code; which may be given, the book's policy says.
    reason: IdIn,
    /// When it takes effect, in the future, where advance notice is given; without it, at once.
    effective_at: Option<TimeIn>,
    /// Whether nothing that is kept of the account may be purged from now on: places a legal hold.
    preserve_logs: Option<bool>,
}

impl FreezeBody {
    /// How far it reaches, and whether that is all accounts of the owner.
    fn scope(&mut self, account: &AccountId) -> Result<(FreezeScope, bool), Problem> {
        let word = optional(self.scope.take(), "scope")?.unwrap_or(ScopeWord::Account);
        self.scope_of(word, account).map(|scope| (scope, word == ScopeWord::Owner))
    }

    fn scope_of(&mut self, word: ScopeWord, account: &AccountId) -> Result<FreezeScope, Problem> {
        let parts = (word, self.amount.take(), self.lots.take(), self.key_id.take());
        let lot = |id: String| minted_in(&id, MintedKind::Lot, account, Code::LOT_NOT_FOUND);
        match parts {
            (ScopeWord::Account | ScopeWord::Owner, None, None, None) => Ok(FreezeScope::Account),
            (ScopeWord::Amount, Some(amount), None, None) => {
                Ok(FreezeScope::Amount { amount: amount.get("amount")? })
            }
            (ScopeWord::Lots, None, Some(lots), None) => {
                Ok(FreezeScope::Lots { lots: lots.into_iter().map(lot).collect::<Result<_, _>>()? })
            }
            (ScopeWord::Key, None, None, Some(key)) => {
                Ok(FreezeScope::Key { key: minted_in(&key, MintedKind::Key, account, Code::KEY_NOT_FOUND)? })
            }
            _ => {
                let detail =
                    "with scope amount give amount, with lots give lots, with key give key_id, and no others";
                Err(Problem::new(Code::MALFORMED, detail).with("field", "scope"))
            }
        }
    }
}

/// How far a freeze reaches.
#[derive(Serialize, ToSchema)]
pub(crate) struct ScopeAnswer {
    /// `account`, `amount`, `lots`, `key`, or `owner` where it reaches all accounts of the owner.
    scope: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lots: Option<Vec<MintedId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<MintedId>,
}

impl ScopeAnswer {
    pub(crate) fn of(account: &AccountId, scope: &FreezeScope, owner_wide: bool) -> Self {
        let id = |kind, revision| -> MintedId { Minted::new(account, kind, revision).into() };
        let of = |scope| Self { scope, amount: None, lots: None, key_id: None };
        match scope {
            FreezeScope::Account => of(if owner_wide { "owner" } else { "account" }),
            FreezeScope::Amount { amount } => Self { amount: Some((*amount).into()), ..of("amount") },
            FreezeScope::Lots { lots } => {
                Self { lots: Some(lots.iter().map(|lot| id(MintedKind::Lot, *lot)).collect()), ..of("lots") }
            }
            FreezeScope::Key { key } => Self { key_id: Some(id(MintedKind::Key, *key)), ..of("key") },
        }
    }
}

/// A freeze that stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Measure)]
pub(crate) struct MeasureAnswer {
    pub(crate) measure_id: MintedId,
    #[serde(flatten)]
    pub(crate) scope: ScopeAnswer,
    pub(crate) reason: Id,
    pub(crate) since: Time,
    /// The measure of another account of the owner that brought it here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) origin: Option<MintedId>,
}

impl MeasureAnswer {
    pub(crate) fn origin(origin: Option<&Origin>) -> Option<MintedId> {
        origin.map(|origin| Minted::new(&origin.account, MintedKind::Freeze, origin.measure).into())
    }
}

/// A freeze that will take effect.
#[derive(Serialize, ToSchema)]
#[schema(as = AnnouncedFreeze)]
pub(crate) struct AnnouncedAnswer {
    announcement_id: MintedId,
    #[serde(flatten)]
    scope: ScopeAnswer,
    reason: Id,
    /// When it takes effect.
    effective_at: Time,
}

/// A freeze, or its announcement.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum FreezeKind {
    Frozen(MeasureAnswer),
    Announced(AnnouncedAnswer),
}

#[derive(Serialize, ToSchema)]
#[schema(as = Frozen)]
pub(crate) struct FreezeAnswer {
    account_id: Id,
    #[serde(flatten)]
    measure: FreezeKind,
    /// The legal hold that was placed in the same step.
    #[serde(skip_serializing_if = "Option::is_none")]
    legal_hold_id: Option<MintedId>,
    /// The holds that were given up in the same step, by the book's policy.
    voided_holds: Vec<MintedId>,
    position: u64,
    revision: u64,
}

impl Operation for Freeze {
    const NAME: &'static str = "freeze";
    const RIGHT: Right = Right::Freeze;
    type Body = FreezeBody;
    type Answer<'a> = FreezeAnswer;

    fn ask(at: &At<'_>, mut body: FreezeBody) -> Result<Asked, Problem> {
        let account = at.account()?;
        let (scope, owner_wide) = body.scope(&account)?;
        Ok(Asked::of(
            account,
            Command::Freeze(command::Freeze {
                scope,
                reason: body.reason.get("reason")?,
                effective_at: optional(body.effective_at, "effective_at")?,
                owner_wide,
                origin: None,
                preserve_logs: body.preserve_logs.unwrap_or(false),
            }),
        ))
    }

    fn answer(done: &Accepted) -> Option<FreezeAnswer> {
        // One that took effect at a time of its own had been due before.
        let (at, measure) = done.find(|event| match event {
            Event::Frozen(frozen) if frozen.effective_at.is_none() => Some(Ok(frozen)),
            Event::FreezeAnnounced(announced) => Some(Err(announced)),
            _ => None,
        })?;
        let legal_hold = done.find(|event| matches!(event, Event::LegalHoldPlaced(_)).then_some(()));
        let voided = done.events.iter().filter_map(|event| match event {
            Event::HoldVoided(voided) => Some(id(done, MintedKind::Hold, voided.hold)),
            _ => None,
        });
        Some(FreezeAnswer {
            account_id: done.account.clone().into(),
            measure: match measure {
                Ok(frozen) => FreezeKind::Frozen(frozen_answer(done, at, frozen)),
                Err(announced) => FreezeKind::Announced(announced_answer(done, at, announced)),
            },
            legal_hold_id: legal_hold.map(|(at, ())| id(done, MintedKind::LegalHold, at)),
            voided_holds: voided.collect(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

fn frozen_answer(done: &Accepted, at: u64, frozen: &Frozen) -> MeasureAnswer {
    MeasureAnswer {
        measure_id: id(done, MintedKind::Freeze, at),
        scope: ScopeAnswer::of(&done.account, &frozen.scope, frozen.owner_wide),
        reason: frozen.reason.clone().into(),
        since: done.recorded_at.into(),
        origin: MeasureAnswer::origin(frozen.origin.as_ref()),
    }
}

fn announced_answer(done: &Accepted, at: u64, announced: &FreezeAnnounced) -> AnnouncedAnswer {
    AnnouncedAnswer {
        announcement_id: id(done, MintedKind::Announcement, at),
        scope: ScopeAnswer::of(&done.account, &announced.scope, announced.owner_wide),
        reason: announced.reason.clone().into(),
        effective_at: announced.effective_at.into(),
    }
}

#[derive(Deserialize, ToSchema)]
#[schema(as = Thaw)]
pub(crate) struct ThawBody {
    /// Which measure, or which announcement of one; without it, all measures that stand.
    measure_id: Option<String>,
    /// A reason code.
    reason: IdIn,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = WithdrawAnnouncement)]
pub(crate) struct WithdrawBody {
    /// A reason code.
    reason: IdIn,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Thawed)]
pub(crate) struct ThawAnswer {
    account_id: Id,
    /// The measures that were lifted.
    measures: Vec<MintedId>,
    /// The announcement that was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    announcement_id: Option<MintedId>,
    reason: Id,
    position: u64,
    revision: u64,
}

impl Operation for Thaw {
    const NAME: &'static str = "thaw";
    const RIGHT: Right = Right::Thaw;
    type Body = ThawBody;
    type Answer<'a> = ThawAnswer;

    fn ask(at: &At<'_>, body: ThawBody) -> Result<Asked, Problem> {
        let account = at.account()?;
        let reason = body.reason.get("reason")?;
        let command = match body.measure_id {
            None => Command::Thaw { freeze: None, reason },
            Some(id) if id.parse::<Minted>().is_ok_and(|id| id.kind == MintedKind::Announcement) => {
                let kind = MintedKind::Announcement;
                let announcement = minted_in(&id, kind, &account, Code::ANNOUNCEMENT_NOT_FOUND)?;
                Command::WithdrawAnnouncement { announcement, reason }
            }
            Some(id) => {
                let freeze = minted_in(&id, MintedKind::Freeze, &account, Code::MEASURE_NOT_FOUND)?;
                Command::Thaw { freeze: Some(freeze), reason }
            }
        };
        Ok(Asked::of(account, command))
    }

    fn answer(done: &Accepted) -> Option<ThawAnswer> {
        let (mut measures, mut announcement_id, mut reason) = (Vec::new(), None, None);
        for event in &done.events {
            match event {
                Event::Thawed(thawed) => {
                    measures.push(id(done, MintedKind::Freeze, thawed.freeze));
                    reason = Some(thawed.reason.clone());
                }
                Event::AnnouncementWithdrawn(withdrawn) => {
                    announcement_id = Some(id(done, MintedKind::Announcement, withdrawn.announcement));
                    reason = Some(withdrawn.reason.clone());
                }
                _ => {}
            }
        }
        Some(ThawAnswer {
            account_id: done.account.clone().into(),
            measures,
            announcement_id,
            reason: reason?.into(),
            position: done.position,
            revision: done.revision(),
        })
    }
}

impl Operation for Withdraw {
    const NAME: &'static str = "withdraw_announcement";
    const RIGHT: Right = Right::Thaw;
    type Body = WithdrawBody;
    type Answer<'a> = ThawAnswer;

    fn ask(at: &At<'_>, body: WithdrawBody) -> Result<Asked, Problem> {
        let announced = minted(at.id, MintedKind::Announcement, Code::ANNOUNCEMENT_NOT_FOUND)?;
        let reason = body.reason.get("reason")?;
        let command = Command::WithdrawAnnouncement { announcement: announced.revision, reason };
        Ok(Asked::of(announced.account, command))
    }

    fn answer(done: &Accepted) -> Option<ThawAnswer> {
        Thaw::answer(done)
    }
}

/// Forbid the use of an account, an amount, some lots or a key.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/freeze", tag = "measures", operation_id = "freeze",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = FreezeBody,
    responses((status = 200, body = FreezeAnswer), Problems))]
pub(crate) async fn freeze(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Freeze>(&id, call).await
}

/// Lift one measure, or all that stand.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/thaw", tag = "measures", operation_id = "thaw",
    params(("account_id" = String, Path, description = "The account."), KeyHeader), request_body = ThawBody,
    responses((status = 200, body = ThawAnswer), Problems))]
pub(crate) async fn thaw(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Thaw>(&id, call).await
}

/// Let an announced freeze or closing not happen.
#[utoipa::path(post, path = "/v1/announcements/{announcement_id}/withdraw", tag = "measures", operation_id = "withdrawAnnouncement",
    params(("announcement_id" = String, Path, description = "The announcement."), KeyHeader), request_body = WithdrawBody,
    responses((status = 200, body = ThawAnswer), Problems))]
pub(crate) async fn withdraw(
    State(app): Shared,
    Path(id): Path<String>,
    call: Call,
) -> Result<Response, Problem> {
    app.run::<Withdraw>(&id, call).await
}
