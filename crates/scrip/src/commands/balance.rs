//! `scrip balance`: what an account has, or had.

use anyhow::{Context, bail};
use clap::Args;
use scrip_engine::{AsOf, Clock, History};
use scrip_ledger::{AccountId, Status, Timestamp};
use scrip_store::{EventStore, StoreError};

use super::Data;
use crate::{Ending, WrongUsage, output};

/// Print an account's balance, now or at any past moment.
#[derive(Args)]
pub struct Balance {
    /// The account.
    account: AccountId,
    /// As it stood at a time: what had taken effect by then.
    #[arg(long, value_name = "TIME")]
    as_of: Option<Timestamp>,
    /// As it was known at a time: what had been recorded by then.
    #[arg(long, value_name = "TIME")]
    known_at: Option<Timestamp>,
    /// As it stood after the event at a position of the log.
    #[arg(long, value_name = "POSITION", conflicts_with_all = ["as_of", "known_at"])]
    as_of_position: Option<u64>,
    #[command(flatten)]
    data: Data,
}

impl Balance {
    pub fn run(self) -> anyhow::Result<Ending> {
        let (store, _) = self.data.dir().open_log()?;
        let now = now(store.as_ref())?;
        let time = match (self.as_of, self.as_of_position) {
            (Some(time), _) if time > now => return Err(WrongUsage("--as-of lies in the future").into()),
            (None, None) => Some(self.known_at.unwrap_or(now)),
            (time, _) => time,
        };
        let as_of = AsOf { time, known_at: self.known_at, position: self.as_of_position };
        let (account, position) = History::new(store).account(&self.account, &as_of)?;
        if account.status() == Status::Absent {
            bail!("there is no account {}, or there was none then", self.account);
        }
        if let Some(inconsistency) = account.inconsistency() {
            bail!(
                "the account's history contradicts itself at revision {}: {}",
                inconsistency.revision,
                inconsistency.what
            );
        }
        let balance = account.balance();
        let book = account.book().context("an account without a book")?;
        output::line(format_args!("account       {} of {book}", account.id()));
        for (name, amount) in [
            ("available", balance.available),
            ("posted", balance.posted),
            ("held", balance.held),
            ("frozen", balance.frozen),
            ("debt", balance.debt),
            ("credit limit", balance.credit_limit),
        ] {
            output::line(format_args!("{name:<13} {amount}"));
        }
        output::line(format_args!(
            "from          {} events, the log up to position {position}",
            account.next_revision()
        ));
        Ok(Ending::Done)
    }
}

/// The time, or that of the last event if it is ahead of the system's: a trial's clock may have been.
fn now(store: &dyn EventStore) -> Result<Timestamp, StoreError> {
    let last = store.read_all(store.head()?.next_position.saturating_sub(1), 1)?;
    let now = Clock::system().now();
    Ok(last.first().map_or(now, |last| now.max(Timestamp::from_micros(last.event.recorded_at))))
}
