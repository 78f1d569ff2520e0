//! Terms at random: each part of a policy is taken from one of the books of the fixtures, or left out. Whatever that comes to, if
//! it is a policy at all: no history contradicts itself, no lot holds less than nothing, what is due is recorded once, and no
//! order gives back more than was paid.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use scrip_ledger::accounting::Before;
use scrip_ledger::book::{Book, BookFiles, GrantSource, Outcome};
use scrip_ledger::command::{
    ApproveRefund, Call, CaptureHold, Close, Debit, DenyRefund, Freeze, Grant, Migrate, MigrationTarget,
    NotifyBreach, OpenDispute, PayPeriod, PaymentChange, PaymentNotice, PlaceHold, RefundDebit,
    RequestRefund, ResolveDispute, Size, Subscribe, TopUp, Withdraw,
};
use scrip_ledger::event::{
    Charged, ClosedBy, DisputeKind, Evidence, HoldPlaced, MeasureKind, Payment, Resolution,
};
use scrip_ledger::{
    Account, Bucket, Command, Credits, Event, FreezeScope, Money, Status, Timestamp, Token, decide,
};
use serde_json::Value;

use super::accounting::Books;

const BOOKS: [&str; 6] = ["zivv", "z-image-ai", "imini", "pixapi", "aiproxynode", "example"];
/// What a policy need not have.
const OPTIONAL: [&str; 17] = [
    "approvals",
    "breach",
    "appeals",
    "credit_line",
    "disputes",
    "inactivity",
    "liability",
    "migration",
    "notice",
    "opening",
    "payments",
    "refunds",
    "retention",
    "shutdown",
    "statements",
    "subscriptions",
    "violations",
];
/// What one account does not come to, or hardly ever, by the commands below.
const UNREACHED: [&str; 17] = [
    "key_issued",
    "key_rotated",
    "key_revoked",
    "key_reinstated",
    "lot_reinstated",
    "hold_extended",
    "refund_evidence_added",
    "lot_received",
    "compensation_claimed",
    "compensation_settled",
    "announcement_withdrawn",
    "measure_spread",
    "account_reopened",
    "review_closed",
    "legal_hold_placed",
    "legal_hold_released",
    "approval_rejected",
];
const SECOND: i64 = 1_000_000;

fn token(text: &str) -> Token {
    Token::new(text).unwrap()
}

fn read(book: &str, file: &str) -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/books");
    std::fs::read_to_string(dir.join(book).join(file)).unwrap()
}

/// The catalog of a book with a policy of parts of all; nothing if they contradict each other.
fn mixed(catalog: usize, parts: &[Index], dropped: &[bool]) -> Option<Book> {
    let policies: Vec<toml::Table> =
        BOOKS.iter().map(|book| read(book, "policy.toml").parse().unwrap()).collect();
    let names: std::collections::BTreeSet<&String> =
        policies.iter().flat_map(|policy| policy.keys()).collect();
    let mut mixed = toml::Table::new();
    for (at, name) in names.into_iter().enumerate() {
        let from = &policies[parts[at % parts.len()].index(BOOKS.len())];
        let left_out = OPTIONAL.contains(&name.as_str()) && dropped[at % dropped.len()];
        let part = from.get(name).or_else(|| policies.iter().find_map(|policy| policy.get(name)));
        if let (false, Some(part)) = (left_out, part) {
            mixed.insert(name.clone(), part.clone());
        }
    }
    let policy = toml::to_string(&mixed).unwrap();
    BookFiles::parse("mixed", &read(BOOKS[catalog], "catalog.toml"), &policy).ok().map(Book::from_files)
}

/// A kind of command, and what it picks.
type Step = (u8, Index, Index, u32);

/// One account under mixed terms, and what happened to it.
pub struct Run {
    pub account: Account,
    pub history: Vec<(Event, Timestamp)>,
    book: Book,
    now: i64,
    made: BTreeMap<&'static str, Vec<u64>>,
    charges: BTreeMap<u64, (Timestamp, Charged)>,
    holds: BTreeMap<u64, HoldPlaced>,
    commands: u32,
    /// What was paid for orders, and what was given back, in minor units.
    paid: BTreeMap<Token, (u64, u64)>,
    accounting: Books,
}

