//! What keeps a server from starting, and what it says then.

use std::path::Path;

use scrip_ledger::event::SecretHash;
use serde_json::json;

use super::process::{Api, Server, errors, scrip_on, until};
use super::{MANUAL, folder};
use crate::api::client::books_dir;

/// A copy of the books, to be changed.
pub fn books(to: &Path) {
    for book in ["pixapi", "aiproxynode"] {
        let folder = to.join(book);
        std::fs::create_dir_all(&folder).unwrap();
        for file in ["catalog.toml", "policy.toml"] {
            std::fs::copy(books_dir().join(book).join(file), folder.join(file)).unwrap();
        }
    }
}

/// Replaces a text of a file that is there exactly once.
pub fn edit(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{from}");
    std::fs::write(file, text.replace(from, to)).unwrap();
}

#[tokio::test]
async fn a_directory_has_one_process_at_a_time() {
    let (_folder, data) = folder();
    let server = Server::start(&data, &[]).await;
    let holder = format!("in use by process {}", server.id());
    for arguments in
        [&["events"][..], &["balance", "alice"], &["verify"], &["head"], &["replay"], &["demo", "--once"]]
    {
        let refused = scrip_on(&data, arguments).await.with(3);
        assert!(refused.err.contains(&holder) && refused.out.is_empty(), "{arguments:?}: {refused:?}");
    }
    let second = scrip_on(&data, &["serve", "--dev"]).await.with(3);
    assert!(second.err.contains(&holder) && second.out.is_empty(), "{second:?}");
    // The first has taken no harm, and when it is gone the directory is free.
    server.api.account("alice", "1").await;
    server.stop().await;
    scrip_on(&data, &["balance", "alice"]).await.with(0);
}

#[tokio::test]
async fn trial_and_production_keep_off_each_others_data() {
    let (folder, data) = folder();
    let file = folder.path().join("scrip.toml");
    let config = |data: &Path, more: &str| {
        let hash = SecretHash::of("the auditor's secret").to_string();
        let text = format!(
            "data = {data:?}\nbooks = {books:?}\nlisten = \"127.0.0.1:0\"\ngateway = \"127.0.0.1:0\"\n{more}\n\
             [[tokens]]\nsubject = \"audit\"\nscopes = [\"auditor\"]\nsha256 = \"{hash}\"\n",
            books = books_dir(),
        );
        std::fs::write(&file, text).unwrap();
        ["--config", file.to_str().unwrap()]
    };
    Server::start(&data, &[]).await.stop().await;
    let refused = Server::refused(&data, &config(&data, "")).await.with(3);
    assert!(
        refused.err.contains("is a dev data directory and cannot be used for production"),
        "{}",
        refused.err
    );

    // A typo is no silent default, and has made nothing.
    let own = folder.path().join("own");
    let refused = Server::refused(&own, &config(&own, "gatway = \"127.0.0.1:1\"")).await.with(3);
    assert!(refused.err.contains("scrip.toml") && refused.err.contains("gatway"), "{}", refused.err);
    assert!(!own.exists());

    // Production says where it listens on standard error, and nothing on standard output.
    let mut serving = Server::start_quietly(&own, &config(&own, ""));
    let mut api = String::new();
    until("production serves", async || {
        let said = errors(&own);
        assert!(serving.try_wait().unwrap().is_none(), "{said}");
        let address = said.split("api=").nth(1).and_then(|rest| rest.split_whitespace().next());
        api = address.unwrap_or_default().to_owned();
        !api.is_empty()
    })
    .await;
    let first_line = json!({
        "listening": format!("http://{api}"), "gateway": "", "tokens": { "auditor": "the auditor's secret", "x": "y" },
    });
    let api = Api::new(&first_line);
    let books = std::fs::read_dir(books_dir()).unwrap().count();
    assert_eq!(api.get("auditor", "/v1/books").await.ok().json()["items"].as_array().unwrap().len(), books);
    assert_eq!(api.get("x", "/v1/books").await.code(), "unauthenticated");
    let clock = api.post("auditor", "/v1/dev/clock", "-", json!({ "advance": "P1D" })).await;
    assert!((400..500).contains(&clock.status), "{clock:?}");
    serving.kill().await.unwrap();

    for more in [&[][..], &MANUAL] {
        let refused = Server::refused(&own, more).await.with(3);
        let why = "is a production data directory and cannot be used for dev";
        assert!(refused.err.contains(why) && refused.out.is_empty(), "{refused:?}");
    }
    let refused = scrip_on(&own, &["demo", "--once"]).await.with(3);
    assert!(refused.err.contains("is a production data directory"), "{}", refused.err);
}

#[tokio::test]
async fn a_token_acts_under_no_name_of_the_programs_own() {
    let (folder, data) = folder();
    let file = folder.path().join("scrip.toml");
    let hash = SecretHash::of("a secret");
    for subject in ["gateway", "system", "holder-", "holder-alice"] {
        let text = format!(
            "data = {data:?}\nbooks = {books:?}\nlisten = \"127.0.0.1:0\"\ngateway = \"127.0.0.1:0\"\n\
             [[tokens]]\nsubject = \"{subject}\"\nscopes = [\"auditor\"]\nsha256 = \"{hash}\"\n",
            books = books_dir(),
        );
        std::fs::write(&file, text).unwrap();
        let refused = Server::refused(&data, &["--config", file.to_str().unwrap()]).await.with(3);
        let why = format!("the subject {subject} is reserved");
        assert!(refused.err.contains("scrip.toml") && refused.err.contains(&why), "{}", refused.err);
        assert!(!data.exists());
    }
}

#[tokio::test]
async fn a_malformed_book_is_refused_with_file_key_and_reason() {
    let (folder, data) = folder();
    let all = folder.path().join("books");
    for (file, from, to, said) in [
        ("catalog.toml", "rate = \"1.75\"", "rate = 1.75", &["catalog.toml", "rate"][..]),
        (
            "catalog.toml",
            "id = \"pack-25\"",
            "id = \"pack-10\"",
            &["catalog.toml", "pack-10", "stands twice"],
        ),
        (
            "catalog.toml",
            "credits = \"25.5\"",
            "credits = \"25.5\"\ncolour = \"red\"",
            &["catalog.toml", "colour"],
        ),
        (
            "policy.toml",
            "rounding = \"half_even\"",
            "rounding = \"down\"",
            &["policy.toml", "rounding", "down"],
        ),
        ("policy.toml", "ttl_seconds = 600", "ttl_seconds = 0", &["policy.toml", "ttl_seconds"]),
    ] {
        books(&all);
        edit(&all.join("pixapi").join(file), &format!("\n{from}\n"), &format!("\n{to}\n"));
        let refused = Server::refused(&data, &["--books", all.to_str().unwrap()]).await.with(3);
        assert!(refused.out.is_empty());
        for said in [&["book pixapi"], said].concat() {
            assert!(refused.err.contains(said), "{said}: {}", refused.err);
        }
    }
    std::fs::remove_dir_all(&all).unwrap();
    std::fs::create_dir(&all).unwrap();
    let refused = Server::refused(&data, &["--books", all.to_str().unwrap()]).await.with(3);
    assert!(refused.err.contains("holds no book"), "{}", refused.err);
    // Corrected, the same directory serves.
    books(&all);
    Server::start(&data, &["--books", all.to_str().unwrap()]).await.stop().await;
}
