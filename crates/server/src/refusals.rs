//! From the engine's answers to problems. No text is ever looked at: codes and fields only.

use scrip_engine::{EngineError, HistoryError};
use scrip_ledger::{AmountError, Refusal};
use scrip_projections::ReadError;
use scrip_store::StoreError;

use crate::problem::{Code, Problem};

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Refused(refusal) => refusal.into(),
            EngineError::KeyReused => Self::new(
                Code::IDEMPOTENCY_KEY_REUSED,
                "the idempotency key was accepted with another command; nothing was recorded",
            ),
            EngineError::ForbiddenBook(book) => forbidden_book(&book),
            EngineError::UnknownBook(book) => {
                Self::new(Code::BOOK_NOT_FOUND, "there is no such book").with_text("book", &book)
            }
            EngineError::Overloaded => {
                Self::new(Code::OVERLOADED, "too many commands are waiting; nothing was recorded")
            }
            EngineError::Full => Self::new(Code::OVERLOADED, "the store has no room; nothing was recorded"),
            EngineError::Unavailable => Self::new(
                Code::STORE_UNAVAILABLE,
                "the store does not answer; a retry with the same idempotency key is safe",
            ),
        }
    }
}

/// The token is for other books.
pub(crate) fn forbidden_book(book: &scrip_ledger::BookId) -> Problem {
    Problem::new(Code::FORBIDDEN_BOOK, "the token is not for this book").with_text("book", book)
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let Some(code) = Code::named(refusal.code()) else {
            return Self::internal("a refusal has a code without a status");
        };
        let problem = Self::new(code, refusal.to_string());
        match refusal {
            Refusal::InsufficientCredits { available, required } => {
                problem.with_text("available", &available).with_text("required", &required)
            }
            Refusal::AccountFrozen { reason, since } | Refusal::KeyFrozen { reason, since } => {
                problem.with_text("reason", &reason).with_text("since", &since)
            }
            Refusal::NotEligible { clause: Some(clause), .. } => problem.with_text("clause", &clause),
            Refusal::UnknownUnit(unit) => problem.with_text("unit", &unit),
            Refusal::PaymentMismatch { price } => {
                let price =
                    serde_json::json!({ "currency": price.currency().code(), "amount": price.amount() });
                problem.with("price", price)
            }
            Refusal::RefundAmount { most: Some(most) } => {
                let most = serde_json::json!({ "currency": most.currency().code(), "amount": most.amount() });
                problem.with("most", most)
            }
            Refusal::LimitReached { limit, .. } => problem.with("limit", limit),
            Refusal::RegionBarred { region, clause } => {
                problem.with_text("region", &region).with_clause(clause)
            }
            Refusal::AttestationMissing { missing, clause } => {
                let missing: Vec<&str> = missing.iter().map(|what| what.as_str()).collect();
                problem.with("missing", missing).with_clause(clause)
            }
            Refusal::Overdue { debt, due_at, clause } => {
                problem.with_text("debt", &debt).with_text("due_at", &due_at).with_clause(clause)
            }
            Refusal::EvidenceMissing { missing, clause } => {
                let missing: Vec<&str> = missing.iter().map(|what| what.as_str()).collect();
                problem.with("missing", missing).with_clause(clause)
            }
            Refusal::WindowClosed { until, clause, .. } => {
                problem.with_text("until", &until).with_clause(clause)
            }
            Refusal::NoticeTooShort { earliest, clause } => {
                problem.with_text("earliest", &earliest).with_clause(clause)
            }
            Refusal::PeriodClosed { until } => problem.with_text("until", &until),
            Refusal::Retroactive { now } => problem.with_text("now", &now),
            Refusal::InvalidTerms { pointer, .. } => problem.with("pointer", pointer),
            Refusal::ReasonNotAllowed { allowed, clause } => {
                let allowed: Vec<&str> = allowed.iter().map(|reason| reason.as_str()).collect();
                problem.with("allowed", allowed).with_clause(clause)
            }
            Refusal::ServiceEnding { effective_at, reason, clause } => problem
                .with_text("effective_at", &effective_at)
                .with_text("reason", &reason)
                .with_clause(clause),
            Refusal::PartyBarred { clause }
            | Refusal::NotWithdrawable { clause }
            | Refusal::AlreadyClaimed { clause }
            | Refusal::CampaignExhausted { clause } => problem.with_clause(clause),
            _ => problem,
        }
    }
}

impl From<AmountError> for Problem {
    fn from(error: AmountError) -> Self {
        Self::new(Code::INVALID_AMOUNT, error.to_string())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store could not be read");
        Self::new(Code::STORE_UNAVAILABLE, "the store cannot be read")
    }
}

impl From<HistoryError> for Problem {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Store(error) => error.into(),
            HistoryError::BeyondEnd(position) => {
                Self::new(Code::INVALID_TIME, "the log ends before this position").with("position", position)
            }
            error @ HistoryError::Decode { .. } => {
                tracing::error!(%error, "an event cannot be read");
                Self::new(
                    Code::INCONSISTENT_HISTORY,
                    "an event of the account cannot be read; run scrip verify",
                )
            }
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(error) => error.into(),
            ReadError::History(error) => error.into(),
            ReadError::BeyondEnd(position) => HistoryError::BeyondEnd(position).into(),
            ReadError::CatchingUp => Self::new(Code::CATCHING_UP, error.to_string()),
            ReadError::Stopped { ref model, position } => {
                Self::new(Code::PROJECTION_STOPPED, error.to_string())
                    .with("projection", model.clone())
                    .with("position", position)
            }
            ReadError::Contradiction { ref account, .. } => {
                Self::new(Code::INCONSISTENT_HISTORY, error.to_string()).with("account_id", account.clone())
            }
            ReadError::Database(_) | ReadError::Row(_) => {
                tracing::error!(%error, "the read models cannot be read");
                Self::new(
                    Code::READ_MODELS_UNAVAILABLE,
                    "the read models cannot be read; nothing else is affected",
                )
            }
        }
    }
}
