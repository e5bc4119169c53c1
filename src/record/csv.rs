//! Logs in columns: PowerMTA accounting files, Exchange message tracking and message trace, and the CSV exports of sending
//! platforms. The header line says which column is which; field sets are configurable everywhere, so no place is fixed.
//!
//! Sources: PowerMTA User's Guide ("Accounting"), Microsoft "Message tracking" and "Message trace" references.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::dialogue::Asked;
use super::line::{Line, code, cut, has, ip, peer, some, stamp};
use super::{Give, Outcome, Record, Seen, State, line, reply};
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
    /// The dialogue that the line is of.
    Session,
}

/// The columns of the file that is being read.
pub struct Columns {
    id: &'static str,
    separator: u8,
    roles: Vec<Option<Role>>,
    /// The row whose quoted cell goes on with the next line, and the line it began on.
    open: Option<(u64, String)>,
}

/// Bytes that a row written over several lines may have.
const LONGEST: usize = 64 * 1024;

/// The columns that PowerMTA writes without being told otherwise ("Accounting", default record fields).
static POWERMTA: LazyLock<Option<Columns>> = LazyLock::new(|| {
    header(
        "type,timeLogged,timeQueued,orig,rcpt,orcpt,dsnAction,dsnStatus,dsnDiag,dsnMta,bounceCat,srcType,srcMta,\
         dlvType,dlvSourceIp,dlvDestinationIp,dlvEsmtpAvailable,dlvSize,vmta,jobId,envId,queue,vmtaPool",
    )
});

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
    let text = line.whole.trim_start_matches('\u{feff}');
    let Some(columns) = &mut state.columns else {
        if !line.program.is_empty() {
            return Seen::NotMine;
        }
        state.columns = header(text);
        return if state.columns.is_some() {
            Seen::Noise
        } else {
            headless(text, give)
        };
    };
    // Another program's log ends the file.
    if is_framed(line, columns.separator) {
        state.columns = None;
        return Seen::NotMine;
    }
    if let Some(columns) = header(text) {
        state.columns = Some(columns);
        return Seen::Noise;
    }
    // Comments of Exchange (`#Software: ...`).
    if text.starts_with('#') && columns.id == "exchange" {
        return Seen::Noise;
    }
    let values = split(text, columns.separator);
    let open = columns.open.take();
    if columns.fit(&values) && !columns.is_reply(text) {
        return columns.row(&values, &mut state.asked, give);
    }
    // A cell in quotes may hold line ends; a quote without its second half closes it.
    if let Some((began, mut row)) = open
        && row.len() + text.len() < LONGEST
    {
        row.push(' ');
        row.push_str(text);
        let quotes = memchr::memchr_iter(b'"', text.as_bytes()).count();
        if quotes.is_multiple_of(2) {
            columns.open = Some((began, row));
            return Seen::Records;
        }
        let values = split(&row, columns.separator);
        if columns.fit(&values) {
            return columns.row(&values, &mut state.asked, &mut |record| {
                give(Record {
                    line: began,
                    ..record.into_owned()
                });
            });
        }
    }
    if values.is_open && (2..=columns.roles.len()).contains(&values.cells.len()) {
        columns.open = Some((state.line, text.to_owned()));
        return Seen::Records;
    }
    // A reply among the rows says that they are over.
    if columns.is_reply(text) {
        state.columns = None;
        return Seen::NotMine;
    }
    headless(text, give)
}

/// Reads a row of PowerMTA in a file without a header: its first cells leave no doubt.
fn headless<'a>(text: &'a str, give: Give<'_, 'a>) -> Seen {
    let event = text.get(..3).and_then(|start| start.split_once(','));
    let Some(columns) = POWERMTA
        .as_ref()
        .filter(|_| event.is_some_and(|(event, _)| powermta_event(event).is_some()))
    else {
        return Seen::NotMine;
    };
    let values = split(text, columns.separator);
    let [_, logged, _, _, recipient, _, action, status, _, _, ..] = values.cells.as_slice() else {
        return Seen::NotMine;
    };
    let is_row = stamp(logged).is_some()
        && reply::address(recipient).is_some()
        && matches!(
            action.as_ref(),
            "failed" | "delayed" | "delivered" | "relayed" | "expanded"
        )
        && Enhanced::read(status).is_some();
    if is_row {
        columns.row(&values, &mut Asked::default(), give)
    } else {
        Seen::NotMine
    }
}

