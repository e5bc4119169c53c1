//! Protocol logs of mail servers on Windows: hMailServer, MDaemon, MailEnable and the SMTP service of IIS. They hold whole
//! dialogues, of which only the refusals are records.

use std::borrow::Cow;

use super::dialogue::{Asked, recipient};
use super::line::{Line, code, cut, has, ip};
use super::{Give, Record, Seen, State};

/// Reads a line of any of them.
pub fn read<'a>(line: &Line<'a>, state: &mut State, give: Give<'_, 'a>) -> Seen {
    let text = line.whole;
    if text.starts_with('"') {
        return hmailserver(text, &mut state.asked, give);
    }
    if is_mdaemon(line) {
        return mdaemon(line, &mut state.asked, give);
    }
    if !line.program.is_empty() {
        return Seen::NotMine;
    }
    if let Some((before, rest)) = cut(text, "OutboundConnection") {
        return iis(before, rest, line, &mut state.asked, give);
    }
    if has(text, "\tSMTP-OU\t") || has(text, "\tSMTP-IN\t") {
        return mailenable(text, give);
    }
    Seen::NotMine
}

/// Whether a reply is a refusal.
fn refuses(words: &str) -> bool {
    code(words).is_some_and(|code| code >= 400)
}

/// `"SMTPC" thread session "stamp" "ip" "RECEIVED: 550 ..."`, with tabs; SMTPC is the client, SMTPD the own server.
fn hmailserver<'a>(text: &'a str, asked: &mut Asked, give: Give<'_, 'a>) -> Seen {
    let mut fields = text.split('\t').map(|field| field.trim_matches('"'));
    let kind = fields.next().unwrap_or("");
    if matches!(
        kind,
        "APPLICATION" | "DEBUG" | "TCPIP" | "POP3D" | "POP3C" | "IMAPD"
    ) {
        return Seen::Noise;
    }
    let session = fields.nth(1).unwrap_or("");
    let (Some(time), Some(address), Some(words)) = (fields.next(), fields.next(), fields.next())
    else {
        return Seen::NotMine;
    };
    let (side, words) = words.split_once(": ").unwrap_or(("", words));
    let (own_server, is_reply) = match (kind, side) {
        ("SMTPC", "RECEIVED") => (false, true),
        ("SMTPD", "SENT") => (true, true),
        ("SMTPC", "SENT") | ("SMTPD", "RECEIVED") => (false, false),
        ("SMTPC" | "SMTPD", _) => return Seen::Noise,
        _ => return Seen::NotMine,
    };
    if !is_reply {
        asked.command(session, words);
        return Seen::Noise;
    }
    let recipient = asked.reply(session, words);
    if !refuses(words) {
        return Seen::Noise;
    }
    give(Record {
        format: "hmailserver",
        reply: if words.contains("[nl]") {
            Cow::Owned(words.replace("[nl]", " ").trim().to_owned())
        } else {
            words.into()
        },
        recipient,
        remote_ip: ip(address).map(Into::into),
        time: Some(time.into()),
        own_server,
        ..Record::default()
    });
    Seen::Records
}

/// Whether the stamp is `Mon 2026-06-01 10:00:00: `, which nobody else writes.
fn is_mdaemon(line: &Line<'_>) -> bool {
    line.time.is_some_and(|time| {
        time.starts_with(|letter: char| letter.is_ascii_digit())
            && line.whole.get(4..4 + time.len()) == Some(time)
            && line
                .whole
                .get(4 + time.len()..)
                .is_some_and(|rest| rest.starts_with(':'))
    })
}

