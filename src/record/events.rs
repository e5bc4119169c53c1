//! Events of sending platforms and mail servers: what each JSON object says of a mail.
//!
//! What all platforms tell is the same, only the names differ. So a platform is known by names that no other has, and the
//! fields are then looked up by all the names in use. Amazon SES, KumoMTA, Mailgun and Postfix' own `postqueue -j` nest
//! deeper and are read apart; Stalwart, MailerQ and Halon have files of their own. Sources: the platforms' webhook
//! references and, for KumoMTA, its "Log record" page.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::line::{between, code, ip, some};
use super::values::{Object, command, deep, owned, text, unfolded, with_codes};
use super::{Give, Outcome, Record, Seen, halon, mailerq, postfix, stalwart};
use crate::reply::Enhanced;

/// Reads one event; `None` when it is none.
pub fn read<'a>(object: &Object, give: Give<'_, 'a>) -> Option<Seen> {
    if object.contains_key("mail")
        && (object.contains_key("notificationType") || object.contains_key("eventType"))
    {
        return Some(ses(object, give));
    }
    if object.contains_key("response")
        && object.contains_key("type")
        && (object.contains_key("queue")
            || object.contains_key("peer_address")
            || object.contains_key("egress_pool"))
    {
        return Some(kumomta(object, give));
    }
    if object.contains_key("queue_name") && object.contains_key("recipients") {
        return Some(postqueue(object, give));
    }
    if object.contains_key("delivery-status") {
        return Some(mailgun(object, give));
    }
    stalwart::event(object, give)
        .or_else(|| mailerq::event(object, give))
        .or_else(|| halon::event(object, give))
        .or_else(|| Some(flat(platform(object)?, object, give)))
}

/// The platform that alone uses these names.
fn platform(object: &Object) -> Option<&'static str> {
    let has = |name: &str| object.contains_key(name);
    let kind = text(object, "type").unwrap_or_default();
    Some(if has("sg_event_id") || has("sg_message_id") {
        "sendgrid"
    } else if has("RecordType") || has("TypeCode") {
        "postmark"
    } else if has("raw_reason") || has("rcpt_to") && has("event_id") {
        "sparkpost"
    } else if has("error_related_to") || has("smtp_reply") || has("MessageID") && has("event") {
        "mailjet"
    } else if has("msg") && has("event") {
        "mandrill"
    } else if has("payload") && has("event") {
        "postal"
    } else if kind.starts_with("email.") && has("data") {
        "resend"
    } else if kind.starts_with("activity.") {
        "mailersend"
    } else if has("response_code") || has("sending_stream") || has("bounce_category") {
        "mailtrap"
    } else if has("event") && (has("message-id") || has("ts_event") || has("ts_epoch")) {
        "brevo"
    } else if has("event") && (has("email") || has("recipient"))
        || has("email") && has("reason")
        || has("address") && has("error")
    {
        "json"
    } else {
        return None;
    })
}

/// Amazon SES: notifications and the events of a configuration set.
fn ses<'a>(object: &Object, give: Give<'_, 'a>) -> Seen {
    let kind = text(object, "eventType")
        .or_else(|| text(object, "notificationType"))
        .unwrap_or_default();
    let (part, list, outcome) = match kind.as_str() {
        "Bounce" => ("bounce", "bouncedRecipients", Outcome::Bounced),
        "Delivery" => ("delivery", "recipients", Outcome::Sent),
        "DeliveryDelay" => ("deliveryDelay", "delayedRecipients", Outcome::Deferred),
        "Reject" => ("reject", "", Outcome::Bounced),
        "Rendering Failure" => ("failure", "", Outcome::Bounced),
        _ => return Seen::Noise,
    };
    let empty = Map::new();
    let part = object
        .get(part)
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    let mail = object
        .get("mail")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    let class = match (text(part, "bounceType"), text(part, "bounceSubType")) {
        (Some(kind), Some(sub)) => Some(format!("{kind}/{sub}")),
        (kind, sub) => kind.or(sub).or_else(|| text(part, "delayType")),
    };
    let spoken = text(part, "smtpResponse")
        .or_else(|| text(part, "reason"))
        .or_else(|| text(part, "errorMessage"));
    let none = Vec::new();
    let recipients = part
        .get(list)
        .or_else(|| mail.get("destination"))
        .and_then(Value::as_array)
        .unwrap_or(&none);
    for recipient in recipients {
        let (address, reply, status) = match recipient {
            Value::Object(one) => (
                text(one, "emailAddress"),
                text(one, "diagnosticCode"),
                text(one, "status"),
            ),
            Value::String(address) => (Some(address.clone()), None, None),
            _ => continue,
        };
        let dsn = status
            .as_deref()
            .and_then(Enhanced::read)
            .map(|(code, _)| code);
        // Without a reply SES still names its class; that is its word, not a server's.
        let reply = reply
            .or_else(|| spoken.clone())
            .or(status)
            .or_else(|| class.clone());
        give(Record {
            format: "ses",
            reply: Cow::Owned(unfolded(&reply.unwrap_or_else(|| kind.clone()))),
            recipient: owned(address),
            sender: owned(text(mail, "source")),
            queue_id: owned(text(mail, "messageId")),
            remote_ip: owned(text(part, "remoteMtaIp").filter(|text| ip(text).is_some())),
            time: owned(text(part, "timestamp").or_else(|| text(mail, "timestamp"))),
            dsn,
            outcome: Some(outcome),
            platform_class: owned(class.clone()),
            ..Record::default()
        });
    }
    if recipients.is_empty() {
        Seen::Noise
    } else {
        Seen::Records
    }
}

