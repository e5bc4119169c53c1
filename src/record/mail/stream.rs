//! Mails in a stream: where one begins, and where an mbox is to be cut.

use memchr::memmem;

use super::mime;

/// Fields that a mail may begin with.
#[rustfmt::skip]
const FIELDS: &[&str] = &[
    "return-path", "received", "from", "to", "date", "subject", "message-id", "mime-version", "delivered-to",
    "content-type", "x-original-to", "envelope-to", "dkim-signature", "reply-to", "x-failed-recipients",
    "auto-submitted", "arc-seal", "x-envelope-to", "x-mozilla-status", "x-received", "delivery-date", "cc",
    "sender", "authentication-results", "received-spf", "x-mailer",
];

/// Does this look like the beginning of a mail (or an mbox `From ` line) rather than of a log? `None`: it takes more bytes
/// to tell, so that the answer never depends on how the reads fell.
///
/// A few hundred bytes are enough: two header fields, one of them a field that mails have.
#[must_use]
pub fn begins(bytes: &[u8]) -> Option<bool> {
    let bytes = bytes.trim_ascii_start();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let ends = |byte: &u8| matches!(byte, b'\n' | b'\r');
    // The last line may still grow; it counts only when nothing that follows can change what it is.
    let whole = bytes.iter().rposition(ends).map_or(0, |at| at + 1);
    let (whole, open) = bytes.split_at_checked(whole)?;
    let mut lines = whole
        .split(ends)
        .filter(|line| !line.is_empty())
        .chain(Some(open).filter(|open| could_not_be_a_field(open)))
        .peekable();
    if is_from_line(lines.peek()?) {
        return Some(true);
    }
    // Filters and stores put a dozen fields of their own on top.
    let is_own = |name: &[u8]| {
        name.get(..2)
            .is_some_and(|head| head.eq_ignore_ascii_case(b"x-"))
    };
    let is_known = |line: &[u8]| {
        let name = line
            .split(|&byte| byte == b':')
            .next()
            .unwrap_or_default()
            .trim_ascii_end();
        is_own(name)
            || FIELDS
                .iter()
                .any(|field| field.as_bytes().eq_ignore_ascii_case(name))
    };
    let mut known = 0;
    let mut fields = 0;
    for line in lines {
        if mime::is_field(line) {
            fields += 1;
            known += usize::from(is_known(line));
        } else if fields == 0 || !line.first().is_some_and(u8::is_ascii_whitespace) {
            return Some(false);
        }
        if known >= 2 || (known >= 1 && fields >= 2) {
            return Some(true);
        }
        if fields > 64 {
            return Some(false);
        }
    }
    None
}

/// Whether a line that may still grow has a byte in it that neither a field's name nor an mbox separator has there.
fn could_not_be_a_field(open: &[u8]) -> bool {
    let folded = open.first().is_none_or(u8::is_ascii_whitespace);
    let name = open
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        .count();
    !folded && name < open.len() && !mime::is_field(open) && !open.starts_with(b"From ")
}

/// An mbox separator: `From `, an address or name, and a date with a year (mbox(5); RFC 4155).
fn is_from_line(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    line.starts_with(b"From ")
        && line.len() < 512
        && line
            .windows(3)
            .any(|three| matches!(three, [a, b':', c] if a.is_ascii_digit() && c.is_ascii_digit()))
        && line
            .split(|byte| !byte.is_ascii_digit())
            .any(|digits| digits.len() == 4)
}

/// The mails of an mbox stream, cut at its `From ` lines; each slice begins with its `From ` line.
///
/// A `From ` line counts at the beginning and behind an empty line, and only with a date on it, so that a sentence
/// that begins with "From" cuts nothing. What stands before the first one is a slice, too.
pub fn mbox_mails(mbox: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut boundaries = mbox_boundaries(mbox).peekable();
    let mut start = 0;
    let mut done = mbox.is_empty();
    std::iter::from_fn(move || {
        if done {
            return None;
        }
        let mut end = boundaries.next();
        if end == Some(start) {
            end = boundaries.next();
        }
        done = end.is_none();
        let mail = mbox.get(start..end.unwrap_or(mbox.len()));
        start = end.unwrap_or(mbox.len());
        mail
    })
}

/// The offsets of the `From ` lines of an mbox stream, ascending.
pub fn mbox_boundaries(mbox: &[u8]) -> impl Iterator<Item = usize> {
    memmem::find_iter(mbox, b"From ").filter(move |&at| {
        let before = mbox.get(..at).unwrap_or_default();
        let line_starts = before.is_empty() || before.ends_with(b"\n") || before.ends_with(b"\r");
        let behind_blank = before.is_empty()
            || before.ends_with(b"\n\n")
            || before.ends_with(b"\n\r\n")
            || before.ends_with(b"\r\r");
        if !line_starts || !behind_blank {
            return false;
        }
        let line = mbox.get(at..mbox.len().min(at + 512)).unwrap_or_default();
        let end = memchr::memchr2(b'\n', b'\r', line).unwrap_or(line.len());
        is_from_line(line.get(..end).unwrap_or_default())
    })
}