/// `Mon 2026-06-01 10:00:00.123: 02: [12:1] <-- 550 ...`; older versions have neither level nor session.
fn mdaemon<'a>(line: &Line<'a>, asked: &mut Asked, give: Give<'_, 'a>) -> Seen {
    let text = line.message;
    let text = match text.split_once(": [") {
        Some((level, _)) if level.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.get(level.len() + 2..).unwrap_or("")
        }
        _ => text,
    };
    let (session, text) = text
        .strip_prefix('[')
        .and_then(|text| text.split_once("] "))
        .unwrap_or(("", text));
    let (words, own_server) = match (text.strip_prefix("<-- "), text.strip_prefix("--> ")) {
        (Some(words), _) => (words, false),
        (None, Some(words)) => (words, true),
        _ => return Seen::Noise,
    };
    if code(words).is_none() {
        asked.command(session, words);
        return Seen::Noise;
    }
    let recipient = asked.reply(session, words);
    if !refuses(words) {
        return Seen::Noise;
    }
    give(Record {
        format: "mdaemon",
        reply: words.into(),
        recipient,
        time: line.time.map(Into::into),
        own_server,
        ..Record::default()
    });
    Seen::Records
}

/// `06/01/26 10:00:00 SMTP-OU FILE SOCKET IP RCPT RCPT TO:<bob@example.com> 550 ... 40 35`, with tabs; what the own server
/// said is under SMTP-IN.
fn mailenable<'a>(text: &'a str, give: Give<'_, 'a>) -> Seen {
    let fields: Vec<&str> = text.split('\t').collect();
    let [time, kind, _, _, address, _, command, words, ..] = fields.as_slice() else {
        return Seen::Noise;
    };
    if !refuses(words) {
        return Seen::Noise;
    }
    give(Record {
        format: "mailenable",
        reply: (*words).into(),
        recipient: recipient(command).map(Into::into),
        remote_ip: ip(address).map(Into::into),
        time: Some((*time).into()),
        own_server: *kind == "SMTP-IN",
        ..Record::default()
    });
    Seen::Records
}

