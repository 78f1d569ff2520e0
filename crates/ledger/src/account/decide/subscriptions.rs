//! Subscriptions: begun, renewed, paid, cancelled, ended.
//!
//! A period begins by itself when the one before it ends, at the plan's terms of that instant (I7), and is paid later.
//! Nothing of it is refundable before it is paid, and nothing of it repays debt.

use compact_str::{CompactString, format_compact};
use sha2::{Digest, Sha256};

use super::super::command::{PayPeriod, Subscribe};
use super::super::event::{
    DebtRepaid, LotAmount, LotReclaimed, Payment, PeriodGranted, PeriodPaid, Subscribed,
    SubscriptionCancelled, SubscriptionEnded,
};
use super::super::records::{Subscription, SubscriptionPeriod};
use super::super::refusal::Noun;
use super::super::{Account, Event, Refusal, Status};
use super::control::not_closed;
use super::due::Appointment;
use super::{admission, funding};
use crate::book::{Book, Plan};
use crate::time::TimeZone;
use crate::{Credits, Timestamp, Token};

/// Most subscriptions that one account may have had.
const MAX_SUBSCRIPTIONS: usize = 1_000;
/// Longest account id that an order's id takes over as it is: what follows it has room then.
const LONGEST_SPELLED_OUT: usize = 30;
/// Why a subscription ends whose period was not paid.
const UNPAID: &str = "unpaid";

/// A plan of the catalog in force for the account, paid at its price. Its first period begins at once (I1), and its
/// credits first repay the debt.
pub(super) fn subscribe(
    account: &Account,
    book: &Book,
    subscribe: &Subscribe,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    funding::takes_credits(account)?;
    admission::may_buy(account, book, now)?;
    let catalog = book.catalog_for(account, now);
    let plan = catalog.plan(&subscribe.plan).ok_or(Refusal::UnknownPlan)?;
    let known = account.records().subscriptions.all();
    if known.iter().any(|known| known.plan == plan.id && known.ended.is_none()) {
        return Err(Refusal::Exists("the subscription"));
    }
    if known.len() >= MAX_SUBSCRIPTIONS {
        return Err(Refusal::LimitReached { what: "subscriptions", limit: MAX_SUBSCRIPTIONS });
    }
    funding::at_price(&subscribe.payment, plan.price)?;
    let subscription = account.next_revision();
    let order_id = match &subscribe.order_id {
        Some(order_id) => order_id.clone(),
        None => order_of(account, subscription, 1)?,
    };
    let begins = Begins { subscription, period: 1, from: now, until: period_end(book, plan, now, 1, now) };
    let granted =
        begins.granted(book, plan, catalog.version, order_id, Some(subscribe.payment.clone()), None);
    let mut events = vec![Subscribed { plan: plan.id.clone(), every: plan.every }.into(), granted.into()];
    events.extend(repaid(account, subscription.saturating_add(1), plan.credits));
    Ok(events)
}

/// Ends it with its period: nothing comes of it after that (I2).
pub(super) fn cancel(account: &Account, subscription: u64, by: &Token) -> Result<Vec<Event>, Refusal> {
    let found = running(account, subscription)?;
    let period = found.period().filter(|_| found.cancelled.is_none());
    let ends_at = period.ok_or(Refusal::AlreadyDecided(Noun::Subscription))?.until;
    Ok(vec![SubscriptionCancelled { subscription, ends_at, by: by.clone() }.into()])
}

