//! Postfix: delivery lines, refusals of its own server, and what its users cut out of them.
//!
//! The forms are those of Postfix' `src/global/log_adhoc.c`, `src/smtp/smtp_proto.c`, `src/smtpd/smtpd_check.c`,
//! `src/postscreen` and `src/cleanup`. Fields are found by name and not by place, for `delays=`, `dsn=`, `conn_use=` and
//! `tls=` came one after the other. Zimbra, iRedMail, mailcow and Modoboa write these lines, too.

use super::line::{
    Line, Peer, between, code, cut, cut_last, find, has, near, peer, peer_of, some, speaks, split,
    trimmed,
};
use super::{Give, Outcome, Record, Seen, State, reply};
use crate::knowledge::words::alphanumerics;
use crate::reply::Enhanced;
use crate::vocabulary::Phase;

/// The name in `--from` and in the verdict.
const ID: &str = "postfix";

/// Reads a line of Postfix, whole or cut down to `to=<...>, ... status=...` or `host ... said: ...`.
pub fn read<'a>(line: &Line<'a>, _state: &mut State, give: Give<'_, 'a>) -> Seen {
    let framed = is_postfix(line.program);
    if !framed && !line.program.is_empty() {
        return Seen::NotMine;
    }
    let (queue_id, text) = queue_id(line.message);
    let record = if text.starts_with("to=<") {
        delivery(text)
    } else if framed {
        framed_line(text, queue_id.is_some())
    } else {
        cut_out(text, queue_id.is_some())
    };
    match record {
        Some(mut record) => {
            record.format = ID;
            record.queue_id = queue_id.filter(|id| *id != "NOQUEUE").map(Into::into);
            record.time = line.time.map(Into::into);
            give(record);
            Seen::Records
        }
        // Under another name than its own it may be another program (`outbound/smtp`).
        None if framed && (queue_id.is_some() || line.program.starts_with("postfix")) => {
            Seen::Noise
        }
        None => Seen::NotMine,
    }
}

/// Whether a syslog tag is one of Postfix: `postfix/smtp`, an instance (`postfix-out/smtp`), a service of master.cf
/// (`postfix/relay/smtp`) or another `syslog_name` in front of a daemon's name.
fn is_postfix(program: &str) -> bool {
    if program.starts_with("postfix") {
        return true;
    }
    let Some((_, daemon)) = program.rsplit_once('/') else {
        return false;
    };
    matches!(
        daemon,
        "smtp"
            | "lmtp"
            | "local"
            | "virtual"
            | "pipe"
            | "error"
            | "retry"
            | "discard"
            | "bounce"
            | "smtpd"
            | "postscreen"
            | "qmgr"
            | "nqmgr"
            | "cleanup"
            | "pickup"
            | "anvil"
            | "scache"
            | "tlsproxy"
            | "tlsmgr"
            | "verify"
            | "trivial-rewrite"
            | "master"
            | "proxymap"
            | "dnsblog"
            | "flush"
            | "spawn"
    )
}

/// Cuts `4Zx1Yq2Lz7z: ` (a queue id, short or long, or NOQUEUE) off a message.
fn queue_id(message: &str) -> (Option<&str>, &str) {
    let bytes = message.as_bytes();
    let length = alphanumerics(bytes);
    if !(5..=25).contains(&length) || bytes.get(length) != Some(&b':') {
        return (None, message);
    }
    let (id, rest) = message.split_at(length);
    // Words in front of a colon (`warning`, `statistics`) have no digit; a short id is hexadecimal and may have none.
    let fits = id == "NOQUEUE"
        || id.bytes().any(|byte| byte.is_ascii_digit())
        || id.bytes().all(|byte| matches!(byte, b'A'..=b'F'));
    if !fits {
        return (None, message);
    }
    (
        Some(id),
        rest.strip_prefix(':').unwrap_or(rest).trim_ascii_start(),
    )
}

