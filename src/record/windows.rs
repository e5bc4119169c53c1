//! Protocol logs of mail servers on Windows: hMailServer and the SMTP service of IIS. They hold whole dialogues, of which
//! only the refusals are records.

use std::borrow::Cow;

use super::line::{Line, code, cut, ip};
use super::{Give, Record, Seen, State};

/// Reads a line of either.
pub fn read<'a>(line: &Line<'a>, _state: &mut State, give: Give<'_, 'a>) -> Seen {
    if !line.program.is_empty() {
        return Seen::NotMine;
    }
    let text = line.whole;
    if text.starts_with("\"SMTP") {
        hmailserver(text, give)
    } else if let Some((before, rest)) = cut(text, "OutboundConnectionResponse") {
        iis(before, rest, line, give)
    } else {
        Seen::NotMine
    }
}

/// `"SMTPC" thread session "stamp" "ip" "RECEIVED: 550 ..."`, with tabs; SMTPC is the client, SMTPD the own server.
fn hmailserver<'a>(text: &'a str, give: Give<'_, 'a>) -> Seen {
    let mut fields = text.split('\t').map(|field| field.trim_matches('"'));
    let kind = fields.next().unwrap_or("");
    let mut fields = fields.skip(2);
    let (Some(time), Some(address), Some(words)) = (fields.next(), fields.next(), fields.next())
    else {
        return Seen::NotMine;
    };
    let (words, own_server) = match (kind, words.split_once(": ")) {
        ("SMTPC", Some(("RECEIVED", words))) => (words, false),
        ("SMTPD", Some(("SENT", words))) => (words, true),
        _ => return Seen::Noise,
    };
    if code(words).is_none_or(|code| code < 400) {
        return Seen::Noise;
    }
    give(Record {
        format: "hmailserver",
        reply: if words.contains("[nl]") {
            Cow::Owned(words.replace("[nl]", " ").trim().to_owned())
        } else {
            words.into()
        },
        remote_ip: ip(address).map(Into::into),
        time: Some(time.into()),
        own_server,
        ..Record::default()
    });
    Seen::Records
}

/// `2026-06-01 10:00:00 192.0.2.1 OutboundConnectionResponse SMTPSVC1 HOST - 25 - - 550+5.7.60+... 0 0`: the SMTP service
/// writes `+` for a blank.
fn iis<'a>(before: &'a str, rest: &'a str, line: &Line<'a>, give: Give<'_, 'a>) -> Seen {
    let Some(words) = rest.split(' ').find(|word| {
        word.len() > 3
            && matches!(word.as_bytes().get(3), Some(b'+' | b'-'))
            && code(word).is_some()
    }) else {
        return Seen::Noise;
    };
    if code(words).is_none_or(|code| code < 400) {
        return Seen::Noise;
    }
    give(Record {
        format: "iis",
        reply: Cow::Owned(words.replace('+', " ")),
        remote_ip: before.split(' ').find_map(ip).map(Into::into),
        time: line.time.map(Into::into),
        ..Record::default()
    });
    Seen::Records
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::testing::{noise, one};

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
