//! Haraka's outbound log: `recipient <bob@example.com> rejected: 550 ...` and `delivered ... response="..."`.
//!
//! In logfmt the same words stand in `message="..."` behind `source=outbound`, in JSON in `message`.
//!
//! Sources: `outbound/hmail.js` and `docs/Logging.md` of Haraka.

use super::line::{Line, between, code, cut, cut_last, ip, some, speaks};
use super::{Give, Outcome, Record, Seen, State};

/// The name in `--from` and in the verdict.
const ID: &str = "haraka";

/// Reads `[notice] [UUID] [outbound] ...`.
pub fn read<'a>(line: &Line<'a>, _state: &mut State, give: Give<'_, 'a>) -> Seen {
    let named = line.program == "haraka";
    if !named && !line.program.is_empty() {
        return Seen::NotMine;
    }
    if let Some((plugin, words)) = of_a_plugin(line.message)
        && plugin != "outbound"
    {
        return spoken(words, line, give);
    }
    let Some((head, text)) = cut(line.message, "[outbound] ")
        .or_else(|| logfmt(line.message))
        .or_else(|| {
            line.message
                .starts_with("recipient <")
                .then_some(("", line.message))
        })
    else {
        return if named { Seen::Noise } else { Seen::NotMine };
    };
    if !named && speaks(head) {
        return Seen::NotMine;
    }
    let Some(record) = delivered(text).or_else(|| refused(text)) else {
        // Without a mark in front of them the words may be anybody's.
        return if head.is_empty() && !named {
            Seen::NotMine
        } else {
            Seen::Noise
        };
    };
    give(Record {
        format: ID,
        queue_id: uuid(head).map(Into::into),
        time: line.time.map(Into::into),
        ..record
    });
    Seen::Records
}

/// The plugin and the words of `[NOTICE] [UUID] [plugin] ...`.
fn of_a_plugin(text: &str) -> Option<(&str, &str)> {
    const LEVELS: &[&str] = &[
        "DATA", "PROTOCOL", "DEBUG", "INFO", "NOTICE", "WARN", "ERROR", "CRIT", "ALERT", "EMERG",
    ];
    let (level, rest) = text.strip_prefix('[')?.split_once("] [")?;
    let (id, rest) = rest.split_once("] [")?;
    let (plugin, words) = rest.split_once("] ")?;
    let is_head = LEVELS.iter().any(|known| level.eq_ignore_ascii_case(known))
        && !id.contains(' ')
        && !plugin.contains(' ');
    is_head.then_some((plugin, words))
}

/// Reads `S: 550 ...` of the dialogue with a client; whatever else a plugin says is noise.
fn spoken<'a>(words: &'a str, line: &Line<'a>, give: Give<'_, 'a>) -> Seen {
    let Some(reply) = words
        .strip_prefix("S: ")
        .filter(|reply| code(reply).is_some_and(|code| code >= 400))
    else {
        return Seen::Noise;
    };
    give(Record {
        format: ID,
        reply: reply.into(),
        time: line.time.map(Into::into),
        own_server: true,
        ..Record::default()
    });
    Seen::Records
}

/// Cuts `level=NOTICE uuid=... source=outbound message="..."` in front of the words.
fn logfmt(text: &str) -> Option<(&str, &str)> {
    let (head, words) = cut(text, " source=outbound message=\"")?;
    head.starts_with("level=")
        .then(|| (head, words.strip_suffix('"').unwrap_or(words)))
}

/// The last bracket in front of `[outbound]`, or the id of logfmt.
fn uuid(head: &str) -> Option<&str> {
    if let Some((_, id)) = cut_last(head, " uuid=") {
        return some(id);
    }
    let (_, id) = cut_last(head, "[")?;
    some(id.trim().trim_end_matches(']')).filter(|id| *id != "-")
}

