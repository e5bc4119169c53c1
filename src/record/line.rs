//! A line and the frame that syslog, journald, Docker or grep put around it.

use memchr::{memchr, memmem};

use crate::knowledge::words::alphanumerics;

/// A line, cut into the frame and what the program itself said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line<'a> {
    /// The whole line without blanks around it.
    pub whole: &'a str,
    /// The time stamp as written.
    pub time: Option<&'a str>,
    /// The program that wrote it (`postfix/smtp`), empty when no frame names one.
    pub program: &'a str,
    /// What the program wrote: the line without stamp, host and program.
    pub message: &'a str,
}

impl<'a> Line<'a> {
    /// Takes the frame off: `Jun  1 10:00:00 host program[pid]: message` (RFC 3164), the same with an RFC 3339
    /// stamp, RFC 5424, and either of them behind a file name of grep or a container name of Docker.
    pub fn cut(line: &'a str) -> Self {
        Self::usual(line).unwrap_or_else(|| Self::unusual(line))
    }

    fn unusual(line: &'a str) -> Self {
        let whole = line.trim_start_matches('\u{feff}').trim_ascii();
        let text = priority(whole).unwrap_or(whole);
        let stamped = stamp(text)
            .or_else(|| dressed_stamp(text))
            .or_else(|| stamp_behind_a_name(text));
        let (time, rest) = match stamped {
            Some((time, rest)) => (Some(time), rest),
            None => (None, text),
        };
        let (program, message) = program(rest, time.is_some())
            .or_else(|| known_tag(rest))
            .unwrap_or(("", rest));
        Self {
            whole,
            time,
            program,
            message,
        }
    }
}

impl<'a> Line<'a> {
    /// The same in less time for a line that is to the letter as nearly all lines of syslog are.
    fn usual(line: &'a str) -> Option<Self> {
        let bytes = line.as_bytes();
        if !is_usual_stamp(bytes) || !bytes.last()?.is_ascii_graphic() {
            return None;
        }
        let host = bytes.get(16..)?;
        let blank = near(b' ', host)?;
        let (host, tag) = (host.get(..blank)?, host.get(blank + 1..)?);
        // A second stamp, a second blank or no host at all takes the long way.
        if !host.first()?.is_ascii_lowercase() || host.ends_with(b":") {
            return None;
        }
        let open = program_length(tag);
        let number = tag.get(open..)?.strip_prefix(b"[")?;
        let digits = number.iter().take_while(|byte| byte.is_ascii_digit());
        let message = number.get(digits.count()..)?.strip_prefix(b"]: ")?;
        if !message.first()?.is_ascii_alphanumeric() || open == 0 {
            return None;
        }
        Some(Self {
            whole: line,
            time: line.get(..15),
            program: line.get(line.len() - tag.len()..)?.get(..open)?,
            message: line.get(line.len() - message.len()..)?,
        })
    }
}

/// Skips `<22>` and the version of RFC 5424.
fn priority(text: &str) -> Option<&str> {
    let (number, rest) = text.strip_prefix('<')?.split_once('>')?;
    if number.is_empty() || number.len() > 3 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(rest.strip_prefix("1 ").unwrap_or(rest))
}

/// Reads a time stamp from the start of `text`; gives it and what follows, without the blank between.
pub fn stamp(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let length = match bytes.first()? {
        b'A'..=b'Z' => syslog_stamp(bytes)?,
        b'0'..=b'9' => iso_stamp(bytes)?,
        _ => return None,
    };
    let (time, rest) = text.split_at_checked(length)?;
    Some((time, rest.trim_ascii_start()))
}