impl Run {
    fn pick(&self, names: &[&str], at: Index) -> u64 {
        let all: Vec<u64> = names.iter().filter_map(|name| self.made.get(name)).flatten().copied().collect();
        if all.is_empty() { 0 } else { *at.get(&all) }
    }

    fn order(&self, at: Index) -> Token {
        let orders: Vec<Token> =
            self.account.lots().iter().filter_map(|lot| Some(lot.basis.as_ref()?.order_id.clone())).collect();
        if orders.is_empty() { token("none") } else { at.get(&orders).clone() }
    }

    fn call(&self, at: Index) -> Call {
        let catalog = self.book.catalog_for(&self.account, Timestamp::from_micros(self.now));
        let rate = at.get(catalog.all_rates());
        let (model, endpoint) = (rate.model.clone(), rate.endpoint.clone());
        Call { request_id: token(&format!("r{}", self.commands)), model, endpoint, key: None }
    }

    /// So much of every unit that a call is rated by.
    fn size(&self, call: &Call, amount: u32) -> Size {
        let catalog = self.book.catalog_for(&self.account, Timestamp::from_micros(self.now));
        let rates = catalog.rates(&call.model, &call.endpoint).iter();
        let usage = rates.map(|rate| (rate.unit.to_string(), Value::from(u64::from(amount) * rate.per / 10)));
        Size::Usage(serde_json::from_value(Value::Object(usage.collect())).unwrap())
    }

    fn payment(&self, amount: Money) -> Payment {
        let id = token(&format!("pi{}", self.commands));
        Payment {
            provider: token("stripe"),
            payment_id: id,
            method: token("card"),
            amount,
            tax: None,
            fee: None,
        }
    }

