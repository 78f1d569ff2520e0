//! What a caller gets who does not get what was asked for: RFC 9457, with a stable code that has one status.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use crate::limits;

/// A stable code, its one status and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code, such as `insufficient_credits`.
    pub name: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What it means, in a few words.
    pub title: &'static str,
}

macro_rules! codes {
    ($($name:ident = $text:literal, $status:literal, $title:literal;)*) => {
        impl Code {
            $(#[doc = $title] pub const $name: Self = Self { name: $text, status: $status, title: $title };)*

            /// Every code, by status.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

codes! {
    MALFORMED = "malformed", 400, "The request cannot be read";
    BAD_SIGNATURE = "bad_signature", 400, "The signature is not one of this provider's";
    STALE_SIGNATURE = "stale_signature", 400, "The signature is too old";
    UNAUTHENTICATED = "unauthenticated", 401, "No token, or one that is not known";
    KEY_REVOKED = "key_revoked", 401, "The key was revoked";
    INSUFFICIENT_CREDITS = "insufficient_credits", 402, "Not enough credits";
    OVERDUE = "overdue", 402, "The account owes, and should have paid";
    FORBIDDEN_SCOPE = "forbidden_scope", 403, "The token's scopes do not allow this";
    FORBIDDEN_BOOK = "forbidden_book", 403, "The token is not for this book";
    SAME_PERSON = "same_person", 403, "A second person is needed";
    REGION_BARRED = "region_barred", 403, "The terms bar this region";
    ATTESTATION_MISSING = "attestation_missing", 403, "The holder has not attested what the terms require";
    PARTY_BARRED = "party_barred", 403, "The terms do not serve this party";
    NOT_FOUND = "not_found", 404, "There is nothing at this path";
    ACCOUNT_NOT_FOUND = "account_not_found", 404, "There is no such account";
    ANNOUNCEMENT_NOT_FOUND = "announcement_not_found", 404, "There is no such announcement";
    APPEAL_NOT_FOUND = "appeal_not_found", 404, "There is no such appeal";
    APPROVAL_NOT_FOUND = "approval_not_found", 404, "Nothing with this id waits for approval";
    BOOK_NOT_FOUND = "book_not_found", 404, "There is no such book";
    BREACH_NOT_FOUND = "breach_not_found", 404, "There is no such breach";
    CAMPAIGN_NOT_FOUND = "campaign_not_found", 404, "There is no such campaign";
    CLAIM_NOT_FOUND = "claim_not_found", 404, "There is no such claim";
    DEBIT_NOT_FOUND = "debit_not_found", 404, "There is no such debit";
    DISPUTE_NOT_FOUND = "dispute_not_found", 404, "There is no such dispute";
    HOLD_NOT_FOUND = "hold_not_found", 404, "There is no such hold";
    KEY_NOT_FOUND = "key_not_found", 404, "There is no such key";
    LEGAL_HOLD_NOT_FOUND = "legal_hold_not_found", 404, "There is no such legal hold";
    LOT_NOT_FOUND = "lot_not_found", 404, "There is no such lot";
    MEASURE_NOT_FOUND = "measure_not_found", 404, "No such measure stands";
    MIGRATION_NOT_FOUND = "migration_not_found", 404, "There is no such migration";
    ORDER_NOT_FOUND = "order_not_found", 404, "There is no such order";
    PROJECTION_NOT_FOUND = "projection_not_found", 404, "There is no such read model";
    REFUND_NOT_FOUND = "refund_not_found", 404, "There is no such refund";
    REVIEW_NOT_FOUND = "review_not_found", 404, "There is no such review";
    STATEMENT_NOT_FOUND = "statement_not_found", 404, "There is no such statement";
    SUBSCRIPTION_NOT_FOUND = "subscription_not_found", 404, "There is no such subscription";
    METHOD_NOT_ALLOWED = "method_not_allowed", 405, "The path does not take this method";
    NOT_ACCEPTABLE = "not_acceptable", 406, "There is no such form of the answer";
    TIMEOUT = "timeout", 408, "The request did not arrive in time";
    ALREADY_EXISTS = "already_exists", 409, "It exists already";
    PROJECTION_NOT_STOPPED = "projection_not_stopped", 409, "The read model has not stopped there";
    ALREADY_DECIDED = "already_decided", 409, "It was decided or has ended already";
    PENDING_APPROVAL = "pending_approval", 409, "It waits for something else first";
    PAYMENT_ALREADY_USED = "payment_already_used", 409, "The payment brought credits before";
    HOLD_ALREADY_SETTLED = "hold_already_settled", 409, "The hold is settled already";
    ACCOUNT_CLOSED = "account_closed", 409, "The account is closed";
    NOT_ELIGIBLE = "not_eligible", 409, "The terms do not give it";
    EVIDENCE_MISSING = "evidence_missing", 409, "Required evidence is missing";
    WINDOW_CLOSED = "window_closed", 409, "It came too late";
    ALREADY_CLAIMED = "already_claimed", 409, "The reward was claimed before";
    CAMPAIGN_EXHAUSTED = "campaign_exhausted", 409, "The campaign has ended, or has given all that it had";
    NOT_WITHDRAWABLE = "not_withdrawable", 409, "The terms do not let this balance leave the account";
    REASON_NOT_ALLOWED = "reason_not_allowed", 409, "The terms know no such reason for this";
    PERIOD_CLOSED = "period_closed", 409, "The period is closed";
    SERVICE_ENDING = "service_ending", 409, "The service ends";
    LIMIT_REACHED = "limit_reached", 409, "The account has as many as it may have";
    TOO_LARGE = "too_large", 413, "The request is too large";
    INVALID_AMOUNT = "invalid_amount", 422, "An amount that cannot be";
    INVALID_ID = "invalid_id", 422, "An id that cannot be";
    UNKNOWN_FIELD = "unknown_field", 422, "A field that is not known here";
    UNKNOWN_PRODUCT = "unknown_product", 422, "The catalog has no such product";
    UNKNOWN_PLAN = "unknown_plan", 422, "The catalog has no such plan";
    UNKNOWN_MODEL = "unknown_model", 422, "The catalog does not sell this model at this endpoint";
    UNKNOWN_UNIT = "unknown_unit", 422, "The model is not rated by this unit";
    PAYMENT_MISMATCH = "payment_mismatch", 422, "The payment is not the product's price";
    SOURCE_NOT_ALLOWED = "source_not_allowed", 422, "A grant may not name this source";
    AMOUNT_NOT_ALLOWED = "amount_not_allowed", 422, "The book rates usage and takes no amount";
    NOTICE_TOO_SHORT = "notice_too_short", 422, "The notice is shorter than the terms promise";
    RETROACTIVE = "retroactive", 422, "Nothing takes effect in the past";
    INVALID_POLICY = "invalid_policy", 422, "Terms that cannot be";
    INVALID_TIME = "invalid_time", 422, "A time that cannot be";
    INVALID_CURSOR = "invalid_cursor", 422, "A cursor that was not given here";
    RANGE_TOO_WIDE = "range_too_wide", 422, "A span of time that is too wide for one answer";
    UNKNOWN_GROUP = "unknown_group", 422, "This cannot be told apart";
    IDEMPOTENCY_KEY_MISSING = "idempotency_key_missing", 422, "A command needs an Idempotency-Key";
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused", 422, "The key was used for another command";
    ACCOUNT_FROZEN = "account_frozen", 423, "The account is frozen";
    KEY_FROZEN = "key_frozen", 423, "The key is frozen";
    INTERNAL = "internal", 500, "Something is wrong here";
    INCONSISTENT_HISTORY = "inconsistent_history", 500, "The account's history contradicts itself";
    UNKNOWN_VERSION = "unknown_version", 500, "The book does not know a version that was in force";
    OVERLOADED = "overloaded", 503, "Too much is waiting; nothing was recorded";
    CATCHING_UP = "catching_up", 503, "What is asked is being computed from the log";
    PROJECTION_STOPPED = "projection_stopped", 503, "What would answer has stopped at an event that it cannot take";
    READ_MODELS_UNAVAILABLE = "read_models_unavailable", 503, "The read models cannot be read";
    STORE_UNAVAILABLE = "store_unavailable", 503, "The outcome is unknown; a retry with the same key is safe";
}

impl Code {
    /// The code of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name == name)
    }

    /// Its status.
    pub fn http(self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// Why a request was not carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    code: Code,
    detail: Cow<'static, str>,
    members: Vec<(&'static str, Value)>,
}

impl Problem {
    /// A problem with this code, and what is wrong in this case.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), members: Vec::new() }
    }

    /// With an extension member.
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.members.push((name, value.into()));
        self
    }

    /// With an extension member that prints itself.
    pub fn with_text(self, name: &'static str, value: &dyn std::fmt::Display) -> Self {
        self.with(name, value.to_string())
    }

    /// With the clause of the terms that says so, if one does.
    pub fn with_clause(self, clause: Option<impl std::fmt::Display>) -> Self {
        match clause {
            Some(clause) => self.with_text("clause", &clause),
            None => self,
        }
    }

    /// Its code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// What only this side can repair: logged where it happens, not told to callers.
    pub fn internal(what: &'static str) -> Self {
        tracing::error!(what, "a request could not be answered");
        Self::new(Code::INTERNAL, "the server's log says more")
    }

    fn retry_after(&self) -> Option<HeaderValue> {
        match self.code {
            Code::OVERLOADED => Some(HeaderValue::from_static(limits::RETRY_OVERLOADED)),
            Code::CATCHING_UP
            | Code::READ_MODELS_UNAVAILABLE
            | Code::PROJECTION_STOPPED
            | Code::STORE_UNAVAILABLE => Some(HeaderValue::from_static(limits::RETRY_UNAVAILABLE)),
            _ => None,
        }
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &format_args!("urn:scrip:problem:{}", self.code.name))?;
        map.serialize_entry("title", self.code.title)?;
        map.serialize_entry("status", &self.code.status)?;
        map.serialize_entry("detail", &self.detail)?;
        map.serialize_entry("code", self.code.name)?;
        for (name, value) in &self.members {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // A map of texts and numbers is always written.
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.code.http();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, seconds);
        }
        if self.code.status == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Why a request was not carried out (RFC 9457).
#[derive(utoipa::ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) struct ProblemShape {
    /// `urn:scrip:problem:` and the code.
    r#type: String,
    /// What the code means.
    title: String,
    /// The HTTP status; a code has one.
    status: u16,
    /// What is wrong in this case.
    detail: String,
    /// Stable: what a program decides by.
    code: String,
    /// 402: what calls may use.
    available: Option<String>,
    /// 402: what the call needs.
    required: Option<String>,
    /// 423: the freeze's reason code.
    reason: Option<String>,
    /// 423: since when.
    since: Option<String>,
    /// The clause of the terms that says so.
    clause: Option<String>,
    /// The field at fault.
    field: Option<String>,
    /// What would be taken there.
    allowed: Option<Vec<String>>,
}

/// Every problem, for the description of the API.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "only described, never built")]
pub(crate) enum Problems {
    /// `malformed`.
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(ProblemShape),
    /// `unauthenticated`, `key_revoked`.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthenticated(ProblemShape),
    /// `forbidden_scope`, `forbidden_book`.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemShape),
    /// `…_not_found`, by noun.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemShape),
    /// `invalid_…`, `unknown_…`, `idempotency_key_missing`, `idempotency_key_reused` and others.
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(ProblemShape),
    /// `overloaded` (nothing was recorded), `store_unavailable` (a retry with the same key is safe); of reports
    /// `catching_up`, `projection_stopped`.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(ProblemShape),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_stands_once_and_codes_go_by_status() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].status <= pair[1].status, "{} before {}", pair[0].name, pair[1].name);
        }
        for code in Code::ALL {
            assert_eq!(Code::named(code.name), Some(*code));
            assert_eq!(code.http().as_u16(), code.status);
        }
    }
}
