//! Courier: `courieresmtp: id=...,from=<>,addr=<bob@example.com>: 550 ...`, and what its own server refused:
//! `courieresmtpd: error,relay=::ffff:192.0.2.9,from=<>,to=<bob@example.org>: 550 ...`.
//!
//! The line with `,status: failure` behind it says nothing more and is noise.

use super::line::{Line, between, code, cut, ip, some};
use super::{Give, Outcome, Record, Seen, State};

/// The name in `--from` and in the verdict.
const ID: &str = "courier";

/// Reads a line of one of Courier's delivery modules.
pub fn read<'a>(line: &Line<'a>, _state: &mut State, give: Give<'_, 'a>) -> Seen {
    // Courier writes no process number, so that without a stamp its name is part of the message.
    let (program, text) = if line.program.is_empty() {
        line.message.split_once(": ").unwrap_or(("", line.message))
    } else {
        (line.program, line.message)
    };
    if !program.starts_with("courier") {
        return Seen::NotMine;
    }
    if let Some(fields) = text.strip_prefix("error,relay=") {
        return refused(fields, line, give);
    }
    let Some((_, rest)) = cut(text, ",addr=<") else {
        return Seen::Noise;
    };
    let Some((recipient, rest)) = rest.split_once('>') else {
        return Seen::Noise;
    };
    let (reply, outcome, host) = if let Some(reply) = rest.strip_prefix(": ") {
        // Without a reply only the next line tells what became of the mail.
        let outcome = match code(reply) {
            Some(400..500) => Some(Outcome::Deferred),
            Some(500..600) => Some(Outcome::Bounced),
            _ => None,
        };
        (reply, outcome, "")
    } else if let Some((_, reply)) = cut(rest, "success: ") {
        let host = cut(reply, "delivered: ").map_or("", |(_, host)| host);
        (reply, Some(Outcome::Sent), host)
    } else {
        return Seen::Noise;
    };
    let Some(reply) = some(reply) else {
        return Seen::Noise;
    };
    give(Record {
        format: ID,
        reply: reply.into(),
        recipient: some(recipient).map(Into::into),
        sender: between(text, "from=<", ">").and_then(some).map(Into::into),
        queue_id: between(text, "id=", ",").and_then(some).map(Into::into),
        remote_host: host.split(' ').next().and_then(some).map(Into::into),
        remote_ip: between(host, "[", "]").and_then(address).map(Into::into),
        time: line.time.map(Into::into),
        outcome,
        ..Record::default()
    });
    Seen::Records
}

/// Reads what the own server said to a stranger: `192.0.2.9[,port=4711][,from=<>,to=<>]: 550 ...`, or `,msg="550 ...",cmd: ...`.
fn refused<'a>(fields: &'a str, line: &Line<'a>, give: Give<'_, 'a>) -> Seen {
    let said = between(fields, ",msg=\"", "\"").or_else(|| cut(fields, ": ").map(|(_, said)| said));
    let Some(reply) = said.filter(|said| code(said).is_some_and(|code| code >= 400)) else {
        return Seen::Noise;
    };
    let envelope = cut(fields, ": ").map_or("", |(envelope, _)| envelope);
    let between = |name| between(envelope, name, ">").and_then(some).map(Into::into);
    give(Record {
        format: ID,
        reply: reply.into(),
        sender: between(",from=<"),
        recipient: between(",to=<"),
        remote_ip: fields
            .split([',', ' '])
            .next()
            .and_then(|relay| address(relay.trim_end_matches(':')))
            .map(Into::into),
        time: line.time.map(Into::into),
        own_server: true,
        ..Record::default()
    });
    Seen::Records
}

/// An address of IPv4 is written as one of IPv6.
fn address(text: &str) -> Option<&str> {
    ip(text.strip_prefix("::ffff:").unwrap_or(text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::Outcome;
    use super::super::testing::{noise, one};

    const HEAD: &str = "Jun  1 10:00:00 mail courieresmtp: id=00A1.00B2,from=<a@example.org>,addr=<bob@example.com>";

    #[test]
    fn the_line_with_the_reply_is_the_record() {
        let line = format!("{HEAD}: 550 5.1.1 no");
        let record = one(&line);
        assert_eq!(
            (record.format, record.reply.as_ref()),
            ("courier", "550 5.1.1 no")
        );
        assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        assert_eq!(record.queue_id.as_deref(), Some("00A1.00B2"));
        noise(&format!("{HEAD},status: failure"));
    }

    #[test]
    fn a_success_names_the_host() {
        let line = format!("{HEAD},size=100,success: delivered: mx.example.com [::ffff:192.0.2.1]");
        let record = one(&line);
        assert_eq!(record.outcome, Some(Outcome::Sent));
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.1"));
    }

    #[test]
    fn only_a_reply_code_says_what_became_of_the_mail() {
        for (words, outcome) in [
            ("451 4.7.1 later", Some(Outcome::Deferred)),
            ("554 5.7.1 no", Some(Outcome::Bounced)),
            ("Connection timed out", None),
        ] {
            let line = format!("{HEAD}: {words}");
            assert_eq!(one(&line).outcome, outcome, "{words}");
        }
    }

    #[test]
    fn what_the_own_server_refused_is_its_own_policy() {
        const HEAD: &str = "Jun  1 10:00:00 mail courieresmtpd: error,relay=::ffff:198.51.100.7";
        let line =
            format!("{HEAD},from=<a@example.net>,to=<bob@example.org>: 513 Relaying denied.");
        let record = one(&line);
        assert_eq!(record.reply, "513 Relaying denied.");
        assert!(record.own_server);
        assert_eq!(record.remote_ip.as_deref(), Some("198.51.100.7"));
        assert_eq!(record.sender.as_deref(), Some("a@example.net"));
        assert_eq!(record.recipient.as_deref(), Some("bob@example.org"));
        let line = format!("{HEAD},port=4711,msg=\"535 Authentication failed.\",cmd: AUTH LOGIN");
        assert_eq!(one(&line).reply, "535 Authentication failed.");
        noise(&format!("{HEAD}: connection lost"));
    }
}
