//! Refunds of an order, its provider's notices and calls under way, in any order and under any of the terms: never more
//! goes back than was paid, no lot holds less than nothing, and what was refunded leaves nothing to spend.

use std::path::Path;

use proptest::prelude::*;
use scrip_ledger::accounting::Before;
use scrip_ledger::book::{Book, BookFiles, Outcome};
use scrip_ledger::command::{
    ApproveRefund, Call, CaptureHold, Debit, DenyRefund, Open, PaymentChange, PaymentNotice, PlaceHold,
    RefundDebit, RequestRefund, Size, TopUp,
};
use scrip_ledger::event::Payment;
use scrip_ledger::{Account, Bucket, Command, Credits, Event, Money, Timestamp, Token, decide};

use super::accounting::Books;

const PAID: u64 = 2_500;
const TAX: u64 = 199;
const FEE: u64 = 73;
const DAY: i64 = 86_400_000_000;

/// Something that happens to the order, or to its credits.
#[derive(Clone, Copy, Debug)]
enum Step {
    Spend(u64),
    Hold(u64),
    Capture(u64),
    Void,
    GiveBack,
    Ask,
    Approve,
    Deny,
    Paid,
    Failed,
    ProviderRefunds(u64),
    Disputed(u8),
    Closed(u8, bool, u64),
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (1u64..12_000).prop_map(Step::Spend),
        1 => (1u64..12_000).prop_map(Step::Hold),
        1 => (0u64..14_000).prop_map(Step::Capture),
        1 => Just(Step::Void),
        1 => Just(Step::GiveBack),
        3 => Just(Step::Ask),
        3 => Just(Step::Approve),
        1 => Just(Step::Deny),
        1 => Just(Step::Paid),
        2 => Just(Step::Failed),
        1 => (1u64..3_000).prop_map(Step::ProviderRefunds),
        1 => (0u8..2).prop_map(Step::Disputed),
        1 => (0u8..2, any::<bool>(), 1u64..3_000).prop_map(|(at, won, amount)| Step::Closed(at, won, amount)),
        1 => Just(Step::Wait),
    ]
}

fn token(text: &str) -> Token {
    Token::new(text).unwrap()
}

fn dollars(cents: u64) -> Money {
    Money::of_minor("USD".parse().unwrap(), cents)
}

/// Pixapi, with other terms of refunds.
fn book(holds: bool, keeps: bool, fee: bool, automatic: bool) -> Book {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/books/pixapi");
    let read = |file: &str| std::fs::read_to_string(dir.join(file)).unwrap();
    let mut policy = read("policy.toml");
    let mut change = |from: &str, to: &str| {
        assert!(policy.contains(from), "{from}");
        policy = policy.replacen(from, to, 1);
    };
    let holds = if holds { "wait" } else { "leave_out" };
    let returned = if keeps { "keep" } else { "lapse" };
    change("open_holds = \"wait\"", &format!("open_holds = \"{holds}\"\nreturned_after = \"{returned}\""));
    if fee {
        change("fee = \"kept\"", "fee = \"proportional\"");
    }
    if automatic {
        change("handling = \"review\"", "handling = \"automatic\"");
    }
    Book::from_files(BookFiles::parse("pixapi", &read("catalog.toml"), &policy).unwrap())
}

/// An account of a book, by somebody whom none of the terms refuses.
pub fn open(book: &str) -> Command {
    Command::Open(Open {
        book: token(book),
        owner: None,
        region: Some("DE".into()),
        attestations: Some(scrip_ledger::event::Attestations {
            age_at_least: Some(30),
            accurate_information: true,
            not_sanctioned: Some(true),
        }),
        terms_version: None,
        frozen: None,
    })
}

struct Run {
    account: Account,
    book: Book,
    now: i64,
    debits: Vec<(u64, Box<scrip_ledger::event::Charged>)>,
    refund: Option<u64>,
    asked: u64,
    accounting: Books,
}

impl Run {
    fn new(book: Book) -> Self {
        let account = Account::absent(token("ann"));
        let mut run = Self {
            account,
            book,
            now: DAY,
            debits: Vec::new(),
            refund: None,
            asked: 0,
            accounting: Books::default(),
        };
        run.command(open("pixapi"));
        run.command(Command::TopUp(TopUp {
            order_id: token("order"),
            product_id: token("pack-25"),
            payment: Payment {
                provider: token("stripe"),
                payment_id: token("pi"),
                method: token("card"),
                amount: dollars(PAID),
                tax: Some(dollars(TAX)),
                fee: Some(dollars(FEE)),
            },
            notices: Vec::new(),
        }));
        assert_eq!(run.account.lots().len(), 1);
        run
    }

    /// Carries a command out, if it is not refused, and checks what must always hold.
    fn command(&mut self, command: Command) {
        let now = Timestamp::from_micros(self.now);
        let Ok(events) = decide(&self.account, &self.book, &command, now) else { return };
        assert!(!events.is_empty(), "{command:?}");
        for event in events {
            match &event {
                Event::Debited(debited) => {
                    self.debits.push((self.account.next_revision(), Box::new(debited.charge.clone())));
                }
                Event::HoldCaptured(captured) => {
                    self.debits.push((self.account.next_revision(), Box::new(captured.charge.clone())));
                }
                Event::RefundRequested(_) => self.refund = Some(self.account.next_revision()),
                _ => {}
            }
            self.take(&event, now);
        }
        self.check();
    }