/// Pays the first period that is not paid. What is free of its credits first repays the debt.
pub(super) fn pay(
    account: &Account,
    book: &Book,
    pay: &PayPeriod,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    not_closed(account)?;
    admission::may_buy(account, book, now)?;
    let subscriptions = &account.records().subscriptions;
    let found = subscriptions.get(pay.subscription).ok_or(Refusal::NotFound(Noun::Subscription))?;
    if found.ended.as_ref().is_some_and(|(_, reason)| reason.as_str() == UNPAID) {
        return Err(Refusal::AlreadyDecided(Noun::Subscription));
    }
    let clause = || book.policy(now).subscriptions.clause.clone();
    let period = found.unpaid().first().ok_or_else(|| Refusal::NotEligible {
        reason: "every period that has begun is paid",
        clause: clause(),
    })?;
    if let Some(until) = payable_until(book, period).filter(|until| *until < now) {
        return Err(Refusal::WindowClosed { what: "the payment of the period", until, clause: clause() });
    }
    funding::at_price(&pay.payment, period.price)?;
    let paid = PeriodPaid {
        subscription: pay.subscription,
        order_id: period.order_id.clone(),
        lot: period.lot,
        payment: pay.payment.clone(),
    };
    let free = account.lot(period.lot).map_or(Credits::ZERO, |lot| lot.usable());
    Ok(std::iter::once(paid.into()).chain(repaid(account, period.lot, free)).collect())
}

/// The debt that the credits of a lot repay.
fn repaid(account: &Account, lot: u64, credits: Credits) -> Option<Event> {
    let amount = account.debt.min(credits);
    (!amount.is_zero()).then(|| DebtRepaid { lots: vec![LotAmount { lot, amount }] }.into())
}

fn running(account: &Account, subscription: u64) -> Result<&Subscription, Refusal> {
    let found = account.records().subscriptions.get(subscription);
    found.ok_or(Refusal::NotFound(Noun::Subscription)).and_then(|found| {
        if found.ended.is_none() { Ok(found) } else { Err(Refusal::AlreadyDecided(Noun::Subscription)) }
    })
}

/// The last instant at which a period can be paid, by the terms that it began under.
fn payable_until(book: &Book, period: &SubscriptionPeriod) -> Option<Timestamp> {
    book.policy(period.from).subscriptions.unpaid_days.map(|days| period.from.plus_days(days))
}

/// A period that begins.
struct Begins {
    subscription: u64,
    period: u32,
    from: Timestamp,
    until: Timestamp,
}

impl Begins {
    fn granted(
        self,
        book: &Book,
        plan: &Plan,
        catalog: u32,
        order_id: Token,
        payment: Option<Payment>,
        every: Option<crate::time::Period>,
    ) -> PeriodGranted {
        let Self { subscription, period, from, until } = self;
        PeriodGranted {
            subscription,
            period,
            from,
            until,
            every,
            order_id,
            price: plan.price,
            payment,
            credits: plan.credits,
            expires_at: plan.valid_for.map_or(until, |validity| zone(book, from).plus(from, validity, 1)),
            priority: plan.priority,
            catalog,
        }
    }
}

fn zone(book: &Book, time: Timestamp) -> TimeZone {
    book.policy(time).time_zone
}

/// When the n-th period since an anchor ends: counted from the anchor, so that the end of February does not forget
/// the 31st.
fn period_end(book: &Book, plan: &Plan, anchor: Timestamp, times: u32, from: Timestamp) -> Timestamp {
    zone(book, from).plus(anchor, plan.every, times)
}

/// The order of a period that the caller gave no id: of the account and the subscription, and so used by no other. A
/// long account id is told by its hash.
fn order_of(account: &Account, subscription: u64, period: u32) -> Result<Token, Refusal> {
    let id = account.id().as_str();
    let spelled: CompactString = if id.len() <= LONGEST_SPELLED_OUT {
        id.into()
    } else {
        Sha256::digest(id.as_bytes()).iter().take(12).map(|byte| format!("{byte:02x}")).collect()
    };
    Token::new(&format_compact!("{spelled}-s{subscription}-p{period}"))
        .map_err(|_| Refusal::LimitReached { what: "characters in an order id", limit: crate::id::MAX_ID })
}