    #[expect(clippy::too_many_lines, reason = "a list of every command")]
    fn command(&self, (kind, one, other, number): Step) -> Command {
        let now = Timestamp::from_micros(self.now);
        let catalog = self.book.catalog_for(&self.account, now);
        let by = if number % 2 == 0 { token("ann") } else { token("bob") };
        let reason = token(one.get::<&str>(&["security", "violation", "inactive", "fraud", "legal"]));
        let outcomes = [
            Outcome::Completed,
            Outcome::Partial,
            Outcome::Failed,
            Outcome::ModerationBlocked,
            Outcome::PolicyViolation,
        ];
        let outcome = *other.get(&outcomes);
        let later = now.plus_days(u64::from(number % 40));
        let credits: Credits = format!("{}.5", number % 400).parse().unwrap();
        let freezes = ["frozen"];
        match kind {
            0 | 1 if !catalog.products.is_empty() => {
                let product = one.get(&catalog.products);
                let (order_id, product_id) = (token(&format!("o{}", self.commands)), product.id.clone());
                Command::TopUp(TopUp {
                    order_id,
                    product_id,
                    payment: self.payment(product.price),
                    notices: vec![],
                })
            }
            2 if !catalog.plans.is_empty() => {
                let plan = one.get(&catalog.plans);
                let payment = self.payment(plan.price);
                Command::Subscribe(Subscribe {
                    plan: plan.id.clone(),
                    order_id: None,
                    payment,
                    notices: vec![],
                })
            }
            3 => {
                let sources = [GrantSource::Promotional, GrantSource::Manual, GrantSource::Compensation];
                Command::Grant(Grant {
                    source: *one.get(&sources),
                    campaign: None,
                    credits,
                    expires_at: None,
                    priority: None,
                    reason: None,
                    by,
                    so_far: Default::default(),
                })
            }
            4 | 5 => {
                let call = self.call(one);
                let size = self.size(&call, number % 30);
                Command::PlaceHold(PlaceHold { call, size, ttl_seconds: None })
            }
            6 | 7 => {
                let hold = self.pick(&["hold_placed"], one);
                let open = self.account.hold(hold).map(|hold| (hold.model.clone(), hold.endpoint.clone()));
                let placed = self.holds.get(&hold).map(|hold| (hold.model.clone(), hold.endpoint.clone()));
                let mut call = self.call(other);
                if let Some((model, endpoint)) = open.clone().or(placed) {
                    (call.model, call.endpoint) = (model, endpoint);
                }
                let past = self.holds.get(&hold).filter(|_| open.is_none()).cloned().map(Box::new);
                let size = self.size(&call, number % 50);
                Command::CaptureHold(CaptureHold { hold, size, outcome, provider: None, past })
            }
            8 => Command::VoidHold { hold: self.pick(&["hold_placed"], one), outcome },
            9 | 10 => {
                let call = self.call(one);
                let size = self.size(&call, number % 30);
                Command::Debit(Debit { call, size, outcome, provider: None })
            }
            11 => {
                let debit = self.pick(&["debited", "hold_captured"], one);
                let past = self.charges.get(&debit).map(|(_, charge)| Box::new(charge.clone()));
                Command::RefundDebit(RefundDebit { debit, reason: token("failed"), amount: None, past })
            }
            12 | 13 => {
                let lot = self.account.lots().first().map_or(0, |lot| lot.revision);
                let scopes = [
                    FreezeScope::Account,
                    FreezeScope::Amount { amount: credits },
                    FreezeScope::Lots { lots: vec![lot] },
                ];
                let effective_at = (number % 3 == 0).then_some(later);
                Command::Freeze(Freeze {
                    scope: other.get(&scopes).clone(),
                    reason,
                    effective_at,
                    owner_wide: false,
                    origin: None,
                    preserve_logs: false,
                })
            }
            14 | 15 => Command::Thaw { freeze: None, reason },
            16 => {
                let (by, effective_at) = if number % 2 == 0 {
                    (ClosedBy::Holder, None)
                } else {
                    (ClosedBy::Operator, (number % 3 > 0).then_some(later))
                };
                Command::Close(Close { by, reason: Some(reason), effective_at })
            }
            17 | 18 => {
                let evidence = ["payment_proof", "identity", "receiving_account"]
                    .map(|kind| Evidence { kind: token(kind), reference: token("x") });
                let causes = ["change_of_mind", "platform_fault", "force_majeure", "duplicate_payment"];
                let cause = token(other.get::<&str>(&causes));
                Command::RequestRefund(RequestRefund {
                    order_id: self.order(one),
                    cause,
                    evidence: evidence.into(),
                    by,
                })
            }
            19 | 20 => {
                let refund = self.pick(&["refund_requested"], one);
                Command::ApproveRefund(ApproveRefund { refund, amount: None, by })
            }
            21 => {
                Command::DenyRefund(DenyRefund { refund: self.pick(&["refund_requested"], one), reason, by })
            }
            22 => {
                let refund = self.pick(&["refund_requested", "withdrawn"], one);
                if number % 2 == 0 {
                    Command::PayRefund { refund, reference: None, by }
                } else {
                    Command::FailRefund { refund, reason, by }
                }
            }
            23 => {
                let order_id = self.order(one);
                let paid = self.account.lots().iter().find_map(|lot| {
                    lot.basis.as_ref().filter(|basis| basis.order_id == order_id).map(|basis| basis.paid)
                });
                let dispute = token("dp");
                let what = match (number % 3, paid) {
                    (0, Some(total)) => PaymentChange::Refunded { total },
                    (1, _) => PaymentChange::Disputed { dispute },
                    _ => PaymentChange::DisputeClosed { dispute, won: number % 2 == 0, amount: None },
                };
                Command::TakeNotice(PaymentNotice { order_id, what })
            }
            24 => Command::Withdraw(Withdraw { credits: None, reason, reference: None, by }),
            25 => {
                let target = Some(MigrationTarget { book: Some(token("mixed")), status: Status::Open });
                Command::Migrate(Migrate { to: token("other"), credits: None, reason, by, target })
            }
            26 => {
                let migration = self.pick(&["migration_started"], one);
                if number % 2 == 0 {
                    Command::CompleteMigration { migration }
                } else {
                    Command::ReverseMigration { migration, reason }
                }
            }
            27 => Command::SetCreditLine { limit: credits },
            28 => Command::RecordViolation { reason, reference: None },
            29 => Command::NotifyBreach(NotifyBreach { by: ClosedBy::Holder, reason, reference: None }),
            30 => Command::CureBreach { breach: self.pick(&["breach_notified"], one), reference: None },
            31 => {
                let (kind, measure) = if number % 2 == 0 {
                    (MeasureKind::Freeze, self.pick(&freezes, one))
                } else {
                    (MeasureKind::Closure, self.pick(&["account_closed"], one))
                };
                Command::FileAppeal { kind, measure, reference: None, by }
            }
            32 => Command::DecideAppeal {
                appeal: self.pick(&["appeal_filed"], one),
                upheld: number % 2 == 0,
                by,
            },
            33 => {
                let credits = if number % 2 == 0 { credits } else { format!("-{credits}").parse().unwrap() };
                Command::Adjust { credits, reason, by }
            }
            34 => Command::Approve { approval: self.pick(&["approval_requested"], one), by },
            35 => {
                let subject = self.pick(&["debited", "hold_captured", "statement_issued"], one);
                let charged_at = self.charges.get(&subject).map(|(at, _)| *at);
                let kind = if charged_at.is_some() { DisputeKind::Call } else { DisputeKind::Statement };
                Command::OpenDispute(OpenDispute { subject, kind, reason, reference: None, by, charged_at })
            }
            36 => {
                let dispute = self.pick(&["dispute_opened"], one);
                let of =
                    self.account.records().billing.disputes().iter().find(|known| known.revision == dispute);
                let past = of.and_then(|of| self.charges.get(&of.opened.subject));
                let past = past.map(|(_, charge)| Box::new(charge.clone()));
                let outcome = if number % 2 == 0 { Resolution::Credited } else { Resolution::Rejected };
                Command::ResolveDispute(ResolveDispute { dispute, outcome, credits: None, by, past })
            }
            37 => Command::CancelSubscription { subscription: self.pick(&["subscribed"], one), by },
            38 if !catalog.plans.is_empty() => {
                let payment = self.payment(one.get(&catalog.plans).price);
                let subscription = self.pick(&["subscribed"], other);
                Command::PayPeriod(PayPeriod { subscription, payment, notices: vec![] })
            }
            39 => Command::ChangeRegion { region: if number % 2 == 0 { "DE" } else { "CN" }.into() },
            _ => Command::Sweep,
        }
    }

