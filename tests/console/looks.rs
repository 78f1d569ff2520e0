//! Every page at two widths, light and dark: kept as pictures, and never wider than the window.

use super::browser::{Browser, pictures};
use super::day::Stage;

const WINDOWS: [(u32, &str); 4] = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")];

const PAGES: [(&str, &str); 21] = [
    ("overview", "/console/overview?book=pixapi"),
    ("accounts", "/console/accounts?book=pixapi"),
    ("usage", "/console/usage?book=pixapi&by=model&from=2026-03-01&tz=Europe/Berlin"),
    ("refunds", "/console/refunds?book=zivv"),
    ("approvals", "/console/approvals?book=pixapi"),
    ("disputes", "/console/disputes?book=aiproxynode"),
    ("revenue", "/console/reports?book=pixapi&from=2026-03-01&group=day"),
    ("trial-balance", "/console/reports?book=pixapi&report=trial-balance"),
    ("projections", "/console/projections"),
    ("account", "/console/accounts/acme"),
    ("account-then", "/console/accounts/acme?at=2026-03-05T00:00&tz=Europe/Berlin"),
    ("entries", "/console/accounts/acme?tab=entries"),
    ("orders", "/console/accounts/ming?tab=orders"),
    ("plans", "/console/accounts/iris?tab=plans"),
    ("measures", "/console/accounts/omar?tab=measures"),
    ("timeline", "/console/accounts/aurora?tab=timeline&tz=Asia/Tokyo"),
    ("books", "/console/books"),
    ("book", "/console/books/example"),
    ("policy", "/console/books/zivv?tab=policy"),
    ("notices", "/console/books/pixapi?tab=notices"),
    ("audit", "/console/audit?account=acme&to=30"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_a_laptop_and_a_phone() {
    let stage = Stage::played().await;
    let browser = Browser::open(stage.api().base()).await;
    let folder = pictures();
    browser.go("/console/sign-in").await;
    shoot(&browser, &folder, "sign-in").await;
    browser.sign_in(&stage.token("admin")).await;
    let refunds = stage.api().get("auditor", "/v1/accounts/ming/refunds").await.ok().json();
    let refund = format!("/console/refunds/{}", refunds["items"][0]["refund_id"].as_str().unwrap());
    browser.go(&refund).await;
    shoot(&browser, &folder, "refund").await;
    for (name, path) in PAGES {
        browser.go(path).await;
        assert_eq!(browser.count(".trouble").await, 0, "{path}: {}", browser.text("main").await);
        shoot(&browser, &folder, name).await;
    }
    browser.go("/console/accounts/nobody").await;
    shoot(&browser, &folder, "not-found").await;
    // The ways of a phone's page are behind a button.
    browser.look(390, "light").await;
    assert!(!browser.find(".menu nav").await.is_displayed().await.unwrap());
    browser.click(".menu summary").await;
    assert!(browser.find(".menu nav").await.is_displayed().await.unwrap());
    browser.keep(&folder, "menu-390-light.png").await;
    browser.close().await;
    stage.stop().await;
}

async fn shoot(browser: &Browser, folder: &std::path::Path, name: &str) {
    for (width, scheme) in WINDOWS {
        browser.look(width, scheme).await;
        let wide = browser.ask("return document.documentElement.scrollWidth").await;
        assert!(wide.as_u64().unwrap() <= u64::from(width), "{name} is {wide} wide at {width}");
        browser.keep(folder, &format!("{name}-{width}-{scheme}.png")).await;
    }
}
