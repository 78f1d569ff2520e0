//! Bytes that are not what was written: refused, or cut and reported, never silently something else.

use std::collections::BTreeMap;
use std::sync::Arc;

use scrip_store::conformance::sample;
use scrip_store::fault::FaultDisk;
use scrip_store::{Damage, EmbeddedStore, EventStore, Helper, Options, Recorded, StoreError, Verify};

type Files = BTreeMap<String, Vec<u8>>;

fn options(verify_on_open: Verify) -> Options {
    Options { segment_size: 8 << 10, verify_on_open, helper: Helper::Inline }
}

fn open(files: &Files, verify: Verify) -> Result<(EmbeddedStore, scrip_store::OpenReport), StoreError> {
    EmbeddedStore::open_on(Arc::new(FaultDisk::with_files(1, files)), options(verify))
}

/// A store of several segments: its files, its events, and how many of them are in the last batch.
fn store() -> (Files, Vec<Recorded>, usize) {
    let disk = FaultDisk::new(1);
    let (store, _) = EmbeddedStore::open_on(Arc::new(disk.clone()), options(Verify::All)).unwrap();
    let batches = sample::batches(131, 5, 7);
    for batch in &batches {
        assert!(store.append(batch).unwrap().iter().all(Result::is_ok));
    }
    let events = store.read_all(0, usize::MAX).unwrap();
    drop(store);
    let files = disk.files();
    let indexes = files.keys().filter(|name| name.ends_with(".idx")).count();
    assert!(indexes >= 3, "{indexes} sealed segments");
    (files, events, batches.last().unwrap().len())
}

/// The last segment that is written to, and where its last commit ends.
fn end(files: &Files) -> (String, usize) {
    let written = |bytes: &&Vec<u8>| bytes.iter().any(|&byte| byte != 0);
    let (name, bytes) = files.iter().rfind(|(name, bytes)| name.ends_with(".seg") && written(bytes)).unwrap();
    let last = bytes.iter().rposition(|&byte| byte != 0).unwrap();
    (name.clone(), last + 1)
}

#[test]
fn the_last_batch_cut_at_every_byte() {
    let (files, events, last) = store();
    let (name, end) = end(&files);
    let whole = events.len();
    let mut cuts = 0;
    for kept in (72..end).rev() {
        for shortened in [true, false] {
            let mut files = files.clone();
            let bytes = files.get_mut(&name).unwrap();
            match shortened {
                true => bytes.truncate(kept),
                false => bytes[kept..].fill(0),
            }
            let (store, report) = match open(&files, Verify::All) {
                Ok(opened) => opened,
                Err(error) => unreachable!("cut at {kept}: {error}"),
            };
            let read = store.read_all(0, usize::MAX).unwrap();
            if read.len() == whole - last {
                assert_eq!(read, events[..whole - last], "cut at {kept}");
                cuts += usize::from(report.cut.is_some());
                let answers = store.append(&[sample::group("after", None, 0..1)]).unwrap();
                assert_eq!(answers[0].as_ref().unwrap().first_position, read.len() as u64);
            } else {
                // The cut has reached the batch before: that is this test's end.
                assert!(read.len() < whole - last && cuts > 300, "cut at {kept}: {} events", read.len());
                return;
            }
        }
    }
}

/// Flips one bit in every 97th byte and compares everything that can be read with what was written.
fn flip_everywhere(verify: Verify) -> [usize; 4] {
    let (files, events, last) = store();
    let [mut refused, mut cut, mut rebuilt, mut unharmed] = [0; 4];
    for (name, bytes) in &files {
        for at in (0..bytes.len()).step_by(97) {
            let mut files = files.clone();
            files.get_mut(name).unwrap()[at] ^= 1 << (at % 8);
            let (store, report) = match open(&files, verify) {
                Ok(opened) => opened,
                Err(StoreError::Damaged { .. } | StoreError::UnknownFormat { .. }) => {
                    refused += 1;
                    continue;
                }
                Err(other) => unreachable!("{name} at {at}: {other}"),
            };
            let shorter = store.head().unwrap().next_position as usize != events.len();
            let expected = if shorter { &events[..events.len() - last] } else { &events[..] };
            assert!(!shorter || report.cut.is_some(), "{name} at {at}: cut and not reported");
            match store.read_all(0, usize::MAX) {
                Ok(read) => assert_eq!(read, expected, "{name} at {at}"),
                Err(error) => {
                    assert!(matches!(error, StoreError::Damaged { .. }), "{name} at {at}: {error}");
                    assert_eq!(verify, Verify::Tail, "damage that opening should have found");
                    refused += 1;
                }
            }
            for stream in 0..5 {
                let stream = sample::stream(&format!("stream-{stream}"));
                let written = expected.iter().filter(|event| event.stream == stream);
                match store.read_stream(&stream, 0, usize::MAX) {
                    Ok(read) => assert!(read.iter().eq(written), "{name} at {at}"),
                    Err(error) => assert!(matches!(error, StoreError::Damaged { .. }), "{error}"),
                }
            }
            cut += usize::from(report.cut.is_some());
            rebuilt += usize::from(report.indexes_rebuilt > 0);
            unharmed += usize::from(report.cut.is_none() && report.indexes_rebuilt == 0);
        }
    }
    [refused, cut, rebuilt, unharmed]
}

