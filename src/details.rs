//! What else a reply shows: addresses, IPs, hosts and URLs, the wait it asks for, the size it allows.
//!
//! Nothing here decides a cause; it fills the sentences of a verdict.

use std::iter;
use std::net::IpAddr;
use std::ops::Range;

use crate::knowledge::words::{self, Literal, Token};

/// What `found` makes of the first literal that it makes something of. It gets the kind and the place of each.
fn literal<'t>(
    text: &'t str,
    mut found: impl FnMut(Literal, Range<usize>) -> Option<&'t str>,
) -> Option<&'t str> {
    let bytes = text.as_bytes();
    let mut done = 0;
    // Every literal but a number has one of these bytes, and none goes on behind a blank.
    for cue in memchr::memchr3_iter(b'.', b'@', b':', bytes) {
        if cue < done {
            continue;
        }
        let start = memchr::memrchr(b' ', &bytes[..cue]).map_or(0, |blank| blank + 1);
        done = memchr::memchr(b' ', &bytes[cue..]).map_or(text.len(), |blank| cue + blank + 1);
        let mut first = None;
        words::cut_part(text, start..done, |token, from, to| {
            if let Token::Literal(literal) = token
                && first.is_none()
            {
                first = found(literal, from..to);
            }
        });
        if first.is_some() {
            return first;
        }
    }
    None
}

/// The first host name in `text`.
#[must_use]
pub fn host(text: &str) -> Option<&str> {
    literal(text, |literal, place| {
        text.get(place).filter(|_| literal == Literal::Host)
    })
}

/// The first mail address in `text`, without the brackets and dots around it.
#[must_use]
pub fn address(text: &str) -> Option<&str> {
    find_address(text, |_| true)
}

/// The address that a reply refuses: the first one that is neither a contact ("write to postmaster@...") nor the new address of
/// somebody who moved (RFC 5321 section 3.4).
#[must_use]
pub fn recipient(text: &str) -> Option<&str> {
    find_address(text, |before| !is_contact(before) && !moved_to(before))
}

/// The new address that a 551 or 251 names: `551 User not local; please try <b@example.com>`.
#[must_use]
pub fn forward(text: &str) -> Option<&str> {
    find_address(text, moved_to)
}

/// Words before an address that is there to be written to.
const CONTACT: [&str; 12] = [
    "contact", "mailto", "mail", "email", "e-mail", "write", "at", "via", "from", "ask", "notify",
    "inform",
];

/// Words before the address where somebody is now.
const MOVED: [&str; 9] = [
    "try",
    "forward to",
    "forwarding to",
    "use",
    "moved to",
    "new address",
    "new address is",
    "changed to",
    "now at",
];

fn moved_to(before: &str) -> bool {
    MOVED.iter().any(|cue| ends_in(trimmed(before), cue))
}

fn is_contact(before: &str) -> bool {
    let before = trimmed(before);
    // "write to postmaster@..." asks to write, "deliver to bob@..." does not.
    ends_in(before, "write to") || CONTACT.iter().any(|cue| ends_in(before, cue))
}

/// What stands before an address, without the brackets and blanks between.
fn trimmed(before: &str) -> &str {
    before.trim_end_matches(|letter: char| letter.is_whitespace() || "<([{\"':=".contains(letter))
}

/// Whether a text ends in these words, whatever the case.
fn ends_in(text: &str, words: &str) -> bool {
    without(text, words).is_some_and(|before| !before.ends_with(char::is_alphanumeric))
}

/// What stands before the last letters of a text if they are these, whatever the case.
fn without<'t>(text: &'t str, last: &str) -> Option<&'t str> {
    let at = text.len().checked_sub(last.len())?;
    let (before, end) = text.split_at_checked(at)?;
    end.eq_ignore_ascii_case(last).then_some(before)
}

/// What stands behind the first letters of a text if they are these, whatever the case.
fn after<'t>(text: &'t str, first: &str) -> Option<&'t str> {
    let (start, behind) = text.split_at_checked(first.len())?;
    start.eq_ignore_ascii_case(first).then_some(behind)
}

/// The first mail address with something before it that will do.
fn find_address(text: &str, will_do: impl Fn(&str) -> bool) -> Option<&str> {
    // Most replies name nobody.
    memchr::memchr(b'@', text.as_bytes())?;
    literal(text, |literal, place| {
        if literal != Literal::Address {
            return None;
        }
        let before = text.get(..place.start)?;
        text.get(place).filter(|address| {
            address
                .split_once('@')
                .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
                && will_do(before)
        })
    })
}

