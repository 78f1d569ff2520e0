//! Billing by the calendar: periods of subscriptions over years, what ends them, and the spans of statements.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, TimeZone as _};
use proptest::prelude::*;
use scrip_ledger::book::{Book, Version};
use scrip_ledger::command::{Call, Close, Debit, Open, PayPeriod, PlaceHold, Size, Subscribe};
use scrip_ledger::event::{ClosedBy, Payment};
use scrip_ledger::records::Subscription;
use scrip_ledger::time::TimeZone;
use scrip_ledger::{Account, Bucket, Command, Credits, Event, Money, Refusal, Timestamp, decide};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::commands::token;
use super::{invariants, script};

const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "Asia/Shanghai", "America/New_York"];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn catalog(version: u32, price: &str, every: &str) -> Value {
    let price = json!({ "currency": "USD", "amount": price });
    let mut catalog = script::catalog();
    catalog["version"] = json!(version);
    catalog["plans"] = json!([{ "id": "plan", "price": price, "every": every, "credits": "10" }]);
    catalog
}

fn policy(zone: &str, terms: &Value) -> Value {
    let mut policy = script::policy();
    policy["time_zone"] = json!(zone);
    for (key, value) in terms.as_object().unwrap() {
        policy[key] = value.clone();
    }
    policy
}

fn read<T: DeserializeOwned>(document: Value) -> T {
    serde_json::from_value(document).unwrap()
}

fn payment(id: &str, amount: &str) -> Payment {
    Payment {
        provider: token("stripe"),
        payment_id: token(id),
        method: token("card"),
        amount: Money::parse("USD".parse().unwrap(), amount).unwrap(),
        tax: None,
        fee: None,
    }
}

fn call(request: &str) -> Call {
    let (model, endpoint) = ("m".into(), "chat/completions".into());
    Call { request_id: token(request), model, endpoint, key: None }
}

fn size(amount: &str) -> Size {
    Size::Amount(amount.parse().unwrap())
}

/// An account under test, and the book that it runs under.
struct Run {
    account: Account,
    book: Book,
}

impl Run {
    fn new(zone: &str, terms: &Value, catalogs: Vec<Version<scrip_ledger::book::Catalog>>) -> Self {
        let since = Timestamp::from_micros(0);
        let policies = vec![Version::at_once(since, read(policy(zone, terms)))];
        let book = Book::new(token("test"), catalogs, policies).unwrap();
        Self { account: Account::absent(token("alice")), book }
    }

    fn ask(&mut self, command: &Command, now: Timestamp) -> Result<Vec<Event>, Refusal> {
        let events = decide(&self.account, &self.book, command, now)?;
        let recorded_at = now.max(self.account.last_recorded_at());
        for event in &events {
            self.account.evolve(event, recorded_at);
        }
        invariants::check(&self.account);
        Ok(events)
    }

    fn subscribed(mut self, now: Timestamp) -> Self {
        let (owner, region, attestations, terms_version) = (None, None, None, None);
        let book = token("test");
        let open = Open { book, owner, region, attestations, terms_version, frozen: None };
        self.ask(&Command::Open(open), now).unwrap();
        let subscribe = Subscribe {
            plan: token("plan"),
            order_id: None,
            payment: payment("pi-1", "9.90"),
            notices: Vec::new(),
        };
        self.ask(&Command::Subscribe(subscribe), now).unwrap();
        self
    }

    /// Records what is due by a time, in as many steps as it takes.
    fn sweep(&mut self, now: Timestamp) {
        while !self.ask(&Command::Sweep, now).unwrap().is_empty() {}
        assert!(self.account.next_due(&self.book).is_none_or(|due| due > now));
    }

    fn subscription(&self) -> &Subscription {
        &self.account.records().subscriptions.all()[0]
    }

    fn pay(&mut self, id: &str, amount: &str, now: Timestamp) -> Result<Vec<Event>, Refusal> {
        let subscription = self.subscription().revision;
        self.ask(
            &Command::PayPeriod(PayPeriod {
                subscription,
                payment: payment(id, amount),
                notices: Vec::new(),
            }),
            now,
        )
    }

