//! Conduct: violations of the terms, and the reviews that they lead to.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::super::Account;
use super::super::event::{ReviewClosed, ReviewOpened, ViolationRecorded};
use super::super::evolve::Contradiction;
use crate::book::policy::MOST_VIOLATIONS;
use crate::{Timestamp, Token};

/// Violations of the terms, and the reviews that they lead to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conduct {
    /// How many violations there were.
    pub violations: u32,
    /// When the latest ones were recorded, oldest first: as many as a threshold may count.
    pub latest: Vec<Timestamp>,
    /// Every review, in the order they were opened.
    pub reviews: Vec<Review>,
}

/// A person has to look at the account, or has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The revision of the event that opened it.
    pub revision: u64,
    /// Why, as a code.
    pub reason: Token,
    /// How many violations led to it.
    pub count: u32,
    /// The clause that says so.
    pub clause: Option<CompactString>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// What came of it, as a code; nothing while it is open.
    pub decision: Option<Token>,
}

impl Conduct {
    /// How many violations there were within some days of 24 hours until now.
    pub(in crate::account) fn within(&self, days: u64, now: Timestamp) -> u32 {
        let count = self.latest.iter().rev().take_while(|at| at.plus_days(days) >= now).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

impl Account {
    pub(in crate::account) fn violation_recorded(
        &mut self,
        _: &ViolationRecorded,
        _: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        let conduct = &mut self.records_mut().conduct;
        conduct.violations = conduct.violations.saturating_add(1);
        if conduct.latest.len() >= MOST_VIOLATIONS as usize {
            conduct.latest.remove(0);
        }
        conduct.latest.push(at);
        Ok(())
    }

    pub(in crate::account) fn review_opened(
        &mut self,
        event: &ReviewOpened,
        revision: u64,
        at: Timestamp,
    ) -> Result<(), Contradiction> {
        self.records_mut().conduct.reviews.push(Review {
            revision,
            reason: event.reason.clone(),
            count: event.count,
            clause: event.clause.clone(),
            opened_at: at,
            decision: None,
        });
        Ok(())
    }

    pub(in crate::account) fn review_closed(
        &mut self,
        event: &ReviewClosed,
        _: u64,
        _: Timestamp,
    ) -> Result<(), Contradiction> {
        let mut reviews = self.records_mut().conduct.reviews.iter_mut();
        let review =
            reviews.find(|review| review.revision == event.review).ok_or("there is no such review")?;
        if review.decision.is_some() {
            return Err("the review is closed already");
        }
        review.decision = Some(event.decision.clone());
        Ok(())
    }
}
