//! Books from files: `<folder>/policy.toml` and `<folder>/catalog.toml`, the folder's name being the book's id.
//!
//! The same documents come in requests. This room does no IO: the caller reads the files and hands over their texts.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use super::catalog::Written;
use super::{Catalog, Policy, policy};
use crate::{Refusal, Token};

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
            .and_then(Catalog::checked)
            .map_err(|error| fail(CATALOG_FILE, error.key(), &error.to_string()))?;
        let policy: Policy = read(folder, POLICY_FILE, policy)?;
        if catalog.version == 0 {
            return Err(fail(CATALOG_FILE, "version", "versions count up from 1"));
        }
        policy::check(&policy).map_err(|(key, reason)| fail(POLICY_FILE, &key, reason))?;
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

/// Reads a catalog of a request.
pub(super) fn catalog(document: Value) -> Result<Catalog, Refusal> {
    let written: Written = self::document(document)?;
    Catalog::try_from(written)
        .and_then(Catalog::checked)
        .map_err(|error| Refusal::InvalidTerms { pointer: pointer(error.key()), reason: error.to_string() })
}

/// Reads a policy of a request.
pub(super) fn policy(document: Value) -> Result<Policy, Refusal> {
    let policy: Policy = self::document(document)?;
    policy::check(&policy).map_err(|(key, reason)| Refusal::InvalidTerms {
        pointer: pointer(&key),
        reason: reason.to_owned(),
    })?;
    Ok(policy)
}

/// Reads a document of a request.
pub(super) fn document<T: DeserializeOwned>(document: Value) -> Result<T, Refusal> {
    serde_path_to_error::deserialize(document).map_err(|error| Refusal::InvalidTerms {
        pointer: pointer_to(error.path()),
        reason: error.inner().to_string(),
    })
}

/// A path as a JSON pointer (RFC 6901).
fn pointer_to(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            // A choice between shapes is no place of its own.
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// A key such as `rates[3].per` as a JSON pointer.
fn pointer(key: &str) -> String {
    format!("/{}", key.replace(['.', '['], "/").replace(']', ""))
}
