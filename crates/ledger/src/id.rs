//! Names of things. A caller chooses some; the others are minted from the place of the event that made them.

use std::fmt;
use std::str::FromStr;

use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::credits::FromText;

/// Longest id that a caller may supply.
pub const MAX_ID: usize = 64;

/// A text that is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is 1 to 64 characters of A-Z, a-z, 0-9, _ and -")]
pub struct IdError;

/// A word of `[A-Za-z0-9_-]{1,64}`: an order id, a request id, an owner, a reason code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(CompactString);

/// An account's id, unique over all books.
pub type AccountId = Token;
/// A book's id.
pub type BookId = Token;

impl Token {
    /// Checks and makes one.
    pub fn new(text: &str) -> Result<Self, IdError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if (1..=MAX_ID).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(CompactString::new(text)))
        } else {
            Err(IdError)
        }
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Token {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Token {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(FromText(std::marker::PhantomData))
    }
}

/// What a minted id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MintedKind {
    /// A hold.
    Hold,
    /// A debit: one-step, or the capture of a hold.
    Debit,
    /// A lot.
    Lot,
    /// An API key.
    Key,
    /// A freeze: a measure that can be lifted.
    Freeze,
    /// A usage refund.
    Refund,
    /// A refund of an order, or a withdrawal.
    OrderRefund,
    /// A subscription.
    Subscription,
    /// A statement.
    Statement,
    /// A dispute.
    Dispute,
    /// A claim for compensation.
    Claim,
    /// An announced freeze or closure.
    Announcement,
    /// A breach.
    Breach,
    /// A review.
    Review,
    /// An appeal.
    Appeal,
    /// A legal hold.
    LegalHold,
    /// Something that waits for a second person.
    Approval,
    /// A migration.
    Migration,
    /// The closing of an account: a measure that can be appealed.
    Closure,
    /// A violation.
    Violation,
}

impl MintedKind {
    const ALL: [(Self, char); 20] = [
        (Self::Hold, 'h'),
        (Self::Debit, 'd'),
        (Self::Lot, 'l'),
        (Self::Key, 'k'),
        (Self::Freeze, 'f'),
        (Self::Refund, 'r'),
        (Self::OrderRefund, 'o'),
        (Self::Subscription, 's'),
        (Self::Statement, 't'),
        (Self::Dispute, 'x'),
        (Self::Claim, 'c'),
        (Self::Announcement, 'n'),
        (Self::Breach, 'b'),
        (Self::Review, 'w'),
        (Self::Appeal, 'a'),
        (Self::LegalHold, 'g'),
        (Self::Approval, 'p'),
        (Self::Migration, 'm'),
        (Self::Closure, 'e'),
        (Self::Violation, 'v'),
    ];
}

/// An id that Scrip mints: `alice.h17` is the hold that event 17 of the account `alice` placed. It leads to its
/// account, and to its event, without a look-up. Callers treat it as opaque.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minted {
    /// The account that it belongs to.
    pub account: AccountId,
    /// What it names.
    pub kind: MintedKind,
    /// The revision, in the account's stream, of the event that made it.
    pub revision: u64,
}

impl Minted {
    /// The id of what an event made.
    pub fn new(account: &AccountId, kind: MintedKind, revision: u64) -> Self {
        Self { account: account.clone(), kind, revision }
    }
}

impl fmt::Display for Minted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter =
            MintedKind::ALL.iter().find(|(kind, _)| *kind == self.kind).map_or('?', |(_, letter)| *letter);
        write!(f, "{}.{letter}{}", self.account, self.revision)
    }
}

impl FromStr for Minted {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let (account, rest) = text.split_once('.').ok_or(IdError)?;
        let mut rest = rest.chars();
        let letter = rest.next().ok_or(IdError)?;
        let (kind, _) = MintedKind::ALL.iter().find(|(_, known)| *known == letter).ok_or(IdError)?;
        let digits = rest.as_str();
        let revision: u64 = digits.parse().map_err(|_| IdError)?;
        // One spelling only: no sign, no leading zero.
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) || (digits.len() > 1 && digits.starts_with('0'))
        {
            return Err(IdError);
        }
        Ok(Self { account: Token::new(account)?, kind: *kind, revision })
    }
}

impl Serialize for Minted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minted_id_leads_back_to_its_event() {
        let id = Minted::new(&Token::new("alice").unwrap(), MintedKind::Hold, 17);
        assert_eq!(id.to_string(), "alice.h17");
        assert_eq!("alice.h17".parse(), Ok(id));
        for text in [
            "",
            "alice",
            "alice.",
            "alice.h",
            "alice.z1",
            "alice.h01",
            "alice.h+1",
            ".h1",
            "a b.h1",
            "alice.h1.2",
        ] {
            assert_eq!(text.parse::<Minted>(), Err(IdError), "{text:?}");
        }
    }

    #[test]
    fn a_token_is_short_and_plain() {
        assert!(Token::new(&"a".repeat(64)).is_ok());
        for text in ["", "a b", "a.b", "ä", "a/b", "a\n", &"a".repeat(65)] {
            assert_eq!(Token::new(text), Err(IdError), "{text:?}");
        }
    }
}
