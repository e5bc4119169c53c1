//! Time in proportion: every kind of input, and every trick that has made other programs slow, at 1, 4 and 16 times its
//! size. Run by hand, for a busy machine measures wrong:
//!
//! ```sh
//! cargo test --release --test growth -- --ignored --nocapture
//! ```
//!
//! Prints a table of milliseconds and fails where 16 times the bytes take more than 16 times as long, with room for
//! chance. A short run of the same inputs is part of `cargo test`: none may take a minute.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::time::{Duration, Instant};

use whybounce::classifier::Classifier;
use whybounce::record::{self, FORMATS, Record, State, mail};

/// An input of about so many bytes.
type Maker = fn(usize) -> String;

fn repeated(piece: &str, size: usize) -> String {
    piece.repeat(size / piece.len() + 1)
}

fn report(text: &str, fields: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mail.example.com\nSubject: Undelivered\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\n{text}\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mail.example.com\n\n{fields}\n--b--\n"
    )
}

const FIELDS: &str = "Final-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no\n";

/// Inputs read as lines.
const LINES: &[(&str, Maker)] = &[
    ("each kind of log", |size| {
        let lines: Vec<&str> = FORMATS.iter().map(|format| format.example).collect();
        repeated(&(lines.join("\n") + "\n"), size)
    }),
    ("bare replies", |size| {
        repeated("550 5.1.1 <bob@example.com>: User unknown\n", size)
    }),
    ("short lines", |size| repeated("x\n", size)),
    ("empty lines", |size| repeated("\n", size)),
    ("only NUL", |size| repeated("\0", size)),
    ("a reply without end", |size| {
        repeated("550-5.1.1 and so on\n", size)
    }),
    ("one long line", |size| {
        format!("550 5.1.1 {}", repeated("x", size))
    }),
    ("one long reply", |size| {
        format!("550 5.1.1 {}", repeated("User unknown ", size))
    }),
    ("colons and codes", |size| {
        repeated(": 550 ", size) + "connect to "
    }),
    ("colons", |size| {
        format!("550 5.1.1 {}", repeated("a:", size))
    }),
    ("dots", |size| format!("550 5.1.1 {}", repeated("a.", size))),
    ("dots without codes", |size| repeated("a.", size)),
    ("digits and dots", |size| repeated("5.1.1.", size)),
    ("signs", |size| format!("550 5.1.1 {}", repeated("@", size))),
    ("addresses", |size| {
        format!("550 5.1.1 {}", repeated("a@b.example.com,", size))
    }),
    ("apostrophes", |size| {
        format!("550 5.1.1 {}", repeated("a'", size))
    }),
    ("URLs in URLs", |size| {
        format!("550 5.1.1 {}", repeated("http://", size))
    }),
    ("numbers", |size| {
        format!("552 5.3.4 size limit try again {}", repeated("1 ", size))
    }),
    ("one number", |size| {
        format!("552 5.3.4 size limit try again in {}", repeated("1", size))
    }),
    ("brackets", |size| {
        format!("550 5.1.1 {}", repeated("(", size))
    }),
    ("quotes", |size| {
        format!("Server at x returned '{}", repeated("', ", size))
    }),
    ("Python brackets", |size| {
        repeated("(", size) + "(550, b'5.1.1 no')"
    }),
    ("said", |size| repeated("host x[192.0.2.1] said: ", size)),
    ("in reply to", |size| {
        repeated("550 x (in reply to RCPT) ", size)
    }),
    ("smtp;", |size| repeated("smtp;", size) + "550 5.1.1 no"),
    ("statuses", |size| {
        repeated("to=<a@example.com>, status=", size)
    }),
    ("original addresses", |size| {
        format!("{}status=x", repeated("orig_to=<", size))
    }),
    ("commas", |size| {
        format!("to=<a@example.com>{}", repeated(", ", size))
    }),
    ("quoted address", |size| {
        format!("to=<\"{}", repeated("\\\"", size))
    }),
    ("Exim colons", |size| {
        format!(
            "2026-06-01 10:00:00 1abCDe-0001Ab-3C ** a@example.com R=x: SMTP error from remote mail server after RCPT TO: {}",
            repeated("host x: ", size)
        )
    }),
    ("Stalwart fields", |size| {
        format!(
            "2026-06-01T10:00:00Z INFO x (delivery.failed) {}",
            repeated("a = ", size)
        )
    }),
    ("Sendmail recipients", |size| {
        format!(
            "Jun  1 10:00:00 mail sm-mta[1]: 651A0bQx004711: to={}, dsn=5.1.1, stat=User unknown",
            repeated("a@example.com,", size)
        )
    }),
    ("qmail slashes", |size| {
        format!(
            "delivery 12: failure: Remote_host_said:_550_{}",
            repeated("/550_", size)
        )
    }),
    ("CSV header", |size| {
        repeated("type,timeLogged,rcpt,dsnDiag\n", size)
    }),
    ("CSV columns", |size| {
        format!(
            "type,timeLogged,rcpt,dsnDiag\nb,x,{}",
            repeated("\"\",", size)
        )
    }),
    ("CSV recipients", |size| {
        format!(
            "type,timeLogged,rcpt,dsnDiag\nb,x,{},550 5.1.1 no",
            repeated("a@example.com;", size)
        )
    }),
    ("CSV quotes", |size| {
        format!(
            "type,timeLogged,rcpt,dsnDiag\nb,x,\"{}",
            repeated("\"\"", size)
        )
    }),
    ("mailq brackets", |size| {
        format!(
            "4Zx1Yq2Lz7z 1 Mon Jun  1 10:00:00 a@example.com\n(x\n{}",
            repeated("(a\n", size)
        )
    }),
    ("JSON depth", |size| repeated("[", size)),
    ("JSON depth, closed", |size| {
        repeated("[", size / 2) + &repeated("]", size / 2)
    }),
    ("JSON in JSON", |size| {
        format!(
            "{{\"Message\":\"{}\"}}",
            repeated("{\\\"Message\\\":", size)
        )
    }),
    ("JSON events", |size| {
        format!(
            "[{}{{}}]",
            repeated(
                "{\"event\":\"bounce\",\"email\":\"a@example.com\",\"reason\":\"550 no\",\"sg_event_id\":\"1\"},",
                size
            )
        )
    }),
    ("JSON recipients", |size| {
        format!(
            "{{\"notificationType\":\"Bounce\",\"mail\":{{}},\"bounce\":{{\"bouncedRecipients\":[{}{{}}]}}}}",
            repeated("{\"emailAddress\":\"a@example.com\"},", size)
        )
    }),
    ("JSON keys", |size| {
        format!(
            "{{\"event\":\"bounce\",\"email\":\"a@example.com\"{}}}",
            repeated(",\"a\":{\"b\":\"c\"}", size)
        )
    }),
    ("invisible letters", |size| {
        format!("550 5.1.1 {}", repeated("\u{200b}", size))
    }),
    ("wide letters", |size| {
        format!("550 5.1.1 {}", repeated("é", size))
    }),
];

