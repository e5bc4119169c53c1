//! The mail log of Cisco's Secure Email Gateway (IronPort): `Bounced: DCID 5 MID 7 to RID 0 - 5.1.0 - Unknown address error
//! ('550', ['5.1.1 User unknown'])`, joined with the `MID 7 ICID 4 RID 0 To: <bob@example.com>` that names the address.
//!
//! Source: "Logging" in the user guide of AsyncOS ("Text Mail Logs").

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::line::{Line, between, code, cut, find, some};
use super::{Give, Outcome, Record, Seen, State};
use crate::reply::Enhanced;

/// The name in `--from` and in the verdict.
const ID: &str = "ironport";

/// So many recipients are remembered.
const MOST: usize = 4096;
/// A longer address (RFC 5321 section 4.5.3.1: 64 + 1 + 255) is not remembered.
const LONGEST: usize = 320;

/// The addresses by the numbers of their message and their place in it.
#[derive(Default)]
pub struct Recipients(BTreeMap<(u64, u64), String>);

impl Recipients {
    /// Whether no recipient waits for its result.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn remember(&mut self, message: u64, place: u64, address: &str) {
        if address.len() > LONGEST {
            return;
        }
        if self.0.len() >= MOST {
            self.0.pop_first();
        }
        self.0.insert((message, place), address.to_owned());
    }
}

/// Reads `LEVEL: words` of a log that speaks of `MID`, `ICID` or `DCID`.
pub fn read<'a>(line: &Line<'a>, state: &mut State, give: Give<'_, 'a>) -> Seen {
    // Behind a host's name the level stands where syslog has the program.
    let text = if is_level(line.program) {
        line.message
    } else {
        match line.message.split_once(": ") {
            Some((level, text)) if is_level(level) => text,
            _ => return Seen::NotMine,
        }
    };
    let (outcome, text) = if let Some(text) = text.strip_prefix("Bounced: ") {
        (Outcome::Bounced, text)
    } else if let Some(text) = text.strip_prefix("Delayed: ") {
        (Outcome::Deferred, text)
    } else {
        (Outcome::Sent, text)
    };
    let Some(message) = number(text, "MID ").filter(|_| line.time.is_some()) else {
        let is_connection = number(text, "ICID ").or_else(|| number(text, "DCID "));
        return if is_connection.is_some() {
            Seen::Noise
        } else {
            Seen::NotMine
        };
    };
    let record = Record {
        format: ID,
        queue_id: find(text, "MID ")
            .and_then(|at| text.get(at + 4..)?.split(' ').next())
            .map(Into::into),
        time: line.time.map(Into::into),
        outcome: Some(outcome),
        ..Record::default()
    };
    if outcome == Outcome::Sent {
        return other(text, message, record, state, give);
    }
    let Some((about, words)) = cut(text, " - ") else {
        return Seen::Noise;
    };
    let recipient = match between(about, "To: <", ">") {
        Some(named) => some(named).map(Into::into),
        None => number(about, "RID ").and_then(|place| recipient(state, message, place, outcome)),
    };
    give(Record {
        sender: between(about, "From: <", ">")
            .and_then(some)
            .map(Into::into),
        recipient,
        ..said(words, record)
    });
    Seen::Records
}

/// Whether this is the level of a line.
fn is_level(word: &str) -> bool {
    matches!(word, "Info" | "Warning" | "Critical" | "Debug" | "Trace")
}

/// The number behind the first `name` that has one.
fn number(text: &str, name: &str) -> Option<u64> {
    let (before, rest) = cut(text, name)?;
    let is_word = before.is_empty() || before.ends_with([' ', '[']);
    let rest = rest.trim_start_matches('[');
    let end = rest
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(rest.len());
    rest.get(..end).filter(|_| is_word)?.parse().ok()
}

/// The address of a recipient; one that is tried again is kept.
fn recipient<'a>(
    state: &mut State,
    message: u64,
    place: u64,
    outcome: Outcome,
) -> Option<Cow<'a, str>> {
    let known = &mut state.ironport.0;
    let address = if outcome == Outcome::Deferred {
        known.get(&(message, place)).cloned()
    } else {
        known.remove(&(message, place))
    };
    address.map(Cow::Owned)
}

/// Reads a line that tells of no failure: a recipient's address, or `MID 7 RID [0] Response '2.0.0 Ok'`.
fn other<'a>(
    text: &'a str,
    message: u64,
    record: Record<'a>,
    state: &mut State,
    give: Give<'_, 'a>,
) -> Seen {
    if let Some((about, address)) = cut(text, " To: <")
        && about.starts_with("MID ")
        && let Some(place) = number(about, "RID ")
    {
        if let Some((address, _)) = address.split_once('>') {
            state.ironport.remember(message, place, address);
        }
        return Seen::Noise;
    }
    let Some((about, reply)) = cut(text, " Response '").filter(|_| text.starts_with("MID ")) else {
        return Seen::Noise;
    };
    let places = between(about, "RID [", "]").unwrap_or("");
    for place in places.split(',') {
        let place = place.trim().parse().ok();
        give(Record {
            reply: reply.trim_end_matches('\'').into(),
            recipient: place.and_then(|place| recipient(state, message, place, Outcome::Sent)),
            ..record.clone()
        });
    }
    Seen::Records
}

