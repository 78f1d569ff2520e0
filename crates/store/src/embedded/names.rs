//! The names of a store's files.

/// `0000000007.seg`: the log's bytes.
pub(crate) fn segment_name(segment: u32) -> String {
    format!("{segment:010}.seg")
}

/// `0000000007.idx`: where a sealed segment's streams lie. Can be built again.
pub(crate) fn index_name(segment: u32) -> String {
    format!("{segment:010}.idx")
}

/// `0000000007.seg.tmp`: a file that does not have its name yet.
pub(crate) fn temporary(name: &str) -> String {
    format!("{name}.tmp")
}

/// The segment number in a name with an ending, if it is one.
pub(crate) fn number(name: &str, ending: &str) -> Option<u32> {
    let digits = name.strip_suffix(ending)?;
    let plain = digits.len() == 10 && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten().filter(|&number| number > 0)
}