/// Reads `to=<...>, relay=..., dsn=..., status=WORD (REASON)`.
fn delivery(text: &str) -> Option<Record<'_>> {
    let (recipient, mut rest) = address(text.strip_prefix("to=<")?)?;
    let mut relay = None;
    let mut dsn = None;
    loop {
        let first = *rest.as_bytes().first()?;
        // The reason may hold anything, commas and brackets included: it goes to the end of the line.
        if first == b's'
            && let Some(status) = rest
                .strip_prefix("status=")
                .or_else(|| rest.strip_prefix("stat="))
        {
            return Some(status_of(recipient, relay, dsn, status));
        }
        // An address may hold a comma and a blank when it is quoted.
        if first == b'o'
            && let Some(original) = rest.strip_prefix("orig_to=<")
        {
            (_, rest) = address(original)?;
            continue;
        }
        let (field, behind) = comma(rest)?;
        if let Some(name) = field.strip_prefix("relay=") {
            relay = Some(name);
        } else if let Some(code) = field.strip_prefix("dsn=") {
            dsn = Enhanced::read(code).map(|(code, _)| code);
        }
        rest = behind;
    }
}

/// Splits at the first `, `. Fields are short, so looking for the comma alone is the fastest.
fn comma(text: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    loop {
        let at = from + near(b',', text.as_bytes().get(from..)?)?;
        if text.as_bytes().get(at + 1) == Some(&b' ') {
            return Some((text.get(..at)?, text.get(at + 2..)?));
        }
        from = at + 1;
    }
}

/// Reads an address up to its `>`, blanks and quoted parts included; gives what follows `>, `.
fn address(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    // A quoted local part may hold `>` and even what looks like further fields (RFC 5321 section 4.1.2).
    if bytes.first() == Some(&b'"') {
        at = 1;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'"' => break,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        if bytes.get(at) != Some(&b'"') {
            at = 0;
        }
    }
    let end = at + near(b'>', bytes.get(at..)?)?;
    let rest = text.get(end + 1..)?;
    Some((
        text.get(..end)?,
        rest.strip_prefix(", ").unwrap_or(rest).trim_start(),
    ))
}

/// Reads `bounced (REASON)` and puts the record together.
fn status_of<'a>(
    recipient: &'a str,
    relay: Option<&'a str>,
    dsn: Option<Enhanced>,
    status: &'a str,
) -> Record<'a> {
    let (word, reason) = split(status, b' ').unwrap_or((status, ""));
    let word = word.trim_end_matches([',', '"', '\'']);
    let outcome = match word {
        "sent" | "deliverable" => Some(Outcome::Sent),
        "deferred" | "SOFTBOUNCE" | "SOFTBOUNCED" => Some(Outcome::Deferred),
        "bounced" => Some(Outcome::Bounced),
        // A probe of verify(8): 4.x.x says that the next probe may pass.
        "undeliverable" if dsn.is_some_and(|code| code.class == 4) => Some(Outcome::Deferred),
        "undeliverable" => Some(Outcome::Bounced),
        "expired" | "force-expired" => Some(Outcome::Expired),
        _ => None,
    };
    let (mut peer, reply, phase) = heard(out_of_brackets(reason));
    if peer == (None, None)
        && let Some((name, behind)) = relay.and_then(|relay| split(relay, b'['))
    {
        peer = peer_of(name, behind);
    }
    let (host, ip) = peer;
    Record {
        reply: some(reply).unwrap_or(word).into(),
        recipient: some(recipient).map(Into::into),
        remote_host: host.map(Into::into),
        remote_ip: ip.map(Into::into),
        phase,
        dsn,
        outcome,
        ..Record::default()
    }
}

/// Takes the brackets off a reason; the closing one is missing where the line was cut, and people paste quotes behind it.
fn out_of_brackets(reason: &str) -> &str {
    let reason = trimmed(reason);
    let Some(inside) = reason.strip_prefix('(') else {
        return reason;
    };
    if let Some(inside) = inside.strip_suffix(')') {
        return inside;
    }
    let tidy = inside.trim_end_matches(['"', '\'', '`', ';', ' ', ',']);
    let tidy = tidy.strip_suffix("\\n").unwrap_or(tidy);
    tidy.strip_suffix(')').unwrap_or(inside)
}

/// Who spoke, with which words, and at which step.
type Said<'a> = (Peer<'a>, &'a str, Option<Phase>);

/// Reads a reason: what the remote server said, and where, or Postfix' own words.
pub fn said(reason: &str) -> Record<'_> {
    spoken(heard(reason))
}

