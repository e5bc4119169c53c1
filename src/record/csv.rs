//! Logs in columns: PowerMTA accounting files, Exchange message tracking and message trace, and the CSV exports of sending
//! platforms. The header line says which column is which; field sets are configurable everywhere, so no place is fixed.
//!
//! Sources: PowerMTA User's Guide ("Accounting"), Microsoft "Message tracking" and "Message trace" references.

use std::borrow::Cow;

use super::line::{Line, code, cut, has, ip, peer, some};
use super::{Give, Outcome, Record, Seen, State, reply};
use crate::reply::Enhanced;

/// More columns than any of these files has; a header with more is none.
const MOST: usize = 256;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Reply,
    /// A second column for the reply, used when the first is empty.
    Detail,
    Recipient,
    Sender,
    Time,
    Host,
    Ip,
    QueueId,
    Dsn,
    /// What happened: `b`, `FAIL`, `bounced`.
    Event,
    /// The platform's own class.
    Class,
    /// A line of a dialogue, in a protocol log.
    Said,
}

/// The columns of the file that is being read.
pub struct Columns {
    id: &'static str,
    separator: u8,
    roles: Vec<Option<Role>>,
}

/// The PowerMTA record types and what they say.
fn powermta_event(event: &str) -> Option<Option<Outcome>> {
    Some(match event {
        "d" => Some(Outcome::Sent),
        "b" | "rb" => Some(Outcome::Bounced),
        "t" | "tq" => Some(Outcome::Deferred),
        "f" | "r" | "rs" | "rv" | "p" => None,
        _ => return None,
    })
}

/// Reads a header, or a line under one.
pub fn read<'a>(line: &Line<'a>, state: &mut State, give: Give<'_, 'a>) -> Seen {
    if !line.program.is_empty() {
        return Seen::NotMine;
    }
    let text = line.whole.trim_start_matches('\u{feff}');
    if let Some(columns) = header(text) {
        state.columns = Some(columns);
        return Seen::Noise;
    }
    let Some(columns) = &state.columns else {
        return Seen::NotMine;
    };
    // A reply among the rows, whose commas make no columns of it.
    let begins_reply = code(text).is_some() && matches!(text.as_bytes().get(3), Some(b' ' | b'-'));
    let first = columns.roles.first().copied().flatten();
    if begins_reply && !matches!(first, None | Some(Role::Reply | Role::Detail | Role::Dsn)) {
        return Seen::NotMine;
    }
    // Comments of Exchange (`#Software: ...`).
    if text.starts_with('#') && columns.id == "exchange" {
        return Seen::Noise;
    }
    let values = split(text, columns.separator);
    // A line of another kind may follow; a comma in an unquoted last column is forgiven.
    if values.len() * 2 < columns.roles.len() || values.len() < 2 {
        return Seen::NotMine;
    }
    let value = |role: Role| {
        columns
            .roles
            .iter()
            .zip(&values)
            .filter(|(known, _)| **known == Some(role))
            .map(|(_, value)| value)
            .find(|value| !value.trim().is_empty())
            .cloned()
    };
    let event = value(Role::Event).unwrap_or_default();
    if columns.id == "exchange"
        && let Some(said) = value(Role::Said)
    {
        return dialogue(&event, said, value(Role::Ip), value(Role::Time), give);
    }
    let outcome = if columns.id == "powermta" {
        match powermta_event(&event) {
            Some(outcome) => outcome,
            None => return Seen::NotMine,
        }
    } else {
        outcome(&event)
    };
    let detail = value(Role::Detail);
    let Some(words) = value(Role::Reply)
        .or_else(|| detail.filter(|detail| outcome.is_some() || says_why(detail)))
        .or_else(|| matches!(outcome, Some(Outcome::Sent)).then(|| event.clone()))
    else {
        return Seen::Noise;
    };
    if outcome.is_none() && !says_why(&words) {
        return Seen::Noise;
    }
    let recipients = value(Role::Recipient);
    let recipients = recipients.as_deref().unwrap_or("");
    // Exchange puts all recipients into one field, and their replies in the same order.
    let all: Vec<&str> = recipients
        .split(';')
        .map(str::trim)
        .filter(|one| !one.is_empty())
        .collect();
    let replies: Vec<String> = if all.len() > 1 && !has(&words, "LED=") {
        words.split(';').map(|one| one.trim().to_owned()).collect()
    } else {
        vec![words.into_owned()]
    };
    let host = value(Role::Host);
    let dsn = value(Role::Dsn).and_then(|text| Enhanced::read(text.trim()).map(|(code, _)| code));
    let mut one = |recipient: Option<&str>, words: &str| {
        let inner = reply_in(words);
        let (host, address) = match &host {
            Some(host) => {
                // `mx.example.com (192.0.2.1)` of PowerMTA.
                let (name, address) = host.split_once(" (").unwrap_or((host, ""));
                let (name, own) = peer(name);
                (
                    name.map(str::to_owned),
                    own.or_else(|| ip(address.trim_end_matches(')')))
                        .map(str::to_owned),
                )
            }
            None => (None, None),
        };
        let address =
            address.or_else(|| value(Role::Ip).as_deref().and_then(ip).map(str::to_owned));
        give(Record {
            format: columns.id,
            reply: Cow::Owned(inner.reply),
            recipient: recipient.map(|text| Cow::Owned(text.to_owned())),
            sender: value(Role::Sender),
            queue_id: value(Role::QueueId),
            remote_host: inner.host.or(host).map(Cow::Owned),
            remote_ip: inner.ip.or(address).map(Cow::Owned),
            time: value(Role::Time),
            dsn,
            outcome,
            platform_class: value(Role::Class),
            ..Record::default()
        });
    };
    if all.is_empty() {
        one(None, replies.first().map_or("", String::as_str));
    }
    for (place, recipient) in all.iter().enumerate() {
        let words = replies
            .get(place)
            .or(replies.last())
            .map_or("", String::as_str);
        one(Some(recipient), words);
    }
    Seen::Records
}