/// Inputs read as mails.
const MAILS: &[(&str, Maker)] = &[
    ("report, long text", |size| {
        report(&repeated("Sorry, it failed.\n", size), FIELDS)
    }),
    ("report, one line", |size| {
        report(&repeated("Sorry ", size), FIELDS)
    }),
    ("report, recipients", |size| {
        report("", &repeated(&(FIELDS.to_owned() + "\n"), size))
    }),
    ("report, diagnostic", |size| {
        report(
            "",
            &format!("{FIELDS} {}", repeated("said: smtp;550 returned '", size)),
        )
    }),
    ("report, folded lines", |size| {
        report("", &format!("{FIELDS}{}", repeated(" x\n", size)))
    }),
    ("report, fields", |size| {
        report("", &repeated("X: y\n", size))
    }),
    ("header fields", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\n{}\nfailed\n",
            repeated("X: y\n", size)
        )
    }),
    ("failed recipients", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\nX-Failed-Recipients: {}\n\nfailed\n",
            repeated("a@example.com,", size)
        )
    }),
    ("many failed recipients", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\nX-Failed-Recipients: {}\n\nUser unknown\n",
            (0..size / 16)
                .map(|n| format!("a{n}@example.com"))
                .collect::<Vec<_>>()
                .join(",")
        )
    }),
    ("folded header", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\nSubject: x\n{}\nfailed\n",
            repeated(" y\n", size)
        )
    }),
    ("encoded words", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\nSubject: {}\n\nfailed\n",
            repeated("=?utf-8?B?eA==?= ", size)
        )
    }),
    ("open encoded words", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\nSubject: {}\n\nfailed\n",
            repeated("=?", size)
        )
    }),
    ("addresses in To", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\nTo: {}\n\nfailed\n",
            repeated("<", size)
        )
    }),
    ("parts", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\nContent-Type: multipart/mixed; boundary=b\n\n{}",
            repeated("--b\n\nx\n", size)
        )
    }),
    ("boundaries", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\nContent-Type: multipart/mixed; boundary=-\n\n{}",
            repeated("-", size)
        )
    }),
    ("parts in parts", |size| {
        let mut text = String::from("From: MAILER-DAEMON@a.example.com\n");
        for depth in 0..size / 60 {
            text += &format!("Content-Type: multipart/mixed; boundary=b{depth}\n\n--b{depth}\n");
        }
        text
    }),
    ("one boundary at every depth", |size| {
        repeated("Content-Type: multipart/mixed; boundary=b\n\n--b\n", size)
    }),
    ("mails in mails", |size| {
        repeated(
            "From: MAILER-DAEMON@a.example.com\nContent-Type: message/rfc822\n\n",
            size,
        )
    }),
    ("parameters", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\nContent-Type: multipart/mixed{}\n\nx\n",
            repeated(";a=b", size)
        )
    }),
    ("HTML", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\nContent-Type: text/html\n\n{}",
            repeated("<p>", size)
        )
    }),
    ("open HTML", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\nContent-Type: text/html\n\n{}",
            repeated("<", size)
        )
    }),
    ("HTML entities", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\nContent-Type: text/html\n\n{}",
            repeated("&amp;", size)
        )
    }),
    ("HTML comments", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\nContent-Type: text/html\n\n{}",
            repeated("<!--", size)
        )
    }),
    ("base64", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n{}",
            repeated("NTUwIG5v\n", size)
        )
    }),
    ("quoted-printable", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\nContent-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n{}",
            repeated("=3D=\n", size)
        )
    }),
    ("ISO-2022-JP", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\nContent-Type: text/plain; charset=iso-2022-jp\n\n{}",
            repeated("\x1b$B\x1b(B", size)
        )
    }),
    ("carriage returns", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\n\n{}",
            repeated("\r", size)
        )
    }),
    ("words, addresses", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\nSubject: failed\n\n{}",
            repeated("<bob@example.com>: 550 5.1.1 no\n", size)
        )
    }),
    ("words, many addresses", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\nSubject: failed\n\n{}",
            (0..size / 40)
                .map(|n| format!("<bob{n}@example.com>: 550 5.1.1 no such user\n"))
                .collect::<String>()
        )
    }),
    ("words, replies", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\nSubject: failed\n\n<a@example.com>:\n{}",
            repeated("550-5.1.1 no\n", size)
        )
    }),
    ("words, brackets", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\nSubject: failed\n\n550 5.1.1 {}",
            repeated(")", size)
        )
    }),
    ("words, labels", |size| {
        format!(
            "From: MAILER-DAEMON@a.example.com\nSubject: failed\n\n{}",
            repeated("To: Recipient: ", size)
        )
    }),
];

