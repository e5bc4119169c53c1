//! Stalwart's tracing log: `STAMP LEVEL Words (delivery.event-id) key = value, key = value`, and the JSON of its webhooks and
//! logs, which has the event in `type` and the same keys in `data`.
//!
//! Source: `crates/trc` of Stalwart (event ids and serializers).

use std::borrow::Cow;

use serde_json::Value;

use super::line::{Line, between, code, cut, ip, some, speaks};
use super::values::{Object, text};
use super::{Give, Outcome, Record, Seen, State, reply};
use crate::vocabulary::Phase;

/// The name in `--from` and in the verdict.
const ID: &str = "stalwart";

/// The events that tell of an answer or of none, with the step of the dialogue.
const EVENTS: &[(&str, Outcome, Option<Phase>)] = &[
    ("delivered", Outcome::Sent, Some(Phase::EndOfMessage)),
    ("rcpt-to-rejected", Outcome::Bounced, Some(Phase::Rcpt)),
    ("rcpt-to-failed", Outcome::Deferred, Some(Phase::Rcpt)),
    ("mail-from-rejected", Outcome::Bounced, Some(Phase::Mail)),
    (
        "message-rejected",
        Outcome::Bounced,
        Some(Phase::EndOfMessage),
    ),
    ("auth-failed", Outcome::Deferred, Some(Phase::Auth)),
    ("greeting-failed", Outcome::Deferred, Some(Phase::Connect)),
    ("ehlo-rejected", Outcome::Deferred, Some(Phase::Helo)),
    ("lhlo-rejected", Outcome::Deferred, Some(Phase::Helo)),
    ("connect-error", Outcome::Deferred, Some(Phase::Connect)),
    ("start-tls-error", Outcome::Deferred, Some(Phase::StartTls)),
    (
        "start-tls-unavailable",
        Outcome::Deferred,
        Some(Phase::StartTls),
    ),
    (
        "start-tls-disabled",
        Outcome::Deferred,
        Some(Phase::StartTls),
    ),
    (
        "implicit-tls-error",
        Outcome::Deferred,
        Some(Phase::Connect),
    ),
    ("mx-lookup-failed", Outcome::Deferred, None),
    ("ip-lookup-failed", Outcome::Deferred, None),
    ("null-mx", Outcome::Bounced, None),
    ("failed", Outcome::Bounced, None),
];

/// Reads a line with `(delivery.event-id)`.
pub fn read<'a>(line: &Line<'a>, _state: &mut State, give: Give<'_, 'a>) -> Seen {
    if !line.program.is_empty() && !line.program.starts_with("stalwart") {
        return Seen::NotMine;
    }
    let Some((head, rest)) = cut(line.message, "(delivery.") else {
        return if is_event(line) {
            Seen::Noise
        } else {
            Seen::NotMine
        };
    };
    if line.program.is_empty() && speaks(head) {
        return Seen::NotMine;
    }
    let Some((event, fields)) = rest.split_once(')') else {
        return Seen::NotMine;
    };
    // The level in front is no word of the description.
    let words = head.trim().split_once(' ').map_or("", |(_, words)| words);
    let made = record(event, words.into(), |name| {
        value(fields, name).map(Into::into)
    });
    let Some(record) = made else {
        return Seen::Noise;
    };
    let time = line.time.map(Into::into);
    each_recipient(Record { time, ..record }, give);
    Seen::Records
}

/// Whether this is an event of another part of the server: `INFO Words (queue.message-queued) ...`.
fn is_event(line: &Line<'_>) -> bool {
    const LEVELS: &[&str] = &["TRACE ", "DEBUG ", "INFO ", "WARN ", "ERROR "];
    let id = between(line.message, "(", ")").unwrap_or("");
    line.time.is_some()
        && LEVELS.iter().any(|level| line.message.starts_with(level))
        && id.contains('.')
        && id
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte))
}

