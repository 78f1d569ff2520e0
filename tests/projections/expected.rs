//! What the tables must hold, by another way: accounts as the engine folds them, and plain sums over the events.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::atomic::AtomicU64;

use scrip_engine::fold_all;
use scrip_ledger::accounting::{Before, Commodity};
use scrip_ledger::records::{AppealState, BreachState};
use scrip_ledger::{Account, Bucket, Event, Status, Timestamp, Token, decode};
use scrip_store::EventStore;

use super::tables::{Row, Tables, int, nanos, text};

/// Every account, from its first event.
pub fn accounts(store: &dyn EventStore) -> BTreeMap<Token, Account> {
    let folded = fold_all(store, 2, &AtomicU64::new(0), &|(): &mut (), _| ()).unwrap();
    folded.into_iter().flat_map(|part| part.accounts).collect()
}

/// Checks all tables against a log.
#[track_caller]
pub fn check(tables: &Tables, store: &dyn EventStore) {
    let accounts = accounts(store);
    check_balances(tables, &accounts);
    check_lots(tables, &accounts);
    check_holds(tables, &accounts);
    check_payouts(tables, &accounts);
    check_orders(tables, &accounts);
    check_disputes(tables, &accounts);
    check_cases(tables, &accounts);
    check_billing(tables, &accounts);
    check_sums(tables, store);
}

/// The rows of an account.
fn of<'a>(tables: &'a Tables, table: &str, account: &Account) -> Vec<&'a Row> {
    let id = account.id().as_str();
    tables.rows(table).iter().filter(|row| text(row, "account") == Some(id)).collect()
}

fn check_balances(tables: &Tables, accounts: &BTreeMap<Token, Account>) {
    assert_eq!(tables.rows("balances").len(), accounts.len());
    assert_eq!(tables.rows("accounts").len(), accounts.len());
    for account in accounts.values() {
        let (row, balance) = (of(tables, "balances", account)[0], account.balance());
        for (column, amount) in [
            ("available", balance.available),
            ("posted", balance.posted),
            ("held", balance.held),
            ("frozen", balance.frozen),
            ("debt", balance.debt),
            ("credit_limit", balance.credit_limit),
            ("charged", account.totals().charged),
        ] {
            assert_eq!(nanos(row, column), amount.nanos(), "{column} of {}", account.id());
        }
        assert_eq!(int(row, "calls").unwrap() as u64, account.totals().calls);
        assert_eq!(int(row, "events").unwrap() as u64, account.next_revision());
        assert_eq!(int(row, "active_at").unwrap(), account.last_activity().micros());
        let last = of(tables, "balance_history", account);
        let last = last.into_iter().max_by_key(|row| int(row, "quarter")).unwrap();
        assert_eq!(nanos(last, "available"), balance.available.nanos());
        let (row, closed) = (of(tables, "accounts", account)[0], account.status() == Status::Closed);
        assert_eq!(text(row, "status"), Some(if closed { "closed" } else { "open" }));
        assert_eq!(int(row, "frozen"), Some(i64::from(account.account_freeze().is_some())));
        assert_eq!(text(row, "region"), account.region());
    }
}

fn check_lots(tables: &Tables, accounts: &BTreeMap<Token, Account>) {
    const PLACES: [&str; 8] =
        ["free", "held", "spent", "expired", "forfeited", "reclaimed", "withdrawn", "migrated"];
    for account in accounts.values() {
        let rows = of(tables, "lots", account);
        assert_eq!(rows.len(), account.lots().len());
        for row in rows {
            let lot = account.lot(int(row, "lot").unwrap() as u64).unwrap();
            assert_eq!(nanos(row, "granted"), lot.granted.nanos());
            for (column, place) in PLACES.into_iter().zip(Bucket::ALL) {
                assert_eq!(nanos(row, column), lot.bucket(place).nanos(), "{column} of {row:?}");
            }
            assert_eq!(int(row, "expires_at"), lot.expires_at.map(Timestamp::micros));
            assert_eq!(int(row, "frozen"), Some(i64::from(lot.freezes > 0)), "{row:?}");
            assert!(int(row, "created_at").is_some());
            assert_eq!(text(row, "order_id"), lot.basis.as_ref().map(|basis| basis.order_id.as_str()));
        }
    }
}

