//! Courier: `courieresmtp: id=...,from=<>,addr=<bob@example.com>: 550 ...`.
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
    let Some((_, rest)) = cut(text, ",addr=<") else {
        return Seen::Noise;
    };
    let Some((recipient, rest)) = rest.split_once('>') else {
        return Seen::Noise;
    };
    let (reply, outcome, host) = if let Some(reply) = rest.strip_prefix(": ") {
        let outcome = match code(reply) {
            Some(400..500) => Outcome::Deferred,
            _ => Outcome::Bounced,
        };
        (reply, outcome, "")
    } else if let Some((_, reply)) = cut(rest, "success: ") {
        let host = cut(reply, "delivered: ").map_or("", |(_, host)| host);
        (reply, Outcome::Sent, host)
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
        remote_ip: between(host, "[", "]").and_then(ip).map(Into::into),
        time: line.time.map(Into::into),
        outcome: Some(outcome),
        ..Record::default()
    });
    Seen::Records
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
        let line = format!("{HEAD},size=100,success: delivered: mx.example.com [192.0.2.1]");
        let record = one(&line);
        assert_eq!(record.outcome, Some(Outcome::Sent));
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.1"));
    }
}
