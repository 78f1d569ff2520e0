//! `scrip export`: every format of one history, and what programs of others make of the journals.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;

use scrip_engine::Entries;
use scrip_ledger::Credits;
use scrip_store::{EmbeddedStore, EventStore};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::process::{Api, Server, scrip_cut_off, scrip_on};
use super::{MANUAL, folder};

const FORMATS: [&str; 5] = ["hledger", "beancount", "csv", "jsonl", "xlsx"];

/// The books of the demo, and one with a name that Beancount could not write.
fn books() -> TempDir {
    let folder = TempDir::new().unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/books");
    for (from, to) in
        [("pixapi", "pixapi"), ("zivv", "zivv"), ("z-image-ai", "z-image-ai"), ("pixapi", "Strange_Book")]
    {
        std::fs::create_dir(folder.path().join(to)).unwrap();
        for file in ["catalog.toml", "policy.toml"] {
            std::fs::copy(fixtures.join(from).join(file), folder.path().join(to).join(file)).unwrap();
        }
    }
    folder
}

struct Day<'a>(&'a Api, u32);

impl Day<'_> {
    async fn done(&mut self, role: &str, path: &str, body: Value) -> Value {
        self.1 += 1;
        self.0.post(role, path, &format!("k-{}", self.1), body).await.ok().json()
    }

    async fn open(&mut self, book: &str, account: &str) {
        let attestations =
            json!({ "age_at_least": 18, "accurate_information": true, "not_sanctioned": true });
        let body = json!({ "account_id": account, "region": "HK", "attestations": attestations });
        self.done("support", &format!("/v1/books/{book}/accounts"), body).await;
    }

    async fn top_up(&mut self, account: &str, product: &str, payment: Value) {
        let order_id = format!("order-{account}");
        let body = json!({ "order_id": order_id, "product_id": product, "payment": payment });
        self.done("finance", &format!("/v1/accounts/{account}/top-ups"), body).await;
    }

    async fn debit(&mut self, account: &str, model: &str, endpoint: &str, usage: Value, outcome: &str) {
        let body = json!({
            "request_id": format!("r-{}", self.1), "model": model, "endpoint": endpoint, "usage": usage, "outcome": outcome,
        });
        self.done("proxy", &format!("/v1/accounts/{account}/debits"), body).await;
    }

    async fn advance(&mut self, by: &str) {
        self.done("admin", "/v1/dev/clock", json!({ "advance": by })).await;
    }
}

fn payment(provider: &str, amount: &str) -> Value {
    json!({
        "provider": provider, "payment_id": format!("pi-{}", amount.replace('.', "")), "method": "card", "currency": "USD",
        "amount": amount,
    })
}

/// Forty days of four books, which nobody serves any more: payments with tax and fees, calls, a refund that is paid out, a
/// subscription whose second period is not paid, credits that expire, a claim, a closed period.
async fn history() -> (TempDir, PathBuf) {
    let (folder, data) = folder();
    let books = books();
    let server =
        Server::start(&data, &[&MANUAL[..], &["--books", books.path().to_str().unwrap()]].concat()).await;
    let mut day = Day(&server.api, 0);
    let tokens = json!({ "input_tokens": 1_000_000, "output_tokens": 100_000 });

    day.open("pixapi", "alice").await;
    let mut paid = payment("stripe", "10.00");
    (paid["tax"], paid["fee"]) = (json!("2.00"), json!("0.30"));
    day.top_up("alice", "pack-10", paid).await;
    let grant = json!({ "source": "promotional", "credits": "2", "expires_at": "2026-03-20T12:00:00Z" });
    day.done("finance", "/v1/accounts/alice/grants", grant).await;
    day.debit("alice", "gpt-5.2", "chat/completions", json!({ "input_tokens": 1_234_567 }), "completed")
        .await;

    day.open("zivv", "ming").await;
    day.top_up("ming", "credits-20", payment("stripe", "20.00")).await;
    day.debit("ming", "gemini-3-flash", "chat/completions", tokens.clone(), "completed").await;
    let evidence =
        json!([{ "kind": "payment_proof", "ref": "scan-1" }, { "kind": "identity", "ref": "scan-2" }]);
    let ask = json!({ "cause": "change_of_mind", "evidence": evidence });
    let refund = day.done("support", "/v1/orders/order-ming/refund-requests", ask).await;
    let refund = format!("/v1/refunds/{}", refund["refund_id"].as_str().unwrap());
    day.done("finance", &format!("{refund}/approve"), json!({})).await;
    day.done("finance2", &format!("{refund}/paid"), json!({ "ref": "transfer-1" })).await;

    day.open("z-image-ai", "iris").await;
    let subscribe = json!({ "plan": "basic-monthly", "payment": payment("stripe", "9.90") });
    day.done("finance", "/v1/accounts/iris/subscriptions", subscribe).await;
    for outcome in ["moderation_blocked", "completed"] {
        day.debit("iris", "nano-banana-2", "images/generations", json!({ "images": 3 }), outcome).await;
    }

    // What a spreadsheet would take for a formula, and Beancount for no name.
    day.open("Strange_Book", "-sum").await;
    day.top_up("-sum", "pack-25", payment("My_Bank", "25.00")).await;

    day.advance("P40D").await;
    let claim = json!({ "amount": { "currency": "EUR", "amount": "50.00" }, "reason": "damage" });
    let claim = day.done("finance", "/v1/accounts/ming/compensation-claims", claim).await;
    let settle = format!("/v1/compensation-claims/{}/settle", claim["claim_id"].as_str().unwrap());
    day.done("finance", &settle, json!({ "outcome": "paid" })).await;
    let until = json!({ "until": "2026-04-01T00:00:00Z" });
    day.done("finance", "/v1/books/pixapi/periods/close", until).await;
    day.debit("alice", "gpt-5.2", "chat/completions", json!({ "output_tokens": 7 }), "completed").await;
    server.stop().await;
    (folder, data)
}

