//! Closed periods: what was reported stays as it was reported (new-api#2891: finance cannot reconcile).

use serde_json::{Value, json};

use crate::api::client::World;

const PATH: &str = "/v1/books/pixapi/periods/close";

/// The world's clock stands at the beginning of July 2026.
#[tokio::test(flavor = "multi_thread")]
async fn a_period_is_closed_once_after_its_end_and_never_goes_back() {
    let world = World::start().await;
    let until = |time: &str| json!({ "until": time });
    let june = until("2026-06-01T00:00:00Z");
    assert_eq!(world.post("support", PATH, "c-0", june.clone()).await.code(), "forbidden_scope");
    assert_eq!(world.post("auditor", PATH, "c-0", june.clone()).await.code(), "forbidden_scope");

    let early = world.post("finance", PATH, "c-0", until("2026-07-01T00:00:00.000001Z")).await;
    assert_eq!((early.status, early.code()), (422, "invalid_time".to_owned()));
    for (body, code) in [
        (until("June"), "invalid_time"),
        (json!({}), "malformed"),
        (json!({ "until": "2026-06-01T00:00:00Z", "month": 6 }), "unknown_field"),
    ] {
        assert_eq!(world.post("finance", PATH, "c-0", body).await.code(), code);
    }

    let closed = world.post("finance", PATH, "c-1", june.clone()).await.ok();
    assert_eq!(closed.status, 201);
    assert_eq!(closed.json()["until"], "2026-06-01T00:00:00.000000Z");
    for again in ["2026-06-01T00:00:00Z", "2026-05-31T23:59:59.999999Z"] {
        let refused = world.post("finance", PATH, "c-2", until(again)).await;
        assert_eq!((refused.status, refused.code()), (409, "period_closed".to_owned()), "{again}");
        assert_eq!(refused.json()["until"], "2026-06-01T00:00:00.000000Z");
    }
    let replayed = world.post("finance", PATH, "c-1", june).await.ok();
    assert_eq!(replayed.json(), closed.json());

    // Up to this very instant; the books remember it after a restart, each for itself.
    world.post("finance", PATH, "c-3", until("2026-07-01T00:00:00Z")).await.ok();
    let world = world.restart().await;
    let books = world.get("auditor", "/v1/books").await.ok().json();
    let of = |book: &str| {
        let books = books["items"].as_array().unwrap();
        books.iter().find(|known| known["book"] == book).unwrap()["closed_until"].clone()
    };
    assert_eq!((of("pixapi"), of("zivv")), (json!("2026-07-01T00:00:00.000000Z"), Value::Null));
    let refused = world.post("finance", PATH, "c-4", until("2026-06-30T00:00:00Z")).await;
    assert_eq!(refused.code(), "period_closed");
}
