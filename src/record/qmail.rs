//! qmail and notqmail: `delivery 12: failure: ...`, joined with the `starting delivery 12: ...` that names the address.
//!
//! Sources: `qmail-send.c` (the log: blanks become `_`, line ends `/`) and `qmail-remote.c` (the words).

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::line::{Line, cut, has, ip, some};
use super::{Give, Outcome, Record, Seen, State};
use crate::vocabulary::Phase;

/// The name in `--from` and in the verdict.
const ID: &str = "qmail";

/// So many deliveries are remembered; qmail runs 509 at a time at most (conf-spawn).
const MOST: usize = 4096;
/// A longer address (RFC 5321 section 4.5.3.1: 64 + 1 + 255) is not remembered.
const LONGEST: usize = 320;

/// The addresses of the deliveries that are under way, by number.
#[derive(Default)]
pub struct Deliveries(BTreeMap<u64, String>);

impl Deliveries {
    /// Whether no delivery waits for its result.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn start(&mut self, number: u64, address: &str) {
        if address.len() > LONGEST {
            return;
        }
        if self.0.len() >= MOST {
            self.0.pop_first();
        }
        self.0.insert(number, address.to_owned());
    }
}

/// Reads a line of qmail-send, with a TAI64N stamp, a syslog frame or none; also the bare words of qmail-remote.
pub fn read<'a>(line: &Line<'a>, state: &mut State, give: Give<'_, 'a>) -> Seen {
    let named = line.program.starts_with("qmail");
    if !named && !matches!(line.program, "" | "spamdyke" | "vpopmail") {
        return Seen::NotMine;
    }
    let (time, text) = own_stamp(line.message);
    let time = line.time.or(time);
    if let Some(rest) = text.strip_prefix("starting delivery ") {
        if let Some((number, rest)) = rest.split_once(": msg ")
            && let Ok(number) = number.parse()
            && let Some((_, address)) = cut(rest, " to remote ").or_else(|| cut(rest, " to local "))
        {
            state.qmail.start(number, address.trim());
            return Seen::Noise;
        }
        return Seen::NotMine;
    }
    if let Some((number, rest)) = text
        .strip_prefix("delivery ")
        .and_then(|rest| rest.split_once(": "))
        && let Ok(number) = number.parse::<u64>()
        && let Some((result, report)) = rest.split_once(": ")
    {
        let outcome = match result {
            "success" => Outcome::Sent,
            "deferral" => Outcome::Deferred,
            "failure" => Outcome::Bounced,
            _ => return Seen::NotMine,
        };
        give(Record {
            format: ID,
            time: time.map(Into::into),
            recipient: state.qmail.0.remove(&number).map(Cow::Owned),
            outcome: Some(outcome),
            ..said(report)
        });
        return Seen::Records;
    }
    if let Some(record) = denied(line.program, text) {
        give(Record {
            format: ID,
            time: time.map(Into::into),
            own_server: true,
            ..record
        });
        return Seen::Records;
    }
    // The report alone, as people paste it.
    if has(text, "Remote_host_said:") || has(text, "_does_not_like_recipient") {
        give(Record {
            format: ID,
            time: time.map(Into::into),
            ..said(text)
        });
        return Seen::Records;
    }
    let mine = named
        || [
            "status: local ",
            "new msg ",
            "end msg ",
            "info msg ",
            "bounce msg ",
            "triple bounce",
            "CHKUSER ",
        ]
        .iter()
        .any(|start| text.starts_with(start));
    if mine { Seen::Noise } else { Seen::NotMine }
}

/// Reads what a filter in front of qmail-smtpd refused: `DENIED_RBL_MATCH from: a@example.net to: bob@example.org origin_ip:
/// 192.0.2.9 ... reason: list` of spamdyke, and `CHKUSER rejected rcpt: from <a@example.net::> remote <helo:host:192.0.2.9>
/// rcpt <bob@example.org> : not existing recipient`.
fn denied<'a>(program: &str, text: &'a str) -> Option<Record<'a>> {
    let address = |text: &'a str| some(text).filter(|text| text.contains('@')).map(Cow::from);
    if let Some((_, rest)) = text.split_once("CHKUSER rejected ") {
        let (what, rest) = rest.split_once(": from <")?;
        let (sender, rest) = rest.split_once(":")?;
        let (_, client) = cut(rest, " remote <")?;
        let (client, rest) = client.split_once("> rcpt <")?;
        let (recipient, reason) = rest.split_once('>')?;
        let reason = reason.trim_start_matches([' ', ':']);
        return Some(Record {
            reply: format!("rejected {what}: {reason}").into(),
            recipient: address(recipient),
            sender: address(sender),
            remote_ip: client.rsplit(':').next().and_then(ip).map(Into::into),
            phase: Some(Phase::Rcpt),
            outcome: Some(Outcome::Bounced),
            ..Record::default()
        });
    }
    let denied = text
        .strip_prefix("DENIED_")
        .filter(|_| program == "spamdyke")?;
    let (kind, fields) = denied.split_once(" from: ")?;
    let (sender, fields) = fields.split_once(" to: ")?;
    let (recipient, fields) = fields.split_once(" origin_ip: ")?;
    let reason = cut(fields, " reason: ").map_or("", |(_, reason)| reason);
    let words = kind.replace('_', " ").to_lowercase();
    let outcome = if kind == "GRAYLISTED" {
        Outcome::Deferred
    } else {
        Outcome::Bounced
    };
    Some(Record {
        reply: match reason {
            "" | "(empty)" => format!("denied: {words}").into(),
            _ => format!("denied: {words} ({reason})").into(),
        },
        recipient: address(recipient),
        sender: address(sender),
        remote_ip: fields.split(' ').next().and_then(ip).map(Into::into),
        outcome: Some(outcome),
        ..Record::default()
    })
}