/// Gives a record for each recipient; a list of them is written `["bob@example.com", "eve@example.com"]`.
fn each_recipient<'a>(record: Record<'a>, give: Give<'_, 'a>) {
    let list = record.recipient.as_deref().and_then(|recipient| {
        let list = recipient.strip_prefix('[')?.strip_suffix(']')?;
        Some(list.to_owned())
    });
    let Some(list) = list else {
        return give(record);
    };
    for recipient in list.split(',') {
        let recipient = recipient.trim().trim_matches('"');
        give(Record {
            recipient: some(recipient).map(|recipient| Cow::Owned(recipient.to_owned())),
            ..record.clone()
        });
    }
}

/// Reads an event in JSON; `None` when it is none of a delivery.
pub fn event<'a>(object: &Object, give: Give<'_, 'a>) -> Option<Seen> {
    let event = object.get("type")?.as_str()?.strip_prefix("delivery.")?;
    let data = object.get("data")?.as_object()?;
    let words = text(object, "text").unwrap_or_else(|| event.replace('-', " "));
    let made = record(event, words.into(), |name| match data.get(name)? {
        list @ Value::Array(_) => Some(list.to_string().into()),
        _ => text(data, name).map(Into::into),
    });
    let Some(record) = made else {
        return Some(Seen::Noise);
    };
    let time = text(object, "createdAt").map(Into::into);
    each_recipient(Record { time, ..record }, give);
    Some(Seen::Records)
}

/// The record of an event from its words and the values of its keys.
fn record<'a>(
    event: &str,
    words: Cow<'a, str>,
    value: impl Fn(&str) -> Option<Cow<'a, str>>,
) -> Option<Record<'a>> {
    let (_, outcome, phase) = EVENTS.iter().find(|(id, _, _)| *id == event)?;
    let number = value("code").filter(|number| code(number).is_some());
    let details = value("details").or_else(|| value("reason"));
    let reply = match (details, number) {
        (Some(details), _) if code(&details).is_some() => details,
        (Some(details), number) => match (reply::stalwart(&details), number) {
            (Some(record), _) => Cow::Owned(record.reply.into_owned()),
            (None, Some(number)) => Cow::Owned(format!("{number} {details}")),
            (None, None) => details,
        },
        (None, Some(number)) => Cow::Owned(format!("{number} {words}")),
        (None, None) => words,
    };
    // A step that is refused for now is tried again.
    let outcome = match (outcome, code(&reply)) {
        (Outcome::Bounced, Some(400..500)) if event != "failed" => Outcome::Deferred,
        (Outcome::Deferred, Some(500..600)) => Outcome::Bounced,
        _ => *outcome,
    };
    Some(Record {
        format: ID,
        reply,
        recipient: value("to").or_else(|| value("rcpt")),
        sender: value("from"),
        queue_id: value("queueId"),
        remote_host: value("hostname"),
        remote_ip: value("remoteIp").filter(|address| ip(address).is_some()),
        phase: *phase,
        outcome: Some(outcome),
        ..Record::default()
    })
}

