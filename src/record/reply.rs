//! A reply on its own, as people paste it: the server's line, what a mail library makes of it, a dialogue of telnet or
//! swaks, or an error text without any reply; and, as the last resort, a reply inside a line of an unknown kind.
//!
//! The spellings are those of Python's smtplib, PHPMailer, nodemailer, JavaMail, swaks, sendmail, Exchange, Stalwart and
//! PowerMTA; each has a test.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::line::{Line, between, code, cut, find, has, has_clock, ip, some, speaks};
use super::{Give, Record, Seen, State};
use crate::reply::Enhanced;
use crate::vocabulary::Phase;

/// The name of a bare reply in `--from` and in the verdict.
pub const ID: &str = "reply";
/// The name of a reply found inside a line of an unknown kind.
const TEXT: &str = "text";

/// A reply of several lines is cut here: RFC 5321 (section 4.5.3.1.5) allows 512 bytes a line, and nobody reads on.
const LONGEST: usize = 16 * 1024;

/// The lines so far of a reply of several lines (`550-...`).
pub struct Pending {
    line: u64,
    code: u16,
    enhanced: Option<Enhanced>,
    text: String,
}

impl Pending {
    /// The first line of a reply of several, if this is one.
    fn begin(text: &str, line: u64) -> Option<Self> {
        let code = code(text)?;
        (text.as_bytes().get(3) == Some(&b'-') && !ends_in_itself(text)).then(|| Self {
            line,
            code,
            enhanced: enhanced_behind_code(text),
            text: text.get(..LONGEST).unwrap_or(text).to_owned(),
        })
    }

    /// The record of what has come; it knows where it began.
    pub fn into_record<'a>(self) -> Record<'a> {
        Record {
            format: ID,
            line: self.line,
            reply: Cow::Owned(self.text),
            ..Record::default()
        }
    }
}

/// Takes a line that goes on with the reply before it; gives the record when it is the last one.
///
/// All lines of a reply have the same reply code (RFC 5321 section 4.2.1) and the same enhanced code (RFC 2034
/// section 4), so two pasted replies of which the first is a torn one stay two.
pub fn goes_on<'a>(line: &'a str, state: &mut State, give: Give<'_, 'a>) -> bool {
    let Some(pending) = &mut state.pending else {
        return false;
    };
    let text = server_line(line.trim()).0;
    if code(text) != Some(pending.code) {
        return false;
    }
    if enhanced_behind_code(text) != pending.enhanced {
        return false;
    }
    if pending.text.len() + text.len() < LONGEST {
        pending.text.push(' ');
        pending.text.push_str(text);
    }
    if text.as_bytes().get(3) != Some(&b'-')
        && let Some(pending) = state.pending.take()
    {
        give(pending.into_record());
    }
    true
}

/// The enhanced code right behind the reply code.
fn enhanced_behind_code(text: &str) -> Option<Enhanced> {
    Enhanced::read(text.get(4..)?.trim_start_matches([' ', '#'])).map(|(code, _)| code)
}

/// Reads a line that no other kind claims.
pub fn read<'a>(line: &Line<'a>, state: &mut State, give: Give<'_, 'a>) -> Seen {
    // Another program's log: only what is a reply beyond doubt.
    if !line.program.is_empty() {
        // Most lines are of programs that have nothing to do with mail.
        let (record, rest) = match inside(line.message) {
            Some(record) => (record, ""),
            None => match python(line.message) {
                Some(found) => found,
                None => return Seen::Noise,
            },
        };
        let phase = record.phase;
        give(Record {
            format: TEXT,
            time: line.time.map(Into::into),
            ..record
        });
        others_refused(rest, phase, give);
        return Seen::Records;
    }
    let (text, marked) = server_line(line.message.trim());
    let Some(text) = some(text) else {
        return Seen::Noise;
    };
    state.dialogue |= is_of_a_client(text);
    if let Some(number) = code(text) {
        // The friendly half of a dialogue is no outcome, save for what was said to the whole mail; and after a refused
        // recipient the answer to DATA is no refusal of its own.
        if marked || state.dialogue {
            // The farewell ends it.
            state.dialogue &= number != 221;
            let is_friendly = number < 400 && !(has(text, "queued") || has(text, "ccepted"));
            if is_friendly || number == 503 && has(text, "RCPT") {
                return Seen::Noise;
            }
        }
        if let Some(pending) = Pending::begin(text, state.line) {
            state.pending = Some(pending);
            return Seen::Records;
        }
        give(Record {
            format: ID,
            reply: tidy(text).into(),
            time: line.time.map(Into::into),
            ..Record::default()
        });
        return Seen::Records;
    }
    if is_of_a_dump(text) {
        return Seen::Noise;
    }
    if let Some((record, rest)) = python(text) {
        let phase = record.phase;
        give(Record {
            format: ID,
            time: line.time.map(Into::into),
            ..record
        });
        others_refused(rest, phase, give);
        return Seen::Records;
    }
    let Some(record) = wrapped(text).or_else(|| loose(text)) else {
        return Seen::Noise;
    };
    // A log is full of failures; without a code only words about an address are of a mail.
    let is_of_a_log = line.time.is_some() || has_clock(line.whole);
    if is_of_a_log && record == plain(text) && !names_an_address(text) && !tells_a_code(text) {
        return Seen::Noise;
    }
    // `Error: Invalid login: 535-5.7.8 ...` goes on with the next line.
    if record == plain(&*record.reply)
        && let Some(pending) = Pending::begin(&record.reply, state.line)
    {
        state.pending = Some(pending);
        return Seen::Records;
    }
    give(Record {
        format: if record.format.is_empty() {
            ID
        } else {
            record.format
        },
        time: record.time.or_else(|| line.time.map(Into::into)),
        ..record
    });
    Seen::Records
}

/// Whether `550-a 550 b` holds its own last line.
fn ends_in_itself(text: &str) -> bool {
    let Some(number) = text.get(..3) else {
        return true;
    };
    let mut rest = text.get(3..).unwrap_or("");
    while let Some(at) = find(rest, number) {
        let before = at
            .checked_sub(1)
            .and_then(|place| rest.as_bytes().get(place));
        if before.is_some_and(|byte| *byte == b' ' || *byte == b'n')
            && rest.as_bytes().get(at + 3) == Some(&b' ')
        {
            return true;
        }
        rest = rest.get(at + 3..).unwrap_or("");
    }
    false
}

