//! Items as a table: comma-separated values with a header line (RFC 4180).
//!
//! A column is a member of an item, or a member of a member (`price.amount`). What is not there is an empty cell; what
//! has parts of its own, such as a list of lots, stands in its cell as the JSON that it is.
//!
//! **Invariant**: a cell is the very text of the JSON answer. Only a cell that a spreadsheet would run as a formula has an
//! apostrophe before it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use csv::{Terminator, WriterBuilder};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// Why a table cannot be written.
#[derive(Debug)]
pub(crate) struct Unwritable;

impl From<serde_json::Error> for Unwritable {
    fn from(_: serde_json::Error) -> Self {
        Self
    }
}

impl From<csv::Error> for Unwritable {
    fn from(_: csv::Error) -> Self {
        Self
    }
}

/// Writes items as a table of these columns.
pub(crate) fn table<T: Serialize>(columns: &[&str], items: &[T]) -> Result<Vec<u8>, Unwritable> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(columns)?;
    for item in items {
        let item = to_raw_value(item)?;
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(item.get())?;
        for column in columns {
            writer.write_field(cell(&members, column)?.as_ref())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.into_inner().map_err(|_| Unwritable)
}

/// What stands at a path, as text.
fn cell<'a>(members: &BTreeMap<String, &'a RawValue>, path: &str) -> Result<Cow<'a, str>, Unwritable> {
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    let Some(value) = members.get(name) else { return Ok(Cow::Borrowed("")) };
    match value.get() {
        "null" => Ok(Cow::Borrowed("")),
        nested if !rest.is_empty() => cell(&serde_json::from_str(nested)?, rest),
        text if text.starts_with('"') => Ok(harmless(serde_json::from_str::<Text<'_>>(text)?.0)),
        written => Ok(Cow::Borrowed(written)),
    }
}

/// A text of JSON, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A text that no spreadsheet takes for a formula: one that would has an apostrophe before it. Plain numbers are none,
/// negative ones neither.
pub fn harmless(text: Cow<'_, str>) -> Cow<'_, str> {
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if runs && !is_number(&text) { Cow::Owned(format!("'{text}")) } else { text }
}

fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(places)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(columns: &[&str], items: &[serde_json::Value]) -> String {
        String::from_utf8(table(columns, items).unwrap()).unwrap()
    }

    #[test]
    fn a_table_has_its_columns_whatever_the_items_have() {
        let items = [
            json!({ "id": "a", "price": { "amount": "1.50", "currency": "USD" }, "lots": [{ "x": 1 }], "n": 7 }),
            json!({ "id": "say \"hi\",\nyou", "price": null, "paid": true, "other": "left out" }),
        ];
        let text = written(&["id", "price.amount", "lots", "n", "paid"], &items);
        let lines = "id,price.amount,lots,n,paid\r\n\
            a,1.50,\"[{\"\"x\"\":1}]\",7,\r\n\
            \"say \"\"hi\"\",\nyou\",,,,true\r\n";
        assert_eq!(text, lines);
        assert_eq!(written(&["id", "n"], &[]), "id,n\r\n");
        assert_eq!(written(&["id"], &[json!({})]), "id\r\n\"\"\r\n");
    }

    #[test]
    fn what_a_spreadsheet_would_run_is_a_text_and_a_negative_number_a_number() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "-1"),
            ("-0.000000001", "-0.000000001"),
            ("-1.", "'-1."),
            ("-", "'-"),
            ("--1", "'--1"),
            ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(harmless(Cow::Borrowed(text)), cell, "{text}");
        }
    }
}