    fn take(&mut self, command: &Command) {
        self.commands += 1;
        let now = Timestamp::from_micros(self.now);
        let Ok(events) = decide(&self.account, &self.book, command, now) else { return };
        for event in events {
            let revision = self.account.next_revision();
            self.made.entry(event.wire_name()).or_default().push(revision);
            match &event {
                Event::Debited(debited) => drop(self.charges.insert(revision, (now, debited.charge.clone()))),
                Event::HoldCaptured(captured) => {
                    drop(self.charges.insert(revision, (now, captured.charge.clone())))
                }
                Event::HoldPlaced(placed) => drop(self.holds.insert(revision, placed.clone())),
                Event::ToppedUp(top_up) => {
                    self.paid.insert(top_up.order_id.clone(), (top_up.payment.amount.minor(), 0));
                }
                Event::RefundReclaimed(reclaimed) => {
                    let orders = &self.account.records().orders;
                    let refund = orders.payouts.get(&reclaimed.refund).and_then(|payout| payout.refund());
                    if let Some((_, back)) = refund.and_then(|of| self.paid.get_mut(&of.order_id)) {
                        *back += reclaimed.amount.minor();
                    }
                }
                Event::RefundFailed(failed) => {
                    let orders = &self.account.records().orders;
                    let payout = orders.payouts.get(&failed.refund);
                    if let Some(of) = payout.and_then(|payout| payout.refund())
                        && let Some((_, back)) = self.paid.get_mut(&of.order_id)
                    {
                        *back = 0;
                    }
                }
                _ => {}
            }
            let before = Before::of(&self.account, &event);
            self.account.evolve(&event, now);
            assert_eq!(self.account.inconsistency(), None, "{command:?} led to {event:?}");
            self.accounting.take(before, &event, &self.account);
            self.history.push((event, now));
        }
        for lot in self.account.lots() {
            let places = Bucket::ALL.map(|bucket| lot.bucket(bucket));
            assert!(places.iter().all(|place| !place.is_negative()), "{command:?}: {lot:?}");
            assert_eq!(lot.granted, places.into_iter().sum::<Credits>(), "{command:?}: {lot:?}");
        }
        for (order, (paid, back)) in &self.paid {
            assert!(back <= paid, "{command:?}: {order} gave back {back} of {paid}");
        }
        let totals = self.account.totals();
        let sums = [totals.from_lots, totals.by_debt, totals.absorbed];
        assert_eq!(totals.charged, sums.into_iter().sum::<Credits>(), "{command:?}");
        // What a command has made due at once, the next sweep records; and a sweep leaves nothing.
        if let Some(due) = self.account.next_due(&self.book).filter(|due| *due <= now) {
            assert_ne!(*command, Command::Sweep, "what was due at {due} is due still at {now}");
            self.take(&Command::Sweep);
        }
    }
}