/// Takes off what a transcript puts in front of the server's lines; says whether there was anything.
fn server_line(text: &str) -> (&str, bool) {
    const MARKS: &[&str] = &[
        "<<<",
        "<**",
        "<--",
        "<~*",
        "<-",
        "<~",
        "SERVER -> CLIENT:",
        "S:",
        "<<",
        "<",
    ];
    if text
        .as_bytes()
        .first()
        .is_some_and(|byte| matches!(byte, b'<' | b'S'))
    {
        for mark in MARKS {
            if let Some(rest) = text.strip_prefix(mark).map(str::trim_start)
                && code(rest).is_some()
            {
                return (rest, true);
            }
        }
    }
    // A quoted or bracketed reply: `(421 ...)`, `"550 ..."`, `> 550 ...`, `#550 5.1.0 ... ##`; `(550, b'...')` of
    // Python is more than that.
    let bare = text.trim_start_matches(['>', ' ', '(', '[', '"', '\'', '`', '#']);
    let of_python = bare.as_bytes().get(3) == Some(&b',');
    if bare.len() < text.len() && code(bare).is_some() && !of_python {
        return (unwrapped(text, bare), false);
    }
    (text, false)
}

/// `bare` without the closing half of what was opened in front of it.
fn unwrapped<'a>(text: &str, bare: &'a str) -> &'a str {
    let opened = text.get(..text.len() - bare.len()).unwrap_or("");
    let mut bare = bare.trim_end();
    for open in opened.chars().rev() {
        let close = match open {
            '(' => ')',
            '[' => ']',
            '"' | '\'' | '`' => open,
            _ => continue,
        };
        bare = bare.strip_suffix(close).unwrap_or(bare).trim_end();
    }
    bare
}

/// Takes off what is left behind a reply: `##` of Exchange, an open quote.
fn tidy(text: &str) -> &str {
    let text = text.trim();
    match text.strip_suffix("##") {
        Some(text) => last_hop(text.trim_end()),
        None => text,
    }
}

/// Exchange quotes the remote server inside its own status: `#5.1.0 smtp;550 5.1.1 ...`; the inner words count.
fn last_hop(text: &str) -> &str {
    match cut(text, "smtp;") {
        Some((_, inner)) if code(inner.trim_start()).is_some() => {
            inner.trim_start().trim_end_matches(['>', '\''])
        }
        _ => text,
    }
}

/// Replies in the clothes of a library, a log format or another mail system.
fn wrapped(text: &str) -> Option<Record<'_>> {
    exchange_led(text)
        .or_else(|| phpmailer(text))
        .or_else(|| stalwart(text))
        .or_else(|| quoted(text))
        .or_else(|| prefixed(text))
}

/// A record of a reply and nothing else.
fn plain<'a>(reply: impl Into<Cow<'a, str>>) -> Record<'a> {
    Record {
        reply: reply.into(),
        ..Record::default()
    }
}

/// `[{LED=550 5.1.1 ...};{MSG=};{FQDN=mx.example.com};{IP=192.0.2.1};{LRT=...}]` of Exchange.
pub fn exchange_led(text: &str) -> Option<Record<'_>> {
    let (_, rest) = cut(text, "LED=")?;
    let (reply, rest) = cut(rest, "};")
        .or_else(|| cut(rest, "}"))
        .unwrap_or((rest, ""));
    let mut record = plain(some(reply)?);
    record.remote_host = between(rest, "FQDN=", "}").and_then(some).map(Into::into);
    record.remote_ip = between(rest, "IP=", "}").and_then(ip).map(Into::into);
    record.time = between(rest, "LRT=", "}").and_then(some).map(Into::into);
    Some(record)
}

/// `{'bob@example.com': (550, b'5.1.1 no such user')}` and `SMTPDataError: (554, b'...')` of Python's smtplib; gives
/// what stands behind it, too.
fn python<'a>(text: &'a str) -> Option<(Record<'a>, &'a str)> {
    let mut from = 0;
    let (at, number) = loop {
        let at = from + memchr::memchr(b'(', text.as_bytes().get(from..)?)?;
        if let Some(number) = text.get(at + 1..).and_then(code)
            && text.as_bytes().get(at + 4) == Some(&b',')
        {
            break (at, number);
        }
        from = at + 1;
    };
    let before = text.get(..at)?;
    if speaks(before) {
        return None;
    }
    let words = text.get(at + 5..)?.trim_start();
    let words = words.strip_prefix('b').unwrap_or(words);
    let quote = words
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    let words = words.get(1..)?;
    // The quote ends at the closing bracket, or at the sender's address of SMTPSenderRefused. Python escapes a quote in it.
    let ends = |at: &usize| {
        let behind = words.get(at + 1..).unwrap_or("");
        let escaped = at.checked_sub(1).and_then(|at| words.as_bytes().get(at)) == Some(&b'\\');
        !escaped && (behind.starts_with(')') || behind.starts_with(", '"))
    };
    let end = words
        .match_indices(quote)
        .map(|(at, _)| at)
        .find(ends)
        .unwrap_or(words.len());
    let rest = words.get(end + 1..).unwrap_or("");
    let words = words
        .get(..end)?
        .replace("\\r", "")
        .replace("\\n", " ")
        .replace("\\'", "'");
    let mut record = plain(format!("{number} {words}"));
    record.recipient = before
        .rsplit(['\'', '"'])
        .nth(1)
        .filter(|address| address.contains('@'))
        .map(Into::into);
    record.phase = if before.contains("SMTPSenderRefused") {
        Some(Phase::Mail)
    } else if before.contains("SMTPAuthenticationError") {
        Some(Phase::Auth)
    } else if before.contains("SMTPConnectError") {
        Some(Phase::Connect)
    } else if before.contains("SMTPHeloError") {
        Some(Phase::Helo)
    } else if before.contains("SMTPRecipientsRefused") {
        Some(Phase::Rcpt)
    } else {
        None
    };
    Some((record, rest))
}

