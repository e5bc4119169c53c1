//! OpenSMTPD: `mta delivery ... result="PermFail" stat="550 5.1.1 ..."`, and the refusals of its own server.
//!
//! Sources: `mta.c`, `mda.c` and `smtp_session.c` of OpenSMTPD.

use super::line::{Line, between, cut, find, has, ip, some, speaks};
use super::{Give, Outcome, Record, Seen, State};
use crate::vocabulary::Phase;

/// The name in `--from` and in the verdict.
const ID: &str = "opensmtpd";

/// Reads a line of smtpd(8).
pub fn read<'a>(line: &Line<'a>, _state: &mut State, give: Give<'_, 'a>) -> Seen {
    // Halon writes under the same name, an id in brackets first.
    let named = line.program == "smtpd" && !line.message.starts_with('[');
    if !named && !line.program.is_empty() {
        return Seen::NotMine;
    }
    let text = line.message;
    let failed = cut(text, " failed-command ").or_else(|| cut(text, " event=failed-command "));
    let record = if let Some((_, rest)) = failed {
        refusal(rest)
    } else if let Some((kind, rest)) = cut(text, ": ").filter(|_| named)
        && matches!(kind, "relay" | "delivery")
    {
        older(rest)
    } else {
        find(text, " delivery evpid=")
            .or_else(|| find(text, "event=delivery"))
            .filter(|at| named || !text.get(..*at).is_some_and(speaks))
            .and_then(|at| text.get(at..))
            .and_then(delivery)
    };
    match record {
        Some(record) => {
            give(Record {
                format: ID,
                queue_id: record.queue_id,
                time: line.time.map(Into::into),
                ..record
            });
            Seen::Records
        }
        None if named => Seen::Noise,
        None => Seen::NotMine,
    }
}

/// Reads the fields of a delivery.
fn delivery(text: &str) -> Option<Record<'_>> {
    let outcome = outcome(value(text, " result=")?)?;
    // Everything behind `stat=` is the reply; on mda lines it has no quotes.
    let (_, reply) = cut(text, " stat=")?;
    let reply = reply.trim();
    let reply = reply
        .strip_prefix('"')
        .map_or(reply, |reply| reply.strip_suffix('"').unwrap_or(reply));
    let relay = between(text, " relay=\"", "\"").or_else(|| value(text, " relay="));
    let (host, address) = relay.map_or((None, None), |relay| {
        let (host, address) = relay.split_once(" (").unwrap_or((relay, ""));
        (
            some(address.trim_end_matches(')')).and(Some(host)),
            Some(address.trim_end_matches(')')),
        )
    });
    // `host (ip)` in newer versions, `ip (host)` in older ones.
    let (host, address) = match (host.and_then(ip), address.and_then(ip)) {
        (Some(own), None) => (address, Some(own)),
        (None, other) => (host, other),
        (_, other) => (None, other),
    };
    Some(Record {
        reply: reply.into(),
        recipient: between(text, " to=<", ">").and_then(some).map(Into::into),
        sender: between(text, " from=<", ">").and_then(some).map(Into::into),
        queue_id: value(text, "evpid=").map(Into::into),
        remote_host: host.and_then(some).map(Into::into),
        remote_ip: address.map(Into::into),
        outcome: Some(outcome),
        ..Record::default()
    })
}

/// Reads `PermFail for 0123456789abcdef: session=..., from=<>, to=<bob@example.com>, ..., relay=192.0.2.1
/// (mx.example.com), delay=1s, stat=550 ...` of the versions before 6.0.
fn older(text: &str) -> Option<Record<'_>> {
    let (result, rest) = text.split_once(" for ")?;
    let (id, fields) = rest.split_once(": ")?;
    let (fields, reply) = cut(fields, " stat=")?;
    let (address, host) = between(fields, " relay=", ",")
        .and_then(|relay| relay.split_once(" ("))
        .unwrap_or(("", ""));
    Some(Record {
        reply: some(reply)?.into(),
        recipient: between(fields, " to=<", ">").and_then(some).map(Into::into),
        sender: between(fields, " from=<", ">")
            .and_then(some)
            .map(Into::into),
        queue_id: some(id).map(Into::into),
        remote_host: some(host.trim_end_matches(')')).map(Into::into),
        remote_ip: ip(address).map(Into::into),
        outcome: Some(outcome(result)?),
        ..Record::default()
    })
}

