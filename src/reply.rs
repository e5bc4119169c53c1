//! A server's reply in one normal form.

/// An enhanced status code (RFC 3463): class, subject, detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Enhanced {
    /// 2, 4 or 5.
    pub class: u8,
    /// 0 to 999; the registry uses 0 to 7.
    pub subject: u16,
    /// 0 to 999.
    pub detail: u16,
}

impl std::fmt::Display for Enhanced {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl Enhanced {
    /// Reads `5.1.1` from the start of `text`; gives the code and its length. An IP address, a version or a host name
    /// is none (RFC 3463 section 2: three numbers, the first 2, 4 or 5).
    #[must_use]
    pub fn read(text: &str) -> Option<(Self, usize)> {
        let bytes = text.as_bytes();
        let class = match bytes.first()? {
            b'2' => 2,
            b'4' => 4,
            b'5' => 5,
            _ => return None,
        };
        let (subject, at) = number(bytes, 1)?;
        let (detail, at) = number(bytes, at)?;
        // A fourth number, a letter or one more dot with something behind makes it something else.
        let other = match bytes.get(at..)? {
            [b'.', after, ..] => after.is_ascii_alphanumeric(),
            [next, ..] => next.is_ascii_alphanumeric() || matches!(next, b'_' | b'@'),
            [] => false,
        };
        (!other).then_some((
            Self {
                class,
                subject,
                detail,
            },
            at,
        ))
    }
}

/// Reads `.` and one to three digits.
fn number(bytes: &[u8], at: usize) -> Option<(u16, usize)> {
    let digits = bytes.get(at..)?.strip_prefix(b".")?;
    let (mut value, mut length) = (0, 0);
    while let Some(digit @ b'0'..=b'9') = digits.get(length) {
        if length == 3 {
            return None;
        }
        value = value * 10 + u16::from(digit - b'0');
        length += 1;
    }
    (length > 0).then_some((value, at + 1 + length))
}

/// A reply taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply<'a> {
    /// Reply code (RFC 5321).
    pub code: Option<u16>,
    /// Enhanced status code (RFC 3463).
    pub enhanced: Option<Enhanced>,
    /// The whole text, codes included.
    pub text: &'a str,
}

/// What stands before a reply in reports and logs: the type of a Diagnostic-Code (RFC 3464 section 2.3.6) and the like.
const FRAMES: [&str; 8] = [
    "smtp;",
    "x-postfix;",
    "x-unix;",
    "x-pmta;bounce-queue;reply:",
    "reply:",
    "lmtp;",
    "esmtp;",
    "remote host said:",
];

impl<'a> Reply<'a> {
    /// Takes a reply apart. Codes are read where replies have them: at the start, behind `smtp;` or brackets, or in
    /// brackets at the end; never out of an IP address, a host name or a size.
    #[must_use]
    pub fn read(text: &'a str) -> Self {
        let start = frames(text);
        let (mut code, mut enhanced) = leading(start);
        // Nothing more is to be found in the code itself, nor in a frame.
        let rest = match code {
            Some(_) => start.get(3..).unwrap_or_default(),
            None => text,
        };
        // A greeting line or a gateway's own status may stand before the reply that counts.
        if matches!(code, None | Some(200..=299)) {
            match embedded(rest, code.is_none() && enhanced.is_none()) {
                Some((found, status)) if code.is_none() || found >= 400 => {
                    code = Some(found);
                    enhanced = status.or(enhanced);
                }
                _ => {}
            }
        }
        if enhanced.is_none() {
            enhanced = trailing(rest, code);
        }
        Self {
            code,
            enhanced,
            text,
        }
    }
}