pub type Terms = (usize, Vec<Index>, Vec<bool>);
pub type Steps = Vec<(u8, Index, Index, u32, i64)>;

pub fn terms() -> impl Strategy<Value = Terms> {
    (
        0usize..BOOKS.len(),
        prop::collection::vec(any::<Index>(), 40),
        prop::collection::vec(prop::bool::weighted(0.2), 40),
    )
}

pub fn steps() -> impl Strategy<Value = Steps> {
    prop::collection::vec((0u8..41, any::<Index>(), any::<Index>(), any::<u32>(), 0i64..40), 1..80)
}

/// Plays a history under mixed terms; nothing if they are no policy.
pub fn play((catalog, parts, dropped): Terms, steps: Steps) -> Option<Run> {
    let book = mixed(catalog, &parts, &dropped)?;
    let account = Account::absent(token("alice"));
    let (made, charges, holds, paid, accounting) = Default::default();
    let mut run = Run {
        account,
        history: Vec::new(),
        book,
        now: 1_772_000_000 * SECOND,
        made,
        charges,
        holds,
        commands: 0,
        paid,
        accounting,
    };
    run.take(&super::refunds::open("mixed"));
    for (kind, one, other, number, days) in steps {
        // Now and then some weeks pass; mostly seconds.
        run.now += if days > 30 { (days - 30) * 5 * 86_400 * SECOND } else { days * SECOND };
        run.take(&run.command((kind, one, other, number)));
    }
    Some(run)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: super::cases() / 4, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn no_policy_makes_the_ledger_contradict_itself(terms in terms(), steps in steps()) {
        let _played = play(terms, steps);
    }
}

/// The histories are worth their name: most policies are some, and they reach nearly every event.
#[test]
fn random_terms_reach_nearly_every_event() {
    let mut runner = TestRunner::deterministic();
    let mut reached = std::collections::BTreeSet::new();
    let mut policies = 0;
    for _ in 0..400 {
        let (terms, steps) = (terms(), steps()).new_tree(&mut runner).unwrap().current();
        if let Some(run) = play(terms, steps) {
            policies += 1;
            reached.extend(run.made.into_keys());
        }
    }
    assert!(policies > 100, "{policies} of 400 were policies");
    let missing =
        Event::WIRE_NAMES.iter().filter(|name| !reached.contains(**name) && !UNREACHED.contains(name));
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<&&str>::new());
}
