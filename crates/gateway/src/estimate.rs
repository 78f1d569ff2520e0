//! How many tokens a text is, before anyone has counted: one pass over the bytes, no tables of a tokenizer.
//!
//! The weights below are a fair guess for the byte-pair encodings in use: English comes out at 1.3 tokens a word,
//! Chinese at 0.8 a character. What is charged when a provider never says what was used is this guess; what is held
//! before a call is the guess and half as much again ([`upper`]).

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Weights are counted in twelfths of a token.
const TOKEN: u64 = 12;
/// An image, unless the caller asks for low detail: 765 to 1,445 tokens at common sizes.
const IMAGE: u64 = 1_105 * TOKEN;
/// An image at low detail.
const IMAGE_LOW: u64 = 85 * TOKEN;
/// Base64 characters of compressed audio a token: ten tokens a second at 128 kbit/s.
const AUDIO_CHARS: u64 = 2_000;
/// Base64 characters of a file a token: a page of 13 kB becomes 1,700 tokens.
const FILE_CHARS: u64 = 10;
/// A file that the provider keeps, named by its id alone.
const FILE_BY_ID: u64 = 10_000 * TOKEN;

/// What a byte of text weighs.
static WEIGHTS: [u8; 256] = weights();

const fn weights() -> [u8; 256] {
    let mut table = [0u8; 256];
    let mut at = 0;
    while at < 256 {
        let byte = at as u8;
        table[at] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' => 3,
            b' ' => 1,
            b'0'..=b'9' => 5,
            0..=0x1f => 6,
            // The second to fourth byte of a character: its first has weighed for it.
            0x80..=0xbf => 0,
            0xc0..=0xdf => 6,
            0xe0..=0xef => 10,
            0xf0..=0xff => 24,
            // The rest of ASCII: punctuation.
            _ => 8,
        };
        at += 1;
    }
    table
}

fn weigh(text: &str) -> u64 {
    text.bytes().map(|byte| u64::from(WEIGHTS[usize::from(byte)])).sum()
}

/// What a JSON value weighs whose texts go through a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Weight(u64);

/// What a model reads: every key and number of it counts as a token of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prompt(u64);

/// What a model has written: its texts alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Written(u64);

impl Prompt {
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// In whole tokens.
    pub(crate) const fn tokens(self) -> u64 {
        self.0.div_ceil(TOKEN)
    }
}

impl Written {
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(crate) const fn is_nothing(self) -> bool {
        self.0 == 0
    }

    /// In whole tokens.
    pub(crate) const fn tokens(self) -> u64 {
        self.0.div_ceil(TOKEN)
    }
}

/// A guess that is rarely exceeded: half as much again.
pub(crate) const fn upper(tokens: u64) -> u64 {
    tokens.saturating_add(tokens.div_ceil(2))
}

impl<'de> Deserialize<'de> for Prompt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Weigher::<TOKEN>).map(|Weight(weight)| Self(weight))
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Weigher::<0>).map(|Weight(weight)| Self(weight))
    }
}

/// Weighs any JSON value; `MARK` is what a key, a number or a literal weighs.
struct Weigher<const MARK: u64>;

struct Inner<const MARK: u64>(u64);

impl<'de, const MARK: u64> Deserialize<'de> for Inner<MARK> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Weigher::<MARK>).map(|Weight(weight)| Self(weight))
    }
}

impl<'de, const MARK: u64> Visitor<'de> for Weigher<MARK> {
    type Value = Weight;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Weight, E> {
        Ok(Weight(weigh(text)))
    }