fn check_holds(tables: &Tables, accounts: &BTreeMap<Token, Account>) {
    for account in accounts.values() {
        let rows = of(tables, "holds", account);
        assert_eq!(rows.len(), account.holds().len(), "{rows:?}");
        for row in rows {
            let hold = account.hold(int(row, "hold").unwrap() as u64).unwrap();
            assert_eq!(nanos(row, "amount"), hold.amount.nanos());
            assert_eq!(nanos(row, "on_credit"), hold.on_credit.nanos());
            assert_eq!(int(row, "expires_at"), Some(hold.expires_at.micros()));
            assert_eq!(text(row, "model"), Some(hold.model.as_str()));
            assert!(int(row, "placed_at").is_some());
        }
    }
}

fn check_payouts(tables: &Tables, accounts: &BTreeMap<Token, Account>) {
    for account in accounts.values() {
        let rows = of(tables, "payouts", account);
        let payouts = &account.records().orders.payouts;
        assert_eq!(rows.len(), payouts.len());
        let (amounts, evidence) =
            (of(tables, "payout_amounts", account), of(tables, "payout_evidence", account));
        for row in rows {
            let revision = int(row, "payout").unwrap();
            let payout = &payouts[&(revision as u64)];
            assert_eq!(text(row, "state"), Some(payout.state.as_str()));
            assert_eq!(int(row, "requested_at"), Some(payout.requested_at.micros()));
            assert_eq!(text(row, "requested_by"), Some(payout.requested_by.as_str()));
            assert_eq!(text(row, "id"), Some(format!("{}.o{revision}", account.id()).as_str()));
            let refund = payout.refund();
            assert_eq!(text(row, "kind"), Some(if refund.is_some() { "refund" } else { "withdrawal" }));
            assert_eq!(text(row, "order_id"), refund.map(|of| of.order_id.as_str()));
            assert_eq!(int(row, "decided_at"), payout.decision.as_ref().map(|decision| decision.at.micros()));
            assert_eq!(int(row, "ended_at"), payout.ending.as_ref().map(|ending| ending.at.micros()));
            let taken: i128 = payout.lots.iter().map(|part| part.amount.nanos()).sum();
            assert_eq!(nanos(row, "credits"), taken);
            let is_of = |part: &&&Row| int(part, "payout") == Some(revision);
            let owed: i64 = amounts.iter().filter(is_of).map(|row| int(row, "amount").unwrap()).sum();
            let expected: u64 = payout.amounts.iter().map(scrip_ledger::Money::minor).sum();
            assert_eq!(owed as u64, expected, "{row:?}");
            let brought: BTreeSet<_> = evidence
                .iter()
                .filter(is_of)
                .filter(|row| int(row, "brought") == Some(1))
                .map(|row| (text(row, "kind").unwrap(), text(row, "reference").unwrap()))
                .collect();
            let pieces = refund.map(|of| of.evidence.as_slice()).unwrap_or_default();
            let expected = pieces.iter().map(|piece| (piece.kind.as_str(), piece.reference.as_str()));
            assert_eq!(brought, expected.collect());
        }
    }
}

fn check_orders(tables: &Tables, accounts: &BTreeMap<Token, Account>) {
    for account in accounts.values() {
        let mut expected: BTreeSet<String> = account.order_ids().iter().map(Token::to_string).collect();
        let subscriptions = account.records().subscriptions.all();
        let periods = subscriptions.iter().flat_map(|subscription| &subscription.periods);
        expected.extend(periods.map(|period| period.order_id.to_string()));
        let rows = of(tables, "orders", account);
        let found: BTreeSet<String> =
            rows.iter().map(|row| text(row, "order_id").unwrap().to_owned()).collect();
        assert_eq!(found, expected);
        for row in rows {
            let order = Token::new(text(row, "order_id").unwrap()).unwrap();
            let basis = account.lots_of_order(&order).find_map(|lot| lot.basis.as_deref());
            assert_eq!(int(row, "paid"), basis.map(|basis| basis.paid.minor() as i64));
            assert_eq!(int(row, "paid_at"), basis.map(|basis| basis.paid_at.micros()));
            let orders = &account.records().orders;
            let due = orders.refunds_of(&order).filter(|(_, payout, _)| payout.is_due());
            let parts =
                due.flat_map(|(_, payout, _)| payout.amounts.iter().chain(&payout.tax).chain(&payout.fee));
            let back: u64 = parts.map(scrip_ledger::Money::minor).sum();
            assert_eq!(int(row, "refunded"), Some(back as i64));
            let under_way = orders.refunds_of(&order).find(|(_, payout, _)| payout.is_under_way());
            assert_eq!(int(row, "refund"), under_way.map(|(revision, ..)| revision as i64), "{row:?}");
            let standing = orders.standings.get(&order);
            let disputed = standing.is_some_and(|standing| standing.is_disputed());
            let charged_back = standing.is_some_and(|standing| standing.was_taken_back());
            let stands = text(row, "standing").unwrap();
            assert_eq!(stands == "unpaid", basis.is_none(), "{row:?}");
            assert_eq!(stands == "charged_back", basis.is_some() && charged_back, "{row:?}");
            assert_eq!(stands == "disputed", basis.is_some() && disputed && !charged_back, "{row:?}");
            assert!(int(row, "ordered_at").is_some() && text(row, "kind").is_some(), "{row:?}");
        }
        let paid = of(tables, "orders", account).into_iter().filter(|row| int(row, "paid").is_some());
        let received = |row: &&Row| text(row, "kind") == Some("received");
        let paid_here = paid.filter(|row| !received(row)).count();
        assert_eq!(of(tables, "payments", account).len(), paid_here);
    }
}