/// Reads a line of an SMTP protocol log of Exchange, where `<` is what came in and `>` what went out. A reply that came in
/// was the remote server's, one that went out the own server's; only refusals are records.
fn dialogue<'a>(
    event: &str,
    said: Cow<'a, str>,
    endpoint: Option<Cow<'a, str>>,
    time: Option<Cow<'a, str>>,
    give: Give<'_, 'a>,
) -> Seen {
    if !matches!(event, "<" | ">") || code(&said).is_none_or(|code| code < 400) {
        return Seen::Noise;
    }
    let address = endpoint
        .and_then(|endpoint| endpoint.parse::<std::net::SocketAddr>().ok())
        .map(|endpoint| Cow::Owned(endpoint.ip().to_string()));
    give(Record {
        format: "exchange",
        reply: said,
        remote_ip: address,
        time,
        own_server: event == ">",
        ..Record::default()
    });
    Seen::Records
}

/// What a field with a reply holds.
struct Inner {
    reply: String,
    host: Option<String>,
    ip: Option<String>,
}

/// Takes `smtp;` and the frame of Exchange off.
fn reply_in(words: &str) -> Inner {
    if let Some(record) = reply::exchange_led(words) {
        return Inner {
            reply: record.reply.into_owned(),
            host: record.remote_host.map(Cow::into_owned),
            ip: record.remote_ip.map(Cow::into_owned),
        };
    }
    let words = words.trim();
    let words = words
        .strip_prefix("smtp;")
        .or_else(|| words.strip_prefix("Reason: "))
        .unwrap_or(words);
    Inner {
        reply: words.trim().to_owned(),
        host: None,
        ip: None,
    }
}

/// Whether a field says more than that something went on.
fn says_why(words: &str) -> bool {
    let words = words.trim();
    code(words).is_some()
        || words.starts_with("smtp;")
        || has(words, "LED=")
        || has(words, "Reason: ")
        || words
            .split(' ')
            .any(|word| Enhanced::read(word.trim_start_matches(['#', '('])).is_some())
}

/// What an event of Exchange or of a platform's export did; opens, clicks and arrivals did nothing.
fn outcome(event: &str) -> Option<Outcome> {
    let event = event.trim().to_ascii_lowercase();
    Some(match event.as_str() {
        "send" | "sendexternal" | "deliver" | "delivered" | "delivery" | "sent" => Outcome::Sent,
        "defer" | "deferred" | "deferral" | "soft bounce" | "soft_bounce" | "softbounce"
        | "transient" => Outcome::Deferred,
        "fail" | "failed" | "badmail" | "bounce" | "bounced" | "hard bounce" | "hard_bounce"
        | "hardbounce" | "dropped" | "blocked" | "rejected" | "permanent" | "dsn" => {
            Outcome::Bounced
        }
        "expired" => Outcome::Expired,
        _ => return None,
    })
}

