//! The model's rules: what each command leads to, in the order in which the real ones are asked.

use serde_json::{Map, Value, json};

use super::account::{Account, Freeze, HoldState, Lot, Place};
use super::money::{MOST, asked, credits, days, micros, nanos, parts, time};
use super::{Code, Coin, Recorded, Terms};

/// A command that is being applied: to a copy of the account, which is dropped if the command is refused.
pub struct Attempt<'a> {
    pub account: Account,
    pub terms: &'a Terms,
    pub now: i64,
    pub events: Vec<Recorded>,
}

/// One amount a lot, in the order in which the lots first stand.
pub(super) fn merged(all: &[(u64, i128)]) -> Vec<(u64, i128)> {
    let mut merged: Vec<(u64, i128)> = Vec::new();
    for (lot, amount) in all {
        match merged.iter_mut().find(|(known, _)| known == lot) {
            Some((_, sum)) => *sum += amount,
            None => merged.push((*lot, *amount)),
        }
    }
    merged
}

pub(super) fn total(parts: &[(u64, i128)]) -> i128 {
    parts.iter().map(|(_, amount)| amount).sum()
}

/// Copies the keys that are there.
pub(super) fn copy(from: &Value, keys: &[&str]) -> Map<String, Value> {
    keys.iter().filter_map(|key| Some(((*key).to_owned(), from.get(*key)?.clone()))).collect()
}