/// The first URL that is there to be read: a blamed one stands behind other words than "see".
#[must_use]
pub fn page(text: &str) -> Option<&str> {
    find_url(text, true)
}

/// The host of the URL that a reply blames.
#[must_use]
pub fn blamed_url(text: &str) -> Option<&str> {
    let url = find_url(text, false)?;
    let rest = url.split_once("//").map_or(url, |(_, rest)| rest);
    rest.split(['/', ':', '?']).next()
}

fn find_url(text: &str, to_be_read: bool) -> Option<&str> {
    const BLAMED: [&str; 6] = ["url", "link", "website", "uri", "domain", "site"];
    literal(text, |literal, place| {
        if literal != Literal::Url {
            return None;
        }
        let before = trimmed(text.get(..place.start)?);
        let blamed = BLAMED.iter().any(|cue| ends_in(before, cue));
        text.get(place).filter(|_| blamed != to_be_read)
    })
}

/// The first IP address in `text`, also one inside a URL. The version behind Yahoo's texts (`- 4.16.55.1; see`) is none.
#[must_use]
pub fn ip(text: &str) -> Option<&str> {
    text.get(ip_place(text)?)
}

/// Where it stands.
#[must_use]
pub fn ip_place(text: &str) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let inside = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':');
    // Every address has two separators; replies have few of them, so each is looked at with what stands around it.
    let mut done = 0;
    for at in memchr::memchr2_iter(b'.', b':', bytes) {
        if at < done {
            continue;
        }
        let (mut dots, mut colons) = (0, 0);
        done = at;
        for byte in bytes[at..].iter().take_while(|byte| inside(byte)) {
            done += 1;
            dots += usize::from(*byte == b'.');
            colons += usize::from(*byte == b':');
        }
        // Codes and names have a dot or two; what has fewer separators than an address has is not worth reading as one.
        if dots < 3 && colons < 2 {
            continue;
        }
        let before = bytes[..at]
            .iter()
            .rev()
            .take_while(|byte| inside(byte))
            .count();
        let start = at - before;
        let piece = text.get(start..done)?;
        let is_ip = |piece: &str| piece.parse::<IpAddr>().is_ok();
        if is_ip(piece) {
            let (before, behind) = (text.get(..start)?, text.get(done..)?);
            let is_version =
                before.ends_with(" - ") && behind.starts_with(';') && !behind.contains(" - ");
            return (!is_version).then_some(start..done);
        }
        let bare = piece.trim_start_matches(['.', ':']);
        let start = done - bare.len();
        let bare = bare.trim_end_matches(['.', ':']);
        if is_ip(bare) {
            return Some(start..start + bare.len());
        }
    }
    None
}

/// Every IP address, host name and mail address in the prose of `text`.
pub fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let mut found = Vec::new();
    words::cut(text, |token, start, end| {
        if let Token::Literal(Literal::Ip | Literal::Host | Literal::Address) = token {
            found.extend(text.get(start..end));
        }
    });
    found.into_iter()
}

/// The domain that a reply blames: the first host name or address domain outside the words at `list`.
#[must_use]
pub fn listed_domain(text: &str, list: Range<usize>) -> Option<&str> {
    literal(text, |literal, place| {
        if place.start < list.end && place.end > list.start {
            return None;
        }
        let found = text.get(place)?;
        match literal {
            Literal::Host => Some(found),
            Literal::Address => found.rsplit_once('@').map(|(_, domain)| domain),
            _ => None,
        }
    })
}

/// The wait in seconds that a reply asks for: "try again in 5 minutes", "retry after 300s", "00:05:00".
#[must_use]
pub fn wait(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'.';
    let mut done = 0;
    let mut numbers = iter::from_fn(|| {
        let at = words::mark_behind(bytes, done)?;
        let run = bytes[at..].iter().take_while(|byte| inside(byte)).count();
        done = at + run.max(1);
        Some(at)
    });
    let seconds = numbers.find_map(|at| {
        if !bytes[at].is_ascii_digit() || bytes[..at].last().is_some_and(inside) {
            return None;
        }
        let (before, number) = text.split_at_checked(at)?;
        let (_, behind) = number.split_at_checked(digits(number))?;
        let clock = behind.starts_with(':').then(|| clock(number)).flatten();
        let duration = || duration(number).filter(|seconds| *seconds <= LONGEST_WAIT);
        let seconds = clock.or_else(duration)?;
        (is_cued(before) || is_minutes(behind)).then_some(seconds)
    })?;
    // What the rest of the reply is about is asked last, for it costs most.
    let lower = text.to_ascii_lowercase();
    WAITING
        .iter()
        .any(|word| lower.contains(word))
        .then_some(seconds)
}

