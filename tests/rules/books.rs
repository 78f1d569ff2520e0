//! Books: the real ones load, the page that explains them is true, and a malformed one is refused with its file, key
//! and reason.

use std::path::{Path, PathBuf};

use scrip_ledger::book::{BookFiles, CATALOG_FILE, POLICY_FILE};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/books")
}

fn read(book: &str, file: &str) -> String {
    std::fs::read_to_string(fixtures().join(book).join(file)).unwrap()
}

fn load(book: &str) -> BookFiles {
    BookFiles::parse(book, &read(book, CATALOG_FILE), &read(book, POLICY_FILE)).unwrap()
}

#[test]
fn every_book_loads_and_sells_at_least_six_models_of_three_kinds() {
    for entry in std::fs::read_dir(fixtures()).unwrap() {
        let book = load(entry.unwrap().file_name().to_str().unwrap());
        let mut models: Vec<_> = book.catalog.all_rates().iter().map(|rate| rate.model.as_str()).collect();
        models.dedup();
        assert!(models.len() >= 6, "{}: {models:?}", book.id);
        for unit in ["input_tokens", "cached_input_tokens", "output_tokens", "images", "video_seconds"] {
            let sold = book.catalog.all_rates().iter().any(|rate| rate.unit == unit);
            assert!(sold, "{}: {unit}", book.id);
        }
        for rate in book.catalog.all_rates().iter().filter(|rate| rate.endpoint == "chat/completions") {
            let limits = book.catalog.model(&rate.model);
            assert!(limits.is_some(), "{}: {} has no max_output_tokens", book.id, rate.model);
        }
        for model in &book.catalog.models {
            assert!(models.contains(&model.id.as_str()), "{}: {} has no rate", book.id, model.id);
        }
        let largest = book.catalog.products.iter().map(|product| product.credits).max();
        assert!(largest >= "10000".parse().ok(), "{}: load tests buy large packs", book.id);
    }
}

#[test]
fn a_discounted_rate_is_the_exact_product() {
    let book = load("aiproxynode");
    for rate in book.catalog.all_rates() {
        let (upstream, discount) = rate.discounted_from.expect("every rate is discounted (A1)");
        assert_eq!(rate.rate, upstream * discount, "{} {}", rate.model, rate.unit);
    }
}

/// A written catalog comes back as it was: what a version in force is stored as.
#[test]
fn a_book_survives_being_written_and_read() {
    for book in ["pixapi", "aiproxynode"] {
        let book = load(book);
        let catalog = serde_json::to_string(&book.catalog).unwrap();
        assert_eq!(serde_json::from_str::<scrip_ledger::book::Catalog>(&catalog).unwrap(), book.catalog);
        let policy = serde_json::to_string(&book.policy).unwrap();
        assert_eq!(serde_json::from_str::<scrip_ledger::book::Policy>(&policy).unwrap(), book.policy);
    }
}
