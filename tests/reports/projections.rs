//! How the read models stand: what stops one is shown and skipped by a decision, and a rebuilt one takes its place.

use scrip_store::{Expected, Group, NewEvent, StreamAppend, StreamName};
use serde_json::{Value, json};

use super::world::ask;
use crate::api::client::{World, call};

/// An event that nobody can read, of an account that nobody has opened. Answers its position.
fn poison(world: &World) -> u64 {
    let now = world.engine.clock().now().micros();
    let event = NewEvent {
        id: uuid::Uuid::from_u128(7),
        event_type: "from_another_world".into(),
        version: 1,
        recorded_at: now,
        effective_at: now,
        actor: "nobody".into(),
        correlation: "".into(),
        causation: "".into(),
        key: "".into(),
        fingerprint: [0; 16],
        payload: b"{}".to_vec(),
    };
    let stream = StreamName::new("account-zoe").unwrap();
    let append = StreamAppend { stream, expected: Expected::NoStream, events: vec![event] };
    let done = world.engine.store().append(&[Group { appends: vec![append] }]).unwrap();
    done.into_iter().next().unwrap().unwrap().first_position
}

/// How the read models stand, once they stand so.
async fn until(world: &World, stands: impl Fn(&Value) -> bool) -> Value {
    let mut status = json!(null);
    for _ in 0..20_000 {
        status = world.get("auditor", "/v1/projections").await.ok().json();
        if stands(&status) {
            return status;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never came to that: {status}");
}

/// The read models that take events of accounts: all but the one of what books announce.
fn of_accounts(status: &Value) -> impl Iterator<Item = &Value> {
    items(status).iter().filter(|item| item["name"] != "versions")
}

fn items(status: &Value) -> &[Value] {
    status["items"].as_array().unwrap()
}

async fn debit(world: &World, at: usize) {
    let key = format!("d-{at}");
    world.post("proxy", "/v1/accounts/alice/debits", &key, call(&key, "amount", json!("0.5"))).await.ok();
}

async fn with_calls() -> World {
    let world = World::start().await;
    world.account("pixapi", "alice", "50").await;
    for at in 0..5 {
        debit(&world, at).await;
    }
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn the_read_models_say_how_far_they_are() {
    let world = with_calls().await;
    let end = world.engine.store().head().unwrap().next_position;
    let status = ask(&world, "/v1/projections").await;
    let names: Vec<&str> = items(&status).iter().map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!(names, scrip_projections::model_names());
    for item in items(&status) {
        assert_eq!((&item["state"], &item["position"]), (&json!("running"), &json!(end - 1)), "{item}");
        assert_eq!((&item["lag"], &item["lag_seconds"]), (&json!(0), &json!(0)), "{item}");
        assert_eq!((&item["version"], &item["generation"]), (&json!(scrip_projections::FORMAT), &json!(1)));
        assert!(item.get("poison").is_none());
    }
    let metrics = String::from_utf8(world.get("auditor", "/metrics").await.ok().body.to_vec()).unwrap();
    for line in [
        format!("scrip_projection_position{{projection=\"usage\"}} {end}"),
        "scrip_projection_stopped{projection=\"usage\"} 0".to_owned(),
        "scrip_projection_lag_events{projection=\"entries\"} 0".to_owned(),
        "scrip_read_side_generation 1".to_owned(),
        "scrip_read_side_complete 1".to_owned(),
    ] {
        assert!(metrics.lines().any(|have| have == line), "{line}\nin\n{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_cannot_be_taken_stops_what_needs_it_until_somebody_decides() {
    let world = with_calls().await;
    ask(&world, "/v1/projections").await;
    let at = poison(&world);
    let stopped = until(&world, |status| of_accounts(status).all(|item| item["state"] == "stopped")).await;
    assert!(
        items(&stopped).iter().any(|item| item["state"] == "running"),
        "what does not need the event goes on"
    );
    for item in of_accounts(&stopped) {
        assert_eq!((&item["poison"]["position"], &item["position"]), (&json!(at), &json!(at - 1)), "{item}");
        assert!(item["poison"]["error"].as_str().unwrap().contains("cannot be read"), "{item}");
    }
    // Commands go on, and so do the queries that the engine answers.
    debit(&world, 5).await;
    assert_eq!(world.balance("alice").await["available"], "47");
    // A report says that it cannot tell, not what it does not know.
    let report = "/v1/books/pixapi/reports/usage";
    let refused = world.get("auditor", report).await;
    assert_eq!((refused.code().as_str(), &refused.json()["position"]), ("projection_stopped", &json!(at)));
    assert!(refused.header("retry-after").is_some());
    let behind = until(&world, |status| items(status)[0]["lag"] == 2).await;
    assert_eq!(items(&behind)[0]["lag_seconds"], 0, "the clock of this test stands still");
    let metrics = String::from_utf8(world.get("auditor", "/metrics").await.ok().body.to_vec()).unwrap();
    assert!(
        metrics.lines().any(|line| line == "scrip_projection_stopped{projection=\"usage\"} 1"),
        "{metrics}"
    );

    let skip = json!({ "position": at, "reason": "written_by_hand" });
    for role in ["finance", "auditor", "support"] {
        assert_eq!(
            world.post(role, "/v1/projections/usage/skip", "k", skip.clone()).await.code(),
            "forbidden_scope"
        );
    }
    let elsewhere = json!({ "position": at - 1, "reason": "written_by_hand" });
    let refused = world.post("admin", "/v1/projections/usage/skip", "k", elsewhere).await;
    assert_eq!(
        (refused.code().as_str(), &refused.json()["stopped_at"]),
        ("projection_not_stopped", &json!(at))
    );
    for body in [json!({ "position": at }), json!({ "position": at, "reason": "with blanks" })] {
        assert!(world.post("admin", "/v1/projections/usage/skip", "k", body).await.status >= 400);
    }
    for name in of_accounts(&stopped).map(|item| item["name"].as_str().unwrap()) {
        let path = format!("/v1/projections/{name}/skip");
        let decided = world.post("admin", &path, "k", skip.clone()).await.ok();
        assert_eq!(decided.json()["skipped"], at);
        let again = world.post("admin", &path, "k", skip.clone()).await.ok();
        assert_eq!((&again.body, again.header("idempotent-replayed")), (&decided.body, Some("true")));
    }
    debit(&world, 6).await;
    let running = until(&world, |status| items(status).iter().all(|item| item["state"] == "running")).await;
    assert!(items(&running).iter().all(|item| item.get("poison").is_none()));
    assert_eq!(ask(&world, report).await["total"]["calls"], 7);
    // The decisions are in the log, with who made them.
    let events = world.get("auditor", "/v1/events?limit=1000").await.ok().json();
    let decisions: Vec<&Value> =
        items(&events).iter().filter(|event| event["type"] == "projection_event_skipped").collect();
    assert_eq!(decisions.len(), of_accounts(&stopped).count());
    assert!(decisions.iter().all(|event| event["actor"] == "admin" && event["payload"]["position"] == at));

    // What is built anew leaves the event out as well, by the same decisions.
    let begun = world.post("admin", "/v1/projections/rebuild", "k", json!({})).await.ok();
    assert_eq!((begun.status, begun.json()["generation"].as_u64()), (202, Some(2)));
    let rebuilt = until(&world, |status| items(status).iter().all(|item| item["generation"] == 2)).await;
    assert_eq!(
        (&rebuilt["compared"]["generation"], &rebuilt["compared"]["differences"]),
        (&json!(2), &json!(0))
    );
    assert!(rebuilt["compared"]["rows"].as_u64().unwrap() > 20, "{rebuilt}");
    debit(&world, 7).await;
    assert_eq!(ask(&world, report).await["total"]["calls"], 8);
    for role in ["finance", "auditor"] {
        assert_eq!(
            world.post(role, "/v1/projections/rebuild", "k", json!({})).await.code(),
            "forbidden_scope"
        );
    }
}
