//! A day in the life of five services: each does what its own terms are known for, through the API.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::ensure;
use serde_json::{Value, json};

use crate::client::{Api, text};
use crate::dev::Tokens;

/// Plays all five; one sentence each says what happened.
pub async fn play(api: &Api, tokens: &Tokens) -> anyhow::Result<Vec<String>> {
    let day = Day { api, tokens, commands: AtomicU64::new(0) };
    Ok(vec![
        day.zivv().await?,
        day.z_image_ai().await?,
        day.imini().await?,
        day.pixapi().await?,
        day.aiproxynode().await?,
    ])
}

struct Day<'a> {
    api: &'a Api,
    tokens: &'a Tokens,
    commands: AtomicU64,
}

impl Day<'_> {
    /// A region is barred; an order is refunded, less what was used, once a second person has approved it.
    async fn zivv(&self) -> anyhow::Result<String> {
        self.refused("/v1/books/zivv/accounts", &opening("lei", "CN"), "region_barred").await?;
        self.open("zivv", "ming").await?;
        self.top_up("ming", "credits-20", "20.00").await?;
        let usage = json!({ "input_tokens": 1_000_000, "output_tokens": 100_000 });
        self.debit("ming", "gemini-3-flash", "chat/completions", &usage, "completed").await?;
        let request = json!({
            "cause": "change_of_mind",
            "evidence": [{ "kind": "payment_proof", "ref": "scan-1" }, { "kind": "identity", "ref": "scan-2" }],
        });
        let path = "/v1/orders/order-ming/refund-requests";
        let refund = self.done(&self.tokens.support, path, &request).await?;
        let path = format!("/v1/refunds/{}", text(&refund, "/refund_id")?);
        self.done(&self.tokens.finance, &format!("{path}/approve"), &json!({})).await?;
        self.done(&self.tokens.finance2, &format!("{path}/paid"), &json!({ "ref": "transfer-1" })).await?;
        let refunded = text(&refund, "/refundable/amount")?;
        Ok(format!(
            "zivv         a barred region is refused; of 20.00 USD {refunded} unspent are refunded (Z5, Z12)"
        ))
    }

    /// A plan by the month; what moderation blocks is refunded by itself; cancelled to the end of the period.
    async fn z_image_ai(&self) -> anyhow::Result<String> {
        self.open("z-image-ai", "iris").await?;
        let subscribe = json!({ "plan": "basic-monthly", "payment": payment("pi-iris", "9.90") });
        let path = "/v1/accounts/iris/subscriptions";
        let subscribed = self.done(&self.tokens.finance, path, &subscribe).await?;
        let images = json!({ "images": 2 });
        let endpoint = "images/generations";
        let blocked = self.debit("iris", "nano-banana-2", endpoint, &images, "moderation_blocked").await?;
        self.debit("iris", "z-image", endpoint, &images, "completed").await?;
        let path = format!("/v1/subscriptions/{}/cancel", text(&subscribed, "/subscription_id")?);
        self.done(&self.tokens.finance, &path, &json!({})).await?;
        let refunded = text(&blocked, "/refunded")?;
        let left = self.available("iris").await?;
        Ok(format!(
            "z-image-ai   300 credits by the month; {refunded} for blocked images came back, {left} are left (I1, I2, I3)"
        ))
    }

    /// A video that fails costs nothing; credits are frozen, appealed for, and free again.
    async fn imini(&self) -> anyhow::Result<String> {
        self.open("imini", "omar").await?;
        self.top_up("omar", "credits-100", "10.00").await?;
        let video = json!({ "video_seconds": 10, "tasks": 1 });
        self.debit("omar", "kling-2.6", "videos", &video, "failed").await?;
        let charged = self.debit("omar", "kling-2.6", "videos", &video, "completed").await?;
        let freeze = json!({ "scope": "amount", "amount": "20", "reason": "prohibited_content" });
        let frozen = self.done(&self.tokens.support, "/v1/accounts/omar/freeze", &freeze).await?;
        let appeal = json!({ "measure_id": frozen["measure_id"], "ref": "ticket-1" });
        let filed = self.done(&self.tokens.support, "/v1/accounts/omar/appeals", &appeal).await?;
        let path = format!("/v1/appeals/{}/decide", text(&filed, "/appeal_id")?);
        self.done(&self.tokens.admin, &path, &json!({ "decision": "upheld" })).await?;
        let (cost, left) = (text(&charged, "/charged")?, self.available("omar").await?);
        Ok(format!(
            "imini        a failed video cost nothing, a good one {cost}; an appeal freed 20 credits, {left} are left (M4, M8, M9)"
        ))
    }

    /// A reward that can be claimed once.
    async fn pixapi(&self) -> anyhow::Result<String> {
        let campaign = json!({ "id": "welcome", "source": "signup", "credits": "0.5", "once_per": "owner" });
        self.done(&self.tokens.finance, "/v1/books/pixapi/campaigns", &campaign).await?;
        self.open("pixapi", "pia").await?;
        let (path, claim) = ("/v1/accounts/pia/claims", json!({ "campaign": "welcome" }));
        self.done(&self.tokens.finance, path, &claim).await?;
        self.refused(path, &claim, "already_claimed").await?;
        let left = self.available("pia").await?;
        Ok(format!("pixapi       a welcome of {left} credits is claimed, and not a second time (P7)"))
    }

    /// A disputed call is credited; an abnormal one stops the account at once.
    async fn aiproxynode(&self) -> anyhow::Result<String> {
        self.open("aiproxynode", "otto").await?;
        self.top_up("otto", "topup-5", "5.00").await?;
        let usage = json!({ "input_tokens": 100_000, "output_tokens": 10_000 });
        let call = self.debit("otto", "gpt-5.2", "chat/completions", &usage, "completed").await?;
        let dispute = json!({ "debit_id": call["debit_id"], "reason": "charged_twice" });
        let opened = self.done(&self.tokens.support, "/v1/disputes", &dispute).await?;
        let path = format!("/v1/disputes/{}/resolve", text(&opened, "/dispute_id")?);
        self.done(&self.tokens.finance, &path, &json!({ "outcome": "credited" })).await?;
        let freeze = json!({ "reason": "abnormal_calls" });
        self.done(&self.tokens.support, "/v1/accounts/otto/freeze", &freeze).await?;
        let next = call_of("otto-next", "gpt-5.2", "chat/completions", &usage, "completed");
        self.refused("/v1/accounts/otto/debits", &next, "account_frozen").await?;
        self.done(&self.tokens.finance, "/v1/accounts/otto/thaw", &json!({ "reason": "cleared" })).await?;
        let cost = text(&call, "/charged")?;
        Ok(format!(
            "aiproxynode  a disputed call of {cost} is credited; a freeze stops the very next call (A3, A5)"
        ))
    }

    async fn open(&self, book: &str, account: &str) -> anyhow::Result<()> {
        let path = format!("/v1/books/{book}/accounts");
        self.done(&self.tokens.support, &path, &opening(account, "HK")).await.map(drop)
    }

    async fn top_up(&self, account: &str, product: &str, amount: &str) -> anyhow::Result<()> {
        let body = json!({
            "order_id": format!("order-{account}"), "product_id": product,
            "payment": payment(&format!("pi-{account}"), amount),
        });
        self.done(&self.tokens.finance, &format!("/v1/accounts/{account}/top-ups"), &body).await.map(drop)
    }

    async fn debit(
        &self,
        account: &str,
        model: &str,
        endpoint: &str,
        usage: &Value,
        outcome: &str,
    ) -> anyhow::Result<Value> {
        let request_id = format!("{account}-{}", self.commands.load(Ordering::Relaxed));
        let body = call_of(&request_id, model, endpoint, usage, outcome);
        self.done(&self.tokens.proxy, &format!("/v1/accounts/{account}/debits"), &body).await
    }

    async fn available(&self, account: &str) -> anyhow::Result<String> {
        let auditor = self.api.with_token(&self.tokens.auditor);
        let answer = auditor.get(&format!("/v1/accounts/{account}")).await?;
        text(&answer, "/balance/available").map(str::to_owned)
    }

    async fn done(&self, token: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.api.with_token(token).command(path, &self.key(), body).await
    }

    /// Something that the terms refuse.
    async fn refused(&self, path: &str, body: &Value, code: &str) -> anyhow::Result<()> {
        let (status, problem) = self.api.with_token(&self.tokens.admin).post(path, &self.key(), body).await?;
        ensure!(problem["code"] == code, "POST {path}: {status}: {problem}: {code} was expected");
        Ok(())
    }

    fn key(&self) -> String {
        format!("day-{}", self.commands.fetch_add(1, Ordering::Relaxed))
    }
}

fn opening(account: &str, region: &str) -> Value {
    json!({
        "account_id": account, "owner": format!("owner-{account}"), "region": region,
        "attestations": { "age_at_least": 18, "accurate_information": true, "not_sanctioned": true },
    })
}

fn payment(id: &str, amount: &str) -> Value {
    json!({ "provider": "stripe", "payment_id": id, "method": "card", "currency": "USD", "amount": amount })
}

fn call_of(request_id: &str, model: &str, endpoint: &str, usage: &Value, outcome: &str) -> Value {
    json!({ "request_id": request_id, "model": model, "endpoint": endpoint, "usage": usage, "outcome": outcome })
}
