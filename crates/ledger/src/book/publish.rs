//! Changes of a book: whole versions of its terms, campaigns, and the end of the service. Each is announced when it is
//! recorded, takes effect then or later, and never sooner than the terms promise.

use serde::Serialize;
use serde_json::Value;

use super::event::{BookEvent, CampaignPublished, Published, ShutdownAnnounced};
use super::policy::{NoticeRule, NoticeTo};
use super::{Book, BookFiles, Campaign, Catalog, GrantSource, Policy, ShutdownNotice, Version, load};
use crate::{Refusal, Timestamp, Token};

/// Something asked of a book.
///
/// Its JSON form is canonical: it is what the fingerprint of an idempotent command is taken of.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum BookCommand {
    /// Publish a version of the catalog.
    PublishCatalog(Draft),
    /// Publish a version of the policy.
    PublishPolicy(Draft),
    /// Publish a campaign, or change one.
    PublishCampaign(Draft),
    /// Announce the end of the service.
    Shutdown {
        /// A reason code.
        reason: Token,
        /// When it ends; without it, now.
        #[serde(skip_serializing_if = "Option::is_none")]
        effective_at: Option<Timestamp>,
    },
    /// Close the period up to a time: its figures stand.
    ClosePeriod {
        /// When it ended.
        until: Timestamp,
    },
}

/// A document that is to be published.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Draft {
    /// The whole of it; a version may leave its number out.
    pub document: Value,
    /// When it takes effect; without it, now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_at: Option<Timestamp>,
}

/// An announcement: what is recorded, and when it takes effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Announcement {
    /// What is recorded.
    pub event: BookEvent,
    /// When it takes effect.
    pub effective_at: Timestamp,
}

/// When a version takes effect.
#[derive(Clone, Copy)]
struct Timing {
    effective_at: Timestamp,
    for_subscribed_at: Option<Timestamp>,
}

impl Book {
    /// A book from its events, each with when it was recorded and when it takes effect; nothing without a catalog and a
    /// policy.
    pub fn from_events(
        id: Token,
        events: impl IntoIterator<Item = (BookEvent, Timestamp, Timestamp)>,
    ) -> Option<Self> {
        let mut book = Self {
            id,
            catalogs: Vec::new(),
            policies: Vec::new(),
            campaigns: Vec::new(),
            shutdown: None,
            closed_until: None,
        };
        for (event, announced_at, effective_at) in events {
            book.evolve(event, announced_at, effective_at);
        }
        let full = !book.catalogs.is_empty() && !book.policies.is_empty();
        full.then_some(book)
    }

    /// Takes the next event of its stream.
    pub fn evolve(&mut self, event: BookEvent, announced_at: Timestamp, effective_at: Timestamp) {
        match event {
            BookEvent::CatalogPublished(published) => {
                let Published { document: terms, for_subscribed_at, .. } = *published;
                self.catalogs.push(Version { announced_at, effective_at, for_subscribed_at, terms });
            }
            BookEvent::PolicyPublished(published) => {
                let Published { document: terms, for_subscribed_at, .. } = *published;
                self.policies.push(Version { announced_at, effective_at, for_subscribed_at, terms });
            }
            BookEvent::CampaignPublished(published) => {
                let terms = published.document;
                let version = Version { announced_at, effective_at, for_subscribed_at: None, terms };
                self.campaigns.push(version);
            }
            BookEvent::ShutdownAnnounced(ShutdownAnnounced { reason }) => {
                self.shutdown = Some(ShutdownNotice { announced_at, effective_at, reason });
            }
            BookEvent::PeriodClosed(closed) => self.closed_until = Some(closed.until),
        }
    }

