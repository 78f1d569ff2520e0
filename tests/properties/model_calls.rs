//! The model's calls: holds and debits.

use serde_json::{Value, json};

use super::Code;
use super::account::{Charge, Hold, HoldState, Place};
use super::money::{asked, credits, parts, rate, time};
use super::rules::{Attempt, copy, merged, total};

impl Attempt<'_> {
    /// Whether the account and the key may make calls.
    pub(super) fn admit(&self, call: &Value) -> Result<(), Code> {
        self.not_closed()?;
        if self.account.is_frozen(&json!({ "kind": "account" })) {
            return Err("account_frozen");
        }
        let Some(key) = call.get("key") else { return Ok(()) };
        self.standing_key(key)?;
        if self.account.is_frozen(&json!({ "kind": "key", "key": key })) { Err("key_frozen") } else { Ok(()) }
    }

    pub(super) fn cost(
        &self,
        catalog: &Value,
        policy: &Value,
        call: &Value,
        size: &Value,
    ) -> Result<(Vec<Value>, i128), Code> {
        let sold = |rate: &&Value| rate["model"] == call["model"] && rate["endpoint"] == call["endpoint"];
        let rates: Vec<Value> = catalog["rates"].as_array().unwrap().iter().filter(sold).cloned().collect();
        if rates.is_empty() {
            return Err("unknown_model");
        }
        match size.get("amount") {
            None => rate(&rates, &size["usage"], &policy["rounding"]),
            Some(_) if policy["holds"]["amount_allowed"] == false => Err("amount_not_allowed"),
            Some(amount) => Ok((Vec::new(), asked(amount, true)?)),
        }
    }

    /// A call is admitted when its amount ≤ available + credit_limit.
    pub(super) fn reserve(&self, policy: &Value, amount: i128) -> Result<(Vec<(u64, i128)>, i128), Code> {
        if amount > self.account.available() + self.account.credit_limit {
            return Err("insufficient_credits");
        }
        let from_lots = self.account.burn(&policy["burn_order"], amount);
        let on_credit = amount - total(&from_lots);
        Ok((from_lots, on_credit))
    }

    pub(super) fn place_hold(&mut self, command: &Value) -> Result<(), Code> {
        let call = &command["call"];
        self.admit(call)?;
        let (catalog, policy) = (self.catalog(), self.policy());
        let (_, amount) = self.cost(&catalog, &policy, call, &command["size"])?;
        let (from_lots, on_credit) = self.reserve(&policy, amount)?;
        let longest = policy["holds"]["max_ttl_seconds"].as_u64().unwrap();
        let wanted = command.get("ttl_seconds").unwrap_or(&policy["holds"]["ttl_seconds"]).as_u64().unwrap();
        let ends = self.now + wanted.min(longest) as i64 * 1_000_000;
        let mut payload = copy(call, &["request_id", "model", "endpoint", "key"]);
        payload.insert("amount".into(), credits(amount));
        payload.insert("lots".into(), parts(&from_lots));
        if on_credit > 0 {
            payload.insert("on_credit".into(), credits(on_credit));
        }
        payload.insert("expires_at".into(), time(ends));
        payload.insert("catalog".into(), catalog["version"].clone());
        payload.insert("policy".into(), policy["version"].clone());
        let hold = self.account.next_revision;
        self.hold_parts(hold, &from_lots);
        let state = HoldState::Open;
        let (catalog, policy) = (catalog["version"].clone(), policy["version"].clone());
        self.account
            .holds
            .insert(hold, Hold { state, call: call.clone(), amount, on_credit, ends, catalog, policy });
        payload.insert("after".into(), self.account.balance());
        self.emit("hold_placed", payload.into(), None);
        Ok(())
    }

    pub(super) fn hold_parts(&mut self, hold: u64, from_lots: &[(u64, i128)]) {
        for (lot, amount) in from_lots {
            self.account.shift(*lot, Place::Free, Place::Held(hold), *amount);
        }
    }

    pub(super) fn open_hold(&self, revision: &Value) -> Result<(u64, Hold), Code> {
        let revision = revision.as_u64().unwrap();
        let hold = self.account.holds.get(&revision).ok_or("hold_not_found")?;
        if hold.state == HoldState::Open { Ok((revision, hold.clone())) } else { Err("hold_already_settled") }
    }

    pub(super) fn extend_hold(&mut self, command: &Value) -> Result<(), Code> {
        let (revision, hold) = self.open_hold(&command["hold"])?;
        self.admit(&hold.call)?;
        let (catalog, policy) = (self.terms.catalog(&hold.catalog), self.terms.policy(&hold.policy));
        let (_, wanted) = self.cost(&catalog, &policy, &hold.call, &command["size"])?;
        let more = (wanted - hold.amount).max(0);
        let (from_lots, on_credit) = if more > 0 { self.reserve(&policy, more)? } else { (Vec::new(), 0) };
        let ttl = policy["holds"]["ttl_seconds"].as_u64().unwrap() as i64 * 1_000_000;
        self.hold_parts(revision, &from_lots);
        let state = self.account.holds.get_mut(&revision).unwrap();
        state.amount += more;
        state.on_credit += on_credit;
        state.ends = state.ends.max(self.now + ttl);
        let mut payload = json!({
            "hold": revision,
            "amount": credits(state.amount),
            "lots": parts(&from_lots),
            "expires_at": time(state.ends),
        });
        if on_credit > 0 {
            payload["on_credit"] = credits(on_credit);
        }
        self.emit("hold_extended", payload, None);
        Ok(())
    }

    /// What a call is charged by its outcome.
    pub(super) fn priced(
        &self,
        catalog: &Value,
        policy: &Value,
        call: &Value,
        command: &Value,
    ) -> Result<(Vec<Value>, i128), Code> {
        let (lines, cost) = self.cost(catalog, policy, call, &command["size"])?;
        let charged = policy["outcomes"][command["outcome"].as_str().unwrap()] == "charge";
        Ok((lines, if charged { cost } else { 0 }))
    }

    pub(super) fn capture_hold(&mut self, command: &Value) -> Result<(), Code> {
        let revision = command["hold"].as_u64().unwrap();
        let hold = self.account.holds.get(&revision).ok_or("hold_not_found")?.clone();
        let (catalog, policy) = (self.terms.catalog(&hold.catalog), self.terms.policy(&hold.policy));
        if hold.state == HoldState::Settled {
            return Err("hold_already_settled");
        }
        let late = hold.state == HoldState::Expired;
        let (lines, cost) = self.priced(&catalog, &policy, &hold.call, command)?;

        // What the hold reserved, in the order in which it did.
        let reserved = if late { Vec::new() } else { self.account.parts_in(Place::Held(revision)) };
        let on_credit = if late { 0 } else { hold.on_credit };
        let mut taken = Vec::new();
        let mut returned = Vec::new();
        let mut lacking = cost;
        for (lot, amount) in reserved {
            let part = amount.min(lacking);
            lacking -= part;
            taken.push((lot, part));
            returned.push((lot, amount - part));
        }
        let from_hold = cost - lacking;
        // Then what is available, never so much that the balance falls below what it may.
        let spendable = (self.account.available() + on_credit + self.account.credit_limit).max(0);
        let more = self.account.burn(&policy["burn_order"], lacking.min(spendable));
        lacking -= total(&more);
        taken.extend(more);
        // Then what the hold reserved of the credit line; the rest is a shortfall.
        let by_line = lacking.min(on_credit);
        let shortfall = lacking - by_line;
        let room = self.account.credit_limit - self.account.debt() - self.account.on_credit();
        let debt =
            match (policy["overrun"]["rule"].as_str(), policy["overrun"]["beyond_credit_line"].as_str()) {
                (Some("absorb"), _) => 0,
                (Some("debt"), Some("absorb")) => shortfall.min(room.max(0)),
                (Some("debt"), Some("receivable")) => shortfall,
                other => panic!("an unknown overrun rule: {other:?}"),
            };
        let released = if late { 0 } else { hold.amount - from_hold - by_line };

        self.release(revision, HoldState::Settled);
        let versions = [hold.catalog.clone(), hold.policy.clone()];
        let paid = (merged(&taken), by_line + debt, shortfall - debt);
        let charge = self.charge(&hold.call, command, lines, cost, paid, versions);
        let mut payload = json!({ "hold": revision, "charge": charge, "released": credits(released) });
        if late {
            payload["late"] = json!(true);
        }
        self.emit("hold_captured", payload, None);
        returned.retain(|(_, amount)| *amount > 0);
        self.settle_returned(&returned, &policy);
        Ok(())
    }

    /// Takes what paid for a call, and writes it down.
    pub(super) fn charge(
        &mut self,
        call: &Value,
        command: &Value,
        lines: Vec<Value>,
        cost: i128,
        (mut lots, debt, absorbed): (Vec<(u64, i128)>, i128, i128),
        [catalog, policy]: [Value; 2],
    ) -> Value {
        lots.retain(|(_, amount)| *amount > 0);
        let revision = self.account.next_revision;
        for (lot, amount) in &lots {
            self.account.shift(*lot, Place::Free, Place::Spent(revision), *amount);
        }
        assert_eq!(cost, total(&lots) + debt + absorbed);
        let mut charge = copy(call, &["request_id", "model", "endpoint", "key"]);
        charge.extend(copy(command, &["outcome", "provider"]));
        if !lines.is_empty() {
            charge.insert("lines".into(), lines.into());
        }
        charge.insert("charged".into(), credits(cost));
        charge.insert("lots".into(), parts(&lots));
        if debt > 0 {
            charge.insert("debt".into(), credits(debt));
            self.account.debts.push(debt);
        }
        if absorbed > 0 {
            charge.insert("absorbed".into(), credits(absorbed));
        }
        charge.insert("catalog".into(), catalog);
        charge.insert("policy".into(), policy);
        self.account.charges.insert(revision, Charge { lots, debt, refunded: 0 });
        charge.into()
    }

    pub(super) fn void_hold(&mut self, command: &Value) -> Result<(), Code> {
        let (revision, hold) = self.open_hold(&command["hold"])?;
        let policy = self.terms.policy(&hold.policy);
        let returned = self.void(revision, &command["outcome"]);
        self.settle_returned(&returned, &policy);
        Ok(())
    }

    /// Gives a hold up; answers what returns to which lots.
    pub(super) fn void(&mut self, revision: u64, outcome: &Value) -> Vec<(u64, i128)> {
        let reserved = self.account.parts_in(Place::Held(revision));
        let released = credits(self.account.holds[&revision].amount);
        self.release(revision, HoldState::Settled);
        self.emit("hold_voided", json!({ "hold": revision, "outcome": outcome, "released": released }), None);
        reserved
    }

    pub(super) fn debit(&mut self, command: &Value) -> Result<(), Code> {
        let (catalog, policy) = (self.catalog(), self.policy());
        let call = &command["call"];
        let (lines, cost) = self.priced(&catalog, &policy, call, command)?;
        let mut paid = (Vec::new(), 0, 0);
        if cost > 0 {
            self.admit(call)?;
            let (from_lots, on_credit) = self.reserve(&policy, cost)?;
            paid = (from_lots, on_credit, 0);
        }
        let versions = [catalog["version"].clone(), policy["version"].clone()];
        let charge = self.charge(call, command, lines, cost, paid, versions);
        self.emit("debited", json!({ "charge": charge }), None);
        Ok(())
    }
}