/// Cuts off `@4000...` (TAI64N, 24 hexadecimal digits) or `1234567890.123456` (splogger).
fn own_stamp(text: &str) -> (Option<&str>, &str) {
    let Some((stamp, rest)) = text.split_once(' ') else {
        return (None, text);
    };
    let tai = stamp
        .strip_prefix('@')
        .is_some_and(|hex| hex.len() >= 16 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let seconds = stamp.len() > 10
        && stamp.contains('.')
        && stamp
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    if tai || seconds {
        (Some(stamp), rest.trim_start())
    } else {
        (None, text)
    }
}

/// Reads a report: who spoke, when, and the reply behind `Remote_host_said:`, or qmail's own words.
fn said(report: &str) -> Record<'_> {
    let (head, reply) = match cut(report, "Remote_host_said:") {
        Some((head, reply)) => (head, reply.split("/Giving_up_on_").next().unwrap_or(reply)),
        None => (report, report),
    };
    let spoken = readable(reply);
    // `192.0.2.1_does_not_like_recipient.` or `Connected_to_192.0.2.1_but_sender_was_rejected.`
    let address = head
        .strip_prefix("Connected_to_")
        .unwrap_or(head)
        .split('_')
        .next()
        .and_then(ip);
    let phase = [
        ("does_not_like_recipient", Phase::Rcpt),
        ("sender_was_rejected", Phase::Mail),
        ("greeting_failed", Phase::Connect),
        ("my_name_was_rejected", Phase::Helo),
        ("failed_on_DATA", Phase::Data),
        ("failed_after_I_sent_the_message", Phase::EndOfMessage),
        ("accepted_message", Phase::EndOfMessage),
        ("establish_an_SMTP_connection", Phase::Connect),
    ]
    .iter()
    .find(|(words, _)| has(head, words))
    .map(|(_, phase)| *phase);
    Record {
        reply: Cow::Owned(spoken),
        remote_ip: address.map(Into::into),
        phase,
        ..Record::default()
    }
}

