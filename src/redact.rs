//! `--redact`: what is shown names nobody.
//!
//! A record is masked before its verdict is put into words, so every form of output, evidence and summary included,
//! shows what is left: domains, hosts, codes and queue ids. Masked are the local parts of all addresses, also percent-encoded
//! ones; the local parts of the record's own addresses wherever they stand as words; whatever `<...>` holds; and tokens
//! that give an address or such a local part when they are decoded (base64, hexadecimal), or are as long as a digest.
//!
//! A local part that is an ordinary word of replies (`user`, `mailbox`) stays where it stands alone: it names nobody
//! there, and the sentence would lose its meaning.

use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;
use whybounce::knowledge::BUILT_IN;
use whybounce::knowledge::words::{self, Token};
use whybounce::record::Record;

/// What stands for a name. It is made of letters so that a masked address still reads as one.
const MASK: &str = "redacted";
/// How `@` is written: plain, percent-encoded once and twice, quoted-printable.
const SIGNS: [&str; 4] = ["@", "%40", "%2540", "=40"];
/// Addresses by which the knowledge knows a provider; they name an office and not a reader.
const OFFICES: [&str; 1] = ["tosa@rx.t-online.de"];
/// So many names are looked for; a record has a recipient and a sender, and a reply mentions one or two more.
const MOST_NAMES: usize = 16;
/// A run of base64 or hexadecimal digits that is shorter holds no address.
const SHORTEST_CODED: usize = 8;

/// The same record, naming nobody.
#[must_use]
pub fn record<'r>(record: &'r Record<'_>) -> Record<'r> {
    let mut names = Names::default();
    for known in [&record.recipient, &record.sender].into_iter().flatten() {
        let local = known.rsplit_once('@').map_or(&**known, |(local, _)| local);
        names.add(local);
    }
    names.add_all(&record.reply);
    let address = |address: &Cow<'_, str>| match address.rsplit_once('@') {
        Some((_, domain)) => format!("{MASK}@{}", names.hidden_in(&addresses(domain))),
        None if address.is_empty() => String::new(),
        None => MASK.to_owned(),
    };
    let words = |text: &Cow<'_, str>| names.hidden_in(&addresses(text));
    Record {
        reply: names.masked(&record.reply).into(),
        recipient: record.recipient.as_ref().map(address).map(Cow::Owned),
        sender: record.sender.as_ref().map(address).map(Cow::Owned),
        queue_id: record.queue_id.as_ref().map(words).map(Cow::Owned),
        remote_host: record.remote_host.as_deref().map(Cow::Borrowed),
        remote_ip: record.remote_ip.as_deref().map(Cow::Borrowed),
        time: record.time.as_deref().map(Cow::Borrowed),
        platform_class: record.platform_class.as_ref().map(words).map(Cow::Owned),
        ..*record
    }
}

/// A text that belongs to no record, such as the name of a file.
#[must_use]
pub fn text(text: &str) -> String {
    let mut names = Names::default();
    names.add_all(text);
    names.masked(text)
}

/// The local parts that must not be shown, in lower case.
#[derive(Debug, Default)]
struct Names(Vec<String>);

impl Names {
    /// Notes a local part, and what stands in front of its `+`.
    fn add(&mut self, local: &str) {
        let local = local
            .trim_matches(['"', '<', '>', ' ', '\''])
            .to_lowercase();
        let plain = local.split('+').next().unwrap_or_default();
        for name in [&*local, plain, &local.replace('+', "%2b")] {
            if name.chars().count() > 1
                && self.0.len() < MOST_NAMES
                && !self.0.iter().any(|known| known == name)
                && !is_ordinary(name)
            {
                self.0.push(name.to_owned());
            }
        }
        // The longest first, or its beginning would be taken out of it.
        self.0.sort_by_key(|name| std::cmp::Reverse(name.len()));
    }

    /// Notes the local part of every address in a text.
    fn add_all(&mut self, text: &str) {
        each_address(text, |place| {
            self.add(text.get(place).unwrap_or_default());
        });
    }

    /// The text without addresses, names, bracketed words and coded tokens.
    fn masked(&self, text: &str) -> String {
        let text = self.hidden_in(&addresses(text));
        self.coded(&bracketed(&text))
    }

