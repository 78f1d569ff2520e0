//! Changes of a book: when a version takes effect and for whom, and what of its files is new.

use scrip_ledger::book::event::{BookEvent, Published};
use scrip_ledger::book::{
    Announcement, Book, BookCommand, BookFiles, CATALOG_FILE, Catalog, Draft, POLICY_FILE,
};
use scrip_ledger::{Refusal, Timestamp, Token};
use serde_json::{Value, json};

fn files(book: &str) -> BookFiles {
    let folder = format!("{}/../fixtures/books/{book}", env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
    BookFiles::parse(book, &read(CATALOG_FILE), &read(POLICY_FILE)).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A book as its files make it, announced at the beginning of July.
fn book(files: &BookFiles) -> Book {
    let now = at("2026-07-01T00:00:00Z");
    let events = files.first(now).map(|announced| (announced.event, now, announced.effective_at));
    Book::from_events(files.id.clone(), events).unwrap()
}

fn take(book: &mut Book, announced: Announcement, now: Timestamp) {
    book.evolve(announced.event, now, announced.effective_at);
}

/// The first catalog of a book again, as a draft of the next one.
fn draft(files: &BookFiles, effective_at: Option<&str>) -> BookCommand {
    let mut document = serde_json::to_value(&files.catalog).unwrap();
    document.as_object_mut().unwrap().remove("version");
    BookCommand::PublishCatalog(Draft { document, effective_at: effective_at.map(at) })
}

fn catalog(announced: &Announcement) -> &Published<Catalog> {
    match &announced.event {
        BookEvent::CatalogPublished(published) => published,
        other => panic!("{other:?}"),
    }
}

/// I7: for everybody else at once, for the subscribed thirty days after the notice.
#[test]
fn notice_that_is_owed_to_the_subscribed_gives_a_version_two_beginnings() {
    let files = files("z-image-ai");
    let book = book(&files);
    let now = at("2026-07-10T00:00:00Z");
    for (asked, effective, later) in [
        (None, "2026-07-10T00:00:00Z", Some("2026-08-09T00:00:00Z")),
        (Some("2026-07-20T00:00:00Z"), "2026-07-20T00:00:00Z", Some("2026-08-09T00:00:00Z")),
        (Some("2026-08-08T23:59:59Z"), "2026-08-08T23:59:59Z", Some("2026-08-09T00:00:00Z")),
        (Some("2026-08-09T00:00:00Z"), "2026-08-09T00:00:00Z", None),
        (Some("2026-09-01T00:00:00Z"), "2026-09-01T00:00:00Z", None),
    ] {
        let announced = book.decide(&draft(&files, asked), now).unwrap();
        assert_eq!(announced.effective_at, at(effective), "{asked:?}");
        assert_eq!(catalog(&announced).for_subscribed_at, later.map(at), "{asked:?}");
        assert_eq!(catalog(&announced).version, 2);
    }
    let past = draft(&files, Some("2026-07-09T23:59:59.999999Z"));
    assert_eq!(book.decide(&past, now), Err(Refusal::Retroactive { now }));
}

/// The notice that counts is that of the policy in force when the version is announced.
#[test]
fn a_policy_that_takes_effect_later_owes_its_notice_later() {
    let files = files("imini");
    let mut book = book(&files);
    let now = at("2026-07-01T00:00:00Z");
    let mut document = serde_json::to_value(&files.policy).unwrap();
    document["version"] = json!(2);
    document["notice"] = json!({ "catalog": { "days": 10, "clause": "new" } });
    let effective_at = Some(at("2026-08-01T00:00:00Z"));
    let policy = BookCommand::PublishPolicy(Draft { document, effective_at });
    let announced = book.decide(&policy, now).unwrap();
    take(&mut book, announced, now);
    let before = at("2026-07-31T23:59:59.999999Z");
    assert_eq!(book.decide(&draft(&files, None), before).unwrap().effective_at, before);
    let since = at("2026-08-01T00:00:00Z");
    let refused = book.decide(&draft(&files, None), since);
    let earliest = at("2026-08-11T00:00:00Z");
    assert_eq!(refused, Err(Refusal::NoticeTooShort { earliest, clause: Some("new".into()) }));
    assert!(book.decide(&draft(&files, Some("2026-08-11T00:00:00Z")), since).is_ok());
}

#[test]
fn the_end_of_a_service_is_announced_once_and_in_time() {
    let mut zivv = book(&files("zivv"));
    let now = at("2026-07-01T00:00:00Z");
    let end = |reason: &str, effective_at: Option<&str>| BookCommand::Shutdown {
        reason: Token::new(reason).unwrap(),
        effective_at: effective_at.map(at),
    };
    let earliest = at("2026-07-31T00:00:00Z");
    let too_short = Err(Refusal::NoticeTooShort { earliest, clause: Some("Z15".into()) });
    assert_eq!(zivv.decide(&end("unprofitable", None), now), too_short);
    assert_eq!(zivv.decide(&end("unprofitable", Some("2026-07-30T23:59:59.999999Z")), now), too_short);
    assert_eq!(zivv.decide(&end("legal", None), now).unwrap().effective_at, now);
    let announced = zivv.decide(&end("unprofitable", Some("2026-07-31T00:00:00Z")), now).unwrap();
    take(&mut zivv, announced, now);
    assert_eq!(zivv.shutdown().unwrap().effective_at, earliest);
    assert!(matches!(zivv.decide(&end("legal", None), now), Err(Refusal::Exists(_))));
}

/// A file is announced like anything else: once, and as soon as the terms allow.
#[test]
fn what_is_new_in_the_files_of_a_book_takes_effect_as_soon_as_the_terms_allow() {
    let now = at("2026-07-10T00:00:00Z");
    for (id, effective, later) in [
        ("zivv", "2026-08-09T00:00:00Z", None),
        ("imini", "2026-07-10T00:00:00Z", None),
        ("z-image-ai", "2026-07-10T00:00:00Z", Some("2026-08-09T00:00:00Z")),
    ] {
        let mut files = files(id);
        let mut book = book(&files);
        assert_eq!(book.news_of_files(&files, now), Ok(Vec::new()));
        let first = files.clone();
        files.catalog.version = 2;
        let news = book.news_of_files(&files, now).unwrap();
        let [announced] = news.as_slice() else { panic!("{id}: {news:?}") };
        assert_eq!(announced.effective_at, at(effective), "{id}");
        assert_eq!(catalog(announced).for_subscribed_at, later.map(at), "{id}");
        take(&mut book, announced.clone(), now);
        assert_eq!(book.news_of_files(&files, now), Ok(Vec::new()), "it is announced once");
        assert_eq!(book.news_of_files(&first, now), Ok(Vec::new()), "a file may be older than the log");
        // A version that was announced stays what it was, and none may be left out.
        for (version, reason) in [
            (1, "it is in force with other contents; make the change version 3"),
            (2, "it is in force with other contents; make the change version 3"),
            (4, "version 2 is in force; the next one is 3"),
        ] {
            let mut other = files.clone();
            other.catalog.version = version;
            other.catalog.products.pop();
            let wrong = book.news_of_files(&other, now).unwrap_err();
            assert_eq!((wrong.file, wrong.version, wrong.reason.as_str()), (CATALOG_FILE, version, reason));
        }
    }
}

/// What was stored before this page knew more of it reads as it did.
#[test]
fn versions_that_were_stored_are_read_for_ever() {
    let files = files("pixapi");
    let stored = json!({ "version": 1, "document": serde_json::to_value(&files.policy).unwrap() });
    let read = BookEvent::read("policy_published", stored.to_string().as_bytes()).unwrap();
    let BookEvent::PolicyPublished(read) = read else { panic!("{read:?}") };
    assert_eq!((read.version, read.for_subscribed_at, &read.document), (1, None, &files.policy));
    for event in files.first(at("2026-07-01T00:00:00Z")).map(|announced| announced.event) {
        let written = event.write().unwrap();
        assert_eq!(BookEvent::read(event.wire_name(), &written).unwrap(), event);
        let json: Value = serde_json::from_slice(&written).unwrap();
        let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["document", "version"]);
    }
    assert!(BookEvent::read("catalog_withdrawn", b"{}").is_err());
}

/// One sample of every event of books whose documents are not kept elsewhere must be read for ever.
#[test]
fn a_closed_period_is_read_as_it_was_written() {
    let sample = format!("{}/../fixtures/book-events/period_closed.v1.json", env!("CARGO_MANIFEST_DIR"));
    let payload = std::fs::read_to_string(sample).unwrap();
    let event = BookEvent::read("period_closed", payload.trim_end().as_bytes()).unwrap();
    assert_eq!(String::from_utf8(event.write().unwrap()).unwrap(), payload.trim_end());
}

#[test]
fn a_period_is_closed_after_its_end_and_after_the_one_before() {
    let files = files("pixapi");
    let mut book = book(&files);
    let now = at("2026-08-01T00:00:00Z");
    let close = |book: &Book, until: &str| book.decide(&BookCommand::ClosePeriod { until: at(until) }, now);
    assert!(matches!(close(&book, "2026-08-01T00:00:00.000001Z"), Err(Refusal::InvalidTime(_))));
    let july = close(&book, "2026-08-01T00:00:00Z").unwrap();
    let june = close(&book, "2026-07-01T00:00:00Z").unwrap();
    take(&mut book, june, now);
    assert_eq!(book.closed_until(), Some(at("2026-07-01T00:00:00Z")));
    let until = at("2026-07-01T00:00:00Z");
    for again in ["2026-07-01T00:00:00Z", "2020-01-01T00:00:00Z"] {
        assert_eq!(close(&book, again), Err(Refusal::PeriodClosed { until }), "{again}");
    }
    take(&mut book, july, now);
    assert_eq!(book.closed_until(), Some(now));
}