/// Whether a line has the frame of syslog, and does not merely begin with a cell that holds a time.
fn is_framed(line: &Line<'_>, separator: u8) -> bool {
    let behind = line
        .time
        .and_then(|time| line.whole.strip_prefix(time))
        .and_then(|behind| behind.bytes().next());
    !line.program.is_empty() && behind != Some(separator)
}

impl Columns {
    /// Whether there is a cell for each column, and an address or nothing where a recipient belongs.
    fn fit(&self, values: &Cells<'_>) -> bool {
        let (cells, columns) = (values.cells.len(), self.roles.len());
        let surplus = values.cells.get(columns..).unwrap_or(&[]);
        // What is empty at the end of a line with tabs was trimmed.
        let enough = cells >= columns || self.separator == b'\t' && cells > 1;
        enough
            && !values.is_open
            && surplus.iter().all(|cell| cell.is_empty())
            && self
                .roles
                .iter()
                .zip(&values.cells)
                .filter(|(role, _)| **role == Some(Role::Recipient))
                .all(|(_, cell)| cell.contains('@') || !cell.contains(' '))
    }

    /// Whether a line is a reply and no row: rows begin with a reply in its own column only.
    fn is_reply(&self, text: &str) -> bool {
        let begins = code(text).is_some() && matches!(text.as_bytes().get(3), Some(b' ' | b'-'));
        let first = self.roles.first().copied().flatten();
        begins && !matches!(first, Some(Role::Reply | Role::Detail | Role::Dsn))
    }

    /// Gives the records of a row.
    fn row<'a>(&self, values: &Cells<'a>, asked: &mut Asked, give: Give<'_, 'a>) -> Seen {
        let value = |role: Role| {
            self.roles
                .iter()
                .zip(&values.cells)
                .filter(|(known, _)| **known == Some(role))
                .map(|(_, value)| value)
                .find(|value| !value.trim().is_empty())
                .cloned()
        };
        let event = value(Role::Event).unwrap_or_default();
        if self.id == "exchange" && self.roles.contains(&Some(Role::Said)) {
            let said = value(Role::Said).or_else(|| value(Role::Detail));
            let said = said.unwrap_or_default();
            let session = value(Role::Session).unwrap_or_default();
            let recipient = match event.as_ref() {
                "<" | ">" if code(&said).is_some() => asked.reply(&session, &said),
                "<" | ">" => {
                    asked.command(&session, &said);
                    None
                }
                _ => None,
            };
            let record = Record {
                recipient,
                time: value(Role::Time),
                ..Record::default()
            };
            return refused(&event, said, value(Role::Ip), record, give);
        }
        let (reply, detail) = (value(Role::Reply), value(Role::Detail));
        let happened = if self.id == "powermta" {
            match powermta_event(&event) {
                Some(outcome) => outcome,
                None => return Seen::NotMine,
            }
        } else {
            // A message trace has its event in the column of the status.
            outcome(&event).or_else(|| reply.as_deref().and_then(outcome))
        };
        let detail =
            detail.filter(|detail| happened.is_some() || reply.is_none() && says_why(detail));
        let event = matches!(happened, Some(Outcome::Sent)).then_some(event);
        // The first that says why, else the first that says anything.
        let told = [reply, detail, event];
        let mut told = told.iter().flatten();
        let first = told.clone().next();
        let Some(words) = told.find(|words| says_why(words)).or(first) else {
            return Seen::Noise;
        };
        let recipients = value(Role::Recipient);
        let all = told_apart(recipients.as_deref().unwrap_or(""), words);
        let host = value(Role::Host);
        let dsn =
            value(Role::Dsn).and_then(|text| Enhanced::read(text.trim()).map(|(code, _)| code));
        let mut seen = Seen::Noise;
        for (recipient, words) in all {
            let outcome = happened.or_else(|| traced(words));
            if outcome.is_none() && !says_why(words) {
                continue;
            }
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
                format: self.id,
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
            seen = Seen::Records;
        }
        seen
    }
}