fn check_disputes(tables: &Tables, accounts: &BTreeMap<Token, Account>) {
    for account in accounts.values() {
        let found: BTreeSet<(String, String, bool)> = of(tables, "disputes", account)
            .iter()
            .map(|row| {
                let of = |column| text(row, column).unwrap().to_owned();
                (of("subject"), of("id"), of("state") == "closed")
            })
            .collect();
        let id = account.id();
        let mut expected: BTreeSet<(String, String, bool)> = account
            .records()
            .billing
            .disputes()
            .iter()
            .map(|dispute| {
                let letter = match dispute.opened.kind {
                    scrip_ledger::event::DisputeKind::Call => 'd',
                    scrip_ledger::event::DisputeKind::Statement => 't',
                };
                let subject = format!("{id}.{letter}{}", dispute.opened.subject);
                (subject, format!("{id}.x{}", dispute.revision), dispute.resolved.is_some())
            })
            .collect();
        for (order, standing) in &account.records().orders.standings {
            for (dispute, known) in &standing.disputes {
                expected.insert((order.to_string(), dispute.to_string(), known.won.is_some()));
            }
        }
        assert_eq!(found, expected);
    }
}

fn check_cases(tables: &Tables, accounts: &BTreeMap<Token, Account>) {
    for account in accounts.values() {
        let rows = of(tables, "cases", account);
        let open_of = |kind: &str| -> BTreeSet<String> {
            let open = rows.iter().filter(|row| text(row, "state") == Some("open"));
            let open = open.filter(|row| text(row, "kind") == Some(kind));
            open.map(|row| text(row, "id").unwrap().to_owned()).collect()
        };
        let outcome = |id: String| {
            let row = rows.iter().find(|row| text(row, "id") == Some(id.as_str()));
            text(row.unwrap_or_else(|| panic!("no case {id}")), "outcome").map(ToOwned::to_owned)
        };
        let minted = |letter: char, revision: u64| format!("{}.{letter}{revision}", account.id());
        let ids = |letter, all: Vec<u64>| -> BTreeSet<String> {
            all.into_iter().map(|revision| minted(letter, revision)).collect()
        };
        let records = account.records();
        let measures = &records.measures;
        let announced = measures.announcements().iter().map(|known| known.revision).collect();
        assert_eq!(open_of("announcement"), ids('n', announced));
        let holds = measures.legal_holds().iter().map(|hold| hold.revision).collect();
        assert_eq!(open_of("legal_hold"), ids('g', holds));
        for appeal in measures.appeals() {
            let expected = match appeal.state {
                AppealState::Pending => None,
                AppealState::Upheld => Some("upheld"),
                AppealState::Rejected => Some("rejected"),
            };
            assert_eq!(outcome(minted('a', appeal.revision)).as_deref(), expected);
        }
        for breach in measures.breaches() {
            let expected = match breach.state {
                BreachState::Open => None,
                BreachState::Cured => Some("cured"),
                BreachState::Uncured => Some("uncured"),
                BreachState::Lapsed => Some("lapsed"),
            };
            assert_eq!(outcome(minted('b', breach.revision)).as_deref(), expected);
        }
        for review in &records.conduct.reviews {
            let expected = review.decision.as_ref().map(Token::to_string);
            assert_eq!(outcome(minted('w', review.revision)), expected);
        }
        for request in &records.approvals.requests {
            let approved = request.decision.as_ref().map(|decision| decision.approved);
            let expected = approved.map(|yes| if yes { "approved" } else { "rejected" });
            assert_eq!(outcome(minted('p', request.revision)).as_deref(), expected);
        }
        for claim in records.billing.claims() {
            let paid = claim.settled.as_ref().map(|(_, settled)| settled.paid);
            let expected = paid.map(|paid| if paid { "paid" } else { "given_up" });
            assert_eq!(outcome(minted('c', claim.revision)).as_deref(), expected);
        }
    }
}

