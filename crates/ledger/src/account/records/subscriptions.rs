//! Subscriptions and their periods.

use serde::{Deserialize, Serialize};

use super::super::Account;
use super::super::event::{PeriodGranted, PeriodPaid, Subscribed, SubscriptionCancelled, SubscriptionEnded};
use super::super::evolve::Contradiction;
use crate::Timestamp;

/// Subscriptions and their periods.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriptions {}

impl Account {
    pub(in crate::account) fn subscribed(
        &mut self,
        event: &Subscribed,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn period_granted(
        &mut self,
        event: &PeriodGranted,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn period_paid(
        &mut self,
        event: &PeriodPaid,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn subscription_cancelled(
        &mut self,
        event: &SubscriptionCancelled,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    pub(in crate::account) fn subscription_ended(
        &mut self,
        event: &SubscriptionEnded,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let _ = (event, revision, at);
        Ok(())
    }

    /// Whether it had a running subscription at a time: such accounts may be owed a notice (I7).
    pub fn was_subscribed_at(&self, time: Timestamp) -> bool {
        let _ = time;
        false
    }
}
