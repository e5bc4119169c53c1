//! Values in JSON, one a line or written over several: what events and log lines are wrapped in is taken off.

use serde_json::Value;

use super::line::Line;
use super::values::{Object, text};
use super::{Give, Record, Seen, State, events, read_cut};

/// What an event is wrapped in; deeper nesting is not looked into.
const DEEPEST: usize = 6;

/// Reads a line that is a JSON object or an array of them.
pub fn read<'a>(line: &Line<'a>, state: &mut State, give: Give<'_, 'a>) -> Seen {
    // A log line may have a stamp or a container's name in front of its JSON.
    let text = if line.whole.starts_with(['{', '[']) {
        line.whole
    } else {
        line.message
    };
    let text = text.trim_end_matches(',');
    if !text.starts_with(['{', '[']) || !text.ends_with(['}', ']']) {
        return Seen::NotMine;
    }
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return Seen::NotMine;
    };
    let mut seen = Seen::NotMine;
    unwrap(
        &value,
        DEEPEST,
        state,
        &mut |record| {
            give(record);
        },
        &mut seen,
    );
    seen
}

/// Bytes that one value written over several lines may have; more is no event.
const LONGEST: usize = 1 << 20;

/// A value that is written over several lines, as `jq` and `JSON.stringify(value, null, 2)` write it.
#[derive(Debug)]
pub struct Open {
    text: String,
    /// How many brackets are open.
    depth: usize,
    /// The line it began on.
    line: u64,
}

/// Takes the lines of a value written over several; `None` when the line belongs to no such value.
///
/// Only a bracket alone on its line begins one, and a line that no such value can have ends it, so nobody's text makes
/// the lines behind it go away.
pub fn goes_on<'a>(line: &str, state: &mut State, give: Give<'_, 'a>) -> Option<Seen> {
    let text = line.trim_ascii();
    let mut open = match state.json.take() {
        Some(open) => open,
        None if matches!(text, "{" | "[") => Open {
            text: String::new(),
            depth: 0,
            line: state.line,
        },
        None => return None,
    };
    let inside = line.starts_with([' ', '\t', '{', '}', '[', ']'])
        && text.starts_with(|first: char| first.is_ascii_digit() || "\"{}[]-tfn".contains(first));
    if !inside || open.text.len() + text.len() > LONGEST {
        return None;
    }
    open.text.push_str(text);
    open.depth = depth_behind(text, open.depth)?;
    if open.depth > 0 {
        state.json = Some(open);
        return Some(Seen::Records);
    }
    let value = serde_json::from_str::<Value>(open.text.trim_end_matches(',')).ok()?;
    let mut seen = Seen::Noise;
    let line = open.line;
    let give: Give<'_, 'a> = &mut |record| give(Record { line, ..record });
    unwrap(&value, DEEPEST, state, give, &mut seen);
    Some(seen)
}

/// How many brackets are open behind a line, when `depth` were before it; `None` when more are closed than were open.
fn depth_behind(text: &str, mut depth: usize) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    Some(depth)
}

/// Remembers the most that any part of a value gave.
fn note(seen: &mut Seen, new: Seen) {
    *seen = match (*seen, new) {
        (Seen::Records, _) | (_, Seen::Records) => Seen::Records,
        (Seen::Noise, _) | (_, Seen::Noise) => Seen::Noise,
        _ => Seen::NotMine,
    };
}

/// Takes events out of arrays, SNS, EventBridge and the platforms' own envelopes.
fn unwrap<'a>(value: &Value, depth: usize, state: &mut State, give: Give<'_, 'a>, seen: &mut Seen) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    let object = match value {
        Value::Array(values) => {
            for value in values {
                unwrap(value, depth, state, give, seen);
            }
            return;
        }
        Value::Object(object) => object,
        _ => return,
    };
    // Amazon SNS and SQS put the event into a string.
    for name in ["Message", "body", "Body"] {
        if let Some(Value::String(inner)) = object.get(name)
            && inner.starts_with('{')
            && let Ok(inner) = serde_json::from_str(inner)
        {
            return unwrap(&inner, depth, state, give, seen);
        }
    }
    for name in ["Records", "Sns", "events", "msys", "event-data"] {
        if let Some(inner @ (Value::Array(_) | Value::Object(_))) = object.get(name) {
            return unwrap(inner, depth, state, give, seen);
        }
    }
    // What the platforms answer to a question for events, and SQS to one for messages. The results of a recipient are
    // those of MailerQ.
    if !object.contains_key("recipient") {
        for name in ["items", "results", "Bounces", "Messages"] {
            if let Some(inner @ Value::Array(_)) = object.get(name) {
                return unwrap(inner, depth, state, give, seen);
            }
        }
    }
    for name in [
        "message_event",
        "track_event",
        "gen_event",
        "unsubscribe_event",
        "relay_event",
    ] {
        if let Some(inner @ Value::Object(_)) = object.get(name) {
            return unwrap(inner, depth, state, give, seen);
        }
    }
    // EventBridge: the event of SES is its `detail`.
    if let Some(inner @ Value::Object(detail)) = object.get("detail")
        && detail.contains_key("mail")
    {
        return unwrap(inner, depth, state, give, seen);
    }
    let made = events::read(object, give).unwrap_or_else(|| logged(object, state, give));
    note(seen, made);
}