    /// The text without the names where they stand as words, in any case; a host keeps its labels.
    fn hidden_in(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for name in &self.0 {
            // Lower case has the same length for what is looked for here: ASCII, and letters that keep their length.
            let lower = text.to_ascii_lowercase();
            let mut hidden = String::with_capacity(text.len());
            let mut done = 0;
            for (at, found) in lower.match_indices(&**name) {
                let end = at + found.len();
                if at < done || !is_alone(&text, at, end) || is_in_host(&text, at, end) {
                    continue;
                }
                hidden.push_str(text.get(done..at).unwrap_or_default());
                hidden.push_str(MASK);
                done = end;
            }
            hidden.push_str(text.get(done..).unwrap_or_default());
            text = hidden;
        }
        text
    }

    /// The text without tokens that name somebody when they are decoded.
    fn coded(&self, text: &str) -> String {
        let is_coded = |letter: char| {
            letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '_' | '=')
        };
        let mut out = String::with_capacity(text.len());
        for chunk in text.split_inclusive(char::is_whitespace) {
            let in_url = chunk.contains("://");
            let mut rest = chunk;
            while !rest.is_empty() {
                let length = rest.find(|letter| !is_coded(letter)).unwrap_or(rest.len());
                let (token, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
                // `key=value`: the key stays readable.
                let (key, value) = match token.trim_end_matches('=').rsplit_once('=') {
                    Some((key, _)) if in_url => {
                        token.split_at_checked(key.len() + 1).unwrap_or((token, ""))
                    }
                    _ => ("", token),
                };
                out.push_str(key);
                out.push_str(if self.is_named_by(value, in_url) {
                    MASK
                } else {
                    value
                });
                let mut letters = behind.chars();
                out.extend(letters.next());
                rest = letters.as_str();
            }
        }
        out
    }

    /// Whether a token stands for somebody.
    fn is_named_by(&self, token: &str, in_url: bool) -> bool {
        let is_hex = token.bytes().all(|byte| byte.is_ascii_hexdigit());
        if token.len() < SHORTEST_CODED {
            return false;
        }
        // MD5, SHA-1 and SHA-256 of an address are how links name their reader.
        if in_url && is_hex && matches!(token.len(), 32 | 40 | 64) {
            return true;
        }
        // A token may begin with something else, so every place within a group of four is tried.
        let standard = token.replace('-', "+").replace('_', "/");
        let standard = standard.trim_end_matches('=');
        (0..4).any(|skipped| {
            let digits = standard.get(skipped..).unwrap_or_default();
            let whole = digits.len() - usize::from(digits.len() % 4 == 1);
            let padded = format!(
                "{:=<width$}",
                &digits.get(..whole).unwrap_or_default(),
                width = whole.next_multiple_of(4)
            );
            base64_decode(padded.as_bytes()).is_some_and(|bytes| self.are_in(&bytes))
        }) || (is_hex
            && (0..2).any(|skipped| self.are_in(&unhex(token.get(skipped..).unwrap_or_default()))))
    }

    /// Whether decoded bytes hold an address or one of the names.
    fn are_in(&self, bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        let mut found = self
            .0
            .iter()
            .any(|name| name.len() > 2 && text.contains(&**name));
        each_address(&text, |place| {
            let domain = text.get(place.end..).unwrap_or_default();
            let domain = domain.trim_start_matches(|letter: char| !letter.is_ascii_alphanumeric());
            let end = domain
                .find(|letter: char| {
                    !letter.is_ascii_alphanumeric() && letter != '.' && letter != '-'
                })
                .unwrap_or(domain.len());
            found |= words::is_host(domain.get(..end).unwrap_or_default().as_bytes());
        });
        found
    }
}

/// Whether all of a local part is words that the knowledge has anyway.
fn is_ordinary(name: &str) -> bool {
    let mut ordinary = true;
    words::cut(name, |token, _, _| {
        ordinary &= matches!(token, Token::Word(hash) if BUILT_IN.word(hash) != 0);
    });
    ordinary
}

/// Whether no letter or digit touches `at..end`.
fn is_alone(text: &str, at: usize, end: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    let behind = text.get(end..).and_then(|behind| behind.chars().next());
    ![before, behind]
        .into_iter()
        .flatten()
        .any(char::is_alphanumeric)
}