async fn export(data: &Path, arguments: &[&str]) -> String {
    let ended = scrip_on(data, &[&["export", "--format"], arguments].concat()).await.with(0);
    assert_eq!(ended.err, "", "{arguments:?}");
    ended.out
}

/// A table's lines as cells, without the header.
fn cells(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

type Balances = BTreeMap<(String, String, String), i128>;

/// An amount of any commodity, in 10^-9.
fn exact(amount: &str) -> i128 {
    amount.parse::<Credits>().unwrap().nanos()
}

/// Sums of the lines of a table by book, account and commodity.
fn sums(lines: &[Vec<String>]) -> Balances {
    let mut sums = Balances::new();
    for line in lines {
        let key = (line[4].clone(), line[9].clone(), line[10].clone());
        *sums.entry(key).or_default() += exact(&line[11]);
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

/// The trial balance by the entries of the log.
fn trial_balance(data: &Path) -> Balances {
    let (store, _) = EmbeddedStore::open(&data.join("log"), scrip_store::Options::default()).unwrap();
    let (mut entries, mut balances) = (Entries::default(), Balances::new());
    let scanned = store.scan_all(0, &mut |stored| {
        let Some(entry) = entries.take(&stored).unwrap() else { return ControlFlow::Continue(()) };
        for posting in entry.postings {
            let commodity = posting.commodity;
            let key = (entry.book.to_string(), posting.account.to_string(), commodity.to_string());
            *balances.entry(key).or_default() += exact(&commodity.amount(posting.quantity));
        }
        ControlFlow::Continue(())
    });
    scanned.unwrap();
    balances.retain(|_, sum| *sum != 0);
    balances
}

/// Runs a program of others on a journal; answers what it prints, or what it complains of.
fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| {
        panic!("{program} is needed (cargo xtask test installs it): {error}");
    });
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if output.status.success() {
        Ok(text(output.stdout))
    } else {
        Err(text(output.stderr) + &text(output.stdout))
    }
}

fn written(folder: &TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_format_of_one_history() {
    let (_folder, data) = history().await;
    for format in ["hledger", "beancount", "csv", "jsonl"] {
        insta::assert_snapshot!(format, export(&data, &[format]).await);
    }
    // The lines of JSON say what the table says.
    let table = cells(&export(&data, &["csv"]).await);
    let lines = export(&data, &["jsonl"]).await;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), table.len());
    for (line, cells) in lines.iter().zip(&table) {
        let told = [&line["position"].to_string(), line["event"].as_str().unwrap()];
        assert_eq!(told, [&cells[0], cells[1].as_str()]);
        let told = ["chart_account", "commodity", "amount"].map(|name| line[name].as_str().unwrap());
        assert_eq!(told, [cells[9].as_str(), &cells[10], &cells[11]]);
    }
    assert_eq!(sums(&table), trial_balance(&data));
    let by_commodity = |book: &str, commodity: &str| {
        let of_it = table.iter().filter(|line| line[4] == book && line[10] == commodity);
        of_it.map(|line| exact(&line[11])).sum::<i128>()
    };
    for book in ["pixapi", "zivv", "z-image-ai", "Strange_Book"] {
        for commodity in ["USD", "EUR", "credits"] {
            assert_eq!(by_commodity(book, commodity), 0, "{commodity} of {book}");
        }
    }
}

