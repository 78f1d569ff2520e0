//! Opening a store: what is whole is taken, a torn tail is cut, anything else refuses.

use std::ops::Range;
use std::sync::Arc;

use crate::disk::{Disk, LogFile, read_full};
use crate::embedded::frame::{HEADER, Header, HeaderState};
use crate::embedded::heads::Heads;
use crate::embedded::names::{number, segment_name};
use crate::embedded::prepare::Preparer;
use crate::embedded::report::{Cut, OpenReport, Options};
use crate::embedded::sealed::{Sealed, load_heads, open_sealed};
use crate::embedded::segment::Segment;
use crate::embedded::tail::{Tail, first_batch, recover_tail, survey};
use crate::embedded::writer::{Active, Writer};
use crate::embedded::{View, io_error};
use crate::{Damage, Head, RunningHash, StoreError};

/// A store as it was found, ready to be served.
pub(crate) struct Opened {
    pub(crate) view: View,
    pub(crate) heads: Heads,
    pub(crate) writer: Writer,
    pub(crate) report: OpenReport,
}

/// The files of a directory.
struct Files {
    /// Number of the last segment file; those before it are all there.
    last: u32,
    /// The segments that have an index file.
    indexed: Vec<u32>,
}

/// Opens the log in a directory that is locked.
pub(crate) fn open(disk: &Arc<dyn Disk>, options: &Options) -> Result<Opened, StoreError> {
    let files = list(disk)?;
    let mut headers = headers(disk, files.last)?;
    let mut fault = (0, Damage::Header);
    if let Some(last) = headers.iter_mut().rfind(|header| header.is_some())
        && let Some(header) = last
        && let Some(torn) = first_batch(disk, header)?
    {
        (*last, fault) = (None, torn);
    }
    let tail = headers.iter().rposition(Option::is_some).map_or(0, |at| at as u32 + 1);
    let whole: Vec<Header> = headers.iter().map_while(|header| *header).collect();
    if whole.len() < tail as usize {
        return Err(damaged(whole.len() as u32 + 1, 0, Damage::Header));
    }
    let mut report = OpenReport { segments: tail, ..OpenReport::default() };

    let (tail_header, sealed_headers) = match whole.split_last() {
        Some((tail_header, sealed)) => (Some(tail_header), sealed),
        None => (None, whole.as_slice()),
    };
    let mut sealed = open_sealed(disk, sealed_headers, options.verify_on_open)?;
    report.indexes_rebuilt = sealed.iter().map(|sealed| u32::from(sealed.rebuilt)).sum();
    check_seams(&sealed, &whole)?;
    let mut heads = load_heads(&sealed)?;

    // A segment is indexed after the first commit of the next one is durable: that commit cannot be torn.
    let proven = files.indexed.iter().max().map_or(0, |last| last.saturating_add(1));
    if proven > files.last {
        return Err(StoreError::MissingSegment { segment: u64::from(proven), last: u64::from(files.last) });
    }
    if proven > tail {
        return Err(damaged(proven, fault.0, fault.1));
    }
    let recovered = match tail_header {
        Some(header) => Some(recover_tail(disk, header, &mut heads)?),
        None => None,
    };
    report.cut = recovered.as_ref().and_then(|tail| tail.cut.clone());
    let behind = look_behind(disk, options, tail..files.last, fault, &mut report)?;

    // Everything that can refuse has been asked: only now is anything changed.
    if let Some(tail) = &recovered {
        tail.settle()?;
    }
    for name in &behind.remove {
        disk.remove(name).map_err(|source| io_error("remove", name, source))?;
    }
    disk.sync_dir().map_err(|source| io_error("sync", &disk.label(), source))?;

    // Not earlier: an index proves that what follows its segment is durable.
    for sealed in &mut sealed {
        sealed.index.save(disk);
    }

    let preparer = Preparer::new(disk, options.segment_size, options.helper)
        .map_err(|source| io_error("start the thread that prepares", "segments", source))?;
    match behind.ready {
        Some(file) => preparer.found(tail + 1, file),
        None => preparer.prepare(tail + 1),
    }
    Ok(assemble(disk, sealed, recovered, heads, preparer, report))
}

