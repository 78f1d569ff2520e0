//! The account itself: its opening, its region, its keys.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::is_false;
use crate::{BookId, Token};

payloads! {
    /// The account exists. Always the first event of its stream.
    AccountOpened {
        /// The book whose terms it runs under.
        book: BookId,
        /// Who holds it: the service's own opaque id. Several accounts may have one owner (A8).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<Token>,
        /// Where the holder is, ISO 3166-1 alpha-2.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
        region: Option<CompactString>,
        /// What the holder attested.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attestations: Option<Attestations>,
        /// The version of the terms that the holder accepted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        terms_version: Option<Token>,
    }
    /// The holder is elsewhere (Z12).
    RegionChanged {
        /// Where, ISO 3166-1 alpha-2.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        region: CompactString,
    }
    /// An API key exists: its secret's SHA-256, never the secret.
    KeyIssued {
        /// SHA-256 of the secret, in hex.
        secret_sha256: SecretHash,
    }
    /// A key has a new secret; the old one is refused from now on (P6, A7).
    KeyRotated {
        /// The key.
        key: u64,
        /// SHA-256 of the new secret, in hex.
        secret_sha256: SecretHash,
    }
    /// A key is refused from now on.
    KeyRevoked {
        /// The key.
        key: u64,
        /// A reason code, where it is a measure against the holder: it can be appealed (M8, M9).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Token>,
    }
    /// A revoked key is good again, with the secret it had: an appeal was upheld (M9).
    KeyReinstated {
        /// The key.
        key: u64,
        /// SHA-256 of the secret that it had, in hex.
        secret_sha256: SecretHash,
    }
}

/// What a holder attested when opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Attestations {
    /// Years of age that the holder has at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_at_least: Option<u8>,
    /// What was given is accurate.
    #[serde(default, skip_serializing_if = "is_false")]
    pub accurate_information: bool,
    /// Whether the holder is under no sanctions, if that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_sanctioned: Option<bool>,
}

/// SHA-256 of a key's secret; hex on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// The hash of a secret.
    pub fn of(secret: &str) -> Self {
        use sha2::{Digest, Sha256};
        Self(Sha256::digest(secret.as_bytes()).into())
    }
}

impl std::str::FromStr for SecretHash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a hash is 64 hex digits";
        let mut hash = [0u8; 32];
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(WRONG);
        }
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| WRONG)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| WRONG)?;
        }
        Ok(Self(hash))
    }
}

impl std::fmt::Display for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for SecretHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SecretHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(crate::credits::FromText(std::marker::PhantomData))
    }
}