    fn end_reason(&self) -> Option<&str> {
        self.subscription().ended.as_ref().map(|(_, reason)| reason.as_str())
    }
}

fn once(catalog: Value) -> Vec<Version<scrip_ledger::book::Catalog>> {
    vec![Version::at_once(Timestamp::from_micros(0), read(catalog))]
}

/// A catalog with one plan, and what subscribing to it in a zone leads to.
fn monthly(zone: &str, terms: &Value, now: &str) -> Run {
    Run::new(zone, terms, once(catalog(1, "9.90", "P1M"))).subscribed(at(now))
}

fn wall_clock(zone: chrono_tz::Tz, time: Timestamp) -> NaiveDateTime {
    DateTime::from_timestamp_micros(time.micros()).unwrap().with_timezone(&zone).naive_local()
}

fn days_in(year: i32, month: u32) -> u32 {
    (28..=31).rev().find(|day| NaiveDate::from_ymd_opt(year, month, *day).is_some()).unwrap()
}

#[test]
fn periods_end_with_the_month_and_do_not_forget_the_31st() {
    let mut run = monthly("UTC", &json!({}), "2027-10-31T12:00:00Z");
    run.sweep(at("2028-06-01T00:00:00Z"));
    let ends: Vec<String> =
        run.subscription().periods.iter().map(|period| period.until.to_string()[..10].to_owned()).collect();
    let expected = [
        "2027-11-30",
        "2027-12-31",
        "2028-01-31",
        "2028-02-29",
        "2028-03-31",
        "2028-04-30",
        "2028-05-31",
        "2028-06-30",
    ];
    assert_eq!(ends, expected);
}

#[test]
fn summer_time_moves_the_instant_and_not_the_time_of_day() {
    // 02:30 in Berlin, a time that the clock jumps over on 28 March 2027.
    let mut run = monthly("Europe/Berlin", &json!({}), "2027-01-28T01:30:00Z");
    run.sweep(at("2027-12-01T00:00:00Z"));
    let until: Vec<Timestamp> = run.subscription().periods.iter().map(|period| period.until).collect();
    assert_eq!(until[..3], ["2027-02-28T01:30:00Z", "2027-03-28T01:30:00Z", "2027-04-28T00:30:00Z"].map(at));
    // 31 October 2027, 02:30 comes twice, but the 28th does not.
    assert_eq!(until[8..10], ["2027-10-28T00:30:00Z", "2027-11-28T01:30:00Z"].map(at));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Over years, the n-th period ends n times as long after the first began: on its day of the month, or on the last.
    #[test]
    fn renewals_count_from_the_anchor(
        began in 1_577_836_800i64..2_524_608_000,
        zone in prop::sample::select(&ZONES),
        every in 1u32..=15,
        years in 1u64..=12,
    ) {
        let began = Timestamp::from_micros(began * 1_000_000 + 1);
        let catalogs = once(catalog(1, "9.90", &format!("P{every}M")));
        let mut run = Run::new(zone, &json!({}), catalogs).subscribed(began);
        run.sweep(began.plus_days(years * 366));
        let tz: chrono_tz::Tz = zone.parse().unwrap();
        let anchor = wall_clock(tz, began);
        let mut from = began;
        let periods = &run.subscription().periods;
        prop_assert!(periods.len() as u64 > years * 12 / u64::from(every));
        for (times, period) in (1u32..).zip(periods) {
            prop_assert!(period.from == from && period.until > from);
            from = period.until;
            let months = anchor.month0() + times * every;
            let (year, month) = (anchor.year() + i32::try_from(months / 12).unwrap(), months % 12 + 1);
            let day = anchor.day().min(days_in(year, month));
            let expected = NaiveDate::from_ymd_opt(year, month, day).unwrap().and_time(anchor.time());
            // A time that the clock jumps over is an hour later.
            match tz.from_local_datetime(&expected).earliest() {
                Some(expected) => prop_assert_eq!(period.until.micros(), expected.timestamp_micros()),
                None => prop_assert_eq!(wall_clock(tz, period.until), expected + chrono::TimeDelta::hours(1)),
            }
        }
    }

    /// Periods of days keep their time of day, whatever the clock does.
    #[test]
    fn weeks_keep_their_time_of_day(
        began in 1_577_836_800i64..2_524_608_000,
        zone in prop::sample::select(&ZONES),
        days in 1u32..=60,
    ) {
        let began = Timestamp::from_micros(began * 1_000_000);
        let catalogs = once(catalog(1, "9.90", &format!("P{days}D")));
        let mut run = Run::new(zone, &json!({}), catalogs).subscribed(began);
        run.sweep(began.plus_days(400));
        let tz: chrono_tz::Tz = zone.parse().unwrap();
        for (times, period) in (1u64..).zip(&run.subscription().periods) {
            let expected = wall_clock(tz, began) + Days::new(times * u64::from(days));
            if let Some(expected) = tz.from_local_datetime(&expected).earliest() {
                prop_assert_eq!(period.until.micros(), expected.timestamp_micros());
            }
        }
    }

    /// A span of months holds the time that it is asked for, begins with a month, and joins the one before.
    #[test]
    fn spans_of_months_have_neither_gap_nor_overlap(
        time in 1_577_836_800i64..2_524_608_000,
        zone in prop::sample::select(&ZONES),
        months in 1u32..=36,
    ) {
        let (time, name) = (Timestamp::from_micros(time * 1_000_000), zone);
        let zone: TimeZone = name.parse().unwrap();
        let (from, until) = zone.span_of_months(time, months);
        prop_assert!(from <= time && time < until);
        let begin = wall_clock(name.parse().unwrap(), from);
        prop_assert_eq!(begin, NaiveDate::from_ymd_opt(begin.year(), begin.month(), 1).unwrap().and_time(Default::default()));
        if 12 % months == 0 {
            prop_assert_eq!(begin.month0() % months, 0);
        }
        let before = zone.span_of_months(Timestamp::from_micros(from.micros() - 1), months);
        prop_assert_eq!(before.1, from);
        prop_assert_eq!(zone.span_of_months(until, months).0, until);
    }
}

