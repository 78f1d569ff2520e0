//! Events, refusals and balances in a few words.

use scrip_ledger::event::{Charged, LotAmount};
use scrip_ledger::{Balance, Bucket, Credits, Event, FreezeScope, Lot, Refusal, Timestamp};

use super::script::START;

/// Since the start, in the largest unit that is exact.
fn time(at: Timestamp) -> String {
    let seconds = (at.micros() - START) / 1_000_000;
    for (unit, length) in [("d", 86_400), ("h", 3_600), ("m", 60)] {
        if seconds % length == 0 {
            return format!("{}{unit}", seconds / length);
        }
    }
    format!("{seconds}s")
}

fn until(end: Option<Timestamp>) -> String {
    end.map_or_else(String::new, |end| format!(" until {}", time(end)))
}

/// `l1:3 + l2:1 + debt 2`, without what is zero.
fn paid(lots: &[LotAmount], others: &[(&str, Credits)]) -> String {
    let lots = lots.iter().map(|part| format!("l{}:{}", part.lot, part.amount));
    let others = others.iter().filter(|(_, amount)| !amount.is_zero());
    let all: Vec<String> = lots.chain(others.map(|(name, amount)| format!("{name} {amount}"))).collect();
    if all.is_empty() { String::new() } else { format!(" = {}", all.join(" + ")) }
}

fn charge(charge: &Charged) -> String {
    let others = [("debt", charge.debt), ("absorbed", charge.absorbed)];
    format!("{}{}", charge.charged, paid(&charge.lots, &others))
}

pub fn outcome(events: &[Event]) -> String {
    if events.is_empty() {
        return "nothing".to_owned();
    }
    events.iter().map(event).collect::<Vec<_>>().join("; ")
}

fn event(event: &Event) -> String {
    match event {
        Event::AccountOpened(_) => "opened".into(),
        Event::KeyIssued(_) => "key issued".into(),
        Event::KeyRotated(e) => format!("key {} rotated", e.key),
        Event::KeyRevoked(e) => format!("key {} revoked", e.key),
        Event::ToppedUp(e) => format!("topped up {}{}", e.credits, until(e.expires_at)),
        Event::Granted(e) => format!("granted {}{}", e.credits, until(e.expires_at)),
        Event::HoldPlaced(e) => {
            format!(
                "held {}{}{}",
                e.amount,
                paid(&e.lots, &[("line", e.on_credit)]),
                until(Some(e.expires_at))
            )
        }
        Event::HoldExtended(e) => {
            let more = paid(&e.lots, &[("line", e.on_credit)]).replace(" =", " +");
            format!("extended h{} to {}{more}{}", e.hold, e.amount, until(Some(e.expires_at)))
        }
        Event::HoldCaptured(e) => {
            let late = if e.late { "late " } else { "" };
            format!("{late}captured h{} {}, released {}", e.hold, charge(&e.charge), e.released)
        }
        Event::HoldVoided(e) => format!("voided h{}, released {}", e.hold, e.released),
        Event::HoldExpired(e) => {
            format!("h{} expired at {}, released {}", e.hold, time(e.expired_at), e.released)
        }
        Event::Debited(e) => format!("debited {}", charge(&e.charge)),
        Event::UsageRefunded(e) => {
            let mut text =
                format!("refunded d{} {}{}", e.debit, e.credits, paid(&e.lots, &[("debt", e.debt)]));
            for part in &e.repaid {
                text += &format!(" + repaid l{}:{}", part.lot, part.amount);
            }
            for revived in &e.revived {
                text += &format!(", l{} lives until {}", revived.lot, time(revived.expires_at));
            }
            text
        }
        Event::LotExpired(e) => format!("l{} expired {} at {}", e.lot, e.amount, time(e.expired_at)),
        Event::LotForfeited(e) => format!("l{} forfeited {}", e.lot, e.amount),
        Event::DebtRepaid(e) => format!("repaid{}", paid(&e.lots, &[])),
        Event::Frozen(e) => match &e.scope {
            FreezeScope::Account => "frozen account".into(),
            FreezeScope::Amount { amount } => format!("frozen amount {amount}"),
            FreezeScope::Lots { lots } => format!("frozen lots {lots:?}"),
            FreezeScope::Key { key } => format!("frozen key {key}"),
        },
        Event::Thawed(e) => format!("thawed f{}", e.freeze),
        Event::CreditLineSet(e) => format!("line {}", e.limit),
        Event::AccountClosed(_) => "closed".into(),
        other => other.wire_name().replace('_', " "),
    }
}

pub fn refusal(refusal: &Refusal) -> String {
    let code = refusal.code();
    match refusal {
        Refusal::InsufficientCredits { available, required } => {
            format!("! {code}, available {available}, required {required}")
        }
        Refusal::NotEligible { clause: Some(clause), .. } => format!("! {code}, {clause}"),
        _ => format!("! {code}"),
    }
}

fn listed(amounts: &[(&str, Credits)]) -> String {
    let nonzero = amounts.iter().filter(|(_, amount)| !amount.is_zero());
    let texts: Vec<String> = nonzero.map(|(name, amount)| format!("{name} {amount}")).collect();
    if texts.is_empty() { "nothing".to_owned() } else { texts.join(", ") }
}

pub fn balance(balance: &Balance) -> String {
    listed(&[
        ("available", balance.available),
        ("posted", balance.posted),
        ("held", balance.held),
        ("frozen", balance.frozen),
        ("debt", balance.debt),
        ("limit", balance.credit_limit),
    ])
}

pub fn lot(lot: &Lot) -> String {
    listed(&[
        ("free", lot.free),
        ("held", lot.held),
        ("spent", lot.spent),
        ("repaid", lot.repaid),
        ("expired", lot.bucket(Bucket::Expired)),
        ("forfeited", lot.bucket(Bucket::Forfeited)),
    ])
}
