//! Claims of campaigns: who has claimed is a stream of its own for each campaign and account (or owner), what a campaign
//! has given is the last event of the campaign's stream (P7, A8).

use scrip_ledger::book::{Book, Campaign, ClaimsSoFar, OncePer};
use scrip_ledger::command::Grant;
use scrip_ledger::{Account, AccountId, BookId, Command, Credits, Event, Timestamp, Token};
use scrip_store::{Expected, StoreError, StreamName};
use serde::{Deserialize, Serialize};

use crate::recall::{Setback, unavailable};
use crate::reservations::{Reservation, Taken, stream};
use crate::shared::SharedStreams;

/// The payload of `reward_claimed`.
#[derive(Serialize)]
struct RewardClaimed<'a> {
    book: &'a BookId,
    campaign: &'a Token,
    once_per: OncePer,
    claimant: &'a Token,
    account: &'a AccountId,
    lot: u64,
}

/// The payload of `campaign_claimed`.
#[derive(Serialize)]
struct CampaignClaimed<'a> {
    book: &'a BookId,
    campaign: &'a Token,
    account: &'a AccountId,
    credits: Credits,
    /// What all claims have brought by now.
    total: Credits,
}

/// What of it the next claim needs.
#[derive(Deserialize)]
struct Total {
    total: Credits,
}

/// How claims of a campaign stand for an account.
struct Standing {
    claim: StreamName,
    campaign: StreamName,
    last: Option<u64>,
    so_far: ClaimsSoFar,
    is_ahead: bool,
}

/// Brings a command what has been claimed of the campaign that it names. Says whether that is ahead of the disk.
pub(crate) fn recall(
    shared: &SharedStreams,
    book: &Book,
    account: &Account,
    command: &mut Command,
    now: Timestamp,
) -> Result<bool, Setback> {
    let (id, so_far) = match command {
        Command::ClaimReward(claim) => (&claim.campaign, &mut claim.so_far),
        Command::Grant(Grant { campaign: Some(id), so_far, .. }) => (&*id, so_far),
        _ => return Ok(false),
    };
    let Some(campaign) = book.campaign(id, now) else { return Ok(false) };
    let standing = standing(shared, book, campaign, account);
    let Some(standing) = standing.map_err(|error| unavailable("the claims of a campaign", &error))? else {
        return Ok(false);
    };
    *so_far = standing.so_far;
    Ok(standing.is_ahead)
}

/// What the events of a command leave in the streams of campaigns, if they begin at a revision.
pub(crate) fn reserve(
    shared: &SharedStreams,
    book: &Book,
    account: &Account,
    events: &[Event],
    first_revision: u64,
    now: Timestamp,
    reserved: &mut Vec<Reservation>,
) -> Result<(), Taken> {
    for (lot, event) in (first_revision..).zip(events) {
        let Event::Granted(granted) = event else { continue };
        let Some(campaign) = granted.campaign.as_ref().and_then(|id| book.campaign(id, now)) else {
            continue;
        };
        let Some(standing) = standing(shared, book, campaign, account).map_err(Taken::Unknown)? else {
            continue;
        };
        let total = campaign
            .claim(standing.so_far, granted.credits, now)
            .map_err(|refusal| if standing.is_ahead { Taken::Perhaps } else { Taken::Refused(refusal) })?;
        let (once_per, claimant) = campaign.claimant(account);
        let claimed = RewardClaimed {
            book: &book.id,
            campaign: &campaign.id,
            once_per,
            claimant: &claimant,
            account: account.id(),
            lot,
        };
        let given = CampaignClaimed {
            book: &book.id,
            campaign: &campaign.id,
            account: account.id(),
            credits: granted.credits,
            total,
        };
        // Writing plain structs to memory cannot fail.
        if let (Ok(claimed), Ok(given)) = (serde_json::to_vec(&claimed), serde_json::to_vec(&given)) {
            reserved.push(Reservation {
                stream: standing.claim,
                expected: Expected::NoStream,
                event_type: "reward_claimed",
                payload: claimed,
            });
            reserved.push(Reservation {
                stream: standing.campaign,
                expected: Expected::after(standing.last),
                event_type: "campaign_claimed",
                payload: given,
            });
        }
    }
    Ok(())
}

fn standing(
    shared: &SharedStreams,
    book: &Book,
    campaign: &Campaign,
    account: &Account,
) -> Result<Option<Standing>, StoreError> {
    let (once_per, claimant) = campaign.claimant(account);
    let kind = match once_per {
        OncePer::Account => "account",
        OncePer::Owner => "owner",
    };
    let (book, id) = (book.id.as_str(), campaign.id.as_str());
    let claim = stream("claim", &[book, id, kind, claimant.as_str()]);
    let (Some(claim), Some(campaign)) = (claim, stream("campaign", &[book, id])) else { return Ok(None) };
    let (claims, totals) = (shared.end(&claim)?, shared.end(&campaign)?);
    let given = serde_json::from_slice::<Total>(&totals.payload).map_or(Credits::ZERO, |last| last.total);
    Ok(Some(Standing {
        claim,
        campaign,
        last: totals.revision,
        so_far: ClaimsSoFar { claimed: claims.revision.is_some(), given },
        is_ahead: claims.is_ahead || totals.is_ahead,
    }))
}
