//! The model's rules: what each command leads to, in the order in which the real ones are asked.

use serde_json::{Map, Value, json};

use super::account::{Account, Charge, Freeze, Hold, HoldState, Lot, Place};
use super::money::{MOST, asked, credits, days, micros, nanos, parts, rate, time};
use super::{Code, Coin, Recorded, Terms};

/// A command that is being applied: to a copy of the account, which is dropped if the command is refused.
pub struct Attempt<'a> {
    pub account: Account,
    pub terms: &'a Terms,
    pub now: i64,
    pub events: Vec<Recorded>,
}

/// One amount a lot, in the order in which the lots first stand.
fn merged(all: &[(u64, i128)]) -> Vec<(u64, i128)> {
    let mut merged: Vec<(u64, i128)> = Vec::new();
    for (lot, amount) in all {
        match merged.iter_mut().find(|(known, _)| known == lot) {
            Some((_, sum)) => *sum += amount,
            None => merged.push((*lot, *amount)),
        }
    }
    merged
}

fn total(parts: &[(u64, i128)]) -> i128 {
    parts.iter().map(|(_, amount)| amount).sum()
}

/// Copies the keys that are there.
fn copy(from: &Value, keys: &[&str]) -> Map<String, Value> {
    keys.iter().filter_map(|key| Some(((*key).to_owned(), from.get(*key)?.clone()))).collect()
}

