//! What was announced of books: versions of catalogs, policies and campaigns, the end of the service, closed periods.

use scrip_ledger::Timestamp;
use scrip_ledger::book::event::BookEvent;

use crate::accounts::Accounts as Folded;
use crate::model::{BookStep, Fault, Model, Takes};
use crate::rows::{Latest, word};
use crate::table::{Change, OnConflict, Table, Value, int, number, text};

pub(crate) const VERSIONS: Table = Table {
    name: "versions",
    key: 2,
    columns: &[
        text("book"),
        int("revision"),
        text("kind"),
        text("name"),
        int("version"),
        int("announced_at"),
        int("effective_at"),
        int("for_subscribed_at"),
        int("until_time"),
        text("reason"),
        text("actor"),
        int("position"),
    ],
    once: 0,
    on_conflict: OnConflict::Replace,
};

pub(crate) struct Versions {
    versions: Latest,
}

impl Default for Versions {
    fn default() -> Self {
        Self { versions: Latest::of(&VERSIONS) }
    }
}

impl Model for Versions {
    fn name(&self) -> &'static str {
        "versions"
    }

    fn schema(&self) -> &'static str {
        include_str!("versions.sql")
    }

    fn tables(&self) -> &'static [&'static Table] {
        &[&VERSIONS]
    }

    fn takes(&self) -> Takes {
        Takes::Books
    }

    fn book(&mut self, step: &BookStep<'_>) -> Result<(), Fault> {
        let nothing = Value::Text(None);
        let numbered = |kind: &str, version: u32, for_subscribed_at: Option<Timestamp>| {
            (kind.into(), nothing.clone(), version.into(), for_subscribed_at, None, nothing.clone())
        };
        let none = Value::Int(None);
        let (kind, name, version, for_subscribed_at, until, reason): (Value, _, Value, _, _, _) =
            match step.event {
                BookEvent::CatalogPublished(of) => numbered("catalog", of.version, of.for_subscribed_at),
                BookEvent::PolicyPublished(of) => numbered("policy", of.version, of.for_subscribed_at),
                BookEvent::CampaignPublished(of) => {
                    ("campaign".into(), word(Some(&of.document.id)), none, None, None, nothing)
                }
                BookEvent::ShutdownAnnounced(of) => {
                    ("shutdown".into(), nothing, none, None, None, word(Some(&of.reason)))
                }
                BookEvent::PeriodClosed(of) => {
                    ("period".into(), nothing.clone(), none, None, Some(of.until), nothing)
                }
            };
        self.versions.put(vec![
            step.book.as_str().into(),
            number(step.place.revision),
            kind,
            name,
            version,
            step.place.recorded_at.into(),
            step.place.effective_at.into(),
            for_subscribed_at.into(),
            until.into(),
            reason,
            step.place.actor.as_str().into(),
            number(step.place.position),
        ]);
        Ok(())
    }

    fn drain(&mut self, _: &Folded) -> Vec<Change> {
        vec![self.versions.drain()]
    }
}
