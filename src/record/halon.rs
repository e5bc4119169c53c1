//! Halon: its text log, and the JSON that its scripts send to a collector.
//!
//! A line of the text log begins with the id of its transaction in brackets; where in its words the reply stands depends on
//! the event and on the user's own scripts. In JSON a delivery's result is what HSL gives a post-delivery script: the reply
//! code, the enhanced code as three numbers and the lines of the reply (`"code":550,"enhanced":[5,1,1],"reason":["..."]`);
//! an address is a text or has `localpart` and `domain`. Other fields are of the user's choice and are not read.

use std::borrow::Cow;

use serde_json::Value;

use super::line::{Line, code, cut};
use super::values::{Object, owned, text, with_codes};
use super::{Give, Outcome, Record, Seen, State, reply};

/// The name in `--from` and in the verdict.
const ID: &str = "halon";

/// Reads `[TRANSACTION] ... 550 5.1.1 ...` of `smtpd`.
pub fn read<'a>(line: &Line<'a>, _state: &mut State, give: Give<'_, 'a>) -> Seen {
    if line.program != "smtpd" && !line.program.starts_with("halon") {
        return Seen::NotMine;
    }
    let Some((id, words)) = line
        .message
        .strip_prefix('[')
        .and_then(|text| text.split_once("] "))
        .filter(|(id, _)| is_transaction(id))
    else {
        return Seen::NotMine;
    };
    let Some(said) = said(words) else {
        return Seen::Noise;
    };
    give(Record {
        format: ID,
        reply: said.into(),
        queue_id: Some(id.into()),
        time: line.time.map(Into::into),
        ..Record::default()
    });
    Seen::Records
}

/// Whether this is a UUID, with or without the number of a message behind it.
fn is_transaction(id: &str) -> bool {
    let (uuid, number) = id.split_once(':').unwrap_or((id, ""));
    uuid.split('-').map(str::len).eq([8, 4, 4, 4, 12])
        && uuid
            .bytes()
            .all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The reply in a line's words: one with both codes, or one behind a colon.
fn said(words: &str) -> Option<&str> {
    if code(words).is_some() {
        return Some(words);
    }
    if let Some(at) = reply::reply_inside(words) {
        return words.get(at..);
    }
    let mut rest = words;
    while let Some((_, behind)) = cut(rest, ": ") {
        if code(behind).is_some() {
            return Some(behind);
        }
        rest = behind;
    }
    None
}

/// Reads an event with the result of a delivery; `None` when there is no such result in it.
pub fn event<'a>(object: &Object, give: Give<'_, 'a>) -> Option<Seen> {
    let attempt = object.get("attempt").and_then(Value::as_object);
    let result = attempt.unwrap_or(object).get("result")?.as_object()?;
    let number = result.get("code")?.as_u64()?;
    let reason = match result.get("reason")? {
        Value::String(reason) => reason.clone(),
        Value::Array(lines) => {
            let lines: Vec<_> = lines.iter().filter_map(Value::as_str).collect();
            lines.join(" ")
        }
        _ => return None,
    };
    let enhanced = result
        .get("enhanced")
        .and_then(Value::as_array)
        .map(|code| {
            let numbers: Vec<_> = code.iter().map(Value::to_string).collect();
            numbers.join(".")
        });
    let message = object.get("message").and_then(Value::as_object);
    let find = |names: [&str; 2]| {
        names
            .iter()
            .find_map(|name| address(object.get(*name).or_else(|| message?.get(*name))?))
    };
    give(Record {
        format: ID,
        reply: Cow::Owned(with_codes(Some(number.to_string()), enhanced, &reason)),
        recipient: owned(find(["recipient", "recipientaddress"])),
        sender: owned(find(["sender", "senderaddress"])),
        queue_id: owned(text(object, "transactionid")),
        outcome: (200..300).contains(&number).then_some(Outcome::Sent),
        ..Record::default()
    });
    Some(Seen::Records)
}

/// `"bob@example.com"` or `{"localpart":"bob","domain":"example.com"}`.
fn address(value: &Value) -> Option<String> {
    match value {
        Value::String(address) => Some(address.clone()),
        Value::Object(parts) => Some(format!(
            "{}@{}",
            text(parts, "localpart")?,
            text(parts, "domain")?
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::Outcome;
    use super::super::testing::{all, noise, one};

    const HEAD: &str = "Jun  1 10:00:00 mail smtpd[4711]: [1b2c3d4e-0000-11ee-2222-333344445555]";

    #[test]
    fn the_reply_stands_somewhere_behind_the_transaction() {
        for words in [
            "550 5.1.1 no",
            "delivery to mx.example.com failed: 550 5.1.1 no",
            "RCPT rejected, result 550 5.1.1 no",
        ] {
            let line = format!("{HEAD} {words}");
            let record = one(&line);
            assert_eq!(
                (record.format, record.reply.as_ref()),
                ("halon", "550 5.1.1 no")
            );
            assert_eq!(
                record.queue_id.as_deref(),
                Some("1b2c3d4e-0000-11ee-2222-333344445555")
            );
        }
        noise(&format!("{HEAD} Connection from 192.0.2.9 at port 550"));
        let other = "Jun  1 10:00:00 mail smtpd[4711]: [warn] 550 5.1.1 no";
        assert!(all(other).iter().all(|record| record.format != "halon"));
    }

    #[test]
    fn a_result_is_put_together() {
        let record = one(
            r#"{"transactionid":"1b2c","message":{"recipient":{"localpart":"bob","domain":"example.com"}},"sender":"a@example.org","attempt":{"result":{"code":550,"enhanced":[5,1,1],"reason":["no","such user"]}}}"#,
        );
        assert_eq!(record.format, "halon");
        assert_eq!(record.reply, "550 5.1.1 no such user");
        assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        assert_eq!(record.sender.as_deref(), Some("a@example.org"));
        assert_eq!(record.queue_id.as_deref(), Some("1b2c"));
        assert_eq!(record.outcome, None);
        let record =
            one(r#"{"recipient":"bob@example.com","result":{"code":250,"reason":"2.0.0 Ok"}}"#);
        assert_eq!(record.reply, "250 2.0.0 Ok");
        assert_eq!(record.outcome, Some(Outcome::Sent));
    }
}