/// KumoMTA's log record.
fn kumomta<'a>(object: &Object, give: Give<'_, 'a>) -> Seen {
    let kind = text(object, "type").unwrap_or_default();
    let outcome = match kind.as_str() {
        "Delivery" => Outcome::Sent,
        "Bounce" | "AdminBounce" | "OOB" | "Rejection" => Outcome::Bounced,
        "TransientFailure" | "Delayed" => Outcome::Deferred,
        "Expiration" => Outcome::Expired,
        _ => return Seen::Noise,
    };
    let Some(response) = object.get("response").and_then(Value::as_object) else {
        return Seen::Noise;
    };
    let enhanced = response
        .get("enhanced_code")
        .and_then(Value::as_object)
        .and_then(|code| {
            let digit = |name: &str| code.get(name).and_then(Value::as_u64);
            Some(format!(
                "{}.{}.{}",
                digit("class")?,
                digit("subject")?,
                digit("detail")?
            ))
        });
    let words = text(response, "content").unwrap_or_default();
    let reply = [text(response, "code"), enhanced.clone(), Some(words)]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    let phase = text(response, "command").as_deref().and_then(command);
    let recipients: Vec<&str> = match object.get("recipient") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let recipients: Vec<&str> = recipients.into_iter().filter_map(some).collect();
    let mut one = |recipient: Option<&str>| {
        give(Record {
            format: "kumomta",
            reply: Cow::Owned(unfolded(&reply)),
            recipient: recipient.map(|text| Cow::Owned(text.to_owned())),
            sender: owned(text(object, "sender")),
            queue_id: owned(text(object, "id")),
            remote_host: owned(deep(object, &["peer_address", "name"])),
            remote_ip: owned(
                deep(object, &["peer_address", "addr"]).map(|text| without_port(&text)),
            ),
            time: owned(text(object, "timestamp")),
            phase,
            dsn: enhanced
                .as_deref()
                .and_then(Enhanced::read)
                .map(|(code, _)| code),
            outcome: Some(outcome),
            own_server: kind == "Rejection",
            platform_class: owned(
                text(object, "bounce_classification").filter(|class| class != "Uncategorized"),
            ),
            ..Record::default()
        });
    };
    if recipients.is_empty() {
        one(None);
    }
    for recipient in recipients {
        one(Some(recipient));
    }
    Seen::Records
}

/// `192.0.2.1:25` or `[2001:db8::1]:25` without the port.
fn without_port(text: &str) -> String {
    text.parse::<std::net::SocketAddr>()
        .map_or_else(|_| text.to_owned(), |address| address.ip().to_string())
}

/// `postqueue -j`: why each recipient of a queued mail still waits.
fn postqueue<'a>(object: &Object, give: Give<'_, 'a>) -> Seen {
    let mut seen = Seen::Noise;
    let recipients = object.get("recipients").and_then(Value::as_array);
    for recipient in recipients
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
    {
        let Some(reason) = text(recipient, "delay_reason") else {
            continue;
        };
        let said = postfix::said(&reason);
        give(Record {
            format: "postqueue",
            recipient: owned(text(recipient, "address")),
            sender: owned(text(object, "sender")),
            queue_id: owned(text(object, "queue_id")),
            outcome: Some(Outcome::Deferred),
            ..said.into_owned()
        });
        seen = Seen::Records;
    }
    seen
}