/// Gives the recipients behind the first one: `), 'eve@example.com': (552, b'...')}`.
fn others_refused<'a>(mut rest: &'a str, phase: Option<Phase>, give: Give<'_, 'a>) {
    while let Some(behind) = rest.strip_prefix("), ")
        && let Some((record, behind)) = python(behind)
        && record.recipient.is_some()
    {
        give(Record {
            format: ID,
            phase,
            ..record
        });
        rest = behind;
    }
}

/// `SMTP server error: DATA END command failed Detail: ... SMTP code: 552 Additional SMTP info: 5.3.4` of PHPMailer.
fn phpmailer(text: &str) -> Option<Record<'_>> {
    let (before, rest) = cut(text, "SMTP code: ")?;
    code(rest)?;
    let number = rest.get(..3)?;
    let enhanced = cut(rest, "Additional SMTP info: ")
        .and_then(|(_, info)| Enhanced::read(info.trim_start_matches('#')))
        .map(|(code, _)| format!(" {code}"))
        .unwrap_or_default();
    let words = cut(before, "Detail: ")
        .map_or(before, |(_, words)| words)
        .trim();
    let mut record = plain(format!("{number}{enhanced} {words}"));
    record.phase = if has(before, "MAIL FROM command failed") {
        Some(Phase::Mail)
    } else if has(before, "RCPT TO command failed") {
        Some(Phase::Rcpt)
    } else if has(before, "DATA END command failed") {
        Some(Phase::EndOfMessage)
    } else if has(before, "DATA command failed") {
        Some(Phase::Data)
    } else if has(before, "STARTTLS command failed") {
        Some(Phase::StartTls)
    } else {
        None
    };
    Some(record)
}

/// `Code: 550, Enhanced code: 5.1.2, Message: Host not found.` of Stalwart.
pub fn stalwart(text: &str) -> Option<Record<'_>> {
    let (_, rest) = cut(text, "Code: ")?;
    code(rest)?;
    let number = rest.get(..3)?;
    let words = cut(rest, "Message: ")?.1.trim();
    let enhanced = cut(rest, "Enhanced code: ")
        .and_then(|(_, code)| Enhanced::read(code))
        .map(|(code, _)| format!(" {code}"))
        .unwrap_or_default();
    Some(plain(format!("{number}{enhanced} {words}")))
}

/// A reply that stands in quotes behind a telling word: `Server at mx.example.com returned '550 ...'` (Exchange),
/// `response: '550 ...'` (nodemailer).
fn quoted(text: &str) -> Option<Record<'_>> {
    const MARKS: &[&str] = &[
        "returned '",
        "returned \"",
        "response: '",
        "response: \"",
        "response=\"",
    ];
    for mark in MARKS {
        let Some((before, rest)) = cut(text, mark) else {
            continue;
        };
        let quote = mark.get(mark.len() - 1..)?;
        let end = [format!("{quote},"), format!("{quote} }}")]
            .iter()
            .find_map(|end| find(rest, end))
            .or_else(|| memchr::memrchr(*quote.as_bytes().first()?, rest.as_bytes()))
            .unwrap_or(rest.len());
        let reply = last_hop(rest.get(..end)?.trim());
        if reply.is_empty() || !reply.bytes().any(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let mut record = plain(reply);
        if let Some((_, host)) = cut(before, "Server at ") {
            let (host, address) = host.trim().split_once(" (").unwrap_or((host.trim(), ""));
            record.remote_host = some(host)
                .filter(|host| !host.contains(' '))
                .map(Into::into);
            record.remote_ip = ip(address.trim_end_matches(')')).map(Into::into);
        }
        return Some(record);
    }
    None
}

/// A reply behind the type of a diagnostic or behind words of a library that end in a colon.
fn prefixed(text: &str) -> Option<Record<'_>> {
    // `(reason: 550 5.1.1 ...)` of sendmail.
    if let Some(reply) = text.strip_prefix("(reason: ") {
        return Some(plain(reply.strip_suffix(')').unwrap_or(reply)));
    }
    let text = strip_word(text, "diagnostic-code:").unwrap_or(text);
    for kind in ["smtp;", "x-postfix;", "x-unix;", "lmtp;", "x-pmta;"] {
        if let Some(rest) = strip_word(text, kind) {
            return Some(plain(tidy(
                cut(rest, "reply:").map_or(rest, |(_, reply)| reply).trim(),
            )));
        }
    }
    if has(text, "smtp;") {
        let inner = last_hop(text);
        if inner.len() < text.len() {
            return Some(plain(
                tidy(inner)
                    .trim_end_matches(" #SMTP#")
                    .trim_end_matches('>'),
            ));
        }
    }
    // `host mx.example.com [192.0.2.1] SMTP error from ...: 550 ...`, `SMTPAddressFailedException: 550 ...`.
    let whole = reply_inside(text).unwrap_or(text.len());
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| find(rest, ": ")) {
        let start = from + found + 2;
        let rest = text.get(start..)?.trim_start();
        let is_port = text
            .get(..start - 2)
            .is_some_and(|text| text.ends_with("port"));
        // `..., with message "550 5.1.1 ..." (code: 550)`: the reply is the whole one.
        if start > whole + 1 {
            return None;
        }
        if code(rest).is_some() && !is_port && !is_a_step(rest) && !has(rest, "connect to ") {
            let mut record = plain(tidy(rest));
            // `bob@example.com: 550 ...` of OpenSMTPD's bounces and of lists that people make.
            let before = text.get(..start - 2)?;
            record.recipient = address(before)
                .or_else(|| recipient_named(before))
                .map(Into::into);
            return Some(record);
        }
        from = start;
    }
    None
}

/// An address and nothing else, with or without angle brackets.
pub fn address(text: &str) -> Option<&str> {
    let text = text.trim().trim_start_matches('<').trim_end_matches('>');
    let plausible = text.contains('@') && !text.contains([' ', '<', '>', '"', '(', ':']);
    plausible.then_some(text)
}