/// Reads an input, and makes all words of every verdict.
fn read(is_mail: bool, text: &str) -> Duration {
    let mut classifier = Classifier::default();
    let mut judge = |record: Record<'_>| {
        let verdict = classifier.classify(&record);
        let _ = (
            verdict.summary(),
            verdict.fix().count(),
            verdict.evidence(),
            verdict.blocklist(),
            verdict.after_seconds(),
        );
    };
    let begin = Instant::now();
    if is_mail {
        mail::read(text.as_bytes(), &mut judge);
    } else {
        let mut state = State::default();
        for line in text.lines() {
            record::read_line(line, &mut state, &mut |record| judge(record));
        }
        record::finish(&mut state, &mut |record| judge(record));
    }
    begin.elapsed()
}

fn inputs() -> impl Iterator<Item = (bool, &'static str, Maker)> {
    let lines = LINES.iter().map(|(name, make)| (false, *name, *make));
    lines.chain(MAILS.iter().map(|(name, make)| (true, *name, *make)))
}

#[test]
fn no_kind_of_input_takes_minutes() {
    for (is_mail, name, make) in inputs() {
        let took = read(is_mail, &make(1 << 17));
        // 128 KiB in a debug build: the slowest takes some seconds on a busy machine, what is quadratic minutes.
        assert!(took < Duration::from_secs(60), "{name}: {took:?}");
    }
}

#[test]
#[ignore = "measures; run by hand with --release"]
fn time_grows_in_proportion() {
    let mut failures = Vec::new();
    println!(
        "{:28} {:>9} {:>9} {:>9}   milliseconds",
        "", "64 KiB", "256 KiB", "1 MiB"
    );
    for (is_mail, name, make) in inputs() {
        let best = |size| {
            (0..3)
                .map(|_| read(is_mail, &make(size)))
                .min()
                .unwrap()
                .as_secs_f64()
                * 1e3
        };
        let [one, four, sixteen] = [1 << 16, 1 << 18, 1 << 20].map(best);
        println!("{name:28} {one:9.2} {four:9.2} {sixteen:9.2}");
        // Linear is 16 and 4, quadratic 256 and 16; what takes a few milliseconds is decided by chance.
        if sixteen > 20.0 && (sixteen > 64.0 * one || sixteen > 10.0 * four) {
            failures.push(name);
        }
    }
    assert!(failures.is_empty(), "more than in proportion: {failures:?}");
}