/// Words of a reply that asks to wait.
const WAITING: [&str; 10] = [
    "again",
    "retry",
    "wait",
    "greylist",
    "graylist",
    "later",
    "defer",
    "delay",
    "blocked",
    "come back",
];

/// Whether the words before a number say that it is a wait; "in " ends "within " and "again ", too.
fn is_cued(before: &str) -> bool {
    const CUES: [&str; 7] = [
        "in ",
        "after ",
        "for ",
        "wait ",
        "at least ",
        "minimum ",
        "another ",
    ];
    match before.strip_suffix(' ') {
        // Behind a code or a stop there is none.
        Some(word) if word.ends_with(|letter: char| letter.is_ascii_alphabetic()) => {
            CUES.iter().any(|cue| without(before, cue).is_some())
        }
        _ => before.ends_with('('),
    }
}

/// Whether what stands behind a number makes it one of minutes.
fn is_minutes(behind: &str) -> bool {
    after(behind.trim_start(), "min").is_some()
}

/// Nobody is asked to wait longer than this many seconds; a larger number is something else.
const LONGEST_WAIT: u64 = 30 * 86_400;

/// `5 minutes`, `300s`, `4 min 30 sec` in seconds.
fn duration(text: &str) -> Option<u64> {
    let (first, rest) = one_unit(text)?;
    let rest = rest.trim_start_matches([' ', ',']);
    let rest = after(rest, "and ").unwrap_or(rest);
    match one_unit(rest) {
        Some((more, _)) if more < first => first.checked_add(more),
        _ => Some(first),
    }
}

/// How many digits a text begins with.
fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// A number and its unit at the start of `text`, in seconds, and what stands behind them.
fn one_unit(text: &str) -> Option<(u64, &str)> {
    let (count, unit) = text.split_at_checked(digits(text))?;
    let unit = unit.trim_start_matches([' ', '-', '_']);
    let letters = unit.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (name, rest) = unit.split_at_checked(letters)?;
    let one = match name {
        "s" | "S" => 1,
        "m" | "M" => 60,
        "h" | "H" => 3600,
        _ => {
            [
                ("sec", 1),
                ("min", 60),
                ("hour", 3600),
                ("hr", 3600),
                ("day", 86_400),
            ]
            .iter()
            .find(|(start, _)| after(name, start).is_some())?
            .1
        }
    };
    Some((
        count.parse::<u64>().ok()?.checked_mul(one)?,
        rest.trim_start_matches(['.', '(', ')']),
    ))
}

/// `00:05:00` in seconds.
fn clock(text: &str) -> Option<u64> {
    let mut parts = text.splitn(3, ':');
    let hours: u64 = parts.next()?.parse().ok()?;
    let minutes: u64 = parts.next()?.parse().ok()?;
    let rest = parts.next()?;
    let seconds: u64 = rest.get(..digits(rest))?.parse().ok()?;
    (hours < 100 && minutes < 60 && seconds < 60).then_some(hours * 3600 + minutes * 60 + seconds)
}

