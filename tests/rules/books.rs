//! Books: the real ones load, the page that explains them is true, and a malformed one is refused with its file, key
//! and reason.

use std::path::{Path, PathBuf};

use scrip_ledger::BookError;
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

fn books() -> Vec<String> {
    let entries = std::fs::read_dir(fixtures()).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn every_book_loads_and_names_its_clauses() {
    for book in books() {
        let policy = serde_json::to_string(&load(&book).policy).unwrap();
        assert!(policy.contains("\"clause\""), "{book} names no clause");
    }
}

#[test]
fn the_books_that_the_gateway_is_tried_on_sell_at_least_six_models_of_three_kinds() {
    for book in ["pixapi", "aiproxynode"] {
        let book = load(book);
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
    for book in books() {
        let book = load(&book);
        let catalog = serde_json::to_string(&book.catalog).unwrap();
        assert_eq!(serde_json::from_str::<scrip_ledger::book::Catalog>(&catalog).unwrap(), book.catalog);
        let policy = serde_json::to_string(&book.policy).unwrap();
        assert_eq!(serde_json::from_str::<scrip_ledger::book::Policy>(&policy).unwrap(), book.policy);
    }
}

/// A book with one text in one of its files replaced.
fn refusal_of(file: &'static str, from: &str, to: &str) -> BookError {
    let [mut catalog, mut policy] = [CATALOG_FILE, POLICY_FILE].map(|file| read("aiproxynode", file));
    let text = if file == CATALOG_FILE { &mut catalog } else { &mut policy };
    assert!(text.contains(from), "{file} has no {from:?}");
    *text = text.replacen(from, to, 1);
    let error = BookFiles::parse("aiproxynode", &catalog, &policy);
    let error = error.expect_err(&format!("{file}: {to:?} should be refused"));
    assert_eq!((error.book.as_str(), error.file), ("aiproxynode", file));
    error
}

#[test]
fn a_malformed_catalog_is_refused_with_its_key_and_reason() {
    let rate_range = "a rate is at least 0 and below 1000000000, with at most 15 decimal places";
    let discount =
        "give a rate, or an upstream_rate with its discount; given both, rate must be their product";
    let per = "per must be a power of ten, at most 1000000000";
    let name = "a model, an endpoint and a unit have 1 to 100 characters each";
    let amount =
        "an amount is a plain decimal such as \"12.5\": digits, and optionally a point and 1 to 9 digits";
    let credits = "must bring more than 0 credits, and at most 10^18";
    for (from, to, key, reason) in [
        ("version = 1", "", "(file)", "missing field `version`"),
        ("version = 1", "version = 0", "version", "versions count up from 1"),
        ("version = 1", "version = -1", "version", "invalid value: integer `-1`, expected u32"),
        ("version = 1", "version = \"1\"", "version", "invalid type: string \"1\", expected u32"),
        ("version = 1", "versoin = 1", "versoin", "unknown field `versoin`"),
        ("version = 1", "version = ", "(file)", "TOML parse error"),
        ("[[products]]", "[[product]]", "product", "unknown field `product`"),
        ("id = \"topup-5\"", "id = \"topup 5\"", "products[0].id", "an id is 1 to 64 characters of"),
        ("id = \"topup-5\"", "id = \"topup-20\"", "products", "the product \"topup-20\" stands twice"),
        ("id = \"topup-5\"", "", "products[0]", "missing field `id`"),
        ("id = \"topup-5\"", "id = \"topup-5\"\ncolour = 1", "products[0].colour", "unknown field `colour`"),
        (
            "currency = \"USD\"",
            "currency = \"usd\"",
            "products[0].price.currency",
            "the currency is not an ISO 4217 code",
        ),
        (
            "currency = \"USD\"",
            "currency = \"XXX\"",
            "products[0].price.currency",
            "the currency is not an ISO 4217 code",
        ),
        (
            "amount = \"5.00\"",
            "amount = \"5.001\"",
            "products[0].price",
            "at most the currency's minor units",
        ),
        ("amount = \"5.00\"", "amount = 5.0", "products[0].price.amount", "invalid type: floating point"),
        (
            "credits = \"5\"",
            "credits = 5",
            "products[0].credits",
            "invalid type: integer `5`, expected a string",
        ),
        (
            "credits = \"5\"",
            "credits = \"0.0000000001\"",
            "products[0].credits",
            "an amount has at most 9 decimal places",
        ),
        ("credits = \"5\"", "credits = \"1e3\"", "products[0].credits", amount),
        ("credits = \"5\"", "credits = \"0\"", "products", credits),
        ("credits = \"5\"", "credits = \"-5\"", "products", credits),
        ("credits = \"5\"", "credits = \"1000000000000000001\"", "products", credits),
        (
            "credits = \"5\"",
            "credits = \"5\"\nvalid_for = \"P0D\"",
            "products[0].valid_for",
            "a validity is written P1D to P36525D",
        ),
        (
            "credits = \"5\"",
            "credits = \"5\"\nvalid_for = \"P1M\"",
            "products[0].valid_for",
            "a validity is written P1D to P36525D",
        ),
        (
            "credits = \"5\"",
            "credits = \"5\"\npriority = 65536",
            "products[0].priority",
            "invalid value: integer `65536`, expected u16",
        ),
        ("id = \"gpt-5.2\"", "id = \"gpt-5-nano\"", "models", "the model \"gpt-5-nano\" stands twice"),
        (
            "max_output_tokens = 128000",
            "max_output_tokens = \"many\"",
            "models[0].max_output_tokens",
            "expected u64",
        ),
        ("model = \"gpt-5.2\"", "model = \"\"", "rates[0]", name),
        ("unit = \"input_tokens\"", "unit = \"\"", "rates[0]", name),
        (
            "unit = \"input_tokens\"",
            "unit = \"output_tokens\"",
            "rates",
            "the rate of \"gpt-5.2\" at \"chat/completions\" by \"output_tokens\" stands twice",
        ),
        ("per = 1000000", "per = 0", "rates[0]", per),
        ("per = 1000000", "per = 2000", "rates[0]", per),
        ("per = 1000000", "per = 10000000000", "rates[0]", per),
        (
            "upstream_rate = \"1.75\"",
            "upstream_rate = 1.75",
            "rates[0].upstream_rate",
            "invalid type: floating point",
        ),
        ("upstream_rate = \"1.75\"", "upstream_rate = \"1_000\"", "rates[0].upstream_rate", rate_range),
        ("upstream_rate = \"1.75\"", "upstream_rate = \"+1\"", "rates[0].upstream_rate", rate_range),
        ("upstream_rate = \"1.75\"", "upstream_rate = \".5\"", "rates[0].upstream_rate", rate_range),
        ("upstream_rate = \"1.75\"", "upstream_rate = \"1.\"", "rates[0].upstream_rate", rate_range),
        ("upstream_rate = \"1.75\"", "upstream_rate = \"1e3\"", "rates[0].upstream_rate", rate_range),
        ("upstream_rate = \"1.75\"", "upstream_rate = \"\"", "rates[0].upstream_rate", rate_range),
        ("upstream_rate = \"1.75\"", "upstream_rate = \"many\"", "rates[0].upstream_rate", rate_range),
        ("upstream_rate = \"1.75\"", "upstream_rate = \"9999999999\"", "rates[0]", rate_range),
        ("upstream_rate = \"1.75\"", "upstream_rate = \"0.000000000000001\"", "rates[0]", rate_range),
        ("discount = \"0.85\"", "discount = \"-0.85\"", "rates[0]", rate_range),
        (
            "upstream_rate = \"1.75\"\ndiscount = \"0.85\"",
            "upstream_rate = \"-2\"\ndiscount = \"-0.5\"",
            "rates[0]",
            rate_range,
        ),
        ("upstream_rate = \"1.75\"", "", "rates[0]", discount),
        ("discount = \"0.85\"", "", "rates[0]", discount),
        ("discount = \"0.85\"", "discount = \"0.85\"\nrate = \"1.4\"", "rates[0]", discount),
    ] {
        let error = refusal_of(CATALOG_FILE, from, to);
        assert_eq!(error.key, key, "{to:?}: {error}");
        assert!(error.reason.contains(reason), "{to:?}: {error}");
    }
}

#[test]
fn a_malformed_policy_is_refused_with_its_key_and_reason() {
    let a_day = "must be at least one day";
    for (from, to, key, reason) in [
        ("version = 1", "version = 0", "version", "versions count up from 1"),
        ("\"granted_first\", ", "\"newest_first\", ", "burn_order[0]", "unknown variant `newest_first`"),
        ("\"granted_first\", ", "\"oldest_first\", ", "burn_order", "a key stands twice"),
        (
            "rounding = \"up\"",
            "rounding = \"down\"",
            "rounding",
            "unknown variant `down`, expected `half_even` or `up`",
        ),
        ("rounding = \"up\"", "", "(file)", "missing field `rounding`"),
        ("ttl_seconds = 300", "ttl_seconds = 0", "holds.ttl_seconds", "must be at least 1"),
        ("ttl_seconds = 300", "ttl_seconds = 3601", "holds.max_ttl_seconds", "must not be below ttl_seconds"),
        (
            "max_ttl_seconds = 3600",
            "max_ttl_seconds = 2592001",
            "holds.max_ttl_seconds",
            "must be at most 30 days",
        ),
        ("amount_allowed = false", "amount_allowed = \"no\"", "holds.amount_allowed", "expected a boolean"),
        (
            "rule = \"debt\"",
            "rule = \"gift\"",
            "overrun.rule",
            "unknown variant `gift`, expected `debt` or `absorb`",
        ),
        (
            "beyond_credit_line = \"receivable\"",
            "beyond_credit_line = \"gift\"",
            "overrun.beyond_credit_line",
            "unknown variant",
        ),
        ("open_holds = \"void\"", "open_holds = \"keep\"", "freeze.open_holds", "unknown variant `keep`"),
        ("allowed = true", "", "usage_refunds", "missing field `allowed`"),
        ("{ revive_days = 30 }", "{ revive_days = 0 }", "usage_refunds.expired_lot", a_day),
        ("{ revive_days = 30 }", "\"keep\"", "usage_refunds.expired_lot", "unknown variant `keep`"),
        ("failed = \"release\"", "", "outcomes", "missing field `failed`"),
        ("failed = \"release\"", "failed = \"maybe\"", "outcomes.failed", "unknown variant `maybe`"),
        (
            "failed = \"release\"",
            "failed = \"release\"\ncancelled = \"release\"",
            "outcomes.cancelled",
            "unknown field",
        ),
        ("valid_days = 90", "valid_days = 0", "grants.promotional.valid_days", a_day),
        (
            "[grants.signup]\nvalid_days = 30",
            "[grants.signup]\nvalid_days = 0",
            "grants.signup.valid_days",
            a_day,
        ),
        ("[grants.manual]", "[grants.manual]\nvalid_days = 0", "grants.manual.valid_days", a_day),
        (
            "[grants.compensation]",
            "[grants.compensation]\nvalid_days = 0",
            "grants.compensation.valid_days",
            a_day,
        ),
        ("[grants.manual]", "[grants.gift]", "grants.gift", "unknown field `gift`"),
        (
            "[close]\nremainder = \"keep\"",
            "[close]\nremainder = \"pay\"",
            "close.remainder",
            "unknown variant `pay`",
        ),
        ("call_key_days = 31", "call_key_days = 6", "idempotency.call_key_days", "must be at least 7"),
        ("[idempotency]", "[idempotence]", "idempotence", "unknown field `idempotence`"),
    ] {
        let error = refusal_of(POLICY_FILE, from, to);
        assert_eq!(error.key, key, "{to:?}: {error}");
        assert!(error.reason.contains(reason), "{to:?}: {error}");
    }
}

#[test]
fn a_folder_is_named_by_an_id() {
    for folder in ["", "my book", "a/b", ".."] {
        let error = BookFiles::parse(folder, &read("pixapi", CATALOG_FILE), &read("pixapi", POLICY_FILE))
            .unwrap_err();
        assert_eq!(error.key, "(folder name)");
    }
}

/// Both pages of `docs/books.md` are whole files: somebody writes a book from them alone.
#[test]
fn the_examples_of_the_page_are_a_book() {
    let page = std::fs::read_to_string(fixtures().join("../../docs/books.md")).unwrap();
    let blocks: Vec<&str> =
        page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let marked = |file: &str| {
        let of_file = blocks.iter().filter(|block| block.starts_with(&format!("# {file}")));
        of_file.copied().collect::<Vec<_>>().join("\n")
    };
    let (catalog, policy) = (marked(CATALOG_FILE), marked(POLICY_FILE));
    assert!(
        blocks.iter().all(|block| block.starts_with("# catalog.toml") || block.starts_with("# policy.toml"))
    );
    let book = BookFiles::parse("example", &catalog, &policy).unwrap();
    assert!(!book.catalog.products.is_empty() && !book.catalog.all_rates().is_empty());
}

/// Every key that the real books use is explained.
#[test]
fn the_page_names_every_key() {
    let page = std::fs::read_to_string(fixtures().join("../../docs/books.md")).unwrap();
    let is_region = |key: &str| key.len() == 2 && key.bytes().all(|letter| letter.is_ascii_uppercase());
    for book in books() {
        for file in [CATALOG_FILE, POLICY_FILE] {
            for line in read(&book, file).lines().filter(|line| !line.starts_with('#')) {
                if let Some((key, _)) =
                    line.trim().split_once(" = ").filter(|(key, _)| !is_region(key) && !key.starts_with('{'))
                {
                    let explained = page.contains(&format!("`{key}`")) || page.contains(&format!(".{key}`"));
                    assert!(explained, "docs/books.md does not explain `{key}` of {file}");
                }
            }
        }
    }
}