/// Reads a header line: one that names a recipient and at least a reply or an event.
fn header(text: &str) -> Option<Columns> {
    let (fields, exchange) = match text.strip_prefix("#Fields:") {
        Some(fields) => (fields.trim(), true),
        None => (text, false),
    };
    // A header has no code, no bracket and no blank line end; most lines are dismissed by their first letter.
    if !fields.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '"')
        || has(fields, "@")
    {
        return None;
    }
    let separator = *[b',', b';', b'\t']
        .iter()
        .find(|separator| memchr::memchr_iter(**separator, fields.as_bytes()).count() >= 2)?;
    let names = split(fields, separator);
    if names.len() > MOST {
        return None;
    }
    let roles: Vec<_> = names.iter().map(|name| role(name)).collect();
    let holds = |role| roles.contains(&Some(role));
    let told = holds(Role::Reply) || (holds(Role::Event) && holds(Role::Detail));
    let dialogue = exchange && holds(Role::Said) && holds(Role::Event);
    if !dialogue && (!told || !holds(Role::Recipient)) {
        return None;
    }
    let id = if exchange
        || names
            .iter()
            .any(|name| role_name(name) == "recipientstatus")
    {
        "exchange"
    } else if names
        .iter()
        .any(|name| matches!(name.as_ref(), "dsnDiag" | "dsnStatus" | "timeLogged"))
    {
        "powermta"
    } else {
        "csv"
    };
    Some(Columns {
        id,
        separator,
        roles,
    })
}

/// A column's name without case, blanks and dashes.
fn role_name(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

/// What a column of this name holds.
fn role(name: &str) -> Option<Role> {
    Some(match role_name(name).as_str() {
        "dsndiag" | "recipientstatus" | "diagnosticcode" | "smtpreply" | "smtpresponse"
        | "response" | "reply" | "bouncereason" | "rawreason" | "bouncedescription"
        | "errormessage" => Role::Reply,
        "reason" | "detail" | "details" | "description" | "diagnostic" | "message" | "error"
        | "customdata" | "sourcecontext" => Role::Detail,
        "rcpt" | "recipient" | "recipients" | "recipientaddress" | "rcptto" | "email"
        | "emailaddress" | "to" | "toaddress" => Role::Recipient,
        "orig" | "sender" | "senderaddress" | "from" | "fromaddress" | "mailfrom"
        | "returnpath" => Role::Sender,
        "timelogged" | "datetime" | "datetimeutc" | "date" | "time" | "timestamp" | "received"
        | "origintimestamputc" | "processed" | "createdat" => Role::Time,
        "dsnmta" | "serverhostname" | "mx" | "remotemta" | "mxhost" => Role::Host,
        "dlvdestinationip" | "serverip" | "remoteip" => Role::Ip,
        "internalmessageid" | "envid" | "queueid" => Role::QueueId,
        "dsnstatus" | "enhancedcode" => Role::Dsn,
        "type" | "eventid" | "event" | "status" | "action" | "eventtype" => Role::Event,
        "bouncecat" | "bounceclass" | "bouncetype" | "bounceclassification" | "category" => {
            Role::Class
        }
        "remoteendpoint" => Role::Ip,
        "data" => Role::Said,
        _ => return None,
    })
}

/// Splits a line of CSV (RFC 4180); quoted fields lose their quotes.
fn split(text: &str, separator: u8) -> Vec<Cow<'_, str>> {
    let mut values = Vec::new();
    let mut rest = text;
    loop {
        let (value, behind) = match rest.strip_prefix('"') {
            Some(inside) => {
                let (value, behind) = quoted(inside);
                (
                    value,
                    cut(
                        behind,
                        if separator == b'\t' {
                            "\t"
                        } else if separator == b';' {
                            ";"
                        } else {
                            ","
                        },
                    )
                    .map(|(_, behind)| behind),
                )
            }
            None => match memchr::memchr(separator, rest.as_bytes())
                .and_then(|at| Some((rest.get(..at)?, rest.get(at + 1..)?)))
            {
                Some((value, behind)) => (Cow::Borrowed(value), Some(behind)),
                None => (Cow::Borrowed(rest), None),
            },
        };
        values.push(value);
        match behind {
            Some(behind) if values.len() <= MOST => rest = behind,
            _ => return values,
        }
    }
}