/// Each recipient with the words about it. Exchange puts all recipients into one cell and their replies into another, in
/// the same order; a historical message trace of Microsoft 365 puts both into one: `bob@example.com##Receive, Fail;...`.
fn told_apart<'a>(recipients: &'a str, words: &'a str) -> Vec<(Option<&'a str>, &'a str)> {
    if has(words, "##") {
        let pairs: Vec<_> = words
            .split(';')
            .filter_map(|pair| cut(pair, "##"))
            .filter(|(address, _)| address.contains('@'))
            .map(|(address, status)| (Some(address.trim()), status.trim()))
            .collect();
        if !pairs.is_empty() {
            return pairs;
        }
    }
    let all: Vec<&str> = recipients
        .split(';')
        .map(str::trim)
        .filter(|one| !one.is_empty())
        .collect();
    if all.len() < 2 {
        return vec![(all.first().copied(), words)];
    }
    let replies: Vec<&str> = if has(words, "LED=") {
        vec![words]
    } else {
        words.split(';').map(str::trim).collect()
    };
    let last = replies.last().copied().unwrap_or(words);
    all.iter()
        .enumerate()
        .map(|(place, one)| (Some(*one), replies.get(place).copied().unwrap_or(last)))
        .collect()
}

/// What the last step of `Receive, Fail` did ("Message trace", recipient status).
fn traced(status: &str) -> Option<Outcome> {
    let (_, last) = status.rsplit_once(", ")?;
    outcome(last)
}

/// Reads a line of an SMTP protocol log of Exchange, where `<` is what came in and `>` what went out. A reply that came in
/// was the remote server's, one that went out the own server's; only refusals are records, and with `*` a connection that
/// did not come about.
fn refused<'a>(
    event: &str,
    said: Cow<'a, str>,
    endpoint: Option<Cow<'a, str>>,
    record: Record<'a>,
    give: Give<'_, 'a>,
) -> Seen {
    let tells = match event {
        "<" | ">" => code(&said).is_some_and(|code| code >= 400),
        "*" => said.starts_with("Failed to connect"),
        _ => false,
    };
    if !tells {
        return Seen::Noise;
    }
    let address = endpoint
        .and_then(|endpoint| endpoint.parse::<std::net::SocketAddr>().ok())
        .map(|endpoint| Cow::Owned(endpoint.ip().to_string()));
    give(Record {
        format: "exchange",
        reply: said,
        remote_ip: address,
        own_server: event == ">",
        ..record
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
        | "transient" | "pending" => Outcome::Deferred,
        "fail" | "failed" | "badmail" | "bounce" | "bounced" | "hard bounce" | "hard_bounce"
        | "hardbounce" | "dropped" | "blocked" | "rejected" | "permanent" => Outcome::Bounced,
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
    let separator = [b',', b';', b'\t']
        .iter()
        .find(|separator| memchr::memchr_iter(**separator, fields.as_bytes()).count() >= 2)?;
    let names = split(fields, *separator).cells;
    if names.len() > MOST {
        return None;
    }
    let roles: Vec<_> = names.iter().map(|name| role(name)).collect();
    let holds = |role| roles.contains(&Some(role));
    let told = holds(Role::Reply) || (holds(Role::Event) && holds(Role::Detail));
    let dialogue = exchange && holds(Role::Said) && holds(Role::Event);
    // The status of a message trace may name the recipients itself.
    let traced = names
        .iter()
        .any(|name| role_name(name) == "recipientstatus");
    if !dialogue && !traced && (!told || !holds(Role::Recipient)) {
        return None;
    }
    let id = if exchange || traced {
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
        separator: *separator,
        roles,
        open: None,
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
        | "customdata" | "sourcecontext" | "context" => Role::Detail,
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
        "sessionid" => Role::Session,
        "data" => Role::Said,
        _ => return None,
    })
}

/// The cells of a row.
struct Cells<'a> {
    cells: Vec<Cow<'a, str>>,
    /// The last one is in quotes that are not closed.
    is_open: bool,
}

/// Splits a line of CSV (RFC 4180); quoted cells lose their quotes.
fn split(text: &str, separator: u8) -> Cells<'_> {
    let mut cells = Vec::new();
    let mut rest = text;
    loop {
        let quoted = rest.strip_prefix('"').map(quoted);
        let is_open = matches!(quoted, Some((_, None)));
        let (quoted, unquoted) = match quoted {
            Some((cell, behind)) => (Some(cell), behind.unwrap_or("")),
            None => (None, rest),
        };
        let (cell, behind) = match line::split(unquoted, separator) {
            Some((cell, behind)) => (cell, Some(behind)),
            None => (unquoted, None),
        };
        cells.push(quoted.unwrap_or(Cow::Borrowed(cell)));
        match behind {
            Some(behind) if cells.len() <= MOST => rest = behind,
            _ => return Cells { cells, is_open },
        }
    }
}