/// Reads a stamp in brackets, with the day of the week in front, or with the year or a colon behind:
/// `[2026-06-01 10:00:00] `, `Mon Jun  1 10:00:00 2026 `, `Mon 2026-06-01 10:00:00: `.
fn dressed_stamp(text: &str) -> Option<(&str, &str)> {
    let (bare, bracketed) = match text.strip_prefix('[') {
        Some(bare) => (bare, true),
        None => (text, false),
    };
    let day = bare.as_bytes().first_chunk::<4>().is_some_and(|start| {
        [
            b"Mon ", b"Tue ", b"Wed ", b"Thu ", b"Fri ", b"Sat ", b"Sun ",
        ]
        .contains(&start)
    });
    let bare = if day { bare.get(4..)? } else { bare };
    if !bracketed && !day {
        return None;
    }
    let (time, mut rest) = stamp(bare).or_else(|| day_first(bare))?;
    if digits(rest.as_bytes(), 0, 4..=4).is_some()
        && let Some((year, behind)) = rest.split_at_checked(4)
        && !year.starts_with('0')
        && behind.starts_with([' ', ']'])
    {
        rest = behind;
    }
    if bracketed {
        rest = rest.strip_prefix(']')?;
    }
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    Some((time, rest.trim_ascii_start()))
}

/// Reads `01/Jun/2026 10:00:00` or, as web servers write it, `01/Jun/2026:10:00:00 +0000`.
fn day_first(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let is_date = bytes.get(2) == Some(&b'/')
        && bytes.get(6) == Some(&b'/')
        && MONTHS.contains(bytes.get(3..)?.first_chunk()?)
        && digits(bytes, 0, 2..=2).is_some()
        && digits(bytes, 7, 4..=4).is_some()
        && matches!(bytes.get(11), Some(b' ' | b':'));
    let end = clock(bytes, 12).filter(|_| is_date)?;
    let zone =
        matches!(bytes.get(end + 1), Some(b'+' | b'-')) && digits(bytes, end + 2, 4..=4).is_some();
    text.split_at_checked(if zone { end + 6 } else { end })
}

/// The months as RFC 3164 writes them.
const MONTHS: [[u8; 3]; 12] = [
    *b"Jan", *b"Feb", *b"Mar", *b"Apr", *b"May", *b"Jun", *b"Jul", *b"Aug", *b"Sep", *b"Oct",
    *b"Nov", *b"Dec",
];

/// The length of `Jun  1 10:00:00`, with a year or fractions of a second where the sender writes them.
fn syslog_stamp(bytes: &[u8]) -> Option<usize> {
    if is_usual_stamp(bytes) {
        return Some(15);
    }
    if bytes.get(3) != Some(&b' ') || !MONTHS.contains(bytes.first_chunk()?) {
        return None;
    }
    let mut at = 4;
    while bytes.get(at) == Some(&b' ') {
        at += 1;
    }
    at += digits(bytes, at, 1..=2)?;
    at += 1;
    if digits(bytes, at, 4..=4).is_some() && bytes.get(at + 4) == Some(&b' ') {
        at += 5;
    }
    clock(bytes, at)
}

/// Whether this is `Jun  1 10:00:00 ` to the letter, which it nearly always is.
fn is_usual_stamp(bytes: &[u8]) -> bool {
    const SHAPE: u128 = u128::from_le_bytes(*b"\0\0\0 00 00:00:00 ");
    // What a byte may be beyond its shape, counted down from 127: a digit up to 9, what stands between nothing.
    const ROOM: u128 = u128::from_le_bytes(*b"\0\0\0\x7fvv\x7fvv\x7fvv\x7fvv\x7f");
    const TOP: u128 = u128::from_le_bytes([1 << 7; 16]);
    let Some(mut stamp) = bytes.first_chunk().copied() else {
        return false;
    };
    if stamp[4] == b' ' {
        stamp[4] = b'0';
    }
    let beyond = u128::from_le_bytes(stamp) ^ SHAPE;
    (beyond | beyond.wrapping_add(ROOM)) & TOP == 0
        && MONTHS.iter().any(|month| stamp.starts_with(month))
}

