//! Words into commands: the left side of a script's lines.

use scrip_ledger::command::{
    Call, CaptureHold, Command, Debit, Grant, Open, PlaceHold, RefundDebit, Size, TopUp,
};
use scrip_ledger::event::{Attestations, ClosedBy, Payment, ProviderAnswer, SecretHash};
use scrip_ledger::{Credits, Event, FreezeScope, Money, Timestamp, Token, Usage, command};
use serde_json::{Value, json};

use super::script::Script;

pub fn token(text: &str) -> Token {
    Token::new(text).unwrap()
}

fn credits(text: &str) -> Credits {
    // Beyond the range, too: what a command brings is checked when it is decided.
    serde_json::from_value(json!(text)).unwrap()
}

fn money(amount: &str, currency: &str) -> Money {
    serde_json::from_value(json!({ "currency": currency, "amount": amount })).unwrap()
}

pub fn seconds(text: &str) -> i64 {
    let (count, unit) = text.split_at(text.len() - 1);
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        other => panic!("an unknown unit of time: {other}"),
    };
    count.parse::<i64>().unwrap() * unit
}

fn size(text: &str) -> Size {
    if !text.contains('=') {
        return Size::Amount(credits(text));
    }
    let units = text.split(',').map(|part| part.split_once('=').unwrap());
    Size::Usage(Usage::new(units.map(|(unit, quantity)| (unit.into(), quantity.parse().unwrap()))).unwrap())
}

impl Script {
    fn event(&self, revision: u64) -> Option<&Event> {
        self.history.get(usize::try_from(revision).unwrap())
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let at = |index: usize| words.get(index).copied();
        let number = |index: usize| at(index).unwrap().parse::<u64>().unwrap();
        // Everything behind the fixed words is a name and its value.
        let option = |name: &str| words.iter().position(|word| *word == name).map(|index| words[index + 1]);
        let named = |name: &str, default: &str| -> Value { json!(option(name).unwrap_or(default)) };
        let outcome = || serde_json::from_value(named("outcome", "completed")).unwrap();
        let provider = || {
            let answer = |id| ProviderAnswer { request_id: Some(token(id)), status: Some(token("ok")) };
            option("provider").map(answer)
        };
        let call = || Call {
            request_id: token("r"),
            model: option("model").unwrap_or("m").into(),
            endpoint: option("at").unwrap_or("chat/completions").into(),
            key: option("key").map(|key| key.parse().unwrap()),
        };
        match words[0] {
            "open" => Command::Open(Open {
                book: token("test"),
                owner: option("owner").map(token),
                region: option("region").map(Into::into),
                attestations: option("age").map(|age| Attestations {
                    age_at_least: age.parse().ok(),
                    accurate_information: true,
                    not_sanctioned: Some(true),
                }),
                terms_version: option("terms").map(token),
                frozen: None,
            }),
            "key" => Command::IssueKey { secret: SecretHash([1; 32]) },
            "rotate" => Command::RotateKey { key: number(1), secret: SecretHash([2; 32]) },
            "revoke" => Command::RevokeKey { key: number(1), reason: None },
            "top_up" => {
                let product = at(1).unwrap();
                let currency = option("currency").unwrap_or("USD");
                let price = option("paid").unwrap_or(if product == "p20" { "20.00" } else { "10.00" });
                Command::TopUp(TopUp {
                    order_id: token("order"),
                    product_id: token(product),
                    payment: Payment {
                        provider: token("stripe"),
                        payment_id: token("pi"),
                        method: token("card"),
                        amount: money(price, currency),
                        tax: option("tax").map(|amount| money(amount, "USD")),
                        fee: option("fee_in").map(|currency| money("1.00", currency)),
                    },
                    notices: Vec::new(),
                })
            }
            "grant" => Command::Grant(Grant {
                source: serde_json::from_value(json!(at(1))).unwrap(),
                campaign: option("campaign").map(token),
                credits: credits(at(2).unwrap()),
                expires_at: option("ends")
                    .map(|time| Timestamp::from_micros(self.now + seconds(time) * 1_000_000)),
                priority: option("priority").map(|priority| priority.parse().unwrap()),
                reason: option("reason").map(token),
                by: token("finance"),
                so_far: scrip_ledger::book::ClaimsSoFar::default(),
            }),
            "hold" => Command::PlaceHold(PlaceHold {
                call: call(),
                size: size(at(1).unwrap()),
                ttl_seconds: option("ttl").map(|ttl| ttl.parse().unwrap()),
            }),
            "extend" => Command::ExtendHold { hold: number(1), size: size(at(2).unwrap()) },
            "capture" => {
                let past = match self.event(number(1)) {
                    Some(Event::HoldPlaced(placed)) if self.account.hold(number(1)).is_none() => {
                        Some(Box::new(placed.clone()))
                    }
                    _ => None,
                };
                Command::CaptureHold(CaptureHold {
                    hold: number(1),
                    size: size(at(2).unwrap()),
                    outcome: outcome(),
                    provider: provider(),
                    past,
                })
            }
            "void" => Command::VoidHold { hold: number(1), outcome: outcome() },
            "debit" => Command::Debit(Debit {
                call: call(),
                size: size(at(1).unwrap()),
                outcome: outcome(),
                provider: provider(),
            }),
            "refund" => {
                let past = match self.event(number(1)) {
                    Some(Event::Debited(debited)) => Some(Box::new(debited.charge.clone())),
                    Some(Event::HoldCaptured(captured)) => Some(Box::new(captured.charge.clone())),
                    _ => None,
                };
                Command::RefundDebit(RefundDebit {
                    debit: number(1),
                    reason: token("failed"),
                    amount: at(2).map(credits),
                    past,
                })
            }
            "freeze" => Command::Freeze(command::Freeze {
                scope: match at(1).unwrap() {
                    "account" => FreezeScope::Account,
                    "amount" => FreezeScope::Amount { amount: credits(at(2).unwrap()) },
                    "key" => FreezeScope::Key { key: number(2) },
                    "lots" => FreezeScope::Lots {
                        lots: words.iter().skip(2).map(|lot| lot.parse().unwrap()).collect(),
                    },
                    other => panic!("an unknown scope: {other}"),
                },
                reason: token("abuse"),
                effective_at: None,
                owner_wide: false,
                origin: None,
                preserve_logs: false,
            }),
            "thaw" => Command::Thaw { freeze: at(1).map(|_| number(1)), reason: token("cleared") },
            "line" => Command::SetCreditLine { limit: credits(at(1).unwrap()) },
            "close" => Command::Close(command::Close {
                by: ClosedBy::Holder,
                reason: option("reason").map(token),
                effective_at: None,
            }),
            "region" => Command::ChangeRegion { region: at(1).unwrap().into() },
            "violation" => Command::RecordViolation {
                reason: token(at(1).unwrap()),
                reference: option("ref").map(token),
            },
            "review" => Command::CloseReview {
                review: number(1),
                decision: token(at(2).unwrap()),
                by: token("support"),
            },
            "adjust" => Command::Adjust {
                credits: credits(at(1).unwrap()),
                reason: token("correction"),
                by: token(option("by").unwrap_or("ann")),
            },
            "approve" => Command::Approve { approval: number(1), by: token(option("by").unwrap()) },
            "reject" => Command::RejectApproval { approval: number(1), by: token(option("by").unwrap()) },
            "sweep" => Command::Sweep,
            other => panic!("an unknown command: {other}"),
        }
    }
}