/// Whether `at..end` is a label of a host's name.
fn is_in_host(text: &str, at: usize, end: usize) -> bool {
    let is_label =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    let before = text.get(..at).unwrap_or_default();
    let behind = text.get(end..).unwrap_or_default();
    let head = before.trim_end_matches(is_label);
    let tail = behind.trim_start_matches(is_label);
    let name = text
        .get(head.len()..text.len() - tail.len())
        .unwrap_or_default();
    // A word of its own may look like a host (`bob.smith`), a label has a dot beside it.
    let is_label = before.ends_with('.')
        || behind
            .strip_prefix('.')
            .is_some_and(|more| more.starts_with(char::is_alphanumeric));
    let is_path = head.ends_with(['/', '=', '?', '&']) && !head.ends_with("//");
    is_label && !is_path && words::is_host(name.trim_matches('.').as_bytes())
}

/// Gives the place of the local part of every address, from left to right.
fn each_address(text: &str, mut take: impl FnMut(std::ops::Range<usize>)) {
    let ends = |letter: char| {
        letter.is_whitespace() || letter.is_control() || "<>()[]{},;:\"`\\|".contains(letter)
    };
    let mut done = 0;
    while let Some((at, sign)) = next_sign(text, done) {
        let before = text.get(done..at).unwrap_or_default();
        let mut local = match before
            .strip_suffix('"')
            .and_then(|quoted| quoted.rfind('"'))
        {
            Some(open) => before.get(open..).unwrap_or_default(),
            None => before.rsplit(ends).next().unwrap_or_default(),
        };
        // In a URL the local part begins behind the path, or behind the key of its field.
        if local.contains("//") {
            local = local
                .rsplit(['/', '?', '&', '#'])
                .next()
                .unwrap_or_default();
            local = local.split_once('=').map_or(local, |(_, value)| value);
        }
        let local = local.trim_start_matches('\'');
        let start = at - local.len();
        let address = text.get(start..).unwrap_or_default();
        let is_office = OFFICES.iter().any(|office| {
            let head = address.get(..office.len());
            head.is_some_and(|head| head.eq_ignore_ascii_case(office))
        });
        if !local.is_empty() && !is_office {
            take(start..at);
        }
        done = at + sign;
    }
}

/// The next `@` in whatever spelling: where it is and how long.
fn next_sign(text: &str, from: usize) -> Option<(usize, usize)> {
    let rest = text.get(from..)?;
    let mut searched = 0;
    loop {
        let at = searched + memchr::memchr3(b'@', b'%', b'=', rest.as_bytes().get(searched..)?)?;
        let tail = rest.get(at..)?;
        if let Some(sign) = SIGNS.iter().find(|sign| tail.starts_with(**sign)) {
            return Some((from + at, sign.len()));
        }
        searched = at + 1;
    }
}

