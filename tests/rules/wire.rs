//! Events as they are stored: one sample of every type and version ever written is kept in `fixtures/events/`, and must
//! be read for ever.

use std::path::{Path, PathBuf};

use scrip_ledger::{DecodeError, Event, decode, encode};

use super::script::check;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/events")
}

/// The type, version and payload of every sample.
fn all_samples() -> Vec<(String, u16, String)> {
    let files = std::fs::read_dir(samples()).unwrap();
    let sample = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let (wire_name, version) = name.strip_suffix(".json").unwrap().split_once(".v").unwrap();
        let payload = std::fs::read_to_string(path).unwrap();
        (wire_name.to_owned(), version.parse().unwrap(), payload.trim_end().to_owned())
    };
    files.map(|file| sample(file.unwrap().path())).collect()
}

/// Histories with an event of most types, each with all that it can say.
fn histories() -> Vec<Event> {
    let run = check(
        r#"
        policy overrun.rule debt
        policy usage_refunds.expired_lot {"revive_days":3}
        policy close.remainder forfeit
        open owner owner-1 region DE age 18 terms 2026-06-26
        key
        rotate 1
        grant promotional 5 ends 1d campaign spring reason launch
        line 4
        hold input_tokens=5,output_tokens=1 key 1 -> held 7 = l3:5 + line 2 until 10m
        extend 5 output_tokens=4        -> extended h5 to 8 + line 1 until 10m
        capture 5 input_tokens=5,output_tokens=3 provider chatcmpl-1 -> captured h5 11 = l3:5 + debt 4 + absorbed 2, released 0
        top_up p20 tax 2.00 fee_in USD  -> topped up 22 until 10d; repaid = l8:4
        wait 2d
        refund 7                        -> refunded d7 9 = l3:5 + repaid l8:4, l3 lives until 5d
        debit output_tokens=1 key 1 provider chatcmpl-2 -> debited 2 = l3:2
        hold 1
        void 12 outcome failed
        hold 1
        wait 11m
        freeze lots 8                   -> h14 expired at 2890m, released 1; frozen lots [8]
        thaw 16
        revoke 1
        wait 4d
        sweep                           -> l3 expired 3 at 5d
        close reason moved              -> closed; l8 forfeited 22
        "#,
    );
    run.history.into_iter().chain(of_conduct()).collect()
}

/// The same of what violations, corrections and debt lead to.
fn of_conduct() -> Vec<Event> {
    let run = check(
        r#"
        policy overrun.rule debt
        policy credit_line {"due_days":14,"clause":"M6"}
        policy violations {"outcomes":["policy_violation"],"thresholds":[{"count":2,"action":"review","clause":"I12"}]}
        policy approvals {"manual_grant_above":"10"}
        open region DE
        region CN
        violation upload ref case-7
        debit 0 outcome policy_violation
        review 5 warned
        grant manual 11 ends 30d campaign spring priority 3 reason goodwill
        approve 7 by ben
        adjust -1
        approve 10 by ben
        adjust 2
        reject 13 by ben
        line 5
        debit 12
        wait 15d
        sweep
        "#,
    );
    run.history
}

#[test]
fn every_type_has_a_sample_of_the_version_that_is_written_today() {
    for wire_name in Event::WIRE_NAMES {
        let path = samples().join(format!("{wire_name}.v1.json"));
        assert!(path.exists(), "{} is missing", path.display());
    }
}

#[test]
fn every_sample_is_read_and_one_of_today_is_written_again_byte_by_byte() {
    for (wire_name, version, payload) in all_samples() {
        let event = decode(&wire_name, version, payload.as_bytes()).unwrap();
        assert_eq!(event.wire_name(), wire_name);
        if version == 1 {
            assert_eq!(String::from_utf8(encode(&event)).unwrap(), payload, "{wire_name}");
        }
    }
}

/// What is written today is still what was written when the samples were made: a shape that changes needs a version.
#[test]
fn the_shapes_that_are_written_are_those_of_the_samples() {
    fn shape(value: &serde_json::Value) -> String {
        match value {
            serde_json::Value::Object(fields) => {
                let fields = fields.iter().map(|(key, value)| format!("{key}:{}", shape(value)));
                format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
            }
            serde_json::Value::Array(items) => {
                let mut shapes: Vec<_> = items.iter().map(shape).collect();
                shapes.dedup();
                format!("[{}]", shapes.join("|"))
            }
            serde_json::Value::String(_) => "text".to_owned(),
            serde_json::Value::Number(_) => "number".to_owned(),
            serde_json::Value::Bool(_) => "truth".to_owned(),
            serde_json::Value::Null => "null".to_owned(),
        }
    }
    let of = |payload: &[u8]| shape(&serde_json::from_slice(payload).unwrap());
    let histories = histories();
    for (wire_name, _, payload) in all_samples().into_iter().filter(|(_, version, _)| *version == 1) {
        // Of a type that the histories do not reach, the test above has read the sample and written it again.
        let Some(event) = histories.iter().find(|event| event.wire_name() == wire_name) else { continue };
        assert_eq!(of(&encode(event)), of(payload.as_bytes()), "{wire_name}");
    }
}

#[test]
fn a_version_or_a_type_that_nobody_knows_is_an_error() {
    for (wire_name, _, payload) in all_samples() {
        for version in [0, 2, u16::MAX] {
            let error = decode(&wire_name, version, payload.as_bytes()).unwrap_err();
            assert!(matches!(error, DecodeError::UnknownVersion { .. }), "{wire_name} {version}: {error}");
        }
    }
    for wire_name in ["", "Granted", "granted ", "lot_revived"] {
        let error = decode(wire_name, 1, b"{}").unwrap_err();
        assert!(matches!(error, DecodeError::UnknownType(_)), "{wire_name:?}: {error}");
    }
}

/// Every sample without one of its needed fields, cut short, or with an amount that is none.
#[test]
fn a_malformed_payload_is_an_error() {
    let malformed = |wire_name: &str, payload: &[u8]| {
        let error = decode(wire_name, 1, payload).unwrap_err();
        assert!(matches!(error, DecodeError::Malformed { .. }), "{wire_name}: {error}");
    };
    for (wire_name, _, payload) in all_samples() {
        for end in 0..payload.len() {
            malformed(&wire_name, &payload.as_bytes()[..end]);
        }
        malformed(&wire_name, format!("{payload}x").as_bytes());
        malformed(&wire_name, b"null");
        malformed(&wire_name, b"[]x");
    }
    let (_, _, granted) = all_samples().into_iter().find(|(name, ..)| name == "granted").unwrap();
    for (from, to) in [
        ("\"credits\":\"5\"", "\"credits\":5"),
        ("\"credits\":\"5\"", "\"credits\":\"5.0000000001\""),
        ("\"credits\":\"5\"", "\"credits\":\"NaN\""),
        ("\"credits\":\"5\",", ""),
        ("\"source\":\"promotional\"", "\"source\":\"gift\""),
        ("\"priority\":1", "\"priority\":-1"),
        ("\"reason\":\"launch\"", "\"reason\":\"because it was spring\""),
    ] {
        assert!(granted.contains(from), "{from}");
        malformed("granted", granted.replace(from, to).as_bytes());
    }
}