    /// Decides a command at a time: the same book, command and time always give the same answer.
    ///
    /// The notice that is owed is that of the policy in force at that time (Z4, I7, M2, A9, Z15).
    pub fn decide(&self, command: &BookCommand, now: Timestamp) -> Result<Announcement, Refusal> {
        let notice = &self.policy(now).notice;
        match command {
            BookCommand::PublishCatalog(draft) => {
                let number = next_number(&self.catalogs, |catalog| catalog.version)?;
                let catalog: Catalog = load::catalog(numbered(&draft.document, number)?)?;
                same_number(catalog.version, number)?;
                let timing = timing(notice.catalog.as_ref(), &self.catalogs, draft.effective_at, now)?;
                Ok(timing.announce(catalog, number, BookEvent::CatalogPublished))
            }
            BookCommand::PublishPolicy(draft) => {
                let number = next_number(&self.policies, |policy| policy.version)?;
                let policy: Policy = load::policy(numbered(&draft.document, number)?)?;
                same_number(policy.version, number)?;
                let timing = timing(notice.policy.as_ref(), &self.policies, draft.effective_at, now)?;
                Ok(timing.announce(policy, number, BookEvent::PolicyPublished))
            }
            BookCommand::PublishCampaign(draft) => {
                let campaign: Campaign = load::document(draft.document.clone())?;
                let effective_at = not_past(draft.effective_at, now)?;
                check_campaign(&campaign, effective_at)?;
                let latest = self.campaigns.iter().rev().find(|known| known.terms.id == campaign.id);
                not_before(latest, effective_at)?;
                let event = BookEvent::CampaignPublished(Box::new(CampaignPublished { document: campaign }));
                Ok(Announcement { event, effective_at })
            }
            BookCommand::Shutdown { reason, effective_at } => self.shut_down(reason, *effective_at, now),
            BookCommand::ClosePeriod { until } => self.close_period(*until, now),
        }
    }

    fn shut_down(
        &self,
        reason: &Token,
        effective_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Announcement, Refusal> {
        if self.shutdown.is_some() {
            return Err(Refusal::Exists("the end of the service"));
        }
        let rule = &self.policy(now).shutdown;
        let effective_at = not_past(effective_at, now)?;
        let earliest = now.plus_days(rule.notice_days);
        if effective_at < earliest && !rule.at_once.contains(reason) {
            return Err(Refusal::NoticeTooShort { earliest, clause: rule.clause.clone() });
        }
        let event = BookEvent::ShutdownAnnounced(ShutdownAnnounced { reason: reason.clone() });
        Ok(Announcement { event, effective_at })
    }

    /// What of a book's files is new, to be announced now and to take effect as soon as the terms allow.
    ///
    /// A version that was announced before must be as it was; no number may be left out. Errors: the file, the version
    /// and what is wrong with it.
    pub fn news_of_files(&self, files: &BookFiles, now: Timestamp) -> Result<Vec<Announcement>, FileNews> {
        let notice = &self.policy(now).notice;
        let mut news = Vec::new();
        let number = |catalog: &Catalog| catalog.version;
        if let Some(version) = new_in_file(&self.catalogs, &files.catalog, number, super::CATALOG_FILE)? {
            let timing = soonest(notice.catalog.as_ref(), &self.catalogs, now);
            let announce = BookEvent::CatalogPublished;
            news.push(timing.announce(files.catalog.clone(), version, announce));
        }
        let number = |policy: &Policy| policy.version;
        if let Some(version) = new_in_file(&self.policies, &files.policy, number, super::POLICY_FILE)? {
            let timing = soonest(notice.policy.as_ref(), &self.policies, now);
            let announce = BookEvent::PolicyPublished;
            news.push(timing.announce(files.policy.clone(), version, announce));
        }
        Ok(news)
    }
}

/// A version in a file that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileNews {
    /// The file.
    pub file: &'static str,
    /// The version in it.
    pub version: u32,
    /// What is wrong with it.
    pub reason: String,
}

impl BookFiles {
    /// The first versions of a book, in force at once.
    pub fn first(&self, now: Timestamp) -> [Announcement; 2] {
        let at_once = Timing { effective_at: now, for_subscribed_at: None };
        let (catalog, policy) = (self.catalog.clone(), self.policy.clone());
        [
            at_once.announce(catalog, self.catalog.version, BookEvent::CatalogPublished),
            at_once.announce(policy, self.policy.version, BookEvent::PolicyPublished),
        ]
    }
}

impl Timing {
    fn announce<T>(
        self,
        document: T,
        version: u32,
        event: impl Fn(Box<Published<T>>) -> BookEvent,
    ) -> Announcement {
        let Self { effective_at, for_subscribed_at } = self;
        let published = Box::new(Published { version, document, for_subscribed_at });
        Announcement { event: event(published), effective_at }
    }
}

/// Terms that cannot be, at a place.
fn invalid(pointer: &str, reason: impl Into<String>) -> Refusal {
    Refusal::InvalidTerms { pointer: pointer.to_owned(), reason: reason.into() }
}

