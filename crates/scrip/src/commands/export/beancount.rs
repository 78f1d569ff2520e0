//! A journal for Beancount: accounts are opened where they first come up, each event is a transaction, and the day after
//! the last one asserts what every account has, exactly.
//!
//! Beancount allows fewer names than Scrip. A book or a provider of small letters, digits and hyphens is called by its own name
//! with a capital; any other by a hash of it. The directive that opens an account, or names a commodity, says what it is.

use std::collections::BTreeSet;
use std::io::Write;

use scrip_engine::Entry;
use scrip_ledger::accounting::{ChartAccount, Class, Commodity};
use scrip_ledger::{BookId, Timestamp, Token};
use sha2::{Digest, Sha256};

use super::hledger::day;
use super::out::Writer;
use super::{Balances, Journal};
use crate::commands::hex;

/// Since when everything is open: earlier than any event.
const BEGINNING: &str = "1970-01-01";
/// Longest book id that a commodity is called by: Beancount's names have 24 characters at most.
const LONGEST: usize = 21;

pub(super) struct Beancount {
    out: Writer,
    /// Accounts that are open, and commodities that are named.
    declared: BTreeSet<String>,
}

impl Beancount {
    pub(super) fn new(mut out: Writer) -> anyhow::Result<Self> {
        writeln!(out, "; Scrip: postings of the events of accounts. Dates are those of UTC.")?;
        Ok(Self { out, declared: BTreeSet::new() })
    }

    /// Opens an account and names its commodity, once.
    fn declare(&mut self, book: &BookId, account: &ChartAccount, commodity: Commodity) -> anyhow::Result<()> {
        let (symbol, name) = (symbol(book, commodity), name(book, account));
        if !self.declared.contains(&symbol) {
            writeln!(self.out, "\n{BEGINNING} commodity {symbol}")?;
            if commodity == Commodity::Credits {
                writeln!(self.out, "  name: \"credits of {book}\"")?;
            }
            self.declared.insert(symbol);
        }
        if !self.declared.contains(&name) {
            writeln!(self.out, "\n{BEGINNING} open {name}\n  scrip: \"{account}\"\n  book: \"{book}\"")?;
            self.declared.insert(name);
        }
        Ok(())
    }
}

/// What an account is called.
fn name(book: &BookId, account: &ChartAccount) -> String {
    let path = account.to_string();
    let parts = path.split(':').skip(1).map(|part| match account {
        ChartAccount::ProcessorClearing(Some(provider)) if provider.as_str() == part => component(provider),
        _ => capitalized(part),
    });
    let class = match account.class() {
        Class::Assets => "Assets",
        Class::Liabilities => "Liabilities",
        Class::Equity => "Equity",
        Class::Revenue => "Income",
        Class::Expenses => "Expenses",
    };
    let all = std::iter::once(class.to_owned()).chain(parts).chain([component(book)]);
    all.collect::<Vec<_>>().join(":")
}

/// A part of an account's name for an id. No two ids have the same: the second letter of a hash is a capital.
fn component(id: &Token) -> String {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if id.as_str().bytes().all(plain) && !id.as_str().starts_with('-') {
        capitalized(id.as_str())
    } else {
        format!("ID{}", hashed(id))
    }
}

/// What a commodity is called. No two books have the same: a hash comes after a hyphen.
fn symbol(book: &BookId, commodity: Commodity) -> String {
    let id = book.as_str();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    let ends_well = id.ends_with(|last: char| last.is_ascii_alphanumeric());
    match commodity {
        Commodity::Money(currency) => currency.code().to_owned(),
        Commodity::Credits if id.len() <= LONGEST && ends_well && id.bytes().all(plain) => {
            format!("CR.{}", id.to_ascii_uppercase())
        }
        Commodity::Credits => format!("CR-{}", hashed(book)),
    }
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

/// A hash of an id: 16 hex digits.
fn hashed(id: &Token) -> String {
    let digest = Sha256::digest(id.as_str().as_bytes());
    hex(&digest).to_ascii_uppercase().chars().take(16).collect()
}

impl Journal for Beancount {
    fn opening(&mut self, at: Timestamp, balances: &Balances) -> anyhow::Result<()> {
        for (book, account, commodity) in balances.keys() {
            self.declare(book, account, *commodity)?;
        }
        if balances.is_empty() {
            return Ok(());
        }
        writeln!(self.out, "\n{} * \"opening balances\"", day(at))?;
        for ((book, account, commodity), balance) in balances {
            let (amount, symbol) = (commodity.amount(*balance), symbol(book, *commodity));
            writeln!(self.out, "  {}  {amount} {symbol}", name(book, account))?;
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) -> anyhow::Result<()> {
        let Entry { position, account, revision, book, event, booked, .. } = entry;
        for posting in &entry.postings {
            self.declare(book, &posting.account, posting.commodity)?;
        }
        writeln!(self.out, "\n{} * \"{account}\" \"{event}\"", day(booked.at))?;
        writeln!(self.out, "  position: {position}\n  revision: {revision}")?;
        for (key, time) in [
            ("booked_at", booked.at),
            ("effective_at", entry.effective_at),
            ("recorded_at", entry.recorded_at),
        ] {
            writeln!(self.out, "  {key}: \"{time}\"")?;
        }
        if booked.late {
            writeln!(self.out, "  late: TRUE")?;
        }
        for posting in &entry.postings {
            let amount = posting.commodity.amount(posting.quantity);
            let symbol = symbol(book, posting.commodity);
            writeln!(self.out, "  {}  {amount} {symbol}", name(book, &posting.account))?;
        }
        Ok(())
    }

    fn closing(&mut self, at: Timestamp, balances: &Balances) -> anyhow::Result<()> {
        // A balance is asserted as it is when its day begins.
        let date = day(at.plus_days(1));
        if !balances.is_empty() {
            writeln!(self.out)?;
        }
        for ((book, account, commodity), balance) in balances {
            let (amount, symbol) = (commodity.amount(*balance), symbol(book, *commodity));
            writeln!(self.out, "{date} balance {}  {amount} ~ 0 {symbol}", name(book, account))?;
        }
        Ok(())
    }
}
