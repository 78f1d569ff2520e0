//! `scrip head`: what an auditor keeps outside.

use clap::Args;

use super::{Data, hex};
use crate::{Ending, output};

/// Print the position and running hash that an auditor keeps.
#[derive(Args)]
pub struct Head {
    #[command(flatten)]
    data: Data,
}

impl Head {
    pub fn run(self) -> anyhow::Result<Ending> {
        let (store, _) = self.data.dir().open_log()?;
        let head = store.head()?;
        output::line(format_args!("{}:{}", head.next_position, hex(&head.running_hash)));
        Ok(Ending::Done)
    }
}
