//! The command line: every command as a user runs it.

mod commands;
mod damage;
mod export;
pub mod log;
pub mod process;
mod read_models;
pub mod refusals;
mod serving;

use std::path::{Path, PathBuf};

use serde_json::json;
use tempfile::TempDir;

use crate::api::client::{call, tokens_used};
use process::Server;

/// When the data of these tests begins.
pub const START: &str = "2026-03-01T00:00:00Z";
/// A manual clock that begins then.
pub const MANUAL: [&str; 4] = ["--clock", "manual", "--now", START];

/// A data directory to be made in a folder of its own.
pub fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    (folder, data)
}

/// A data directory with some history, which nobody serves: at the start 10 credits to alice; a day later a hold of 4, captured
/// with 1.5, and a debit of 0.00007525; a further day later 300 debits of 0.01.
async fn with_history(data: &Path) {
    let server = Server::start(data, &MANUAL).await;
    let api = &server.api;
    api.account("alice", "10").await;
    api.post("admin", "/v1/dev/clock", "-", json!({ "advance": "P1D" })).await.ok();
    let hold = call("r-1", "amount", json!("4"));
    let held = api.post("proxy", "/v1/accounts/alice/holds", "h-1", hold).await.ok();
    let capture = json!({ "amount": "1.5", "outcome": "completed" });
    let path = format!("/v1/holds/{}/capture", held.text("hold_id"));
    api.post("proxy", &path, "c-1", capture).await.ok();
    let debit = call("r-2", "usage", tokens_used(3, 5));
    api.post("proxy", "/v1/accounts/alice/debits", "d-1", debit).await.ok();
    api.post("admin", "/v1/dev/clock", "-", json!({ "advance": "P1D" })).await.ok();
    let commands: Vec<_> = (0..300)
        .map(|at| {
            let body = call(&format!("b-{at}"), "amount", json!("0.01"));
            json!({ "op": "debit", "idempotency_key": format!("b-{at}"), "account_id": "alice", "body": body })
        })
        .collect();
    let results = api.post("proxy", "/v1/commands", "-", json!({ "commands": commands })).await.ok().json();
    assert!(results["results"].as_array().unwrap().iter().all(|result| result["status"] == 201));
    server.stop().await;
}