/// Reads `5.1.0 - Unknown address error ('550', ['5.1.1 User', 'unknown']) []`: a server's answer, or with the code `000` the
/// gateway's own words.
fn said<'a>(words: &'a str, record: Record<'a>) -> Record<'a> {
    let (summary, answer) = cut(words, " ('").unwrap_or((words, ""));
    let lines = cut(answer, ", [").map_or("", |(_, lines)| lines);
    let lines = lines.rsplit_once("])").map_or(lines, |(lines, _)| lines);
    let mut lines = lines.trim_matches(['\'', '"']).to_owned();
    for between in ["', '", "\", \"", "', \"", "\", '"] {
        lines = lines.replace(between, " ");
    }
    if code(answer).is_some_and(|code| code >= 400) {
        let number = answer.get(..3).unwrap_or("");
        return Record {
            reply: Cow::Owned(format!("{number} {lines}")),
            ..record
        };
    }
    let (status, summary) = summary.split_once(" - ").unwrap_or(("", summary));
    let colon = if lines.is_empty() { "" } else { ": " };
    Record {
        reply: Cow::Owned(
            format!("{status} {summary}{colon}{lines}")
                .trim()
                .to_owned(),
        ),
        dsn: Enhanced::read(status).map(|(code, _)| code),
        ..record
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::Outcome;
    use super::super::testing::{all, noise, one};

    const HEAD: &str = "Mon Jun  1 10:00:00 2026 Info:";

    #[test]
    fn a_bounce_is_joined_with_the_recipient_of_its_message() {
        let text = format!(
            "{HEAD} MID 7 ICID 4 RID 0 To: <bob@example.com>\n{HEAD} MID 7 ICID 4 RID 1 To: <eve@example.com>\n{HEAD} Delayed: DCID 5 MID 7 to RID 1 - 4.1.0 - Unknown address error ('452', ['4.2.2 Mailbox full'])[]\n{HEAD} Bounced: DCID 5 MID 7 to RID 1 - 5.1.0 - Unknown address error ('550', ['5.1.1 not', \"5.1.1 here\"]) []\n{HEAD} MID 7 RID [0] Response '2.0.0 Ok: queued'\n"
        );
        let records = all(&text);
        let found: Vec<_> = records
            .iter()
            .map(|record| (record.recipient.as_deref().unwrap(), record.reply.as_ref()))
            .collect();
        assert_eq!(
            found,
            [
                ("eve@example.com", "452 4.2.2 Mailbox full"),
                ("eve@example.com", "550 5.1.1 not 5.1.1 here"),
                ("bob@example.com", "2.0.0 Ok: queued"),
            ]
        );
        assert_eq!(records[0].outcome, Some(Outcome::Deferred));
        assert_eq!(records[1].outcome, Some(Outcome::Bounced));
        assert_eq!(records[2].outcome, Some(Outcome::Sent));
        assert_eq!(records[2].queue_id.as_deref(), Some("7"));
    }

    #[test]
    fn a_line_may_name_sender_and_recipient_itself() {
        for head in [
            HEAD,
            "Jun  1 10:00:00 esa mail_logs: Info:",
            "Jun  1 10:00:00 esa Info:",
        ] {
            let line = format!(
                "{head} Bounced: DCID 5 MID 7 From: <a@example.org> To: <bob@example.com> RID 0 - 5.1.0 - Unknown address error ('550', ['5.1.1 <bob@example.com>: no', '5.1.1 - really'])"
            );
            let record = one(&line);
            assert_eq!(record.format, "ironport");
            assert_eq!(
                record.reply,
                "550 5.1.1 <bob@example.com>: no 5.1.1 - really"
            );
            assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
            assert_eq!(record.sender.as_deref(), Some("a@example.org"));
            assert_eq!(record.time.as_deref(), Some("Jun  1 10:00:00"));
        }
    }

    #[test]
    fn without_an_answer_the_gateway_speaks_for_itself() {
        let line = format!(
            "{HEAD} Bounced: DCID 0 MID 7 to RID 0 - 5.1.2 - Bad destination host ('000', ['DNS Hard Error looking up example.com (MX): NXDomain'])"
        );
        let record = one(&line);
        assert_eq!(
            record.reply,
            "5.1.2 Bad destination host: DNS Hard Error looking up example.com (MX): NXDomain"
        );
        assert_eq!(record.dsn.unwrap().to_string(), "5.1.2");
    }

    #[test]
    fn what_it_does_with_a_message_is_noise() {
        for words in [
            "MID 7 Subject '550 5.1.1 User unknown'",
            "MID 7 queued for delivery",
            "MID 7 matched all recipients for per-recipient policy DEFAULT in the outbound table",
            "New SMTP ICID 4 interface Data 1 (192.0.2.9) address 192.0.2.1 reverse dns host unknown verified no",
            "Delivery start DCID 5 MID 7 to RID [0]",
            "Connection Error: DCID 5 domain: example.com IP: 192.0.2.1 port: 25 details: timeout",
        ] {
            noise(&format!("{HEAD} {words}"));
        }
    }
}
