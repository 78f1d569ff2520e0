//! What the types cannot say of a policy.

use compact_str::{CompactString, ToCompactString, format_compact};

use super::{Charge, ExpiredLot, GrantRule, MOST_VIOLATIONS, Outcome, Policy, ThresholdAction};

/// Longest hold, in seconds.
const LONGEST_HOLD: u64 = 30 * 86_400;
/// Most days that a term may have: a hundred years.
const MOST_DAYS: u64 = 36_525;

/// The key that is wrong, as a path, and why.
type Wrong = (CompactString, &'static str);

/// Finds the first thing that is wrong with a policy.
pub(in crate::book) fn check(policy: &Policy) -> Result<(), Wrong> {
    own(policy)?;
    days(policy)?;
    places(policy)?;
    never_refunded(policy)?;
    thresholds(policy)
}

fn own(policy: &Policy) -> Result<(), Wrong> {
    let holds = &policy.holds;
    let checks = [
        (policy.version > 0, "version", "versions count up from 1"),
        (distinct(&policy.burn_order), "burn_order", "a key stands twice"),
        (holds.ttl_seconds > 0, "holds.ttl_seconds", "must be at least 1"),
        (
            holds.ttl_seconds <= holds.max_ttl_seconds,
            "holds.max_ttl_seconds",
            "must not be below ttl_seconds",
        ),
        (holds.max_ttl_seconds <= LONGEST_HOLD, "holds.max_ttl_seconds", "must be at most 30 days"),
        (policy.idempotency.call_key_days >= 7, "idempotency.call_key_days", "must be at least 7"),
        (
            policy.statements.as_ref().is_none_or(|terms| terms.every.is_months()),
            "statements.every",
            "must be whole months or years",
        ),
        (
            policy.disputes.statement_days.is_none() || policy.statements.is_some(),
            "disputes.statement_days",
            "without [statements] there is nothing to dispute",
        ),
        (
            policy.approvals.manual_grant_above.is_none_or(|above| !above.is_negative()),
            "approvals.manual_grant_above",
            "must not be negative",
        ),
        (
            policy.refunds.as_ref().is_none_or(|refunds| {
                let kinds: Vec<_> = refunds.evidence.iter().map(|rule| &rule.kind).collect();
                distinct(&kinds)
            }),
            "refunds.evidence",
            "a kind stands twice",
        ),
        (
            policy.refunds.as_ref().is_none_or(|refunds| {
                refunds.channel.is_some()
                    || !refunds.evidence.iter().any(|rule| rule.alternative_channel_only)
            }),
            "refunds.evidence",
            "without [refunds.channel] no request needs another way",
        ),
    ];
    let wrong = checks.into_iter().find(|(holds, _, _)| !holds);
    wrong.map_or(Ok(()), |(_, key, reason)| Err((key.to_compact_string(), reason)))
}

/// Every number of days is at least one, and at most a hundred years; a notice may be of no days.
fn days(policy: &Policy) -> Result<(), Wrong> {
    const WRONG: &str = "must be at least one day, and at most 36525";
    let revive = match policy.usage_refunds.expired_lot {
        ExpiredLot::ReviveDays(days) => Some(days),
        ExpiredLot::Lapse => None,
    };
    let lasts = |rule: &GrantRule| rule.valid_days;
    let grants = &policy.grants;
    let mut terms = vec![
        ("usage_refunds.expired_lot", revive),
        ("grants.promotional.valid_days", lasts(&grants.promotional)),
        ("grants.signup.valid_days", lasts(&grants.signup)),
        ("grants.manual.valid_days", lasts(&grants.manual)),
        ("grants.compensation.valid_days", lasts(&grants.compensation)),
        ("retention.call_metadata_days", policy.retention.call_metadata_days),
        ("notice.catalog.days", policy.notice.catalog.as_ref().map(|rule| rule.days)),
        ("notice.policy.days", policy.notice.policy.as_ref().map(|rule| rule.days)),
        ("subscriptions.unpaid_days", policy.subscriptions.unpaid_days),
        ("disputes.call_days", policy.disputes.call_days),
        ("disputes.statement_days", policy.disputes.statement_days),
        ("credit_line.due_days", policy.credit_line.due_days),
        ("breach.cure_days", policy.breach.as_ref().map(|terms| terms.cure_days)),
        ("appeals.within_days", policy.appeals.as_ref().map(|terms| terms.within_days)),
        ("close.operator.notice_days", policy.close.operator.as_ref().map(|rule| rule.notice_days.max(1))),
        ("shutdown.notice_days", Some(policy.shutdown.notice_days.max(1))),
        ("inactivity.after_months", policy.inactivity.as_ref().map(|rule| u64::from(rule.after_months))),
        ("liability.months", policy.liability.as_ref().map(|terms| u64::from(terms.months))),
    ];
    if let Some(refunds) = &policy.refunds {
        terms
            .push(("refunds.channel.original_days", refunds.channel.as_ref().map(|rule| rule.original_days)));
        terms.push(("refunds.otherwise.within_days", refunds.otherwise.within_days));
        terms.push((
            "refunds.terminated.within_days",
            refunds.terminated.as_ref().and_then(|rule| rule.within_days),
        ));
        for (cause, rule) in &refunds.causes {
            if rule.within_days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
                return Err((format_compact!("refunds.causes.{cause}.within_days"), WRONG));
            }
        }
    }
    let wrong = terms.into_iter().find(|(_, days)| days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)));
    wrong.map_or(Ok(()), |(key, _)| Err((key.to_compact_string(), WRONG)))
}

