//! Exim: its main log, also through syslog; cPanel and Debian write the same lines.
//!
//! Sources: chapter 52 of the Exim specification ("Log files") and `src/deliver.c`, `src/transports/smtp.c`.

use std::borrow::Cow;

use super::line::{Line, between, code, cut, find, has, ip, some, stamp};
use super::{Give, Outcome, Record, Seen, State};
use crate::vocabulary::Phase;

/// The name in `--from` and in the verdict.
const ID: &str = "exim";

/// Reads `[stamp] [pid] MESSAGE-ID FLAG ADDRESS ...: reason`, a refusal of the own server, or the bare reason.
pub fn read<'a>(line: &Line<'a>, _state: &mut State, give: Give<'_, 'a>) -> Seen {
    let named = line.program.starts_with("exim");
    if !named && !line.program.is_empty() {
        return Seen::NotMine;
    }
    // Through syslog the line may keep Exim's own stamp.
    let (time, text) = match stamp(line.message) {
        Some((time, rest)) => (Some(time), rest),
        None => (line.time, line.message),
    };
    let text = without_numbers(text);
    let (id, rest) = message_id(text);
    let mut record = None;
    if let Some((flag, behind)) = rest.split_once(' ')
        && (id.is_some() || time.is_some())
    {
        record = match flag {
            "**" => delivery(behind, Outcome::Bounced),
            "==" => delivery(behind, Outcome::Deferred),
            "=>" | "->" | ">>" => delivery(behind, Outcome::Sent),
            "<=" | "*>" | "(=" => return Seen::Noise,
            _ => None,
        };
    }
    if record.is_none() && (id.is_some() || time.is_some() || named) {
        record = refusal(rest);
    }
    // One of several hosts said no; or the reason alone, as people cut it out or as a bounce mail quotes it.
    if record.is_none()
        && let Some(at) = find(rest, "SMTP error from remote mail")
        && (id.is_none() || at == 0 || rest.starts_with("H="))
    {
        record = rest
            .get(at..)
            // A bounce mail has the reply on the next line.
            .filter(|reason| !reason.ends_with(':'))
            .map(|reason| {
                let fields = rest.get(..at).filter(|fields| fields.starts_with("H="));
                with_host(fields.unwrap_or(""), named_recipient(reason))
            });
    }
    match record {
        Some(record) => {
            give(Record {
                format: ID,
                queue_id: id.map(Into::into),
                time: time.map(Into::into),
                ..record
            });
            Seen::Records
        }
        None if id.is_some() || named || is_event(line, rest) => Seen::Noise,
        None => Seen::NotMine,
    }
}

/// Whether this is what Exim notes about connections and itself, without a mail.
fn is_event(line: &Line<'_>, text: &str) -> bool {
    const STARTS: &[&str] = &[
        "SMTP connection from ",
        "SMTP call from ",
        "SMTP command timeout on ",
        "SMTP data timeout ",
        "SMTP protocol error in ",
        "SMTP protocol synchronization error ",
        "SMTP syntax error in ",
        "TLS error on connection from ",
        "TLS session: ",
        "Connection from [",
        "unexpected disconnection while reading SMTP command ",
        "no host name found for IP address ",
        "no IP address found for host ",
        "Start queue run: ",
        "End queue run: ",
        "cwd=",
        "exim ",
    ];
    line.time.is_some() && STARTS.iter().any(|start| text.starts_with(start))
}

/// Skips `[4711] `, and the `[1/2] ` and `[1\2] ` of a line that was too long for syslog.
fn without_numbers(mut text: &str) -> &str {
    while let Some((number, rest)) = text
        .strip_prefix('[')
        .and_then(|text| text.split_once("] "))
        && number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'/' | b'\\'))
    {
        text = rest;
    }
    text
}