#[test]
fn one_bit_flipped_at_every_97th_byte() {
    let [refused, cut, rebuilt, unharmed] = flip_everywhere(Verify::All);
    println!("{refused} refused, {cut} cut and reported, {rebuilt} indexes rebuilt, {unharmed} unharmed");
    assert!(refused > 100 && cut > 10 && rebuilt > 10);
    assert_eq!(unharmed, 0, "with everything verified no flip goes unnoticed");
}

#[test]
fn one_bit_flipped_and_found_by_reading() {
    let [refused, ..] = flip_everywhere(Verify::Tail);
    assert!(refused > 100);
}

#[test]
fn damage_before_the_last_batch_names_its_place() {
    let (files, _, _) = store();
    let mut damaged = files.clone();
    damaged.get_mut("0000000002.seg").unwrap()[200] ^= 1;
    let error = open(&damaged, Verify::All).unwrap_err();
    assert!(
        matches!(error, StoreError::Damaged { segment: 2, offset: 72, damage: Damage::Checksum }),
        "{error}"
    );
    // In the last segment, before its last batch.
    let (name, _) = end(&files);
    let mut damaged = files.clone();
    damaged.get_mut(&name).unwrap()[200] ^= 1;
    let error = open(&damaged, Verify::Tail).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { offset: 72, damage: Damage::Checksum, .. }), "{error}");
}

#[test]
fn a_first_batch_that_was_durable_is_not_taken_for_torn() {
    // That segment 1 has an index proves that segment 2's first commit was acknowledged.
    let (files, _, _) = store();
    let mut fewer: Files = files.clone();
    fewer.retain(|name, _| name.starts_with("0000000001") || name == "0000000002.seg");
    for at in [0, 72, 100] {
        let mut fewer = fewer.clone();
        fewer.get_mut("0000000002.seg").unwrap()[at..].fill(0);
        let error = open(&fewer, Verify::All).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { segment: 2, .. }), "{at}: {error}");
    }
}

#[test]
fn a_forged_commit_is_refused_although_its_checksum_is_right() {
    let (mut files, _, _) = store();
    let (name, _) = end(&files);
    let bytes = files.get_mut(&name).unwrap();
    let commit = (72..bytes.len()).step_by(8).find(|&at| bytes[at..at + 4] == *b"\xFFCMT").unwrap();
    bytes[commit + 48] ^= 1;
    let checksum =
        crc32c::crc32c_append(crc32c::crc32c(&bytes[commit..commit + 8]), &bytes[commit + 12..commit + 80]);
    bytes[commit + 8..commit + 12].copy_from_slice(&checksum.to_le_bytes());
    let error = open(&files, Verify::All).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { damage: Damage::RunningHash, .. }), "{error}");
}

#[test]
fn a_missing_file_is_noticed() {
    let (files, events, _) = store();
    for name in files.keys() {
        let mut fewer = files.clone();
        fewer.remove(name);
        match open(&fewer, Verify::All) {
            Ok((store, report)) if name.ends_with(".idx") => {
                assert_eq!(report.indexes_rebuilt, 1);
                assert_eq!(store.read_all(0, usize::MAX).unwrap(), events);
            }
            // The prepared one holds nothing.
            Ok((store, _)) => assert_eq!(store.read_all(0, usize::MAX).unwrap(), events, "{name}"),
            Err(error) => assert!(matches!(error, StoreError::MissingSegment { .. }), "{name}: {error}"),
        }
    }
}

#[test]
fn a_format_from_the_future_is_left_alone() {
    let (mut files, _, _) = store();
    files.get_mut("0000000001.seg").unwrap()[8] = 9;
    let disk = FaultDisk::with_files(1, &files);
    let error = EmbeddedStore::open_on(Arc::new(disk.clone()), options(Verify::All)).unwrap_err();
    assert!(matches!(error, StoreError::UnknownFormat { segment: 1, version: 9 }), "{error}");
    assert_eq!(disk.files(), files);
}