/// The length of `2026-06-01T10:00:00.123+02:00`, also with a blank or a slash in place of `T` and `-`.
fn iso_stamp(bytes: &[u8]) -> Option<usize> {
    let separator = *bytes.get(4)?;
    if !matches!(separator, b'-' | b'/')
        || bytes.get(7) != Some(&separator)
        || !matches!(bytes.get(10)?, b'T' | b' ')
    {
        return None;
    }
    digits(bytes, 0, 4..=4)?;
    digits(bytes, 5, 2..=2)?;
    digits(bytes, 8, 2..=2)?;
    let at = clock(bytes, 11)?;
    match bytes.get(at) {
        Some(b'Z') => Some(at + 1),
        Some(b'+' | b'-') => {
            let zone = bytes
                .iter()
                .skip(at + 1)
                .take_while(|byte| byte.is_ascii_digit() || **byte == b':')
                .count();
            Some(at + 1 + zone)
        }
        // Exim with a time zone writes it behind a blank.
        Some(b' ')
            if matches!(bytes.get(at + 1), Some(b'+' | b'-'))
                && digits(bytes, at + 2, 4..=4).is_some() =>
        {
            Some(at + 6)
        }
        _ => Some(at),
    }
}

/// The end of `10:00:00` or `10:00:00.123` that starts at `at`.
fn clock(bytes: &[u8], at: usize) -> Option<usize> {
    let hour = digits(bytes, at, 1..=2)?;
    let at = at + hour;
    if bytes.get(at) != Some(&b':') || bytes.get(at + 3) != Some(&b':') {
        return None;
    }
    digits(bytes, at + 1, 2..=2)?;
    digits(bytes, at + 4, 2..=2)?;
    let end = at + 6;
    if !matches!(bytes.get(end), Some(b'.' | b',')) {
        return Some(end);
    }
    match digits(bytes, end + 1, 1..=9) {
        Some(fraction) => Some(end + 1 + fraction),
        None => Some(end),
    }
}

/// Whether a time of day stands near the beginning, as in the lines of nearly every log.
pub fn has_clock(text: &str) -> bool {
    let near = text.as_bytes().get(..40).unwrap_or(text.as_bytes());
    memchr::memchr_iter(b':', near).any(|colon| {
        colon
            .checked_sub(2)
            .is_some_and(|at| clock(near, at).is_some())
    })
}

/// How many digits stand at `at`, when their number is in `wanted`.
fn digits(bytes: &[u8], at: usize, wanted: std::ops::RangeInclusive<usize>) -> Option<usize> {
    let count = bytes
        .iter()
        .skip(at)
        .take(wanted.end() + 1)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    wanted.contains(&count).then_some(count)
}

/// Finds the stamp behind `mail.log:`, `mail.log-12-` (grep), `mailserver-1  | ` (Docker) or a second stamp.
fn stamp_behind_a_name(text: &str) -> Option<(&str, &str)> {
    if let Some((name, rest)) = text.split_once('|')
        && name.len() < 60
        && let Some(found) = stamp(rest.trim_start())
    {
        return Some(found);
    }
    // `grep -n` over several files puts two marks in front.
    let mut rest = text;
    for _ in 0..3 {
        let at = memchr(b':', rest.as_bytes()).filter(|&at| at < 120)?;
        rest = rest.get(at + 1..)?;
        if let Some(found) = stamp(rest) {
            return Some(found);
        }
    }
    None
}

