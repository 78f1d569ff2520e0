//! One service under test: its book, a clock that is moved by hand, and short words for what every test says.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::api::client::{Reply, World};

/// A service of the fixtures, served on a store in memory from 2026-07-01T00:00:00Z on.
pub struct Service {
    pub world: World,
    book: &'static str,
    commands: AtomicU64,
}

impl Service {
    pub async fn start(book: &'static str) -> Self {
        Self { world: World::start().await, book, commands: AtomicU64::new(0) }
    }

    /// Another service in the same world.
    pub fn beside(self, book: &'static str) -> Self {
        Self { book, ..self }
    }

    /// A command by a role, under a key of its own, and whatever comes of it.
    pub async fn ask(&self, role: &str, path: &str, body: Value) -> Reply {
        let key = format!("key-{}", self.commands.fetch_add(1, Ordering::Relaxed));
        self.world.post(role, path, &key, body).await
    }

    /// A command that is accepted.
    pub async fn done(&self, role: &str, path: &str, body: Value) -> Value {
        let reply = self.ask(role, path, body).await;
        assert!(reply.status < 300, "{path}: {reply:?}");
        reply.json()
    }

    /// A command that is refused with a status, a code and a clause (none if it is empty).
    pub async fn refused(
        &self,
        role: &str,
        path: &str,
        body: Value,
        status: u16,
        code: &str,
        clause: &str,
    ) -> Value {
        let reply = self.ask(role, path, body).await;
        let problem = reply.json();
        assert_eq!((reply.status, problem["code"].as_str()), (status, Some(code)), "{path}: {problem}");
        assert_eq!(problem["clause"].as_str().unwrap_or(""), clause, "{path}: {problem}");
        problem
    }

    /// A query that is answered.
    pub async fn read(&self, role: &str, path: &str) -> Value {
        let reply = self.world.get(role, path).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        reply.json()
    }

    /// Moves the clock on: `P90D`, `PT1S`. For less than a second use [`Self::at`].
    pub async fn wait(&self, duration: &str) {
        self.done("admin", "/v1/dev/clock", json!({ "advance": duration })).await;
    }

    /// Moves the clock to an instant.
    pub async fn at(&self, time: &str) {
        self.done("admin", "/v1/dev/clock", json!({ "now": time })).await;
    }

    /// Opens an account with everything that any of the books asks for.
    pub async fn open(&self, account: &str) {
        let body = json!({
            "account_id": account, "owner": format!("owner-{account}"), "region": "DE",
            "attestations": { "age_at_least": 21, "accurate_information": true, "not_sanctioned": true },
        });
        self.done("support", &format!("/v1/books/{}/accounts", self.book), body).await;
    }

    /// A balance.
    pub async fn balance(&self, account: &str) -> Value {
        self.read("finance", &format!("/v1/accounts/{account}/balance")).await
    }
}
