//! The model's account: coins, and what can be asked of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::money::{credits, nanos};

/// Where a coin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Free,
    /// Reserved by a hold.
    Held(u64),
    /// Taken by a call.
    Spent(u64),
    /// Taken by the repayment of debt.
    Repaid,
    Expired,
    Forfeited,
}

/// A piece of a lot.
#[derive(Clone, Debug)]
pub struct Coin {
    pub lot: u64,
    pub amount: i128,
    pub place: Place,
}

#[derive(Clone, Debug)]
pub struct Lot {
    pub revision: u64,
    pub paid: bool,
    pub priority: u64,
    pub ends: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldState {
    Open,
    Expired,
    Settled,
}

#[derive(Clone, Debug)]
pub struct Hold {
    pub state: HoldState,
    pub call: Value,
    pub amount: i128,
    pub on_credit: i128,
    pub ends: i64,
    pub catalog: Value,
    pub policy: Value,
}

/// What a call was charged, and by what it was paid.
#[derive(Clone, Debug)]
pub struct Charge {
    pub lots: Vec<(u64, i128)>,
    pub debt: i128,
    pub refunded: i128,
}

#[derive(Clone, Debug)]
pub struct Freeze {
    pub revision: u64,
    pub scope: Value,
}

#[derive(Clone, Debug, Default)]
pub struct Account {
    pub book: String,
    pub closed: bool,
    pub next_revision: u64,
    pub last_recorded_at: i64,
    pub lots: Vec<Lot>,
    pub coins: Vec<Coin>,
    pub holds: BTreeMap<u64, Hold>,
    /// Keys, and whether they were revoked.
    pub keys: BTreeMap<u64, bool>,
    pub freezes: Vec<Freeze>,
    /// What was booked as debt, and, below zero, what was repaid or refunded of it.
    pub debts: Vec<i128>,
    pub charges: BTreeMap<u64, Charge>,
    pub credit_limit: i128,
}

impl Account {
    pub fn lot(&self, revision: u64) -> Option<&Lot> {
        self.lots.iter().find(|lot| lot.revision == revision)
    }

    pub fn is_past(&self, lot: u64, now: i64) -> bool {
        self.lot(lot).unwrap().ends.is_some_and(|end| end <= now)
    }

    fn sum(&self, which: impl Fn(&Coin) -> bool) -> i128 {
        self.coins.iter().filter(|coin| which(coin)).map(|coin| coin.amount).sum()
    }

    /// What of a lot is in a place.
    pub fn of(&self, lot: u64, place: Place) -> i128 {
        self.sum(|coin| coin.lot == lot && coin.place == place)
    }

    pub fn held_of(&self, lot: u64) -> i128 {
        self.sum(|coin| coin.lot == lot && matches!(coin.place, Place::Held(_)))
    }

    pub fn spent_of(&self, lot: u64) -> i128 {
        self.sum(|coin| coin.lot == lot && matches!(coin.place, Place::Spent(_) | Place::Repaid))
    }

    /// What is in a place, lot by lot, in the order it came there.
    pub fn parts_in(&self, place: Place) -> Vec<(u64, i128)> {
        self.coins.iter().filter(|coin| coin.place == place).map(|coin| (coin.lot, coin.amount)).collect()
    }

    /// Moves an amount of a lot from one place to another, coin by coin.
    pub fn shift(&mut self, lot: u64, from: Place, to: Place, amount: i128) {
        let mut left = amount;
        for coin in self.coins.iter_mut().filter(|coin| coin.lot == lot && coin.place == from) {
            let part = coin.amount.min(left);
            coin.amount -= part;
            left -= part;
        }
        assert_eq!(left, 0, "the model moves only what is there: {lot} {from:?} {to:?}");
        self.coins.retain(|coin| coin.amount > 0);
        if amount > 0 {
            self.coins.push(Coin { lot, amount, place: to });
        }
    }

    pub fn free(&self) -> i128 {
        self.sum(|coin| coin.place == Place::Free)
    }

    pub fn held(&self) -> i128 {
        self.sum(|coin| matches!(coin.place, Place::Held(_)))
    }

    pub fn on_credit(&self) -> i128 {
        self.open_holds().map(|(_, hold)| hold.on_credit).sum()
    }

    pub fn open_holds(&self) -> impl Iterator<Item = (u64, &Hold)> {
        self.holds
            .iter()
            .filter(|(_, hold)| hold.state == HoldState::Open)
            .map(|(revision, hold)| (*revision, hold))
    }

    pub fn debt(&self) -> i128 {
        self.debts.iter().sum()
    }

    pub fn lot_is_frozen(&self, lot: u64) -> bool {
        self.freezes.iter().any(|freeze| {
            freeze.scope["lots"].as_array().is_some_and(|lots| lots.iter().any(|frozen| *frozen == lot))
        })
    }

    pub fn is_frozen(&self, scope: &Value) -> bool {
        self.freezes.iter().any(|freeze| freeze.scope == *scope)
    }

    /// What is free and under a freeze of lots or of an amount, never more than there is.
    pub fn frozen(&self) -> i128 {
        let by_lot = self.sum(|coin| coin.place == Place::Free && self.lot_is_frozen(coin.lot));
        let amounts = self.freezes.iter().filter(|freeze| freeze.scope["kind"] == "amount");
        let by_amount: i128 = amounts.map(|freeze| nanos(&freeze.scope["amount"])).sum();
        (by_lot + by_amount).min(self.free())
    }

    pub fn available(&self) -> i128 {
        let posted = self.free() + self.held();
        let held = self.held() + self.on_credit();
        posted - held - self.frozen() - self.debt()
    }

    pub fn balance(&self) -> Value {
        let mut balance = json!({
            "available": credits(self.available()),
            "posted": credits(self.free() + self.held()),
        });
        for (key, amount) in [
            ("held", self.held() + self.on_credit()),
            ("frozen", self.frozen()),
            ("debt", self.debt()),
            ("credit_limit", self.credit_limit),
        ] {
            if amount != 0 {
                balance[key] = credits(amount);
            }
        }
        balance
    }

    /// Up to an amount of what is usable, by the burn order: sorted by its last key first, so that its first decides.
    pub fn burn(&self, order: &Value, amount: i128) -> Vec<(u64, i128)> {
        let mut lots: Vec<&Lot> = self.lots.iter().filter(|lot| !self.lot_is_frozen(lot.revision)).collect();
        for key in order.as_array().unwrap().iter().rev() {
            match key.as_str().unwrap() {
                "priority" => lots.sort_by_key(|lot| lot.priority),
                "expires_first" => lots.sort_by_key(|lot| (lot.ends.is_none(), lot.ends)),
                "granted_first" => lots.sort_by_key(|lot| lot.paid),
                "paid_first" => lots.sort_by_key(|lot| !lot.paid),
                "oldest_first" => lots.sort_by_key(|lot| lot.revision),
                other => panic!("an unknown burn key: {other}"),
            }
        }
        let mut left = amount.min(self.free() - self.frozen());
        let mut parts = Vec::new();
        for lot in lots {
            let part = self.of(lot.revision, Place::Free).min(left);
            if part > 0 {
                parts.push((lot.revision, part));
                left -= part;
            }
        }
        parts
    }
}