/// Reads `host program[pid]: `; gives the program's name and its message.
fn program(text: &str, after_stamp: bool) -> Option<(&str, &str)> {
    let mut rest = text;
    // A second stamp (docker logs -t), the host, at most a facility.
    if after_stamp && let Some((_, behind)) = stamp(rest) {
        rest = behind;
    }
    let words = if after_stamp { 3 } else { 2 };
    for place in 0..words {
        let at = memchr(b' ', rest.as_bytes())?;
        let (word, behind) = rest.split_at_checked(at)?;
        let behind = behind.trim_ascii_start();
        if let Some(tag) = word.strip_suffix(':') {
            // Without a stamp only a process number makes a word a program: `Error: ...` is none.
            let (name, has_number) = match tag.strip_suffix(']').and_then(|tag| split(tag, b'[')) {
                Some((name, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                    (name, true)
                }
                Some(_) => return None,
                None => (tag, false),
            };
            // A number alone counts something: `delivery 12: ...`.
            let is_named = has_number
                || after_stamp && place > 0 && !name.bytes().all(|byte| byte.is_ascii_digit());
            let plausible = is_named && is_program(name.as_bytes());
            return plausible.then(|| (name, without_solaris_id(behind)));
        }
        // The flags of Exim, which has neither host nor program in its lines.
        if matches!(word, "**" | "==" | "=>" | "->" | ">>" | "*>" | "<=") {
            return None;
        }
        // RFC 5424: host program pid msgid structured-data message.
        if after_stamp
            && place == 1
            && let Some(message) = structured(behind)
        {
            return Some((word, message));
        }
        rest = behind;
    }
    None
}

/// Reads `postfix/smtp[12]: ` behind a frame of whatever kind: the names of mail servers leave no doubt.
fn known_tag(text: &str) -> Option<(&str, &str)> {
    const NAMES: &[&str] = &["postfix", "sendmail", "sm-m", "exim", "smtpd", "qmail"];
    // No frame is longer, and behind it somebody else may speak.
    let near = text.as_bytes().get(..160).unwrap_or(text.as_bytes());
    let end = memmem::find(near, b"]: ")?;
    let (head, number) = text.get(..end)?.rsplit_once('[')?;
    let at = head.rfind([' ', '\t', '"']).map_or(0, |blank| blank + 1);
    let (frame, name) = head.split_at_checked(at)?;
    let is_tag = !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && NAMES.iter().any(|known| name.starts_with(known))
        && is_program(name.as_bytes())
        && !speaks(frame);
    is_tag.then(|| (name, text.get(end + 3..).unwrap_or("").trim_ascii_start()))
}

/// Whether this is the name of a program, and no other word: `postfix/smtp`, `sm-mta`.
fn is_program(name: &[u8]) -> bool {
    !name.is_empty() && program_length(name) == name.len()
}

/// How many bytes at the start may be of a program's name: letters, digits and `/-_.()`.
fn program_length(text: &[u8]) -> usize {
    let mut length = alphanumerics(text);
    while let Some(b'/' | b'-' | b'_' | b'.' | b'(' | b')') = text.get(length) {
        length += 1;
        length += alphanumerics(text.get(length..).unwrap_or_default());
    }
    length
}

/// Skips `4711 - - ` or `4711 ID [data] ` of RFC 5424 (section 6.2.6 and 6.3).
fn structured(text: &str) -> Option<&str> {
    let (pid, rest) = text.split_once(' ')?;
    if pid != "-" && !pid.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (_, rest) = rest.split_once(' ')?;
    if let Some(message) = rest.strip_prefix("- ") {
        return Some(message.trim_start_matches('\u{feff}'));
    }
    let (_, message) = rest.strip_prefix('[')?.split_once("] ")?;
    Some(message.trim_start_matches('\u{feff}'))
}

/// Skips `[ID 197553 mail.info] ` of Solaris.
fn without_solaris_id(text: &str) -> &str {
    match text
        .strip_prefix("[ID ")
        .and_then(|text| text.split_once("] "))
    {
        Some((_, message)) => message,
        None => text,
    }
}

/// Where `byte` stands in `bytes`: quicker than a search made for long texts where it comes soon.
pub fn near(byte: u8, bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let (eights, rest) = bytes.as_chunks();
    for (place, eight) in eights.iter().enumerate() {
        // The same byte becomes 0, and taking 1 from each sets the top bit of the first 0 and of nothing in front of it.
        let other = u64::from_le_bytes(*eight) ^ (ONES * u64::from(byte));
        let same = other.wrapping_sub(ONES) & !other & (ONES << 7);
        if same != 0 {
            return Some(place * 8 + same.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|other| *other == byte)?;
    Some(bytes.len() - rest.len() + at)
}

/// Where `needle` stands in `text`.
pub fn find(text: &str, needle: &str) -> Option<usize> {
    memmem::find(text.as_bytes(), needle.as_bytes())
}

/// Whether `needle` stands in `text`.
pub fn has(text: &str, needle: &str) -> bool {
    find(text, needle).is_some()
}

/// What stands before and behind the first `mark`.
pub fn cut<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let at = find(text, mark)?;
    Some((text.get(..at)?, text.get(at + mark.len()..)?))
}

/// What stands before and behind the last `mark`.
pub fn cut_last<'a>(text: &'a str, mark: &str) -> Option<(&'a str, &'a str)> {
    let at = memmem::rfind(text.as_bytes(), mark.as_bytes())?;
    Some((text.get(..at)?, text.get(at + mark.len()..)?))
}

/// What stands before and behind the first byte `mark`, an ASCII character that comes soon.
pub fn split(text: &str, mark: u8) -> Option<(&str, &str)> {
    let at = near(mark, text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// What stands between `open` and the next `close`.
pub fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let (_, rest) = cut(text, open)?;
    Some(cut(rest, close)?.0)
}

/// The text without blanks around it; most have none, and their first and last bytes show it.
pub fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [b'!'..=b'~'] | [b'!'..=b'~', .., b'!'..=b'~'] => text,
        _ => text.trim(),
    }
}