    fn visit_unit<E>(self) -> Result<Weight, E> {
        Ok(Weight(0))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Weight, E> {
        Ok(Weight(MARK))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Weight, E> {
        Ok(Weight(MARK))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Weight, E> {
        Ok(Weight(MARK))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Weight, E> {
        Ok(Weight(MARK))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Weight, A::Error> {
        let mut sum = 0u64;
        while let Some(Inner::<MARK>(weight)) = seq.next_element()? {
            sum = sum.saturating_add(weight);
        }
        Ok(Weight(sum))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Weight, A::Error> {
        let mut sum = 0u64;
        while let Some(key) = map.next_key::<Key>()? {
            let weight = match key {
                Key::Label => map.next_value::<IgnoredAny>().map(|_| MARK)?,
                Key::Image => map.next_value::<Media>()?.image(),
                Key::Audio => map.next_value::<Media>()?.chars / AUDIO_CHARS * TOKEN,
                Key::File => map.next_value::<Media>()?.file(),
                Key::Other => map.next_value::<Inner<MARK>>()?.0,
            };
            sum = sum.saturating_add(weight).saturating_add(MARK);
        }
        Ok(Weight(sum))
    }
}

/// The keys whose values do not weigh as text.
enum Key {
    /// Roles, kinds and ids: one token, whatever they say.
    Label,
    Image,
    Audio,
    File,
    Other,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E>(self, name: &str) -> Result<Key, E> {
                Ok(match name {
                    "role" | "id" | "type" | "tool_call_id" => Key::Label,
                    "image_url" => Key::Image,
                    "audio" | "input_audio" => Key::Audio,
                    "file" => Key::File,
                    _ => Key::Other,
                })
            }
        }
        deserializer.deserialize_identifier(Name)
    }
}

/// What tells the size of an image, a sound or a file: how long its texts are, and whether detail is low.
#[derive(Default)]
struct Media {
    chars: u64,
    low: bool,
}

impl Media {
    const fn image(&self) -> u64 {
        if self.low { IMAGE_LOW } else { IMAGE }
    }

    const fn file(&self) -> u64 {
        let by_size = self.chars / FILE_CHARS * TOKEN;
        // An id is short; so is a name beside it.
        if self.chars < 512 { FILE_BY_ID } else { by_size }
    }
}

impl<'de> Deserialize<'de> for Media {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parts;
        impl<'de> Visitor<'de> for Parts {
            type Value = Media;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or an object")
            }

            fn visit_str<E>(self, text: &str) -> Result<Media, E> {
                Ok(Media { chars: text.len() as u64, low: text == "low" })
            }

            fn visit_unit<E>(self) -> Result<Media, E> {
                Ok(Media::default())
            }

            fn visit_bool<E>(self, _: bool) -> Result<Media, E> {
                Ok(Media::default())
            }

            fn visit_u64<E>(self, _: u64) -> Result<Media, E> {
                Ok(Media::default())
            }

            fn visit_i64<E>(self, _: i64) -> Result<Media, E> {
                Ok(Media::default())
            }

            fn visit_f64<E>(self, _: f64) -> Result<Media, E> {
                Ok(Media::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Media, A::Error> {
                let mut all = Media::default();
                while let Some(part) = seq.next_element::<Media>()? {
                    all.chars = all.chars.saturating_add(part.chars);
                }
                Ok(all)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Media, A::Error> {
                let mut all = Media::default();
                while map.next_key::<IgnoredAny>()?.is_some() {
                    let part = map.next_value::<Media>()?;
                    all.chars = all.chars.saturating_add(part.chars);
                    all.low |= part.low;
                }
                Ok(all)
            }
        }
        deserializer.deserialize_any(Parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(json: &str) -> u64 {
        serde_json::from_str::<Prompt>(json).unwrap().tokens()
    }

    fn written(json: &str) -> u64 {
        serde_json::from_str::<Written>(json).unwrap().tokens()
    }

    #[test]
    fn a_text_weighs_about_what_a_tokenizer_says() {
        // o200k_base counts 10, 9 and 1.
        assert_eq!(written(r#""The quick brown fox jumps over the lazy dog.""#), 11);
        assert_eq!(written(r#""我喜欢在周末看书和写代码""#), 10);
        assert_eq!(written(r#""\u0041""#), 1, "an escape weighs what it stands for");
        assert_eq!(written(r#""""#), 0);
    }

    #[test]
    fn a_message_brings_a_few_tokens_of_its_own() {
        assert_eq!(prompt(r#"[{"role":"user","content":"hi"}]"#), 4);
        assert_eq!(
            written(r#"{"role":"assistant","content":"abcd"}"#),
            1,
            "what is written is its text alone"
        );
    }

    #[test]
    fn pictures_sounds_and_files_do_not_weigh_as_text() {
        let data = "A".repeat(100_000);
        let image =
            |detail: &str| format!(r#"{{"image_url":{{"url":"data:image/png;base64,{data}"{detail}}}}}"#);
        assert_eq!(prompt(&image("")), 1_106);
        assert_eq!(prompt(&image(r#","detail":"low""#)), 86);
        assert_eq!(prompt(&format!(r#"{{"input_audio":{{"data":"{data}","format":"mp3"}}}}"#)), 51);
        assert_eq!(prompt(&format!(r#"{{"file":{{"file_data":"{data}"}}}}"#)), 10_001);
        assert_eq!(prompt(r#"{"file":{"file_id":"file-abc"}}"#), 10_001);
    }

    #[test]
    fn what_is_held_is_half_as_much_again() {
        assert_eq!([upper(0), upper(1), upper(10), upper(u64::MAX)], [0, 2, 15, u64::MAX]);
    }
}