/// Mailgun's event data.
fn mailgun<'a>(object: &Object, give: Give<'_, 'a>) -> Seen {
    let outcome = match (
        text(object, "event").as_deref(),
        text(object, "severity").as_deref(),
    ) {
        (Some("delivered"), _) => Outcome::Sent,
        (Some("failed"), Some("temporary")) => Outcome::Deferred,
        (Some("failed" | "rejected" | "bounced" | "dropped"), _) => Outcome::Bounced,
        _ => return Seen::Noise,
    };
    let empty = Map::new();
    let status = object
        .get("delivery-status")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    let words = text(status, "message")
        .or_else(|| text(status, "description"))
        .or_else(|| text(object, "reason"))
        .or_else(|| deep(object, &["reject", "reason"]))
        .unwrap_or_default();
    give(Record {
        format: "mailgun",
        reply: Cow::Owned(with_codes(
            text(status, "code"),
            text(status, "enhanced-code"),
            &words,
        )),
        recipient: owned(text(object, "recipient")),
        sender: owned(deep(object, &["envelope", "sender"])),
        queue_id: owned(text(object, "id")),
        remote_host: owned(text(status, "mx-host")),
        time: owned(text(object, "timestamp")),
        outcome: Some(outcome),
        platform_class: owned(text(status, "bounce-type").or_else(|| text(object, "reason"))),
        ..Record::default()
    });
    Seen::Records
}

/// The names that hold the reply, the most telling first.
const REPLIES: &str = "raw_reason|diagnosticcode|diagnostic_code|diag|smtp_response|smtpresponse|smtp_reply\
    |response|output|bounce_message|details|reason|comment|error|message|bounce_description|description|text";
const RECIPIENTS: &str = "email|recipient|rcpt_to|emailaddress|address|to|raw_rcpt_to";
const SENDERS: &str = "sender|msg_from|friendly_from|from|mail_from";
const TIMES: &str = "timestamp|time|bouncedat|deliveredat|date|ts_event|ts|created_at|created";
const QUEUE_IDS: &str = "sg_message_id|messageid|message_id|message-id|email_id|_id|id";
const HOSTS: &str = "mx|mx_host|mx-host|remote_mta|recipient_mx|smtp_server";
const IPS: &str = "remote_addr|destination_ip|remote_ip";
const CLASSES: &str =
    "bounce_classification|bounce_class|bounce_category|subtype|bouncetype|error_related_to";

/// Reads an event whose fields have plain names, at the top or a few levels down.
fn flat<'a>(id: &'static str, object: &Object, give: Give<'_, 'a>) -> Seen {
    let kind = text(object, "event")
        .or_else(|| text(object, "RecordType"))
        .or_else(|| text(object, "type"))
        .or_else(|| text(object, "Type"))
        .unwrap_or_default();
    let outcome = outcome(&kind);
    if outcome.is_none() && !kind.is_empty() {
        return Seen::Noise;
    }
    // Postal tells of the bounce mail that came, too; whom it is about stands in the mail that was sent.
    let object = object
        .get("payload")
        .and_then(|payload| payload.get("original_message")?.as_object())
        .unwrap_or(object);
    let mut fields = Vec::new();
    collect(object, 4, &mut fields);
    let first = |names: &str| {
        names.split('|').find_map(|wanted| {
            fields
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, value)| value.clone())
        })
    };
    // The first that holds a code, else the first that holds anything but the name of a class.
    let candidates: Vec<&String> = REPLIES
        .split('|')
        .filter_map(|wanted| {
            fields
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        })
        .map(|(_, value)| value)
        .collect();
    let words = candidates
        .iter()
        .find(|words| holds_a_code(words))
        .or_else(|| candidates.iter().find(|words| words.contains(' ')))
        .or_else(|| candidates.first())
        .map(|words| words.to_string());
    let class = first(CLASSES);
    let number = first("error_code|response_code|smtp_code|code");
    let enhanced =
        first("status|enhanced_code|error_enhanced").filter(|text| Enhanced::read(text).is_some());
    let words = words
        .or_else(|| class.clone())
        .unwrap_or_else(|| kind.clone());
    let said = postfix::said(in_status(&words));
    let reply = with_codes(number, enhanced.clone(), &said.reply);
    // An entry of a list of bounces is no event; the reply makes sure that it is one.
    if outcome.is_none() && !holds_a_code(&reply) {
        return Seen::Noise;
    }
    give(Record {
        format: id,
        reply: Cow::Owned(reply),
        recipient: owned(first(RECIPIENTS).map(bare)),
        sender: owned(first(SENDERS).map(bare)),
        queue_id: owned(first(QUEUE_IDS)),
        remote_host: said
            .remote_host
            .map(|host| Cow::Owned(host.into_owned()))
            .or_else(|| owned(first(HOSTS))),
        remote_ip: said
            .remote_ip
            .map(|address| Cow::Owned(address.into_owned()))
            .or_else(|| owned(first(IPS).filter(|text| ip(text).is_some()))),
        time: owned(first(TIMES)),
        phase: said.phase,
        dsn: enhanced
            .as_deref()
            .and_then(Enhanced::read)
            .map(|(code, _)| code),
        outcome,
        platform_class: owned(class),
        ..Record::default()
    });
    Seen::Records
}

