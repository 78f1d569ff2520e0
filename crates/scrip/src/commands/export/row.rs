//! A posting as a line of a table: the same cells in every format.

use scrip_engine::Entry;
use scrip_ledger::Timestamp;
use scrip_ledger::accounting::{ChartAccount, Commodity, Posting};
use serde::Serialize;

use super::Balances;

/// What an opening balance is called where an event's type stands.
const OPENING: &str = "opening_balance";

/// The names of the cells.
pub(super) const COLUMNS: [&str; 12] = [
    "position",
    "event",
    "account",
    "revision",
    "book",
    "booked_at",
    "late",
    "effective_at",
    "recorded_at",
    "chart_account",
    "commodity",
    "amount",
];

/// A posting. An opening balance is of no event.
#[derive(Serialize)]
pub(super) struct Row<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    book: &'a str,
    booked_at: Timestamp,
    /// It belongs to a period that was closed before.
    late: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded_at: Option<Timestamp>,
    chart_account: &'a ChartAccount,
    /// `credits` are those of the book.
    commodity: Commodity,
    /// A debit is above zero, a credit below.
    pub(super) amount: String,
}

impl<'a> Row<'a> {
    /// The postings of an entry.
    pub(super) fn of(entry: &'a Entry) -> impl Iterator<Item = Self> {
        entry.postings.iter().map(|Posting { account, commodity, quantity }| Self {
            position: Some(entry.position),
            event: entry.event,
            account: Some(entry.account.as_str()),
            revision: Some(entry.revision),
            book: entry.book.as_str(),
            booked_at: entry.booked.at,
            late: entry.booked.late,
            effective_at: Some(entry.effective_at),
            recorded_at: Some(entry.recorded_at),
            chart_account: account,
            commodity: *commodity,
            amount: commodity.amount(*quantity),
        })
    }

    /// What was there before.
    pub(super) fn opening(at: Timestamp, balances: &'a Balances) -> impl Iterator<Item = Self> {
        balances.iter().map(move |((book, account, commodity), balance)| Self {
            position: None,
            event: OPENING,
            account: None,
            revision: None,
            book: book.as_str(),
            booked_at: at,
            late: false,
            effective_at: None,
            recorded_at: None,
            chart_account: account,
            commodity: *commodity,
            amount: commodity.amount(*balance),
        })
    }

    /// Its cells as texts, in the order of [`COLUMNS`]; what it does not have is empty.
    pub(super) fn cells(&self) -> [String; 12] {
        let number = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
        let time = |time: Option<Timestamp>| time.map_or_else(String::new, |time| time.to_string());
        [
            number(self.position),
            self.event.to_owned(),
            self.account.unwrap_or_default().to_owned(),
            number(self.revision),
            self.book.to_owned(),
            self.booked_at.to_string(),
            self.late.to_string(),
            time(self.effective_at),
            time(self.recorded_at),
            self.chart_account.to_string(),
            self.commodity.to_string(),
            self.amount.clone(),
        ]
    }
}
