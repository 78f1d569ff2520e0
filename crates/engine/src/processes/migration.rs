//! A migration: what left one account arrives at another, or comes back (A4).
//!
//! Three steps: `migration_started` on the account that it leaves (the caller's command), `lot_received` for each lot on
//! the account where it goes, `migration_completed` or `migration_reversed` where it came from.

use compact_str::format_compact;
use scrip_ledger::command::ReceiveMigration;
use scrip_ledger::{Account, Command, Minted, MintedKind, Token};

use super::{Step, Steps};
use crate::request::EngineError;

/// Finishes the migrations of an account that are on their way.
pub(super) fn advance(steps: &Steps, account: &Account) -> Result<(), EngineError> {
    let Some(book) = account.book() else { return Ok(()) };
    for (revision, migration) in account.records().moves.migrations() {
        let id = Minted::new(account.id(), MintedKind::Migration, revision).to_string();
        let take = |account, operation, command| {
            let correlation = format_compact!("{id}");
            steps.take(Step { account, command, operation, key: &[&id], correlation })
        };
        let receive = ReceiveMigration {
            from: account.id().clone(),
            book: book.clone(),
            migration: revision,
            lots: migration.lots.clone(),
        };
        // Its key is asked before the rules are: what was received once is never refused afterwards.
        let end = match take(&migration.to, "receive_migration", Command::ReceiveMigration(receive)) {
            Ok(()) => Command::CompleteMigration { migration: revision },
            Err(EngineError::Refused(refusal)) => {
                let reason = Token::new(refusal.code()).map_err(|_| EngineError::Unavailable)?;
                Command::ReverseMigration { migration: revision, reason }
            }
            Err(error) => return Err(error),
        };
        take(account.id(), "end_migration", end)?;
    }
    Ok(())
}