/// The same before it is put into a record.
fn heard(reason: &str) -> Said<'_> {
    let reason = trimmed(reason);
    // Only the server's own words count, however they are wrapped.
    let inner = reason
        .strip_prefix("delivery temporarily suspended: ")
        .unwrap_or(reason);
    // A host has no blank in it, so what follows the first one tells.
    if let Some(rest) = inner.strip_prefix("host ")
        && let Some((host, rest)) = split(rest, b' ')
        && let Some(said) = answer(host, rest)
    {
        return said;
    }
    if let Some(rest) = inner.strip_prefix("SASL authentication failed; ") {
        let rest = rest.strip_prefix("server ").unwrap_or(rest);
        let said = cut(rest, " said: ").map(|(host, reply)| (peer(host), reply));
        let (peer, reply) = said.unwrap_or(((None, None), reason));
        return (peer, reply, Some(Phase::Auth));
    }
    let (host, phase) = if let Some(rest) = inner.strip_prefix("connect to ") {
        (cut(rest, ": ").map(|(host, _)| host), Some(Phase::Connect))
    } else if let Some(rest) = inner.strip_prefix("lost connection with ") {
        while_doing(rest, " while ")
    } else if let Some(rest) = inner.strip_prefix("conversation with ") {
        while_doing(rest, " timed out while ")
    } else if inner.starts_with("TLS is required")
        && let Some((_, rest)) = cut(inner, "not offered by host ")
    {
        (rest.split(' ').next(), Some(Phase::StartTls))
    } else {
        (None, None)
    };
    (host.map(peer).unwrap_or_default(), reason, phase)
}

/// What a host `said: ...` or with which words it `refused to talk to me: ...`. A host has an address or a socket in
/// brackets, so that prose is none.
fn answer<'a>(host: &'a str, rest: &'a str) -> Option<Said<'a>> {
    let (name, behind) = split(host, b'[')?;
    let peer = peer_of(name, behind);
    if let Some(reply) = rest.strip_prefix("said: ") {
        let (reply, phase) = in_reply_to(reply);
        return Some((peer, reply, phase));
    }
    let reply = rest.strip_prefix("refused to talk to me: ")?;
    Some((peer, reply, Some(Phase::Connect)))
}

/// Puts a server's words into a record.
fn spoken(((host, ip), reply, phase): Said<'_>) -> Record<'_> {
    Record {
        reply: trimmed(reply).into(),
        remote_host: host.map(Into::into),
        remote_ip: ip.map(Into::into),
        phase,
        ..Record::default()
    }
}

/// Takes ` (in reply to RCPT TO command)` off a reply.
fn in_reply_to(reply: &str) -> (&str, Option<Phase>) {
    const MARK: &str = "(in reply to ";
    // Nearly always these are the last brackets; the long way is for lines with something behind them.
    if let Some(at) = memchr::memrchr(b'(', reply.as_bytes())
        && let Some((before, step)) = reply.split_at_checked(at)
        && let Some(step) = step.strip_prefix(MARK)
    {
        return (before.strip_suffix(' ').unwrap_or(before), phase(step));
    }
    match cut_last(reply, MARK) {
        Some((reply, step)) => (reply, phase(step)),
        None => (reply, None),
    }
}

/// Host and step of `HOST while STEP`.
fn while_doing<'a>(text: &'a str, mark: &str) -> (Option<&'a str>, Option<Phase>) {
    match cut(text, mark) {
        Some((host, step)) => (Some(host), phase(step)),
        None => (None, None),
    }
}

/// The step that Postfix names in `xfer_request[]` and `xfer_states[]` (smtp_proto.c).
fn phase(step: &str) -> Option<Phase> {
    const STEPS: &[(&str, Phase)] = &[
        ("RCPT", Phase::Rcpt),
        ("end of ", Phase::EndOfMessage),
        ("END-OF-MESSAGE", Phase::EndOfMessage),
        ("BDAT", Phase::EndOfMessage),
        ("MAIL", Phase::Mail),
        ("DATA", Phase::Data),
        ("message body", Phase::Data),
        ("STARTTLS", Phase::StartTls),
        ("AUTH", Phase::Auth),
        ("EHLO", Phase::Helo),
        ("HELO", Phase::Helo),
        ("LHLO", Phase::Helo),
        ("initial server greeting", Phase::Connect),
        ("CONNECT", Phase::Connect),
    ];
    let named = |step: &str| {
        STEPS
            .iter()
            .find(|(words, _)| step.starts_with(words))
            .map(|(_, phase)| *phase)
    };
    named(step).or_else(|| {
        ["sending ", "performing the ", "receiving the "]
            .iter()
            .find_map(|verb| named(step.strip_prefix(verb)?))
    })
}

