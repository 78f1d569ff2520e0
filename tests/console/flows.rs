//! What people of finance do in the console, in a real browser.

use serde_json::{Value, json};

use super::browser::Browser;
use super::day::{DAYS, Stage};

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

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_found_and_its_usage_exported() {
    let stage = Stage::played().await;
    let browser = Browser::open(stage.api().base()).await;
    browser.sign_in(&stage.token("finance")).await;
    assert!(browser.path().await.starts_with("/console/overview"));
    browser.follow(".wide nav a[href='/console/accounts']").await;
    browser.go("/console/accounts?book=pixapi").await;
    assert_eq!(browser.count("tbody tr").await, 3);
    for (begins, found) in [("owner-au", "aurora"), ("bor", "borealis"), ("acme", "acme")] {
        browser.fill("#q", begins).await;
        browser.follow(".moment button").await;
        assert_eq!(browser.count("tbody tr").await, 1, "{begins}");
        assert_eq!(browser.text("tbody th a").await, found);
    }
    assert_eq!(browser.text("tbody td.num").await, available(&stage, "acme", "").await);
    browser.follow("tbody th a").await;
    assert_eq!(browser.path().await, "/console/accounts/acme");
    // What the page sums up, the export holds line by line.
    browser.go("/console/usage?account=acme&from=2026-03-01&by=model").await;
    let path = browser.find("a[href^='/console/export/']").await.attr("href").await.unwrap().unwrap();
    let script =
        "const done = arguments[arguments.length - 1]; fetch(arguments[0]).then(a => a.text()).then(done)";
    let csv = browser.client.execute_async(script, vec![json!(path)]).await;
    assert!(csv.is_err(), "no script may fetch anything: the page's policy does not let it");
    let cookie = browser.client.get_named_cookie("scrip_session").await.unwrap();
    let request = http::Request::get(format!("{}{path}", stage.api().base()));
    let request = request.header("cookie", format!("scrip_session={}", cookie.value()));
    let csv = stage.api().send(request.body(Default::default()).unwrap()).await.unwrap().ok();
    let csv = String::from_utf8(csv.body.to_vec()).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    let column = lines[0].split(',').position(|name| name == "calls").unwrap();
    let calls: u64 =
        lines[1..].iter().map(|line| line.split(',').nth(column).unwrap().parse::<u64>().unwrap()).sum();
    assert_eq!(calls, 3 * DAYS);
    assert!(
        browser.text(".figures").await.contains(&calls.to_string()),
        "{}",
        browser.text(".figures").await
    );
    browser.close().await;
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queues_show_what_waits_and_decide_it() {
    let stage = Stage::played().await;
    let browser = Browser::open(stage.api().base()).await;
    browser.sign_in(&stage.token("finance2")).await;
    browser.go("/console/refunds?book=zivv").await;
    assert_eq!(browser.count("tbody tr").await, 1);
    browser.follow("tbody th a").await;
    assert!(browser.path().await.starts_with("/console/refunds/ming."));

    browser.go("/console/approvals?book=pixapi").await;
    assert_eq!(browser.text("tbody td.num").await, "-1.25");
    browser.follow("form[action='/console/actions/approve'] button").await;
    assert!(browser.text(".notice").await.contains("approved"));
    assert!(browser.text("main").await.contains("Nothing waits here."), "one reads one's own writes");

    browser.go("/console/disputes?book=aiproxynode").await;
    browser.click("details.act summary").await;
    browser.follow("form[action='/console/actions/dispute-resolve'] button").await;
    assert!(browser.text(".notice").await.contains("The dispute was resolved."));
    assert!(browser.text("main").await.contains("No dispute waits."));
    browser.sign_out().await;

    browser.sign_in(&stage.token("admin")).await;
    browser.go("/console/disputes?book=imini").await;
    browser.click("details.act summary").await;
    browser.follow("form[action='/console/actions/appeal-decide'] button").await;
    assert!(browser.text(".notice").await.contains("The appeal was decided."));
    let omar: Value = stage.api().get("auditor", "/v1/accounts/omar").await.ok().json();
    assert_eq!((&omar["measures"], &omar["appeals"][0]["state"]), (&json!([]), &json!("upheld")));
    browser.close().await;
    stage.stop().await;
}