/// The address that a line names as the recipient in front of a reply: `to=<bob@example.com>`, `RCPT TO:<...>`, `recipient
/// bob@example.com`. What a server said is no such name; of several the last one counts.
fn recipient_named(before: &str) -> Option<&str> {
    const NAMES: &[&str] = &[
        "to=",
        "to:",
        "to",
        "rcpt=",
        "rcpt:",
        "rcpt",
        "recipient=",
        "recipient:",
        "recipient",
        "recipients=",
        "rcpts=",
        "for",
        "duser=",
        "email=",
    ];
    const ENDS: &[char] = &[
        ' ', '\t', '<', '>', '"', '\'', '=', ':', ',', ';', '(', ')', '[', ']', '|', '{', '}',
    ];
    let mut found = None;
    for at in memchr::memchr_iter(b'@', before.as_bytes()) {
        let head = before.get(..at)?;
        let start = head.rfind(ENDS).map_or(0, |end| end + 1);
        let rest = before.get(start..)?;
        let address = rest.get(..rest.find(ENDS).unwrap_or(rest.len()))?;
        let label = head.get(..start)?;
        if address.len() < 3 || speaks(label) {
            continue;
        }
        let label = label.trim_end_matches(['<', '"', '\'', ' ', '[']);
        let is_named = NAMES.iter().any(|name| {
            let (Some(before), Some(end)) = (
                label.len().checked_sub(name.len() + 1),
                label.len().checked_sub(name.len()),
            ) else {
                return label.eq_ignore_ascii_case(name);
            };
            label
                .get(end..)
                .is_some_and(|end| end.eq_ignore_ascii_case(name))
                && label
                    .as_bytes()
                    .get(before)
                    .is_some_and(|byte| !byte.is_ascii_alphanumeric() && !b"_-@.".contains(byte))
        });
        if is_named {
            found = Some(address);
        }
    }
    found
}

/// Takes off a prefix in whatever case.
fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let head = text.get(..word.len())?;
    head.eq_ignore_ascii_case(word)
        .then(|| text.get(word.len()..).unwrap_or("").trim_start())
}

/// What has no form at all: a code somewhere, or words of failure.
fn loose(text: &str) -> Option<Record<'_>> {
    if is_frame(text) {
        return None;
    }
    if tells_a_code(text) {
        return Some(plain(text));
    }
    if let Some(record) = inside(text) {
        return Some(record);
    }
    // What a bounce mail says in front of the reply: `The response from the remote server was:`.
    if text.ends_with(':') {
        return None;
    }
    speaks_of_delivery(text).then(|| words_behind_status(text).unwrap_or_else(|| plain(text)))
}

/// Whether an address with a domain of at least two parts stands in a text: `user@host` is one of a shell or a database.
fn names_an_address(text: &str) -> bool {
    let is_of_a_name =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte) || !byte.is_ascii();
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'@', bytes).any(|at| {
        let (before, behind) = bytes.split_at_checked(at).unwrap_or_default();
        let domain = behind.iter().skip(1).take_while(|byte| is_of_a_name(byte));
        before
            .last()
            .is_some_and(|byte| is_of_a_name(byte) || *byte == b'"')
            && domain.clone().count() > 2
            && domain.clone().any(|byte| *byte == b'.')
    })
}

/// Whether a text begins with an enhanced code or with odd numbers in the place of codes.
fn tells_a_code(text: &str) -> bool {
    let start = text.trim_start_matches(['(', '#', '[', '"', '\'']);
    Enhanced::read(start).is_some() || odd_code(text)
}

/// Whether a server merely goes on: with 2.1.0 and 2.1.5 it takes an address (RFC 3463 section 3.2), and no mail yet.
fn is_a_step(reply: &str) -> bool {
    code(reply).is_some_and(|code| code < 400)
        && enhanced_behind_code(reply).is_some_and(|status| status.subject == 1)
}

/// A reply with both codes inside a text, with the recipient that the text names in front of it.
fn inside(text: &str) -> Option<Record<'_>> {
    let at = reply_inside(text)?;
    let (before, mut reply) = text.split_at_checked(at)?;
    if is_a_step(reply) {
        return None;
    }
    // `with message "550 5.1.1 no such user"`: the quote is not the server's.
    if let Some(quote @ (b'"' | b'\'')) = before.as_bytes().last()
        && let Some(end) = memchr::memrchr(*quote, reply.as_bytes())
    {
        reply = reply.get(..end)?;
    }
    Some(Record {
        format: TEXT,
        recipient: recipient_named(before).map(Into::into),
        ..plain(reply)
    })
}

/// `The server response was: 5.1.1 User unknown` of .NET, `... failed: bob@example.com: 5.1.1 User unknown` of PHPMailer:
/// both keep the reply code to themselves.
fn words_behind_status(text: &str) -> Option<Record<'_>> {
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| find(rest, ": ")) {
        let at = from + found;
        let reply = text.get(at + 2..)?;
        if Enhanced::read(reply).is_some_and(|(status, _)| status.subject <= 7) {
            let before = text.get(..at)?;
            return Some(Record {
                recipient: before.rsplit(' ').next().and_then(address).map(Into::into),
                ..plain(reply)
            });
        }
        from = at + 2;
    }
    None
}

/// What a person types to a server, or what telnet says at first: the lines from here on are a dialogue.
fn is_of_a_client(text: &str) -> bool {
    [
        "EHLO ",
        "HELO ",
        "MAIL FROM:",
        "RCPT TO:",
        "Escape character is ",
    ]
    .iter()
    .any(|start| strip_word(text, start).is_some())
}

/// A line of an error object of nodemailer that tells nothing which `response:` does not tell.
fn is_of_a_dump(text: &str) -> bool {
    [
        "responseCode: ",
        "accepted: [",
        "rejected: [",
        "rejectedErrors: [",
    ]
    .iter()
    .any(|start| text.starts_with(start))
}

/// `123 1.2.3 ...`: the form of a reply with numbers that no server should send.
fn odd_code(text: &str) -> bool {
    let Some((number, rest)) = text.split_once([' ', '-']) else {
        return false;
    };
    let digit_and_dot = |text: &str| {
        let bytes = text.as_bytes();
        bytes.first().is_some_and(u8::is_ascii_digit)
            && bytes.get(1) == Some(&b'.')
            && bytes.get(3) == Some(&b'.')
    };
    number.len() == 3
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && digit_and_dot(rest.trim_start_matches('#'))
}

