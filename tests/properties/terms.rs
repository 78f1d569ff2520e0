//! Books for the properties: the two real ones, and random ones with every choice that a policy has.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use scrip_ledger::book::{Book, BookFiles, CATALOG_FILE, Catalog, POLICY_FILE, Policy, Version};
use scrip_ledger::{Timestamp, Token};
use serde_json::{Value, json};

use super::model::Terms;

/// A book's versions as JSON, oldest first. The first is in force from the start.
#[derive(Clone, Debug)]
pub struct Versions {
    pub id: String,
    pub catalogs: Vec<Value>,
    pub policies: Vec<Value>,
}

impl Versions {
    /// The book with its first `count` versions, for the ledger.
    pub fn book(&self, count: usize) -> Book {
        fn first<T: serde::de::DeserializeOwned>(all: &[Value], count: usize) -> Vec<Version<T>> {
            let read = |json: &Value| serde_json::from_value(json.clone()).unwrap();
            let since = Timestamp::from_micros(0);
            all.iter().take(count).map(|json| Version::at_once(since, read(json))).collect()
        }
        let id = Token::new(&self.id).unwrap();
        Book::new(id, first::<Catalog>(&self.catalogs, count), first::<Policy>(&self.policies, count))
            .unwrap()
    }

    /// The same for the model.
    pub fn terms(&self, count: usize) -> Terms {
        let first = |all: &[Value]| all.iter().take(count).cloned().collect();
        Terms { catalogs: first(&self.catalogs), policies: first(&self.policies) }
    }
}

fn real(id: &str) -> Versions {
    let read = |file: &str| {
        let path = format!("{}/../fixtures/books/{id}/{file}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    };
    let files = BookFiles::parse(id, &read(CATALOG_FILE), &read(POLICY_FILE)).unwrap();
    Versions {
        id: id.to_owned(),
        catalogs: vec![serde_json::to_value(&files.catalog).unwrap()],
        policies: vec![serde_json::to_value(&files.policy).unwrap()],
    }
}

/// Models that the random catalogs sell, and the units that they are rated by.
pub const SOLD: [(&str, &str, &[&str]); 2] = [
    ("m-chat", "chat/completions", &["input_tokens", "output_tokens"]),
    ("m-video", "videos", &["video_seconds"]),
];

fn catalog(version: u32) -> impl Strategy<Value = Value> {
    let rate = || {
        prop_oneof![
            select(vec!["0", "0.5", "1", "2.5"]).prop_map(str::to_owned),
            (0u64..5_000_000_000_000_000).prop_map(|femto| format!(
                "{}.{:015}",
                femto / 10u64.pow(15),
                femto % 10u64.pow(15)
            )),
        ]
    };
    let per = || select(vec![1u64, 10, 1_000_000]);
    let valid = || prop::option::of(select(vec!["P1D", "P30D", "P365D"]));
    let products = prop::collection::vec((1u64..40, valid(), 0u64..3), 2);
    (products, prop::collection::vec((rate(), per()), 3)).prop_map(move |(products, rates)| {
        let products: Vec<Value> = products
            .iter()
            .enumerate()
            .map(|(at, (credits, valid_for, priority))| {
                let mut product = json!({
                    "id": format!("pack-{at}"),
                    "price": { "currency": "USD", "amount": format!("{}.00", at + 1) },
                    "credits": credits.to_string(),
                    "priority": priority,
                });
                if let Some(valid_for) = valid_for {
                    product["valid_for"] = json!(valid_for);
                }
                product
            })
            .collect();
        let units =
            SOLD.iter().flat_map(|(model, endpoint, units)| units.iter().map(move |u| (model, endpoint, u)));
        let rates: Vec<Value> = units
            .zip(rates)
            .map(|((model, endpoint, unit), (rate, per))| {
                json!({ "model": model, "endpoint": endpoint, "unit": unit, "rate": rate, "per": per })
            })
            .collect();
        json!({ "version": version, "products": products, "models": [], "rates": rates })
    })
}

fn policy(version: u32) -> impl Strategy<Value = Value> {
    let keys = vec!["priority", "expires_first", "granted_first", "paid_first", "oldest_first"];
    let burn_order = subsequence(keys, 0..=5).prop_shuffle();
    let charge = || select(vec!["charge", "charge", "release"]);
    let rule = || (prop::option::of(select(vec![1u64, 30])), 0u64..3);
    let holds = (select(vec![1u64, 60, 600]), select(vec![600u64, 86_400]), prop::bool::weighted(0.9));
    let overrun = (select(vec!["debt", "debt", "absorb"]), select(vec!["absorb", "receivable"]));
    let refunds = (prop::bool::weighted(0.9), select(vec![json!("lapse"), json!({ "revive_days": 3 })]));
    let choices =
        (select(vec!["half_even", "up"]), select(vec!["settle", "void"]), select(vec!["forfeit", "keep"]));
    let outcomes = prop::collection::vec(charge(), 9);
    let grants = prop::collection::vec(rule(), 4);
    (burn_order, holds, overrun, refunds, choices, outcomes, grants).prop_map(
        move |(burn_order, holds, overrun, refunds, choices, outcomes, grants)| {
            let outcomes: serde_json::Map<String, Value> = super::steps::OUTCOMES
                .iter()
                .zip(outcomes)
                .map(|(name, charge)| ((*name).into(), charge.into()))
                .collect();
            let grants: serde_json::Map<String, Value> = super::steps::SOURCES
                .iter()
                .zip(grants)
                .map(|(name, (valid_days, priority))| {
                    let mut rule = json!({ "priority": priority });
                    if let Some(count) = valid_days {
                        rule["valid_days"] = json!(count);
                    }
                    ((*name).into(), rule)
                })
                .collect();
            json!({
                "version": version,
                "burn_order": burn_order,
                "rounding": choices.0,
                "holds": { "ttl_seconds": holds.0, "max_ttl_seconds": holds.1, "amount_allowed": holds.2 },
                "overrun": { "rule": overrun.0, "beyond_credit_line": overrun.1 },
                "freeze": { "open_holds": choices.1 },
                "usage_refunds": { "allowed": refunds.0, "expired_lot": refunds.1 },
                "outcomes": outcomes,
                "grants": grants,
                "close": { "remainder": choices.2 },
                "idempotency": { "call_key_days": 7 },
            })
        },
    )
}

fn random() -> impl Strategy<Value = Versions> {
    (catalog(1), catalog(2), policy(1), policy(2)).prop_map(|(first, second, policy, next)| Versions {
        id: "random".to_owned(),
        catalogs: vec![first, second],
        policies: vec![policy, next],
    })
}

/// Any book: mostly random ones.
pub fn versions() -> impl Strategy<Value = Versions> {
    prop_oneof![
        8 => random(),
        1 => Just(real("pixapi")),
        1 => Just(real("aiproxynode")),
    ]
}
