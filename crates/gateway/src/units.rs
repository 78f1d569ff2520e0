//! From tokens to the units that a model's catalog rates.
//!
//! The parts of a sum that the catalog gives no rate of their own stay in the sum: without a rate for
//! `cached_input_tokens`, cached tokens are input tokens. Nothing is ever counted in two units.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use scrip_ledger::book::Rate;
use scrip_ledger::{Credits, Quantity, Usage};

use crate::answer::ChatUsage;

const INPUT: &str = "input_tokens";
const CACHED: &str = "cached_input_tokens";
const CACHE_WRITE: &str = "cache_write_tokens";
const OUTPUT: &str = "output_tokens";
const REASONING: &str = "reasoning_tokens";
const CALLS: &str = "calls";

/// The most tokens of one unit: what a [`Quantity`] can hold.
pub(crate) const MOST: u64 = 1_000_000_000_000_000;

/// Input and output tokens, as they are held or guessed.
pub(crate) const fn guessed(input: u64, output: u64) -> Tokens {
    Tokens { input, cached: 0, cache_written: 0, output, reasoning: 0 }
}

/// Tokens of one call; the parts are parts of the sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tokens {
    input: u64,
    cached: u64,
    cache_written: u64,
    output: u64,
    reasoning: u64,
}

impl From<ChatUsage> for Tokens {
    fn from(usage: ChatUsage) -> Self {
        Self {
            input: usage.prompt_tokens,
            cached: usage.cached(),
            cache_written: usage.cache_written(),
            output: usage.completion_tokens,
            reasoning: usage.reasoning(),
        }
    }
}

impl Tokens {
    /// As quantities of what the catalog rates. Nothing if it rates none of them.
    pub(crate) fn usage(self, rates: &[Rate]) -> Option<Usage> {
        let rated = |unit: &str| rates.iter().any(|rate| rate.unit == unit);
        let part = |unit: &str, of: u64, count: u64| if rated(unit) { count.min(of) } else { 0 };
        let cached = part(CACHED, self.input, self.cached);
        let written = part(CACHE_WRITE, self.input - cached, self.cache_written);
        let reasoning = part(REASONING, self.output, self.reasoning);
        let entries = [
            (INPUT, self.input - cached - written, true),
            (CACHED, cached, false),
            (CACHE_WRITE, written, false),
            (OUTPUT, self.output - reasoning, true),
            (REASONING, reasoning, false),
            (CALLS, 1, true),
        ];
        let quantities = entries
            .into_iter()
            .filter(|(unit, count, always)| rated(unit) && (*always || *count > 0))
            .filter_map(|(unit, count, _)| Some((unit.into(), Quantity::whole(count.min(MOST)).ok()?)));
        Usage::new(quantities).ok().filter(|usage| !usage.is_empty())
    }
}

/// What tokens cost, rounded up: for guesses alone. What is charged is rated by the ledger.
pub(crate) fn cost(rates: &[Rate], tokens: Tokens) -> Option<Credits> {
    let usage = tokens.usage(rates)?;
    let mut sum = Decimal::ZERO;
    for (unit, quantity) in usage.iter() {
        let rate = rates.iter().find(|rate| rate.unit == unit)?;
        let quantity: Decimal = quantity.to_string().parse().ok()?;
        sum = sum.checked_add(quantity.checked_mul(rate.rate)?.checked_div(Decimal::from(rate.per))?)?;
    }
    let nanos = sum.checked_mul(Decimal::from(1_000_000_000))?.ceil().to_i128()?;
    Some(Credits::from_nanos(nanos))
}

/// How many more output tokens so many credits pay for, at least; [`MOST`] if output costs nothing.
pub(crate) fn affordable_output(rates: &[Rate], credits: Credits) -> u64 {
    let Some(rate) = rates.iter().find(|rate| rate.unit == OUTPUT && !rate.rate.is_zero()) else {
        return MOST;
    };
    // A nano-credit is kept back for the rounding.
    let nanos = Decimal::from_i128_with_scale((credits.nanos() - 1).clamp(0, i128::from(i64::MAX)), 9);
    let tokens = nanos.checked_div(rate.rate).and_then(|units| units.checked_mul(Decimal::from(rate.per)));
    tokens.and_then(|tokens| tokens.floor().to_u64()).unwrap_or(0).min(MOST)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rates(units: &[&str]) -> Vec<Rate> {
        let rate = |unit: &&str| Rate::new("m", "chat/completions", unit, Decimal::TWO, 1_000_000).unwrap();
        units.iter().map(rate).collect()
    }

    /// As JSON: the ledger has its own order of units.
    fn usage(units: &[&str], tokens: Tokens) -> serde_json::Value {
        serde_json::to_value(tokens.usage(&rates(units)).unwrap()).unwrap()
    }

    const TOKENS: Tokens = Tokens { input: 100, cached: 60, cache_written: 30, output: 50, reasoning: 20 };

    #[test]
    fn every_token_is_counted_once() {
        assert_eq!(usage(&[INPUT, OUTPUT], TOKENS), json!({"input_tokens":"100","output_tokens":"50"}));
        assert_eq!(
            usage(&[INPUT, CACHED, OUTPUT, CALLS], TOKENS),
            json!({"input_tokens":"40","cached_input_tokens":"60","output_tokens":"50","calls":"1"})
        );
        assert_eq!(
            usage(&[INPUT, CACHED, CACHE_WRITE, OUTPUT, REASONING], TOKENS),
            json!({"input_tokens":"10","cached_input_tokens":"60","cache_write_tokens":"30","output_tokens":"30","reasoning_tokens":"20"})
        );
    }

    #[test]
    fn parts_beyond_their_sum_are_cut() {
        let wrong = Tokens { cached: 200, reasoning: u64::MAX, ..TOKENS };
        assert_eq!(
            usage(&[INPUT, CACHED, CACHE_WRITE, OUTPUT, REASONING], wrong),
            json!({"input_tokens":"0","cached_input_tokens":"100","output_tokens":"0","reasoning_tokens":"50"})
        );
    }

    #[test]
    fn a_model_that_is_rated_by_nothing_known_has_no_usage() {
        assert_eq!(TOKENS.usage(&rates(&["images"])), None);
    }

    #[test]
    fn a_guess_of_the_cost_is_rounded_up() {
        let rate = |unit, rate: &str| Rate::new("m", "e", unit, rate.parse().unwrap(), 1_000_000).unwrap();
        let rates = [rate(INPUT, "0.0005"), rate(OUTPUT, "14")];
        assert_eq!(cost(&rates, guessed(1, 0)).unwrap().to_string(), "0.000000001");
        assert_eq!(cost(&rates, guessed(3, 128_000)).unwrap().to_string(), "1.792000002");
    }

    #[test]
    fn credits_pay_for_whole_tokens() {
        let rates = rates(&[OUTPUT]);
        let tokens = |credits: &str| affordable_output(&rates, credits.parse().unwrap());
        assert_eq!(
            [tokens("0"), tokens("0.000002"), tokens("0.000002001"), tokens("1.000000001")],
            [0, 0, 1, 500_000]
        );
        assert_eq!(affordable_output(&[], Credits::ZERO), MOST);
    }
}
