//! A journal for hledger: accounts and commodities are declared where they first come up, each event is a transaction, and
//! the last one asserts what every account has.
//!
//! An account's name is its path in the chart with the book behind it; the credits of a book are a commodity of their own. Dates are
//! those of UTC.

use std::collections::BTreeSet;
use std::io::Write;

use scrip_engine::Entry;
use scrip_ledger::accounting::{ChartAccount, Commodity};
use scrip_ledger::{BookId, Timestamp};

use super::out::Writer;
use super::{Balances, Journal};

/// Decimal places of an amount of credits.
const CREDIT_PLACES: usize = 9;

pub(super) struct Hledger {
    out: Writer,
    /// What was declared.
    declared: BTreeSet<String>,
    /// The last line is a declaration.
    declaring: bool,
}

impl Hledger {
    pub(super) fn new(mut out: Writer) -> anyhow::Result<Self> {
        writeln!(out, "; Scrip: postings of the events of accounts. Dates are those of UTC.")?;
        Ok(Self { out, declared: BTreeSet::new(), declaring: false })
    }

    /// Begins a transaction.
    fn transaction(&mut self, at: Timestamp, description: &str) -> anyhow::Result<()> {
        self.declaring = false;
        Ok(writeln!(self.out, "\n{} * {description}", day(at))?)
    }

    /// Declares what a posting needs, once.
    fn declare(&mut self, book: &BookId, account: &ChartAccount, commodity: Commodity) -> anyhow::Result<()> {
        let symbol = symbol(book, commodity);
        let places = match commodity {
            Commodity::Credits => CREDIT_PLACES,
            Commodity::Money(currency) => currency.places(),
        };
        let zeros = "0".repeat(places);
        for directive in
            [format!("commodity 1000.{zeros} {symbol}"), format!("account {}", name(book, account))]
        {
            if !self.declared.contains(&directive) {
                let gap = if std::mem::replace(&mut self.declaring, true) { "" } else { "\n" };
                writeln!(self.out, "{gap}{directive}")?;
                self.declared.insert(directive);
            }
        }
        Ok(())
    }
}

/// What an account is called.
fn name(book: &BookId, account: &ChartAccount) -> String {
    format!("{account}:{book}")
}

/// What a commodity is called.
fn symbol(book: &BookId, commodity: Commodity) -> String {
    match commodity {
        Commodity::Credits => format!("\"{book}-credits\""),
        Commodity::Money(currency) => currency.code().to_owned(),
    }
}

/// The day of a time, in UTC.
pub(super) fn day(time: Timestamp) -> String {
    time.to_string().chars().take_while(|character| *character != 'T').collect()
}

impl Journal for Hledger {
    fn opening(&mut self, at: Timestamp, balances: &Balances) -> anyhow::Result<()> {
        for (book, account, commodity) in balances.keys() {
            self.declare(book, account, *commodity)?;
        }
        if balances.is_empty() {
            return Ok(());
        }
        self.transaction(at, "opening balances")?;
        for ((book, account, commodity), balance) in balances {
            let (amount, symbol) = (commodity.amount(*balance), symbol(book, *commodity));
            writeln!(self.out, "    {}  {amount} {symbol}", name(book, account))?;
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry) -> anyhow::Result<()> {
        let Entry { position, account, revision, book, event, booked, .. } = entry;
        for posting in &entry.postings {
            self.declare(book, &posting.account, posting.commodity)?;
        }
        let late = if booked.late { ", late:" } else { "" };
        self.transaction(booked.at, &format!("({position}) {event} {account}"))?;
        writeln!(
            self.out,
            "    ; revision:{revision}, booked_at:{}, effective_at:{}, recorded_at:{}{late}",
            booked.at, entry.effective_at, entry.recorded_at
        )?;
        for posting in &entry.postings {
            let amount = posting.commodity.amount(posting.quantity);
            let symbol = symbol(book, posting.commodity);
            writeln!(self.out, "    {}  {amount} {symbol}", name(book, &posting.account))?;
        }
        Ok(())
    }

    fn closing(&mut self, at: Timestamp, balances: &Balances) -> anyhow::Result<()> {
        if balances.is_empty() {
            return Ok(());
        }
        self.transaction(at, "closing balances")?;
        for ((book, account, commodity), balance) in balances {
            let (amount, symbol) = (commodity.amount(*balance), symbol(book, *commodity));
            writeln!(self.out, "    {}  0 {symbol} = {amount} {symbol}", name(book, account))?;
        }
        Ok(())
    }
}
