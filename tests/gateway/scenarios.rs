//! What goes wrong elsewhere, and what becomes of it here. Each is named after what users complain about.

use std::sync::Arc;
use std::time::Duration;

use scrip_gateway::mock::{Script, chunk, completion, usage_chunk};
use scrip_gateway::{Limits, Times};
use serde_json::json;
use tokio::task::JoinSet;

use super::streams::{DONE, begun};
use super::world::{World, ask, book, eventually, times};

/// Waits until the gateway knows that its caller has left.
async fn noticed(world: &World) {
    eventually(|| world.gateway.callers_left() > 0).await;
}

/// litellm, a budget of 1.66 calls: 2 to 4 of 40 were let through.
#[tokio::test]
async fn forty_calls_at_once_on_credits_for_1_66_of_them() {
    // A call of 100 output tokens holds 0.00142625.
    let world = Arc::new(World::new("pixapi", "0.002367575").await);
    let (script, release) = Script::json(200, completion("hi", 10, 100)).held_back();
    world.provider.script(script);
    let mut calls = JoinSet::new();
    for _ in 0..40 {
        let world = Arc::clone(&world);
        calls.spawn(async move { world.call(ask("gpt-5.2", json!({"max_tokens": 100}))).await.status });
    }
    for _ in 0..39 {
        assert_eq!(calls.join_next().await.unwrap().unwrap(), 402);
    }
    assert_eq!(world.provider.count(), 1);
    release.release();
    assert_eq!(calls.join_next().await.unwrap().unwrap(), 200);
    assert_eq!(world.balance().await, ["0.000950075", "0", "0"]);
    world.settled().await;
}

/// sub2api#3384, #7002: only whether the balance is positive is checked; a long stream ends at −50.
#[tokio::test]
async fn preflight_checks_only_that_the_balance_is_positive() {
    let world = World::new("pixapi", "0.000000001").await;
    let reply = world.call(ask("gpt-5.2", json!({"stream": true}))).await;
    assert_eq!((reply.status, reply.code().as_str()), (402, "insufficient_credits"));
    assert_eq!(reply.json()["error"]["required"], "0.00361025", "15 tokens in, and 256 out to begin with");
    assert_eq!(world.provider.count(), 0);

    // 15 tokens in and 300 out: it begins, and ends where the credits end.
    world.grant("0.00422625").await;
    let (reading, gate) = begun(&world, json!({})).await;
    gate.send(chunk(&"abcd".repeat(298)) + &chunk("last"));
    gate.send(chunk("beyond") + &chunk("more"));
    let seen = reading.rest().await;
    assert!(seen.contains("last") && !seen.contains("beyond") && !seen.contains("[DONE]"), "{seen}");
    assert!(seen.contains("insufficient_credits"));
    gate.hung_up().await;
    let lines = "input_tokens:10 output_tokens:300".to_owned();
    assert_eq!(world.charge(), ("partial".to_owned(), "0.0042175".to_owned(), lines));
    assert_eq!(world.balance().await, ["0.000008751", "0", "0"]);
    world.end().await;
}

/// … and a stream whose account is topped up in time goes on.
#[tokio::test]
async fn a_stream_is_cut_off_although_credits_came_in_time() {
    let world = World::new("pixapi", "0.004226251").await;
    let (reading, gate) = begun(&world, json!({})).await;
    world.grant("1").await;
    gate.send(chunk(&"abcd".repeat(499)));
    gate.send(usage_chunk(10, 500) + DONE);
    assert!(reading.rest().await.ends_with(DONE));
    assert_eq!(world.charge().1, "0.0070175");
    world.end().await;
}

/// litellm PR#27509, PR#30522: worst-case holds block a key that has used next to nothing.
#[tokio::test]
async fn worst_case_holds_block_a_nearly_unused_key() {
    // The model's most, 128,000 tokens, would hold 1.79 credits.
    let world = World::new("pixapi", "0.5").await;
    // A stream begins with what there is …
    let (reading, gate) = begun(&world, json!({})).await;
    assert_eq!(world.balance().await[0], "0.00000575", "not a whole token is left");
    gate.send(usage_chunk(100, 50) + DONE);
    reading.rest().await;
    assert_eq!(world.balance().await, ["0.499125", "0", "0"]);
    // … a call that cannot be stopped on its way is held in full …
    let reply = world.call(ask("gpt-5.2", json!({}))).await;
    assert_eq!((reply.status, reply.json()["error"]["required"].as_str()), (402, Some("1.79202625")));
    // … unless its caller bounds it.
    assert_eq!(world.call(ask("gpt-5.2", json!({"max_completion_tokens": 2_000}))).await.status, 200);
    world.end().await;
}

