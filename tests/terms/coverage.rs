//! Every clause has a test and, where its book says so, a key: `docs/terms-coverage.md` shows which.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use scrip_ledger::book::{BookFiles, CATALOG_FILE, POLICY_FILE};
use serde::Deserialize;
use serde_json::Value;

/// The books, by the letter of their clauses, and the folder of their tests.
const SERVICES: [(char, &str, &str); 5] = [
    ('z', "zivv", "zivv"),
    ('i', "z-image-ai", "z_image"),
    ('m', "imini", "imini"),
    ('p', "pixapi", "pixapi"),
    ('a', "aiproxynode", "aiproxynode"),
];

#[derive(Deserialize)]
struct List {
    clauses: Vec<Clause>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clause {
    id: String,
    promise: String,
    key: Option<String>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Tests by clause, with their files.
fn tests(folder: &str) -> BTreeMap<String, Vec<(String, String)>> {
    let mut found: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for entry in std::fs::read_dir(root().join("tests/terms").join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let file = format!("tests/terms/{folder}/{}", path.file_name().unwrap().to_str().unwrap());
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            if line.starts_with("#[tokio::test") || line == "#[test]" {
                is_test = true;
            } else if let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test) {
                let name = rest.split('(').next().unwrap();
                let clause = name.split('_').next().unwrap().to_uppercase();
                found.entry(clause).or_default().push((name.to_owned(), file.clone()));
                is_test = false;
            }
        }
    }
    found.values_mut().for_each(|tests| tests.sort());
    found
}

fn at<'a>(book: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(book, |value, key| value.get(key))
}

/// The comments of a book that say which reading it takes of a text that is silent or contradicts itself.
fn readings(book: &str) -> Vec<String> {
    const SIGNS: [&str; 6] =
        ["(silent)", "contradict", "Read together", "read both ways", "missing from", "silent)"];
    let mut all = Vec::new();
    for file in [POLICY_FILE, CATALOG_FILE] {
        let text = std::fs::read_to_string(root().join("fixtures/books").join(book).join(file)).unwrap();
        let mut block: Vec<&str> = Vec::new();
        for line in text.lines().skip(3).chain([""]) {
            match line.strip_prefix("# ") {
                Some(words) => block.push(words),
                None => {
                    let words = block.join(" ");
                    if SIGNS.iter().any(|sign| words.contains(sign)) {
                        all.push(words);
                    }
                    block.clear();
                }
            }
        }
    }
    all
}

fn page() -> String {
    let list = std::fs::read_to_string(root().join("tests/terms/clauses.toml")).unwrap();
    let List { clauses } = toml::from_str(&list).unwrap();
    assert_eq!(clauses.len(), 56, "the terms have 56 clauses");
    let mut page = String::from(
        "# Which test keeps which clause\n\nGenerated from `tests/terms/`: the clauses of five services' terms, the key of their \
         book that carries each, and the\ntests that drive the HTTP API at its edges. A clause without a key is kept by every book alike.\n",
    );
    let mut missing = Vec::new();
    for (letter, book, folder) in SERVICES {
        let read =
            |file| std::fs::read_to_string(root().join("fixtures/books").join(book).join(file)).unwrap();
        let files = BookFiles::parse(book, &read(CATALOG_FILE), &read(POLICY_FILE)).unwrap();
        let document = serde_json::json!({ "policy": files.policy, "catalog": files.catalog });
        let tests = tests(folder);
        writeln!(page, "\n## {book}\n\n| | promise | key | tests |\n|---|---|---|---|").unwrap();
        let own = clauses.iter().filter(|clause| clause.id.to_lowercase().starts_with(letter));
        for Clause { id, promise, key } in own {
            if let Some(key) = key {
                assert!(at(&document, key).is_some(), "{id}: {book} has no {key}");
            }
            let Some(tests) = tests.get(id) else {
                missing.push(id.clone());
                continue;
            };
            let key =
                key.as_ref().map_or_else(String::new, |key| format!("`{}`", key.split_once('.').unwrap().1));
            let tests: Vec<String> =
                tests.iter().map(|(name, file)| format!("[`{name}`](../{file})")).collect();
            writeln!(page, "| **{id}** | {promise} | {key} | {} |", tests.join("<br>")).unwrap();
        }
        let known = |id: &String| clauses.iter().any(|clause| clause.id == *id);
        let stray: Vec<_> = tests.keys().filter(|id| !known(id)).collect();
        assert_eq!(stray, Vec::<&String>::new(), "{folder}: tests of no clause");
        writeln!(page, "\nWhere the text is silent or contradicts itself, the book takes this reading:\n")
            .unwrap();
        for reading in readings(book) {
            writeln!(page, "- {reading}").unwrap();
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "clauses without a test");
    page
}

#[test]
fn the_page_shows_every_clause_with_its_key_and_its_tests() {
    let path = root().join("docs/terms-coverage.md");
    let page = page();
    if std::env::var_os("SCRIP_BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == page,
        "docs/terms-coverage.md is not what the tests say; `cargo xtask schemas` writes it anew"
    );
}
