//! Measures: what is announced, breaches, violations, reviews, appeals, legal holds.

use serde::{Deserialize, Serialize};

use super::super::Account;
use super::super::event::{
    AccountReopened, AnnouncementWithdrawn, AppealDecided, AppealFiled, BreachCured, BreachNotified,
    ClosureAnnounced, FreezeAnnounced, KeyReinstated, LegalHoldPlaced, LegalHoldReleased, LotReinstated,
    MeasureSpread, ReviewClosed, ReviewOpened, ViolationRecorded,
};
use super::super::evolve::Contradiction;
use crate::Timestamp;

/// Measures: what is announced, breaches, violations, reviews, appeals, legal holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measures {}

impl Account {
    pub(in crate::account) fn freeze_announced(
        &mut self,
        event: &FreezeAnnounced,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn closure_announced(
        &mut self,
        event: &ClosureAnnounced,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn announcement_withdrawn(
        &mut self,
        event: &AnnouncementWithdrawn,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn measure_spread(
        &mut self,
        event: &MeasureSpread,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn account_reopened(
        &mut self,
        event: &AccountReopened,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn breach_notified(
        &mut self,
        event: &BreachNotified,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn breach_cured(
        &mut self,
        event: &BreachCured,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn violation_recorded(
        &mut self,
        event: &ViolationRecorded,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn review_opened(
        &mut self,
        event: &ReviewOpened,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn review_closed(
        &mut self,
        event: &ReviewClosed,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn appeal_filed(
        &mut self,
        event: &AppealFiled,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn appeal_decided(
        &mut self,
        event: &AppealDecided,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn legal_hold_placed(
        &mut self,
        event: &LegalHoldPlaced,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn legal_hold_released(
        &mut self,
        event: &LegalHoldReleased,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn key_reinstated(
        &mut self,
        event: &KeyReinstated,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn lot_reinstated(
        &mut self,
        event: &LotReinstated,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }
}
