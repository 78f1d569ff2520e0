//! What each command prints, and how it exits.

use serde_json::Value;

use super::process::{scrip, scrip_cut_off, scrip_on};
use super::{folder, with_history};

const COMMANDS: [&str; 9] =
    ["serve", "demo", "events", "export", "balance", "verify", "head", "replay", "bench"];

#[tokio::test]
async fn every_command_explains_itself() {
    let overview = scrip(&["--help"]).await.with(0);
    for command in COMMANDS {
        let about = overview.out.lines().find(|line| line.trim_start().starts_with(&format!("{command} ")));
        let about = about.unwrap_or_else(|| panic!("{command} is not in {}", overview.out));
        let about = about.trim_start().strip_prefix(command).unwrap().trim();
        let help = scrip(&[command, "--help"]).await.with(0);
        assert!(!about.is_empty() && help.out.starts_with(about), "{command}: {}", help.out);
        assert!(help.out.contains(&format!("Usage: scrip {command}")), "{}", help.out);
        assert!(help.err.is_empty());
        // Every option says what it does.
        let mut lines = help.out.lines().skip_while(|line| *line != "Options:").skip(1).peekable();
        while let Some(line) = lines.next() {
            if line.trim_start().starts_with('-') && !line.trim_start().starts_with("- ") {
                let told_here = line.trim().split_once("  ").is_some();
                let told_below = lines.peek().is_some_and(|below| !below.trim_start().starts_with('-'));
                assert!(told_here || told_below, "{command}: {line}");
            }
        }
    }
    assert!(scrip(&["--version"]).await.with(0).out.starts_with("scrip 0."));
}