fn check_billing(tables: &Tables, accounts: &BTreeMap<Token, Account>) {
    for account in accounts.values() {
        let rows = of(tables, "statements", account);
        let statements = account.records().billing.statements();
        assert_eq!(rows.len(), statements.len());
        for row in rows {
            let statement = account.records().billing.statement(int(row, "statement").unwrap() as u64);
            let statement = statement.unwrap();
            assert_eq!(nanos(row, "charged"), statement.issued.charged.nanos());
            assert_eq!(nanos(row, "available"), statement.issued.closing.available.nanos());
            assert_eq!(int(row, "final_at"), statement.final_at.map(Timestamp::micros));
        }
        let subscriptions = account.records().subscriptions.all();
        let rows = of(tables, "subscriptions", account);
        assert_eq!(rows.len(), subscriptions.len());
        for row in rows {
            let known = account.records().subscriptions.get(int(row, "subscription").unwrap() as u64);
            let known = known.unwrap();
            assert_eq!(int(row, "periods"), Some(known.periods.len() as i64));
            assert_eq!(int(row, "paid"), Some(known.paid as i64));
            assert_eq!(int(row, "ended_at"), known.ended.as_ref().map(|(at, _)| at.micros()));
            assert_eq!(int(row, "ends_at"), known.cancelled.map(Timestamp::micros));
        }
        let periods = of(tables, "subscription_periods", account);
        let unpaid = periods.iter().filter(|row| int(row, "paid_at").is_none()).count();
        assert_eq!(unpaid, subscriptions.iter().map(|known| known.unpaid().len()).sum::<usize>());
        assert_eq!(periods.len(), subscriptions.iter().map(|known| known.periods.len()).sum::<usize>());
    }
}

/// By what calls are counted apart: book, account, quarter of an hour, model, endpoint, key, outcome.
type UsageKey = (String, String, i64, String, String, String, String);

/// Calls, and what they were charged, given back, put on debt and absorbed.
type UsageSum = [i128; 5];

