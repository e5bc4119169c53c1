//! Kerio Connect's mail log: `Sent: Queue-ID: ..., Recipient: <bob@example.com>, Result: failed, Status: 5.1.1 550 ...`.
//!
//! Source: "Mail log" in the manual of Kerio Connect.

use super::line::{Line, between, code, cut, cut_last, ip, some};
use super::{Give, Outcome, Record, Seen, State};
use crate::reply::Enhanced;

/// The name in `--from` and in the verdict.
const ID: &str = "kerio";

/// Reads `[01/Jun/2026 10:00:00] Sent: Queue-ID: ...`.
pub fn read<'a>(line: &Line<'a>, _state: &mut State, give: Give<'_, 'a>) -> Seen {
    let Some((time, text)) = line
        .whole
        .strip_prefix('[')
        .and_then(|text| text.split_once("] "))
    else {
        return Seen::NotMine;
    };
    let Some((kind @ ("Sent" | "Recv"), fields)) = text.split_once(": Queue-ID: ") else {
        return Seen::NotMine;
    };
    match delivery(fields).filter(|_| kind == "Sent") {
        Some(record) => {
            give(Record {
                time: Some(time.into()),
                ..record
            });
            Seen::Records
        }
        None => Seen::Noise,
    }
}

/// Reads the fields behind `Sent: Queue-ID: `.
fn delivery(fields: &str) -> Option<Record<'_>> {
    let (id, _) = fields.split_once(", ")?;
    let recipient = between(fields, ", Recipient: <", ">, Result: ")?;
    let (_, rest) = cut(fields, ">, Result: ")?;
    let (result, rest) = rest.split_once(", Status: ")?;
    let outcome = match result {
        "delivered" | "relayed" => Outcome::Sent,
        "delayed" => Outcome::Deferred,
        "failed" => Outcome::Bounced,
        "expired" => Outcome::Expired,
        _ => return None,
    };
    // What the server said may hold anything, so the last fields count.
    let (said, rest) = cut_last(rest, ", Remote-Host: ").unwrap_or((rest, ""));
    let host = rest.split(',').next().and_then(some);
    let (dsn, words) = match Enhanced::read(said) {
        Some((status, length)) => (Some(status), said.get(length..).and_then(some)),
        None => (None, some(said)),
    };
    // The status in front of the words is Kerio's own, unless no server spoke.
    let reply = match words {
        Some(words) if code(words).is_some() => words,
        Some(_) => said.trim(),
        None => result,
    };
    Some(Record {
        format: ID,
        reply: reply.into(),
        recipient: some(recipient).map(Into::into),
        queue_id: some(id).map(Into::into),
        remote_host: host.filter(|host| ip(host).is_none()).map(Into::into),
        remote_ip: host.and_then(ip).map(Into::into),
        dsn,
        outcome: Some(outcome),
        ..Record::default()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::Outcome;
    use super::super::testing::{noise, one};

    fn line(result: &str) -> String {
        format!(
            "[01/Jun/2026 10:00:00] Sent: Queue-ID: 6a1d0f20-00000001, Recipient: <bob@example.com>, Result: {result}, Remote-Host: mx.example.com, Msg-Id: <1@example.org>"
        )
    }

    #[test]
    fn the_reply_stands_behind_the_status() {
        let line = line("failed, Status: 5.1.1 550 5.1.1 no, not here");
        let record = one(&line);
        assert_eq!(
            (record.format, record.reply.as_ref()),
            ("kerio", "550 5.1.1 no, not here")
        );
        assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        assert_eq!(record.remote_host.as_deref(), Some("mx.example.com"));
        assert_eq!(record.queue_id.as_deref(), Some("6a1d0f20-00000001"));
        assert_eq!(record.time.as_deref(), Some("01/Jun/2026 10:00:00"));
        assert_eq!(record.outcome, Some(Outcome::Bounced));
    }

    #[test]
    fn without_a_reply_the_status_or_the_result_is_all_there_is() {
        for (result, reply, outcome) in [
            (
                "delayed, Status: 4.4.1 Cannot connect",
                "4.4.1 Cannot connect",
                Outcome::Deferred,
            ),
            ("delivered, Status: 2.0.0 ", "delivered", Outcome::Sent),
        ] {
            let line = line(result);
            let record = one(&line);
            assert_eq!(
                (record.reply.as_ref(), record.outcome),
                (reply, Some(outcome))
            );
        }
    }

    #[test]
    fn arrivals_are_noise() {
        noise(
            "[01/Jun/2026 10:00:00] Recv: Queue-ID: 6a1d0f20-00000001, Service: SMTP, From: <a@example.org>, To: <bob@example.com>, Size: 1234, Subject: 550 5.1.1 no, Msg-Id: <1@example.org>",
        );
    }
}