#[tokio::test]
async fn wrong_usage_exits_with_2_and_changes_nothing() {
    let (folder, data) = folder();
    let data = data.to_str().unwrap();
    for arguments in [
        &[][..],
        &["dance"],
        &["events", "--data", data, "--from", "x"],
        &["events", "--data", data, "--stream", "account alice"],
        &["balance", "--data", data],
        &["balance", "--data", data, "no such name"],
        &["balance", "--data", data, "alice", "--as-of", "yesterday"],
        &["balance", "--data", data, "alice", "--as-of", "2026-03-01T00:00:00Z", "--as-of-position", "3"],
        &["balance", "--data", data, "alice", "--as-of-position", "-1"],
        &["verify", "--data", data, "--expect", "12"],
        &["verify", "--data", data, "--expect", "12:beef"],
        &["head", "--data", data, "--more"],
        &["replay", "--data", data, "--threads", "many"],
        &["serve"],
        &["serve", "--dev", "--config", "scrip.toml"],
        &["serve", "--config", "scrip.toml", "--data", data],
        &["serve", "--dev", "--data", data, "--clock", "manual"],
        &["serve", "--config", "scrip.toml", "--clock", "manual", "--now", "2026-03-01T00:00:00Z"],
        &["serve", "--config", "scrip.toml", "--clock", "system"],
        &["serve", "--config", "scrip.toml", "--bench"],
        &["serve", "--dev", "--data", data, "--listen", "nowhere"],
        &["demo", "--data", data, "--seconds", "0"],
    ] {
        let ended = scrip(arguments).await;
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments:?}: {ended:?}");
        assert!(!ended.err.is_empty(), "{arguments:?}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn what_is_not_there_exits_with_3_and_is_not_made() {
    let (folder, data) = folder();
    for arguments in [&["events"][..], &["balance", "alice"], &["verify"], &["head"], &["replay"]] {
        let ended = scrip_on(&data, arguments).await.with(3);
        assert!(ended.err.contains("holds no log") && ended.out.is_empty(), "{arguments:?}: {ended:?}");
    }
    let ended = scrip(&["serve", "--config", "/nowhere/scrip.toml"]).await.with(3);
    assert!(ended.err.contains("/nowhere/scrip.toml"), "{}", ended.err);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn events_are_json_lines() {
    let (_folder, data) = folder();
    with_history(&data).await;
    let all = lines(&scrip_on(&data, &["events"]).await.with(0).out);
    let positions: Vec<_> = all.iter().map(|event| event["position"].as_u64().unwrap()).collect();
    assert_eq!(positions, (0..315).collect::<Vec<_>>());
    assert_eq!(all[14]["type"], "debited");
    assert_eq!(all[14]["payload"]["charge"]["charged"], "0.00007525");
    assert_eq!(all[14]["recorded_at"], "2026-03-02T00:00:00.000000Z");
    assert_eq!((&all[14]["stream"], &all[14]["revision"]), (&Value::from("account-alice"), &Value::from(4)));
    assert_eq!(
        (&all[14]["actor"], &all[14]["key"]),
        (&Value::from("proxy"), &Value::from("pixapi/debit/d-1"))
    );

    let some = async |arguments: &[&str]| {
        lines(&scrip_on(&data, &[&["events"], arguments].concat()).await.with(0).out)
    };
    assert_eq!(some(&["--from", "300"]).await, all[300..]);
    assert_eq!(some(&["--from", "5", "--limit", "3"]).await, all[5..8]);
    assert_eq!(some(&["--limit", "0"]).await, all[..0]);
    assert_eq!(some(&["--from", "315"]).await, all[..0]);
    assert_eq!(some(&["--stream", "account-alice"]).await, all[10..]);
    assert_eq!(some(&["--stream", "account-alice", "--from", "3", "--limit", "2"]).await, all[13..15]);
    assert_eq!(some(&["--stream", "account-nobody"]).await, all[..0]);

    // The reader leaves in the middle of more than a pipe holds.
    let (line, ended) = scrip_cut_off(&data, &["events"]).await;
    assert_eq!(lines(&line), all[..1]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
}

/// Available, posted and held.
fn balance(text: &str) -> [String; 3] {
    ["available", "posted", "held"].map(|name| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{text}"));
        line[name.len()..].trim().to_owned()
    })
}

#[tokio::test]
async fn a_balance_now_and_at_every_moment_before() {
    let (_folder, data) = folder();
    with_history(&data).await;
    for (arguments, expected) in [
        (&[][..], ["5.49992475", "5.49992475", "0"]),
        (&["--as-of", "2026-03-01T00:00:00Z"], ["10", "10", "0"]),
        (&["--as-of", "2026-03-01T23:59:59.999999Z"], ["10", "10", "0"]),
        (&["--as-of", "2026-03-02T00:00:00Z"], ["8.49992475", "8.49992475", "0"]),
        (&["--as-of", "2026-03-03T00:00:00Z"], ["5.49992475", "5.49992475", "0"]),
        (&["--known-at", "2026-03-02T12:00:00Z"], ["8.49992475", "8.49992475", "0"]),
        (&["--as-of-position", "10"], ["0", "0", "0"]),
        (&["--as-of-position", "12"], ["6", "10", "4"]),
        (&["--as-of-position", "13"], ["8.5", "8.5", "0"]),
        (&["--as-of-position", "314"], ["5.49992475", "5.49992475", "0"]),
    ] {
        let told = scrip_on(&data, &[&["balance", "alice"], arguments].concat()).await.with(0);
        assert!(told.out.starts_with("account       alice of pixapi\n"), "{}", told.out);
        assert_eq!(balance(&told.out), expected, "{arguments:?}");
    }
    for (arguments, why) in [
        (&["bob"][..], "there is no account bob"),
        (
            &["alice", "--as-of", "2026-02-28T23:59:59.999999Z"],
            "there is no account alice, or there was none then",
        ),
        (&["alice", "--as-of-position", "9"], "there is no account alice, or there was none then"),
        (&["alice", "--as-of-position", "315"], "the log ends before position 315"),
    ] {
        let refused = scrip_on(&data, &[&["balance"], arguments].concat()).await.with(3);
        assert!(refused.err.contains(why) && refused.out.is_empty(), "{refused:?}");
    }
    let future = scrip_on(&data, &["balance", "alice", "--as-of", "2999-01-01T00:00:00Z"]).await.with(2);
    assert!(future.err.contains("lies in the future") && future.out.is_empty(), "{future:?}");
}

#[tokio::test]
async fn a_replay_adds_up() {
    let (_folder, data) = folder();
    with_history(&data).await;
    for threads in [&[][..], &["--threads", "1"], &["--threads", "3"]] {
        let told = scrip_on(&data, &[&["replay"], threads].concat()).await.with(0);
        for line in [
            "events            315",
            "accounts          1 (0 closed)",
            "granted           10",
            "free              5.49992475",
            "held              0",
            "spent             4.50007525",
            "charged           4.50007525",
            "owed              0",
            "absorbed          0",
        ] {
            assert!(told.out.lines().any(|told| told == line), "{line}: {}", told.out);
        }
        assert!(told.out.contains("events/s"));
    }
}

#[tokio::test]
async fn a_demo_plays_and_accounts_for_every_credit() {
    let (_folder, data) = folder();
    let demo = scrip_on(&data, &["demo", "--once", "--seconds", "1"]).await.with(0);
    for said in
        ["Scrip is up.", "alice (pixapi)", "carol (aiproxynode)", "hashes verified", "Conservation holds"]
    {
        assert!(demo.out.contains(said), "{said}: {}", demo.out);
    }
    let calls = demo.out.lines().find(|line| line.contains(" calls answered as JSON, ")).unwrap();
    let counts: Vec<u64> = calls.split(' ').filter_map(|word| word.parse().ok()).collect();
    assert!(counts.len() == 4 && counts.iter().all(|count| *count > 0), "{calls}");
    // What it leaves is a history like any other, and says the same.
    scrip_on(&data, &["verify"]).await.with(0);
    let told = scrip_on(&data, &["balance", "alice"]).await.with(0);
    let row = demo.out.lines().find(|line| line.starts_with("alice ")).unwrap();
    let row: Vec<_> = row.split_whitespace().skip(2).collect();
    assert_eq!(balance(&told.out), [row[0], row[1], row[2]]);
}
