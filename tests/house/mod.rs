//! The house's own rules: what depends on what, how long a file may be, where a link leads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).current_dir(root());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Every package and what it depends on, apart from what only its tests need.
fn packages() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap().iter().map(|package| {
        let needed =
            package["dependencies"].as_array().unwrap().iter().filter(|needed| needed["kind"] != "dev");
        let needed = needed.map(|needed| needed["name"].as_str().unwrap().to_owned());
        (package["name"].as_str().unwrap().to_owned(), needed.collect())
    });
    packages.collect()
}

#[test]
fn every_room_knows_only_the_rooms_below_it() {
    const BELOW: [(&str, &[&str]); 8] = [
        ("scrip-ledger", &[]),
        ("scrip-store", &[]),
        ("xtask", &[]),
        ("scrip-engine", &["scrip-ledger", "scrip-store"]),
        ("scrip-projections", &["scrip-engine", "scrip-ledger", "scrip-store"]),
        ("scrip-server", &["scrip-projections", "scrip-engine", "scrip-ledger", "scrip-store"]),
        ("scrip-gateway", &["scrip-engine", "scrip-ledger", "scrip-store"]),
        (
            "scrip",
            &[
                "scrip-server",
                "scrip-gateway",
                "scrip-projections",
                "scrip-engine",
                "scrip-ledger",
                "scrip-store",
            ],
        ),
    ];
    let packages = packages();
    let rooms: BTreeSet<&str> =
        packages.keys().map(String::as_str).filter(|name| *name != "scrip-tests").collect();
    assert_eq!(
        rooms,
        BELOW.iter().map(|(room, _)| *room).collect(),
        "a room without a place in docs/ARCHITECTURE.md"
    );
    for (room, below) in BELOW {
        for needed in packages[room].iter().filter(|needed| packages.contains_key(*needed)) {
            assert!(below.contains(&needed.as_str()), "{room} must not know {needed}");
        }
    }
}

#[test]
fn the_ledger_has_no_clock_no_disk_no_network_and_no_chance() {
    // Everything that it may need besides itself. Another one is a decision, not an accident.
    const PURE: [&str; 13] = [
        "chrono",
        "chrono-tz",
        "compact_str",
        "ethnum",
        "iso_currency",
        "rust_decimal",
        "schemars",
        "serde",
        "serde_json",
        "serde_path_to_error",
        "sha2",
        "thiserror",
        "toml",
    ];
    for needed in &packages()["scrip-ledger"] {
        assert!(PURE.contains(&needed.as_str()), "scrip-ledger needs {needed}");
    }
    for file in files(&root().join("crates/ledger/src"), "rs") {
        let text = std::fs::read_to_string(&file).unwrap();
        for (at, line) in text.lines().enumerate() {
            for foreign in
                ["std::fs", "std::net", "std::time", "std::thread", "std::env", "std::process", "Utc::now"]
            {
                assert!(!line.contains(foreign), "{}:{}: {foreign}", file.display(), at + 1);
            }
        }
    }
}

#[test]
fn every_crate_is_a_member_and_takes_the_lints_of_the_house() {
    let members: BTreeSet<PathBuf> = metadata()["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| Path::new(package["manifest_path"].as_str().unwrap()).to_owned())
        .collect();
    let mut folders = vec![root().join("tests"), root().join("projections")];
    folders.extend(std::fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path()));
    assert_eq!(members, folders.iter().map(|folder| folder.join("Cargo.toml")).collect());
    for manifest in members {
        let text = std::fs::read_to_string(&manifest).unwrap();
        assert!(
            text.contains("\n[lints]\nworkspace = true\n"),
            "{} has lints of its own",
            manifest.display()
        );
    }
}

/// Every file below a folder with an extension; what was built is left out.
pub fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let name = path.file_name().unwrap();
            if name != "target" && name != ".git" {
                found.extend(files(&path, extension));
            }
        } else if path.extension().is_some_and(|its| its == extension) {
            found.push(path);
        }
    }
    found
}

#[test]
fn no_file_is_longer_than_500_lines_and_each_says_what_it_is_for() {
    let all = files(&root(), "rs");
    assert!(all.len() > 100, "the files were not found");
    for file in all {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines = text.lines().count();
        assert!(lines <= 500, "{} has {lines} lines: it wants a wall", file.display());
        assert!(text.starts_with("//!"), "{} does not say what it is for", file.display());
    }
}

#[test]
fn links_lead_to_files_that_are_there() {
    let mut pages = files(&root().join("docs"), "md");
    pages.push(root().join("README.md"));
    let mut links = 0;
    for page in pages {
        let text = std::fs::read_to_string(&page).unwrap_or_else(|_| panic!("{} is missing", page.display()));
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            links += 1;
            let found = page.parent().unwrap().join(target);
            assert!(found.exists(), "{}: {link} leads nowhere", page.display());
            let found = found.canonicalize().unwrap();
            assert!(
                found.starts_with(root().canonicalize().unwrap()),
                "{}: {link} leads outside",
                page.display()
            );
        }
    }
    assert!(links > 0);
}

/// A path of one machine means nothing on another.
#[test]
fn nothing_names_a_place_outside_the_repository() {
    // Put together, so that this file is not a finding.
    let foreign = ["work", "home", "root", "Users", "tmp"].map(|place| format!("\"/{place}/"));
    for extension in ["rs", "toml", "md", "json", "yml", "yaml", "sh"] {
        for file in files(&root(), extension) {
            let text = std::fs::read_to_string(&file).unwrap();
            for (at, line) in text.lines().enumerate() {
                for place in &foreign {
                    assert!(!line.contains(place.as_str()), "{}:{}: {line}", file.display(), at + 1);
                }
            }
        }
    }
    for (package, manifest) in metadata()["packages"].as_array().unwrap().iter().map(|p| (&p["name"], p)) {
        for needed in manifest["dependencies"].as_array().unwrap() {
            if let Some(path) = needed["path"].as_str() {
                assert!(Path::new(path).starts_with(root()), "{package} needs {path}");
            }
        }
    }
}
