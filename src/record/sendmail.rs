//! Sendmail (sm-mta): `to=..., ..., dsn=5.1.1, stat=...`, one record for each recipient, and its own refusals.
//!
//! Sources: the Sendmail Operations Guide, "System Log", and `deliver.c` (`logdelivery`), `ruleset=` in `srvrsmtp.c`.

use super::line::{Line, between, code, cut, has, ip, some};
use super::{Give, Outcome, Record, Seen, State};
use crate::reply::Enhanced;
use crate::vocabulary::Phase;

/// The name in `--from` and in the verdict.
const ID: &str = "sendmail";

/// Reads a line of sendmail, sm-mta or the submission queue runner.
pub fn read<'a>(line: &Line<'a>, _state: &mut State, give: Give<'_, 'a>) -> Seen {
    let named = line.program.starts_with("sendmail") || line.program.starts_with("sm-");
    if !named && !line.program.is_empty() {
        return Seen::NotMine;
    }
    let (id, text) = match line.message.split_once(": ").filter(|(id, _)| is_id(id)) {
        Some((id, text)) => (Some(id), text),
        // A connection is refused before there is a mail.
        None if named => (None, line.message),
        None => return Seen::NotMine,
    };
    let base = Record {
        format: ID,
        queue_id: id.map(Into::into),
        time: line.time.map(Into::into),
        ..Record::default()
    };
    if let Some(rest) = text.strip_prefix("to=")
        && let Some((fields, stat)) = cut(rest, ", stat=")
    {
        return delivery(fields, stat, &base, give);
    }
    if let Some(record) = refusal(text, &base) {
        give(record);
        return Seen::Records;
    }
    // `<bob@example.com>... User unknown`: the reply that the line with stat= only sums up.
    if named
        && let Some((address, reply)) = cut(text, "... ")
        && address.starts_with('<')
        && address.ends_with('>')
    {
        give(Record {
            reply: reply.into(),
            recipient: some(address.trim_matches(['<', '>'])).map(Into::into),
            ..base
        });
        return Seen::Records;
    }
    if named { Seen::Noise } else { Seen::NotMine }
}

/// `v51A0bQx004711`: eight characters of time and a number.
fn is_id(id: &str) -> bool {
    (8..=22).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && id.bytes().any(|byte| byte.is_ascii_digit())
}

/// Reads what stands behind `to=`, and gives a record for each address.
fn delivery<'a>(fields: &'a str, stat: &'a str, base: &Record<'a>, give: Give<'_, 'a>) -> Seen {
    let (recipients, fields) = fields.split_once(", ").unwrap_or((fields, ""));
    let (outcome, reply) = match stat.split_once([' ', ':']) {
        Some(("Sent", rest)) => (Outcome::Sent, inside(rest)),
        Some(("Deferred", rest)) => (Outcome::Deferred, rest.trim()),
        _ if stat == "Sent" => (Outcome::Sent, stat),
        _ if stat.starts_with("queued") => return Seen::Noise,
        _ => (Outcome::Bounced, stat.trim()),
    };
    // Since 8.16 the server's answer stands before the words that sum it up.
    let reply = match cut(fields, "reply=") {
        Some((_, answer)) if outcome != Outcome::Sent && code(answer).is_some() => answer,
        _ => reply,
    };
    let dsn = between(fields, "dsn=", ",")
        .or_else(|| cut(fields, "dsn=").map(|(_, dsn)| dsn))
        .and_then(Enhanced::read)
        .map(|(dsn, _)| dsn);
    let relay = between(fields, "relay=", "]").or_else(|| between(fields, "relay=", ","));
    let (host, address) = relay.map_or((None, None), host_and_address);
    // Without a code of its own (`User unknown`) a stat with 4.x.x stays in the queue.
    let outcome = match (outcome, dsn) {
        (Outcome::Bounced, Some(dsn)) if dsn.class == 4 => Outcome::Deferred,
        _ => outcome,
    };
    // A quoted local part may hold commas, and whole addresses between them.
    let between: &[char] = if recipients.contains('"') {
        &[]
    } else {
        &[',']
    };
    for recipient in recipients.split(between) {
        give(Record {
            reply: reply.into(),
            recipient: some(recipient.trim().trim_matches(['<', '>'])).map(Into::into),
            remote_host: host.map(Into::into),
            remote_ip: address.map(Into::into),
            dsn,
            outcome: Some(outcome),
            ..base.clone()
        });
    }
    Seen::Records
}

/// Takes the brackets off `(ok 1780300000)`.
fn inside(text: &str) -> &str {
    let text = text.trim();
    let inner = text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'));
    inner.unwrap_or(text)
}

/// Name and address of `mx.example.com. [192.0.2.1`.
fn host_and_address(relay: &str) -> (Option<&str>, Option<&str>) {
    let (host, address) = relay.split_once('[').unwrap_or((relay, ""));
    let host = host.trim().trim_end_matches('.');
    (some(host).filter(|host| ip(host).is_none()), ip(address))
}