/// Reads a line under Postfix' own name that is no delivery.
fn framed_line(text: &str, queued: bool) -> Option<Record<'_>> {
    if let Some(rest) = text.strip_prefix("from=<") {
        return returned(rest);
    }
    if let Some(record) = refusal(text) {
        return Some(record);
    }
    // One of several servers said no and the next is tried; without a queue id it is not about a mail.
    (queued && text.starts_with("host "))
        .then(|| said(text))
        .filter(|record| record.phase.is_some() || code(&record.reply).is_some())
}

/// Reads `from=<...>, status=expired, returned to sender` of qmgr(8).
fn returned(text: &str) -> Option<Record<'_>> {
    let (sender, rest) = address(text)?;
    let reason = rest.strip_prefix("status=")?;
    if !reason.contains("expired") {
        return None;
    }
    Some(Record {
        reply: reason.into(),
        sender: some(sender).map(Into::into),
        outcome: Some(Outcome::Expired),
        ..Record::default()
    })
}

/// Reads `reject: RCPT from host[ip]: 554 5.7.1 ...; from=<> to=<> proto=ESMTP helo=<>` of smtpd(8), postscreen(8),
/// cleanup(8) and the milters: a refusal that the user's own server spoke to a client.
fn refusal(text: &str) -> Option<Record<'_>> {
    let rest = ["reject:", "milter-reject:", "proxy-reject:"]
        .iter()
        .find_map(|kind| text.strip_prefix(kind))?;
    let rest = rest.trim_start();
    let (command, rest) = rest.split_once(' ')?;
    let mut record = Record {
        own_server: true,
        outcome: Some(Outcome::Bounced),
        phase: phase(command),
        ..Record::default()
    };
    let (about, envelope) = cut(rest, "; from=<").unwrap_or((rest, ""));
    let mut reply = "";
    if let Some(client) = about.strip_prefix("from ") {
        // The client ends at the first `: ` behind its brackets, for an IPv6 address has colons of its own.
        let bracket = find(client, "]")?;
        let (client, said) = client.split_at_checked(bracket)?;
        let (host, ip) = peer(client_with_bracket(about, client));
        record.remote_host = host.map(Into::into);
        record.remote_ip = ip.map(Into::into);
        reply = said.split_once(": ").map_or("", |(_, said)| said);
    } else if command.ends_with(':') {
        reply = about;
    } else if let Some((_, client)) = cut_last(about, " from ") {
        // header_checks(5): the line of the mail stands first and the reply behind everything else.
        let (host, ip) = peer(client);
        record.phase = Some(Phase::EndOfMessage);
        record.remote_host = host.map(Into::into);
        record.remote_ip = ip.map(Into::into);
    }
    // A client chooses its own name and addresses: with two envelopes on the line nobody can tell which is his doing.
    let is_sure = !has(envelope, "; from=<")
        && cut(envelope, " to=<").is_none_or(|(_, rest)| !has(rest, " to=<"));
    // postscreen(8) puts commas between the fields.
    if let Some((sender, rest)) = cut(envelope, "> to=<").or_else(|| cut(envelope, ">, to=<")) {
        record.sender = some(sender).filter(|_| is_sure).map(Into::into);
        record.recipient = cut(rest, "> proto=")
            .or_else(|| cut(rest, ">"))
            .and_then(|(recipient, _)| some(recipient))
            .filter(|_| is_sure)
            .map(Into::into);
    } else if let Some((sender, _)) = cut(envelope, ">") {
        record.sender = some(sender).filter(|_| is_sure).map(Into::into);
    }
    if reply.is_empty() {
        reply = cut_last(envelope, ">: ").map_or("", |(_, reply)| reply);
    }
    let reply = reply.trim();
    if reply.is_empty() {
        return None;
    }
    record.dsn = Enhanced::read(
        reply
            .get(4..)
            .filter(|_| code(reply).is_some())
            .unwrap_or(reply),
    )
    .map(|(code, _)| code);
    if record.dsn.is_some_and(|code| code.class == 4) || reply.starts_with('4') {
        record.outcome = Some(Outcome::Deferred);
    }
    record.reply = reply.into();
    Some(record)
}

/// `host[ip` with its closing bracket, as it stands behind `from `.
fn client_with_bracket<'a>(about: &'a str, client: &str) -> &'a str {
    about
        .get("from ".len().."from ".len() + client.len() + 1)
        .unwrap_or(about)
}

