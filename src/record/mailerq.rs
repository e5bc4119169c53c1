//! MailerQ: the JSON message that it puts into its result queues, with the tries in `results`.
//!
//! Each try has the reply's `code`, `status` (the enhanced code) and `description`, and the addresses `from` and `to`
//! which it went. The last one counts. Source: MailerQ's documentation of its JSON messages.

use std::borrow::Cow;

use serde_json::Value;

use super::line::ip;
use super::values::{Object, command, owned, text, with_codes};
use super::{Give, Outcome, Record, Seen};

/// The name in the verdict.
const ID: &str = "mailerq";

/// Reads a message with its results; `None` when it is none.
pub fn event<'a>(object: &Object, give: Give<'_, 'a>) -> Option<Seen> {
    let result = match object.get("results").or_else(|| object.get("result"))? {
        Value::Array(tries) => tries.last()?,
        result => result,
    }
    .as_object()?;
    let recipient = text(object, "recipient")?;
    let words = text(result, "description")?;
    let number = text(result, "code");
    let enhanced = text(result, "status").or_else(|| text(result, "extended"));
    let is_sent = number
        .as_ref()
        .is_some_and(|number| number.starts_with('2'));
    give(Record {
        format: ID,
        reply: Cow::Owned(with_codes(number, enhanced, &words)),
        recipient: Some(Cow::Owned(recipient)),
        sender: owned(text(object, "envelope")),
        remote_ip: owned(text(result, "to").filter(|text| ip(text).is_some())),
        phase: text(result, "state").as_deref().and_then(command),
        outcome: is_sent.then_some(Outcome::Sent),
        ..Record::default()
    });
    Some(Seen::Records)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::Outcome;
    use super::super::testing::one;
    use crate::vocabulary::Phase;

    #[test]
    fn the_last_try_is_the_one_that_counts() {
        let record = one(
            r#"{"envelope":"a@example.org","recipient":"bob@example.com","results":[{"type":"error","state":"connect","description":"Connection refused"},{"type":"error","state":"rcptto","from":"192.0.2.9","to":"192.0.2.1","code":550,"status":"5.1.1","description":"no such user"}]}"#,
        );
        assert_eq!(record.format, "mailerq");
        assert_eq!(record.reply, "550 5.1.1 no such user");
        assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        assert_eq!(record.sender.as_deref(), Some("a@example.org"));
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.1"));
        assert_eq!(record.phase, Some(Phase::Rcpt));
        assert_eq!(record.outcome, None);
    }

    #[test]
    fn a_try_without_a_reply_has_words_of_its_own() {
        let record = one(
            r#"{"recipient":"bob@example.com","result":{"type":"error","description":"Connection refused"}}"#,
        );
        assert_eq!(record.reply, "Connection refused");
        let record = one(
            r#"{"recipient":"bob@example.com","results":[{"code":250,"description":"2.0.0 Ok"}]}"#,
        );
        assert_eq!(record.outcome, Some(Outcome::Sent));
    }
}