/// Where a reply code with an enhanced code of the same class (`550 5.1.1`, `450-4.2.0`) stands in `text`.
pub fn reply_inside(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    for dot in memchr::memchr_iter(b'.', bytes) {
        let Some(class) = dot.checked_sub(1) else {
            continue;
        };
        let Some(mut end) = class.checked_sub(1) else {
            continue;
        };
        if bytes.get(end) == Some(&b'#') {
            let Some(before) = end.checked_sub(1) else {
                continue;
            };
            end = before;
        }
        let Some(start) = end.checked_sub(3) else {
            continue;
        };
        if matches!(bytes.get(end), Some(b' ' | b'-'))
            && bytes.get(start) == bytes.get(class)
            && start
                .checked_sub(1)
                .and_then(|place| bytes.get(place))
                .is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'.')
            && text.get(start..).and_then(code).is_some()
            && text.get(class..).and_then(Enhanced::read).is_some()
        {
            return Some(start);
        }
    }
    None
}

/// Lines that surround replies and are none: the client's half of a dialogue, header fields, marks of transcripts.
fn is_frame(text: &str) -> bool {
    const STARTS: &str = ">>>|-->|-Queue ID-|-- |->|~>|C:|CLIENT -> SERVER:|===|***|---|===|EHLO |HELO |LHLO |MAIL FROM:|RCPT TO:|QUIT|RSET\
        |STARTTLS|AUTH |Trying |Connected to |Escape character|Connection closed by foreign host|at \
        |nested exception|msmtp: could not send mail|javax.mail.SendFailedException: Invalid Addresses;\
        |jakarta.mail.SendFailedException: Invalid Addresses;|command:|errno:|code:|#!|//|{|}";
    const FIELDS: &str = "from|to|cc|bcc|subject|date|message-id|received|mime-version|return-path|sender|reply-to\
        |dkim-signature|arc-seal|arc-message-signature|arc-authentication-results|authentication-results\
        |received-spf|delivered-to|reporting-mta|received-from-mta|arrival-date|final-recipient\
        |original-recipient|action|status|remote-mta|last-attempt-date|will-retry-until|final-log-id\
        |auto-submitted|list-unsubscribe|precedence|references|in-reply-to|user-agent|importance";
    let bytes = text.as_bytes();
    if STARTS.split('|').any(|start| text.starts_with(start)) || bytes == b"DATA" || bytes == b"." {
        return true;
    }
    // What a web server was asked.
    if has(text, " HTTP/1.") || has(text, " HTTP/2") {
        return true;
    }
    // A comment, of a configuration file or of a log with columns.
    if text.starts_with('#') && !text.as_bytes().get(1).is_some_and(u8::is_ascii_digit) {
        return true;
    }
    let Some((field, _)) = text.split_once(": ") else {
        return false;
    };
    field.len() < 40
        && !field.contains(' ')
        && (FIELDS
            .split('|')
            .any(|known| field.eq_ignore_ascii_case(known))
            || strip_word(field, "content-").is_some()
            || strip_word(field, "x-").is_some())
}

/// Whether a text without any code tells of a mail that went or did not go. Words count by how rarely anything else
/// uses them: a strong one decides, of the weak ones it takes two, or one in a text of a few words.
fn speaks_of_delivery(text: &str) -> bool {
    const STRONG: &str = "abgelehnt|abgewiesen|authenticat|backscatter|banned|blacklist|blocked|blocklist|bounce|certificate\
        |connect to |dane|deferr|denied|desconhecid|desconocid|disabled|discontinued|dkim|dmarc|dnsbl\
        |doesn't exist|econn|eai_|ehostunreach|eenvelope|eauth|enodata|enotfound|esocket|etimedout|getaddrinfo|gaierror\
        |graylist|greeting never|greylist|handshake|inconnu|invalid|lookup fail|loops back|name or service not known|nodename nor servname|mx record|nicht gefunden\
        |no mailbox|no such|not allowed|not exist|not found|not permitted|nxdomain|over quota|overquota\
        |permanent error|pleine|prohibited|quota|rbl|rechazad|refus|reject|rejet|relaying|sconosciut\
        |servfail|spam|spf|srv record|suppress|suspended|throttl|timed out|timeout|too big|too large|too long\
        |too many|unable to|unbekannt|undeliver|unknown|unreachable|unrout|unavailable|unsolicited|unsubscribed\
        |verification failed|verify failed|verweigert|virus|malware|phish";
    const WEAK: &str = "accept|account|address|attachment|bad |busy|can't|cannot|cipher|closed|command|connect|content\
        |could not|couldn't|delay|deliver|destination|dns|domain|dropped|error|exceed|expired|fail|forward\
        |full|giving up|greeting|helo|host|hop count|inactive|limit|listed|local part|loop|lost|mailbox|maildir|message\
        |missing|not |permission|policy|queue|rate|recipient|relay|reputation|reset|resolve|retry|route|sender\
        |server|size|smtp|ssl|temporar|tls|transport|try again|user|violat|wrong";
    // What other languages and scripts say for unknown, refused, mailbox, full, does not exist, error.
    const OTHER: &str = "empfänger|ungültig|postfach|boîte|refusé|rejeté|buzón|não|no existe|lleno|не существует|ящик\
        |отклон|неизвест|получател|aufgeführt|répertorié|не знайден|не існує|скриньк|不存在|拒|退信|收件|邮箱|用户|失败|宛先|存在しません|拒否|エラー|送信|受信|メール|사용자|거부|수신";
    // By their first letter, so that a word of the text is compared with a handful only.
    static WORDS: LazyLock<Vec<Vec<(&str, bool)>>> = LazyLock::new(|| {
        let mut words = vec![Vec::new(); 26];
        let strong = STRONG.split('|').map(|word| (word, true));
        for (word, is_strong) in strong.chain(WEAK.split('|').map(|word| (word, false))) {
            if let Some(group) = letter(word.as_bytes()).and_then(|place| words.get_mut(place)) {
                group.push((word, is_strong));
            }
        }
        words
    });
    if text.len() > 600 {
        return false;
    }
    let bytes = text.as_bytes();
    let mut weak = 0;
    let mut inside = false;
    let mut blanks = 0;
    for (at, byte) in bytes.iter().enumerate() {
        blanks += usize::from(*byte == b' ');
        // qmail ends its own words with `(#5.1.1)`.
        if *byte == b'#' && text.get(at + 1..).and_then(Enhanced::read).is_some() {
            return true;
        }
        // Only the beginning of a word counts: "full" is not in "successfully".
        let begins = byte.is_ascii_alphanumeric() && !inside;
        inside = byte.is_ascii_alphanumeric();
        let Some(rest) = bytes.get(at..).filter(|_| begins) else {
            continue;
        };
        let group = letter(rest).and_then(|place| WORDS.get(place));
        for (word, is_strong) in group.into_iter().flatten() {
            let found = rest
                .get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()));
            if found && *is_strong {
                return true;
            }
            weak += usize::from(found);
        }
    }
    weak >= 2
        || (weak == 1 && blanks < 4)
        || (!text.is_ascii() && {
            let lower = text.to_lowercase();
            OTHER.split('|').any(|word| has(&lower, word))
        })
}