impl Attempt<'_> {
    fn emit(&mut self, name: &'static str, payload: Value, effective_at: Option<i64>) -> u64 {
        self.events.push(Recorded { name, payload, effective_at });
        self.account.next_revision += 1;
        self.account.next_revision - 1
    }

    fn catalog(&self) -> Value {
        self.terms.catalogs.last().unwrap().clone()
    }

    fn policy(&self) -> Value {
        self.terms.policies.last().unwrap().clone()
    }

    /// Expiries up to now, in the order in which they took effect: of lots before holds, the older first. What a hold
    /// kept past its lot's end ends with the hold.
    pub fn settle_what_is_due(&mut self) {
        let mut since = i64::MIN;
        loop {
            let free_lots = self.account.lots.iter().filter(|l| self.account.of(l.revision, Place::Free) > 0);
            let ends_of_lots =
                free_lots.filter_map(|lot| Some((lot.ends?.max(since), 0, lot.revision))).collect::<Vec<_>>();
            let ends_of_holds = self.account.open_holds().map(|(hold, state)| (state.ends, 1, hold));
            let Some((end, kind, revision)) = ends_of_lots.into_iter().chain(ends_of_holds).min() else {
                return;
            };
            if end > self.now {
                return;
            }
            since = end;
            if kind == 0 {
                self.expire(revision, self.account.of(revision, Place::Free), end);
            } else {
                let released = self.account.holds[&revision].amount;
                self.release(revision, HoldState::Expired);
                let payload =
                    json!({ "hold": revision, "released": credits(released), "expired_at": time(end) });
                self.emit("hold_expired", payload, Some(end));
            }
        }
    }

    fn expire(&mut self, lot: u64, amount: i128, end: i64) {
        self.account.shift(lot, Place::Free, Place::Expired, amount);
        let payload = json!({ "lot": lot, "amount": credits(amount), "expired_at": time(end) });
        self.emit("lot_expired", payload, Some(end));
    }

    fn forfeit(&mut self, lot: u64, amount: i128) {
        self.account.shift(lot, Place::Free, Place::Forfeited, amount);
        let payload = json!({ "lot": lot, "amount": credits(amount), "reason": "account_closed" });
        self.emit("lot_forfeited", payload, None);
    }

    fn release(&mut self, hold: u64, state: HoldState) {
        for (lot, amount) in self.account.parts_in(Place::Held(hold)) {
            self.account.shift(lot, Place::Held(hold), Place::Free, amount);
        }
        self.account.holds.get_mut(&hold).unwrap().state = state;
    }

    /// What has come back to lots: it ends at once in a lot past its end; else a closed account may forfeit it.
    fn settle_returned(&mut self, returned: &[(u64, i128)], policy: &Value) {
        let forfeits = self.account.closed && policy["close"]["remainder"] == "forfeit";
        for (lot, amount) in merged(returned) {
            if self.account.is_past(lot, self.now) {
                self.expire(lot, amount, self.now);
            } else if forfeits {
                self.forfeit(lot, amount);
            }
        }
    }

    pub fn act(&mut self, command: &Value) -> Result<(), Code> {
        match command["op"].as_str().unwrap() {
            "open" => self.open(command),
            "issue_key" => self.issue_key(),
            "rotate_key" => self.change_key(command, "key_rotated"),
            "revoke_key" => self.change_key(command, "key_revoked"),
            "top_up" => self.top_up(command),
            "grant" => self.grant(command),
            "place_hold" => self.place_hold(command),
            "extend_hold" => self.extend_hold(command),
            "capture_hold" => self.capture_hold(command),
            "void_hold" => self.void_hold(command),
            "debit" => self.debit(command),
            "refund_debit" => self.refund_debit(command),
            "freeze" => self.freeze(command),
            "thaw" => self.thaw(command),
            "set_credit_line" => self.set_credit_line(command),
            "close" => self.close(command),
            "sweep" => Ok(()),
            other => panic!("an unknown command: {other}"),
        }
    }

    fn open(&mut self, command: &Value) -> Result<(), Code> {
        self.account.book = command["book"].as_str().unwrap().to_owned();
        let payload = copy(command, &["book", "owner", "region", "attestations", "terms_version"]);
        self.emit("account_opened", payload.into(), None);
        Ok(())
    }

    fn issue_key(&mut self) -> Result<(), Code> {
        self.not_closed()?;
        let key = self.emit("key_issued", json!({}), None);
        self.account.keys.insert(key, false);
        Ok(())
    }

    fn change_key(&mut self, command: &Value, event: &'static str) -> Result<(), Code> {
        if event == "key_rotated" {
            self.not_closed()?;
        }
        self.standing_key(&command["key"])?;
        if event == "key_revoked" {
            self.account.keys.insert(command["key"].as_u64().unwrap(), true);
        }
        self.emit(event, json!({ "key": command["key"] }), None);
        Ok(())
    }

    fn not_closed(&self) -> Result<(), Code> {
        if self.account.closed { Err("account_closed") } else { Ok(()) }
    }

    fn standing_key(&self, key: &Value) -> Result<(), Code> {
        match self.account.keys.get(&key.as_u64().unwrap()) {
            None => Err("key_not_found"),
            Some(true) => Err("key_revoked"),
            Some(false) => Ok(()),
        }
    }

    fn add_lot(&mut self, revision: u64, granted: i128, paid: bool, priority: &Value, ends: Option<i64>) {
        let lot = Lot { revision, paid, priority: priority.as_u64().unwrap(), ends };
        self.account.lots.push(lot);
        self.account.coins.push(Coin { lot: revision, amount: granted, place: Place::Free });
    }

    fn top_up(&mut self, command: &Value) -> Result<(), Code> {
        self.not_closed()?;
        let catalog = self.catalog();
        let product =
            catalog["products"].as_array().unwrap().iter().find(|p| p["id"] == command["product_id"]);
        let product = product.ok_or("unknown_product")?;
        let payment = &command["payment"];
        let same_currency =
            |key| payment.get(key).is_none_or(|on_top| on_top["currency"] == product["price"]["currency"]);
        if payment["amount"] != product["price"] || !same_currency("tax") || !same_currency("fee") {
            return Err("payment_mismatch");
        }
        let valid_days = product.get("valid_for").map(|text| {
            text.as_str().unwrap().trim_start_matches('P').trim_end_matches('D').parse::<u64>().unwrap()
        });
        let ends = valid_days.map(|count| self.now + days(count));
        let mut payload = copy(command, &["order_id", "product_id", "payment"]);
        payload.insert("catalog".into(), catalog["version"].clone());
        payload.insert("credits".into(), product["credits"].clone());
        payload.insert("priority".into(), product["priority"].clone());
        if let Some(end) = ends {
            payload.insert("expires_at".into(), time(end));
        }
        let lot = self.emit("topped_up", payload.into(), None);
        let brought = nanos(&product["credits"]);
        self.add_lot(lot, brought, true, &product["priority"], ends);
        let repaid = self.account.debt().min(brought);
        if repaid > 0 {
            self.account.shift(lot, Place::Free, Place::Repaid, repaid);
            self.account.debts.push(-repaid);
            self.emit("debt_repaid", json!({ "lots": parts(&[(lot, repaid)]) }), None);
        }
        Ok(())
    }

    fn grant(&mut self, command: &Value) -> Result<(), Code> {
        self.not_closed()?;
        let policy = self.policy();
        let rule = &policy["grants"][command["source"].as_str().unwrap()];
        let by_rule = rule.get("valid_days").map(|count| self.now + days(count.as_u64().unwrap()));
        let ends = command.get("expires_at").map(micros).or(by_rule);
        if ends.is_some_and(|end| end <= self.now) {
            return Err("invalid_time");
        }
        let granted = asked(&command["credits"], false)?;
        let priority = command.get("priority").unwrap_or(&rule["priority"]);
        let mut payload = copy(command, &["source", "campaign", "credits", "reason"]);
        payload.insert("priority".into(), priority.clone());
        if let Some(end) = ends {
            payload.insert("expires_at".into(), time(end));
        }
        let lot = self.emit("granted", payload.into(), None);
        self.add_lot(lot, granted, false, priority, ends);
        Ok(())
    }

    /// Whether the account and the key may make calls.
    fn admit(&self, call: &Value) -> Result<(), Code> {
        self.not_closed()?;
        if self.account.is_frozen(&json!({ "kind": "account" })) {
            return Err("account_frozen");
        }
        let Some(key) = call.get("key") else { return Ok(()) };
        self.standing_key(key)?;
        if self.account.is_frozen(&json!({ "kind": "key", "key": key })) { Err("key_frozen") } else { Ok(()) }
    }

    fn cost(
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
    fn reserve(&self, policy: &Value, amount: i128) -> Result<(Vec<(u64, i128)>, i128), Code> {
        if amount > self.account.available() + self.account.credit_limit {
            return Err("insufficient_credits");
        }
        let from_lots = self.account.burn(&policy["burn_order"], amount);
        let on_credit = amount - total(&from_lots);
        Ok((from_lots, on_credit))
    }

    fn place_hold(&mut self, command: &Value) -> Result<(), Code> {
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

    fn hold_parts(&mut self, hold: u64, from_lots: &[(u64, i128)]) {
        for (lot, amount) in from_lots {
            self.account.shift(*lot, Place::Free, Place::Held(hold), *amount);
        }
    }

    fn open_hold(&self, revision: &Value) -> Result<(u64, Hold), Code> {
        let revision = revision.as_u64().unwrap();
        let hold = self.account.holds.get(&revision).ok_or("hold_not_found")?;
        if hold.state == HoldState::Open { Ok((revision, hold.clone())) } else { Err("hold_already_settled") }
    }

    fn extend_hold(&mut self, command: &Value) -> Result<(), Code> {
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
    fn priced(
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

    fn capture_hold(&mut self, command: &Value) -> Result<(), Code> {
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
    fn charge(
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

    fn void_hold(&mut self, command: &Value) -> Result<(), Code> {
        let (revision, hold) = self.open_hold(&command["hold"])?;
        let policy = self.terms.policy(&hold.policy);
        self.void(revision, &command["outcome"], &policy);
        Ok(())
    }

    fn void(&mut self, revision: u64, outcome: &Value, policy: &Value) {
        let reserved = self.account.parts_in(Place::Held(revision));
        let released = credits(self.account.holds[&revision].amount);
        self.release(revision, HoldState::Settled);
        self.emit("hold_voided", json!({ "hold": revision, "outcome": outcome, "released": released }), None);
        self.settle_returned(&reserved, policy);
    }

    fn debit(&mut self, command: &Value) -> Result<(), Code> {
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

    fn refund_debit(&mut self, command: &Value) -> Result<(), Code> {
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

    fn freeze(&mut self, command: &Value) -> Result<(), Code> {
        let mut scope = command["scope"].clone();
        match scope["kind"].as_str().unwrap() {
            "amount" => drop(asked(&scope["amount"], false)?),
            "key" => self.standing_key(&scope["key"])?,
            "lots" => {
                let mut lots: Vec<u64> =
                    scope["lots"].as_array().unwrap().iter().map(|lot| lot.as_u64().unwrap()).collect();
                lots.sort_unstable();
                lots.dedup();
                if lots.is_empty() || lots.iter().any(|lot| self.account.lot(*lot).is_none()) {
                    return Err("lot_not_found");
                }
                scope["lots"] = json!(lots);
            }
            _ => {}
        }
        let policy = self.policy();
        if policy["freeze"]["open_holds"] == "void" {
            let holds = self.account.open_holds();
            let stopped = holds.filter(|(_, hold)| match scope["kind"].as_str().unwrap() {
                "account" => true,
                "key" => hold.call.get("key") == Some(&scope["key"]),
                _ => false,
            });
            for hold in stopped.map(|(revision, _)| revision).collect::<Vec<_>>() {
                self.void(hold, &json!("failed"), &policy);
            }
        }
        let payload = json!({ "scope": scope, "reason": command["reason"] });
        let revision = self.emit("frozen", payload, None);
        self.account.freezes.push(Freeze { revision, scope });
        Ok(())
    }

    fn thaw(&mut self, command: &Value) -> Result<(), Code> {
        let which = command.get("freeze");
        let standing = self.account.freezes.iter().map(|freeze| freeze.revision);
        let lifted: Vec<u64> = standing.filter(|revision| which.is_none_or(|w| *w == *revision)).collect();
        if lifted.is_empty() {
            return Err("measure_not_found");
        }
        for freeze in lifted {
            self.account.freezes.retain(|standing| standing.revision != freeze);
            self.emit("thawed", json!({ "freeze": freeze, "reason": command["reason"] }), None);
        }
        Ok(())
    }

    fn set_credit_line(&mut self, command: &Value) -> Result<(), Code> {
        self.account.credit_limit = asked(&command["limit"], true)?;
        assert!(self.account.credit_limit <= MOST);
        self.emit("credit_line_set", json!({ "limit": command["limit"] }), None);
        Ok(())
    }

    fn close(&mut self, command: &Value) -> Result<(), Code> {
        self.not_closed()?;
        self.account.closed = true;
        self.emit("account_closed", copy(command, &["by", "reason"]).into(), None);
        if self.policy()["close"]["remainder"] == "forfeit" {
            let lots: Vec<u64> = self.account.lots.iter().map(|lot| lot.revision).collect();
            for lot in lots {
                let free = self.account.of(lot, Place::Free);
                if free > 0 {
                    self.forfeit(lot, free);
                }
            }
        }
        Ok(())
    }
}
