//! Maddy's log: `queue: delivery attempt failed {"rcpt":"bob@example.com","smtp_code":550,"smtp_enchcode":"5.1.1",...}`, a
//! module, words and the fields in JSON.
//!
//! Source: `framework/log` and `framework/exterrors` of Maddy.

use super::line::{Line, cut};
use super::values::{Object, owned, text, with_codes};
use super::{Give, Outcome, Record, Seen, State};

/// The name in `--from` and in the verdict.
const ID: &str = "maddy";

/// Reads `MODULE: words {fields}`.
pub fn read<'a>(line: &Line<'a>, _state: &mut State, give: Give<'_, 'a>) -> Seen {
    if !line.message.ends_with('}') || !matches!(line.program, "" | "maddy" | "queue" | "smtp") {
        return Seen::NotMine;
    }
    let Some(at) = line
        .message
        .find(" {\"")
        .or_else(|| line.message.find("\t{\""))
    else {
        return Seen::NotMine;
    };
    let Some((words, fields)) = line.message.split_at_checked(at) else {
        return Seen::NotMine;
    };
    let Ok(fields) = serde_json::from_str::<Object>(fields) else {
        return Seen::NotMine;
    };
    if !fields.contains_key("msg_id") {
        return Seen::NotMine;
    }
    // A module's name may be taken for that of a program.
    let (module, words) = words.split_once(": ").unwrap_or((line.program, words));
    let Some(record) = refusal(module, &fields).or_else(|| delivered(words, &fields)) else {
        return Seen::Noise;
    };
    give(Record {
        format: ID,
        recipient: owned(text(&fields, "rcpt")),
        sender: owned(text(&fields, "sender")),
        queue_id: owned(text(&fields, "msg_id")),
        time: line.time.map(Into::into),
        ..record
    });
    Seen::Records
}

/// What a server said, or what the own one said to a client.
fn refusal<'a>(module: &str, fields: &Object) -> Option<Record<'a>> {
    let code = fields.get("smtp_code")?.as_u64()?;
    let words = text(fields, "smtp_msg").or_else(|| text(fields, "reason"))?;
    // `mx.example.com. said: ` is Maddy's own.
    let (host, words) = match cut(&words, " said: ") {
        Some((host, said)) if !host.contains(' ') => (Some(host.trim_end_matches('.')), said),
        _ => (None, words.as_str()),
    };
    Some(Record {
        reply: with_codes(Some(code.to_string()), text(fields, "smtp_enchcode"), words).into(),
        remote_host: owned(host.map(str::to_owned)),
        outcome: Some(if code < 500 {
            Outcome::Deferred
        } else {
            Outcome::Bounced
        }),
        own_server: matches!(module, "smtp" | "submission" | "lmtp"),
        ..Record::default()
    })
}

/// A delivery that the queue is done with.
fn delivered<'a>(words: &str, fields: &Object) -> Option<Record<'a>> {
    (words.trim() == "delivered" && fields.contains_key("rcpt")).then(|| Record {
        reply: "delivered".into(),
        outcome: Some(Outcome::Sent),
        ..Record::default()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::Outcome;
    use super::super::testing::{all, noise, one};

    const FIELDS: &str = r#"{"msg_id":"0a1b-1","rcpt":"bob@example.com","reason":"no","smtp_code":550,"smtp_enchcode":"5.1.1","smtp_msg":"mx.example.com. said: no {really}"}"#;

    #[test]
    fn the_fields_hold_codes_words_and_recipient() {
        for head in [
            "queue: delivery attempt failed\t",
            "2026-06-01T10:00:00.000Z queue: delivery attempt failed\t",
            "Jun  1 10:00:00 mail maddy[1]: queue: delivery attempt failed ",
        ] {
            let line = format!("{head}{FIELDS}");
            let record = one(&line);
            assert_eq!(record.format, "maddy", "{line}");
            assert_eq!(record.reply, "550 5.1.1 no {really}");
            assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
            assert_eq!(record.remote_host.as_deref(), Some("mx.example.com"));
            assert_eq!(record.queue_id.as_deref(), Some("0a1b-1"));
            assert!(!record.own_server);
        }
    }

    #[test]
    fn what_its_own_server_refuses_is_its_own_policy() {
        let record = one(
            r#"smtp: RCPT error {"msg_id":"0a1b","rcpt":"bob@example.org","reason":"User doesn't exist","smtp_code":501,"smtp_enchcode":"5.1.1"}"#,
        );
        assert!(record.own_server);
        assert_eq!(record.reply, "501 5.1.1 User doesn't exist");
    }

    #[test]
    fn a_delivery_is_told_and_the_rest_is_noise() {
        let record = one(
            "queue: delivered\t{\"attempt\":1,\"msg_id\":\"0a1b-1\",\"rcpt\":\"bob@example.com\"}",
        );
        assert_eq!(record.outcome, Some(Outcome::Sent));
        assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        noise("smtp: RCPT ok\t{\"msg_id\":\"0a1b\",\"rcpt\":\"bob@example.com\"}");
        noise("smtp: incoming message\t{\"msg_id\":\"0a1b\",\"sender\":\"a@example.org\"}");
        assert!(
            all(
                "other: failed {\"rcpt\":\"bob@example.com\",\"smtp_code\":550,\"smtp_msg\":\"no\"}"
            )
            .iter()
            .all(|record| record.format != "maddy")
        );
    }
}