/// Cuts the message id off: 6-6-2 characters, 6-11-4 since 4.97.
fn message_id(text: &str) -> (Option<&str>, &str) {
    for lengths in [[6, 6, 2], [6, 11, 4]] {
        let total: usize = lengths.iter().sum::<usize>() + 2;
        let Some((id, rest)) = text.split_at_checked(total) else {
            continue;
        };
        let fits = id
            .split('-')
            .map(|part| part.bytes().take_while(u8::is_ascii_alphanumeric).count())
            .eq(lengths);
        if fits && rest.starts_with(' ') {
            return (Some(id), rest.trim_start());
        }
    }
    (None, text)
}

/// Reads `ADDRESS <original> F=<> R= T= H=host [ip] ... : reason`.
fn delivery(text: &str, outcome: Outcome) -> Option<Record<'_>> {
    let (address, rest) = address(text)?;
    let (fields, reason) = match fields_end(rest) {
        Some(at) => (rest.get(..at)?, rest.get(at + 2..)?.trim()),
        None => (rest, ""),
    };
    let mut record = match outcome {
        // `C="250 OK id=..."` is what the server said to the last dot.
        Outcome::Sent => Record {
            reply: between(rest, " C=\"", "\"").unwrap_or("delivered").into(),
            ..Record::default()
        },
        _ if reason.is_empty() => return None,
        _ => said(reason),
    };
    let original = rest
        .strip_prefix('<')
        .and_then(|rest| rest.split_once('>'))
        .map(|(original, _)| original);
    // A pipe, a file or a local name says less than the address that led there.
    let recipient = match original {
        Some(original) if !address.contains('@') => original,
        _ => address,
    };
    record.recipient = some(recipient).map(Into::into);
    record.sender = between(fields, "F=<", ">").and_then(some).map(Into::into);
    record.outcome = Some(outcome);
    Some(with_host(fields, record))
}

/// The record with the host of `H=mx.example.com [192.0.2.1]`, when its reason names none.
fn with_host<'a>(fields: &'a str, mut record: Record<'a>) -> Record<'a> {
    if let Some((_, host)) = cut(fields, "H=") {
        let (name, rest) = host.split_once(' ').unwrap_or((host, ""));
        record.remote_host = record.remote_host.or_else(|| known(name).map(Into::into));
        record.remote_ip = record
            .remote_ip
            .or_else(|| between(rest, "[", "]").and_then(ip).map(Into::into));
    }
    record
}

/// Reads a reason that stands alone: only the command in it names the recipient.
fn named_recipient(reason: &str) -> Record<'_> {
    let command = cut(reason, ": ").map_or("", |(command, _)| command);
    Record {
        recipient: between(command, "RCPT TO:<", ">")
            .and_then(some)
            .map(Into::into),
        ..said(reason)
    }
}

/// A host's name; an address in place of a name is none.
fn known(name: &str) -> Option<&str> {
    let name = name.trim_matches(['(', ')', '[', ']']);
    some(name).filter(|name| ip(name).is_none())
}

/// Cuts the address off; a pipe command or a quoted local part may hold blanks.
fn address(text: &str) -> Option<(&str, &str)> {
    if text.starts_with(['|', '/', '"', ':'])
        && let Some(at) = find(text, " <").or_else(|| find(text, " R="))
    {
        return Some((text.get(..at)?, text.get(at + 1..)?));
    }
    let at = text.find([' ', ':'])?;
    let (address, rest) = text.split_at_checked(at)?;
    Some((address, rest.strip_prefix(' ').unwrap_or(rest)))
}

/// Where the `: ` in front of the reason stands: the first one that is not inside quotes.
fn fields_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut quoted = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            // Only a value can be quoted: DN="..." holds whatever a certificate holds.
            b'"' if quoted => quoted = false,
            b'"' if at > 0 && bytes.get(at - 1) == Some(&b'=') => quoted = true,
            b':' if !quoted && bytes.get(at + 1) == Some(&b' ') => return Some(at),
            _ => {}
        }
    }
    None
}