/// What became of the mail.
fn outcome(result: &str) -> Option<Outcome> {
    Some(match result {
        "Ok" => Outcome::Sent,
        "TempFail" | "Tempfail" => Outcome::Deferred,
        "PermFail" | "Permfail" => Outcome::Bounced,
        "Expire" | "Expired" => Outcome::Expired,
        _ => return None,
    })
}

/// The value of a field, in quotes or up to the next blank.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = cut(text, name)?;
    match rest.strip_prefix('"') {
        Some(rest) => rest.split('"').next(),
        None => rest.split(' ').next(),
    }
    .and_then(some)
}

/// Reads `command="RCPT TO:<b@example.org>" result="550 Invalid recipient"` of the own server.
fn refusal(text: &str) -> Option<Record<'_>> {
    let command = between(text, "command=\"", "\"").unwrap_or("");
    let (_, reply) = cut(text, "result=\"")?;
    let phase = if command.starts_with("RCPT") {
        Some(Phase::Rcpt)
    } else if command.starts_with("MAIL") {
        Some(Phase::Mail)
    } else if command.starts_with("DATA") {
        Some(Phase::Data)
    } else if has(command, "AUTH") {
        Some(Phase::Auth)
    } else {
        None
    };
    Some(Record {
        reply: some(reply.trim_end_matches('"'))?.into(),
        recipient: between(command, "RCPT TO:<", ">")
            .and_then(some)
            .map(Into::into),
        phase,
        outcome: Some(if reply.starts_with('4') {
            Outcome::Deferred
        } else {
            Outcome::Bounced
        }),
        own_server: true,
        ..Record::default()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::Outcome;
    use super::super::testing::{noise, one};

    #[test]
    fn a_delivery_gives_its_stat() {
        let record = one(
            "Jun  1 10:00:00 mail smtpd[4711]: 2e5a7d1c mta delivery evpid=0123456789abcdef from=<a@example.org> to=<bob@example.com> rcpt=<-> source=\"192.0.2.9\" relay=\"192.0.2.1 (mx.example.com)\" delay=2s result=\"PermFail\" stat=\"550 5.1.1 no \"user\"\"",
        );
        assert_eq!(record.format, "opensmtpd");
        assert_eq!(record.reply, "550 5.1.1 no \"user\"");
        assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        assert_eq!(record.remote_host.as_deref(), Some("mx.example.com"));
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.1"));
        assert_eq!(record.outcome, Some(Outcome::Bounced));
        let record = one(
            "Jun  1 10:00:00 mail smtpd[4711]: 2e5a7d1c mda delivery evpid=0123456789abcdef from=<a@example.org> to=<bob@example.com> rcpt=<-> user=bob delay=0s result=Ok stat=Delivered",
        );
        assert_eq!(
            (record.reply.as_ref(), record.outcome),
            ("Delivered", Some(Outcome::Sent))
        );
    }

    #[test]
    fn older_versions_put_commas_between_the_fields() {
        let record = one(
            "Jun  1 10:00:00 mail smtpd[4711]: relay: PermFail for 0123456789abcdef: session=2e5a7d1c, from=<a@example.org>, to=<bob@example.com>, rcpt=<->, source=192.0.2.9, relay=192.0.2.1 (mx.example.com), delay=1s, stat=550 5.1.1 no, stat=250 Ok",
        );
        assert_eq!(record.reply, "550 5.1.1 no, stat=250 Ok");
        assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        assert_eq!(record.remote_host.as_deref(), Some("mx.example.com"));
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.1"));
        assert_eq!(record.outcome, Some(Outcome::Bounced));
    }

    #[test]
    fn the_own_server_refuses_a_command() {
        let record = one(
            "Jun  1 10:00:00 mail smtpd[4711]: 2e5a7d1c smtp failed-command command=\"RCPT TO:<b@example.org>\" result=\"550 Invalid recipient: <b@example.org>\"",
        );
        assert!(record.own_server);
        assert_eq!(record.reply, "550 Invalid recipient: <b@example.org>");
        let record = one(
            "Jun  1 10:00:00 mail smtpd[4711]: 2e5a7d1c smtp event=failed-command address=192.0.2.9 host=x command=\"RCPT TO:<b@example.org>\" result=\"550 Invalid recipient\"",
        );
        assert_eq!(record.recipient.as_deref(), Some("b@example.org"));
        noise("Jun  1 10:00:00 mail smtpd[4711]: 2e5a7d1c mta connected");
    }
}