/// Reads a quoted field behind its first quote; gives it and what follows the last one.
fn quoted(text: &str) -> (Cow<'_, str>, &str) {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut doubled = false;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr(b'"', rest)) {
        let end = at + found;
        if bytes.get(end + 1) == Some(&b'"') {
            doubled = true;
            at = end + 2;
            continue;
        }
        let value = text.get(..end).unwrap_or(text);
        let value = if doubled {
            Cow::Owned(value.replace("\"\"", "\""))
        } else {
            Cow::Borrowed(value)
        };
        return (value, text.get(end + 1..).unwrap_or(""));
    }
    (some(text).map_or(Cow::Borrowed(""), Cow::Borrowed), "")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::Outcome;
    use super::super::testing::all;

    #[test]
    fn a_header_of_powermta_says_where_the_reply_is() {
        let records = all(
            "type,timeLogged,bounceCat,orig,rcpt,dsnStatus,dsnMta,dsnDiag,dlvDestinationIp,jobId\nb,2026-06-01 10:00:00+0000,bad-mailbox,a@example.org,bob@example.com,\"5.1.1 (bad destination, mailbox)\",mx.example.com (192.0.2.1),\"smtp;550 5.1.1 no, \"\"never\"\"\",192.0.2.1,7\nd,2026-06-01 10:00:01+0000,,a@example.org,eve@example.com,2.0.0,mx.example.com,smtp;250 OK,192.0.2.1,7\nr,2026-06-01 10:00:01+0000,,a@example.org,eve@example.com,,,,,7\n",
        );
        assert_eq!(records.len(), 2);
        let record = &records[0];
        assert_eq!(record.format, "powermta");
        assert_eq!(record.reply, "550 5.1.1 no, \"never\"");
        assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        assert_eq!(record.platform_class.as_deref(), Some("bad-mailbox"));
        assert_eq!(record.remote_host.as_deref(), Some("mx.example.com"));
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.1"));
        assert_eq!(record.outcome, Some(Outcome::Bounced));
        assert_eq!(record.dsn.unwrap().to_string(), "5.1.1");
        assert_eq!(records[1].outcome, Some(Outcome::Sent));
    }

    #[test]
    fn message_tracking_gives_each_recipient_its_status() {
        let records = all(
            "#Software: Microsoft Exchange Server\n#Fields: date-time,client-ip,server-ip,server-hostname,source,event-id,internal-message-id,recipient-address,recipient-status,sender-address\n2026-06-01T10:00:00.000Z,192.0.2.9,192.0.2.1,MX1,ROUTING,FAIL,7,bob@example.com;eve@example.com,550 5.1.1 no;550 5.7.1 never,a@example.org\n2026-06-01T10:00:00.000Z,192.0.2.9,192.0.2.1,MX1,SMTP,DEFER,7,bob@example.com,[{LED=421 4.7.0 later};{MSG=};{FQDN=mx.example.com};{IP=192.0.2.7};{LRT=x}],a@example.org\n2026-06-01T10:00:00.000Z,192.0.2.9,192.0.2.1,MX1,SMTP,RECEIVE,7,bob@example.com,,a@example.org\n",
        );
        assert_eq!(records.len(), 3);
        assert_eq!(records[1].reply, "550 5.7.1 never");
        assert_eq!(records[1].recipient.as_deref(), Some("eve@example.com"));
        assert_eq!(records[1].format, "exchange");
        assert_eq!(records[2].reply, "421 4.7.0 later");
        assert_eq!(records[2].remote_host.as_deref(), Some("mx.example.com"));
        assert_eq!(records[2].remote_ip.as_deref(), Some("192.0.2.7"));
        assert_eq!(records[2].outcome, Some(Outcome::Deferred));
    }

    #[test]
    fn a_protocol_log_shows_who_refused() {
        let records = all(
            "#Fields: date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context\n2026-06-01T10:00:00.000Z,Out,08DA,5,192.0.2.9:1234,192.0.2.1:25,>,RCPT TO:<bob@example.com>,\n2026-06-01T10:00:01.000Z,Out,08DA,6,192.0.2.9:1234,192.0.2.1:25,<,\"550 5.1.1 no, never\",\n2026-06-01T10:00:01.000Z,In,08DA,6,192.0.2.9:25,[2001:db8::1]:1234,>,550 5.7.54 SMTP; Unable to relay,\n",
        );
        assert_eq!(records.len(), 2);
        assert_eq!(records[0].reply, "550 5.1.1 no, never");
        assert_eq!(records[0].remote_ip.as_deref(), Some("192.0.2.1"));
        assert!(!records[0].own_server);
        assert!(records[1].own_server);
        assert_eq!(records[1].remote_ip.as_deref(), Some("2001:db8::1"));
    }

    #[test]
    fn a_platforms_export_is_read_by_its_column_names() {
        let records = all(
            "\"processed\",\"event\",\"email\",\"reason\",\"mx\"\n\"2026-06-01\",\"bounce\",\"bob@example.com\",\"550 5.1.1 no\",\"mx.example.com\"\n\"2026-06-01\",\"open\",\"bob@example.com\",\"\",\"\"\n\"2026-06-01\",\"delivered\",\"bob@example.com\",\"250 OK\",\"mx.example.com\"",
        );
        assert_eq!(records.len(), 2);
        assert_eq!(records[0].format, "csv");
        assert_eq!(records[0].reply, "550 5.1.1 no");
        assert_eq!(records[1].outcome, Some(Outcome::Sent));
    }

    #[test]
    fn a_line_of_another_kind_under_a_header_is_still_read() {
        let records = all("type,timeLogged,orig,rcpt,dsnDiag\n550 5.1.1 no\n");
        assert_eq!(records[0].format, "reply");
    }
}