fn next_number<T>(known: &[Version<T>], number: impl Fn(&T) -> u32) -> Result<u32, Refusal> {
    let latest = known.last().map_or(0, |latest| number(&latest.terms));
    latest.checked_add(1).ok_or_else(|| invalid("/version", "there are no more versions"))
}

/// The document with its number, if it was left out.
fn numbered(document: &Value, number: u32) -> Result<Value, Refusal> {
    let mut document = document.clone();
    let members = document.as_object_mut().ok_or_else(|| invalid("", "must be an object"))?;
    members.entry("version").or_insert_with(|| number.into());
    Ok(document)
}

fn same_number(given: u32, next: u32) -> Result<(), Refusal> {
    if given == next { Ok(()) } else { Err(invalid("/version", format!("the next version is {next}"))) }
}

/// Since when it shall be in force: now or later (M2).
fn not_past(effective_at: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, Refusal> {
    match effective_at {
        Some(past) if past < now => Err(Refusal::Retroactive { now }),
        given => Ok(given.unwrap_or(now)),
    }
}

/// No version takes effect before the one before it.
fn not_before<T>(latest: Option<&Version<T>>, effective_at: Timestamp) -> Result<(), Refusal> {
    match latest {
        Some(latest) if effective_at < latest.effective_at => {
            let reason = format!("the version before it takes effect at {}", latest.effective_at);
            Err(invalid("/effective_at", reason))
        }
        _ => Ok(()),
    }
}

fn timing<T>(
    rule: Option<&NoticeRule>,
    known: &[Version<T>],
    effective_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<Timing, Refusal> {
    let effective_at = not_past(effective_at, now)?;
    let mut for_subscribed_at = None;
    if let Some(rule) = rule {
        let earliest = now.plus_days(rule.days);
        match rule.to {
            NoticeTo::Everyone if effective_at < earliest => {
                return Err(Refusal::NoticeTooShort { earliest, clause: rule.clause.clone() });
            }
            NoticeTo::Everyone => {}
            NoticeTo::Subscribed => for_subscribed_at = Some(earliest).filter(|later| *later > effective_at),
        }
    }
    not_before(known.last(), effective_at)?;
    Ok(Timing { effective_at, for_subscribed_at })
}

/// The earliest time that the terms allow.
fn soonest<T>(rule: Option<&NoticeRule>, known: &[Version<T>], now: Timestamp) -> Timing {
    let earliest = rule.map_or(now, |rule| now.plus_days(rule.days));
    let to_everyone = rule.is_none_or(|rule| rule.to == NoticeTo::Everyone);
    let after = known.last().map_or(now, |latest| latest.effective_at.max(now));
    let effective_at = if to_everyone { earliest.max(after) } else { after };
    Timing { effective_at, for_subscribed_at: Some(earliest).filter(|later| *later > effective_at) }
}

/// The number of a version in a file, if it is new.
fn new_in_file<T: PartialEq>(
    known: &[Version<T>],
    terms: &T,
    number: impl Fn(&T) -> u32,
    file: &'static str,
) -> Result<Option<u32>, FileNews> {
    let version = number(terms);
    let latest = known.last().map_or(0, |latest| number(&latest.terms));
    let next = latest.saturating_add(1);
    let wrong = |reason: String| Err(FileNews { file, version, reason });
    match known.iter().find(|known| number(&known.terms) == version) {
        Some(same) if same.terms == *terms => Ok(None),
        Some(_) => wrong(format!("it is in force with other contents; make the change version {next}")),
        None if version == next => Ok(Some(version)),
        None => wrong(format!("version {latest} is in force; the next one is {next}")),
    }
}

/// What the types cannot say of a campaign.
fn check_campaign(campaign: &Campaign, effective_at: Timestamp) -> Result<(), Refusal> {
    if !matches!(campaign.source, GrantSource::Signup | GrantSource::Promotional) {
        return Err(invalid("/source", "a reward is signup or promotional"));
    }
    if campaign.credits.moving().is_err() {
        return Err(invalid("/credits", "must be more than 0, and at most 10^18"));
    }
    if campaign.budget.is_some_and(|budget| budget < campaign.credits) {
        return Err(invalid("/budget", "must bring at least one claim"));
    }
    if campaign.ends_at.is_some_and(|end| end < effective_at) {
        return Err(invalid("/ends_at", "must not be before it takes effect"));
    }
    Ok(())
}
