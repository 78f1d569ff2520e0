//! The model's usage refunds.

use serde_json::{Value, json};

use super::Code;
use super::account::Place;
use super::money::{asked, credits, days, parts, time};
use super::rules::{Attempt, merged, total};

impl Attempt<'_> {
    pub(super) fn refund_debit(&mut self, command: &Value) -> Result<(), Code> {
        let revision = command["debit"].as_u64().unwrap();
        let charge = self.account.charges.get(&revision).ok_or("debit_not_found")?.clone();
        let policy = self.policy();
        if policy["usage_refunds"]["allowed"] == false {
            return Err("not_eligible");
        }
        let left = total(&charge.lots) + charge.debt - charge.refunded;
        let amount = command.get("amount").map_or(Ok(left), |amount| asked(amount, false))?;
        if amount == 0 || amount > left {
            return Err("not_eligible");
        }

        // The last that paid is paid back first: the debt, then the lots, the last first.
        let mut skip = charge.refunded;
        let mut lacking = amount;
        let mut from = |paid: i128| {
            let part = (paid - skip).max(0).min(lacking);
            skip = (skip - paid).max(0);
            lacking -= part;
            part
        };
        let by_debt = from(charge.debt);
        let mut lots: Vec<(u64, i128)> =
            charge.lots.iter().rev().map(|(lot, amount)| (*lot, from(*amount))).collect();
        lots.retain(|(_, amount)| *amount > 0);
        let debt = by_debt.min(self.account.debt());
        // Debt that was repaid goes back to what repaid it, the latest lot first.
        let mut repaid = Vec::new();
        let mut left = by_debt - debt;
        for lot in self.account.lots.iter().rev() {
            let part = self.account.of(lot.revision, Place::Repaid).min(left);
            if part > 0 {
                repaid.push((lot.revision, part));
                left -= part;
            }
        }
        assert_eq!(left, 0, "what is no longer owed was repaid");

        for (lot, amount) in &lots {
            self.account.shift(*lot, Place::Spent(revision), Place::Free, *amount);
        }
        for (lot, amount) in &repaid {
            self.account.shift(*lot, Place::Repaid, Place::Free, *amount);
        }
        self.account.debts.push(-debt);
        self.account.charges.get_mut(&revision).unwrap().refunded += amount;
        let returned = merged(&[lots.clone(), repaid.clone()].concat());
        let mut payload = json!({
            "debit": revision,
            "reason": command["reason"],
            "credits": credits(amount),
            "lots": parts(&lots),
        });
        if debt > 0 {
            payload["debt"] = credits(debt);
        }
        if !repaid.is_empty() {
            payload["repaid"] = parts(&repaid);
        }
        // What is forfeited anyway is not revived first.
        let forfeits = self.account.closed && policy["close"]["remainder"] == "forfeit";
        let revive = policy["usage_refunds"]["expired_lot"].get("revive_days").filter(|_| !forfeits);
        let mut revived = Vec::new();
        if let Some(count) = revive {
            let end = self.now + days(count.as_u64().unwrap());
            for (lot, _) in &returned {
                if self.account.is_past(*lot, self.now) {
                    self.account.lots.iter_mut().find(|known| known.revision == *lot).unwrap().ends =
                        Some(end);
                    revived.push(json!({ "lot": lot, "expires_at": time(end) }));
                }
            }
        }
        if !revived.is_empty() {
            payload["revived"] = revived.into();
        }
        self.emit("usage_refunded", payload, None);
        self.settle_returned(&returned, &policy);
        Ok(())
    }
}
