//! Stripe's scheme: `Stripe-Signature: t=<seconds>,v1=<hex>[,v1=<hex>]`, where each `v1` may be the HMAC-SHA256 of
//! `<t>.<body>` under any of the endpoint's secrets (docs.stripe.com/webhooks#verify-manually).

use hmac::{Hmac, KeyInit, Mac};
use scrip_ledger::Timestamp;
use sha2::Sha256;

use crate::config::WebhookSecret;

/// Seconds that a signature's time may be away from ours, before or after.
const TOLERANCE: i64 = 300;
/// Signatures that one header may bring.
const MAX_SIGNATURES: usize = 16;

/// Why a notice is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rejected {
    /// No signature is of one of our secrets.
    Bad,
    /// It is, but of another time.
    Stale,
}

/// Whether a body was signed with one of some secrets, not long ago.
pub(super) fn verify(
    header: &str,
    body: &[u8],
    secrets: &[WebhookSecret],
    now: Timestamp,
) -> Result<(), Rejected> {
    let (mut time, mut signatures) = (None, Vec::new());
    for (name, value) in header.split(',').filter_map(|part| part.trim().split_once('=')) {
        match name {
            "t" => time = Some(value),
            "v1" if signatures.len() < MAX_SIGNATURES => signatures.extend(hex(value)),
            _ => {}
        }
    }
    let text = time.ok_or(Rejected::Bad)?;
    let seconds: i64 = text.parse().map_err(|_| Rejected::Bad)?;
    let is_signed = secrets.iter().any(|secret| {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
        mac.update(text.as_bytes());
        mac.update(b".");
        mac.update(body);
        // Compared in constant time.
        signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
    });
    if !is_signed {
        return Err(Rejected::Bad);
    }
    let away = now.micros().checked_sub(seconds.saturating_mul(1_000_000)).map(i64::unsigned_abs);
    match away {
        Some(away) if away <= TOLERANCE.unsigned_abs() * 1_000_000 => Ok(()),
        _ => Err(Rejected::Stale),
    }
}

fn hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(time: &str, body: &[u8], secret: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(time.as_bytes());
        mac.update(b".");
        mac.update(body);
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_known_signature_is_taken() {
        // Made with `printf '1792000000.{}' | openssl dgst -sha256 -hmac whsec_example`.
        let known = "b962510c846557f08365df9ccca3078d33818960b53a38dcd6bf6d53e396eb79";
        assert_eq!(sign("1792000000", b"{}", "whsec_example"), known);
    }

    #[test]
    fn any_secret_and_any_signature_will_do_and_nothing_else() {
        let secrets = [WebhookSecret::new("one"), WebhookSecret::new("two")];
        let body = br#"{"id":"evt_1"}"#;
        let good = sign("1000", body, "two");
        let other = sign("1000", body, "three");
        let taken = |header: &str| verify(header, body, &secrets, at(1000));
        assert_eq!(taken(&format!("t=1000,v1={good}")), Ok(()));
        assert_eq!(taken(&format!("t=1000, v0=ab, v1={other}, v1={good}")), Ok(()));
        for header in [
            "",
            "t=1000",
            &format!("v1={good}"),
            &format!("t=1000,v1={other}"),
            &format!("t=1000,v0={good}"),
            &format!("t=1001,v1={good}"),
            &format!("t=x,v1={good}"),
            &format!("t=1000,v1={}", &good[1..]),
            &format!("t=1000,v1=ä{}", &good[2..]),
        ] {
            assert_eq!(taken(header), Err(Rejected::Bad), "{header}");
        }
        assert_eq!(verify(&format!("t=1000,v1={good}"), body, &[], at(1000)), Err(Rejected::Bad));
        assert_eq!(verify(&format!("t=1000,v1={good}"), b"{}", &secrets, at(1000)), Err(Rejected::Bad));
    }

    #[test]
    fn five_minutes_both_ways_are_not_too_old() {
        let secrets = [WebhookSecret::new("one")];
        let header = format!("t=1000,v1={}", sign("1000", b"{}", "one"));
        for (now, expected) in [
            (at(1300), Ok(())),
            (at(700), Ok(())),
            (Timestamp::from_micros(1_300_000_001), Err(Rejected::Stale)),
            (Timestamp::from_micros(699_999_999), Err(Rejected::Stale)),
        ] {
            assert_eq!(verify(&header, b"{}", &secrets, now), expected, "{now}");
        }
    }
}
