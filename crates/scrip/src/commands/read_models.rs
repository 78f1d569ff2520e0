//! The read models against the log, for `scrip verify --projections`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use scrip_projections::{Check, Checked, Comparison, Found, Source};
use scrip_store::EventStore;

use crate::output;
use crate::progress::with_progress;

/// A folder for what is computed anew. It is gone when this is.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("scrip-verify-{}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _left_behind = std::fs::remove_dir_all(&self.0);
    }
}

/// Compares and prints what was found; answers how many findings there are.
pub fn verify(store: Arc<dyn EventStore>, source: &Source) -> anyhow::Result<u64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let check = match runtime.block_on(Check::open(store, source)).context("cannot open the read models")? {
        Found::Nothing => bail!("there are no read models to compare: nobody has served this data yet"),
        Found::Damaged(why) => {
            output::line(format_args!("FINDING in the read models: {why}"));
            return Ok(1);
        }
        Found::Models(check) => check,
    };
    let (position, scratch) = (check.position(), Scratch::new()?);
    let checked = with_progress("computing the read models anew", position, |count| {
        runtime.block_on(check.run(scratch.path(), count))
    });
    let checked = checked.context("cannot compute the read models anew")?;
    tell(&checked, position);
    Ok(checked.differences())
}

fn tell(checked: &Checked, position: u64) {
    let Checked { anew, folded, not_compared } = checked;
    output::line(format_args!(
        "{} rows of the read models at position {position} were compared with ones that were computed anew",
        anew.rows
    ));
    output::line(format_args!(
        "{} balances, lots, holds and sums of the books were compared with the accounts' own folds, and with zero",
        folded.rows
    ));
    for model in not_compared {
        output::line(format_args!(
            "the read model {model} has stopped at an event and was not compared: see /v1/projections"
        ));
    }
    for Comparison { differences, examples, .. } in [anew, folded] {
        for example in examples {
            output::line(format_args!("FINDING in the read models: {example}"));
        }
        let more = differences.saturating_sub(examples.len() as u64);
        if more > 0 {
            output::line(format_args!("and {more} more"));
        }
    }
}