/// Reads what people cut out of a log: a refusal, the fields from `to=` on, or the tail with `said:`.
fn cut_out(text: &str, queued: bool) -> Option<Record<'_>> {
    if let Some(record) = text.strip_prefix("from=<").and_then(returned) {
        return Some(record);
    }
    let refused = if queued || text.starts_with("reject: ") {
        Some(text)
    } else {
        find(text, ": reject: ")
            .filter(|at| !text.get(..*at).is_some_and(speaks))
            .and_then(|at| text.get(at + 2..))
    };
    if let Some(record) = refused.and_then(refusal) {
        return Some(record);
    }
    if let Some(at) = find(text, "status=")
        // Behind a reply it is the server that plays at being a log.
        && !text.get(..at).is_some_and(speaks)
    {
        // `orig_to=<` is not the recipient.
        let before = text.get(..at)?;
        let mut from = 0;
        while let Some(found) = before.get(from..).and_then(|rest| find(rest, "to=<")) {
            let start = from + found;
            let letter = start
                .checked_sub(1)
                .and_then(|place| before.as_bytes().get(place))
                .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
            if !letter {
                let mut record = delivery(text.get(start..)?)?;
                if let Some((head, _)) = cut_last(before.get(..start)?.trim_end(), ":") {
                    let word = head.rsplit([' ', '\t']).next().unwrap_or(head);
                    record.queue_id = Some(word)
                        .filter(|word| {
                            queue_id(text.get(head.len() - word.len()..).unwrap_or(""))
                                .0
                                .is_some()
                        })
                        .map(Into::into);
                }
                return Some(record);
            }
            from = start + 4;
        }
        // `relay=..., dsn=..., status=bounced (...)`, cut behind the address.
        let fields = before.starts_with("relay=") || has(before, ", relay=") || at == 0;
        if fields {
            let relay = between(text, "relay=", ",");
            let dsn = between(text, "dsn=", ",")
                .and_then(|code| Enhanced::read(code).map(|(code, _)| code));
            return Some(status_of("", relay, dsn, text.get(at + "status=".len()..)?))
                .filter(|record| record.outcome.is_some());
        }
    }
    tail(text)
}