#[test]
fn statements_of_a_quarter_count_from_january() {
    let shanghai: TimeZone = "Asia/Shanghai".parse().unwrap();
    let span = shanghai.span_of_months(at("2026-06-30T15:59:59.999999Z"), 3);
    assert_eq!(span, (at("2026-03-31T16:00:00Z"), at("2026-06-30T16:00:00Z")));
    assert_eq!(shanghai.span_of_months(at("2026-06-30T16:00:00Z"), 3).0, span.1);
}

#[test]
fn an_unpaid_period_ends_the_subscription_and_its_unspent_credits_go() {
    let terms = json!({ "subscriptions": { "unpaid_days": 10, "clause": "C" } });
    let (began, second) = (at("2027-01-01T00:00:00Z"), at("2027-02-01T00:00:00Z"));
    let due = second.plus_days(10);
    // To the last instant it can be paid.
    let mut paid = monthly("UTC", &terms, "2027-01-01T00:00:00Z");
    assert!(matches!(paid.pay("pi-2", "9.90", began), Err(Refusal::NotEligible { clause: Some(_), .. })));
    paid.pay("pi-2", "9.90", due).unwrap();
    paid.sweep(due.plus_days(1));
    assert_eq!((paid.end_reason(), paid.subscription().unpaid().len()), (None, 0));
    assert!(paid.account.was_subscribed_at(due.plus_days(1)));

    // After it, it ends, and what is free goes; what a hold had kept goes when it returns.
    let mut run = monthly("UTC", &terms, "2027-01-01T00:00:00Z");
    let debit =
        Debit { call: call("one"), size: size("3"), outcome: read(json!("completed")), provider: None };
    run.ask(&Command::Debit(debit), due).unwrap();
    let hold = run.account.next_revision();
    let place = PlaceHold { call: call("two"), size: size("2"), ttl_seconds: None };
    run.ask(&Command::PlaceHold(place), due).unwrap();
    assert_eq!(run.end_reason(), None);
    let late = due.just_after();
    let refused = run.pay("pi-2", "9.90", late).unwrap_err();
    assert_eq!(refused.code(), "already_decided");
    run.sweep(late);
    assert_eq!(run.end_reason(), Some("unpaid"));
    let lot = run.account.lots()[1].clone();
    let credits = |text: &str| text.parse::<Credits>().unwrap();
    assert_eq!(
        (lot.spent, lot.held, lot.bucket(Bucket::Reclaimed)),
        (credits("3"), credits("2"), credits("5"))
    );
    run.ask(&Command::VoidHold { hold, outcome: read(json!("failed")) }, late).unwrap();
    run.sweep(late);
    assert_eq!(run.account.lots()[1].bucket(Bucket::Reclaimed), credits("7"));
    assert!(run.account.was_subscribed_at(due) && !run.account.was_subscribed_at(late));
    // No period begins after that.
    run.sweep(late.plus_days(100));
    assert_eq!(run.subscription().periods.len(), 2);
}