/// The reply that Mailjet and Mailtrap hand on in the status of Postfix: `sent (250 2.0.0 OK)`.
fn in_status(words: &str) -> &str {
    ["sent (", "bounced (", "deferred ("]
        .iter()
        .find_map(|status| words.strip_prefix(status)?.strip_suffix(')'))
        .unwrap_or(words)
}

/// The address out of `Bob <bob@example.com>`.
fn bare(text: String) -> String {
    match between(&text, "<", ">") {
        Some(address) if address.contains('@') => address.to_owned(),
        _ => text,
    }
}

/// Whether a reply code or an enhanced code stands somewhere in the words.
fn holds_a_code(words: &str) -> bool {
    words
        .split([' ', '(', ';', '#'])
        .any(|word| code(word).is_some() || Enhanced::read(word).is_some())
        && words.len() > 3
}

/// Collects names and texts, those at the top first.
fn collect(object: &Object, depth: usize, fields: &mut Vec<(String, String)>) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    for (name, value) in object {
        match value {
            Value::Array(values) => {
                if let Some(Value::String(text)) = values.first() {
                    fields.extend(some(text).map(|text| (name.clone(), text.to_owned())));
                }
            }
            Value::Object(_) => {}
            _ => fields.extend(text(object, name).map(|text| (name.clone(), text))),
        }
    }
    for value in object.values() {
        match value {
            Value::Object(inner) => collect(inner, depth, fields),
            Value::Array(values) => {
                // The last try is the one that counts.
                if let Some(Value::Object(inner)) = values.last() {
                    collect(inner, depth, fields);
                }
            }
            _ => {}
        }
    }
}