/// `2026-06-01 10:00:00 192.0.2.1 OutboundConnectionResponse SMTPSVC1 HOST - 25 - - 550+5.7.60+... 0 0`: the SMTP service
/// writes `+` for a blank. Commands stand on lines of their own: `OutboundConnectionCommand ... RCPT - TO:<bob@example.com>`.
fn iis<'a>(
    before: &'a str,
    rest: &'a str,
    line: &Line<'a>,
    asked: &mut Asked,
    give: Give<'_, 'a>,
) -> Seen {
    let address = before.split(' ').find_map(ip);
    let session = address.unwrap_or("");
    if rest.starts_with("Command") {
        let mut words = rest.split(' ').skip(5);
        if let (Some(verb), Some(argument)) = (words.next(), words.nth(1)) {
            asked.command(session, &format!("{verb} {argument}"));
        }
        return Seen::Noise;
    }
    let Some(words) = rest.split(' ').find(|word| {
        word.len() > 3
            && matches!(word.as_bytes().get(3), Some(b'+' | b'-'))
            && code(word).is_some()
    }) else {
        return Seen::Noise;
    };
    let recipient = asked.reply(session, words);
    if !refuses(words) {
        return Seen::Noise;
    }
    give(Record {
        format: "iis",
        reply: Cow::Owned(words.replace('+', " ")),
        recipient,
        remote_ip: address.map(Into::into),
        time: line.time.map(Into::into),
        ..Record::default()
    });
    Seen::Records
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::testing::{all, noise, one};

    #[test]
    fn hmailserver_shows_what_it_received() {
        let record = one(
            "\"SMTPC\"\t4711\t12\t\"2026-06-01 10:00:00.123\"\t\"192.0.2.1\"\t\"RECEIVED: 550-5.1.1 a[nl]550 5.1.1 b\"",
        );
        assert_eq!(
            (record.format, record.reply.as_ref()),
            ("hmailserver", "550-5.1.1 a 550 5.1.1 b")
        );
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.1"));
        assert!(!record.own_server);
        noise(
            "\"SMTPC\"\t4711\t12\t\"2026-06-01 10:00:00.123\"\t\"192.0.2.1\"\t\"RECEIVED: 250 OK\"",
        );
        noise(
            "\"SMTPC\"\t4711\t12\t\"2026-06-01 10:00:00.123\"\t\"192.0.2.1\"\t\"SENT: RCPT TO:<bob@example.com>\"",
        );
    }

    #[test]
    fn the_recipient_stands_in_the_command_that_was_refused() {
        let hmail = |words: &str| {
            format!(
                "\"SMTPC\"\t4711\t12\t\"2026-06-01 10:00:00.123\"\t\"192.0.2.1\"\t\"{words}\"\n"
            )
        };
        let mdaemon = |words: &str| format!("Mon 2026-06-01 10:00:00.123: 02: [12:1] {words}\n");
        let iis = |words: &str| {
            format!(
                "2026-06-01 10:00:00 192.0.2.1 OutboundConnection{words} 0 0 4 0 1 SMTP - - - -\n"
            )
        };
        for text in [
            hmail("SENT: RCPT TO:<bob@example.com>") + &hmail("RECEIVED: 550 5.1.1 no"),
            mdaemon("--> RCPT To:<bob@example.com>") + &mdaemon("<-- 550 5.1.1 no"),
            iis("Command SMTPSVC1 MAIL - 25 RCPT - TO:<bob@example.com>")
                + &iis("Response SMTPSVC1 MAIL - 25 - - 550+5.1.1+no"),
        ] {
            let records = all(&text);
            assert_eq!(records.len(), 1, "{text}");
            assert_eq!(records[0].reply, "550 5.1.1 no");
            assert_eq!(
                records[0].recipient.as_deref(),
                Some("bob@example.com"),
                "{text}"
            );
        }
    }

    #[test]
    fn mdaemon_shows_both_sides_with_arrows() {
        let text = "Mon 2026-06-01 10:00:00: <-- RCPT To:<bob@example.org>\nMon 2026-06-01 10:00:00: --> 550 5.1.1 no\n";
        let records = all(text);
        assert_eq!(records.len(), 1);
        let record = &records[0];
        assert_eq!((record.format, record.own_server), ("mdaemon", true));
        assert_eq!(record.recipient.as_deref(), Some("bob@example.org"));
        assert_eq!(record.time.as_deref(), Some("2026-06-01 10:00:00"));
        noise("Mon 2026-06-01 10:00:00: Subject: 550 5.1.1 no");
        noise("Mon 2026-06-01 10:00:00: Attempting SMTP connection to [192.0.2.1:25]");
        noise("Mon 2026-06-01 10:00:00: <-- 250 2.1.0 Ok");
    }

    #[test]
    fn mailenable_has_command_and_reply_on_a_line() {
        let line = |kind, reply| {
            format!(
                "06/01/26 10:00:00\t{kind}\t0A1B.MAI\t4711\t192.0.2.1\tRCPT\tRCPT TO:<bob@example.com>\t{reply}\t40\t35\t"
            )
        };
        let refused = line("SMTP-OU", "550 5.1.1 no");
        let record = one(&refused);
        assert_eq!(
            (record.format, record.reply.as_ref()),
            ("mailenable", "550 5.1.1 no")
        );
        assert_eq!(record.recipient.as_deref(), Some("bob@example.com"));
        assert!(!record.own_server);
        assert!(one(&line("SMTP-IN", "550 no")).own_server);
        noise(&line("SMTP-OU", "250 2.1.5 Ok"));
    }

    #[test]
    fn iis_writes_a_plus_for_a_blank() {
        let record = one(
            "2026-06-01 10:00:00 192.0.2.1 OutboundConnectionResponse SMTPSVC1 MAIL - 25 - - 550+5.7.60+SMTP;+Client+does+not+have+permissions 0 0 71 0 1 SMTP - - - -",
        );
        assert_eq!(
            (record.format, record.reply.as_ref()),
            ("iis", "550 5.7.60 SMTP; Client does not have permissions")
        );
        assert_eq!(record.remote_ip.as_deref(), Some("192.0.2.1"));
    }
}
