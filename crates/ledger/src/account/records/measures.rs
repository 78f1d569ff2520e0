//! Measures: what is announced, revoked keys, the closing, breaches, appeals, legal holds.

use serde::{Deserialize, Serialize};

use super::super::event::{
    AccountClosed, AccountReopened, AnnouncementWithdrawn, AppealDecided, AppealFiled, BreachCured,
    BreachNotified, ClosedBy, ClosureAnnounced, FreezeAnnounced, Frozen, KeyReinstated, KeyRevoked,
    LegalHoldPlaced, LegalHoldReleased, LotAmount, LotReinstated, MeasureKind, MeasureSpread,
};
use super::super::evolve::{Contradiction, add};
use super::super::{Account, Bucket, Freeze, FreezeScope, Status};
use super::measure::{
    Announced, Announcement, Appeal, AppealState, Breach, BreachState, Closure, LegalHold, Spread,
};
use crate::{Credits, Timestamp, Token};

/// Measures: what is announced, revoked keys, the closing, breaches, appeals, legal holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Measures {
    announcements: Vec<Announcement>,
    /// Keys whose revocation can be appealed, and when each was revoked.
    revoked: Vec<(u64, Timestamp)>,
    closure: Option<Closure>,
    breaches: Vec<Breach>,
    appeals: Vec<Appeal>,
    legal_holds: Vec<LegalHold>,
    spreads: Vec<Spread>,
    /// When a freeze of the whole account was last lifted, or a closing undone.
    restored_at: Option<Timestamp>,
}

impl Measures {
    /// What is announced and has not taken effect, oldest first.
    pub fn announcements(&self) -> &[Announcement] {
        &self.announcements
    }

    /// When the account will be closed by an announcement.
    pub fn closes_at(&self) -> Option<Timestamp> {
        let closing = |known: &&Announcement| matches!(known.what, Announced::Closing { .. });
        self.announcements.iter().find(closing).map(|known| known.effective_at)
    }

    /// The closing of the account, while it is closed.
    pub const fn closure(&self) -> Option<&Closure> {
        self.closure.as_ref()
    }

    /// Every breach, oldest first.
    pub fn breaches(&self) -> &[Breach] {
        &self.breaches
    }

    /// Every appeal, oldest first.
    pub fn appeals(&self) -> &[Appeal] {
        &self.appeals
    }

    /// The legal holds that stand, oldest first.
    pub fn legal_holds(&self) -> &[LegalHold] {
        &self.legal_holds
    }

    /// Measures against the owner, and their ends, that have not reached the owner's other accounts yet, oldest first.
    pub fn spreads(&self) -> &[Spread] {
        &self.spreads
    }

    /// When a key was revoked, if that can be appealed.
    pub fn revoked_at(&self, key: u64) -> Option<Timestamp> {
        self.revoked.iter().find(|(revoked, _)| *revoked == key).map(|(_, at)| *at)
    }

    fn announcement_ends(&mut self, announcement: u64) -> Result<(), Contradiction> {
        let at = self.announcements.iter().position(|known| known.revision == announcement);
        self.announcements.remove(at.ok_or("nothing is announced there")?);
        Ok(())
    }
}

impl Account {
    /// Whether nothing that is kept of it may be purged (M11).
    pub fn under_legal_hold(&self) -> bool {
        !self.records().measures.legal_holds.is_empty()
    }

    /// Since when nobody uses it: its last call or top-up, or when it was last restored to its holder (A4).
    pub fn idle_since(&self) -> Timestamp {
        let restored = self.records().measures.restored_at;
        restored.map_or(self.last_activity(), |restored| restored.max(self.last_activity()))
    }

    fn measures_mut(&mut self) -> &mut Measures {
        &mut self.records_mut().measures
    }

    pub(in crate::account) fn freeze_begins(&mut self, event: &Frozen, revision: u64) {
        if let Some(announced) = event.announced {
            // A withdrawn one is never carried out: what carries it out takes it from the list.
            let _known = self.measures_mut().announcement_ends(announced);
        }
        if event.owner_wide {
            let reason = event.reason.clone();
            self.measures_mut().spreads.push(Spread { revision, freeze: revision, lifts: false, reason });
        }
    }