/// Reads a reason: the server's reply behind `SMTP error from remote mail server after RCPT TO:<...>: `, or Exim's own
/// words.
pub fn said(reason: &str) -> Record<'_> {
    let reason = reason.trim();
    let mut record = Record {
        reply: unfolded(reason),
        ..Record::default()
    };
    let Some((_, rest)) = cut(reason, " after ") else {
        return record;
    };
    if !has(reason, "SMTP error from remote mail") && !has(reason, "SMTP timeout") {
        return record;
    }
    record.phase = phase(rest);
    // Behind the command: `host mx.example.com [192.0.2.1]: ` in older versions and bounce mails, then the reply.
    let mut behind = rest;
    while let Some((before, next)) = cut(behind, ": ") {
        if let Some(host) = before.strip_prefix("host ") {
            let (name, address) = host.split_once(" [").unwrap_or((host, ""));
            record.remote_host = known(name).map(Into::into);
            record.remote_ip = address.split(']').next().and_then(ip).map(Into::into);
        }
        if code(next).is_some() {
            record.reply = unfolded(next);
            break;
        }
        behind = next;
    }
    record
}

/// The step that `after ...` names (`smtp.c`, `check_response`).
fn phase(step: &str) -> Option<Phase> {
    let step = step.strip_prefix("pipelined ").unwrap_or(step);
    let step = step.strip_prefix("sending ").unwrap_or(step);
    [
        ("initial connection", Phase::Connect),
        ("EHLO", Phase::Helo),
        ("HELO", Phase::Helo),
        ("LHLO", Phase::Helo),
        ("STARTTLS", Phase::StartTls),
        ("AUTH", Phase::Auth),
        ("MAIL", Phase::Mail),
        ("RCPT", Phase::Rcpt),
        ("DATA", Phase::Data),
        ("end of data", Phase::EndOfMessage),
        ("BDAT", Phase::EndOfMessage),
        ("data block", Phase::Data),
    ]
    .iter()
    .find(|(start, _)| step.starts_with(start))
    .map(|(_, phase)| *phase)
}

/// Exim writes the line ends of a reply as a backslash and an `n`.
fn unfolded(reply: &str) -> Cow<'_, str> {
    if has(reply, "\\n") {
        Cow::Owned(reply.replace("\\n", " "))
    } else {
        Cow::Borrowed(reply)
    }
}

/// Reads `H=(helo) [192.0.2.1] F=<a@example.com> rejected RCPT <b@example.org>: reason` of the own server.
fn refusal(text: &str) -> Option<Record<'_>> {
    let (before, rest) = cut(text, "rejected ")?;
    let (what, reason) = cut(rest, ": ")?;
    // Without a client in front the step alone makes it a refusal.
    let is_ours = if before.is_empty() {
        refused_step(what).is_some()
    } else {
        before.ends_with(' ')
            && ["H=", "F=", "U="]
                .iter()
                .any(|name| before.starts_with(name))
    };
    if !is_ours {
        return None;
    }
    // A client's own address may hold the very words; then nobody can tell whom the line is about.
    let is_sure = !has(rest, "rejected RCPT <");
    let temporary = before.ends_with("temporarily ");
    let host = cut(before, "H=").map(|(_, host)| host);
    Some(Record {
        reply: unfolded(some(reason)?),
        recipient: what
            .strip_prefix("RCPT <")
            .and_then(|address| address.split('>').next())
            .filter(|_| is_sure)
            .and_then(some)
            .map(Into::into),
        sender: between(before, "F=<", ">").and_then(some).map(Into::into),
        remote_host: host
            .and_then(|host| host.split(' ').next())
            .filter(|name| !name.starts_with(['(', '[']))
            .and_then(known)
            .map(Into::into),
        remote_ip: host
            .and_then(|host| between(host, "[", "]"))
            .and_then(ip)
            .map(Into::into),
        phase: refused_step(what),
        outcome: Some(if temporary {
            Outcome::Deferred
        } else {
            Outcome::Bounced
        }),
        own_server: true,
        ..Record::default()
    })
}