/// A wait in words: `5 minutes`. Rounded up where seconds would say too much: waiting too short is in vain.
#[must_use]
pub fn wait_in_words(seconds: u64) -> String {
    let (count, unit) = match seconds {
        86_400.. if seconds.is_multiple_of(86_400) => (seconds / 86_400, "day"),
        172_800.. => (seconds.div_ceil(3600), "hour"),
        3600.. if seconds.is_multiple_of(3600) => (seconds / 3600, "hour"),
        120.. => (seconds.div_ceil(60), "minute"),
        60 => (1, "minute"),
        _ => (seconds, "second"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// The size limit that a reply names, in words: bytes and KB as MiB (`20.0 MiB`), other units as they stand. Of the size of a
/// message and the limit it exceeds, the smaller one is the limit.
#[must_use]
pub fn size(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let smallest = sizes(&lower).min_by(|left, right| left.bytes.total_cmp(&right.bytes))?;
    // Most replies name no size, so what this one is about is asked last.
    ["size", "limit", "large", "big", "maximum", "exceed"]
        .iter()
        .any(|cue| lower.contains(cue))
        .then(|| smallest.in_words())
}

/// The quota of a mailbox that a reply names, in words: `(1024 MB of 1000 MB used)`, `quota 1073741824 bytes`.
#[must_use]
pub fn quota(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let sizes: Vec<_> = sizes(&lower).collect();
    // "1024 MB of 1000 MB" may stand behind the word quota, too, so what it is full *of* goes first.
    ["of", "limit", "quota"].iter().find_map(|cue| {
        sizes
            .iter()
            .find(|size| {
                let before = lower.get(..size.at).map(trimmed).unwrap_or_default();
                before.strip_suffix(" is").unwrap_or(before).ends_with(cue)
            })
            .map(|size| size.in_words())
    })
}

/// A number with a unit of size.
struct Size<'a> {
    at: usize,
    number: &'a str,
    /// `None` for bytes, which people are told as MiB.
    unit: Option<&'static str>,
    bytes: f64,
}

impl Size<'_> {
    fn in_words(&self) -> String {
        match self.unit {
            Some(unit) => format!("{} {unit}", self.number),
            None => format!("{:.1} MiB", self.bytes / f64::from(1 << 20)),
        }
    }
}

/// Every size in a text in lower case. A bare number is one of bytes when it has six digits or more.
fn sizes(text: &str) -> impl Iterator<Item = Size<'_>> {
    const UNITS: [(&str, Option<&str>, f64); 10] = [
        ("mib", Some("MiB"), 1_048_576.0),
        ("megabyte", Some("MB"), 1e6),
        ("mb", Some("MB"), 1e6),
        ("gib", Some("GiB"), 1_073_741_824.0),
        ("gigabyte", Some("GB"), 1e9),
        ("gb", Some("GB"), 1e9),
        ("kib", None, 1024.0),
        ("kilobyte", None, 1024.0),
        ("kb", None, 1024.0),
        ("byte", None, 1.0),
    ];
    let mut from = 0;
    iter::from_fn(move || {
        while let Some(at) = words::mark_behind(text.as_bytes(), from) {
            let rest = text.get(at..)?;
            let inside = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
            let length = rest.bytes().take_while(inside).count();
            from = at + length.max(1);
            let number = rest.get(..length)?.trim_end_matches('.');
            let before = text.get(..at)?.chars().next_back().unwrap_or(' ');
            if before.is_ascii_alphanumeric() || matches!(before, '.' | '-') {
                continue;
            }
            let unit = rest.get(length..)?.trim_start();
            let known = UNITS.iter().find(|(name, ..)| unit.starts_with(name));
            let (unit, one) = match known {
                Some((_, unit, one)) => (*unit, *one),
                None if number.len() >= 6 && !matches!(before, '/' | '#') => (None, 1.0),
                None => continue,
            };
            let Ok(count) = number.parse::<f64>() else {
                continue;
            };
            let bytes = count * one;
            if (1024.0..1e13).contains(&bytes) {
                return Some(Size {
                    at,
                    number,
                    unit,
                    bytes,
                });
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_read_in_all_their_spellings() {
        for (text, seconds) in [
            ("450 4.2.0 Greylisted, please try again in 5 minutes", 300),
            (
                "451 4.7.1 Greylisting in action, please come back in 00:03:00",
                180,
            ),
            ("450 retry after 300s", 300),
            ("450 Greylisted for 60 seconds", 60),
            ("451 please try again 15min later", 900),
            ("421 blocked for 1 hour, try later", 3600),
            ("450 greylisted, retry in 4 min 30 sec", 270),
            ("450 greylisted, retry in 1 hour, 5 minutes", 3900),
        ] {
            assert_eq!(wait(text), Some(seconds), "{text}");
        }
        assert_eq!(wait("450 4.7.1 try again later"), None);
        assert_eq!(wait("550 5.1.1 user192 unknown"), None);
    }

    #[test]
    fn a_wait_is_read_whatever_the_case_and_only_where_one_is_asked_for() {
        assert_eq!(wait("451 Try Again In 5 MINUTES"), Some(300));
        assert_eq!(wait("451 WAIT 2 Hours And 5 Min"), Some(7500));
        assert_eq!(wait("550 listed within 5 minutes"), None);
        assert_eq!(wait("451 try again, seen 7 hours ago"), None);
    }

    #[test]
    fn a_reply_of_nothing_but_waits_is_read_in_one_go() {
        let start = std::time::Instant::now();
        assert_eq!(wait(&"again in 99 days ".repeat(100_000)), None);
        assert!(start.elapsed().as_secs() < 10);
    }

    #[test]
    fn a_literal_is_found_where_the_whole_text_has_it() {
        let pieces = [
            "host mx.example.com",
            "[192.0.2.1]:25",
            "<bob@example.com>",
            "https://example.com/a?b=c",
            "www. ",
            "http:/ ",
            "it's",
            "don't.stop",
            "5.1.1",
            "\u{e9}t\u{e9}.example.org",
            ": . @ ",
            "a@b",
        ];
        for first in pieces {
            for second in pieces {
                for between in ["", " ", "  ", "\t", ".", "'"] {
                    let text = format!("{first}{between}{second}");
                    let mut whole = Vec::new();
                    words::cut(&text, |token, start, end| match token {
                        Token::Literal(Literal::Number) => {}
                        Token::Literal(literal) => whole.push((literal, start..end)),
                        _ => {}
                    });
                    let mut found = Vec::new();
                    literal(&text, |literal, place| {
                        if literal != Literal::Number {
                            found.push((literal, place));
                        }
                        None
                    });
                    assert_eq!(found, whole, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn sizes_are_said_in_mebibytes() {
        assert_eq!(
            size("552 5.3.4 Message size exceeds fixed maximum message size: 20971520 bytes")
                .as_deref(),
            Some("20.0 MiB")
        );
        assert_eq!(
            size("552 message too large, limit 25 MB").as_deref(),
            Some("25 MB")
        );
        assert_eq!(
            size("552 message size 31457280 exceeds size limit 26214400").as_deref(),
            Some("25.0 MiB"),
            "the limit, not the message"
        );
        assert_eq!(
            size("552 Message exceeds maximum size: limit 15360 kB").as_deref(),
            Some("15.0 MiB")
        );
        assert_eq!(
            size("552 message too large; max 10.5 MB").as_deref(),
            Some("10.5 MB")
        );
        assert_eq!(size("552 5.3.4 message too large"), None);
        assert_eq!(size("552 5.3.4 limit exceeded (id 4.16.55.1)"), None);
    }

    #[test]
    fn quotas_are_told_from_what_is_used() {
        for (text, said) in [
            ("552 Over quota (1024 MB of 1000 MB used)", Some("1000 MB")),
            (
                "552 quota 1073741824 bytes, used 1073741000",
                Some("1024.0 MiB"),
            ),
            ("452 Over quota, 100% of 500MB", Some("500 MB")),
            ("552 Mailbox full, 500 MB used", None),
        ] {
            assert_eq!(quota(text).as_deref(), said, "{text}");
        }
    }

    #[test]
    fn waits_are_said_in_the_largest_unit_that_fits() {
        for (seconds, words) in [
            (1, "1 second"),
            (60, "1 minute"),
            (90, "90 seconds"),
            (299, "5 minutes"),
            (3600, "1 hour"),
            (5400, "90 minutes"),
            (86_400, "1 day"),
            (200_000, "56 hours"),
        ] {
            assert_eq!(wait_in_words(seconds), words);
        }
    }

    #[test]
    fn a_contact_or_a_new_address_is_not_the_recipient() {
        for (text, refused, new) in [
            (
                "551 User not local; please try <b@example.com>",
                None,
                Some("b@example.com"),
            ),
            (
                "551 <a@example.org> has moved to <b@example.com>",
                Some("a@example.org"),
                Some("b@example.com"),
            ),
            (
                "550 5.1.1 unknown user, contact postmaster@example.com",
                None,
                None,
            ),
            (
                "550 5.1.1 <a@example.org>: unknown; write to abuse@example.com",
                Some("a@example.org"),
                None,
            ),
            (
                "550 cannot deliver to a@example.org",
                Some("a@example.org"),
                None,
            ),
        ] {
            assert_eq!(recipient(text), refused, "{text}");
            assert_eq!(forward(text), new, "{text}");
        }
    }

    #[test]
    fn a_page_to_read_is_told_from_a_blamed_link() {
        let blamed = "550 5.7.1 Message contains a blacklisted URL http://bad.example.org/x; see https://example.com/why";
        assert_eq!(page(blamed), Some("https://example.com/why"));
        assert_eq!(blamed_url(blamed), Some("bad.example.org"));
        assert_eq!(blamed_url("550 see https://example.com/why"), None);
    }

    #[test]
    fn an_ip_is_found_in_brackets_and_in_urls() {
        assert_eq!(ip("554 Client host [192.0.2.1] blocked"), Some("192.0.2.1"));
        assert_eq!(
            ip("see https://www.spamhaus.org/query/ip/192.0.2.7"),
            Some("192.0.2.7")
        );
        assert_eq!(ip("host [2001:db8::1] refused"), Some("2001:db8::1"));
        assert_eq!(ip("550 5.7.1 refused"), None);
        assert_eq!(ip("421 4.7.0 [TSS04] deferred - 4.16.55.1; see"), None);
        assert_eq!(ip("550 refused - 192.0.2.1 is listed"), Some("192.0.2.1"));
    }
}
