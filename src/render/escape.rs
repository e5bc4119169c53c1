//! What a stranger's server wrote, made safe to show.

use std::borrow::Cow;

/// Whether a character moves, hides or reorders what a terminal shows: controls (C0, DEL, C1), line and paragraph
/// separators, bidirectional controls (Unicode TR9), zero-width and other invisible format characters (Unicode's
/// Default_Ignorable_Code_Point), tags.
#[must_use]
pub fn deceives(letter: char) -> bool {
    matches!(letter,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Whether every byte is plain, printable ASCII: true for nearly all replies, and quickly known.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    // Without a way out in the middle the compiler looks at many bytes at a time.
    let odd = |byte: &u8| u8::from(!matches!(byte, b' '..=b'~'));
    text.as_bytes()
        .iter()
        .map(odd)
        .fold(0, |any, odd| any | odd)
        == 0
}

/// The text with what would deceive written out (`\x1b`, `\u{202e}`); borrowed when clean.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if is_plain(text) || !text.chars().any(deceives) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '\t' => shown.push_str("\\t"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\0'..='\x7f' if deceives(letter) => {
                shown.push_str(&format!("\\x{:02x}", u32::from(letter)))
            }
            _ if deceives(letter) => shown.push_str(&format!("\\u{{{:x}}}", u32::from(letter))),
            _ => shown.push(letter),
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn clean_text_is_borrowed() {
        for text in [
            "",
            "550 5.1.1 User unknown",
            "Empfänger unbekannt",
            "收件人不存在",
        ] {
            assert!(
                matches!(visible(text), Cow::Borrowed(same) if same == text),
                "{text}"
            );
        }
    }

    #[test]
    fn what_would_deceive_is_written_out() {
        for (text, shown) in [
            ("a\x1b[31mb", "a\\x1b[31mb"),
            ("a\rb\nc\td", "a\\rb\\nc\\td"),
            ("nul\0del\x7f", "nul\\x00del\\x7f"),
            ("c1\u{9b}31m", "c1\\u{9b}31m"),
            ("bidi\u{202e}x\u{2066}y", "bidi\\u{202e}x\\u{2066}y"),
            ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
            ("tag\u{e0041}", "tag\\u{e0041}"),
            ("shorthand\u{1bca0}", "shorthand\\u{1bca0}"),
            ("note\u{1d173}", "note\\u{1d173}"),
            ("glyph\u{13430}", "glyph\\u{13430}"),
            ("selector\u{fe0f}", "selector\\u{fe0f}"),
            ("line\u{2028}s", "line\\u{2028}s"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }
}
