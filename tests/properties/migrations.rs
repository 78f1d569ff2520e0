//! Credits that wander between accounts, arrive, come back, are spent and refunded where they are: over all accounts together
//! nothing that was paid for them is gained or lost, and what is under way is exactly what is in transit.

use std::path::Path;

use proptest::prelude::*;
use scrip_ledger::accounting::{Before, ChartAccount};
use scrip_ledger::book::{Book, BookFiles, ClaimsSoFar, GrantSource, Outcome};
use scrip_ledger::command::{
    ApproveRefund, Call, Debit, Grant, Migrate, MigrationTarget, ReceiveMigration, RefundDebit,
    RequestRefund, Size, TopUp,
};
use scrip_ledger::event::{Charged, Payment};
use scrip_ledger::{Account, Command, Credits, Event, Money, Status, Timestamp, Token, decide};

use super::accounting::{Books, cost_left};

const NAMES: [&str; 3] = ["ann", "ben", "cat"];

/// Something that happens to one of the accounts, or between two.
#[derive(Clone, Copy, Debug)]
enum Step {
    TopUp(usize, bool),
    Grant(usize, u64),
    /// So many 10^-9 credits.
    Spend(usize, u64),
    GiveBack(usize),
    Migrate(usize, usize, Option<u64>),
    /// The oldest migration of an account arrives, or comes back.
    End(usize, bool),
    Refund(usize, bool),
    /// So many days.
    Wait(u16),
}

fn step() -> impl Strategy<Value = Step> {
    let who = || 0usize..NAMES.len();
    // Amounts that no cent divides.
    let amount = || prop_oneof![1u64..2_000_000_000, 1u64..20, 1u64..12_000_000_000];
    prop_oneof![
        2 => (who(), any::<bool>()).prop_map(|(who, large)| Step::TopUp(who, large)),
        1 => (who(), amount()).prop_map(|(who, nanos)| Step::Grant(who, nanos)),
        5 => (who(), amount()).prop_map(|(who, nanos)| Step::Spend(who, nanos)),
        1 => who().prop_map(Step::GiveBack),
        4 => (who(), who(), prop::option::weighted(0.8, amount()))
            .prop_map(|(from, to, nanos)| Step::Migrate(from, to, nanos)),
        4 => (who(), prop::bool::weighted(0.7)).prop_map(|(who, arrives)| Step::End(who, arrives)),
        1 => (who(), any::<bool>()).prop_map(|(who, paid)| Step::Refund(who, paid)),
        1 => (1u16..200).prop_map(Step::Wait),
    ]
}

fn token(text: &str) -> Token {
    Token::new(text).unwrap()
}

/// Pixapi, with credits that may always move.
fn book() -> Book {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/books/pixapi");
    let read = |file: &str| std::fs::read_to_string(dir.join(file)).unwrap();
    let mut policy: toml::Table = read("policy.toml").parse().unwrap();
    policy.insert("migration".to_owned(), "when = \"always\"".parse::<toml::Table>().unwrap().into());
    let policy = toml::to_string(&policy).unwrap();
    Book::from_files(BookFiles::parse("pixapi", &read("catalog.toml"), &policy).unwrap())
}

struct Town {
    book: Book,
    now: i64,
    accounts: Vec<Account>,
    debits: Vec<Vec<(u64, Charged)>>,
    accounting: Books,
    orders: u32,
    /// How many parts of lots have left for another account.
    parts: i128,
    /// How many migrations arrived, and how many came back.
    ended: (u32, u32),
}

impl Town {
    fn new() -> Self {
        let accounts = NAMES.map(|name| Account::absent(token(name))).into();
        let mut town = Self {
            book: book(),
            now: 86_400_000_000,
            accounts,
            debits: vec![Vec::new(); NAMES.len()],
            accounting: Books::default(),
            orders: 0,
            parts: 0,
            ended: (0, 0),
        };
        for who in 0..NAMES.len() {
            assert!(town.command(who, super::refunds::open("pixapi")));
        }
        town
    }