/// Regions are two letters, and none stands twice; a floor has one amount a currency.
fn places(policy: &Policy) -> Result<(), Wrong> {
    const REGION: &str = "a region is two capital letters (ISO 3166-1 alpha-2)";
    let is_region =
        |code: &CompactString| code.len() == 2 && code.bytes().all(|letter| letter.is_ascii_uppercase());
    if let Some(regions) = &policy.opening.regions {
        if let Some(at) = regions.barred.iter().position(|code| !is_region(code)) {
            return Err((format_compact!("opening.regions.barred[{at}]"), REGION));
        }
        if !distinct(&regions.barred) {
            return Err(("opening.regions.barred".to_compact_string(), "a region stands twice"));
        }
    }
    if let Some(ages) = &policy.opening.minimum_age
        && let Some(code) = ages.by_region.keys().find(|code| !is_region(code))
    {
        return Err((format_compact!("opening.minimum_age.by_region.{code}"), REGION));
    }
    if let Some(floor) = policy.liability.as_ref().and_then(|terms| terms.floor.as_ref()) {
        let currencies: Vec<_> =
            std::iter::once(&floor.amount).chain(&floor.instead).map(crate::Money::currency).collect();
        if !distinct(&currencies) {
            return Err(("liability.floor.instead".to_compact_string(), "a currency stands twice"));
        }
    }
    Ok(())
}

/// What is never refunded does not go back by itself either.
fn never_refunded(policy: &Policy) -> Result<(), Wrong> {
    let contradicts = |outcome: &&Outcome| {
        policy.outcomes.charge(**outcome) == Charge::Refund
            && policy.usage_refunds.never.contains_key(outcome.as_str())
    };
    match Outcome::ALL.iter().find(contradicts) {
        None => Ok(()),
        Some(outcome) => Err((
            format_compact!("outcomes.{}", outcome.as_str()),
            "usage_refunds.never says that it is kept",
        )),
    }
}

/// Thresholds rise, and nothing comes after the end of the account.
fn thresholds(policy: &Policy) -> Result<(), Wrong> {
    let thresholds = &policy.violations.thresholds;
    for (at, threshold) in thresholds.iter().enumerate() {
        if !(1..=MOST_VIOLATIONS).contains(&threshold.count)
            || threshold.within_days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days))
        {
            let key = format_compact!("violations.thresholds[{at}]");
            return Err((key, "a threshold has a count of 1 to 1000, within at least one day"));
        }
    }
    for (at, pair) in thresholds.windows(2).enumerate() {
        if let [one, other] = pair
            && (one.count >= other.count || one.action == ThresholdAction::Terminate)
        {
            let key = format_compact!("violations.thresholds[{}]", at.saturating_add(1));
            return Err((key, "counts must rise, and nothing comes after terminate"));
        }
    }
    if !distinct(&policy.violations.outcomes) {
        return Err(("violations.outcomes".to_compact_string(), "an outcome stands twice"));
    }
    Ok(())
}

fn distinct<T: PartialEq>(items: &[T]) -> bool {
    items.iter().enumerate().all(|(at, item)| !items.iter().take(at).any(|other| other == item))
}