#[tokio::test]
async fn hledger_takes_the_journal_and_has_our_balances() {
    let (folder, data) = history().await;
    let journal = export(&data, &["hledger"]).await;
    let file = written(&folder, "all.journal", &journal);
    run("hledger", &["-f", &file, "check"]).unwrap();
    run("hledger", &["-f", &file, "check", "--strict"]).unwrap();
    let told = run("hledger", &["-f", &file, "bal", "--flat", "--layout=bare", "-N", "-O", "csv"]).unwrap();
    let mut theirs = Balances::new();
    for line in cells(&told) {
        let (account, book) = line[0].rsplit_once(':').unwrap();
        let commodity = if line[1] == format!("{book}-credits") { "credits" } else { &line[1] };
        theirs.insert((book.to_owned(), account.to_owned(), commodity.to_owned()), exact(&line[2]));
    }
    theirs.retain(|_, balance| *balance != 0);
    assert_eq!(theirs, trial_balance(&data));

    // Their check is one: a cent that is missing is found.
    let (head, closing) = journal.split_once("closing balances").unwrap();
    let wrong = closing.replacen(".00 USD\n", ".01 USD\n", 1);
    assert_ne!(wrong, closing);
    let file = written(&folder, "wrong.journal", &format!("{head}closing balances{wrong}"));
    assert!(run("hledger", &["-f", &file, "check"]).unwrap_err().contains("balance assertion"));
}

#[tokio::test]
async fn beancount_takes_the_journal_and_has_our_balances() {
    let (folder, data) = history().await;
    let journal = export(&data, &["beancount"]).await;
    let file = written(&folder, "all.beancount", &journal);
    run("bean-check", &[&file]).unwrap();
    // It asserts a balance of every account that we have one of, exactly.
    let asserted = journal.lines().filter(|line| line.contains(" balance ") && !line.contains("  0 ~ 0 "));
    let asserted = asserted.filter(|line| !line.contains("  0.00 ~ 0 ")).count();
    assert_eq!(asserted, trial_balance(&data).len());
    let wrong = journal.replacen(".00 ~ 0 USD", ".01 ~ 0 USD", 1);
    assert_ne!(wrong, journal);
    let file = written(&folder, "wrong.beancount", &wrong);
    assert!(run("bean-check", &[&file]).unwrap_err().contains("Balance failed"));
}

/// Read back by a program that knows nothing of the writer: the same cells, numbers where a double holds them.
#[tokio::test]
async fn the_workbook_holds_the_lines_of_the_table() {
    const READER: &str = r#"
import sys, zipfile, xml.etree.ElementTree as tree
book = zipfile.ZipFile(sys.argv[1])
space = '{http://schemas.openxmlformats.org/spreadsheetml/2006/main}'
for row in tree.fromstring(book.read('xl/worksheets/sheet1.xml')).iter(space + 'row'):
    cells = {}
    for cell in row.iter(space + 'c'):
        column = ord(cell.get('r')[0]) - ord('A')
        text = ''.join(part.text or '' for part in cell.iter() if part.tag in (space + 'v', space + 't'))
        cells[column] = ('n:' if cell.get('t') is None else 't:') + text
    print('\t'.join(cells.get(column, 't:') for column in range(12)))
"#;
    let (folder, data) = history().await;
    let file = folder.path().join("all.xlsx");
    let file = file.to_str().unwrap();
    assert_eq!(export(&data, &["xlsx", "--out", file]).await, "");
    let read = run("python3", &["-c", READER, file]).unwrap();
    let mut lines = read.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    assert_eq!(header[9], "t:chart_account");
    let table = cells(&export(&data, &["csv"]).await);
    let plain = |number: &str| match number.split_once('.') {
        Some((whole, places)) => {
            format!("{whole}.{}", places.trim_end_matches('0')).trim_end_matches('.').to_owned()
        }
        None => number.to_owned(),
    };
    let mut numbers = 0;
    for line in &table {
        let read = lines.next().unwrap();
        for (at, cell) in line.iter().enumerate() {
            // In a workbook a text is a text: nothing has to keep it from being a formula.
            let (kind, text) = read[at].split_once(':').unwrap();
            let same = if kind == "n" { text == plain(cell) } else { text == cell.trim_start_matches('\'') };
            assert!(same, "{} is not {cell}", read[at]);
            numbers += usize::from(kind == "n");
        }
    }
    assert_eq!(lines.next(), None);
    assert!(numbers > table.len(), "{numbers} numbers in {} lines", table.len());
}