/// What becomes of a subscription next.
enum Next {
    /// A period begins.
    Renewal,
    /// It ends, for a reason.
    End(&'static str),
    /// What is free of a period that was not paid in time is taken back.
    Reclaim(LotAmount),
}

/// The next period that begins, or the end of a subscription.
pub(super) fn appointment(account: &Account, book: &Book) -> Option<Appointment> {
    next(account, book).map(|(at, ..)| Appointment {
        at,
        record: |account, book, _| {
            next(account, book)
                .map(|(at, found, next)| recorded(account, book, at, found, &next))
                .unwrap_or_default()
        },
    })
}

/// The first of all that is due, of which subscription.
fn next<'a>(account: &'a Account, book: &Book) -> Option<(Timestamp, &'a Subscription, Next)> {
    let all = account.records().subscriptions.all().iter();
    all.flat_map(|found| {
        let next = [end_or_renewal(account, book, found), reclaimable(account, book, found)];
        next.into_iter().flatten().map(move |(at, next)| (at, found, next))
    })
    .min_by_key(|(at, ..)| *at)
}

fn end_or_renewal(account: &Account, book: &Book, found: &Subscription) -> Option<(Timestamp, Next)> {
    let period = found.period().filter(|_| found.ended.is_none())?;
    let until = period.until;
    if account.status() == Status::Closed {
        return Some((account.last_recorded_at().min(until), Next::End("account_closed")));
    }
    let unpaid =
        found.unpaid().first().and_then(|period| payable_until(book, period)).map(Timestamp::just_after);
    let service_end = book.shutdown().map(|notice| notice.effective_at);
    let at_the_end = if found.cancelled.is_some() {
        Next::End("cancelled")
    } else if book.catalog_for(account, until).plan(&found.plan).is_none() {
        Next::End("plan_withdrawn")
    } else {
        Next::Renewal
    };
    [
        unpaid.map(|at| (at, Next::End(UNPAID))),
        service_end.map(|at| (at.max(found.began_at), Next::End("service_ended"))),
        // Where the calendar ends, so do periods.
        (until < Timestamp::MAX).then_some((until, at_the_end)),
    ]
    .into_iter()
    .flatten()
    .min_by_key(|(at, _)| *at)
}

/// What is free of periods that were not paid in time: what holds had kept of them too, once it returns.
fn reclaimable(account: &Account, book: &Book, found: &Subscription) -> Option<(Timestamp, Next)> {
    let given_up = found.ended.as_ref().filter(|(_, reason)| reason.as_str() == UNPAID).map(|(at, _)| *at);
    found.unpaid().iter().find_map(|period| {
        let lot = account.lot(period.lot).filter(|lot| !lot.free.is_zero())?;
        let at = given_up.or_else(|| payable_until(book, period).map(Timestamp::just_after))?;
        Some((at, Next::Reclaim(LotAmount { lot: lot.revision, amount: lot.free })))
    })
}

fn recorded(account: &Account, book: &Book, at: Timestamp, found: &Subscription, next: &Next) -> Vec<Event> {
    let subscription = found.revision;
    let event = match next {
        Next::Renewal => renewal(account, book, found),
        Next::End(reason) => Token::new(reason)
            .ok()
            .map(|reason| SubscriptionEnded { subscription, reason, ended_at: at }.into()),
        Next::Reclaim(LotAmount { lot, amount }) => Some(LotReclaimed { lot: *lot, amount: *amount }.into()),
    };
    event.into_iter().collect()
}

/// The next period, at the plan's terms when it begins.
fn renewal(account: &Account, book: &Book, found: &Subscription) -> Option<Event> {
    let from = found.period()?.until;
    let catalog = book.catalog_for(account, from);
    let plan = catalog.plan(&found.plan)?;
    let changed = (plan.every != found.every).then_some(plan.every);
    let (anchor, times) = match changed {
        Some(_) => (from, 1),
        None => (found.anchor, found.since_anchor.saturating_add(1)),
    };
    let period = u32::try_from(found.periods.len()).ok()?.saturating_add(1);
    let order_id = order_of(account, found.revision, period).ok()?;
    let begins = Begins {
        subscription: found.revision,
        period,
        from,
        until: period_end(book, plan, anchor, times, from),
    };
    Some(begins.granted(book, plan, catalog.version, order_id, None, changed).into())
}
