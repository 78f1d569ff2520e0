//! `scrip replay`: the whole log, folded.

use std::time::Instant;

use clap::Args;
use scrip_engine::{Folded, fold_all};
use scrip_ledger::{Bucket, Credits, Status};

use super::{Data, threads};
use crate::progress::with_progress;
use crate::{Ending, output};

/// Fold the whole log and print totals and rate.
#[derive(Args)]
pub struct Replay {
    #[command(flatten)]
    data: Data,
    /// Threads; all processors by default.
    #[arg(long)]
    threads: Option<usize>,
}

impl Replay {
    pub fn run(self) -> anyhow::Result<Ending> {
        let (store, _) = self.data.dir().open_log()?;
        let total = store.head()?.next_position;
        let started = Instant::now();
        let folded: Vec<Folded<()>> = with_progress("replaying", total, |count| {
            fold_all(store.as_ref(), self.threads.unwrap_or_else(threads), count, &|(), _| {})
        })?;
        let seconds = started.elapsed().as_secs_f64();
        let totals = Totals::of(&folded)?;
        output::line(format_args!("events            {total}"));
        output::line(format_args!("accounts          {} ({} closed)", totals.accounts, totals.closed));
        for (name, amount) in totals.amounts {
            output::line(format_args!("{name:<17} {amount}"));
        }
        output::line(format_args!(
            "folded in         {seconds:.2} s, {:.0} events/s",
            total as f64 / seconds.max(1e-9)
        ));
        Ok(if totals.conserved { Ending::Done } else { Ending::Finding })
    }
}

/// Sums over all accounts.
pub struct Totals {
    pub accounts: usize,
    pub closed: usize,
    pub amounts: Vec<(&'static str, Credits)>,
    /// Whether both equations hold for every account and every lot.
    pub conserved: bool,
}

impl Totals {
    /// Of what was folded. Errors: a sum beyond what credits can hold.
    pub fn of<S>(folded: &[Folded<S>]) -> anyhow::Result<Self> {
        let accounts = || folded.iter().flat_map(|part| part.accounts.values());
        let lots = || accounts().flat_map(|account| account.lots());
        let conserved = accounts().all(|account| {
            let totals = account.totals();
            let paid = Credits::total([totals.from_lots, totals.by_debt, totals.absorbed]);
            account.inconsistency().is_none() && paid == Ok(totals.charged)
        }) && lots()
            .all(|lot| Credits::total(Bucket::ALL.map(|bucket| lot.bucket(bucket))) == Ok(lot.granted));
        let amounts = vec![
            ("granted", Credits::total(lots().map(|lot| lot.granted))?),
            ("free", Credits::total(lots().map(|lot| lot.free))?),
            ("held", Credits::total(lots().map(|lot| lot.held))?),
            ("spent", Credits::total(lots().map(|lot| lot.spent))?),
            ("expired", Credits::total(lots().map(|lot| lot.bucket(Bucket::Expired)))?),
            ("forfeited", Credits::total(lots().map(|lot| lot.bucket(Bucket::Forfeited)))?),
            ("reclaimed", Credits::total(lots().map(|lot| lot.bucket(Bucket::Reclaimed)))?),
            ("withdrawn", Credits::total(lots().map(|lot| lot.bucket(Bucket::Withdrawn)))?),
            ("migrated", Credits::total(lots().map(|lot| lot.bucket(Bucket::Migrated)))?),
            ("charged", Credits::total(accounts().map(|account| account.totals().charged))?),
            ("owed", Credits::total(accounts().map(|account| account.balance().debt))?),
            ("absorbed", Credits::total(accounts().map(|account| account.totals().absorbed))?),
        ];
        let closed = accounts().filter(|account| account.status() == Status::Closed).count();
        Ok(Self { accounts: accounts().count(), closed, amounts, conserved })
    }
}
