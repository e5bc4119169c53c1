//! What else a reply shows: addresses, IPs, hosts and URLs, the wait it asks for, the size it allows.
//!
//! Nothing here decides a cause; it fills the sentences of a verdict.

use std::net::IpAddr;

use crate::knowledge::words::{self, Literal, Token};

/// The first literal of a kind in `text`.
#[must_use]
pub fn first(text: &str, wanted: Literal) -> Option<&str> {
    let mut found = None;
    words::cut(text, |token, start, end| {
        if found.is_none() && token == Token::Literal(wanted) {
            found = text.get(start..end);
        }
    });
    found
}

/// The first mail address in `text`, without the brackets and dots around it.
#[must_use]
pub fn address(text: &str) -> Option<&str> {
    first(text, Literal::Address).filter(|address| {
        address
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
    })
}

/// The first IP address in `text`, also one inside a URL.
#[must_use]
pub fn ip(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let inside = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':');
    // Every address has two separators; replies have few of them, so each is looked at with what stands around it.
    let mut done = 0;
    for at in memchr::memchr2_iter(b'.', b':', bytes) {
        if at < done {
            continue;
        }
        let before = bytes[..at]
            .iter()
            .rev()
            .take_while(|byte| inside(byte))
            .count();
        let behind = bytes[at..].iter().take_while(|byte| inside(byte)).count();
        done = at + behind;
        let piece = text.get(at - before..done)?;
        let bare = piece.trim_matches(['.', ':']);
        if let Some(piece) = [piece, bare]
            .into_iter()
            .find(|piece| piece.parse::<IpAddr>().is_ok())
        {
            return Some(piece);
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
pub fn listed_domain(text: &str, list: std::ops::Range<usize>) -> Option<&str> {
    let mut found = None;
    words::cut(text, |token, start, end| {
        if found.is_some() || (start < list.end && end > list.start) {
            return;
        }
        let Some(literal) = text.get(start..end) else {
            return;
        };
        match token {
            Token::Literal(Literal::Host) => found = Some(literal),
            Token::Literal(Literal::Address) => {
                found = literal.rsplit_once('@').map(|(_, domain)| domain)
            }
            _ => {}
        }
    });
    found
}

/// The wait in seconds that a reply asks for: "try again in 5 minutes", "retry after 300s", "00:05:00".
#[must_use]
pub fn wait(text: &str) -> Option<u64> {
    const CUES: [&str; 8] = [
        "in ",
        "after ",
        "for ",
        "wait ",
        "within ",
        "at least ",
        "minimum ",
        "another ",
    ];
    let lower = text.to_ascii_lowercase();
    if ![
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
    ]
    .iter()
    .any(|cue| lower.contains(cue))
    {
        return None;
    }
    let mut rest = lower.as_str();
    let mut offset = 0;
    while let Some(at) = rest.find(|letter: char| letter.is_ascii_digit()) {
        let before = &lower[..offset + at];
        let number = &rest[at..];
        let length = number
            .find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(number.len());
        let cued = CUES.iter().any(|cue| before.ends_with(cue))
            || before.ends_with("again ")
            || before.ends_with('(');
        if let (true, Ok(count)) = (
            cued || number[length..].trim_start().starts_with("min"),
            number[..length].parse::<u64>(),
        ) && !before.ends_with(|letter: char| letter.is_ascii_alphanumeric() || letter == '.')
        {
            if let Some(seconds) = clock(number) {
                return Some(seconds);
            }
            let unit = number[length..].trim_start_matches([' ', '-', '_']);
            let one = [
                ("sec", 1),
                ("min", 60),
                ("hour", 3600),
                ("hr", 3600),
                ("day", 86_400),
            ]
            .iter()
            .find(|(name, _)| unit.starts_with(name))
            .map(|(_, seconds)| *seconds)
            .or_else(|| {
                let letter = unit.chars().next()?;
                let alone = !unit[letter.len_utf8()..]
                    .starts_with(|next: char| next.is_ascii_alphanumeric());
                match letter {
                    's' if alone => Some(1),
                    'm' if alone => Some(60),
                    'h' if alone => Some(3600),
                    _ => None,
                }
            });
            if let Some(seconds) = one
                .and_then(|one| count.checked_mul(one))
                .filter(|seconds| *seconds <= 30 * 86_400)
            {
                return Some(seconds);
            }
        }
        offset += at + length;
        rest = &rest[at + length..];
    }
    None
}

/// `00:05:00` in seconds.
fn clock(text: &str) -> Option<u64> {
    let mut parts = text.splitn(3, ':');
    let hours: u64 = parts.next()?.parse().ok()?;
    let minutes: u64 = parts.next()?.parse().ok()?;
    let rest = parts.next()?;
    let digits = rest
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(rest.len());
    let seconds: u64 = rest[..digits].parse().ok()?;
    (hours < 100 && minutes < 60 && seconds < 60).then_some(hours * 3600 + minutes * 60 + seconds)
}

/// A wait in words: `5 minutes`.
#[must_use]
pub fn wait_in_words(seconds: u64) -> String {
    let (count, unit) = match seconds {
        86_400.. if seconds.is_multiple_of(86_400) => (seconds / 86_400, "day"),
        3600.. if seconds.is_multiple_of(3600) => (seconds / 3600, "hour"),
        60.. if seconds.is_multiple_of(60) => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// The size limit that a reply names, in words: bytes as MiB (`20.0 MiB`), other units as they stand.
#[must_use]
pub fn size(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    if !["size", "limit", "large", "big", "maximum", "exceed"]
        .iter()
        .any(|cue| lower.contains(cue))
    {
        return None;
    }
    let mut rest = lower.as_str();
    let mut before = ' ';
    while let Some(at) = rest.find(|letter: char| letter.is_ascii_digit()) {
        if let Some(letter) = rest[..at].chars().next_back() {
            before = letter;
        }
        let number = &rest[at..];
        let length = number
            .find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(number.len());
        let unit = number[length..].trim_start();
        if !before.is_ascii_alphanumeric() && before != '.' && before != '-' {
            for (name, shown) in [
                ("mb", "MB"),
                ("mib", "MiB"),
                ("megabyte", "MB"),
                ("kb", "KB"),
                ("kilobyte", "KB"),
                ("gb", "GB"),
            ] {
                if unit.starts_with(name) {
                    return Some(format!("{} {shown}", &number[..length]));
                }
            }
            let named = unit.starts_with("byte") || length >= 6 && before != '/' && before != '#';
            if let Some(bytes) = number[..length]
                .parse::<u64>()
                .ok()
                .filter(|bytes| named && (1024..1 << 40).contains(bytes))
            {
                return Some(format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)));
            }
        }
        before = '0';
        rest = &rest[at + length..];
    }
    None
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
        ] {
            assert_eq!(wait(text), Some(seconds), "{text}");
        }
        assert_eq!(wait("450 4.7.1 try again later"), None);
        assert_eq!(wait("550 5.1.1 user192 unknown"), None);
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
        assert_eq!(size("552 5.3.4 message too large"), None);
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
    }
}