/// The step that `rejected ...` names.
fn refused_step(what: &str) -> Option<Phase> {
    [
        ("RCPT", Phase::Rcpt),
        ("MAIL", Phase::Mail),
        ("after DATA", Phase::EndOfMessage),
        ("by local_scan", Phase::EndOfMessage),
        ("EHLO", Phase::Helo),
        ("HELO", Phase::Helo),
        ("connection", Phase::Connect),
        ("AUTH", Phase::Auth),
        ("DATA", Phase::Data),
    ]
    .iter()
    .find(|(start, _)| what.starts_with(start))
    .map(|(_, phase)| *phase)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::Outcome;
    use super::super::testing::{noise, one};
    use crate::vocabulary::Phase;

    const HEAD: &str = "2026-06-01 10:00:00 1abCDe-0001Ab-3C ";

    #[test]
    fn a_line_that_syslog_split_begins_with_a_mark() {
        for mark in ["[1/2]", "[1\\2]", "[1/2] [4711]"] {
            let line = format!(
                "Jun  1 10:00:00 mail exim[1]: {mark} 1abCDe-0001Ab-3C ** bob@example.com R=r T=t H=mx.example.com [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<bob@example.com>: 550 5.1.1 no"
            );
            let record = one(&line);
            assert_eq!(record.queue_id.as_deref(), Some("1abCDe-0001Ab-3C"));
            assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
            noise(&format!(
                "Jun  1 10:00:00 mail exim[1]: {} such user",
                mark.replacen('1', "2", 1)
            ));
        }
    }

    #[test]
    fn a_failed_line_gives_the_servers_words() {
        let line = format!(
            "{HEAD}** bob@example.com F=<a@example.org> R=dnslookup T=remote_smtp H=mx.example.com [192.0.2.1]:25 X=TLS1.3:X:256 CV=yes DN=\"/CN=a: b\": SMTP error from remote mail server after RCPT TO:<bob@example.com>: 550-5.1.1 no\\n550 5.1.1 such user"
        );
        let record = one(&line);
        assert_eq!(record.format, "exim");
        assert_eq!(record.reply, "550-5.1.1 no 550 5.1.1 such user");
        assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        assert_eq!(record.sender.as_deref(), Some("a@example.org"));
        assert_eq!(record.remote_host.as_deref(), Some("mx.example.com"));
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.1"));
        assert_eq!(record.queue_id.as_deref(), Some("1abCDe-0001Ab-3C"));
        assert_eq!(record.time.as_deref(), Some("2026-06-01 10:00:00"));
        assert_eq!(record.phase, Some(Phase::Rcpt));
        assert_eq!(record.outcome, Some(Outcome::Bounced));
    }

    #[test]
    fn a_deferred_line_of_any_age_is_read() {
        let record = one(
            "2026-06-01 10:00:00 [4711] 1abCDe-0000001AbCd-3C4D == bob@example.com R=dnslookup T=remote_smtp defer (-44): SMTP error from remote mailer after pipelined MAIL FROM:<a@example.org> SIZE=1000: host mx.example.com [2001:db8::1]: 451 later",
        );
        assert_eq!(record.reply, "451 later");
        assert_eq!(record.phase, Some(Phase::Mail));
        assert_eq!(record.outcome, Some(Outcome::Deferred));
        assert_eq!(record.remote_ip.as_deref(), Some("2001:db8::1"));
        let line = format!(
            "{HEAD}== bob@example.com R=dnslookup T=remote_smtp H=mx.example.com [192.0.2.1] defer (111): Connection refused"
        );
        assert_eq!(one(&line).reply, "Connection refused");
        assert_eq!(one(&line).remote_host.as_deref(), Some("mx.example.com"));
    }

    #[test]
    fn exims_own_words_are_the_reply_where_no_server_spoke() {
        let line = format!("{HEAD}** bob@example.com: Unrouteable address");
        assert_eq!(one(&line).reply, "Unrouteable address");
        let line = format!("{HEAD}** |/usr/bin/x y <bob@example.com> R=aliases T=pipe : failed");
        assert_eq!(one(&line).recipient.as_deref(), Some("bob@example.com"));
        assert_eq!(one(&line).reply, "failed");
    }

    #[test]
    fn a_delivered_line_gives_the_confirmation() {
        let line = format!(
            "{HEAD}=> bob@example.com R=dnslookup T=remote_smtp H=mx.example.com [192.0.2.1] C=\"250 OK id=1\" QT=1s"
        );
        let record = one(&line);
        assert_eq!(record.reply, "250 OK id=1");
        assert_eq!(record.outcome, Some(Outcome::Sent));
        assert_eq!(
            one("2026-06-01 10:00:00 1abCDe-0001Ab-3C => bob <bob@example.com> R=local T=maildir")
                .recipient
                .as_deref(),
            Some("bob@example.com")
        );
    }

    #[test]
    fn the_own_servers_refusal_names_the_client() {
        let record = one(
            "2026-06-01 10:00:00 H=(x) [192.0.2.9] F=<a@example.com> rejected RCPT <b@example.org>: relay not permitted",
        );
        assert!(record.own_server);
        assert_eq!(record.reply, "relay not permitted");
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.9"));
        assert_eq!(record.recipient.as_deref(), Some("b@example.org"));
        let record = one(
            "2026-06-01 10:00:00 rejected EHLO from [192.0.2.9]: syntactically invalid argument(s): _x_",
        );
        assert!(record.own_server);
        assert_eq!(record.phase, Some(Phase::Helo));
    }

    #[test]
    fn syslog_and_bare_reasons_are_read() {
        let record = one(
            "Jun  1 10:00:00 mail exim[1]: 1abCDe-0001Ab-3C ** bob@example.com: Unrouteable address",
        );
        assert_eq!(record.reply, "Unrouteable address");
        let record = one(
            "SMTP error from remote mail server after end of data: host mx.example.com [192.0.2.1]: 552 5.2.3 too big",
        );
        assert_eq!(record.reply, "552 5.2.3 too big");
        assert_eq!(record.phase, Some(Phase::EndOfMessage));
        assert_eq!(record.remote_host.as_deref(), Some("mx.example.com"));
    }

    #[test]
    fn a_host_that_said_no_is_a_record_though_another_may_be_tried() {
        let line = format!(
            "{HEAD}H=mx.example.com [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<bob@example.com>: 451 later"
        );
        let record = one(&line);
        assert_eq!(record.reply, "451 later");
        assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        assert_eq!(record.remote_host.as_deref(), Some("mx.example.com"));
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.1"));
        let line = format!(
            "{HEAD}SMTP error from remote mail server after initial connection: host mx.example.com [192.0.2.1]: 554 no, RCPT TO:<eve@example.com>: 550 no"
        );
        let record = one(&line);
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.1"));
        assert_eq!(record.recipient, None);
    }

    #[test]
    fn what_is_about_no_mail_is_noise() {
        for words in [
            "SMTP connection from [192.0.2.9] (TCP/IP connection count = 1)",
            "no host name found for IP address 192.0.2.9",
            "TLS error on connection from [192.0.2.9] (SSL_accept): wrong version number",
            "unexpected disconnection while reading SMTP command from [192.0.2.9]",
            "Connection from [192.0.2.9] refused: too many connections",
        ] {
            noise(&format!("2026-06-01 10:00:00 {words}"));
        }
    }

    #[test]
    fn arrivals_and_completions_are_noise() {
        noise(&format!(
            "{HEAD}<= a@example.org H=x [192.0.2.9] P=esmtp S=100"
        ));
        noise(&format!("{HEAD}Completed"));
        noise(&format!("{HEAD}no immediate delivery: load average 9"));
    }
}