/// An empty text is nothing.
pub fn some(text: &str) -> Option<&str> {
    let text = trimmed(text);
    (!text.is_empty()).then_some(text)
}

/// An IP address in the text form of RFC 4291 or dotted; nothing else.
pub fn ip(text: &str) -> Option<&str> {
    let text = text.strip_prefix("IPv6:").unwrap_or(text);
    let is_in_groups =
        || near(b':', text.as_bytes()).is_some() && text.parse::<std::net::Ipv6Addr>().is_ok();
    // Names are far more frequent, and the first letter tells most of them.
    let fits = match text.as_bytes().first()? {
        b'0'..=b'9' => is_dotted(text) || is_in_groups(),
        b':' | b'a'..=b'f' | b'A'..=b'F' => is_in_groups(),
        _ => false,
    };
    fits.then_some(text)
}

/// Whether this is an IPv4 address: four numbers up to 255 without a 0 in front.
fn is_dotted(text: &str) -> bool {
    let first = behind_octet(text.as_bytes());
    let last = (0..3).fold(first, |rest, _| behind_octet(rest?.strip_prefix(b".")?));
    last.is_some_and(<[u8]>::is_empty)
}

/// What stands behind the longest number up to 255 that a text begins with.
fn behind_octet(text: &[u8]) -> Option<&[u8]> {
    match text {
        [b'1', b'0'..=b'9', b'0'..=b'9', rest @ ..]
        | [b'2', b'0'..=b'4', b'0'..=b'9', rest @ ..]
        | [b'2', b'5', b'0'..=b'5', rest @ ..]
        | [b'1'..=b'9', b'0'..=b'9', rest @ ..]
        | [b'0'..=b'9', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// The name and the address of a host, as far as they are known.
pub type Peer<'a> = (Option<&'a str>, Option<&'a str>);

/// Name and address out of `mx.example.com[192.0.2.1]:25`; a name that is not known (`unknown`) is none.
pub fn peer(text: &str) -> Peer<'_> {
    let (name, behind) = split(text, b'[').unwrap_or((text, ""));
    peer_of(name, behind)
}

/// The same of a name and what stands behind its opening bracket.
pub fn peer_of<'a>(name: &'a str, behind: &'a str) -> Peer<'a> {
    let name = name.trim_ascii();
    let name = name.strip_suffix('.').unwrap_or(name);
    let address = split(behind, b']').and_then(|(address, _)| ip(address));
    match ip(name) {
        Some(own) => (None, address.or(Some(own))),
        None => (some(name).filter(|name| *name != "unknown"), address),
    }
}

/// Whether a server speaks in `text`: a reply code stands where a reply can begin. What follows are its words, whatever
/// record they look like, so no field behind them is one.
pub fn speaks(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr3_iter(b'2', b'4', b'5', bytes).any(|at| {
        let before = at.checked_sub(1).and_then(|place| bytes.get(place));
        // `450:` is the number of a line that grep -n puts in front.
        before.is_none_or(|byte| b" \t('\";#=<".contains(byte))
            && bytes.get(at + 3) != Some(&b':')
            && text.get(at..).and_then(code).is_some()
    })
}

/// The length of a reply code (RFC 5321 section 4.2) that `text` starts with: three digits, then no digit or letter.
pub fn code(text: &str) -> Option<u16> {
    let [a, b, c, rest @ ..] = text.as_bytes() else {
        return None;
    };
    let next = rest.first().copied().unwrap_or(b' ');
    if !matches!(a, b'2'..=b'5')
        || !b.is_ascii_digit()
        || !c.is_ascii_digit()
        || next.is_ascii_alphanumeric()
        || matches!(next, b'.' | b'@' | b'_') && rest.get(1).is_some_and(u8::is_ascii_alphanumeric)
    {
        return None;
    }
    let digit = |byte: &u8| u16::from(byte - b'0');
    Some(digit(a) * 100 + digit(b) * 10 + digit(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(line: &str) -> (Option<&str>, &str, &str) {
        let line = Line::cut(line);
        (line.time, line.program, line.message)
    }

    #[test]
    fn every_frame_gives_time_program_and_message() {
        for line in [
            "Jun  1 10:00:00 host postfix/smtp[12]: hello",
            "<22>Jun  1 10:00:00 host postfix/smtp[12]: hello",
            "mail.log:Jun  1 10:00:00 host postfix/smtp[12]: hello",
            "/var/log/mail.log.1:77:Jun  1 10:00:00 host postfix/smtp[12]: hello",
            "mailserver-1  | Jun  1 10:00:00 host postfix/smtp[12]: hello",
            "Jun  1 10:00:00 host postfix/smtp: hello",
            "Jun  1 10:00:00 postfix/smtp[12]: hello",
            "Jun  1 10:00:00 host postfix/smtp[12]: [ID 197553 mail.info] hello",
        ] {
            assert_eq!(
                parts(line),
                (Some("Jun  1 10:00:00"), "postfix/smtp", "hello"),
                "{line}"
            );
        }
    }

    #[test]
    fn a_usual_line_is_cut_as_any_other() {
        let mut usual = 0;
        for host in [
            "mail",
            "mx1.example.com:",
            "Mail",
            "192.0.2.1",
            "",
            "==",
            "Jun  1 10:00:00 mail",
        ] {
            for tag in [
                "postfix/smtp[12]:",
                "sm-mta[7]:",
                "a b[1]:",
                "[1]:",
                "x[]:",
                "x[1y]:",
                "smtp:",
                "1a[2]:",
            ] {
                for message in [
                    "A1: to=<a@example.com>",
                    "",
                    " x",
                    "[ID 1 mail.info] x",
                    "<a>",
                    "b[3]: c ",
                    "\u{e9}",
                ] {
                    let line = format!("Jun  1 10:00:00 {host} {tag} {message}");
                    if let Some(found) = Line::usual(&line) {
                        usual += 1;
                        assert_eq!(found, Line::unusual(&line), "{line}");
                    }
                }
            }
        }
        assert!(usual > 3, "only {usual} lines were usual");
    }

    #[test]
    fn a_usual_stamp_is_one_to_the_letter() {
        assert!(is_usual_stamp(b"Jun  1 10:00:00 "));
        assert!(!is_usual_stamp(b"jun  1 10:00:00 "));
        let stamp = *b"Dec 31 23:59:59 ";
        for (at, byte) in (3..16).flat_map(|at| (0..=u8::MAX).map(move |byte| (at, byte))) {
            let mut other = stamp;
            other[at] = byte;
            let fits = match stamp[at] {
                b'0'..=b'9' => byte.is_ascii_digit() || at == 4 && byte == b' ',
                same => byte == same,
            };
            assert_eq!(is_usual_stamp(&other), fits, "{other:?}");
        }
    }

    #[test]
    fn a_standard_stamp_keeps_fraction_and_zone() {
        for line in [
            "2026-06-01T10:00:00.123+02:00 host postfix/smtp[12]: hello",
            "<22>1 2026-06-01T10:00:00.123+02:00 host postfix/smtp 12 - - hello",
            "<22>1 2026-06-01T10:00:00.123+02:00 host postfix/smtp 12 ID [a@1 b=\"c\"] hello",
        ] {
            assert_eq!(
                parts(line),
                (
                    Some("2026-06-01T10:00:00.123+02:00"),
                    "postfix/smtp",
                    "hello"
                ),
                "{line}"
            );
        }
    }

    #[test]
    fn a_mail_servers_name_is_found_behind_any_frame() {
        for frame in [
            "01-06-2026 10:00:00 host ",
            "2026 Jun  1 10:00:00 host ",
            "1780300000 host ",
            "> ",
            "[root@host ~]# Jun  1 10:00:00 host ",
            "mailserver-1  | ",
            "host\tJun  1 10:00:00\t",
        ] {
            let line = format!("{frame}postfix/smtp[12]: hello");
            assert_eq!(Line::cut(&line).program, "postfix/smtp", "{line}");
            assert_eq!(Line::cut(&line).message, "hello", "{line}");
        }
        for line in [
            "host said 550 no, see postfix/smtp[12]: hello",
            "01-06-2026 host postfix/smtp[x]: hello",
            "01-06-2026 host other[12]: hello",
        ] {
            assert_eq!(Line::cut(line).program, "", "{line}");
        }
    }

    #[test]
    fn a_stamp_may_be_dressed_up() {
        for (line, time) in [
            (
                "Mon Jun  1 10:00:00 2026 host postfix/smtp[12]: hello",
                "Jun  1 10:00:00",
            ),
            (
                "[Mon Jun 01 10:00:00.123 2026] host postfix/smtp[12]: hello",
                "Jun 01 10:00:00.123",
            ),
            (
                "[2026-06-01 10:00:00] host postfix/smtp[12]: hello",
                "2026-06-01 10:00:00",
            ),
            (
                "Mon 2026-06-01 10:00:00: postfix/smtp[12]: hello",
                "2026-06-01 10:00:00",
            ),
            (
                "[01/Jun/2026:10:00:00 +0000] host postfix/smtp[12]: hello",
                "01/Jun/2026:10:00:00 +0000",
            ),
        ] {
            assert_eq!(parts(line), (Some(time), "postfix/smtp", "hello"), "{line}");
        }
        assert_eq!(parts("[2026-06-01 10:00:00 hello").0, None);
    }

    #[test]
    fn a_line_without_a_stamp_may_still_name_its_program() {
        assert_eq!(
            parts("postfix/smtp[12]: hello"),
            (None, "postfix/smtp", "hello")
        );
    }

    #[test]
    fn a_reply_has_no_frame() {
        for line in [
            "550 5.1.1 no",
            "Error: 550 no",
            "<a@example.com>: no",
            "450-4.2.1 a: b",
            "",
        ] {
            assert_eq!(parts(line), (None, "", line));
        }
    }

    #[test]
    fn what_is_near_is_where_it_stands() {
        let text: Vec<u8> = (0..=u8::MAX).chain(0..100).collect();
        for start in 0..20 {
            for byte in 0..=u8::MAX {
                let text = &text[start..];
                assert_eq!(near(byte, text), memchr(byte, text), "{byte} from {start}");
                assert_eq!(near(byte, &text[..start]), memchr(byte, &text[..start]));
            }
        }
        // Where the byte next to it differs in the last bit only.
        assert_eq!(near(b',', b"-,-,----"), Some(1));
        assert_eq!(near(b'-', b",,,-,,,,"), Some(3));
    }

    #[test]
    fn an_address_has_four_numbers_up_to_255() {
        for text in ["0.0.0.0", "192.0.2.1", "255.249.199.10", "99.9.100.250"] {
            assert_eq!(ip(text), Some(text));
        }
        for text in [
            "256.0.2.1",
            "192.0.2.256",
            "192.0.2.300",
            "192.0.2.1000",
            "192.00.2.1",
            "192.0.2.01",
            "192.0.2",
            "192.0.2.",
            ".192.0.2.1",
            "192..2.1",
            "192.0.2.1.",
            "192.0.2.1.1",
            "192.0.2.1a",
            "",
        ] {
            assert_eq!(ip(text), None, "{text}");
        }
    }

    #[test]
    fn an_address_is_only_taken_for_what_it_is() {
        assert_eq!(
            peer("mx.example.com[192.0.2.1]:25"),
            (Some("mx.example.com"), Some("192.0.2.1"))
        );
        assert_eq!(peer("unknown[2001:db8::1]"), (None, Some("2001:db8::1")));
        assert_eq!(peer("mail[private/dovecot-lmtp]"), (Some("mail"), None));
        assert_eq!(peer("192.0.2.1[192.0.2.1]"), (None, Some("192.0.2.1")));
    }
}