/// What an event did to the mail; opens, clicks, complaints and arrivals at the platform did nothing.
fn outcome(kind: &str) -> Option<Outcome> {
    let kind = kind.to_ascii_lowercase();
    let word = kind.rsplit('.').next().unwrap_or(&kind);
    Some(match word {
        "delivered" | "delivery" | "messagesent" | "sent"
            if kind != "email.sent" && kind != "activity.sent" =>
        {
            Outcome::Sent
        }
        "deferred" | "deferral" | "delay" | "delayed" | "delivery_delayed" | "soft_bounce"
        | "soft bounce" | "soft_bounced" | "softbounce" | "messagedelayed" => Outcome::Deferred,
        "bounce"
        | "bounced"
        | "hard_bounce"
        | "hard_bounced"
        | "hardbounce"
        | "dropped"
        | "blocked"
        | "failed"
        | "failure"
        | "reject"
        | "rejected"
        | "suspension"
        | "suppressed"
        | "invalid_email"
        | "invalid"
        | "error"
        | "out_of_band"
        | "policy_rejection"
        | "generation_failure"
        | "generation_rejection"
        | "messagedeliveryfailed"
        | "messagebounced"
        | "messageheld"
        | "bounce_all"
        | "bounce_bad_address" => Outcome::Bounced,
        "expired" => Outcome::Expired,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::Outcome;
    use super::super::testing::{all, noise, one};
    use crate::vocabulary::Phase;

    #[test]
    fn a_bounce_of_ses_gives_each_recipient() {
        let event = r#"{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bounceSubType":"General","bouncedRecipients":[{"emailAddress":"bob@example.com","action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"},{"emailAddress":"eve@example.com"}],"timestamp":"2026-06-01T10:00:00.000Z","remoteMtaIp":"192.0.2.1"},"mail":{"source":"a@example.org","messageId":"m1"}}"#;
        let records = all(event);
        assert_eq!(records.len(), 2);
        let record = &records[0];
        assert_eq!(record.format, "ses");
        assert_eq!(record.reply, "550 5.1.1 user unknown");
        assert_eq!(record.platform_class.as_deref(), Some("Permanent/General"));
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.1"));
        assert_eq!(record.sender.as_deref(), Some("a@example.org"));
        let wrapped = serde_json::json!({"Type": "Notification", "Message": event}).to_string();
        assert_eq!(all(&wrapped).len(), 2);
    }

    #[test]
    fn deliveries_and_delays_of_ses_are_told_apart() {
        let record = one(
            r#"{"eventType":"Delivery","mail":{"source":"a@example.org"},"delivery":{"recipients":["bob@example.com"],"smtpResponse":"250 2.6.0 ok"}}"#,
        );
        assert_eq!(
            (record.reply.as_ref(), record.outcome),
            ("250 2.6.0 ok", Some(Outcome::Sent))
        );
        let record = one(
            r#"{"eventType":"DeliveryDelay","mail":{},"deliveryDelay":{"delayType":"MailboxFull","delayedRecipients":[{"emailAddress":"bob@example.com","status":"4.2.2","diagnosticCode":"smtp; 452 4.2.2 full"}]}}"#,
        );
        assert_eq!(
            (record.reply.as_ref(), record.outcome),
            ("452 4.2.2 full", Some(Outcome::Deferred))
        );
        noise(r#"{"notificationType":"Complaint","mail":{},"complaint":{}}"#);
    }

    #[test]
    fn the_plain_events_of_platforms_are_read_by_their_names() {
        for (id, reply, outcome, event) in [
            (
                "sendgrid",
                "550 5.1.1 no",
                Outcome::Bounced,
                r#"[{"email":"bob@example.com","event":"bounce","reason":"550 5.1.1 no","status":"5.1.1","type":"bounce","sg_event_id":"1"},{"email":"bob@example.com","event":"open","sg_event_id":"2"}]"#,
            ),
            (
                "sendgrid",
                "Bounced Address",
                Outcome::Bounced,
                r#"{"email":"bob@example.com","event":"dropped","reason":"Bounced Address","sg_event_id":"1"}"#,
            ),
            (
                "sendgrid",
                "421 4.7.0 later",
                Outcome::Deferred,
                r#"{"email":"bob@example.com","event":"deferred","response":"421 4.7.0 later","attempt":"3","sg_event_id":"1"}"#,
            ),
            (
                "mailgun",
                "550 5.1.1 no",
                Outcome::Bounced,
                r#"{"event-data":{"event":"failed","severity":"permanent","reason":"bounce","recipient":"bob@example.com","delivery-status":{"code":550,"enhanced-code":"5.1.1","message":"no","mx-host":"mx.example.com"}}}"#,
            ),
            (
                "mailgun",
                "Not delivering to previously bounced address",
                Outcome::Bounced,
                r#"{"event":"failed","severity":"permanent","reason":"suppress-bounce","recipient":"bob@example.com","delivery-status":{"code":605,"message":"","description":"Not delivering to previously bounced address"}}"#,
            ),
            (
                "postmark",
                "smtp;550 5.1.1 no",
                Outcome::Bounced,
                r#"{"RecordType":"Bounce","Type":"HardBounce","TypeCode":1,"Details":"test smtp;550 5.1.1 no","Email":"bob@example.com"}"#,
            ),
            (
                "sparkpost",
                "550 5.1.1 no",
                Outcome::Bounced,
                r#"[{"msys":{"message_event":{"type":"bounce","bounce_class":"10","error_code":"550","raw_reason":"550 5.1.1 no","reason":"550 5.1.1 ...","rcpt_to":"bob@example.com","event_id":"1"}}}]"#,
            ),
            (
                "mailjet",
                "user unknown",
                Outcome::Bounced,
                r#"{"event":"bounce","email":"bob@example.com","MessageID":1,"hard_bounce":true,"error_related_to":"recipient","error":"user unknown","comment":""}"#,
            ),
            (
                "mailjet",
                "250 2.0.0 OK",
                Outcome::Sent,
                r#"{"event":"sent","email":"bob@example.com","MessageID":1,"smtp_reply":"sent (250 2.0.0 OK)"}"#,
            ),
            (
                "brevo",
                "550 5.1.1 no",
                Outcome::Bounced,
                r#"{"event":"hard_bounce","email":"bob@example.com","message-id":"<1@example.org>","reason":"550 5.1.1 no","ts_event":1}"#,
            ),
            (
                "mandrill",
                "550 5.1.1 no",
                Outcome::Bounced,
                r#"[{"event":"hard_bounce","_id":"1","msg":{"email":"bob@example.com","sender":"a@example.org","bounce_description":"bad_mailbox","diag":"smtp;550 5.1.1 no"}}]"#,
            ),
            (
                "postal",
                "MessageBounced",
                Outcome::Bounced,
                r#"{"event":"MessageBounced","payload":{"original_message":{"to":"bob@example.com","from":"a@example.org"},"bounce":{"to":"x@example.org","from":"","subject":"failure"}}}"#,
            ),
            (
                "mailtrap",
                "550 5.1.1 (no)",
                Outcome::Bounced,
                r#"{"event":"bounce","email":"bob@example.com","sending_stream":"transactional","response":"bounced (550 5.1.1 (no))"}"#,
            ),
            (
                "resend",
                "550 5.1.1 no",
                Outcome::Bounced,
                r#"{"type":"email.bounced","data":{"to":["Bob <bob@example.com>"],"from":"A <a@example.org>","bounce":{"message":"550 5.1.1 no"}}}"#,
            ),
            (
                "resend",
                "550 5.1.1 no",
                Outcome::Bounced,
                r#"{"type":"email.bounced","created_at":"2026-06-01","data":{"to":["bob@example.com"],"from":"a@example.org","bounce":{"message":"550 5.1.1 no","subType":"General","type":"Permanent"}}}"#,
            ),
            (
                "mailersend",
                "550 5.1.1 no",
                Outcome::Bounced,
                r#"{"type":"activity.hard_bounced","data":{"email":{"recipient":{"email":"bob@example.com"}},"morph":{"object":"recipient_bounce","reason":"550 5.1.1 no"}}}"#,
            ),
            (
                "mailtrap",
                "550 5.1.1 no",
                Outcome::Bounced,
                r#"{"events":[{"event":"bounce","email":"bob@example.com","response":"5.1.1 no","response_code":550,"bounce_category":"badmailbox","timestamp":1}]}"#,
            ),
        ] {
            let record = one(event);
            assert_eq!(record.format, id, "{event}");
            assert!(record.reply.ends_with(reply), "{event}: {}", record.reply);
            assert_eq!(record.outcome, Some(outcome), "{event}");
            assert_eq!(
                record.recipient.as_deref(),
                Some("bob@example.com"),
                "{event}"
            );
        }
    }

    #[test]
    fn opens_clicks_and_complaints_are_noise() {
        for event in [
            r#"{"email":"bob@example.com","event":"click","sg_event_id":"1"}"#,
            r#"{"RecordType":"Open","Recipient":"bob@example.com"}"#,
            r#"{"type":"email.opened","data":{"to":["bob@example.com"]}}"#,
            r#"{"type":"email.sent","data":{"to":["bob@example.com"]}}"#,
        ] {
            noise(event);
        }
    }

    #[test]
    fn a_log_record_of_kumomta_is_put_together() {
        let record = one(
            r#"{"type":"TransientFailure","id":"k1","sender":"a@example.org","recipient":["bob@example.com"],"queue":"example.com","peer_address":{"name":"mx.example.com.","addr":"192.0.2.1:25"},"timestamp":1780300000,"response":{"code":451,"enhanced_code":{"class":4,"subject":7,"detail":1},"content":"slow\ndown","command":"MAIL FROM:<a@example.org>"},"bounce_classification":"Uncategorized"}"#,
        );
        assert_eq!(record.format, "kumomta");
        assert_eq!(record.reply, "451 4.7.1 slow down");
        assert_eq!(record.phase, Some(Phase::Mail));
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.1"));
        assert_eq!(record.outcome, Some(Outcome::Deferred));
        assert_eq!(record.platform_class, None);
    }

    #[test]
    fn the_queue_of_postfix_tells_why_it_waits() {
        let record = one(
            r#"{"queue_name":"deferred","queue_id":"4Zx1Yq2Lz7z","sender":"a@example.org","recipients":[{"address":"bob@example.com","delay_reason":"host mx.example.com[192.0.2.1] said: 450 4.2.0 Greylisted (in reply to RCPT TO command)"},{"address":"eve@example.com"}]}"#,
        );
        assert_eq!(record.format, "postqueue");
        assert_eq!(record.reply, "450 4.2.0 Greylisted");
        assert_eq!(record.phase, Some(Phase::Rcpt));
        noise(
            r#"{"queue_name":"active","queue_id":"4Zx1Yq2Lz7z","recipients":[{"address":"bob@example.com"}]}"#,
        );
    }
}