/// A log line that a collector put into JSON: journald, Docker, Elastic and their kin.
fn logged<'a>(object: &Object, state: &mut State, give: Give<'_, 'a>) -> Seen {
    let Some(message) = ["MESSAGE", "message", "log", "msg", "short_message", "_raw"]
        .iter()
        .find_map(|name| text(object, name))
    else {
        return Seen::NotMine;
    };
    let program = [
        "SYSLOG_IDENTIFIER",
        "program",
        "ident",
        "appname",
        "syslog_program",
        "programname",
    ]
    .iter()
    .find_map(|name| text(object, name));
    let time = [
        "_SOURCE_REALTIME_TIMESTAMP",
        "__REALTIME_TIMESTAMP",
        "@timestamp",
        "timestamp",
        "time",
    ]
    .iter()
    .find_map(|name| text(object, name));
    // A JSON inside a JSON inside ... is nobody's log.
    if message.starts_with(['{', '[']) {
        return Seen::Noise;
    }
    let mut line = Line::cut(&message);
    if let Some(program) = program.as_deref().filter(|_| line.program.is_empty()) {
        line.program = program.split('[').next().unwrap_or(program);
    }
    line.time = line.time.or(time.as_deref());
    read_cut(&line, state, &mut |record| give(record.into_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::testing::{all, noise, one};

    #[test]
    fn an_event_written_over_several_lines_is_one_event() {
        let event = serde_json::json!([{"event": "bounce", "email": "bob@example.com", "reason": "550 5.1.1 user {unknown", "sg_event_id": "x"}]);
        let pretty = serde_json::to_string_pretty(&event).unwrap();
        let lines = format!("{pretty}\n550 5.1.1 no such user\n{pretty}\n");
        let records = all(&lines);
        let replies: Vec<_> = records.iter().map(|record| &*record.reply).collect();
        assert_eq!(
            replies,
            [
                "550 5.1.1 user {unknown",
                "550 5.1.1 no such user",
                "550 5.1.1 user {unknown"
            ]
        );
        assert_eq!(records[0].recipient.as_deref(), Some("bob@example.com"));
    }

    #[test]
    fn an_open_bracket_makes_no_line_go_away() {
        let log = "Jun  1 10:00:00 mx postfix/smtp[1]: 3E06E: to=<bob@example.com>, relay=none, delay=1, dsn=5.1.1, status=bounced (user unknown)";
        for open in ["{", "[", "{\n  \"a\": [1,", "[\n  {"] {
            assert_eq!(all(&format!("{open}\n{log}\n{log}\n")).len(), 2, "{open}");
        }
    }

    #[test]
    fn what_the_platforms_answer_to_a_question_holds_events() {
        for (id, list) in [
            (
                "mailgun",
                r#"{"items":[{"event":"failed","severity":"permanent","recipient":"bob@example.com","delivery-status":{"code":550,"message":"5.1.1 no"}}],"paging":{}}"#,
            ),
            (
                "json",
                r#"{"items":[{"address":"bob@example.com","code":"550","error":"5.1.1 no","created_at":"2026"}]}"#,
            ),
            (
                "postmark",
                r#"{"TotalCount":1,"Bounces":[{"Type":"HardBounce","TypeCode":1,"Details":"smtp;550 5.1.1 no","Email":"bob@example.com"}]}"#,
            ),
            (
                "sparkpost",
                r#"{"results":[{"type":"bounce","raw_reason":"550 5.1.1 no","rcpt_to":"bob@example.com"}],"total_count":1}"#,
            ),
            (
                "json",
                r#"[{"created":1,"email":"bob@example.com","reason":"550 5.1.1 no","status":"5.1.1"}]"#,
            ),
            (
                "ses",
                r#"{"Messages":[{"Body":"{\"notificationType\":\"Bounce\",\"mail\":{},\"bounce\":{\"bouncedRecipients\":[{\"emailAddress\":\"bob@example.com\",\"diagnosticCode\":\"smtp; 550 5.1.1 no\"}]}}"}]}"#,
            ),
        ] {
            let record = one(list);
            assert_eq!(
                (record.format, record.reply.as_ref()),
                (id, "550 5.1.1 no"),
                "{list}"
            );
            assert_eq!(
                record.recipient.as_deref(),
                Some("bob@example.com"),
                "{list}"
            );
        }
        noise(r#"[{"email":"bob@example.com","reason":"asked to leave"}]"#);
    }

    #[test]
    fn the_journal_and_docker_wrap_lines_of_postfix() {
        let record = one(
            r#"{"SYSLOG_IDENTIFIER":"postfix/smtp","__REALTIME_TIMESTAMP":"1780300000000000","MESSAGE":"4Zx1Yq2Lz7z: to=<bob@example.com>, relay=mx.example.com[192.0.2.1]:25, dsn=5.1.1, status=bounced (host mx.example.com[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command))"}"#,
        );
        assert_eq!(
            (record.format, record.reply.as_ref()),
            ("postfix", "550 5.1.1 no")
        );
        assert_eq!(record.time.as_deref(), Some("1780300000000000"));
        let record = one(
            "{\"log\":\"Jun  1 10:00:00 mail postfix/smtp[1]: 4Zx1Yq2Lz7z: to=<bob@example.com>, relay=none, dsn=4.4.1, status=deferred (connect to x[192.0.2.1]:25: Connection timed out)\\n\",\"stream\":\"stdout\"}",
        );
        assert_eq!(record.format, "postfix");
    }
}