    /// Carries a command out; says whether it was accepted.
    fn command(&mut self, who: usize, command: Command) -> bool {
        let now = Timestamp::from_micros(self.now);
        let Ok(events) = decide(&self.accounts[who], &self.book, &command, now) else { return false };
        for event in events {
            if let Event::Debited(debited) = &event {
                let revision = self.accounts[who].next_revision();
                self.debits[who].push((revision, debited.charge.clone()));
            }
            if let Event::MigrationStarted(started) = &event {
                self.parts += started.lots.len() as i128;
            }
            let account = &mut self.accounts[who];
            let before = Before::of(account, &event);
            account.evolve(&event, now);
            assert_eq!(account.inconsistency(), None, "{event:?}");
            self.accounting.post(before, &event, account);
        }
        self.check();
        true
    }

    /// Of all accounts together.
    fn check(&self) {
        let lots = || self.accounts.iter().flat_map(Account::lots);
        let left: i128 = lots().map(cost_left).sum();
        assert_eq!(-self.accounting.money(ChartAccount::DeferredRevenue), left);
        let under_way = || {
            let moves = self.accounts.iter().flat_map(|account| account.records().moves.migrations());
            moves.flat_map(|(_, migration)| &migration.lots)
        };
        let worth = under_way().filter_map(|lot| {
            let basis = lot.basis.as_ref()?;
            Some(i128::from(basis.paid.minor()) * lot.credits.nanos() / basis.credits.nanos())
        });
        assert_eq!(-self.accounting.money(ChartAccount::InTransit), worth.sum::<i128>());
        let credits: i128 = under_way().map(|lot| lot.credits.nanos()).sum();
        assert_eq!(-self.accounting.credits(ChartAccount::CreditsInTransit), credits);
        let outstanding = -self.accounting.credits(ChartAccount::OutstandingPaid)
            - self.accounting.credits(ChartAccount::OutstandingPromotional);
        assert_eq!(outstanding, lots().map(|lot| lot.free.nanos() + lot.held.nanos()).sum::<i128>());
        // A part of a lot may travel at a minor unit more or less than it was worth in the lot, and no more.
        let rounding = self.accounting.money(ChartAccount::Rounding);
        assert!(rounding.abs() <= self.parts, "{rounding} of {} parts", self.parts);
    }

