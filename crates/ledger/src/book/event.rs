//! What happened to a book: each version that was announced, the end of the service, periods that were closed. Wire names and shapes are kept
//! for ever. When it was announced is when the event was recorded; when it takes effect stands in its envelope.

use serde::{Deserialize, Serialize};

use super::{Campaign, Catalog, Policy};
use crate::{Timestamp, Token};

/// A version of a catalog or a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Published<T> {
    /// Its number.
    pub version: u32,
    /// The whole of it.
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub document: T,
    /// When it takes effect for accounts that were subscribed when it was announced, where that is later (I7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_subscribed_at: Option<Timestamp>,
}

/// A campaign, new or changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CampaignPublished {
    /// The whole of it.
    #[cfg_attr(feature = "schema", schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub document: Campaign,
}

/// The end of the whole service (Z15).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ShutdownAnnounced {
    /// A reason code.
    pub reason: Token,
}

/// The entries up to a time stand: what is recorded of it later is booked in the open period, as an adjustment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PeriodClosed {
    /// When the period ended; that instant is in the next one.
    pub until: Timestamp,
}

/// Something that happened to a book.
#[derive(Clone, Debug, PartialEq)]
pub enum BookEvent {
    /// `catalog_published`.
    CatalogPublished(Box<Published<Catalog>>),
    /// `policy_published`.
    PolicyPublished(Box<Published<Policy>>),
    /// `campaign_published`.
    CampaignPublished(Box<CampaignPublished>),
    /// `shutdown_announced`.
    ShutdownAnnounced(ShutdownAnnounced),
    /// `period_closed`.
    PeriodClosed(PeriodClosed),
}

/// An event that cannot be read: of an unknown type, or malformed.
#[derive(Debug, thiserror::Error)]
pub enum BookEventError {
    /// A type that this build does not know.
    #[error("unknown event type {0:?}")]
    UnknownType(String),
    /// A payload that is not what its type says.
    #[error(transparent)]
    Malformed(#[from] serde_json::Error),
}

impl BookEvent {
    /// The wire name of the event that closes a period.
    pub const PERIOD_CLOSED: &'static str = "period_closed";

    /// The type's name on the wire.
    pub const fn wire_name(&self) -> &'static str {
        match self {
            Self::CatalogPublished(_) => "catalog_published",
            Self::PolicyPublished(_) => "policy_published",
            Self::CampaignPublished(_) => "campaign_published",
            Self::ShutdownAnnounced(_) => "shutdown_announced",
            Self::PeriodClosed(_) => Self::PERIOD_CLOSED,
        }
    }

    /// Writes its payload.
    pub fn write(&self) -> serde_json::Result<Vec<u8>> {
        match self {
            Self::CatalogPublished(published) => serde_json::to_vec(published),
            Self::PolicyPublished(published) => serde_json::to_vec(published),
            Self::CampaignPublished(published) => serde_json::to_vec(published),
            Self::ShutdownAnnounced(announced) => serde_json::to_vec(announced),
            Self::PeriodClosed(closed) => serde_json::to_vec(closed),
        }
    }

    /// Reads a stored one.
    pub fn read(wire_name: &str, payload: &[u8]) -> Result<Self, BookEventError> {
        Ok(match wire_name {
            "catalog_published" => Self::CatalogPublished(serde_json::from_slice(payload)?),
            "policy_published" => Self::PolicyPublished(serde_json::from_slice(payload)?),
            "campaign_published" => Self::CampaignPublished(serde_json::from_slice(payload)?),
            "shutdown_announced" => Self::ShutdownAnnounced(serde_json::from_slice(payload)?),
            Self::PERIOD_CLOSED => Self::PeriodClosed(serde_json::from_slice(payload)?),
            unknown => return Err(BookEventError::UnknownType(unknown.to_owned())),
        })
    }

    /// The JSON Schema of every event's payload, by wire name.
    #[cfg(feature = "schema")]
    pub fn schemas() -> Vec<(&'static str, schemars::Schema)> {
        vec![
            ("catalog_published", schemars::schema_for!(Published<()>)),
            ("policy_published", schemars::schema_for!(Published<()>)),
            ("campaign_published", schemars::schema_for!(CampaignPublished)),
            ("shutdown_announced", schemars::schema_for!(ShutdownAnnounced)),
            (Self::PERIOD_CLOSED, schemars::schema_for!(PeriodClosed)),
        ]
    }
}