/// Reads `ruleset=check_rcpt, arg1=<b@example.org>, relay=x [192.0.2.9], reject=550 5.7.1 ...` and
/// `Milter: to=<b@example.org>, reject=451 ...`: what the own server answered.
fn refusal<'a>(text: &'a str, base: &Record<'a>) -> Option<Record<'a>> {
    if !text.starts_with("ruleset=") && !text.starts_with("Milter") && !text.starts_with("milter=")
    {
        return None;
    }
    let (fields, reply) = cut(text, "reject=")?;
    let relay = between(fields, "relay=", "]");
    let (host, address) = relay.map_or((None, None), host_and_address);
    let recipient = between(fields, "to=<", ">").or_else(|| {
        has(fields, "check_rcpt")
            .then(|| between(fields, "arg1=<", ">"))
            .flatten()
    });
    let phase = if has(fields, "check_rcpt") || has(fields, "to=<") {
        Some(Phase::Rcpt)
    } else if has(fields, "check_mail") || has(fields, "from=<") {
        Some(Phase::Mail)
    } else if has(fields, "check_relay") {
        Some(Phase::Connect)
    } else {
        None
    };
    Some(Record {
        reply: reply.into(),
        recipient: recipient.and_then(some).map(Into::into),
        remote_host: host.map(Into::into),
        remote_ip: address.map(Into::into),
        phase,
        outcome: Some(if code(reply).is_some_and(|code| code < 500) {
            Outcome::Deferred
        } else {
            Outcome::Bounced
        }),
        own_server: true,
        ..base.clone()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::Outcome;
    use super::super::testing::{all, noise, one};

    const HEAD: &str = "Jun  1 10:00:00 mail sm-mta[4711]: 651A0bQx004711: ";

    #[test]
    fn a_deferred_line_gives_the_reply_behind_the_word() {
        let line = format!(
            "{HEAD}to=<bob@example.com>, ctladdr=<a@example.org> (1000/1000), delay=00:01:02, xdelay=00:00:01, mailer=esmtp, pri=120000, relay=mx.example.com. [192.0.2.1], dsn=4.3.5, stat=Deferred: 451 4.3.5 later, please"
        );
        let record = one(&line);
        assert_eq!(record.format, "sendmail");
        assert_eq!(record.reply, "451 4.3.5 later, please");
        assert_eq!(record.outcome, Some(Outcome::Deferred));
        assert_eq!(record.remote_host.as_deref(), Some("mx.example.com"));
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.1"));
        assert_eq!(record.dsn.unwrap().to_string(), "4.3.5");
        assert_eq!(record.queue_id.as_deref(), Some("651A0bQx004711"));
    }

    #[test]
    fn each_recipient_has_its_record() {
        let line = format!(
            "{HEAD}to=<bob@example.com>,<eve@example.com>, delay=1+00:01:02, mailer=esmtp, relay=mx.example.com. [192.0.2.1], dsn=5.1.1, stat=User unknown"
        );
        let records = all(&line);
        assert_eq!(records.len(), 2);
        assert_eq!(records[1].recipient.as_deref(), Some("eve@example.com"));
        assert_eq!(records[1].reply, "User unknown");
        assert_eq!(records[1].outcome, Some(Outcome::Bounced));
    }

    #[test]
    fn a_sent_line_gives_the_confirmation() {
        let line = format!(
            "{HEAD}to=bob@example.com, delay=00:00:02, relay=mx.example.com. [192.0.2.1], dsn=2.0.0, stat=Sent (ok (1))"
        );
        let record = one(&line);
        assert_eq!(
            (record.reply.as_ref(), record.outcome),
            ("ok (1)", Some(Outcome::Sent))
        );
    }

    #[test]
    fn the_answer_before_the_stat_is_the_reply() {
        let line = format!(
            "{HEAD}to=<bob@example.com>, delay=00:00:02, mailer=esmtp, relay=mx.example.com. [192.0.2.1], dsn=5.1.1, reply=550 5.1.1 <bob@example.com>, not here, stat=User unknown"
        );
        let record = one(&line);
        assert_eq!(record.reply, "550 5.1.1 <bob@example.com>, not here");
        assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        let line = format!(
            "{HEAD}to=<bob@example.com>, relay=mx.example.com. [192.0.2.1], dsn=2.0.0, reply=250 2.0.0 Ok, stat=Sent (Ok: queued)"
        );
        assert_eq!(one(&line).reply, "Ok: queued");
    }

    #[test]
    fn a_connection_is_refused_before_there_is_a_mail() {
        let record = one(
            "Jun  1 10:00:00 mail sm-mta[4711]: ruleset=check_relay, arg1=x.example.com, arg2=192.0.2.9, relay=x.example.com [192.0.2.9], reject=550 5.7.1 Access denied",
        );
        assert!(record.own_server);
        assert_eq!(record.reply, "550 5.7.1 Access denied");
        assert_eq!((record.queue_id, record.recipient), (None, None));
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.9"));
    }

    #[test]
    fn a_ruleset_refuses_for_the_own_server() {
        let line = format!(
            "{HEAD}ruleset=check_rcpt, arg1=<b@example.org>, relay=x.example.com [192.0.2.9], reject=550 5.7.1 <b@example.org>... Relaying denied"
        );
        let record = one(&line);
        assert!(record.own_server);
        assert_eq!(record.reply, "550 5.7.1 <b@example.org>... Relaying denied");
        assert_eq!(record.recipient.as_deref(), Some("b@example.org"));
    }

    #[test]
    fn arrivals_are_noise() {
        noise(&format!(
            "{HEAD}from=<a@example.org>, size=100, class=0, nrcpts=1"
        ));
        noise(&format!(
            "{HEAD}to=<b@example.org>, delay=00:00:00, stat=queued"
        ));
    }
}
