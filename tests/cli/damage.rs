//! What an auditor is told about a log that is whole, and about one that is not.

use super::folder;
use super::log::Segment;
use super::process::{Server, scrip_on};
use super::with_history;

#[tokio::test]
async fn verify_says_what_it_did_and_finds_what_is_wrong() {
    let (_folder, data) = folder();
    with_history(&data).await;

    let head = scrip_on(&data, &["head"]).await.with(0);
    let head_line = head.out.trim_end();
    let (position, hash) = head_line.split_once(':').unwrap();
    assert_eq!((position, hash.len()), ("315", 64), "10 of the books, 5 of alice, 300 debits");
    assert!(hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));

    let clean = scrip_on(&data, &["verify"]).await.with(0);
    for said in ["315 events of 6 streams", "1 accounts were folded", "verified: nothing is wrong"] {
        assert!(clean.out.contains(said), "{said}: {}", clean.out);
    }
    assert!(clean.out.contains(&format!("head {head_line}\n")));
    let kept = scrip_on(&data, &["verify", "--expect", head_line]).await.with(0);
    assert!(kept.out.contains("compared with the one given"));

    // Another hash at the same place; a log that was longer; and a hash of nothing, which every log begins with.
    let other = format!("{position}:{}", "a".repeat(64));
    let rewritten = scrip_on(&data, &["verify", "--expect", &other]).await.with(1);
    assert!(rewritten.out.contains("FINDING at position 315") && rewritten.out.contains("rewritten"));
    let longer = scrip_on(&data, &["verify", "--expect", &format!("316:{hash}")]).await.with(1);
    assert!(longer.out.contains("shorter than the head that was kept"), "{}", longer.out);
    scrip_on(&data, &["verify", "--expect", &format!("0:{}", "0".repeat(64))]).await.with(0);

    // Bits in all parts of acknowledged frames: each is found, and named by its frame.
    let segment = Segment::first(&data);
    let frames = segment.before_the_last_batch();
    for (at, (frame, _)) in frames.iter().enumerate().step_by(frames.len() / 3) {
        let place = frame.start + 12 + (at * 7) % (frame.len() - 12);
        segment.flip(place, 3);
        let damage = format!("segment 1 is damaged at offset {}", frame.start);
        for arguments in [&["verify"][..], &["verify", "--expect", head_line]] {
            let found = scrip_on(&data, arguments).await.with(1);
            assert!(
                found.out.contains(&damage) && found.out.contains("NOT verified"),
                "{damage}: {}",
                found.out
            );
        }
        // Nobody else makes do with it.
        for arguments in [&["head"][..], &["events"], &["balance", "alice"], &["replay"]] {
            let refused = scrip_on(&data, arguments).await.with(3);
            assert!(refused.err.contains(&damage) && refused.out.is_empty(), "{refused:?}");
        }
        let refused = Server::refused(&data, &[]).await.with(3);
        assert!(refused.err.contains(&damage) && refused.out.is_empty(), "{refused:?}");
        segment.flip(place, 3);
    }
    scrip_on(&data, &["verify", "--expect", head_line]).await.with(0);

    // The very last batch could be a torn write: it is cut and reported, and a head that was kept tells.
    let batch = segment.last_batch();
    segment.flip(batch.start + 70, 0);
    let found = scrip_on(&data, &["verify", "--expect", head_line]).await.with(1);
    assert!(found.out.contains(&format!("segment 1 from offset {}", batch.start)), "{}", found.out);
    assert!(found.out.contains("shorter than the head that was kept"), "{}", found.out);
}