/// new-api#5235, #7062, litellm#14457: a client that disconnects is billed nothing while the provider charges.
#[tokio::test]
async fn client_disconnect_bills_zero() {
    let world = World::new("pixapi", "1").await;
    let (reading, gate) = begun(&world, json!({})).await;
    drop(reading);
    noticed(&world).await;
    gate.send(chunk("unheard"));
    gate.send(usage_chunk(100, 50) + DONE);
    drop(gate);
    world.settled().await;
    let lines = "input_tokens:100 output_tokens:50".to_owned();
    assert_eq!(world.charge(), ("client_disconnected".to_owned(), "0.000875".to_owned(), lines));
    world.end().await;
}

/// The same for a call that is no stream.
#[tokio::test]
async fn client_disconnect_bills_zero_without_a_stream() {
    let world = World::new("pixapi", "2").await;
    let (script, release) = Script::json(200, completion("hi", 100, 50)).held_back();
    world.provider.script(script);
    tokio::select! {
        _ = world.call(ask("gpt-5.2", json!({}))) => panic!("no answer was let through"),
        () = world.provider.received_in_all(1) => {}
    }
    noticed(&world).await;
    release.release();
    world.settled().await;
    assert_eq!(world.charge().0, "client_disconnected");
    assert_eq!(world.balance().await, ["1.999125", "0", "0"]);
    world.end().await;
}

/// … but nobody reads on for ever: beyond so many bytes, or so much time, what is known is charged.
#[tokio::test]
async fn an_abandoned_stream_is_read_for_ever() {
    let bytes = Limits { read_on_bytes: 2_000, ..Limits::default() };
    let time = Times { read_on: Duration::from_millis(20), ..times() };
    for (limits, times, unheard, charged) in [
        // 10 × 1.75 + 21 × 14, or 1 × 14 millionths.
        (bytes, times(), 20, "0.0003115"),
        (Limits::default(), time, 0, "0.0000315"),
    ] {
        let world = World::with(book("pixapi"), "1", limits, times).await;
        let (reading, gate) = begun(&world, json!({})).await;
        drop(reading);
        noticed(&world).await;
        if unheard > 0 {
            gate.send(chunk("abcd").repeat(unheard));
        }
        gate.hung_up().await;
        world.settled().await;
        let (outcome, amount, _) = world.charge();
        assert_eq!((outcome.as_str(), amount.as_str()), ("client_disconnected", charged));
        world.end().await;
    }
}

/// new-api#5289, #4168: the opposite, streams that failed are charged anyway.
#[tokio::test]
async fn failed_streams_charged_anyway() {
    let world = World::new("aiproxynode", "1").await;
    for first in [": connected\n\n".to_owned(), chunk("")] {
        let (script, gate) = Script::gated();
        world.provider.script(script);
        gate.send(first.clone());
        let mut reading = world.stream(ask("gpt-5.2", json!({"stream": true}))).await;
        reading.until(&first).await;
        gate.break_off();
        assert!(reading.rest().await.contains("upstream_closed"));
    }
    assert_eq!((world.voids(), world.charges()), (vec!["failed".to_owned(); 2], vec![]));
    assert_eq!(world.balance().await, ["1", "0", "0"]);
    world.end().await;
}

/// What is used beyond the hold and the balance is never lost: the operator's, or a debt, as the book says.
#[tokio::test]
async fn usage_beyond_the_hold_turns_the_balance_negative_in_silence() {
    for (book, grant, charged, absorbed, available) in [
        // 10 tokens in and 200 out are 0.0028175; the hold for 100 was all there was.
        ("pixapi", "0.00142625", "0.0028175", "0.00139125", "0"),
        ("aiproxynode", "0.001212313", "0.002394875", "0", "-0.001182562"),
    ] {
        let world = World::new(book, grant).await;
        world.provider.script(Script::json(200, completion("hi", 10, 200)));
        assert_eq!(world.call(ask("gpt-5.2", json!({"max_tokens": 100}))).await.status, 200);
        let charge = world.charges().remove(0);
        assert_eq!(
            (charge.charged.to_string(), charge.absorbed.to_string()),
            (charged.to_owned(), absorbed.to_owned())
        );
        assert_eq!(world.balance().await[0], available);
        world.end().await;
    }
}
