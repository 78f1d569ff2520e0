//! Books from files: `<folder>/policy.toml` and `<folder>/catalog.toml`, the folder's name being the book's id.
//!
//! This room does no IO: the caller reads the files and hands over their texts.

use serde::de::DeserializeOwned;

use super::catalog::Written;
use super::{BurnKey, Catalog, ExpiredLot, GrantRule, Policy};
use crate::Token;

/// Where a book's catalog is written.
pub const CATALOG_FILE: &str = "catalog.toml";
/// Where a book's policy is written.
pub const POLICY_FILE: &str = "policy.toml";

/// A book's file that cannot be taken: which, where in it, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("book {book}: {file}: {key}: {reason}")]
pub struct BookError {
    /// The folder's name.
    pub book: String,
    /// `policy.toml` or `catalog.toml`.
    pub file: &'static str,
    /// The key, as a path: `rates[3].per`.
    pub key: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The latest version of a book's catalog and policy, as its files give them.
#[derive(Clone, Debug, PartialEq)]
pub struct BookFiles {
    /// The folder's name.
    pub id: Token,
    /// From `catalog.toml`.
    pub catalog: Catalog,
    /// From `policy.toml`.
    pub policy: Policy,
}

impl BookFiles {
    /// Reads the texts of a book's two files.
    pub fn parse(folder: &str, catalog: &str, policy: &str) -> Result<Self, BookError> {
        let fail = |file, key: &str, reason: &str| BookError {
            book: folder.to_owned(),
            file,
            key: key.to_owned(),
            reason: reason.to_owned(),
        };
        let id =
            Token::new(folder).map_err(|error| fail(POLICY_FILE, "(folder name)", &error.to_string()))?;
        let catalog: Written = read(folder, CATALOG_FILE, catalog)?;
        let catalog = Catalog::try_from(catalog)
            .map_err(|error| fail(CATALOG_FILE, error.key(), &error.to_string()))?;
        let policy: Policy = read(folder, POLICY_FILE, policy)?;
        if catalog.version == 0 {
            return Err(fail(CATALOG_FILE, "version", "versions count up from 1"));
        }
        check(&policy).map_err(|(key, reason)| fail(POLICY_FILE, key, reason))?;
        Ok(Self { id, catalog, policy })
    }
}

fn read<T: DeserializeOwned>(book: &str, file: &'static str, text: &str) -> Result<T, BookError> {
    let fail = |key: String, reason: &str| BookError {
        book: book.to_owned(),
        file,
        key,
        reason: reason.trim_end().to_owned(),
    };
    let document =
        toml::Deserializer::parse(text).map_err(|error| fail("(file)".to_owned(), &error.to_string()))?;
    serde_path_to_error::deserialize(document).map_err(|error| {
        let key = error.path().to_string();
        fail(if key == "." { "(file)".to_owned() } else { key }, error.inner().message())
    })
}

/// What the types cannot say of a policy.
fn check(policy: &Policy) -> Result<(), (&'static str, &'static str)> {
    const LONGEST_HOLD: u64 = 30 * 86_400;
    const AT_LEAST_A_DAY: &str = "must be at least one day";
    let grants = &policy.grants;
    let lasts = |rule: &GrantRule| rule.valid_days != Some(0);
    let distinct =
        |keys: &[BurnKey]| keys.iter().enumerate().all(|(at, key)| !keys.iter().take(at).any(|k| k == key));
    let checks = [
        (policy.version > 0, "version", "versions count up from 1"),
        (distinct(&policy.burn_order), "burn_order", "a key stands twice"),
        (policy.holds.ttl_seconds > 0, "holds.ttl_seconds", "must be at least 1"),
        (
            policy.holds.ttl_seconds <= policy.holds.max_ttl_seconds,
            "holds.max_ttl_seconds",
            "must not be below ttl_seconds",
        ),
        (policy.holds.max_ttl_seconds <= LONGEST_HOLD, "holds.max_ttl_seconds", "must be at most 30 days"),
        (
            policy.usage_refunds.expired_lot != ExpiredLot::ReviveDays(0),
            "usage_refunds.expired_lot",
            AT_LEAST_A_DAY,
        ),
        (lasts(&grants.promotional), "grants.promotional.valid_days", AT_LEAST_A_DAY),
        (lasts(&grants.signup), "grants.signup.valid_days", AT_LEAST_A_DAY),
        (lasts(&grants.manual), "grants.manual.valid_days", AT_LEAST_A_DAY),
        (lasts(&grants.compensation), "grants.compensation.valid_days", AT_LEAST_A_DAY),
        (policy.idempotency.call_key_days >= 7, "idempotency.call_key_days", "must be at least 7"),
    ];
    checks.into_iter().find(|(holds, _, _)| !holds).map_or(Ok(()), |(_, key, reason)| Err((key, reason)))
}