/// The reply without the frames before it.
fn frames(text: &str) -> &str {
    let mut rest = text;
    loop {
        // Most replies have none.
        if rest.as_bytes().first().is_some_and(u8::is_ascii_digit) {
            return rest;
        }
        rest = rest.trim_start_matches(|letter: char| {
            letter.is_ascii_whitespace()
                || matches!(
                    letter,
                    '"' | '\'' | '(' | '[' | '<' | '#' | '*' | ';' | ',' | ':' | '-' | '>'
                )
        });
        let Some(frame) = FRAMES.iter().find(|frame| {
            rest.as_bytes()
                .get(..frame.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(frame.as_bytes()))
        }) else {
            return rest;
        };
        rest = &rest[frame.len()..];
    }
}

/// The codes at the start of `text`.
fn leading(text: &str) -> (Option<u16>, Option<Enhanced>) {
    let Some(code) = code_at(text.as_bytes(), 0) else {
        return (None, Enhanced::read(text).map(|(status, _)| status));
    };
    let rest = text[3..].trim_start_matches(|letter| {
        matches!(
            letter,
            ' ' | '-' | ';' | ',' | '#' | '(' | ':' | '\'' | '"' | '_' | '+'
        )
    });
    // `550 550 5.1.1`: some gateways repeat the code.
    let rest = match code_at(rest.as_bytes(), 0) {
        Some(again) if again == code => rest[3..].trim_start_matches([' ', '-', '#']),
        _ => rest,
    };
    (Some(code), Enhanced::read(rest).map(|(status, _)| status))
}

/// A reply code at a place: three digits, the first 2 to 5 (or a platform's 605 to 607), then an end.
fn code_at(bytes: &[u8], at: usize) -> Option<u16> {
    let (digits, rest) = bytes.get(at..)?.split_first_chunk::<3>()?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let code = digits
        .iter()
        .fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    if !matches!(code, 200..=599 | 605..=607) {
        return None;
    }
    match rest {
        [] => Some(code),
        [byte, ..] if byte.is_ascii_whitespace() || b"-;,:#)]'\"_<+>".contains(byte) => Some(code),
        [b'.', rest @ ..] if !rest.first().is_some_and(u8::is_ascii_alphanumeric) => Some(code),
        _ => None,
    }
}

/// A reply inside other text: a refusal code with an enhanced code of its class behind it, or, in text without any code
/// of its own, a refusal code behind a colon or bracket.
fn embedded(text: &str, bare: bool) -> Option<(u16, Option<Enhanced>)> {
    let bytes = text.as_bytes();
    for at in memchr::memchr2_iter(b'4', b'5', bytes) {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        if before.is_some_and(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'@' | b'_' | b'=' | b'/')
        }) {
            continue;
        }
        let Some(code) = code_at(bytes, at) else {
            continue;
        };
        let rest = text[at + 3..].trim_start_matches([' ', '-', '#', '(', '\'', '"', ';']);
        match Enhanced::read(rest) {
            Some((status, _)) if u16::from(status.class) == code / 100 => {
                return Some((code, Some(status)));
            }
            _ if bare => {
                let before = text[..at].trim_end();
                if before.ends_with([':', '\'', '"', '(', '[', '>']) && !before.ends_with("port:") {
                    return Some((code, None));
                }
            }
            _ => {}
        }
    }
    None
}

