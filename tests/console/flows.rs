//! What people of finance do in the console, in a real browser.

use serde_json::{Value, json};

use super::browser::Browser;
use super::day::Stage;

/// What the API says of a balance: the page must show the very same string.
async fn available(stage: &Stage, account: &str, query: &str) -> String {
    let path = format!("/v1/accounts/{account}{query}");
    let account: Value = stage.api().get("auditor", &path).await.ok().json();
    account["balance"]["available"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_needs_no_mouse() {
    let stage = Stage::played().await;
    let browser = Browser::open(stage.api().base()).await;
    browser.go("/console/accounts/acme").await;
    assert!(browser.path().await.starts_with("/console/sign-in?next="));
    // The field has the focus already: one types and presses the return key.
    let field = browser.client.active_element().await.unwrap();
    field.send_keys(&format!("{}\u{E007}", stage.token("auditor"))).await.unwrap();
    browser.arrive("/console/accounts/acme").await;
    // The first key leads past the ways through the console.
    let body = browser.find("body").await;
    body.send_keys("\u{E004}").await.unwrap();
    let focused = browser.client.active_element().await.unwrap();
    assert_eq!(focused.text().await.unwrap(), "Skip to the page");
    focused.send_keys("\u{E007}").await.unwrap();
    assert_eq!(browser.ask("return document.activeElement.id").await, "main");
    browser.sign_out().await;
    browser.go("/console/books").await;
    assert!(browser.path().await.starts_with("/console/sign-in"));
    browser.close().await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_as_of_date_of_an_account_is_moved() {
    let stage = Stage::played().await;
    let browser = Browser::open(stage.api().base()).await;
    browser.sign_in(&stage.token("finance")).await;
    browser.go("/console/accounts/acme").await;
    let now = available(&stage, "acme", "").await;
    assert_eq!(browser.text("#balance .amount").await, now);
    // By the clocks of Berlin, an hour ahead of UTC in early March.
    let set = "document.querySelector('#at').value = '2026-03-05T00:00'; document.querySelector('#tz').value = 'Europe/Berlin'";
    browser.ask(set).await;
    browser.follow(".moment button").await;
    let then = available(&stage, "acme", "?as_of=2026-03-04T23:00:00Z").await;
    assert_ne!(then, now);
    assert_eq!(browser.text("#balance .amount").await, then);
    let stand = browser.text(".stand").await;
    assert!(stand.contains("2026-03-04 23:00:00 UTC") && stand.contains("00:00:00 CET"), "{stand}");
    browser.follow(".moment a.button").await;
    assert_eq!(browser.text("#balance .amount").await, now);
    browser.go("/console/accounts/acme?at=2126-01-01T00:00").await;
    assert!(browser.text(".trouble").await.contains("invalid_time"), "the future is not known");
    browser.close().await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_is_approved_by_a_second_person_and_by_nobody_else() {
    let stage = Stage::played().await;
    let browser = Browser::open(stage.api().base()).await;
    let refunds = stage.api().get("auditor", "/v1/accounts/ming/refunds").await.ok().json();
    let refund = refunds["items"][0]["refund_id"].as_str().unwrap().to_owned();
    let path = format!("/console/refunds/{refund}");
    let approve = "form[action='/console/actions/refund-approve'] button";

    browser.sign_in(&stage.token("auditor")).await;
    browser.go(&path).await;
    assert_eq!(browser.count("main form").await, 0, "an auditor is offered nothing");
    assert_eq!(browser.count(".checks li[data-done='true']").await, 2, "the evidence is there");
    browser.sign_out().await;

    browser.sign_in(&stage.token("finance")).await;
    browser.go(&path).await;
    assert!(browser.text("main").await.contains("You asked for this refund"));
    browser.follow(approve).await;
    let page = browser.text("main").await;
    assert!(page.contains("same_person"), "{page}");
    browser.sign_out().await;

    browser.sign_in(&stage.token("finance2")).await;
    browser.go(&path).await;
    browser.follow(approve).await;
    assert!(browser.text(".notice").await.contains("The refund was approved."));
    assert_eq!(browser.text(".title .badge").await, "approved");
    let refund = stage.api().get("auditor", &format!("/v1/refunds/{refund}")).await.ok().json();
    assert_eq!((&refund["status"], &refund["decision"]["by"]), (&json!("approved"), &json!("finance2")));
    browser.close().await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_verified_while_one_waits_and_compared_with_what_was_kept() {
    let stage = Stage::played().await;
    let browser = Browser::open(stage.api().base()).await;
    browser.sign_in(&stage.token("auditor")).await;
    browser.go("/console/audit").await;
    let head = browser.text("#head").await;
    browser.fill("#expect", &head).await;
    browser.follow("form[action='/console/audit/verify'] button").await;
    let found = browser.client.wait().for_element(fantoccini::Locator::Css(".notice")).await.unwrap();
    let found = found.text().await.unwrap();
    assert!(
        found.contains("Verified: nothing is wrong") && found.contains("begins with what was kept"),
        "{found}"
    );
    browser
        .fill("#expect", &format!("{}{}", &head[..head.len() - 1], if head.ends_with('0') { 1 } else { 0 }))
        .await;
    browser.follow("form[action='/console/audit/verify'] button").await;
    let found = browser.client.wait().for_element(fantoccini::Locator::Css(".wrong")).await.unwrap();
    assert!(found.text().await.unwrap().contains("1 findings"), "{}", browser.text("main").await);
    // An account, replayed.
    browser.fill("#account", "acme").await;
    browser.fill("#to", "30").await;
    browser.follow("#replay button").await;
    let then = available(&stage, "acme", "?as_of_position=30").await;
    assert_eq!(browser.text("#replay ~ .scroll tbody td").await, then);
    browser.close().await;
    stage.stop().await;
}
