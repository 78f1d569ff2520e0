//! `docs/postings.md` and the code say the same: the page has a row for every event, each row names every account that the
//! event may post to, and the chart on the page is the chart.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use scrip_ledger::Event;
use scrip_ledger::accounting::{ChartAccount, Issued, Posting};
use scrip_ledger::book::event::BookEvent;

/// The rows of the page's tables, by what stands in the first cell.
static ROWS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/postings.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    // A first cell may name several, one behind the other.
    let named = rows.map(|row| row.split_once(" | ").unwrap_or((row, "")));
    // A first cell may name several: what stands between them is no name.
    let names =
        |cell: &str| cell.split('`').filter(|name| is_name(name)).map(str::to_owned).collect::<Vec<_>>();
    named.flat_map(|(cell, rest)| names(cell).into_iter().map(move |name| (name, rest.to_owned()))).collect()
});

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || b"_:-".contains(&byte))
}

/// What an account is called on the page: without its last part, where that is a name or a reason.
fn on_page(account: &ChartAccount) -> String {
    match account {
        ChartAccount::ProcessorClearing(_) => "assets:processor-clearing".to_owned(),
        ChartAccount::CreditsIssued(_) => "equity:credits:issued".to_owned(),
        plain => plain.to_string(),
    }
}

/// Every account that an event has posted to stands in its row.
pub fn check(event: &Event, postings: &[Posting]) {
    for posting in postings {
        let name = on_page(&posting.account);
        let row = ROWS.get(event.wire_name()).map_or("", String::as_str);
        assert!(row.contains(&format!("`{name}`")), "docs/postings.md: {}: no {name}", event.wire_name());
    }
}

#[test]
fn the_page_has_a_row_for_every_event_and_for_no_other() {
    let events: BTreeSet<&str> =
        Event::WIRE_NAMES.iter().copied().chain([BookEvent::PERIOD_CLOSED]).collect();
    let rows: BTreeSet<&str> = ROWS.keys().map(String::as_str).filter(|name| !name.contains(':')).collect();
    assert_eq!(rows, events);
}

#[test]
fn the_chart_on_the_page_is_the_chart() {
    let issued = Issued::ALL.map(ChartAccount::CreditsIssued);
    let all = ChartAccount::PLAIN
        .iter()
        .chain(&issued)
        .chain(&[ChartAccount::ProcessorClearing(None)])
        .map(on_page);
    let rows: BTreeSet<String> = ROWS.keys().filter(|name| name.contains(':')).cloned().collect();
    assert_eq!(rows, all.collect());
}