/// Sums over the events themselves: usage, and the books.
fn check_sums(tables: &Tables, store: &dyn EventStore) {
    let mut usage: BTreeMap<UsageKey, UsageSum> = BTreeMap::new();
    let mut books: BTreeMap<(String, String), i128> = BTreeMap::new();
    let mut accounts: BTreeMap<String, (Account, Vec<Event>)> = BTreeMap::new();
    let mut counted = 0;
    store
        .scan_all(0, &mut |stored| {
            let Some(id) = stored.stream.strip_prefix("account-") else { return ControlFlow::Continue(()) };
            let event = decode(stored.event_type, stored.version, stored.payload).unwrap();
            let (account, past) = accounts
                .entry(id.to_owned())
                .or_insert_with(|| (Account::absent(Token::new(id).unwrap()), Vec::new()));
            let book = match &event {
                Event::AccountOpened(opened) => opened.book.to_string(),
                _ => account.book().unwrap().to_string(),
            };
            let hold = |revision: u64| match &past[revision as usize] {
                Event::HoldPlaced(placed) => placed.clone(),
                other => panic!("{other:?}"),
            };
            let named = |outcome: &scrip_ledger::book::Outcome| {
                serde_json::to_value(outcome).unwrap().as_str().unwrap().to_owned()
            };
            let charge_of = |event: &Event| match event {
                Event::Debited(debited) => Some(debited.charge.clone()),
                Event::HoldCaptured(captured) => Some(captured.charge.clone()),
                _ => None,
            };
            let mut add = |(model, endpoint, key, outcome): (String, String, Option<u64>, String),
                           sum: UsageSum| {
                let start = stored.recorded_at.div_euclid(900_000_000) * 900;
                let api_key = key.map_or_else(String::new, |key| format!("{id}.k{key}"));
                let key = (book.clone(), id.to_owned(), start, model, endpoint, api_key, outcome);
                let known = usage.entry(key).or_default();
                known.iter_mut().zip(sum).for_each(|(known, more)| *known += more);
            };
            match &event {
                Event::HoldVoided(_) | Event::HoldExpired(_) => {
                    let (revision, outcome) = match &event {
                        Event::HoldVoided(voided) => (voided.hold, named(&voided.outcome)),
                        Event::HoldExpired(expired) => (expired.hold, "expired".to_owned()),
                        _ => unreachable!(),
                    };
                    let hold = hold(revision);
                    add((hold.model.into(), hold.endpoint.into(), hold.key, outcome), [1, 0, 0, 0, 0]);
                }
                Event::UsageRefunded(refund) => {
                    let charge = charge_of(&past[refund.debit as usize]).unwrap();
                    let of =
                        (charge.model.into(), charge.endpoint.into(), charge.key, named(&charge.outcome));
                    add(of, [0, 0, refund.credits.nanos(), 0, 0]);
                }
                event => {
                    if let Some(charge) = charge_of(event) {
                        let sum =
                            [1, charge.charged.nanos(), 0, charge.debt.nanos(), charge.absorbed.nanos()];
                        let outcome = named(&charge.outcome);
                        add((charge.model.into(), charge.endpoint.into(), charge.key, outcome), sum);
                        counted += 1;
                    } else if matches!(event, Event::HoldCaptured(_)) {
                        unreachable!();
                    }
                }
            }
            let before = Before::of(account, &event);
            account.evolve(&event, Timestamp::from_micros(stored.recorded_at));
            for posting in before.postings(account, &event).unwrap() {
                let unit = if posting.commodity == Commodity::Credits { 1 } else { 1_000_000_000 };
                let key = (posting.account.to_string(), posting.commodity.to_string());
                *books.entry(key).or_default() += posting.quantity * unit;
            }
            past.push(event);
            ControlFlow::Continue(())
        })
        .unwrap();

    let found = |rows: &[Row], is_of_book: bool| -> BTreeMap<UsageKey, UsageSum> {
        let rows = rows.iter().filter(|row| (text(row, "account") == Some("")) == is_of_book);
        rows.map(|row| {
            let of = |column| text(row, column).unwrap().to_owned();
            let start = int(row, "start").unwrap();
            let key =
                (of("book"), of("account"), start, of("model"), of("endpoint"), of("api_key"), of("outcome"));
            let sum = ["charged", "refunded", "on_debt", "absorbed"].map(|column| nanos(row, column));
            (key, [i128::from(int(row, "calls").unwrap()), sum[0], sum[1], sum[2], sum[3]])
        })
        .collect()
    };
    assert_eq!(found(tables.rows("usage_quarters"), false), usage);
    let charged = tables.rows("calls").iter().filter(|row| text(row, "outcome") != Some("expired"));
    assert!(charged.count() >= counted);
    // By days, and of the whole book: the same sums over larger parts.
    let summed = |of: &dyn Fn(&UsageKey) -> UsageKey| {
        let mut sums: BTreeMap<UsageKey, UsageSum> = BTreeMap::new();
        for (key, sum) in &usage {
            let known = sums.entry(of(key)).or_default();
            known.iter_mut().zip(sum).for_each(|(known, more)| *known += more);
        }
        sums
    };
    let day = |key: &UsageKey| {
        let mut key = key.clone();
        key.2 -= key.2.rem_euclid(86_400);
        key
    };
    let book = |key: &UsageKey| {
        let mut key = key.clone();
        (key.1, key.5) = (String::new(), String::new());
        key
    };
    assert_eq!(found(tables.rows("usage_days"), false), summed(&day));
    assert_eq!(found(tables.rows("usage_quarters"), true), summed(&book));
    assert_eq!(found(tables.rows("usage_days"), true), summed(&|key| book(&day(key))));

    check_books(tables, &books);
}

/// The books: entries, and their sums by time and by position, all come to the same; and to nothing.
fn check_books(tables: &Tables, books: &BTreeMap<(String, String), i128>) {
    let summed = |table: &str, quantity: &dyn Fn(&Row) -> i128| {
        let mut sums: BTreeMap<(String, String), i128> = BTreeMap::new();
        for row in tables.rows(table) {
            let of = |column| text(row, column).unwrap().to_owned();
            *sums.entry((of("ledger"), of("commodity"))).or_default() += quantity(row);
        }
        sums
    };
    let difference = |row: &Row| nanos(row, "debit") - nanos(row, "credit");
    assert_eq!(summed("entries", &|row| nanos(row, "quantity")), *books);
    assert_eq!(summed("ledger_quarters", &difference), *books);
    assert_eq!(summed("ledger_blocks", &difference), *books);
    let mut totals: BTreeMap<&str, i128> = BTreeMap::new();
    for ((_, commodity), sum) in books {
        *totals.entry(commodity).or_default() += sum;
    }
    assert!(totals.values().all(|total| *total == 0), "{totals:?}");
}
