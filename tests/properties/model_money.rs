//! The model's arithmetic: nano-credits in an `i128`, decimals as text, instants as microseconds.

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

use super::Code;

/// 10^18 credits: the most that may enter.
pub const MOST: i128 = 1_000_000_000_000_000_000_000_000_000;

/// A decimal's digits and how many of them stand behind the point, without trailing zeros.
fn digits(text: &str) -> (i128, usize) {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    (format!("{whole}{fraction}").parse().unwrap(), fraction.len())
}

pub fn nanos(amount: &Value) -> i128 {
    let (digits, places) = digits(amount.as_str().unwrap());
    digits * 10i128.pow(9 - places as u32)
}

/// A decimal as text, without trailing zeros.
fn written(digits: i128, places: usize) -> String {
    let sign = if digits < 0 { "-" } else { "" };
    let text = format!("{:0>width$}", digits.unsigned_abs(), width = places + 1);
    let (whole, fraction) = text.split_at(text.len() - places);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

pub fn credits(nanos: i128) -> Value {
    json!(written(nanos, 9))
}

pub fn parts(lots: &[(u64, i128)]) -> Value {
    lots.iter().map(|(lot, amount)| json!({ "lot": lot, "amount": credits(*amount) })).collect()
}

pub fn time(micros: i64) -> Value {
    json!(DateTime::from_timestamp_micros(micros).unwrap().to_rfc3339_opts(SecondsFormat::Micros, true))
}

pub fn micros(time: &Value) -> i64 {
    DateTime::parse_from_rfc3339(time.as_str().unwrap()).unwrap().timestamp_micros()
}

pub fn days(days: u64) -> i64 {
    days as i64 * 86_400_000_000
}

/// An amount that may be asked for.
pub fn asked(amount: &Value, zero_allowed: bool) -> Result<i128, Code> {
    let amount = nanos(amount);
    let allowed = if zero_allowed { 0..=MOST } else { 1..=MOST };
    if allowed.contains(&amount) { Ok(amount) } else { Err("invalid_amount") }
}

/// A usage's lines and its cost: every line exact, the total rounded once.
pub fn rate(rates: &[Value], usage: &Value, rounding: &Value) -> Result<(Vec<Value>, i128), Code> {
    let mut lines = Vec::new();
    let mut exact = Vec::new();
    for (unit, quantity) in usage.as_object().unwrap() {
        let rate = rates.iter().find(|rate| rate["unit"] == *unit).ok_or("unknown_unit")?;
        let (quantity_digits, quantity_places) = digits(quantity.as_str().unwrap());
        let (rate_digits, rate_places) = digits(rate["rate"].as_str().unwrap());
        let per = rate["per"].as_u64().unwrap();
        let amount = quantity_digits.checked_mul(rate_digits).expect("the tests stay where an i128 suffices");
        let places = quantity_places + rate_places + per.to_string().len() - 1;
        exact.push((amount, places));
        lines.push(json!({
            "unit": unit,
            "quantity": written(quantity_digits, quantity_places),
            "rate": written(rate_digits, rate_places),
            "per": per,
            "amount": written(amount, places),
        }));
    }
    let places = exact.iter().map(|(_, places)| *places).max().unwrap_or(0).max(9);
    let total: i128 = exact.iter().map(|(amount, own)| amount * 10i128.pow((places - own) as u32)).sum();
    let one = 10i128.pow((places - 9) as u32);
    let (whole, rest) = (total / one, total % one);
    let up = match rounding.as_str().unwrap() {
        "up" => rest > 0,
        "half_even" => rest * 2 > one || (rest * 2 == one && whole % 2 == 1),
        other => panic!("an unknown rounding: {other}"),
    };
    let cost = whole + i128::from(up);
    if cost > MOST { Err("invalid_amount") } else { Ok((lines, cost)) }
}
