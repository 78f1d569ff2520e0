//! `scrip export`: the postings of every event, as a journal or as a table.
//!
//! The log is read from end to end and folded as it goes by: what is kept in memory is bounded by the accounts and not by the
//! events. Only with `--from` is it read twice, since what was booked before may be recorded late and stands first all the
//! same. What is written is the same text whatever the format, and no number passes through a float.

mod beancount;
mod csv;
mod filter;
mod hledger;
mod jsonl;
mod out;
mod row;
mod xlsx;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use scrip_engine::{Entries, Entry};
use scrip_ledger::accounting::{ChartAccount, Commodity, Posting};
use scrip_ledger::{AccountId, BookId, Timestamp};
use scrip_store::EventStore;

use self::filter::Filter;
use self::out::Out;
use super::Data;
use crate::progress::with_progress;
use crate::{Ending, WrongUsage};

/// Write the postings of every event: as a journal of plain-text accounting, or as a table.
#[derive(Args)]
pub struct Export {
    /// What to write.
    #[arg(long, value_enum)]
    format: Format,
    /// Only what is booked at this time or later; what was booked before is an opening balance.
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Only what is booked before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Only the accounts of this book.
    #[arg(long)]
    book: Option<BookId>,
    /// Only this account.
    #[arg(long)]
    account: Option<AccountId>,
    /// Where to write; standard output without it. The file appears once it is whole.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    data: Data,
}

/// What can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A journal for hledger.
    Hledger,
    /// A journal for Beancount.
    Beancount,
    /// Comma-separated values, a line a posting.
    Csv,
    /// JSON lines, one a posting.
    Jsonl,
    /// A workbook for spreadsheets, a line a posting.
    Xlsx,
}

/// What the accounts of the chart have, by book: each book has its own.
type Balances = BTreeMap<(BookId, ChartAccount, Commodity), i128>;

/// Writes entries in a format, in the order of the log.
trait Journal {
    /// What was booked before a time.
    fn opening(&mut self, at: Timestamp, balances: &Balances) -> anyhow::Result<()>;
    /// The next entry.
    fn entry(&mut self, entry: &Entry) -> anyhow::Result<()>;
    /// The end: what every account has, and the last time that anything was booked at.
    fn closing(&mut self, at: Timestamp, balances: &Balances) -> anyhow::Result<()>;
}

impl Export {
    pub fn run(self) -> anyhow::Result<Ending> {
        if matches!((self.from, self.until), (Some(from), Some(until)) if from >= until) {
            return Err(WrongUsage("--from must be earlier than --until").into());
        }
        let out = Out::open(self.out.as_deref())?;
        if self.format == Format::Xlsx && out.is_terminal() {
            return Err(WrongUsage("a workbook is not for a terminal: name a file with --out").into());
        }
        let (store, _) = self.data.dir().open_log()?;
        match self.write(store.as_ref(), &out) {
            Err(error) if out::reader_has_gone(&error) => Ok(Ending::Done),
            written => written.and_then(|()| out.finish()).map(|()| Ending::Done),
        }
    }

    fn write(&self, store: &dyn EventStore, out: &Out) -> anyhow::Result<()> {
        let mut journal: Box<dyn Journal> = match self.format {
            Format::Hledger => Box::new(hledger::Hledger::new(out.writer())?),
            Format::Beancount => Box::new(beancount::Beancount::new(out.writer())?),
            Format::Csv => Box::new(csv::Csv::new(out.writer())?),
            Format::Jsonl => Box::new(jsonl::Jsonl::new(out.writer())),
            Format::Xlsx => Box::new(xlsx::Xlsx::new(out.writer())?),
        };
        let mut balances = Balances::new();
        let mut last = Timestamp::default();
        if let Some(from) = self.from {
            let before = Filter { from: None, until: Some(from) };
            self.read(store, "summing up what was before", before, &mut |entry| add(&mut balances, entry))?;
            balances.retain(|_, balance| *balance != 0);
            journal.opening(from, &balances)?;
            last = from;
        }
        let within = Filter { from: self.from, until: self.until };
        self.read(store, "exporting", within, &mut |entry| {
            last = last.max(entry.booked.at);
            add(&mut balances, entry)?;
            journal.entry(entry)
        })?;
        journal.closing(last, &balances)
    }

    /// Reads the log to the end that it has now.
    fn read(
        &self,
        store: &dyn EventStore,
        what: &'static str,
        filter: Filter,
        take: &mut dyn FnMut(&Entry) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let end = store.head()?.next_position;
        let mut entries = Entries::of(self.account.clone(), self.book.clone());
        let mut failed = None;
        with_progress(what, end, |count: &AtomicU64| {
            store.scan_all(0, &mut |stored| {
                if stored.position >= end {
                    return ControlFlow::Break(());
                }
                count.store(stored.position.saturating_add(1), Ordering::Relaxed);
                let taken = entries.take(&stored).map_err(anyhow::Error::from).and_then(|entry| {
                    entry.filter(|entry| filter.takes(entry)).map_or(Ok(()), |entry| take(&entry))
                });
                failed = taken.err();
                if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        match (&self.account, &self.book) {
            (Some(account), _) if !entries.knows_account(account) => bail!("there is no account {account}"),
            (_, Some(book)) if !entries.knows_book(book) => bail!("there is no book {book}"),
            _ => Ok(()),
        }
    }
}

fn add(balances: &mut Balances, entry: &Entry) -> anyhow::Result<()> {
    for Posting { account, commodity, quantity } in &entry.postings {
        let balance = balances.entry((entry.book.clone(), account.clone(), *commodity)).or_default();
        *balance = balance.checked_add(*quantity).context("a balance is out of range")?;
    }
    Ok(())
}