/// The place in the alphabet of the first letter.
fn letter(bytes: &[u8]) -> Option<usize> {
    let first = bytes.first()?.to_ascii_lowercase();
    first
        .is_ascii_lowercase()
        .then(|| usize::from(first - b'a'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::testing::all;
    use super::super::{Seen, State, read_line};
    use crate::vocabulary::Phase;

    /// The one reply of a text.
    fn reply(text: &str) -> String {
        let records = all(text);
        assert_eq!(records.len(), 1, "{text}");
        records[0].reply.to_string()
    }

    #[test]
    fn a_reply_stays_as_it_was_received() {
        for text in [
            "550 5.1.1 <bob@example.com>: Recipient address rejected: User unknown",
            "550 5.7.26",
            "550",
            "421-4.7.0 a 421 4.7.0 b",
            "5.1.1 User unknown",
            "user unknown",
            "Connection timed out",
            "250 2.0.0 OK",
            "connect ECONNREFUSED 192.0.2.1:25",
            "Error: getaddrinfo ENOTFOUND mx.example.com",
            "certificate verify failed",
            "Greeting never received",
            "remote server sent no greeting within 300 seconds",
            "Socket error 10060 while connecting to 192.0.2.1",
            "queryMx ENODATA example.com",
            "an MX or SRV record indicated no SMTP service",
            "no shared cipher",
            "Empfänger unbekannt",
        ] {
            assert_eq!(reply(text), text);
            assert_eq!(all(text)[0].format, "reply");
        }
    }

    #[test]
    fn prose_and_the_frame_of_a_dialogue_are_noise() {
        for text in [
            "hello world",
            "Subject: your message was rejected",
            "X-Spam-Status: No, score=1",
            "Trying 192.0.2.1...",
            " -> RCPT TO:<bob@example.com>",
            "<-  250 2.1.0 Ok",
            ">>> DATA",
            "msmtp: could not send mail (account default from /etc/msmtprc)",
            "    at com.example.Mail.send(Mail.java:12)",
            "Jun  1 10:00:00 mail sshd[1]: Connection closed by 192.0.2.1 port 22",
            "",
        ] {
            let seen = read_line(text, &mut State::default(), &mut |record| {
                panic!("{record:?}")
            });
            assert_eq!(seen, Seen::Noise, "{text}");
        }
    }

    #[test]
    fn the_lines_of_one_reply_are_one_record() {
        let records = all("550-5.1.1 a\n550-5.1.1 b\n550 5.1.1 c\n550 5.1.1 d\n");
        assert_eq!(records.len(), 2);
        assert_eq!(records[0].reply, "550-5.1.1 a 550-5.1.1 b 550 5.1.1 c");
        assert_eq!(records[0].line, 1);
        assert_eq!(records[1].line, 4);
    }

    #[test]
    fn a_torn_reply_stands_alone() {
        let records = all("550-5.1.1 a\n550 5.7.1 b\n\n554-c\n421 d\n552-e");
        let replies: Vec<_> = records
            .iter()
            .map(|record| (record.line, record.reply.as_ref()))
            .collect();
        assert_eq!(
            replies,
            [
                (1, "550-5.1.1 a"),
                (2, "550 5.7.1 b"),
                (4, "554-c"),
                (5, "421 d"),
                (6, "552-e")
            ]
        );
    }

    #[test]
    fn a_dialogue_gives_the_servers_refusal() {
        assert_eq!(
            reply(
                " -> RCPT TO:<b@example.com>\n<** 550-5.1.1 a\n<** 550 5.1.1 b\n -> QUIT\n<-  221 bye"
            ),
            "550-5.1.1 a 550 5.1.1 b"
        );
        assert_eq!(
            reply(">>> RCPT To:<b@example.com>\n<<< 550 5.1.1 no"),
            "550 5.1.1 no"
        );
        assert_eq!(reply("SERVER -> CLIENT: 535 5.7.8 bad"), "535 5.7.8 bad");
        assert_eq!(reply("< 550 5.1.1 no"), "550 5.1.1 no");
        assert_eq!(reply("> 550 5.1.1 no"), "550 5.1.1 no");
    }

    #[test]
    fn what_a_person_types_makes_the_servers_lines_a_dialogue() {
        let telnet = "Trying 192.0.2.1...\nConnected to mx.example.com.\nEscape character is '^]'.\n220 mx.example.com ESMTP\nehlo x\n250-mx.example.com\n250 DSN\nMAIL FROM:<a@example.org>\n250 2.1.0 Ok\nRCPT TO:<bob@example.com>\n550 5.1.1 no\nDATA\n503 5.5.1 Error: need RCPT command\nQUIT\n221 2.0.0 Bye\nConnection closed by foreign host.";
        assert_eq!(reply(telnet), "550 5.1.1 no");
        // Behind its farewell, or a log, a reply is a reply again.
        for end in [
            "221 2.0.0 Bye",
            "Jun  1 10:00:00 mail postfix/qmgr[1]: 3E06E: removed",
        ] {
            assert_eq!(
                reply(&format!("EHLO x\n250 x\n{end}\n250 2.0.0 Ok")),
                "250 2.0.0 Ok"
            );
        }
        assert_eq!(
            reply("EHLO x\n250 x\nDATA\n354 go on\n.\n250 2.0.0 Ok: queued as 3E06E"),
            "250 2.0.0 Ok: queued as 3E06E"
        );
    }

    #[test]
    fn words_of_a_library_may_begin_a_reply_of_several_lines() {
        assert_eq!(
            reply("Error: Invalid login: 535-5.7.8 no\n535 5.7.8 see there"),
            "535-5.7.8 no 535 5.7.8 see there"
        );
        let records = all("Error: Invalid login: 535-5.7.8 no\n550 5.1.1 other");
        assert_eq!((records.len(), records[0].line), (2, 1));
    }

    #[test]
    fn an_error_object_tells_its_reply_once() {
        let dump = "  code: 'EENVELOPE',\n  response: '550 5.1.1 no',\n  responseCode: 550,\n  command: 'RCPT TO',\n  rejected: [ 'bob@example.com' ],\n  rejectedErrors: [\n}";
        assert_eq!(reply(dump), "550 5.1.1 no");
        let java = "javax.mail.SendFailedException: Invalid Addresses;\n  nested exception is:\n\tcom.sun.mail.smtp.SMTPAddressFailedException: 550 5.1.1 no";
        assert_eq!(reply(java), "550 5.1.1 no");
    }

    #[test]
    fn a_library_may_keep_the_reply_code_to_itself() {
        let text =
            "SMTP Error: The following recipients failed: bob@example.com: 5.1.1 User unknown";
        let record = &all(text)[0];
        assert_eq!(record.reply, "5.1.1 User unknown");
        assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        let text =
            "System.Net.Mail.SmtpException: Mailbox unavailable. The server response was: 5.1.1 no";
        assert_eq!(reply(text), "5.1.1 no");
    }

    #[test]
    fn a_port_is_no_reply_code() {
        for port in [25, 465, 587] {
            let text = format!(
                "javax.mail.MessagingException: Could not connect to SMTP host: mx.example.com, port: {port}, response: -1"
            );
            assert_eq!(reply(&text), text);
            assert_eq!(crate::reply::Reply::read(&text).code, None);
        }
    }

    #[test]
    fn all_refused_recipients_of_smtplib_are_given() {
        let records = all(
            "smtplib.SMTPRecipientsRefused: {'bob@example.com': (550, b'5.1.1 no'), 'eve@example.com': (552, b\"5.2.2 can't, 'x@example.com': (550, b'5.1.1 y')\")}",
        );
        let found: Vec<_> = records
            .iter()
            .map(|record| (record.recipient.as_deref().unwrap(), record.reply.as_ref()))
            .collect();
        assert_eq!(
            found,
            [
                ("bob@example.com", "550 5.1.1 no"),
                (
                    "eve@example.com",
                    "552 5.2.2 can't, 'x@example.com': (550, b'5.1.1 y')"
                )
            ]
        );
        assert!(
            records
                .iter()
                .all(|record| record.phase == Some(Phase::Rcpt))
        );
        // Python escapes a quote of the server's.
        let record = &all("(550, b'5.1.1 \"no\" \\'), \\'eve@example.com\\': (550, b\\'x\\')')")[0];
        assert_eq!(record.recipient, None);
        assert!(record.reply.ends_with("b'x')"), "{}", record.reply);
    }

    #[test]
    fn brackets_quotes_and_types_are_taken_off() {
        for text in [
            "(550 5.1.1 no (really))",
            "\"550 5.1.1 no (really)\"",
            "smtp;550 5.1.1 no (really)",
            "SMTP; 550 5.1.1 no (really)",
            "Diagnostic-Code: smtp; 550 5.1.1 no (really)",
            "(reason: 550 5.1.1 no (really))",
            "x-pmta;bounce-queue;reply:550 5.1.1 no (really)",
            "#550 5.1.0 smtp;550 5.1.1 no (really) ##",
            "com.sun.mail.smtp.SMTPAddressFailedException: 550 5.1.1 no (really)",
            "Error: Can't send mail - all recipients were rejected: 550 5.1.1 no (really)",
            "    response: '550 5.1.1 no (really)',",
            "{ code: 'EENVELOPE', response: '550 5.1.1 no (really)', responseCode: 550, command: 'RCPT TO' }",
            "Remote Server returned '550 5.1.1 no (really)'",
            "Remote Server returned '<mx.example.com #5.1.1 smtp;550 5.1.1 no (really)>'",
            "mx.example.com #<mx.example.com #5.1.1 smtp;550 5.1.1 no (really)> #SMTP#",
        ] {
            let text = text.trim();
            assert_eq!(reply(text), "550 5.1.1 no (really)", "{text}");
        }
    }

    #[test]
    fn an_exchange_status_names_host_address_and_time() {
        let text = "[{LED=550 5.1.1 no};{MSG=};{FQDN=mx.example.com};{IP=192.0.2.1};{LRT=6/1/2026 10:00:00 AM}]";
        let record = &all(text)[0];
        assert_eq!(record.reply, "550 5.1.1 no");
        assert_eq!(record.remote_host.as_deref(), Some("mx.example.com"));
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.1"));
        assert_eq!(record.time.as_deref(), Some("6/1/2026 10:00:00 AM"));
        let record = &all("Server at mx.example.com (192.0.2.1) returned '550 5.4.317 no'")[0];
        assert_eq!(record.reply, "550 5.4.317 no");
        assert_eq!(record.remote_host.as_deref(), Some("mx.example.com"));
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.1"));
    }

    #[test]
    fn libraries_give_code_and_words_apart() {
        let record = &all(
            "smtplib.SMTPRecipientsRefused: {'bob@example.com': (550, b\"5.1.1 can't\\n5.1.1 no\")}",
        )[0];
        assert_eq!(record.reply, "550 5.1.1 can't 5.1.1 no");
        assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        assert_eq!(reply("(550, b'5.1.1 no')"), "550 5.1.1 no");
        let record = &all("smtplib.SMTPSenderRefused: (553, b'5.7.1 no', 'a@example.com')")[0];
        assert_eq!(
            (record.reply.as_ref(), record.phase),
            ("553 5.7.1 no", Some(Phase::Mail))
        );
        let text = "SMTP Error: data not accepted.SMTP server error: DATA END command failed Detail: Message size exceeds fixed limit SMTP code: 552 Additional SMTP info: 5.3.4";
        assert_eq!(reply(text), "552 5.3.4 Message size exceeds fixed limit");
        assert_eq!(all(text)[0].phase, Some(Phase::EndOfMessage));
        assert_eq!(
            reply("Code: 550, Enhanced code: 5.1.2, Message: Host not found."),
            "550 5.1.2 Host not found."
        );
    }

    #[test]
    fn an_address_in_front_of_a_reply_is_its_recipient() {
        for text in [
            "bob@example.com: 550 5.1.1 no",
            "<bob@example.com>: host mx.example.com[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command)",
        ] {
            let record = &all(text)[0];
            assert_eq!(
                record.recipient.as_deref(),
                Some("bob@example.com"),
                "{text}"
            );
            assert_eq!(record.reply, "550 5.1.1 no", "{text}");
        }
    }

    #[test]
    fn a_quote_around_a_reply_inside_a_text_is_no_part_of_it() {
        let text = "Expected response code 250 but got code \"550\", with message \"550 5.1.1 no\"";
        assert_eq!(reply(text), "550 5.1.1 no");
        assert_eq!(
            reply("Sorry, no mailbox here by that name. (#5.1.1)"),
            "Sorry, no mailbox here by that name. (#5.1.1)"
        );
    }

    #[test]
    fn a_reply_inside_an_unknown_log_is_found() {
        let record = &all(
            "Jun  1 10:00:00 mail somemta[1]: <a@example.com> gave up, 550 5.1.1 no such user",
        )[0];
        assert_eq!(record.format, "text");
        assert_eq!(record.reply, "550 5.1.1 no such user");
        assert_eq!(record.time.as_deref(), Some("Jun  1 10:00:00"));
        let record = &all(
            "2026-06-01 10:00:00,123 ERROR smtp: SMTPRecipientsRefused: {'bob@example.com': (550, b'5.1.1 no')}",
        )[0];
        assert_eq!(record.format, "text");
        assert_eq!(record.reply, "550 5.1.1 no");
        assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        // Under a name that Postfix could have, too.
        let record =
            &all("Jun  1 10:00:00 gate outbound/smtp[1]: 192.0.2.9 SEND - 2 3E06E 550 5.1.1 no")[0];
        assert_eq!(record.reply, "550 5.1.1 no");
    }

    #[test]
    fn a_step_of_a_dialogue_is_no_outcome() {
        for line in [
            "2026-06-01 10:00:00,123 INFO lmtp - S: 250 2.1.5 OK",
            "Jun  1 10:00:00 mail somemta[1]: << 250 2.1.0 Ok",
        ] {
            assert!(all(line).is_empty(), "{line}");
        }
        assert_eq!(
            all("Jun  1 10:00:00 mail somemta[1]: << 250 2.0.0 Ok: queued").len(),
            1
        );
    }

    #[test]
    fn the_recipient_that_a_line_names_in_front_of_a_reply_is_its_own() {
        for line in [
            "Jun  1 10:00:00 mail mailer[1]: Failed to send to bob@example.com: 550 5.1.1 no",
            "date=2026-06-01 from=\"a@example.org\" to=\"bob@example.com\" msg=\"550 5.1.1 no\"",
            "Jun 01 10:00:00 host=mx.example.com from=a@example.org recipients=bob@example.com smtpstatus=550 smtpmsg='550 5.1.1 no' errormsg='x'",
            "2026-06-01 10:00:00 (mx.example.com) RCPT TO:<bob@example.com> failed: 550 5.1.1 no",
            "2026-06-01 10:00:00 sender=a@example.org orig_to=x@example.org Recipient <bob@example.com> rejected: 550 5.1.1 no",
        ] {
            let record = &all(line)[0];
            assert_eq!(
                record.recipient.as_deref(),
                Some("bob@example.com"),
                "{line}"
            );
            assert!(record.reply.starts_with("550 5.1.1 no"), "{line}");
        }
        for line in [
            "Jun  1 10:00:00 mail mailer[1]: from a@example.org, 550 5.1.1 no",
            "Jun  1 10:00:00 mail mailer[1]: 250 to=<bob@example.com> 550 5.1.1 no",
            "Jun  1 10:00:00 mail mailer[1]: orig_to=<bob@example.com> 550 5.1.1 no",
            "Jun  1 10:00:00 mail mailer[1]: 550 5.1.1 to=<bob@example.com> no",
        ] {
            assert_eq!(all(line)[0].recipient, None, "{line}");
        }
    }

    #[test]
    fn a_log_of_an_unknown_kind_needs_a_code_or_an_address() {
        for line in [
            "2026/06/01 10:00:00 [error] 1#1: connect() failed (111: Connection refused)",
            "[Mon Jun 01 10:00:00 2026] [error] user bob not found: /admin",
            "26/06/01 10:00:00 ERROR Executor: Driver unreachable, connection timed out",
            "2026-06-01 10:00:00 1 [Warning] Access denied for user 'bob'@'localhost'",
            "2026-06-01 10:00:00 bob@example FATAL: role does not exist",
            "192.0.2.9 - - [01/Jun/2026:10:00:00 +0000] \"POST / HTTP/1.1\" 503 5120 \"not found\"",
        ] {
            assert!(all(line).is_empty(), "{line}");
        }
        assert_eq!(
            all("2026-06-01 10:00:00 mail to bob@example.com: mailbox full").len(),
            1
        );
        assert_eq!(all("2026-06-01 10:00:00 5.1.1 no such user").len(), 1);
    }

    #[test]
    fn the_whole_reply_goes_before_its_code_alone() {
        let text = "production.ERROR: got code \"550\", with message \"550 5.1.1 no\". {\"exception\":\"(code: 550)\"}";
        assert!(reply(text).starts_with("550 5.1.1 no"));
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let text = "[{LED=550 5.1.1 nö};{FQDN=é}] (550, b'ü') SMTP code: 550 Code: 550 returned '550 é' smtp;550 #";
        for (at, _) in text.char_indices() {
            all(&text[at..]);
            all(&text[..at]);
        }
    }
}
