//! How an account stands besides its balance and its freezes: what is announced, breaches, appeals, legal holds, its end.

use scrip_ledger::records::{
    Announced, Announcement, Appeal, AppealState, Breach, BreachState, Closure, LegalHold,
};
use scrip_ledger::{Account, AccountId, Minted, MintedKind};
use serde::Serialize;
use utoipa::ToSchema;

use super::appeals::measure_id;
use super::measures::ScopeAnswer;
use crate::values::{ClosedByOut, Id, MintedId, Time};

/// What is announced, in dispute, or has ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct Standing {
    /// Freezes and closings that will take effect, oldest notice first.
    announcements: Vec<AnnouncementItem>,
    /// Every notice of a breach, oldest first.
    breaches: Vec<BreachItem>,
    /// Every appeal, oldest first.
    appeals: Vec<AppealItem>,
    /// The legal holds that stand, oldest first.
    legal_holds: Vec<LegalHoldItem>,
    /// When it will be closed, where that is announced.
    #[serde(skip_serializing_if = "Option::is_none")]
    closes_at: Option<Time>,
    /// How it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    closure: Option<ClosureItem>,
}

/// A freeze or a closing that will take effect.
#[derive(Serialize, ToSchema)]
#[schema(as = Announcement)]
struct AnnouncementItem {
    announcement_id: MintedId,
    /// `freeze` or `close`.
    kind: &'static str,
    #[serde(flatten)]
    scope: Option<ScopeAnswer>,
    /// Of a closing: by whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<ClosedByOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Id>,
    announced_at: Time,
    effective_at: Time,
}

/// A material breach.
#[derive(Serialize, ToSchema)]
#[schema(as = Breach)]
struct BreachItem {
    breach_id: MintedId,
    /// Who is in breach.
    by: ClosedByOut,
    reason: Id,
    /// Until when it can be cured, this instant included.
    cure_until: Time,
    /// `open`, `cured`, `uncured` (it ended the account) or `lapsed` (the account ended otherwise before).
    state: &'static str,
}

/// An appeal.
#[derive(Serialize, ToSchema)]
#[schema(as = Appeal)]
struct AppealItem {
    appeal_id: MintedId,
    measure_id: MintedId,
    filed_at: Time,
    /// `pending`, `upheld` or `rejected`.
    state: &'static str,
}

/// A legal hold that stands.
#[derive(Serialize, ToSchema)]
#[schema(as = LegalHold)]
struct LegalHoldItem {
    legal_hold_id: MintedId,
    reason: Id,
    since: Time,
}

/// The end of an account.
#[derive(Serialize, ToSchema)]
#[schema(as = Closure)]
struct ClosureItem {
    measure_id: MintedId,
    by: ClosedByOut,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Id>,
    /// When it was recorded.
    recorded_at: Time,
}

impl Standing {
    pub(crate) fn of(account: &Account) -> Self {
        let (id, measures) = (account.id(), &account.records().measures);
        Self {
            announcements: measures.announcements().iter().map(|known| announcement(id, known)).collect(),
            breaches: measures.breaches().iter().map(|known| breach(id, known)).collect(),
            appeals: measures.appeals().iter().map(|known| appeal(id, known)).collect(),
            legal_holds: measures.legal_holds().iter().map(|known| legal_hold(id, known)).collect(),
            closes_at: measures.closes_at().map(Time::from),
            closure: measures.closure().map(|known| closure(id, known)),
        }
    }
}

fn minted(account: &AccountId, kind: MintedKind, revision: u64) -> MintedId {
    Minted::new(account, kind, revision).into()
}

fn announcement(account: &AccountId, known: &Announcement) -> AnnouncementItem {
    let (kind, scope, by) = match &known.what {
        Announced::Freeze { scope, owner_wide } => {
            ("freeze", Some(ScopeAnswer::of(account, scope, *owner_wide)), None)
        }
        Announced::Closing { by } => ("close", None, Some(ClosedByOut::from(*by))),
    };
    AnnouncementItem {
        announcement_id: minted(account, MintedKind::Announcement, known.revision),
        kind,
        scope,
        by,
        reason: known.reason.clone().map(Id::from),
        announced_at: known.announced_at.into(),
        effective_at: known.effective_at.into(),
    }
}

fn breach(account: &AccountId, known: &Breach) -> BreachItem {
    BreachItem {
        breach_id: minted(account, MintedKind::Breach, known.revision),
        by: known.by.into(),
        reason: known.reason.clone().into(),
        cure_until: known.cure_until.into(),
        state: match known.state {
            BreachState::Open => "open",
            BreachState::Cured => "cured",
            BreachState::Uncured => "uncured",
            BreachState::Lapsed => "lapsed",
        },
    }
}

fn appeal(account: &AccountId, known: &Appeal) -> AppealItem {
    AppealItem {
        appeal_id: minted(account, MintedKind::Appeal, known.revision),
        measure_id: measure_id(account, known.kind, known.measure),
        filed_at: known.filed_at.into(),
        state: match known.state {
            AppealState::Pending => "pending",
            AppealState::Upheld => "upheld",
            AppealState::Rejected => "rejected",
        },
    }
}

fn legal_hold(account: &AccountId, known: &LegalHold) -> LegalHoldItem {
    LegalHoldItem {
        legal_hold_id: minted(account, MintedKind::LegalHold, known.revision),
        reason: known.reason.clone().into(),
        since: known.since.into(),
    }
}

fn closure(account: &AccountId, known: &Closure) -> ClosureItem {
    ClosureItem {
        measure_id: minted(account, MintedKind::Closure, known.revision),
        by: known.by.into(),
        reason: known.reason.clone().map(Id::from),
        recorded_at: known.recorded_at.into(),
    }
}