/// Reads `... host mx[ip] said: 550 ... (in reply to ...)` and its kin without a frame.
fn tail(text: &str) -> Option<Record<'_>> {
    // A reply may quote another server: then it is a reply, and what it quotes is part of it.
    let at = find(text, " said: ").or_else(|| find(text, " refused to talk to me: "));
    if let Some(at) = at.filter(|at| !text.get(..*at).is_some_and(speaks)) {
        let before = text.get(..at)?;
        // The word before `said:` is the host; `host` in front of it is often cut off.
        let host = before.rsplit(' ').next()?.trim_start_matches('(');
        let rest = text.get(at + 1..)?;
        let rest = match rest.strip_suffix(')') {
            Some(inside) if has(before, "(host ") || text.starts_with('(') => inside,
            _ => rest,
        };
        if let Some(said) = answer(host, rest) {
            let mut record = spoken(said);
            // `<bob@example.com>: host ...` of the text that Postfix puts into a bounce mail.
            record.recipient = cut(before, ">: ")
                .and_then(|(address, _)| reply::address(address))
                .map(Into::into);
            return Some(record);
        }
    }
    if let Some(reply) = text
        .strip_prefix("said: ")
        .or_else(|| text.strip_prefix("refused to talk to me: "))
    {
        let (reply, phase) = in_reply_to(reply);
        return Some(spoken(((None, None), reply, phase)));
    }
    if has(text, "(in reply to ") {
        let (reply, phase) = in_reply_to(text);
        return Some(spoken(((None, None), reply.trim_start_matches('('), phase)))
            .filter(|record| !record.reply.is_empty());
    }
    let own = text.starts_with("connect to ")
        || text.starts_with("lost connection with ")
        || text.starts_with("conversation with ")
        || text.starts_with("delivery temporarily suspended: ");
    (own && text.contains('[')).then(|| said(text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::testing::{noise, one};
    use super::super::{FORMATS, Outcome, State, read_line};
    use crate::vocabulary::Phase;

    const HEAD: &str = "Jun  1 10:00:00 mail postfix/smtp[4711]: 4Zx1Yq2Lz7z: ";

    #[test]
    fn a_bounced_line_gives_the_reply_in_brackets() {
        let record = one(FORMATS[0].example);
        assert_eq!(record.reply, "550 5.1.1 <bob@example.com>: User unknown");
        assert_eq!(record.format, "postfix");
        assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        assert_eq!(record.remote_host.as_deref(), Some("mx.example.com"));
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.1"));
        assert_eq!(record.queue_id.as_deref(), Some("4Zx1Yq2Lz7z"));
        assert_eq!(record.time.as_deref(), Some("Jun  1 10:00:00"));
        assert_eq!(record.phase, Some(Phase::Rcpt));
        assert_eq!(record.outcome, Some(Outcome::Bounced));
        assert_eq!(record.dsn.unwrap().to_string(), "5.1.1");
        assert!(!record.own_server);
    }

    #[test]
    fn a_sent_line_gives_the_confirmation() {
        let line = format!(
            "{HEAD}to=<a@example.com>, relay=mx.example.com[192.0.2.1]:25, delay=1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 12AB)"
        );
        let record = one(&line);
        assert_eq!(record.reply, "250 2.0.0 Ok: queued as 12AB");
        assert_eq!(record.outcome, Some(Outcome::Sent));
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.1"));
        let line = "Jun  1 10:00:00 mail postfix/local[1]: 0A1B2C3D4E: to=<a@example.com>, orig_to=<root>, relay=local, delay=1, dsn=2.0.0, status=sent (delivered to mailbox)";
        assert_eq!(one(line).reply, "delivered to mailbox");
        assert_eq!(one(line).remote_host, None);
    }

    #[test]
    fn a_line_of_an_old_version_has_fewer_fields() {
        let line = "Jun  1 10:00:00 mail postfix/smtp[1]: 0A1B2C3D4E: to=<a@example.com>, relay=192.0.2.1[192.0.2.1], delay=4, status=deferred (host 192.0.2.1[192.0.2.1] said: 451 Local Error (in reply to end of DATA command))";
        let record = one(line);
        assert_eq!(record.reply, "451 Local Error");
        assert_eq!(record.phase, Some(Phase::EndOfMessage));
        assert_eq!(record.remote_host, None);
        assert_eq!(record.outcome, Some(Outcome::Deferred));
    }

    #[test]
    fn an_original_address_is_no_field_whatever_it_holds() {
        let line = format!(
            "{HEAD}to=<a@example.com>, orig_to=<\"b, status=sent (250 Ok)\"@example.com>, relay=none, dsn=5.1.1, status=bounced (unknown user)"
        );
        let record = one(&line);
        assert_eq!(record.reply, "unknown user");
        assert_eq!(record.outcome, Some(Outcome::Bounced));
    }

    #[test]
    fn other_tags_and_stamps_are_postfix_too() {
        for tag in [
            "postfix-out/smtp[1]",
            "postfix/relay/smtp[1]",
            "relay-out/smtp[1]",
            "postfix/smtp",
        ] {
            let line = format!(
                "2026-06-01T10:00:00.5+02:00 mail {tag}: 0A1B2C3D4E: to=<a@example.com>, relay=none, delay=1, dsn=4.4.1, status=deferred (connect to mx.example.com[192.0.2.1]:25: Connection refused)"
            );
            let record = one(&line);
            assert_eq!(
                record.reply,
                "connect to mx.example.com[192.0.2.1]:25: Connection refused"
            );
            assert_eq!(record.phase, Some(Phase::Connect));
            assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.1"));
            assert_eq!(record.time.as_deref(), Some("2026-06-01T10:00:00.5+02:00"));
        }
    }

    #[test]
    fn a_suspended_delivery_gives_what_the_server_had_said() {
        let line = format!(
            "{HEAD}to=<a@example.com>, relay=none, dsn=4.7.0, status=deferred (delivery temporarily suspended: host mx.example.com[2001:db8::1] refused to talk to me: 421 4.7.0 later)"
        );
        let record = one(&line);
        assert_eq!(record.reply, "421 4.7.0 later");
        assert_eq!(record.phase, Some(Phase::Connect));
        assert_eq!(record.remote_ip.as_deref(), Some("2001:db8::1"));
    }

    #[test]
    fn own_words_name_host_and_step() {
        let line = format!(
            "{HEAD}to=<a@example.com>, relay=mx.example.com[192.0.2.1]:25, dsn=4.4.2, status=deferred (lost connection with mx.example.com[192.0.2.1] while receiving the initial server greeting)"
        );
        let record = one(&line);
        assert_eq!(record.phase, Some(Phase::Connect));
        assert_eq!(record.remote_host.as_deref(), Some("mx.example.com"));
        let line = format!(
            "{HEAD}to=<a@example.com>, relay=mx.example.com[192.0.2.1]:25, dsn=4.4.2, status=deferred (conversation with mx.example.com[192.0.2.1] timed out while sending RCPT TO)"
        );
        assert_eq!(one(&line).phase, Some(Phase::Rcpt));
        let line = format!(
            "{HEAD}to=<a@example.com>, relay=mx.example.com[192.0.2.1]:587, dsn=4.7.8, status=deferred (SASL authentication failed; server mx.example.com[192.0.2.1] said: 535 5.7.8 bad)"
        );
        assert_eq!(one(&line).reply, "535 5.7.8 bad");
        assert_eq!(one(&line).phase, Some(Phase::Auth));
    }

    #[test]
    fn a_quoted_recipient_may_hold_blanks_brackets_and_fields() {
        let line = format!(
            "{HEAD}to=<\"a b>, status=sent (250 ok)\"@example.com>, relay=mx.example.com[192.0.2.1]:25, dsn=5.1.1, status=bounced (host mx.example.com[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command))"
        );
        let record = one(&line);
        assert_eq!(
            record.recipient.as_deref(),
            Some("\"a b>, status=sent (250 ok)\"@example.com")
        );
        assert_eq!(record.reply, "550 5.1.1 no");
        let line = format!(
            "{HEAD}to=<a b@example.com>, relay=local, dsn=5.1.1, status=bounced (unknown user: \"a b\")"
        );
        assert_eq!(one(&line).recipient.as_deref(), Some("a b@example.com"));
    }

    #[test]
    fn a_reply_that_looks_like_fields_stays_a_reply() {
        let line = format!(
            "{HEAD}to=<a@example.com>, relay=mx.example.com[192.0.2.1]:25, dsn=5.0.0, status=bounced (host mx.example.com[192.0.2.1] said: 550 no, dsn=2.0.0, status=sent (250 ok) (in reply to RCPT TO command))"
        );
        let record = one(&line);
        assert_eq!(record.reply, "550 no, dsn=2.0.0, status=sent (250 ok)");
        assert_eq!(record.outcome, Some(Outcome::Bounced));
    }

    #[test]
    fn a_cut_line_still_gives_its_reply() {
        let record = one(
            "to=<a@example.com>, relay=mx.example.com[192.0.2.1]:25, delay=1, dsn=5.0.0, status=bounced (host mx.example.com[192.0.2.1] said: 550 no such (user",
        );
        assert_eq!(record.reply, "550 no such (user");
        assert_eq!(record.recipient.as_deref(), Some("a@example.com"));
        let record = one(
            "host mx.example.com[192.0.2.1] said: 550 5.7.1 no (in reply to MAIL FROM command)",
        );
        assert_eq!(record.reply, "550 5.7.1 no");
        assert_eq!(record.phase, Some(Phase::Mail));
        let record = one("(host mx.example.com[192.0.2.1] refused to talk to me: 554 no)");
        assert_eq!(record.reply, "554 no");
        assert_eq!(record.phase, Some(Phase::Connect));
        assert_eq!(
            one("said: 550 5.1.1 no (in reply to RCPT TO command))").reply,
            "550 5.1.1 no"
        );
        assert_eq!(
            one("550 5.1.1 no (in reply to RCPT TO command)").phase,
            Some(Phase::Rcpt)
        );
        let record = one(
            "print \"to=<a@example.com>, relay=none, dsn=5.4.4, status=bounced (Host not found)\\n",
        );
        assert_eq!(record.reply, "Host not found");
    }

    #[test]
    fn a_refusal_of_the_own_server_names_the_client() {
        let line = "Jun  1 10:00:00 mail postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[192.0.2.9]:4711: 554 5.7.1 <b@example.org>: Relay access denied; from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<x>";
        let record = one(line);
        assert!(record.own_server);
        assert_eq!(
            record.reply,
            "554 5.7.1 <b@example.org>: Relay access denied"
        );
        assert_eq!(record.recipient.as_deref(), Some("b@example.org"));
        assert_eq!(record.sender.as_deref(), Some("a@example.com"));
        assert_eq!(record.remote_host, None);
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.9"));
        assert_eq!(record.queue_id, None);
        assert_eq!(record.phase, Some(Phase::Rcpt));
    }

    #[test]
    fn postscreen_milters_and_header_checks_refuse_too() {
        let record = one(
            "Jun  1 10:00:00 mail postfix/postscreen[1]: NOQUEUE: reject: RCPT from [2001:db8::9]:4711: 550 5.7.1 Service unavailable; client [2001:db8::9] blocked using bl.example.net; from=<>, to=<b@example.org>, proto=ESMTP, helo=<x>",
        );
        assert_eq!(
            record.reply,
            "550 5.7.1 Service unavailable; client [2001:db8::9] blocked using bl.example.net"
        );
        assert_eq!(record.remote_ip.as_deref(), Some("2001:db8::9"));
        assert_eq!(record.recipient.as_deref(), Some("b@example.org"));
        let record = one(
            "Jun  1 10:00:00 mail postfix/cleanup[1]: 0A1B2C3D4E: milter-reject: END-OF-MESSAGE from c.example.com[192.0.2.9]: 5.7.1 Spam message rejected; from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<x>",
        );
        assert_eq!(record.reply, "5.7.1 Spam message rejected");
        assert_eq!(record.phase, Some(Phase::EndOfMessage));
        let record = one(
            "Jun  1 10:00:00 mail postfix/cleanup[1]: 0A1B2C3D4E: reject: header Subject: hello from me from c.example.com[192.0.2.9]; from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<x>: 5.7.1 not here",
        );
        assert_eq!(record.reply, "5.7.1 not here");
        assert_eq!(record.remote_host.as_deref(), Some("c.example.com"));
    }

    #[test]
    fn an_expired_mail_names_its_sender() {
        let record = one(
            "Jun  1 10:00:00 mail postfix/qmgr[1]: 0A1B2C3D4E: from=<a@example.com>, status=expired, returned to sender",
        );
        assert_eq!(record.reply, "expired, returned to sender");
        assert_eq!(record.outcome, Some(Outcome::Expired));
        assert_eq!(record.sender.as_deref(), Some("a@example.com"));
    }

    #[test]
    fn a_try_of_one_server_is_a_record_without_an_outcome() {
        let line = format!(
            "{HEAD}host mx.example.com[192.0.2.1] said: 450 4.2.0 Greylisted (in reply to RCPT TO command)"
        );
        let record = one(&line);
        assert_eq!(record.reply, "450 4.2.0 Greylisted");
        assert_eq!(record.outcome, None);
    }

    #[test]
    fn lines_without_a_reply_are_noise() {
        for rest in [
            "qmgr[1]: 0A1B2C3D4E: from=<a@example.com>, size=123, nrcpt=1 (queue active)",
            "qmgr[1]: 0A1B2C3D4E: removed",
            "smtpd[1]: connect from unknown[192.0.2.9]",
            "smtpd[1]: lost connection after DATA (0 bytes) from unknown[192.0.2.9]",
            "smtpd[1]: 0A1B2C3D4E: client=unknown[192.0.2.9]",
            "smtpd[1]: NOQUEUE: hold: RCPT from unknown[192.0.2.9]: <b@example.org>: triggers; from=<a@example.com> to=<b@example.org>",
            "smtpd[1]: NOQUEUE: reject_warning: RCPT from unknown[192.0.2.9]: 554 5.7.1 no; from=<a@example.com> to=<b@example.org>",
            "smtpd[1]: warning: 192.0.2.9: hostname x.example.com verification failed",
            "cleanup[1]: 0A1B2C3D4E: message-id=<1@example.com>",
            "cleanup[1]: 0A1B2C3D4E: warning: header Subject: x; from=<a@example.com> to=<b@example.org>",
            "anvil[1]: statistics: max cache size 2 at Jun  1 10:00:00",
            "smtp[1]: connect to mx.example.com[192.0.2.1]:25: Connection timed out",
            "smtp[1]: Untrusted TLS connection established to mx.example.com[192.0.2.1]:25: TLSv1.3",
            "bounce[1]: 0A1B2C3D4E: sender non-delivery notification: 1A1B2C3D4E",
        ] {
            let line = format!("Jun  1 10:00:00 mail postfix/{rest}");
            noise(&line);
        }
    }

    #[test]
    fn no_cut_of_a_line_makes_it_panic() {
        let line = "Jun  1 10:00:00 mail postfix/smtpd[1]: NOQUEUE: reject: RCPT from ünknown[192.0.2.9]: 554 5.7.1 <b@example.org>: Relay; from=<a@example.com> to=<b@example.org>";
        for line in [FORMATS[0].example, line] {
            for (at, _) in line.char_indices() {
                for part in [&line[..at], &line[at..]] {
                    read_line(part, &mut State::default(), &mut |_| {});
                }
            }
        }
    }
}