    pub(in crate::account) fn freeze_ends(
        &mut self,
        freeze: &Freeze,
        reason: &Token,
        revision: u64,
        at: Timestamp,
    ) {
        if freeze.scope == FreezeScope::Account {
            self.measures_mut().restored_at = Some(at);
        }
        if freeze.owner_wide {
            let (freeze, reason) = (freeze.revision, reason.clone());
            self.measures_mut().spreads.push(Spread { revision, freeze, lifts: true, reason });
        }
    }

    pub(in crate::account) fn freeze_announced(
        &mut self,
        event: &FreezeAnnounced,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let what = Announced::Freeze { scope: event.scope.clone(), owner_wide: event.owner_wide };
        let reason = Some(event.reason.clone());
        let effective_at = event.effective_at;
        let announced = Announcement { revision, what, reason, announced_at: at, effective_at };
        self.measures_mut().announcements.push(announced);
        Ok(())
    }

    pub(in crate::account) fn closure_announced(
        &mut self,
        event: &ClosureAnnounced,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let (what, reason) = (Announced::Closing { by: event.by }, event.reason.clone());
        let effective_at = event.effective_at;
        let announced = Announcement { revision, what, reason, announced_at: at, effective_at };
        self.measures_mut().announcements.push(announced);
        Ok(())
    }

    pub(in crate::account) fn announcement_withdrawn(
        &mut self,
        event: &AnnouncementWithdrawn,
        _: u64,
        _: Timestamp,
    ) -> Result<(), Contradiction> {
        self.measures_mut().announcement_ends(event.announcement)
    }

    pub(in crate::account) fn measure_spread(
        &mut self,
        event: &MeasureSpread,
        _: u64,
        _: Timestamp,
    ) -> Result<(), Contradiction> {
        let spreads = &mut self.measures_mut().spreads;
        let at = spreads.iter().position(|spread| spread.revision == event.measure);
        spreads.remove(at.ok_or("the measure has reached the other accounts before")?);
        Ok(())
    }

    /// The end overtakes whatever else was announced to end it.
    pub(in crate::account) fn account_closed(&mut self, event: &AccountClosed, revision: u64, at: Timestamp) {
        self.status = Status::Closed;
        self.closed_for(event);
        let measures = self.measures_mut();
        measures.announcements.retain(|known| !matches!(known.what, Announced::Closing { .. }));
        for breach in measures.breaches.iter_mut().filter(|breach| breach.state == BreachState::Open) {
            let ended_it = event.breach == Some(breach.revision);
            breach.state = if ended_it { BreachState::Uncured } else { BreachState::Lapsed };
        }
        measures.closure = Some(Closure {
            revision,
            by: event.by,
            reason: event.reason.clone(),
            recorded_at: at,
            remainder: event.remainder,
            forfeited: Vec::new(),
        });
    }

    /// Remembers what a closing forfeited, for an appeal.
    pub(in crate::account) fn closing_forfeits(
        &mut self,
        lot: u64,
        amount: Credits,
    ) -> Result<(), Contradiction> {
        let Some(closure) = self.records.as_mut().and_then(|records| records.measures.closure.as_mut())
        else {
            return Ok(());
        };
        match closure.forfeited.iter_mut().find(|part| part.lot == lot) {
            Some(part) => add(&mut part.amount, amount),
            None => {
                closure.forfeited.push(LotAmount { lot, amount });
                Ok(())
            }
        }
    }

    pub(in crate::account) fn account_reopened(
        &mut self,
        _: &AccountReopened,
        _: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        if self.status != Status::Closed {
            return Err("an account that is not closed is opened again");
        }
        self.status = Status::Open;
        self.records_mut().orders.ended_for = None;
        let measures = self.measures_mut();
        measures.closure = None;
        measures.restored_at = Some(at);
        Ok(())
    }

