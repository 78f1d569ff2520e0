//! Facts that contradict the facts before them: the fold takes note, never stops, and decides nothing from then on.

use scrip_ledger::{Command, Refusal, Timestamp, decide, decode};

use super::script::check;

/// After 1 a lot of 5, 2 a key, 3 a hold of 4 of that lot, 4 a freeze of the lot and 5 a credit line.
const BEFORE: &str = "grant promotional 5\n key\n hold 4\n freeze lots 1\n line 3";

const CALL: &str =
    r#""request_id":"r","model":"m","endpoint":"e","outcome":"completed","catalog":1,"policy":1"#;
const HOLD: &str = r#""request_id":"r","model":"m","endpoint":"e","expires_at":"2026-03-01T00:00:00.000000Z","catalog":1,"policy":1,"after":{"available":"0","posted":"0"}"#;

#[test]
fn each_is_noted_with_its_revision_and_stops_every_decision() {
    let charge = |rest: &str| format!(r#"{{"charge":{{{CALL},{rest}}}}}"#);
    let hold = |rest: &str| format!(r#"{{{HOLD},{rest}}}"#);
    let captured = |hold: u64, late: bool| {
        format!(
            r#"{{"hold":{hold},"late":{late},"charge":{{{CALL},"charged":"0","lots":[]}},"released":"4"}}"#
        )
    };
    let text = str::to_owned;
    for (wire_name, payload, what) in [
        (
            "account_opened",
            text(r#"{"book":"test"}"#),
            "an account is opened by its first event and by no other",
        ),
        (
            "key_rotated",
            format!(r#"{{"key":1,"secret_sha256":"{}"}}"#, "0".repeat(64)),
            "there is no such key",
        ),
        ("key_revoked", text(r#"{"key":1}"#), "there is no such key"),
        ("hold_placed", hold(r#""amount":"1","lots":[{"lot":9,"amount":"1"}]"#), "there is no such lot"),
        (
            "hold_placed",
            hold(r#""amount":"2","lots":[{"lot":1,"amount":"2"}]"#),
            "the lot does not have what is taken",
        ),
        ("hold_placed", hold(r#""amount":"2","lots":[{"lot":1,"amount":"1"}]"#), "the parts do not add up"),
        ("hold_placed", hold(r#""amount":"-1","lots":[],"on_credit":"-1""#), "an amount is below zero"),
        (
            "hold_extended",
            text(
                r#"{"hold":3,"amount":"6","lots":[{"lot":1,"amount":"1"}],"expires_at":"2026-03-01T00:00:00.000000Z"}"#,
            ),
            "the parts do not add up",
        ),
        (
            "hold_extended",
            text(r#"{"hold":2,"amount":"6","lots":[],"expires_at":"2026-03-01T00:00:00.000000Z"}"#),
            "the hold is not open",
        ),
        ("hold_captured", captured(2, false), "the hold is not open"),
        ("hold_captured", captured(3, true), "the hold has not expired"),
        ("hold_voided", text(r#"{"hold":2,"outcome":"failed","released":"0"}"#), "the hold is not open"),
        (
            "hold_expired",
            text(r#"{"hold":2,"released":"0","expired_at":"2026-03-01T00:00:00.000000Z"}"#),
            "the hold is not open",
        ),
        (
            "debited",
            charge(r#""charged":"2","lots":[{"lot":1,"amount":"2"}]"#),
            "the lot does not have what is taken",
        ),
        (
            "debited",
            charge(r#""charged":"2","lots":[{"lot":1,"amount":"1"}]"#),
            "the charge is not what lots, debt",
        ),
        (
            "debited",
            charge(r#""charged":"0","lots":[{"lot":1,"amount":"1"}],"debt":"-1""#),
            "an amount is below zero",
        ),
        ("debited", charge(r#""charged":"-1","lots":[],"absorbed":"-1""#), "an amount is below zero"),
        (
            "usage_refunded",
            text(r#"{"debit":3,"reason":"r","credits":"1","lots":[{"lot":1,"amount":"1"}]}"#),
            "the lot does not have what is taken",
        ),
        (
            "usage_refunded",
            text(r#"{"debit":3,"reason":"r","credits":"1","lots":[]}"#),
            "the parts do not add up",
        ),
        (
            "usage_refunded",
            text(r#"{"debit":3,"reason":"r","credits":"1","lots":[],"debt":"1"}"#),
            "more is taken than there was",
        ),
        (
            "lot_expired",
            text(r#"{"lot":1,"amount":"2","expired_at":"2026-03-01T00:00:00.000000Z"}"#),
            "the lot does not have what is taken",
        ),
        ("lot_forfeited", text(r#"{"lot":2,"amount":"1","reason":"r"}"#), "there is no such lot"),
        (
            "lot_forfeited",
            text(r#"{"lot":1,"amount":"-1","reason":"r"}"#),
            "the lot does not have what is taken",
        ),
        ("debt_repaid", text(r#"{"lots":[{"lot":1,"amount":"1"}]}"#), "more is taken than there was"),
        ("frozen", text(r#"{"scope":{"kind":"lots","lots":[7]},"reason":"r"}"#), "there is no such lot"),
        ("thawed", text(r#"{"freeze":3,"reason":"r"}"#), "the freeze does not stand"),
    ] {
        let run = check(BEFORE);
        let event =
            decode(wire_name, 1, payload.as_bytes()).unwrap_or_else(|error| panic!("{payload}: {error:?}"));
        let now = Timestamp::from_micros(run.now);
        let mut account = run.account.clone();
        account.evolve(&event, now);
        let noted = account.inconsistency().unwrap_or_else(|| panic!("nothing noted of {payload}"));
        assert_eq!(noted.revision, 6, "{payload}");
        assert!(noted.what.starts_with(what), "{payload}: {}", noted.what);
        assert_eq!(account.next_revision(), 7, "the fold goes on");
        let again = decode("credit_line_set", 1, br#"{"limit":"1"}"#).unwrap();
        account.evolve(&again, now);
        assert_eq!(account.inconsistency().map(|first| first.revision), Some(6), "the first is kept");
        let refused = decide(&account, &run.book(), &Command::Sweep, now);
        assert_eq!(refused, Err(Refusal::Inconsistent { revision: 6 }));
    }
}

/// A first event that opens nothing.
#[test]
fn a_stream_begins_with_its_opening() {
    let mut account = scrip_ledger::Account::absent("alice".parse().unwrap());
    let event = decode("credit_line_set", 1, br#"{"limit":"1"}"#).unwrap();
    account.evolve(&event, Timestamp::from_micros(0));
    assert_eq!(account.inconsistency().map(|noted| noted.revision), Some(0));
}