    fn take(&mut self, event: &Event, now: Timestamp) {
        let before = Before::of(&self.account, event);
        self.account.evolve(event, now);
        assert_eq!(self.account.inconsistency(), None, "{event:?}");
        self.accounting.take(before, event, &self.account);
    }

    fn check(&self) {
        for lot in self.account.lots() {
            let places = Bucket::ALL.map(|bucket| lot.bucket(bucket));
            assert!(places.iter().all(|place| !place.is_negative()), "{lot:?}");
            assert_eq!(places.into_iter().sum::<Credits>(), lot.granted);
        }
        let orders = &self.account.records().orders;
        let order = token("order");
        let mut back = 0;
        for (_, payout, _) in orders.refunds_of(&order).filter(|(_, payout, _)| payout.is_due()) {
            back +=
                payout.amounts.iter().chain(&payout.tax).chain(&payout.fee).map(Money::minor).sum::<u64>();
        }
        back += orders.standings.get(&order).map_or(0, |standing| standing.elsewhere);
        assert!(back <= PAID + TAX + FEE, "{back} went back");
        let totals = self.account.totals();
        let repaid: Credits = self.account.lots().iter().map(|lot| lot.repaid).sum();
        let owed: Credits = [totals.by_debt, totals.taken_back].into_iter().sum();
        assert_eq!(owed, [self.account.balance().debt, repaid].into_iter().sum());
    }

    fn step(&mut self, step: Step) {
        self.asked += 1;
        let amount = |milli: u64| Credits::from_nanos(i128::from(milli) * 1_000_000);
        let call = Call {
            request_id: token(&format!("r-{}", self.asked)),
            model: "gpt-5.2".into(),
            endpoint: "chat/completions".into(),
            key: None,
        };
        let hold = self.account.holds().next().map(|(hold, _)| hold);
        let (refund, by) = (self.refund.unwrap_or_default(), token("finance"));
        let notice = |what| Command::TakeNotice(PaymentNotice { order_id: token("order"), what });
        let dispute = |at: u8| token(&format!("du_{at}"));
        let command = match step {
            Step::Spend(milli) => Command::Debit(Debit {
                call,
                size: Size::Amount(amount(milli)),
                outcome: Outcome::Completed,
                provider: None,
            }),
            Step::Hold(milli) => {
                Command::PlaceHold(PlaceHold { call, size: Size::Amount(amount(milli)), ttl_seconds: None })
            }
            Step::Capture(milli) => Command::CaptureHold(CaptureHold {
                hold: hold.unwrap_or_default(),
                size: Size::Amount(amount(milli)),
                outcome: Outcome::Completed,
                provider: None,
                past: None,
            }),
            Step::Void => Command::VoidHold { hold: hold.unwrap_or_default(), outcome: Outcome::Failed },
            Step::GiveBack => {
                let Some((debit, charge)) = self.debits.pop() else { return };
                let reason = token("goodwill");
                Command::RefundDebit(RefundDebit { debit, reason, amount: None, past: Some(charge) })
            }
            Step::Ask => Command::RequestRefund(RequestRefund {
                order_id: token("order"),
                cause: token("change_of_mind"),
                evidence: Vec::new(),
                by: token("support"),
            }),
            Step::Approve => Command::ApproveRefund(ApproveRefund { refund, amount: None, by }),
            Step::Deny => Command::DenyRefund(DenyRefund { refund, reason: token("no"), by }),
            Step::Paid => Command::PayRefund { refund, reference: None, by },
            Step::Failed => Command::FailRefund { refund, reason: token("bank"), by },
            Step::ProviderRefunds(cents) => notice(PaymentChange::Refunded { total: dollars(cents) }),
            Step::Disputed(at) => notice(PaymentChange::Disputed { dispute: dispute(at) }),
            Step::Closed(at, won, cents) => {
                let amount = Some(dollars(cents));
                notice(PaymentChange::DisputeClosed { dispute: dispute(at), won, amount })
            }
            Step::Wait => {
                self.now += DAY / 3;
                Command::Sweep
            }
        };
        if command != Command::Sweep {
            self.command(command);
        } else if let Some((settled, events)) =
            self.account.settled(Some(&self.book), Timestamp::from_micros(self.now))
        {
            events.iter().for_each(|event| self.take(event, Timestamp::from_micros(self.now)));
            assert_eq!(self.account, settled);
            self.check();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: super::cases() / 6, ..ProptestConfig::default() })]

    #[test]
    fn never_more_goes_back_than_was_paid(
        (holds, keeps, fee, automatic) in any::<(bool, bool, bool, bool)>(),
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut run = Run::new(book(holds, keeps, fee, automatic));
        for step in steps {
            run.step(step);
        }
        // While a refund stands whose rest lapses, nothing of the order can be spent.
        let orders = &run.account.records().orders;
        let stands = orders.refunds_of(&token("order")).any(|(_, payout, _)| payout.is_due());
        if stands && !keeps {
            prop_assert!(run.account.lots()[0].free.is_zero());
        }
    }
}