/// The text with the local part of every address masked.
fn addresses(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    each_address(text, |place| {
        out.push_str(text.get(done..place.start).unwrap_or_default());
        out.push_str(MASK);
        done = place.end;
    });
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// The text with `<bob>` masked, which is how servers quote a local part; hosts with an IP, `<>` and addresses stay.
fn bracketed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once('<') {
        out.push_str(before);
        out.push('<');
        let end = inside.find(['<', '>', ' ']).unwrap_or(inside.len());
        let (word, behind) = inside.split_at_checked(end).unwrap_or((inside, ""));
        let is_name = behind.starts_with('>')
            && !word.is_empty()
            && !word.contains(['@', '[', '%', '/', ':'])
            && !words::is_ip(word.as_bytes());
        out.push_str(if is_name { MASK } else { word });
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// The bytes that hexadecimal digits stand for.
fn unhex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks_exact(2);
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    pairs.filter_map(byte).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    /// A reply about `bob.smith+news@example.com`, masked.
    fn shown(reply: &str) -> String {
        let about = Record {
            reply: reply.into(),
            recipient: Some("bob.smith+news@example.com".into()),
            ..Record::default()
        };
        record(&about).reply.into_owned()
    }

    #[test]
    fn local_parts_are_masked_however_they_are_written() {
        for (reply, masked) in [
            (
                "550 <bob.smith@example.com>: unknown",
                "550 <redacted@example.com>: unknown",
            ),
            ("550 Bob.Smith+News@example.com", "550 redacted@example.com"),
            (
                "550 \"bob smith\"@example.com no",
                "550 redacted@example.com no",
            ),
            (
                "550 no mailbox 'bob.smith' here",
                "550 no mailbox 'redacted' here",
            ),
            ("550 no user <jane.doe> here", "550 no user <redacted> here"),
            ("550 bob.smith%40example.com", "550 redacted%40example.com"),
            (
                "550 bounce+bob.smith=example.com@lists.example.org",
                "550 redacted@lists.example.org",
            ),
            (
                "see https://example.com/u?email=bob.smith%40example.com&x=1",
                "see https://example.com/u?email=redacted%40example.com&x=1",
            ),
            (
                "see https://example.com/u/jane@example.org/x",
                "see https://example.com/u/redacted@example.org/x",
            ),
            (
                "see https://example.com/u?id=bob.smith=example.com",
                "see https://example.com/u?id=redacted=example.com",
            ),
            (
                "see https://example.com/u?e=amFuZUBleGFtcGxlLm9yZw",
                "see https://example.com/u?e=redacted",
            ),
            (
                "see https://example.com/u/xxamFuZUBleGFtcGxlLm9yZw==",
                "see https://example.com/u/redacted",
            ),
            (
                "see https://example.com/6a616e65406578616d706c652e6f7267",
                "see https://example.com/redacted",
            ),
            (
                "see https://example.com/u?m=d41d8cd98f00b204e9800998ecf8427e",
                "see https://example.com/u?m=redacted",
            ),
            ("550 jürgen@example.com", "550 redacted@example.com"),
            (
                "550 bob.smith_at_example.com",
                "550 redacted_at_example.com",
            ),
            (
                "550 =?bob.smith=40example.com",
                "550 redacted=40example.com",
            ),
        ] {
            assert_eq!(shown(reply), masked, "{reply}");
        }
    }

    #[test]
    fn what_names_nobody_stays() {
        for reply in [
            "550 5.1.1 User unknown",
            "250 2.0.0 Ok: queued as 4Zx1Yq2Lz7z",
            "554 <mx.example.com[192.0.2.1]>: Client host rejected",
            "550-5.1.1 see https://support.google.com/mail/?p=NoSuchUser a-b-c.12 - gsmtp",
            "554 5.7.1 see https://www.spamhaus.org/query/ip/192.0.2.7",
            "421 4.7.0 [TSS04] deferred; see https://postmaster.yahooinc.com/error-codes",
            "550 5.7.1 [AM6EUR05FT047.eop-eur05.prod.protection.outlook.com 2026-01-02T03:04:05.678Z 08DC0123456789AB]",
        ] {
            assert_eq!(shown(reply), reply);
        }
    }

    #[test]
    fn every_part_of_a_record_is_masked() {
        let about = Record {
            reply: "550 no user bob".into(),
            recipient: Some("bob".into()),
            sender: Some("bounce-bob=example.com@example.org".into()),
            queue_id: Some("4Zx1Yq2Lz7z".into()),
            remote_host: Some("bob.example.com".into()),
            ..Record::default()
        };
        let hidden = record(&about);
        assert_eq!(hidden.reply, "550 no user redacted");
        assert_eq!(hidden.recipient.as_deref(), Some("redacted"));
        assert_eq!(hidden.sender.as_deref(), Some("redacted@example.org"));
        assert_eq!(hidden.queue_id.as_deref(), Some("4Zx1Yq2Lz7z"));
        assert_eq!(hidden.remote_host.as_deref(), Some("bob.example.com"));
        assert_eq!(
            text("/var/mail/bob@example.com.mbox"),
            "redacted@example.com.mbox"
        );
    }

    #[test]
    fn masking_changes_no_verdict() {
        let mut classifier = whybounce::classifier::Classifier::default();
        let mut changed = Vec::new();
        for rule in BUILT_IN.rules {
            for example in BUILT_IN.list(rule.examples) {
                let about = Record {
                    reply: example.into(),
                    recipient: Some("bob.smith@example.com".into()),
                    ..Record::default()
                };
                let hidden = record(&about);
                let before = classifier.classify(&about).cause;
                let after = classifier.classify(&hidden).cause;
                if before != after {
                    changed.push(format!("{before} {after}: {example} -> {}", hidden.reply));
                }
            }
        }
        assert!(changed.is_empty(), "{}", changed.join("\n"));
    }
}
