//! One JSON object a line.

use std::io::{self, Write};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::ser::{CompactFormatter, Formatter};

use super::escape;
use super::fields::{Answer, Field};

/// Writes an answer as one line of JSON.
///
/// # Errors
/// The writer's.
pub fn write(out: &mut impl Write, answer: Answer<'_>, fields: &[Field]) -> io::Result<()> {
    let mut json = serde_json::Serializer::with_formatter(&mut *out, Safe);
    // The error inside is the writer's own and stays findable as such (a closed pipe, a full disk).
    Object { answer, fields }
        .serialize(&mut json)
        .map_err(io::Error::from)?;
    out.write_all(b"\n")
}

struct Object<'a> {
    answer: Answer<'a>,
    fields: &'a [Field],
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(None)?;
        for field in self.fields {
            if let Some(value) = field.value(self.answer) {
                map.serialize_entry(&field.name, &value)?;
            }
        }
        map.end()
    }
}

/// Compact JSON that also escapes what deceives a terminal; serde_json lets U+007F, C1 and bidi controls through raw,
/// which is right for JSON (RFC 8259 section 7) and wrong for the eye.
struct Safe;

impl Formatter for Safe {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if escape::is_plain(fragment) {
            return CompactFormatter.write_string_fragment(out, fragment);
        }
        let mut rest = fragment;
        while let Some((at, letter)) = rest
            .char_indices()
            .find(|(_, letter)| escape::deceives(*letter))
        {
            let (clean, from) = rest.split_at(at);
            CompactFormatter.write_string_fragment(out, clean)?;
            for unit in letter.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = from.strip_prefix(letter).unwrap_or_default();
        }
        CompactFormatter.write_string_fragment(out, rest)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn written(text: &str) -> String {
        let mut json = Vec::new();
        text.serialize(&mut serde_json::Serializer::with_formatter(&mut json, Safe))
            .unwrap();
        String::from_utf8(json).unwrap()
    }

    #[test]
    fn json_shows_no_control_bidi_or_invisible_character_raw() {
        let hostile = "a\x07\x7f\u{85}\u{9b}\u{202e}\u{2028}\u{200b}\u{feff}\u{e0041}\"\\ü";
        let json = written(hostile);
        assert_eq!(
            json,
            "\"a\\u0007\\u007f\\u0085\\u009b\\u202e\\u2028\\u200b\\ufeff\\udb40\\udc41\\\"\\\\ü\""
        );
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), hostile);
    }

    #[test]
    fn json_of_plain_text_is_plain() {
        assert_eq!(
            written("550 5.1.1 User unknown"),
            "\"550 5.1.1 User unknown\""
        );
    }
}