#[test]
fn a_renewal_takes_the_plan_as_it_is_then_and_for_whom_notice_is_owed_as_it_was() {
    let announced = at("2027-01-15T00:00:00Z");
    let dearer = |for_subscribed_at| Version {
        announced_at: announced,
        effective_at: announced,
        for_subscribed_at,
        terms: read(catalog(2, "12.00", "P1Y")),
    };
    let prices = |for_subscribed_at, began: &str| {
        let mut catalogs = once(catalog(1, "9.90", "P1M"));
        catalogs.push(dearer(for_subscribed_at));
        let mut run = Run::new("UTC", &json!({}), catalogs).subscribed(at(began));
        run.sweep(at("2027-04-15T00:00:00Z"));
        let periods = run.subscription().periods.iter();
        periods
            .map(|period| format!("{} {}", period.price.amount(), &period.until.to_string()[..10]))
            .collect::<Vec<_>>()
    };
    // At once; a year is then counted from the period that is a year.
    assert_eq!(prices(None, "2027-01-10T00:00:00Z"), ["9.90 2027-02-10", "12.00 2028-02-10"]);
    // Notice until 14 February: a period that begins before then is at the old price.
    let notice = Some(at("2027-02-14T00:00:00Z"));
    let expected = ["9.90 2027-02-10", "9.90 2027-03-10", "12.00 2028-03-10"];
    assert_eq!(prices(notice, "2027-01-10T00:00:00Z"), expected);
}

#[test]
fn a_plan_that_is_withdrawn_and_an_account_that_is_closed_end_it() {
    let mut catalogs = once(catalog(1, "9.90", "P1M"));
    catalogs.push(Version::at_once(at("2027-01-15T00:00:00Z"), {
        let mut none = catalog(2, "9.90", "P1M");
        none["plans"] = json!([]);
        read(none)
    }));
    let mut run = Run::new("UTC", &json!({}), catalogs).subscribed(at("2027-01-10T00:00:00Z"));
    run.sweep(at("2027-02-09T23:59:59.999999Z"));
    assert_eq!(run.end_reason(), None);
    run.sweep(at("2027-02-10T00:00:00Z"));
    assert_eq!((run.end_reason(), run.subscription().periods.len()), (Some("plan_withdrawn"), 1));

    let mut run = monthly("UTC", &json!({}), "2027-01-10T00:00:00Z");
    let close = Close { by: ClosedBy::Holder, reason: None, effective_at: None };
    let closed = at("2027-01-20T00:00:00Z");
    run.ask(&Command::Close(close), closed).unwrap();
    run.sweep(at("2027-05-01T00:00:00Z"));
    assert_eq!(run.subscription().ended.as_ref().unwrap().0, closed);
    assert_eq!((run.end_reason(), run.subscription().periods.len()), (Some("account_closed"), 1));
}

#[test]
fn a_long_account_id_still_names_its_orders() {
    let mut run = Run::new("UTC", &json!({}), once(catalog(1, "9.90", "P1M")));
    run.account = Account::absent(token(&"a".repeat(64)));
    let mut run = run.subscribed(at("2027-01-10T00:00:00Z"));
    run.sweep(at("2027-02-10T00:00:00Z"));
    let orders: Vec<_> = run.subscription().periods.iter().map(|period| period.order_id.as_str()).collect();
    assert!(orders[0].ends_with("-s1-p1") && orders[1].ends_with("-s1-p2"), "{orders:?}");
    assert!(orders.iter().all(|order| order.len() <= 64));
}