/// The value of ` key = value`, in quotes or up to the next comma.
fn value<'a>(fields: &'a str, name: &str) -> Option<&'a str> {
    let mut from = 0;
    loop {
        let rest = fields.get(from..)?;
        let (before, behind) = cut(rest, " = ")?;
        let key = before.rsplit([' ', '\t']).next().unwrap_or(before);
        if key == name {
            let value = match behind.strip_prefix('"') {
                Some(inside) => cut(inside, "\", ")
                    .map_or(inside.trim_end().trim_end_matches('"'), |(text, _)| text),
                None if behind.starts_with('[') => {
                    let end = behind.find(']').map_or(behind.len(), |at| at + 1);
                    behind.get(..end).unwrap_or(behind)
                }
                None => behind.split(',').next().unwrap_or(behind),
            };
            return some(value);
        }
        from = fields.len() - behind.len();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::Outcome;
    use super::super::testing::{all, noise, one};
    use crate::vocabulary::Phase;

    #[test]
    fn a_rejected_recipient_gives_the_reply() {
        let record = one(
            "2026-06-01T10:00:00Z INFO SMTP RCPT TO rejected (delivery.rcpt-to-rejected) queueId = 17, from = \"a@example.org\", to = \"bob@example.com\", hostname = \"mx.example.com\", code = 550, details = \"5.1.1 no, never\"",
        );
        assert_eq!(record.format, "stalwart");
        assert_eq!(record.reply, "550 5.1.1 no, never");
        assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        assert_eq!(record.remote_host.as_deref(), Some("mx.example.com"));
        assert_eq!(record.queue_id.as_deref(), Some("17"));
        assert_eq!(record.phase, Some(Phase::Rcpt));
        assert_eq!(record.outcome, Some(Outcome::Bounced));
        assert_eq!(record.time.as_deref(), Some("2026-06-01T10:00:00Z"));
    }

    #[test]
    fn a_temporary_refusal_of_a_step_is_tried_again() {
        for (event, code, outcome) in [
            ("rcpt-to-rejected", 451, Outcome::Deferred),
            ("message-rejected", 451, Outcome::Deferred),
            ("ehlo-rejected", 554, Outcome::Bounced),
            ("failed", 451, Outcome::Bounced),
        ] {
            let line = format!(
                "2026-06-01T10:00:00Z INFO Some words (delivery.{event}) to = \"bob@example.com\", code = {code}, details = \"later\""
            );
            assert_eq!(one(&line).outcome, Some(outcome), "{event}");
        }
    }

    #[test]
    fn each_recipient_of_a_list_gets_the_reply() {
        for line in [
            "2026-06-01T10:00:00Z INFO Message rejected (delivery.message-rejected) to = [\"bob@example.com\", \"eve@example.com\"], code = 550, details = \"no\"",
            r#"{"type":"delivery.message-rejected","data":{"to":["bob@example.com","eve@example.com"],"code":550,"details":"no"}}"#,
        ] {
            let records = all(line);
            let to: Vec<_> = records
                .iter()
                .map(|record| record.recipient.as_deref().unwrap())
                .collect();
            assert_eq!(to, ["bob@example.com", "eve@example.com"]);
            assert_eq!(records[1].reply, "550 no");
        }
    }

    #[test]
    fn what_other_parts_of_the_server_do_is_noise() {
        noise(
            "2026-06-01T10:00:00Z INFO Queue message queued (queue.authenticated-message-queued) queueId = 17",
        );
        noise(
            "2026-06-01T10:00:00Z WARN Relay not allowed (smtp.relay-not-allowed) remoteIp = 192.0.2.9",
        );
    }

    #[test]
    fn an_event_in_json_has_the_same_keys() {
        let record = one(
            r#"{"events":[{"id":"1","createdAt":"2026-06-01T10:00:00Z","type":"delivery.rcpt-to-rejected","text":"SMTP RCPT TO rejected","data":{"queueId":17,"from":"a@example.org","to":"bob@example.com","hostname":"mx.example.com","code":550,"details":"5.1.1 no"}}]}"#,
        );
        assert_eq!(record.format, "stalwart");
        assert_eq!(record.reply, "550 5.1.1 no");
        assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        assert_eq!(record.queue_id.as_deref(), Some("17"));
        assert_eq!(record.time.as_deref(), Some("2026-06-01T10:00:00Z"));
        assert_eq!(record.phase, Some(Phase::Rcpt));
        noise(r#"{"id":"1","type":"delivery.attempt-start","data":{"queueId":17}}"#);
    }

    #[test]
    fn a_reply_in_words_is_put_together() {
        let record = one(
            "2026-06-01T10:00:00Z INFO Message rejected (delivery.message-rejected) to = \"bob@example.com\", reason = \"Code: 552, Enhanced code: 5.3.4, Message: too big\"",
        );
        assert_eq!(record.reply, "552 5.3.4 too big");
        noise(
            "2026-06-01T10:00:00Z INFO Delivery attempt started (delivery.attempt-start) queueId = 17",
        );
    }
}