fn assemble(
    disk: &Arc<dyn Disk>,
    sealed: Vec<Sealed>,
    tail: Option<Tail>,
    heads: Heads,
    preparer: Preparer,
    mut report: OpenReport,
) -> Opened {
    let mut segments: Vec<Arc<Segment>> = sealed
        .into_iter()
        .map(|sealed| Arc::new(Segment::sealed(disk, sealed.index, sealed.places)))
        .collect();
    let mut writer = Writer {
        disk: Arc::clone(disk),
        preparer,
        active: None,
        position: 0,
        running: RunningHash::new(),
        buffer: Vec::new(),
        broken: None,
    };
    if let Some(tail) = tail {
        let Tail { header, walked, file, capacity, .. } = tail;
        let segment = Arc::new(Segment::active(
            disk,
            header.segment,
            header.first_position,
            Arc::clone(&file),
            walked.places,
        ));
        segments.push(Arc::clone(&segment));
        writer.active = Some(Active { segment, file, end: walked.end, capacity, dirty: true });
        writer.position = walked.position;
        writer.running = walked.running;
    }
    report.events = writer.position;
    report.streams = heads.len() as u64;
    let head = Head { next_position: writer.position, running_hash: writer.running.get() };
    Opened { view: View { segments: Arc::new(segments), head }, heads, writer, report }
}

fn damaged(segment: u32, offset: u64, damage: Damage) -> StoreError {
    StoreError::Damaged { segment: u64::from(segment), offset, damage }
}

/// Lists the directory; removes drafts that never got their names.
fn list(disk: &Arc<dyn Disk>) -> Result<Files, StoreError> {
    let names = disk.list().map_err(|source| io_error("list", &disk.label(), source))?;
    let mut segments: Vec<u32> = names.iter().filter_map(|name| number(name, ".seg")).collect();
    segments.sort_unstable();
    let last = segments.last().copied().unwrap_or(0);
    if let Some((segment, _)) = (1..).zip(&segments).find(|&(expected, &found)| expected != found) {
        return Err(StoreError::MissingSegment { segment: u64::from(segment), last: u64::from(last) });
    }
    for draft in names.iter().filter(|name| name.ends_with(".tmp")) {
        disk.remove(draft).map_err(|source| io_error("remove", draft, source))?;
    }
    Ok(Files { last, indexed: names.iter().filter_map(|name| number(name, ".idx")).collect() })
}

/// The headers of all segment files, `None` where there is none that is whole.
fn headers(disk: &Arc<dyn Disk>, last: u32) -> Result<Vec<Option<Header>>, StoreError> {
    let read = |segment| {
        let name = segment_name(segment);
        let file = disk.open(&name).map_err(|source| io_error("open", &name, source))?;
        let mut bytes = [0; HEADER];
        read_full(&*file, &mut bytes, 0).map_err(|source| io_error("read", &name, source))?;
        match Header::decode(&bytes, segment) {
            HeaderState::Whole(header) => Ok(Some(header)),
            HeaderState::Bad => Ok(None),
            HeaderState::Unknown(version) => {
                Err(StoreError::UnknownFormat { segment: u64::from(segment), version })
            }
        }
    };
    (1..=last).map(read).collect()
}

/// Every sealed segment ends where the next one begins.
fn check_seams(sealed: &[Sealed], headers: &[Header]) -> Result<(), StoreError> {
    for (sealed, next) in sealed.iter().zip(headers.iter().skip(1)) {
        let index = &sealed.index;
        if index.next_position != next.first_position || index.running_hash != next.running_hash {
            return Err(damaged(index.segment, index.file_length, Damage::Seam));
        }
    }
    match headers.first() {
        Some(first) if first.first_position != 0 || first.running_hash != crate::envelope::ZERO_HASH => {
            Err(damaged(first.segment, 0, Damage::Seam))
        }
        _ => Ok(()),
    }
}

/// The files behind the last segment with a header.
#[derive(Default)]
struct Behind {
    /// The next segment, written ahead with zeros and nothing else.
    ready: Option<Arc<dyn LogFile>>,
    /// Files that hold what is left of a first batch, or too few zeros.
    remove: Vec<String>,
}

/// Looks at them. At most one can hold anything, the torn first batch of the next segment; more is damage, and
/// `fault` is where that batch stops being whole.
fn look_behind(
    disk: &Arc<dyn Disk>,
    options: &Options,
    files: Range<u32>,
    fault: (u64, Damage),
    report: &mut OpenReport,
) -> Result<Behind, StoreError> {
    let mut behind = Behind::default();
    for segment in files.clone().map(|before| before.saturating_add(1)) {
        let name = segment_name(segment);
        let file = disk.open(&name).map_err(|source| io_error("open", &name, source))?;
        let length = file.len().map_err(|source| io_error("measure", &name, source))?;
        let found = survey(&file, segment, 0, HEADER as u64)?;
        let next = segment == files.start.saturating_add(1);
        match found.last_nonzero {
            None if next && length >= options.segment_size => {
                behind.ready = Some(file);
                continue;
            }
            None => {}
            Some(_) if found.later_commit || !next || report.cut.is_some() => {
                return Err(damaged(segment, fault.0, fault.1));
            }
            Some(last) => {
                report.cut =
                    Some(Cut { segment: u64::from(segment), offset: 0, bytes: last + 1, records: 0 });
            }
        }
        behind.remove.push(name);
    }
    Ok(behind)
}