/// Reads a quoted cell behind its first quote; gives it and what follows the last one, if there is one.
fn quoted(text: &str) -> (Cow<'_, str>, Option<&str>) {
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
        return (value, text.get(end + 1..));
    }
    (some(text).map_or(Cow::Borrowed(""), Cow::Borrowed), None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::Outcome;
    use super::super::testing::{all, one};

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
    fn a_notification_to_the_sender_is_no_refusal_of_the_sender() {
        let header = "#Fields: date-time,source,event-id,recipient-address,recipient-status,message-subject,sender-address";
        let row = "2026-06-01T10:00:00.000Z,DSN,DSN,a@example.org,,Undeliverable: Hello,postmaster@example.org";
        assert!(all(&format!("{header}\n{row}\n")).is_empty());
    }

    #[test]
    fn a_protocol_log_shows_who_refused() {
        let records = all(
            "#Fields: date-time,connector-id,session-id,sequence-number,local-endpoint,remote-endpoint,event,data,context\n2026-06-01T10:00:00.000Z,Out,08DA,5,192.0.2.9:1234,192.0.2.1:25,>,RCPT TO:<bob@example.com>,\n2026-06-01T10:00:01.000Z,Out,08DA,6,192.0.2.9:1234,192.0.2.1:25,<,\"550 5.1.1 no, never\",\n2026-06-01T10:00:01.000Z,In,08DA,6,192.0.2.9:25,[2001:db8::1]:1234,>,550 5.7.54 SMTP; Unable to relay,\n2026-06-01T10:00:02.000Z,Out,08DB,0,,192.0.2.2:25,*,,attempting to connect\n2026-06-01T10:00:03.000Z,Out,08DB,1,,192.0.2.2:25,*,,\"Failed to connect. Winsock error code: 10060, Win32 error code: 10060\"\n",
        );
        assert_eq!(records.len(), 3);
        assert!(records[2].reply.starts_with("Failed to connect."));
        assert_eq!(records[2].remote_ip.as_deref(), Some("192.0.2.2"));
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
    fn a_reply_among_rows_is_a_reply_and_ends_them() {
        let records = all(
            "email,event,reason\nbob@example.com,bounce,550 5.1.1 no\n550 5.7.1 no, never, bounced\neve@example.com,bounce,550 5.1.1 no\n",
        );
        let formats: Vec<_> = records.iter().map(|record| record.format).collect();
        assert_eq!(formats, ["csv", "reply", "text"]);
        assert_eq!(records[1].reply, "550 5.7.1 no, never, bounced");
    }

    #[test]
    fn a_line_with_other_columns_is_no_row() {
        let header = "time,email,event,reason";
        for line in [
            "Sorry, the mailbox is full",
            "Sorry, bob, the mailbox is full, bounced, for now",
            "Sorry, no mailbox here, bounced, at all",
            "Jun  1 10:00:00 mail postfix/smtp[1]: 3E06E: to=<bob@example.com>, relay=none, dsn=5.1.1, status=bounced (no mailbox)",
            "Jun  1 10:00:00 mail exim: no mailbox,eve@example.com,bounce,550 5.1.1 no",
        ] {
            let text = format!(
                "{header}\n2026-06-01 10:00:00,eve@example.com,bounce,550 5.1.1 no\n{line}"
            );
            let records = all(&text);
            assert_eq!(records[0].format, "csv", "{line}");
            let behind = records.get(1).map_or("", |record| record.format);
            assert_ne!(behind, "csv", "{line}");
        }
    }

    #[test]
    fn the_log_of_another_program_ends_the_rows() {
        let log = "Jun  1 10:00:00 mail other[1]: a,b,c";
        let row = "bob@example.com,bounce,mailbox full";
        let header = "email,event,reason";
        assert_eq!(
            all(&format!("{header}\n{row}\n{log}\n{row}\n"))[0].format,
            "csv"
        );
        assert!(
            all(&format!("{header}\n{log}\n{row}\n"))
                .iter()
                .all(|record| record.format != "csv")
        );
        // A row may begin with a time and hold what looks like a program.
        let rows = "date,event,email,reason\n2026-06-01 10:00:00,bounce,bob@example.com,said postfix: no\n2026-06-01 10:00:00,bounce,eve@example.com,said postfix: no";
        assert_eq!(all(rows).len(), 2);
    }

    #[test]
    fn commas_and_line_ends_in_quotes_make_no_cells() {
        let records = all(
            "date,email,event,reason,mx\n2026-06-01,bob@example.com,bounce,\"550-5.1.1 no, \"\"never\"\"\n550 5.1.1 not, here, either\",mx.example.com\n2026-06-01,eve@example.com,bounce,550 5.1.1 no,mx.example.com\n",
        );
        assert_eq!(records.len(), 2, "{records:?}");
        assert_eq!(
            records[0].reply,
            "550-5.1.1 no, \"never\" 550 5.1.1 not, here, either"
        );
        assert_eq!(records[0].remote_host.as_deref(), Some("mx.example.com"));
        assert_eq!((records[0].line, records[1].line), (2, 4));
    }

    #[test]
    fn a_quote_left_open_makes_no_row_go_away() {
        let row = "2026-06-01,eve@example.com,bounce,550 5.1.1 no";
        let text = format!(
            "date,email,event,reason\n2026-06-01,bob@example.com,bounce,\"550 5.1.1\n{row}\n{row}\n"
        );
        let records = all(&text);
        assert_eq!(records.len(), 2, "{records:?}");
    }

    #[test]
    fn powermta_without_a_header_has_its_default_columns() {
        let record = one(
            "b,2026-06-01 10:00:00+0000,2026-06-01 09:59:00+0000,a@example.org,bob@example.com,,failed,5.1.1 (bad destination mailbox address),\"smtp;550 5.1.1 no, never\",mx.example.com (192.0.2.1),bad-mailbox,smtp,mail.example.org (192.0.2.9),smtp,192.0.2.9,192.0.2.1,\"DSN,SIZE\",1000,v1,job7,env8",
        );
        assert_eq!(record.format, "powermta");
        assert_eq!(record.reply, "550 5.1.1 no, never");
        assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        assert_eq!(record.sender.as_deref(), Some("a@example.org"));
        assert_eq!(record.remote_host.as_deref(), Some("mx.example.com"));
        assert_eq!(record.platform_class.as_deref(), Some("bad-mailbox"));
        assert_eq!(record.queue_id.as_deref(), Some("env8"));
        assert_eq!(record.outcome, Some(Outcome::Bounced));
        // Without the marks of its columns it is a line like any other.
        for line in [
            "b,2026-06-01 10:00:00+0000,x,a@example.org,bob@example.com,,clicked,5.1.1,550 5.1.1 no,mx.example.com,c",
            "b,c,x,a@example.org,bob@example.com,,failed,5.1.1,550 5.1.1 no,mx.example.com,c",
            "b,2026-06-01 10:00:00+0000,x,a@example.org,550 5.1.1 no,,failed,5.1.1,x,y,z",
        ] {
            assert!(
                all(line).iter().all(|record| record.format != "powermta"),
                "{line}"
            );
        }
    }

    #[test]
    fn a_message_trace_names_each_recipient_in_its_status() {
        let records = all(
            "origin_timestamp_utc,sender_address,recipient_status,message_subject\n2026-06-01T10:00:00.0Z,a@example.org,\"bob@example.com##Receive, Fail;eve@example.com##Receive, Deliver;ann@example.com##Receive\",Hello\n",
        );
        let found: Vec<_> = records
            .iter()
            .map(|record| {
                (
                    record.recipient.as_deref().unwrap(),
                    record.outcome.unwrap(),
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("bob@example.com", Outcome::Bounced),
                ("eve@example.com", Outcome::Sent)
            ]
        );
        assert_eq!(records[0].format, "exchange");
        assert_eq!(records[0].sender.as_deref(), Some("a@example.org"));
    }

    #[test]
    fn a_message_trace_with_a_word_for_the_status_has_the_reply_in_its_detail() {
        let records = all(
            "sender_address,recipient_address,recipient_status,detail\na@example.org,bob@example.com,Failed,\"Reason: [{LED=550 5.1.1 no};{MSG=};{FQDN=mx.example.com};{IP=192.0.2.7};{LRT=x}]\"\na@example.org,eve@example.com,Quarantined,\n",
        );
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].reply, "550 5.1.1 no");
        assert_eq!(records[0].outcome, Some(Outcome::Bounced));
        assert_eq!(records[0].remote_ip.as_deref(), Some("192.0.2.7"));
    }

    #[test]
    fn a_line_of_another_kind_under_a_header_is_still_read() {
        let records = all("type,timeLogged,orig,rcpt,dsnDiag\n550 5.1.1 no\n");
        assert_eq!(records[0].format, "reply");
    }
}