/// Undoes what qmail-send did to make a report one word. A `/` is a line end only where one can be: URLs have some,
/// too.
fn readable(report: &str) -> String {
    let report = report.trim_matches(['/', '_', ' ']);
    let mut out = String::with_capacity(report.len());
    for (at, letter) in report.char_indices() {
        match letter {
            '_' => out.push(' '),
            '/' if ends_a_line(report, at) => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

/// Whether the `/` at `at` stands for a line end: behind a full stop or a bracket, or before a reply code.
fn ends_a_line(report: &str, at: usize) -> bool {
    let before = at
        .checked_sub(1)
        .and_then(|place| report.as_bytes().get(place));
    let behind = report.get(at + 1..).unwrap_or("");
    let code = behind
        .as_bytes()
        .get(..4)
        .is_some_and(|start| matches!(start, [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9', b'-' | b'_']));
    code || behind.is_empty()
        || (matches!(before, Some(b'.' | b')' | b'!'))
            && some(behind).is_some_and(|text| text.starts_with(char::is_uppercase)))
        || behind.starts_with("Remote_host_said")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::Outcome;
    use super::super::testing::{all, noise, one};
    use crate::vocabulary::Phase;

    #[test]
    fn a_delivery_is_joined_with_its_start() {
        let text = "@400000006683f0a0075bca94 starting delivery 12: msg 345 to remote bob@example.com\n@400000006683f0a0075bca94 status: local 0/10 remote 1/20\n@400000006683f0a1075bca94 delivery 12: failure: 192.0.2.1_does_not_like_recipient./Remote_host_said:_550-5.1.1_no_http://example.com/a/550_5.1.1_user/Giving_up_on_192.0.2.1./\n";
        let records = all(text);
        assert_eq!(records.len(), 1);
        let record = &records[0];
        assert_eq!(record.format, "qmail");
        assert_eq!(record.line, 3);
        assert_eq!(
            record.reply,
            "550-5.1.1 no http://example.com/a 550 5.1.1 user"
        );
        assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.1"));
        assert_eq!(record.phase, Some(Phase::Rcpt));
        assert_eq!(record.outcome, Some(Outcome::Bounced));
        assert_eq!(record.time.as_deref(), Some("@400000006683f0a1075bca94"));
    }

    #[test]
    fn qmails_own_words_are_made_readable() {
        let record = one(
            "Jun  1 10:00:00 mail qmail: 1780300000.123456 delivery 7: deferral: Sorry,_I_wasn't_able_to_establish_an_SMTP_connection._(#4.4.1)/",
        );
        assert_eq!(
            record.reply,
            "Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)"
        );
        assert_eq!(record.outcome, Some(Outcome::Deferred));
        assert_eq!(record.time.as_deref(), Some("Jun  1 10:00:00"));
        let record = one(
            "delivery 8: failure: Connected_to_192.0.2.1_but_sender_was_rejected./Remote_host_said:_553_no/",
        );
        assert_eq!(
            (record.reply.as_ref(), record.phase),
            ("553 no", Some(Phase::Mail))
        );
    }

    #[test]
    fn a_stamp_that_was_made_readable_is_a_stamp() {
        let text = "2026-06-01 10:00:00.123456500 starting delivery 12: msg 345 to remote bob@example.com\n2026-06-01 10:00:01.123456500 delivery 12: failure: Sorry,_no_mailbox_here_by_that_name._(#5.1.1)/\n";
        let records = all(text);
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].format, "qmail");
        assert_eq!(records[0].recipient.as_deref(), Some("bob@example.com"));
        assert_eq!(
            records[0].time.as_deref(),
            Some("2026-06-01 10:00:01.123456500")
        );
    }

    #[test]
    fn a_success_is_sent() {
        let record = one(
            "@400000006683f0a1075bca94 delivery 12: success: 192.0.2.1_accepted_message./Remote_host_said:_250_2.0.0_OK/",
        );
        assert_eq!(record.reply, "250 2.0.0 OK");
        assert_eq!(record.outcome, Some(Outcome::Sent));
    }

    #[test]
    fn filters_in_front_of_qmail_refuse_for_the_own_server() {
        let record = one(
            "Jun  1 10:00:00 mail spamdyke[1]: DENIED_RBL_MATCH from: a@example.net to: bob@example.org origin_ip: 192.0.2.9 origin_rdns: (unknown) auth: (unknown) encryption: (none) reason: zen.spamhaus.org",
        );
        assert_eq!(record.reply, "denied: rbl match (zen.spamhaus.org)");
        assert!(record.own_server);
        assert_eq!(record.recipient.as_deref(), Some("bob@example.org"));
        assert_eq!(record.sender.as_deref(), Some("a@example.net"));
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.9"));
        let record = one(
            "Jun  1 10:00:00 mail spamdyke[1]: DENIED_GRAYLISTED from: (unknown) to: bob@example.org origin_ip: 192.0.2.9 origin_rdns: x auth: (unknown) encryption: (none) reason: (empty)",
        );
        assert_eq!(
            (record.reply.as_ref(), record.outcome, record.sender),
            ("denied: graylisted", Some(Outcome::Deferred), None)
        );
        for head in [
            "@400000006683f0a1075bca94",
            "Jun  1 10:00:00 mail vpopmail[1]:",
        ] {
            let line = format!(
                "{head} CHKUSER rejected rcpt: from <a@example.net::> remote <x:unknown:192.0.2.9> rcpt <bob@example.org> : not existing recipient"
            );
            let record = one(&line);
            assert_eq!(record.reply, "rejected rcpt: not existing recipient");
            assert_eq!(record.recipient.as_deref(), Some("bob@example.org"));
            assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.9"));
        }
        noise(
            "@400000006683f0a1075bca94 CHKUSER accepted rcpt: from <a@example.net::> remote <x:unknown:192.0.2.9> rcpt <bob@example.org> : found existing recipient",
        );
    }

    #[test]
    fn the_rest_of_the_log_is_noise() {
        noise("@400000006683f0a1075bca94 new msg 987");
        noise("@400000006683f0a1075bca94 info msg 987: bytes 2343 from <a@example.com> qp 1 uid 2");
        noise("@400000006683f0a1075bca94 end msg 987");
    }
}
