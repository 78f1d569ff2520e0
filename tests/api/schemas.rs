//! What is generated and kept: `schemas/` says what the program does. `SCRIP_BLESS=1` writes it anew.

use std::path::{Path, PathBuf};

fn schemas() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas")
}

fn same(file: &Path, generated: &str) {
    if std::env::var_os("SCRIP_BLESS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, generated).unwrap();
    }
    let kept = std::fs::read_to_string(file).unwrap_or_default();
    let name = file.file_name().unwrap().to_string_lossy();
    assert!(kept == generated, "{name} is not what the program says: run the tests with SCRIP_BLESS=1");
}

#[test]
fn the_description_of_the_api_is_what_the_handlers_say() {
    let described = scrip_server::openapi();
    same(&schemas().join("openapi.json"), &described);
    let described: serde_json::Value = serde_json::from_str(&described).unwrap();
    // No reference leads nowhere.
    let mut references = Vec::new();
    collect(&described, &mut references);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(described.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect(value: &serde_json::Value, references: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                match value.as_str() {
                    Some(reference) if name == "$ref" => references.push(reference.to_owned()),
                    _ => collect(value, references),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}

#[test]
fn every_event_has_its_schema_and_no_other_is_there() {
    let folder = schemas().join("events");
    let generated = scrip_server::event_schemas();
    for (name, text) in &generated {
        same(&folder.join(name), text);
    }
    for kept in std::fs::read_dir(&folder).unwrap() {
        let kept = kept.unwrap().file_name().into_string().unwrap();
        assert!(generated.iter().any(|(name, _)| *name == kept), "{kept} is of no event");
    }
}
