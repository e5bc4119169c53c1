//! One JSON object a line.

use std::io::{self, Write};

use serde::ser::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

use super::escape;
use super::fields::{Answer, Field, Value};

/// Writes an answer as one line of JSON.
///
/// # Errors
/// The writer's.
pub fn write(out: &mut impl Write, answer: Answer<'_>, fields: &[Field]) -> io::Result<()> {
    let mut border: &[u8] = b"{";
    for field in fields {
        if let Some(value) = field.value(answer) {
            out.write_all(border)?;
            write_name(out, &field.name)?;
            write_value(out, &value)?;
            border = b",";
        }
    }
    if border == b"{" {
        out.write_all(b"{")?;
    }
    out.write_all(b"}\n")
}

fn write_value(out: &mut impl Write, value: &Value<'_>) -> io::Result<()> {
    match value {
        Value::Null => out.write_all(b"null"),
        Value::Flag(true) => out.write_all(b"true"),
        Value::Flag(false) => out.write_all(b"false"),
        Value::Number(number) => write_number(out, *number),
        Value::Text(text) => write_text(out, text),
        Value::List(values) => {
            out.write_all(b"[")?;
            for (place, value) in values.iter().enumerate() {
                if place > 0 {
                    out.write_all(b",")?;
                }
                write_value(out, value)?;
            }
            out.write_all(b"]")
        }
        Value::Object(pairs) => {
            out.write_all(b"{")?;
            for (place, (name, value)) in pairs.iter().enumerate() {
                if place > 0 {
                    out.write_all(b",")?;
                }
                write_name(out, name)?;
                write_value(out, value)?;
            }
            out.write_all(b"}")
        }
    }
}

/// Writes the name of a key, which never needs an escape.
fn write_name(out: &mut impl Write, name: &str) -> io::Result<()> {
    out.write_all(b"\"")?;
    out.write_all(name.as_bytes())?;
    out.write_all(b"\":")
}

/// Writes a number; the way of `write!` takes several times as long, and a verdict has many.
fn write_number(out: &mut impl Write, number: u64) -> io::Result<()> {
    let mut digits = [b'0'; 20];
    let mut rest = number;
    let mut length = 1;
    for (place, digit) in digits.iter_mut().rev().enumerate() {
        *digit = b'0' + (rest % 10) as u8;
        if *digit != b'0' {
            length = place + 1;
        }
        rest /= 10;
    }
    out.write_all(digits.get(20 - length..).unwrap_or_default())
}

/// Writes a string. What needs no escape, which is nearly everything, goes out as it is.
fn write_text(out: &mut impl Write, text: &str) -> io::Result<()> {
    if !needs_escape(text.as_bytes()) {
        out.write_all(b"\"")?;
        out.write_all(text.as_bytes())?;
        return out.write_all(b"\"");
    }
    let mut json = serde_json::Serializer::with_formatter(out, Safe);
    // The error inside is the writer's own and stays findable as such (a closed pipe, a full disk).
    text.serialize(&mut json).map_err(io::Error::from)
}

/// Whether anything here does not stand in JSON as it is. Sixteen bytes at a time, and without a way out among them, for
/// then they are looked at all at once.
fn needs_escape(text: &[u8]) -> bool {
    let odd = |byte: u8| !matches!(byte, b' '..=b'~') | (byte == b'"') | (byte == b'\\');
    let any = |bytes: &[u8; 16]| bytes.iter().fold(0, |any, byte| any | u8::from(odd(*byte)));
    match text.last_chunk::<16>() {
        // The last sixteen may overlap with those before, which costs less than looking at each of the rest.
        Some(last) => {
            let (chunks, _) = text.as_chunks::<16>();
            chunks.iter().fold(any(last), |odd, chunk| odd | any(chunk)) != 0
        }
        None => text.iter().any(|byte| odd(*byte)),
    }
}

/// Compact JSON that also escapes what deceives a terminal; serde_json lets U+007F, C1 and bidi controls through raw,
/// which is right for JSON (RFC 8259 section 7) and wrong for the eye.
pub(super) struct Safe;

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
    fn numbers_are_written_in_full() {
        for number in [0, 7, 10, 550, 1_000_000, u64::MAX] {
            let mut out = Vec::new();
            write_number(&mut out, number).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), number.to_string());
        }
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
