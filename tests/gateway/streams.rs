//! Streams: what passes, when it passes, and what is charged however they end.

use std::time::Duration;

use scrip_gateway::mock::{Gate, Script, chunk, usage_chunk};
use scrip_gateway::{Limits, Times};
use scrip_ledger::{Event, FreezeScope};
use serde_json::json;

use super::world::{Reading, World, ask, book, eventually, freeze, start, times};

pub const DONE: &str = "data: [DONE]\n\n";

/// A stream of gpt-5.2 under way: its first token («abcd» is one, as the gateway guesses) has come through.
pub async fn begun(world: &World, more: serde_json::Value) -> (Reading, Gate) {
    let (script, gate) = Script::gated();
    world.provider.script(script);
    gate.send(chunk("abcd"));
    let mut body = ask("gpt-5.2", more);
    body["stream"] = true.into();
    let mut reading = world.stream(body).await;
    assert_eq!(reading.head.status, 200);
    assert_eq!(reading.head.headers["content-type"], "text/event-stream");
    reading.until("abcd").await;
    (reading, gate)
}

#[tokio::test]
async fn a_stream_passes_as_it_comes_and_its_usage_is_hidden_from_who_did_not_ask() {
    for (wants, hidden) in [(json!({}), true), (json!({"stream_options": {"include_usage": true}}), false)] {
        let world = World::new("pixapi", "1").await;
        // The first chunk came through while the second was not even sent.
        let (mut reading, gate) = begun(&world, wants).await;
        gate.send(chunk("efgh"));
        reading.until("efgh").await;
        gate.send(usage_chunk(100, 50) + DONE);
        let seen = reading.rest().await;
        let usage = if hidden { String::new() } else { usage_chunk(100, 50) };
        assert_eq!(seen, chunk("abcd") + &chunk("efgh") + &usage + DONE);
        // [DONE] is the receipt: the charge is durable when it passes.
        let lines = "input_tokens:100 output_tokens:50".to_owned();
        assert_eq!(world.charge(), ("completed".to_owned(), "0.000875".to_owned(), lines));
        let sent: serde_json::Value = serde_json::from_slice(&world.provider.received()[0].body).unwrap();
        assert_eq!(sent["stream_options"], json!({"include_usage": true}));
        drop(gate);
        world.end().await;
    }
}

#[tokio::test]
async fn a_stream_cut_anywhere_passes_byte_by_byte() {
    let before =
        ": keep-alive\r\n\r\ndata: {\"choices\":[{\"delta\":\r\ndata: {\"content\":\"grün 🎉\"}}]}\r\n\r\n";
    let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\r\n\r\n";
    let after = "event: x\rdata: {\"choices\":[]}\r\r";
    for size in [1, 2, 3, 7, 50] {
        let world = World::new("pixapi", "1").await;
        let (script, gate) = Script::gated();
        world.provider.script(script);
        for piece in [before, usage, after, DONE].concat().as_bytes().chunks(size) {
            gate.send(piece.to_vec());
        }
        drop(gate);
        let seen = world.stream(ask("gpt-5.2", json!({"stream": true}))).await.rest().await;
        assert_eq!(seen, [before, after, DONE].concat(), "in pieces of {size}");
        assert_eq!(world.charge().1, "0.00001575");
        world.end().await;
    }
}

#[tokio::test]
async fn a_stream_without_its_last_blank_line_is_whole_all_the_same() {
    let world = World::new("pixapi", "1").await;
    let (reading, gate) = begun(&world, json!({})).await;
    gate.send(usage_chunk(100, 50) + "data: [DONE]");
    drop(gate);
    assert_eq!(reading.rest().await, chunk("abcd") + "data: [DONE]");
    assert_eq!(world.charge().0, "completed");
    world.end().await;
}

#[tokio::test]
async fn a_provider_that_dies_after_some_tokens_is_paid_for_those() {
    let world = World::new("pixapi", "1").await;
    let (mut reading, gate) = begun(&world, json!({})).await;
    gate.send(chunk("abcdefgh") + "data: {\"choices\":[{\"delta\":{\"content\":\"cut o");
    reading.until("abcdefgh").await;
    gate.break_off();
    let seen = reading.rest().await;
    let (passed, last) = seen.rsplit_once("data: ").unwrap();
    assert_eq!(passed, chunk("abcd") + &chunk("abcdefgh"), "half an event is not passed");
    let last: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!(last["error"]["code"], "upstream_closed");
    // 10 × 1.75 + 3 × 14 millionths.
    let lines = "input_tokens:10 output_tokens:3".to_owned();
    assert_eq!(world.charge(), ("partial".to_owned(), "0.0000595".to_owned(), lines));
    world.end().await;
}

