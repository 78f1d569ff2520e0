//! Cursors of lists whose order is that of texts: the line after which the next page begins, as hex.

use std::fmt::Write;

use super::{Key, sum};

/// Writes a cursor.
pub(super) fn encode(list: &str, key: &Key) -> String {
    // A list of texts is always written.
    let key = serde_json::to_vec(key).unwrap_or_default();
    let mut cursor = String::with_capacity(key.len() * 2 + 9);
    for byte in &key {
        let _infallible = write!(cursor, "{byte:02x}");
    }
    let _infallible = write!(cursor, "-{:x}", check(list, &key));
    cursor
}

/// Reads one.
pub(super) fn decode(list: &str, cursor: &str) -> Option<Key> {
    let (hex, _) = cursor.split_once('-')?;
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    let key: Vec<u8> = hex.as_bytes().chunks(2).map(byte).collect::<Option<_>>()?;
    let key: Key = serde_json::from_slice(&key).ok()?;
    (encode(list, &key) == cursor).then_some(key)
}

fn check(list: &str, key: &[u8]) -> u32 {
    sum(list.bytes().chain([0]).chain(key.iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_line_in_its_list_only() {
        for key in [vec![], vec!["7".to_owned()], vec!["7".to_owned(), "é \"x\"".to_owned(), String::new()]]
        {
            let cursor = encode("usage day", &key);
            assert_eq!(decode("usage day", &cursor), Some(key));
            assert_eq!(decode("usage hour", &cursor), None);
            for text in [cursor.to_uppercase(), cursor.replacen('5', "6", 1), format!("{cursor}0")] {
                assert_ne!(text, cursor);
                assert_eq!(decode("usage day", &text), None, "{text}");
            }
        }
        for text in ["", "-", "5b5d", "5b5-0", "zz-0", "5b5d-0", "7b7d-0"] {
            assert_eq!(decode("usage day", text), None, "{text}");
        }
    }
}
