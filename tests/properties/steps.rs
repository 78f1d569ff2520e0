//! Random commands. A step names what it means by an index; which hold, key or debit that is, is found when it runs,
//! so that a failing run shrinks well.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use scrip_ledger::{Credits, Quantity, Token, Usage};

pub const OUTCOMES: [&str; 9] = [
    "completed",
    "partial",
    "client_disconnected",
    "usage_unknown",
    "failed",
    "provider_limited",
    "retried",
    "moderation_blocked",
    "policy_violation",
];
pub const SOURCES: [&str; 4] = ["promotional", "signup", "manual", "compensation"];

/// How large a call is.
#[derive(Clone, Debug)]
pub enum Size {
    Amount(Credits),
    /// Thousandths of each unit of the model that is called.
    Usage(u64, u64),
}

#[derive(Clone, Debug)]
pub enum Freeze {
    Account,
    Amount(Credits),
    Lots(Vec<Index>),
    Key(Index),
}

#[derive(Clone, Debug)]
pub enum Step {
    /// Seconds forward.
    Wait(i64),
    /// Seconds back: the clock is wrong at the next command.
    Back(i64),
    /// The next version of the catalog and the policy comes into force.
    NextVersion,
    IssueKey,
    RotateKey(Index),
    RevokeKey(Index),
    /// Which product, and what is wrong with the payment.
    TopUp(Index, u8),
    Grant {
        source: usize,
        credits: Credits,
        expires_in: Option<i64>,
        priority: Option<u16>,
    },
    Hold {
        model: Index,
        size: Size,
        ttl_seconds: Option<u64>,
        key: Option<Index>,
    },
    Extend(Index, Size),
    Capture(Index, Size, usize),
    Void(Index, usize),
    Debit {
        model: Index,
        size: Size,
        outcome: usize,
        key: Option<Index>,
    },
    Refund(Index, Option<Credits>),
    Freeze(Freeze),
    Thaw(Option<Index>),
    CreditLine(Credits),
    Close,
    Sweep,
}

/// Half credits, so that amounts often meet exactly; sometimes to the last place, nothing, or below nothing.
pub fn amount() -> impl Strategy<Value = Credits> {
    prop_oneof![
        16 => (1i128..40).prop_map(|halves| Credits::from_nanos(halves * 500_000_000)),
        4 => (1i128..10_000_000_000).prop_map(Credits::from_nanos),
        1 => Just(Credits::ZERO),
        1 => select(vec![Credits::from_nanos(-1), Credits::MAX, Credits::from_nanos(Credits::MAX.nanos() + 1)]),
    ]
}

fn size() -> impl Strategy<Value = Size> {
    let units = || prop_oneof![(0u64..20).prop_map(|whole| whole * 1000), 0u64..20_000_000];
    prop_oneof![3 => amount().prop_map(Size::Amount), 1 => (units(), units()).prop_map(|(a, b)| Size::Usage(a, b))]
}

pub fn step() -> impl Strategy<Value = Step> {
    let which = any::<Index>;
    let outcome = || prop_oneof![2 => Just(0usize), 1 => 0usize..9];
    let ahead = || select(vec![-1i64, 0, 1, 30, 600, 86_400, 3 * 86_400]);
    let key = || prop::option::weighted(0.2, any::<Index>());
    let freeze = prop_oneof![
        2 => Just(Freeze::Account),
        2 => amount().prop_map(Freeze::Amount),
        2 => prop::collection::vec(any::<Index>(), 0..3).prop_map(Freeze::Lots),
        1 => which().prop_map(Freeze::Key),
    ];
    prop_oneof![
        6 => select(vec![0i64, 1, 1, 59, 60, 599, 86_400, 31 * 86_400]).prop_map(Step::Wait),
        1 => (1i64..100_000).prop_map(Step::Back),
        1 => Just(Step::NextVersion),
        1 => Just(Step::IssueKey),
        1 => which().prop_map(Step::RotateKey),
        1 => which().prop_map(Step::RevokeKey),
        6 => (which(), prop_oneof![8 => Just(0u8), 1 => 1u8..5]).prop_map(|(product, wrong)| Step::TopUp(product, wrong)),
        6 => (0usize..4, amount(), prop::option::of(ahead()), prop::option::of(0u16..3)).prop_map(
            |(source, credits, expires_in, priority)| Step::Grant { source, credits, expires_in, priority }),
        12 => (which(), size(), prop::option::of(select(vec![1u64, 60, 100_000])), key()).prop_map(
            |(model, size, ttl_seconds, key)| Step::Hold { model, size, ttl_seconds, key }),
        4 => (which(), size()).prop_map(|(hold, size)| Step::Extend(hold, size)),
        10 => (which(), size(), outcome()).prop_map(|(hold, size, outcome)| Step::Capture(hold, size, outcome)),
        3 => (which(), outcome()).prop_map(|(hold, outcome)| Step::Void(hold, outcome)),
        6 => (which(), size(), outcome(), key()).prop_map(
            |(model, size, outcome, key)| Step::Debit { model, size, outcome, key }),
        8 => (which(), prop::option::of(amount())).prop_map(|(debit, amount)| Step::Refund(debit, amount)),
        3 => freeze.prop_map(Step::Freeze),
        2 => prop::option::of(which()).prop_map(Step::Thaw),
        5 => prop_oneof![amount(), Just(Credits::ZERO)].prop_map(Step::CreditLine),
        1 => Just(Step::Close),
        2 => Just(Step::Sweep),
    ]
}

impl Size {
    /// The size as the ledger takes it, by the units of the model that is called.
    pub fn of(&self, units: &[String]) -> scrip_ledger::command::Size {
        match self {
            Self::Amount(amount) => scrip_ledger::command::Size::Amount(*amount),
            Self::Usage(first, second) => {
                let quantity = |milli: &u64| -> Quantity {
                    format!("{}.{:03}", milli / 1000, milli % 1000).parse().unwrap()
                };
                let entries = units
                    .iter()
                    .zip([first, second])
                    .map(|(unit, milli)| (unit.as_str().into(), quantity(milli)));
                scrip_ledger::command::Size::Usage(Usage::new(entries).unwrap())
            }
        }
    }
}

pub fn token(text: &str) -> Token {
    Token::new(text).unwrap()
}