impl Attempt<'_> {
    pub(super) fn emit(&mut self, name: &'static str, payload: Value, effective_at: Option<i64>) -> u64 {
        self.events.push(Recorded { name, payload, effective_at });
        self.account.next_revision += 1;
        self.account.next_revision - 1
    }

    pub(super) fn catalog(&self) -> Value {
        self.terms.catalogs.last().unwrap().clone()
    }

    pub(super) fn policy(&self) -> Value {
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
                let parts = self.account.parts_in(Place::Held(revision));
                self.release(revision, HoldState::Expired);
                let payload =
                    json!({ "hold": revision, "released": credits(released), "expired_at": time(end) });
                self.emit("hold_expired", payload, Some(end));
                // An account that has ended forfeits what comes back, unless it is past its end and expires next.
                let policy = self.policy().clone();
                let parts: Vec<_> =
                    parts.into_iter().filter(|(lot, _)| !self.account.is_past(*lot, self.now)).collect();
                self.settle_returned(&parts, &policy);
            }
        }
    }

    pub(super) fn expire(&mut self, lot: u64, amount: i128, end: i64) {
        self.account.shift(lot, Place::Free, Place::Expired, amount);
        let payload = json!({ "lot": lot, "amount": credits(amount), "expired_at": time(end) });
        self.emit("lot_expired", payload, Some(end));
    }

    pub(super) fn forfeit(&mut self, lot: u64, amount: i128) {
        self.account.shift(lot, Place::Free, Place::Forfeited, amount);
        let payload = json!({ "lot": lot, "amount": credits(amount), "reason": "account_closed" });
        self.emit("lot_forfeited", payload, None);
    }

    pub(super) fn release(&mut self, hold: u64, state: HoldState) {
        for (lot, amount) in self.account.parts_in(Place::Held(hold)) {
            self.account.shift(lot, Place::Held(hold), Place::Free, amount);
        }
        self.account.holds.get_mut(&hold).unwrap().state = state;
    }

    /// What has come back to lots: it ends at once in a lot past its end; else a closed account may forfeit it.
    pub(super) fn settle_returned(&mut self, returned: &[(u64, i128)], policy: &Value) {
        let forfeits = self.account.closed && policy["close"]["remainder"] == "forfeit";
        let (past, rest): (Vec<_>, Vec<_>) =
            merged(returned).into_iter().partition(|(lot, _)| self.account.is_past(*lot, self.now));
        for (lot, amount) in past {
            self.expire(lot, amount, self.now);
        }
        for (lot, amount) in rest.into_iter().filter(|_| forfeits) {
            self.forfeit(lot, amount);
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

    pub(super) fn open(&mut self, command: &Value) -> Result<(), Code> {
        self.account.book = command["book"].as_str().unwrap().to_owned();
        let mut payload = copy(command, &["book", "owner", "region", "attestations", "terms_version"]);
        // An account that names no terms accepts those of the book.
        if let (None, Some(terms)) =
            (payload.get("terms_version"), self.policy()["opening"]["terms_version"].as_str())
        {
            payload.insert("terms_version".to_owned(), terms.into());
        }
        self.emit("account_opened", payload.into(), None);
        Ok(())
    }

    pub(super) fn issue_key(&mut self) -> Result<(), Code> {
        self.not_closed()?;
        let key = self.emit("key_issued", json!({}), None);
        self.account.keys.insert(key, false);
        Ok(())
    }

    pub(super) fn change_key(&mut self, command: &Value, event: &'static str) -> Result<(), Code> {
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

    pub(super) fn not_closed(&self) -> Result<(), Code> {
        if self.account.closed { Err("account_closed") } else { Ok(()) }
    }

    pub(super) fn standing_key(&self, key: &Value) -> Result<(), Code> {
        match self.account.keys.get(&key.as_u64().unwrap()) {
            None => Err("key_not_found"),
            Some(true) => Err("key_revoked"),
            Some(false) => Ok(()),
        }
    }

    pub(super) fn add_lot(
        &mut self,
        revision: u64,
        granted: i128,
        paid: bool,
        priority: &Value,
        ends: Option<i64>,
    ) {
        let lot = Lot { revision, paid, priority: priority.as_u64().unwrap(), ends };
        self.account.lots.push(lot);
        self.account.coins.push(Coin { lot: revision, amount: granted, place: Place::Free });
    }

    pub(super) fn top_up(&mut self, command: &Value) -> Result<(), Code> {
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

    pub(super) fn grant(&mut self, command: &Value) -> Result<(), Code> {
        self.not_closed()?;
        let policy = self.policy();
        let rule = &policy["grants"][command["source"].as_str().unwrap()];
        let by_rule = rule.get("valid_days").map(|count| self.now + days(count.as_u64().unwrap()));
        let ends = command.get("expires_at").map(micros).or(by_rule);
        if ends.is_some_and(|end| end <= self.now) {
            return Err("invalid_time");
        }
        let granted = asked(&command["credits"], false)?;
        let threshold = policy.pointer("/approvals/manual_grant_above");
        if let Some(above) = threshold.filter(|_| command["source"] == "manual")
            && granted > asked(above, true)?
        {
            let mut what = copy(command, &["source", "credits", "expires_at", "priority", "reason"]);
            what.insert("kind".into(), "grant".into());
            self.emit("approval_requested", json!({ "what": what, "by": "finance" }), None);
            return Ok(());
        }
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

    pub(super) fn freeze(&mut self, command: &Value) -> Result<(), Code> {
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
            let mut returned = Vec::new();
            for hold in stopped.map(|(revision, _)| revision).collect::<Vec<_>>() {
                returned.extend(self.void(hold, &json!("failed")));
            }
            self.settle_returned(&returned, &policy);
        }
        let payload = json!({ "scope": scope, "reason": command["reason"] });
        let revision = self.emit("frozen", payload, None);
        self.account.freezes.push(Freeze { revision, scope });
        Ok(())
    }

    pub(super) fn thaw(&mut self, command: &Value) -> Result<(), Code> {
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

    pub(super) fn set_credit_line(&mut self, command: &Value) -> Result<(), Code> {
        self.account.credit_limit = asked(&command["limit"], true)?;
        assert!(self.account.credit_limit <= MOST);
        self.emit("credit_line_set", json!({ "limit": command["limit"] }), None);
        Ok(())
    }

    pub(super) fn close(&mut self, command: &Value) -> Result<(), Code> {
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