#[tokio::test]
async fn a_period_a_book_or_an_account_is_a_part_of_the_whole() {
    let (folder, data) = history().await;
    let all = cells(&export(&data, &["csv"]).await);
    let only = |which: &dyn Fn(&Vec<String>) -> bool| {
        all.iter().filter(|line| which(line)).cloned().collect::<Vec<_>>()
    };
    for book in ["zivv", "Strange_Book"] {
        let part = cells(&export(&data, &["csv", "--book", book]).await);
        assert_eq!(part, only(&|line| line[4] == book));
        assert!(!part.is_empty());
    }
    // A cell that would be run as a formula has an apostrophe before it.
    let part = cells(&export(&data, &["csv", "--account=-sum"]).await);
    assert_eq!(part, only(&|line| line[2] == "'-sum"));
    assert!(!part.is_empty());

    let (from, until) = ("2026-03-20T12:00:00.000000Z", "2026-04-05T00:00:00.000000Z");
    let part = cells(&export(&data, &["csv", "--from", from, "--until", until]).await);
    let (opening, within): (Vec<_>, Vec<_>) = part.into_iter().partition(|line| line[1] == "opening_balance");
    assert_eq!(within, only(&|line| line[5].as_str() >= from && line[5].as_str() < until));
    assert_eq!(sums(&opening), sums(&only(&|line| line[5].as_str() < from)));
    // What expired at that very instant is in the period, and so is the unpaid one that began in it.
    let events: Vec<&str> = within.iter().map(|line| line[1].as_str()).collect();
    assert!(events.contains(&"lot_expired") && events.contains(&"period_granted"), "{events:?}");
    assert!(!opening.is_empty() && opening.iter().all(|line| line[5] == from));

    for more in
        [&["--from", from][..], &["--until", until], &["--from", from, "--until", until, "--book", "pixapi"]]
    {
        for (format, program, check) in [("hledger", "hledger", "check"), ("beancount", "bean-check", "")] {
            let journal = export(&data, &[&[format], more].concat()).await;
            let file = written(&folder, &format!("part.{format}"), &journal);
            let arguments = ["-f", &file, check, "--strict"];
            let taken = if check.is_empty() { run(program, &[&file]) } else { run(program, &arguments) };
            assert_eq!(taken, Ok(String::new()), "{format} {more:?}\n{journal}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_exported_leaves_no_file() {
    let (folder, data) = history().await;
    let out = folder.path().join("books.out");
    let out = out.to_str().unwrap();
    let time = "2026-03-20T00:00:00Z";
    for (arguments, code, said) in [
        (&["--format", "pdf"][..], 2, "pdf"),
        (&[], 2, "--format"),
        (&["--format", "csv", "--from", time, "--until", time], 2, "--from must be earlier"),
        (&["--format", "csv", "--from", "march"], 2, "march"),
        (&["--format", "csv", "--account", "nobody"], 3, "there is no account nobody"),
        (&["--format", "hledger", "--book", "nowhere"], 3, "there is no book nowhere"),
    ] {
        let ended = scrip_on(&data, &[&["export", "--out", out], arguments].concat()).await.with(code);
        assert!(ended.err.contains(said) && ended.out.is_empty(), "{arguments:?}: {ended:?}");
    }
    let nowhere =
        scrip_on(&data, &["export", "--format", "csv", "--out", "/nowhere/books.csv"]).await.with(3);
    assert!(nowhere.err.contains("/nowhere/books.csv"), "{nowhere:?}");
    let a_folder =
        scrip_on(&data, &["export", "--format", "csv", "--out", folder.path().to_str().unwrap()]).await;
    assert!(a_folder.with(3).err.contains("cannot write"));
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("books.out")), "{left:?}");

    // A file that is there is replaced by the whole one, and a reader may leave.
    std::fs::write(out, "old").unwrap();
    for format in FORMATS {
        scrip_on(&data, &["export", "--format", format, "--out", out]).await.with(0);
        let new = std::fs::read(out).unwrap();
        assert_ne!(new, b"old");
        let piped = scrip_on(&data, &["export", "--format", "csv"]).await.with(0);
        assert!(!piped.out.is_empty());
    }
    let (line, ended) = scrip_cut_off(&data, &["export", "--format", "hledger"]).await;
    assert!(line.starts_with("; Scrip") && ended.code == Some(0) && ended.err.is_empty(), "{ended:?}");
}