/// Reads `recipient <bob@example.com> rejected: 550 ...`.
fn refused(text: &str) -> Option<Record<'_>> {
    let (_, rest) = cut(text, "recipient <")?;
    let (recipient, rest) = rest.split_once('>')?;
    let (outcome, reply) = if let Some(reply) = rest.strip_prefix(" rejected: ") {
        (Outcome::Bounced, reply)
    } else {
        (Outcome::Deferred, rest.strip_prefix(" deferred: ")?)
    };
    Some(Record {
        reply: some(reply)?.into(),
        recipient: some(recipient).map(Into::into),
        outcome: Some(outcome),
        ..Record::default()
    })
}

/// Reads `delivered file=... host=mx.example.com ip=192.0.2.1 ... response="..." ...`.
fn delivered(text: &str) -> Option<Record<'_>> {
    let fields = text.strip_prefix("delivered ")?;
    Some(Record {
        reply: between(fields, "response=\"", "\"")
            .and_then(some)
            .unwrap_or("delivered")
            .into(),
        remote_host: between(fields, " host=", " ")
            .and_then(some)
            .map(Into::into),
        remote_ip: between(fields, " ip=", " ").and_then(ip).map(Into::into),
        outcome: Some(Outcome::Sent),
        ..Record::default()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::Outcome;
    use super::super::testing::{noise, one};

    #[test]
    fn a_rejected_recipient_gives_the_reply() {
        let record = one(
            "[notice] [1B2C3D4E-0000-1111-2222-333344445555.1.1] [outbound] recipient <bob@example.com> rejected: 550 5.1.1 no",
        );
        assert_eq!(record.format, "haraka");
        assert_eq!(record.reply, "550 5.1.1 no");
        assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        assert_eq!(
            record.queue_id.as_deref(),
            Some("1B2C3D4E-0000-1111-2222-333344445555.1.1")
        );
        assert_eq!(record.outcome, Some(Outcome::Bounced));
    }

    #[test]
    fn logfmt_and_json_hold_the_same_words() {
        for line in [
            r#"level=NOTICE uuid=1B2C.1.1 source=outbound message="recipient <bob@example.com> rejected: 550 5.1.1 no""#,
            r#"{"level":"NOTICE","uuid":"1B2C.1.1","source":"outbound","message":"recipient <bob@example.com> rejected: 550 5.1.1 no"}"#,
        ] {
            let record = one(line);
            assert_eq!(
                (record.format, record.reply.as_ref()),
                ("haraka", "550 5.1.1 no")
            );
            assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        }
        let delivered = r#"level=NOTICE uuid=1B2C.1.1 source=outbound message="delivered file=x host=mx.example.com ip=192.0.2.1 response=\"2.0.0 Ok\" delay=1""#;
        let record = one(delivered);
        assert_eq!(record.outcome, Some(Outcome::Sent));
        assert_eq!(record.queue_id.as_deref(), Some("1B2C.1.1"));
        // Somebody else's words.
        assert_eq!(
            one("recipient <bob@example.com> is unknown").format,
            "reply"
        );
    }

    #[test]
    fn a_delivery_gives_the_response() {
        let record = one(
            "Jun  1 10:00:00 mail haraka[1]: [NOTICE] [-] [outbound] delivered file=x domain=example.com host=mx.example.com ip=192.0.2.1 port=25 mode=SMTP tls=Y auth=N response=\"2.0.0 Ok: queued\" delay=1 fails=0 rcpts=1/0/0",
        );
        assert_eq!(record.reply, "2.0.0 Ok: queued");
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.1"));
        noise("[info] [-] [outbound] Attempting to deliver to: mx.example.com:25");
    }

    #[test]
    fn of_the_other_plugins_only_a_refusal_is_a_record() {
        let record = one("[PROTOCOL] [1B2C.1] [core] S: 550 no such user");
        assert!(record.own_server);
        assert_eq!(record.reply, "550 no such user");
        noise("[PROTOCOL] [1B2C.1] [core] S: 250 mail.example.org");
        noise(
            "[NOTICE] [1B2C.1] [core] disconnect ip=192.0.2.9 rdns=x helo=x errors=0 lr=\"550 no\"",
        );
        noise("[INFO] [1B2C.1.1] [spamassassin] status=Yes score=15.1 required=5 reject=15");
    }
}