/// An enhanced code behind the words: `(#5.1.1)`, `- 5.7.1 [BL23]`.
fn trailing(text: &str, code: Option<u16>) -> Option<Enhanced> {
    let bytes = text.as_bytes();
    for at in memchr::memchr2_iter(b'4', b'5', bytes) {
        let before = at
            .checked_sub(1)
            .and_then(|before| bytes.get(before))
            .copied()
            .unwrap_or(b' ');
        let marked = matches!(before, b'#' | b'(' | b'[');
        if !(marked || before == b' ' || before == b'\'') {
            continue;
        }
        let Some((status, length)) = Enhanced::read(&text[at..]) else {
            continue;
        };
        let fits = code.map_or(marked, |code| u16::from(status.class) == code / 100);
        if fits && status.subject <= 7 && bytes.get(at + length) != Some(&b'/') {
            return Some(status);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> (Option<u16>, Option<String>) {
        let reply = Reply::read(text);
        (reply.code, reply.enhanced.map(|status| status.to_string()))
    }

    fn both(code: u16, enhanced: &str) -> (Option<u16>, Option<String>) {
        (Some(code), Some(enhanced.to_owned()))
    }

    #[test]
    fn every_spelling_of_the_codes_is_read() {
        for text in [
            "550 5.1.1 no such user",
            "550-5.1.1 no such user",
            "550 #5.1.1 no such user",
            "smtp;550 5.1.1 no such user",
            "SMTP; 550-5.1.1 no such user",
            "(550 5.1.1 no such user)",
            "550; 5.1.1 no such user",
            "550 sorry, no mailbox here by that name. (#5.1.1)",
            "smtp;550 sorry, no mailbox here by that name. (#5.1.1)",
            "550 550 5.1.1 no such user",
            "#550 5.1.1 no such user ##",
            "host mx.example.com[192.0.2.1] said: 550 5.1.1 no such user",
            "5.1.0 - Unknown address error 550-'5.1.1 <a@example.com>... User unknown'",
        ] {
            assert_eq!(codes(text), both(550, "5.1.1"), "{text}");
        }
        assert_eq!(
            codes("553 Mail from 192.0.2.1 not allowed - 5.7.1 [BL23]"),
            both(553, "5.7.1")
        );
        assert_eq!(
            codes("5.2.2 Mailbox full"),
            (None, Some("5.2.2".to_owned()))
        );
        assert_eq!(codes("552"), (Some(552), None));
    }

    #[test]
    fn codes_are_never_read_out_of_something_else() {
        assert_eq!(
            codes("550 5.1.1.10 is blocked"),
            (Some(550), None),
            "an IP address"
        );
        assert_eq!(
            codes("connect to 192.5.7.8[192.5.7.8]:25: timed out"),
            (None, None),
            "an IP address"
        );
        assert_eq!(
            codes("5.1.1.example.com does not answer"),
            (None, None),
            "a host name"
        );
        assert_eq!(
            codes("try again in 500 seconds"),
            (None, None),
            "a number of seconds"
        );
        assert_eq!(
            codes("message of 552 KB is too large"),
            (None, None),
            "a size"
        );
        assert_eq!(codes("4.7.500 Server busy").0, None, "an enhanced code");
        assert_eq!(
            codes("552@qq.example.com not found"),
            (None, None),
            "an address"
        );
        assert_eq!(
            codes("421 4.7.0 [TSS04] deferred - 4.16.55.1; see"),
            both(421, "4.7.0"),
            "a version"
        );
        assert_eq!(codes("123 1.2.3 Reasons"), (None, None), "no reply at all");
    }

    #[test]
    fn what_stands_behind_three_numbers_tells_whether_they_are_a_code() {
        for text in [
            "5.1.1",
            "5.1.1 a",
            "5.1.1.",
            "5.1.1. a",
            "5.1.1-a",
            "5.1.1:",
            "5.999.999",
        ] {
            assert!(Enhanced::read(text).is_some(), "{text}");
        }
        for text in [
            "5.1.1a", "5.1.1_", "5.1.1@", "5.1.1.1", "5.1.1.a", "5.1", "5.1.", "5.1000.1", "3.1.1",
            "",
        ] {
            assert_eq!(Enhanced::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_greeting_before_the_refusal_does_not_hide_it() {
        assert_eq!(
            codes("220-mx.example.com 421 4.2.1 Service refused"),
            both(421, "4.2.1")
        );
        assert_eq!(codes("smtp;250 550 5.1.1 no such user"), both(550, "5.1.1"));
        assert_eq!(codes("250 2.0.0 Ok: queued as 4550"), both(250, "2.0.0"));
    }
}
