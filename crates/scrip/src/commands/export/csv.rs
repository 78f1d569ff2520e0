//! Comma-separated values (RFC 4180): a line a posting.

use std::borrow::Cow;

use csv::{Terminator, WriterBuilder};
use scrip_engine::Entry;
use scrip_ledger::Timestamp;
use scrip_server::harmless;

use super::out::Writer;
use super::row::{COLUMNS, Row};
use super::{Balances, Journal};

pub(super) struct Csv(csv::Writer<Writer>);

impl Csv {
    pub(super) fn new(out: Writer) -> anyhow::Result<Self> {
        let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
        writer.write_record(COLUMNS)?;
        Ok(Self(writer))
    }

    fn rows<'a>(&mut self, mut rows: impl Iterator<Item = Row<'a>>) -> anyhow::Result<()> {
        rows.try_for_each(|row| {
            let cells = row.cells().map(|cell| harmless(Cow::Owned(cell)));
            Ok(self.0.write_record(cells.iter().map(|cell| cell.as_bytes()))?)
        })
    }
}

impl Journal for Csv {
    fn opening(&mut self, at: Timestamp, balances: &Balances) -> anyhow::Result<()> {
        self.rows(Row::opening(at, balances))
    }

    fn entry(&mut self, entry: &Entry) -> anyhow::Result<()> {
        self.rows(Row::of(entry))
    }

    fn closing(&mut self, _: Timestamp, _: &Balances) -> anyhow::Result<()> {
        Ok(self.0.flush()?)
    }
}