    fn step(&mut self, step: Step) {
        self.orders += 1;
        let credits = |nanos: u64| Credits::from_nanos(i128::from(nanos));
        let (by, reason) = (token("finance"), token("asked"));
        match step {
            Step::TopUp(who, large) => {
                let (product, cents) = if large { ("pack-25", 2_500) } else { ("pack-10", 1_000) };
                let id = token(&format!("o-{}", self.orders));
                let amount = Money::of_minor("USD".parse().unwrap(), cents);
                let payment = Payment {
                    provider: token("stripe"),
                    payment_id: id.clone(),
                    method: token("card"),
                    amount,
                    tax: None,
                    fee: None,
                };
                let notices = Vec::new();
                self.command(
                    who,
                    Command::TopUp(TopUp { order_id: id, product_id: token(product), payment, notices }),
                );
            }
            Step::Grant(who, nanos) => {
                let grant = Grant {
                    source: GrantSource::Promotional,
                    campaign: None,
                    credits: credits(nanos),
                    expires_at: None,
                    priority: None,
                    reason: None,
                    by,
                    so_far: ClaimsSoFar::default(),
                };
                self.command(who, Command::Grant(grant));
            }
            Step::Spend(who, nanos) => {
                let call = Call {
                    request_id: token("r"),
                    model: "gpt-5.2".into(),
                    endpoint: "chat/completions".into(),
                    key: None,
                };
                let (size, outcome) = (Size::Amount(credits(nanos)), Outcome::Completed);
                self.command(who, Command::Debit(Debit { call, size, outcome, provider: None }));
            }
            Step::GiveBack(who) => {
                let Some((debit, charge)) = self.debits[who].pop() else { return };
                let past = Some(Box::new(charge));
                self.command(who, Command::RefundDebit(RefundDebit { debit, reason, amount: None, past }));
            }
            Step::Migrate(from, to, nanos) => {
                let target = Some(MigrationTarget { book: Some(token("pixapi")), status: Status::Open });
                let to = token(NAMES[to]);
                let credits = nanos.map(credits);
                self.command(from, Command::Migrate(Migrate { to, credits, reason, by, target }));
            }
            Step::End(who, arrives) => self.end(who, arrives),
            Step::Refund(who, paid) => {
                let lots = self.accounts[who].live_lots();
                let order =
                    lots.filter_map(|lot| lot.basis.as_ref()).map(|basis| basis.order_id.clone()).next();
                let Some(order_id) = order else { return };
                let refund = self.accounts[who].next_revision();
                let cause = token("change_of_mind");
                let ask = RequestRefund { order_id, cause, evidence: Vec::new(), by: token("support") };
                if self.command(who, Command::RequestRefund(ask)) {
                    self.command(
                        who,
                        Command::ApproveRefund(ApproveRefund { refund, amount: None, by: by.clone() }),
                    );
                    let end = if paid {
                        Command::PayRefund { refund, reference: None, by }
                    } else {
                        Command::FailRefund { refund, reason, by }
                    };
                    self.command(who, end);
                }
            }
            Step::Wait(days) => {
                self.now += i64::from(days) * 86_400_000_000;
                for who in 0..NAMES.len() {
                    self.command(who, Command::Sweep);
                }
            }
        }
    }

    fn end(&mut self, from: usize, arrives: bool) {
        let first = self.accounts[from].records().moves.migrations().next();
        let Some((migration, under_way)) = first.map(|(revision, moved)| (revision, moved.clone())) else {
            return;
        };
        let to = NAMES.iter().position(|name| *name == under_way.to.as_str()).unwrap();
        let received = ReceiveMigration {
            from: token(NAMES[from]),
            book: token("pixapi"),
            migration,
            lots: under_way.lots,
        };
        // On arrival and before the source knows, the credits are where they went: the books of both are checked after.
        let now = Timestamp::from_micros(self.now);
        if arrives
            && decide(&self.accounts[to], &self.book, &Command::ReceiveMigration(received.clone()), now)
                .is_ok()
        {
            let complete = Command::CompleteMigration { migration };
            let account = &mut self.accounts[from];
            let events = decide(account, &self.book, &complete, now).unwrap();
            events.iter().for_each(|event| account.evolve(event, now));
            assert!(self.command(to, Command::ReceiveMigration(received)));
            self.ended.0 += 1;
        } else {
            assert!(self.command(from, Command::ReverseMigration { migration, reason: token("refused") }));
            self.ended.1 += 1;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: super::cases() / 6, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_gained_or_lost_between_accounts(steps in prop::collection::vec(step(), 1..80)) {
        let mut town = Town::new();
        steps.into_iter().for_each(|step| town.step(step));
    }
}

/// The histories are worth their name.
#[test]
fn random_migrations_arrive_and_come_back() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut arrived, mut returned, mut rounded) = (0, 0, 0);
    for _ in 0..100 {
        let steps = prop::collection::vec(step(), 80).new_tree(&mut runner).unwrap().current();
        let mut town = Town::new();
        steps.into_iter().for_each(|step| town.step(step));
        (arrived, returned) = (arrived + town.ended.0, returned + town.ended.1);
        rounded += u32::from(town.accounting.money(ChartAccount::Rounding) != 0);
    }
    assert!(arrived > 300 && returned > 100 && rounded > 20, "{arrived} {returned} {rounded}");
}