#[tokio::test]
async fn a_provider_that_stalls_is_given_up() {
    let times = Times { between_bytes: Duration::from_millis(30), ..times() };
    let world = World::with(book("pixapi"), "1", Limits::default(), times).await;
    let (reading, gate) = begun(&world, json!({})).await;
    assert!(reading.rest().await.contains("upstream_timeout"));
    gate.hung_up().await;
    assert_eq!(world.charge().0, "partial");
    world.end().await;
}

#[tokio::test]
async fn a_provider_that_sends_an_error_in_mid_stream_is_passed_on() {
    let world = World::new("pixapi", "1").await;
    let (reading, gate) = begun(&world, json!({})).await;
    let error = "data: {\"error\":{\"message\":\"overloaded\",\"code\":\"server_error\"}}\n\n";
    gate.send(error);
    drop(gate);
    assert_eq!(reading.rest().await, chunk("abcd") + error);
    assert_eq!(world.charge().0, "partial");
    world.end().await;
}

#[tokio::test]
async fn usage_that_never_comes_is_guessed_from_what_passed() {
    let world = World::new("aiproxynode", "1").await;
    let (reading, gate) = begun(&world, json!({})).await;
    gate.send(chunk("abcdabcd") + DONE);
    assert!(reading.rest().await.ends_with(DONE));
    // 0.0000595 × 0.85.
    let lines = "input_tokens:10 output_tokens:3".to_owned();
    assert_eq!(world.charge(), ("usage_unknown".to_owned(), "0.000050575".to_owned(), lines));
    world.end().await;
}

#[tokio::test]
async fn an_account_frozen_in_mid_stream_settles_where_the_book_says_so() {
    let world = World::new("pixapi", "1").await;
    let (mut reading, gate) = begun(&world, json!({})).await;
    world.command(freeze(FreezeScope::Account, "fraud")).await.unwrap();
    gate.send(chunk("after"));
    reading.until("after").await;
    gate.send(usage_chunk(100, 50) + DONE);
    assert!(reading.rest().await.ends_with(DONE));
    assert_eq!(world.charge().1, "0.000875");
    world.end().await;
}

#[tokio::test]
async fn an_account_frozen_in_mid_stream_is_cut_off_where_the_book_says_so() {
    let world = World::new("aiproxynode", "1").await;
    let (reading, gate) = begun(&world, json!({})).await;
    world.command(freeze(FreezeScope::Account, "abuse")).await.unwrap();
    let seen = reading.rest().await;
    assert!(seen.contains("account_frozen") && !seen.contains("[DONE]"), "{seen}");
    gate.hung_up().await;
    assert_eq!((world.voids(), world.charges()), (vec!["failed".to_owned()], vec![]));
    world.end().await;
}

#[tokio::test]
async fn a_hold_that_nears_its_end_is_prolonged() {
    let world = World::new("pixapi", "1").await;
    let ends = |world: &World| -> Vec<String> {
        let end = |event| match event {
            Event::HoldExtended(extended) => Some(extended.expires_at.to_string()),
            _ => None,
        };
        world.events().into_iter().filter_map(end).collect()
    };
    let (reading, gate) = begun(&world, json!({"max_tokens": 100})).await;
    assert_eq!(ends(&world), [""; 0]);
    for passed in [301, 602] {
        // Nothing comes from the provider meanwhile: it thinks.
        world.pass_seconds(301);
        let end = start().plus_seconds(passed + 600).to_string();
        eventually(|| ends(&world).contains(&end)).await;
    }
    gate.send(usage_chunk(100, 50) + DONE);
    reading.rest().await;
    assert_eq!(world.charge().0, "completed");
    world.end().await;
}

#[tokio::test]
async fn a_hold_that_has_ended_is_charged_late() {
    let world = World::new("pixapi", "1").await;
    let (reading, gate) = begun(&world, json!({})).await;
    world.pass_seconds(10_000);
    world.engine.sweep().await.unwrap();
    gate.send(usage_chunk(100, 50) + DONE);
    assert!(reading.rest().await.ends_with(DONE));
    assert!(matches!(world.events().last(), Some(Event::HoldCaptured(captured)) if captured.late));
    assert_eq!(world.balance().await, ["0.999125", "0", "0"]);
    world.end().await;
}

#[tokio::test]
async fn a_shutdown_lets_streams_end_and_then_ends_them() {
    let world = World::new("pixapi", "1").await;
    let (reading, gate) = begun(&world, json!({})).await;
    let (unsettled, seen) = tokio::join!(world.gateway.drain(Duration::from_millis(30)), reading.rest());
    assert_eq!(unsettled, 0);
    assert!(seen.contains("shutting_down"), "{seen}");
    gate.hung_up().await;
    assert_eq!(
        world.charge(),
        ("partial".to_owned(), "0.0000315".to_owned(), "input_tokens:10 output_tokens:1".to_owned())
    );
    let reply = world.call(ask("gpt-5.2", json!({}))).await;
    assert_eq!((reply.status, reply.code().as_str()), (503, "shutting_down"));
    world.end().await;
}