    pub(in crate::account) fn breach_notified(
        &mut self,
        event: &BreachNotified,
        revision: u64,
        _: Timestamp,
    ) -> Result<(), Contradiction> {
        let (by, reason, cure_until) = (event.by, event.reason.clone(), event.cure_until);
        let breach = Breach { revision, by, reason, cure_until, state: BreachState::Open };
        self.measures_mut().breaches.push(breach);
        Ok(())
    }

    pub(in crate::account) fn breach_cured(
        &mut self,
        event: &BreachCured,
        _: u64,
        _: Timestamp,
    ) -> Result<(), Contradiction> {
        let mut breaches = self.measures_mut().breaches.iter_mut();
        let breach =
            breaches.find(|breach| breach.revision == event.breach).ok_or("there is no such breach")?;
        breach.state = BreachState::Cured;
        Ok(())
    }

    pub(in crate::account) fn appeal_filed(
        &mut self,
        event: &AppealFiled,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let (kind, measure) = (event.kind, event.measure);
        let taken_at = self.measure_taken_at(kind, measure).ok_or("no such measure stands")?;
        let state = AppealState::Pending;
        let appeal = Appeal { revision, kind, measure, taken_at, filed_at: at, state };
        self.measures_mut().appeals.push(appeal);
        Ok(())
    }

    pub(in crate::account) fn appeal_decided(
        &mut self,
        event: &AppealDecided,
        _: u64,
        _: Timestamp,
    ) -> Result<(), Contradiction> {
        let mut appeals = self.measures_mut().appeals.iter_mut();
        let appeal =
            appeals.find(|appeal| appeal.revision == event.appeal).ok_or("there is no such appeal")?;
        appeal.state = if event.upheld { AppealState::Upheld } else { AppealState::Rejected };
        Ok(())
    }

    /// When a measure was recorded that stands and can be appealed.
    pub(in crate::account) fn measure_taken_at(&self, kind: MeasureKind, measure: u64) -> Option<Timestamp> {
        let measures = &self.records().measures;
        match kind {
            MeasureKind::Freeze => self
                .freezes()
                .iter()
                .find(|freeze| freeze.revision == measure)
                .map(|freeze| freeze.recorded_at),
            MeasureKind::Key => measures.revoked_at(measure),
            MeasureKind::Closure => measures
                .closure()
                .filter(|closure| closure.revision == measure && closure.by == ClosedBy::Operator)
                .map(|closure| closure.recorded_at),
        }
    }

    pub(in crate::account) fn legal_hold_placed(
        &mut self,
        event: &LegalHoldPlaced,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let hold = LegalHold { revision, reason: event.reason.clone(), since: at };
        self.measures_mut().legal_holds.push(hold);
        Ok(())
    }

    pub(in crate::account) fn legal_hold_released(
        &mut self,
        event: &LegalHoldReleased,
        _: u64,
        _: Timestamp,
    ) -> Result<(), Contradiction> {
        let holds = &mut self.measures_mut().legal_holds;
        let at = holds.iter().position(|hold| hold.revision == event.legal_hold);
        holds.remove(at.ok_or("no such legal hold stands")?);
        Ok(())
    }

    pub(in crate::account) fn key_revoked(
        &mut self,
        event: &KeyRevoked,
        _: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        self.key_mut(event.key)?.revoked = true;
        if event.reason.is_some() {
            self.measures_mut().revoked.push((event.key, at));
        }
        Ok(())
    }

    pub(in crate::account) fn key_reinstated(
        &mut self,
        event: &KeyReinstated,
        _: u64,
        _: Timestamp,
    ) -> Result<(), Contradiction> {
        self.key_mut(event.key)?.revoked = false;
        self.measures_mut().revoked.retain(|(key, _)| *key != event.key);
        Ok(())
    }

    pub(in crate::account) fn lot_reinstated(
        &mut self,
        event: &LotReinstated,
        _: u64,
        _: Timestamp,
    ) -> Result<(), Contradiction> {
        self.shift(event.lot, Bucket::Forfeited, Bucket::Free, event.amount)
    }
}
