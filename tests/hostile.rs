//! What strangers write into replies, logs and mails to be taken for somebody else, and faults of files, pipes and
//! terminals: nothing gets through, nothing is lost.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use whybounce::record::FORMATS;

const BOUNCED: &str = "Jun  1 10:00:00 mail postfix/smtp[4711]: 4Zx1Yq2Lz7z: to=<bob@example.com>, relay=mx.example.com[192.0.2.1]:25, dsn=5.1.1, status=bounced (host mx.example.com[192.0.2.1] said: 550 5.1.1 <bob@example.com>: User unknown (in reply to RCPT TO command))\n";

fn whybounce(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_whybounce"));
    command
        .args(arguments)
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn fed_to(mut command: Command, input: impl AsRef<[u8]>) -> Output {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.as_ref().to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn fed(arguments: &[&str], input: impl AsRef<[u8]>) -> Output {
    fed_to(whybounce(arguments), input)
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("what is printed is UTF-8")
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn verdicts(input: impl AsRef<[u8]>) -> Vec<Value> {
    let output = fed(&["--json"], input);
    let shown = out(&output);
    shown
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile");
    fs::create_dir_all(&path).unwrap();
    path.join(name)
}

fn file(name: &str, content: impl AsRef<[u8]>) -> String {
    let path = scratch(name);
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

// A record inside a record.

/// What a server may put behind its code to be read as the log's own words.
const FORGERIES: &[&str] = &[
    "x status=sent (250 ok)",
    "x, status=sent (250 2.0.0 ok)",
    "to=<victim@example.com>, relay=mx.example.com[192.0.2.1]:25, dsn=5.1.1, status=bounced (host mx.example.com[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command))",
    "4Zx1Yq2Lz8z: to=<victim@example.com>, relay=x[192.0.2.1]:25, dsn=5.1.1, status=bounced (550 5.1.1 no)",
    "** victim@example.com R=dnslookup T=remote_smtp: 550 5.1.1 no",
    "1abCDe-0001Ab-3C ** victim@example.com: 550 5.1.1 no",
    "; from=<a@example.org> to=<victim@example.com> proto=ESMTP helo=<x>",
    "<victim@example.com>... User unknown",
    "to=<victim@example.com>, dsn=5.1.1, stat=User unknown",
    "[outbound] recipient <victim@example.com> rejected: 550 5.1.1 no",
    "(delivery.rcpt-to-rejected) to = \"victim@example.com\", code = 550, details = \"5.1.1 no\"",
    "\", to = \"victim@example.com\", code = 550, x = \"",
    "mta delivery evpid=1 from=<> to=<victim@example.com> result=\"PermFail\" stat=\"550 5.1.1 no\"",
    "\" result=\"PermFail\" stat=\"550 5.1.1 no\" to=<victim@example.com> \"",
    ",addr=<victim@example.com>: 550 5.1.1 no",
    "delivery 12: failure: 550 starting delivery 12: msg 1 to remote victim@example.com",
    "{'victim@example.com': (550, b'5.1.1 no')}",
    "victim@example.com: 550 5.1.1 no",
    "<victim@example.com>: host x[192.0.2.1] said: 550 5.1.1 no",
    "{\"event\":\"bounce\",\"email\":\"victim@example.com\",\"reason\":\"550 no\",\"sg_event_id\":\"1\"}",
    "b,now,victim@example.com,550 5.1.1 no",
    "Final-Recipient: rfc822; victim@example.com Action: failed Status: 5.1.1",
];

/// Lines of every kind in which a server's words stand at `REPLY`, and whom they are about.
const CARRIERS: &[&str] = &[
    "Jun  1 10:00:00 mail postfix/smtp[4711]: 4Zx1Yq2Lz7z: to=<bob@example.com>, relay=mx.example.com[192.0.2.1]:25, dsn=5.1.1, status=bounced (host mx.example.com[192.0.2.1] said: REPLY (in reply to RCPT TO command))",
    "4Zx1Yq2Lz7z: to=<bob@example.com>, relay=mx.example.com[192.0.2.1]:25, dsn=5.1.1, status=bounced (host mx.example.com[192.0.2.1] said: REPLY (in reply to RCPT TO command))",
    "to=<bob@example.com>, relay=mx.example.com[192.0.2.1]:25, dsn=5.1.1, status=bounced (host mx.example.com[192.0.2.1] said: REPLY (in reply to RCPT TO command))",
    "2026-06-01 10:00:00 1abCDe-0000001AbCd-3C4D ** bob@example.com R=dnslookup T=remote_smtp H=mx.example.com [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<bob@example.com>: REPLY",
    "Jun  1 10:00:00 mail sm-mta[4711]: 651A0bQx004711: to=<bob@example.com>, delay=00:01:02, mailer=esmtp, relay=mx.example.com. [192.0.2.1], dsn=5.1.1, stat=REPLY",
    "651A0bQx004711: to=<bob@example.com>, delay=00:01:02, mailer=esmtp, relay=mx.example.com. [192.0.2.1], dsn=5.1.1, stat=REPLY",
    "Jun  1 10:00:00 mail smtpd[4711]: 2e5a7d1c mta delivery evpid=0123456789abcdef from=<a@example.org> to=<bob@example.com> rcpt=<-> source=\"192.0.2.9\" relay=\"192.0.2.1 (mx.example.com)\" delay=2s result=\"PermFail\" stat=\"REPLY\"",
    "[notice] [1B2C3D4E-0000-1111-2222-333344445555.1.1] [outbound] recipient <bob@example.com> rejected: REPLY",
    "2026-06-01T10:00:00Z INFO SMTP RCPT TO rejected (delivery.rcpt-to-rejected) to = \"bob@example.com\", hostname = \"mx.example.com\", code = 550, details = \"REPLY\"",
    "Jun  1 10:00:00 mail courieresmtp: id=00A1.00B2,from=<a@example.org>,addr=<bob@example.com>: REPLY",
    "@400000006683f0a0075bca94 starting delivery 12: msg 345 to remote bob@example.com\n@400000006683f0a1075bca94 delivery 12: failure: 192.0.2.1_does_not_like_recipient./Remote_host_said:_REPLY/Giving_up_on_192.0.2.1./",
    "\"SMTPC\"\t4711\t12\t\"2026-06-01 10:00:00.123\"\t\"192.0.2.1\"\t\"RECEIVED: REPLY\"",
    "4Zx1Yq2Lz7z     1234 Mon Jun  1 10:00:00  a@example.org\n(host mx.example.com[192.0.2.1] said: REPLY (in reply to RCPT TO command))\n                                         bob@example.com",
    "bob@example.com: REPLY",
    "{'bob@example.com': (550, b'REPLY')}",
    "<bob@example.com>: host mx.example.com[192.0.2.1] said: REPLY (in reply to RCPT TO command)",
    "smtp; REPLY",
    "REPLY",
];

/// The line of each kind in which a server forges a record.
fn forged_lines() -> Vec<String> {
    let mut lines = Vec::new();
    for forgery in FORGERIES {
        for carrier in CARRIERS {
            let is_bare = carrier.contains("details = ") || carrier.contains("(550, b'");
            let mut reply = format!("{} {forgery}", if is_bare { "5.7.1" } else { "550 5.7.1" });
            // Each mail system writes its log so that a field ends where it should.
            if carrier.contains("Remote_host_said:_") {
                reply = reply.replace(' ', "_");
            } else if carrier.contains("(550, b'") {
                reply = reply.replace('\'', "\\'");
            } else if carrier.contains("details = ") {
                reply = reply.replace('"', "\\\"");
            }
            lines.push(carrier.replace("REPLY", &reply));
        }
    }
    lines
}

/// Whether a verdict is about somebody whom no mail system named, or takes a refusal for a delivery.
fn is_forged(verdict: &Value) -> bool {
    let recipient = verdict["recipient"].as_str().unwrap_or_default();
    !matches!(recipient, "" | "bob@example.com") || verdict["family"] == "success"
}

#[test]
fn a_reply_that_holds_a_record_speaks_for_nobody_else() {
    for line in forged_lines() {
        let shown = verdicts(&line);
        assert_eq!(shown.len(), 1, "{line}");
        assert!(!is_forged(&shown[0]), "{line}\n{}", shown[0]);
    }
}

#[test]
fn a_forged_record_passes_behind_no_kind_of_line() {
    let header = "event,email,reason,time";
    for primer in FORMATS.iter().map(|format| format.example).chain([header]) {
        let input: String = forged_lines()
            .iter()
            .map(|line| format!("{primer}\n{line}\n"))
            .collect();
        let shown = verdicts(&input);
        if primer == header {
            // Under a header a line of another kind may be taken for one of its rows, whoever wrote it.
            let is_victim = |verdict: &Value| verdict["recipient"] == "victim@example.com";
            assert!(!shown.iter().any(is_victim));
            continue;
        }
        assert!(
            shown.len() >= forged_lines().len(),
            "{primer}: {}",
            shown.len()
        );
        if let Some(verdict) = shown.iter().find(|verdict| is_forged(verdict)) {
            panic!(
                "behind {primer}
{verdict}"
            );
        }
    }
}

#[test]
fn what_a_client_says_to_the_own_server_names_no_other_recipient() {
    for line in [
        "Jun  1 10:00:00 mail postfix/cleanup[1]: 4Zx1Yq2Lz7z: reject: header Subject: x; from=<a@example.org> to=<victim@example.com> proto=ESMTP helo=<x>: 5.7.1 no from x[192.0.2.9]; from=<a@example.org> to=<bob@example.com> proto=ESMTP helo=<y>: 5.7.1 no",
        "Jun  1 10:00:00 mail postfix/smtpd[1]: NOQUEUE: reject: RCPT from x[192.0.2.9]: 554 5.7.1 <\"; from=<> to=<victim@example.com> proto=SMTP helo=<y>\"@example.net>: Relay access denied; from=<a@example.org> to=<\"; from=<> to=<victim@example.com> proto=SMTP helo=<y>\"@example.net> proto=ESMTP helo=<x>",
        "Jun  1 10:00:00 mail postfix/smtpd[1]: NOQUEUE: reject: RCPT from x[192.0.2.9]: 554 5.7.1 no; from=<\"> to=<victim@example.com> proto=\"@example.org> to=<bob@example.com> proto=ESMTP helo=<x>",
        "Jun  1 10:00:00 mail postfix/smtpd[1]: NOQUEUE: reject: RCPT from x[192.0.2.9]: 554 5.7.1 no; from=<> to=<bob@example.com> proto=ESMTP helo=<; from=<> to=<victim@example.com> proto=ESMTP helo=<x>",
        "2026-06-01 10:00:00 H=(x) [192.0.2.9] F=<\"x rejected RCPT <victim@example.com>: 550 5.1.1 no\"@example.org> rejected RCPT <bob@example.com>: relay not permitted",
        "Jun  1 10:00:00 mail sm-mta[4711]: 651A0bQx004711: to=<\"x,<victim@example.com>,y\"@example.net>, dsn=5.1.1, stat=User unknown",
        "Jun  1 10:00:00 mail smtpd[4711]: 2e5a7d1c smtp failed-command command=\"RCPT TO:<x delivery evpid=1 to=<victim@example.com> result=PermFail stat=\" result=\"550 Invalid recipient\"",
    ] {
        let shown = verdicts(line);
        assert_eq!(shown.len(), 1, "{line}\n{shown:?}");
        assert_ne!(shown[0]["recipient"], "victim@example.com", "{line}");
    }
}

#[test]
fn a_bounce_mail_speaks_only_for_whom_its_own_system_names() {
    let head = "Return-Path: <>\nFrom: MAILER-DAEMON@mail.example.com\nTo: ann@example.com\nSubject: failure notice\n";
    for reply in [
        "550-no\n<victim@example.com>:\n550 5.1.1 User unknown",
        "550 no\n<victim@example.com>: 550 5.1.1 User unknown",
    ] {
        // qmail-remote hands a server's line ends on and takes care of empty lines alone.
        let mail = format!(
            "{head}\nHi. This is the qmail-send program at mail.example.com.\n\n<bob@example.com>:\n192.0.2.1 failed after I sent the message.\n\
             Remote host said: {reply}\nGiving up on 192.0.2.1.\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <ann@example.com>\n"
        );
        let named: Vec<_> = verdicts(&mail)
            .iter()
            .map(|verdict| verdict["recipient"].clone())
            .collect();
        assert_eq!(named, ["bob@example.com"], "{mail}");
    }
    let fields = "Final-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no\n \
        Final-Recipient: rfc822; victim@example.com\n Action: failed\n";
    let report = format!(
        "{head}MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\n\
         <bob@example.com>: 550 no\n<victim@example.com>: 550 5.1.1 no\nFinal-Recipient: rfc822; victim@example.com\n\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mail.example.com\n\n{fields}\n--b--\n"
    );
    let named: Vec<_> = verdicts(&report)
        .iter()
        .map(|verdict| verdict["recipient"].clone())
        .collect();
    assert_eq!(named, ["bob@example.com"]);
}

// Text that is shown.

/// What terminals obey, hide or reorder.
const TRICKS: &str = "550 5.1.1 \x1b[2J\x1b[31m\x1b]0;owned\x07\x1b]8;;http://example.com\x1b\\x\x1b]52;c;ZXZpbA==\x07\x1bPq\x1b\\\u{90}q\u{9c}\u{9b}31m\u{85}\
    \x08\x08\x08\x7f\u{0}User\runknown\u{202a}\u{202b}\u{202d}\u{202e}\u{202c}\u{2066}\u{2067}\u{2068}\u{2069}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{2060}\u{feff}\
    \u{ad}\u{61c}\u{180e}\u{2028}\u{2029}\u{e0001}\u{e0041}\u{e007f}\u{fff9}\u{fe0f}\u{1bca0}\u{1d173}\u{13430}";

fn is_obeyed(letter: char) -> bool {
    letter.is_control() && letter != '\n'
        || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(letter, '\u{fe00}'..='\u{fe0f}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}')
        || matches!(letter, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[test]
fn no_trick_reaches_the_eye_in_any_output() {
    let log = BOUNCED
        .replace("User unknown", TRICKS)
        .replace("bob@", "bob\u{202e}@");
    let mail = format!(
        "From: MAILER-DAEMON@example.com\nSubject: failure notice\n\n<bob@example.com>:\n{}\n",
        TRICKS.replace(['\n', '\r'], " ")
    );
    for input in [TRICKS, &log, &mail] {
        for arguments in [
            &["--json"][..],
            &["--format", "csv"],
            &["--details"],
            &[],
            &["--summary"],
            &["--summary", "--json"],
            &["--summary", "--format", "html"],
            &["--redact", "--details"],
        ] {
            let shown = out(&fed(arguments, input));
            assert!(!shown.is_empty(), "{arguments:?}");
            assert!(!shown.contains(is_obeyed), "{arguments:?}: {shown:?}");
        }
        let shown = out(&fed(&["--format", "tsv"], input));
        assert!(
            !shown.contains(|letter| letter != '\t' && is_obeyed(letter)),
            "{shown:?}"
        );
    }
    // A stranger names neither the file nor what an error says of it.
    let name = scratch("a\x1b[2J\u{202e}b");
    let output = whybounce(&["-f", name.to_str().unwrap()]).output().unwrap();
    assert!(!err(&output).contains(is_obeyed), "{:?}", err(&output));
}

#[test]
fn digits_of_other_scripts_are_no_code() {
    for text in [
        "５５０ ５.１.１ User unknown",
        "٥٥٠ 5٫1٫1 User unknown",
        "𝟓𝟓𝟎 User unknown",
        "5\u{200b}50 User unknown",
    ] {
        let shown = verdicts(text);
        assert!(!shown.is_empty(), "{text}");
        for verdict in shown {
            assert_eq!(verdict["code"], Value::Null, "{text}: {verdict}");
        }
    }
}

#[test]
fn every_byte_value_and_nothing_but_nul_are_read() {
    let every: Vec<u8> = (0..=255).collect();
    for input in [
        every.repeat(50),
        vec![0; 1 << 16],
        [&every[..], BOUNCED.as_bytes()].concat(),
    ] {
        for arguments in [
            &["--json"][..],
            &["--details"],
            &["--from", "dsn"],
            &["--from", "json"],
            &["--from", "csv"],
        ] {
            let output = fed(arguments, &input);
            assert!(
                matches!(output.status.code(), Some(0 | 1)),
                "{arguments:?}: {}",
                err(&output)
            );
        }
    }
}

// Bombs.

#[test]
fn no_bomb_takes_long_or_much() {
    let json = "[".repeat(1 << 20) + "\n" + &"{\"Message\":".repeat(1 << 16) + "\n";
    let mut depth = String::from("From: MAILER-DAEMON@example.com\nSubject: failure\n");
    for level in 0..20_000 {
        depth += &format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n");
    }
    let parts = "From: MAILER-DAEMON@example.com\nSubject: failure\nContent-Type: multipart/mixed; boundary=b\n\n".to_owned()
        + &"--b\nContent-Type: message/rfc822\n\nX: y\n\n".repeat(100_000);
    let fields =
        "From: MAILER-DAEMON@example.com\n".to_owned() + &"X: y\n".repeat(1_000_000) + "\nfailed\n";
    let claims = "From: MAILER-DAEMON@example.com\nSubject: failure\nContent-Length: 10737418240\n\
        Content-Type: message/partial; number=1; total=99999999999\n\n<bob@example.com>: 550 5.1.1 no\n";
    let words = "From: MAILER-DAEMON@example.com\nSubject: ".to_owned()
        + &"=?utf-7?B?K0FEdy0=?= ".repeat(100_000)
        + "\n\nfailed\n";
    for (name, input) in [
        ("JSON", json),
        ("depth", depth),
        ("parts", parts),
        ("fields", fields),
        ("claims", claims.to_owned()),
        ("words", words),
    ] {
        let begin = Instant::now();
        let mut limited = Command::new("sh");
        limited
            .args([
                "-c",
                "ulimit -v 524288; exec \"$0\" --json",
                env!("CARGO_BIN_EXE_whybounce"),
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let output = fed_to(limited, input);
        assert!(
            matches!(output.status.code(), Some(0 | 1)),
            "{name}: {:?} {}",
            output.status,
            err(&output)
        );
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "{name}: {:?}",
            begin.elapsed()
        );
    }
}

/// Many times the same gzip member (RFC 1952 section 2.2).
fn gzip_members(text: &str, times: usize) -> Vec<u8> {
    let mut member = GzEncoder::new(Vec::new(), Compression::best());
    member.write_all(text.as_bytes()).unwrap();
    member.finish().unwrap().repeat(times)
}

/// A zstd frame of that many blocks of 128 KiB of zeros, with a window of 8 MiB (RFC 8878 section 3.1.1).
fn zstd_zeros(blocks: usize) -> Vec<u8> {
    let frame = b"\x28\xb5\x2f\xfd\0\x68";
    let (block, last) = (b"\x02\0\x10\0", b"\x03\0\x10\0");
    [&frame[..], &block.repeat(blocks - 1), last].concat()
}

#[test]
fn a_packed_bomb_takes_time_and_no_memory() {
    let nested = (0..20).fold(BOUNCED.repeat(1000).into_bytes(), |packed, _| {
        let mut again = GzEncoder::new(Vec::new(), Compression::best());
        again.write_all(&packed).unwrap();
        again.finish().unwrap()
    });
    // More than the memory that is allowed, once it is unpacked; and the records in it.
    for (name, packed, records) in [
        ("zeros", gzip_members(&"\0".repeat(1 << 20), 160), 0),
        ("lines", gzip_members(&BOUNCED.repeat(1000), 20), 20_000),
        ("empty members", gzip_members("", 20_000), 0),
        ("members in members", nested, 0),
        ("zstd zeros", zstd_zeros(1280), 0),
        ("zstd frames", zstd_zeros(1).repeat(1280), 0),
    ] {
        let bomb = file("bomb", packed);
        let begin = Instant::now();
        let output = Command::new("sh")
            .args([
                "-c",
                "ulimit -v 131072; exec \"$0\" --json --fields cause -f \"$1\"",
                env!("CARGO_BIN_EXE_whybounce"),
                &bomb,
            ])
            .output()
            .unwrap();
        let took = begin.elapsed();
        assert!(
            matches!(output.status.code(), Some(0 | 1)),
            "{name}: {:?} {}",
            output.status,
            err(&output)
        );
        assert_eq!(out(&output).lines().count(), records, "{name}");
        assert!(took < Duration::from_secs(30), "{name}: {took:?}");
    }
}

#[test]
fn a_line_of_64_mib_is_one_record_in_bounded_memory() {
    let mut child = whybounce(&["--json", "--fields", "line,code"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let piece = vec![b'x'; 1 << 20];
    stdin.write_all(b"550 5.1.1 ").unwrap();
    for _ in 0..64 {
        stdin.write_all(&piece).unwrap();
    }
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    stdin.write_all(b"\n550 5.1.1 no").unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        out(&output),
        "{\"line\":1,\"code\":550}\n{\"line\":2,\"code\":550}\n"
    );
    if let Some(most) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) {
        let kilobytes: u64 = most.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(kilobytes < 64 * 1024, "{most}");
    }
}

// Faults.

#[test]
fn what_cannot_be_read_is_named_and_the_others_are_read() {
    let good = file("good.log", BOUNCED);
    let folder = scratch("folder");
    fs::create_dir_all(&folder).unwrap();
    let missing = scratch("missing.log");
    // Reading one's own memory from its first byte on is an error of reading, not of opening.
    for bad in [
        missing.to_str().unwrap(),
        folder.to_str().unwrap(),
        "/proc/self/mem",
    ] {
        let output = whybounce(&["--json", "-f", &good, "-f", bad, "-f", &good])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{bad}: {}", err(&output));
        assert_eq!(out(&output).lines().count(), 2, "{bad}");
        assert!(err(&output).contains(bad), "{bad}: {}", err(&output));
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_with_a_name_is_read_to_its_end() {
    let pipe = scratch("pipe");
    drop(fs::remove_file(&pipe));
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let child = whybounce(&["--json", "-f", pipe.to_str().unwrap()])
        .spawn()
        .unwrap();
    let mut writer = File::options().write(true).open(&pipe).unwrap();
    for piece in BOUNCED.as_bytes().chunks(100) {
        writer.write_all(piece).unwrap();
    }
    drop(writer);
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), out(&output).lines().count()),
        (Some(0), 1)
    );
}

#[test]
fn a_file_that_grows_or_shrinks_while_it_is_read_is_no_trouble() {
    let path = file("changing.log", BOUNCED.repeat(20_000));
    let mut child = whybounce(&["--json", "-f", &path]).spawn().unwrap();
    let mut first = [0; 1];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    let log = File::options().append(true).open(&path).unwrap();
    (&log).write_all(BOUNCED.as_bytes()).unwrap();
    log.set_len(100).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let shown = String::from_utf8([&first[..], &output.stdout].concat()).unwrap();
    assert!(
        shown
            .lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok())
    );
}

#[cfg(unix)]
fn send(signal: &str, child: &std::process::Child) {
    let sent = Command::new("sh")
        .args(["-c", "kill -\"$0\" \"$1\"", signal, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_run_behind_a_whole_line() {
    use std::os::unix::process::ExitStatusExt;
    let path = file("signal.log", BOUNCED.repeat(100_000));
    for (name, number) in [("INT", 2), ("TERM", 15)] {
        for arguments in [&["--json", "-f", &path][..], &["-f", &path]] {
            let mut child = whybounce(arguments).spawn().unwrap();
            let mut shown = vec![0; 10_000];
            child
                .stdout
                .as_mut()
                .unwrap()
                .read_exact(&mut shown)
                .unwrap();
            send(name, &child);
            let output = child.wait_with_output().unwrap();
            shown.extend(output.stdout);
            assert_eq!(output.status.signal(), Some(number), "{arguments:?}");
            assert!(shown.ends_with(b"\n"), "{arguments:?}");
            let count = shown.iter().filter(|byte| **byte == b'\n').count();
            assert!(
                count < 100_000,
                "{arguments:?}: the run was over before the signal came"
            );
        }
    }
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_program_that_waits() {
    use std::os::unix::process::ExitStatusExt;
    let mut child = whybounce(&["--json"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(BOUNCED.as_bytes()).unwrap();
    let mut first = [0; 1];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    send("INT", &child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(2));
    assert!(output.stdout.ends_with(b"}\n"));
    drop(stdin);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_input_of_a_report() {
    use std::os::unix::process::ExitStatusExt;
    let pipe = scratch("silent");
    drop(fs::remove_file(&pipe));
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    for (name, number) in [("INT", 2), ("TERM", 15)] {
        for source in [None, Some(pipe.to_str().unwrap())] {
            let mut arguments = vec!["--summary", "--json"];
            arguments.extend(source.map(|_| "-f"));
            arguments.extend(source);
            let mut child = whybounce(&arguments).stdin(Stdio::piped()).spawn().unwrap();
            let mut writer: Box<dyn Write> = match source {
                None => Box::new(child.stdin.take().unwrap()),
                Some(path) => Box::new(File::options().write(true).open(path).unwrap()),
            };
            writer.write_all(BOUNCED.as_bytes()).unwrap();
            // It has read that, and waits.
            std::thread::sleep(Duration::from_millis(500));
            // timeout(1) sends two at a time.
            let twice = "kill -\"$0\" \"$1\" \"$1\"";
            let sent = Command::new("sh")
                .args(["-c", twice, name, &child.id().to_string()])
                .status();
            assert!(sent.is_ok());
            let output = child.wait_with_output().unwrap();
            drop(writer);
            assert_eq!(output.status.signal(), Some(number), "{source:?}");
            let report: Value = serde_json::from_str(&out(&output)).unwrap();
            assert_eq!(report["records"], 1, "{source:?}");
        }
    }
}

// The same bytes, whoever asks; and nobody else is asked.

#[test]
fn the_answer_is_the_same_in_every_environment() {
    let input = BOUNCED.repeat(3) + "550 5.7.1 Straße, почта, 受信\n";
    for arguments in [&["--json"][..], &["--details"], &[], &["--format", "csv"]] {
        let plain = out(&fed(arguments, &input));
        for (name, value) in [
            ("TZ", "Pacific/Kiritimati"),
            ("LANG", "tr_TR.UTF-8"),
            ("LC_ALL", "C"),
            ("COLUMNS", "20"),
            ("TERM", "dumb"),
            ("HOME", "/nonexistent"),
        ] {
            let mut command = whybounce(arguments);
            command.env(name, value);
            assert_eq!(
                out(&fed_to(command, &input)),
                plain,
                "{name}={value} {arguments:?}"
            );
        }
        let mut command = whybounce(arguments);
        command.env_clear();
        assert_eq!(
            out(&fed_to(command, &input)),
            plain,
            "no environment, {arguments:?}"
        );
    }
}

#[test]
fn a_redacted_report_still_tells_one_address_from_another() {
    let log: String = ["jane", "joan", "jane"]
        .map(|name| BOUNCED.replace("bob", name))
        .concat();
    let report = |arguments: &[&str]| -> Value {
        serde_json::from_str(&out(&fed(
            &[&["--summary", "--json"], arguments].concat(),
            &log,
        )))
        .unwrap()
    };
    let (plain, hidden) = (report(&[]), report(&["--redact"]));
    assert_eq!(plain["suppress"].as_array().unwrap().len(), 2);
    assert_eq!(
        hidden["suppress"],
        serde_json::json!(["redacted@example.com", "redacted@example.com"])
    );
    assert_eq!(
        plain["causes"][0]["recipients"],
        hidden["causes"][0]["recipients"]
    );
}

#[cfg(target_os = "linux")]
#[test]
fn the_answer_is_the_same_on_one_processor_and_in_any_pieces() {
    let lines: Vec<&str> = FORMATS.iter().map(|format| format.example).collect();
    let log = (lines.join("\n") + "\n550-5.7.1 first\n550 5.7.1 last\n").repeat(1_000);
    let path = file("threads.log", &log);
    for arguments in [&["--json"][..], &["--summary", "--json"]] {
        let with_file = [arguments, &["-f", &path]].concat();
        let usual = out(&whybounce(&with_file).output().unwrap());
        let mut alone = Command::new("taskset");
        alone
            .args(["-c", "0", env!("CARGO_BIN_EXE_whybounce")])
            .args(&with_file);
        // taskset(1) of util-linux may be missing.
        if let Ok(output) = alone.output() {
            assert!(out(&output) == usual, "{arguments:?} on one processor");
        }
        let whole = out(&fed(arguments, &log));
        let mut child = whybounce(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let log = log.clone();
        let writer = std::thread::spawn(move || {
            log.as_bytes()
                .chunks(9_973)
                .try_for_each(|piece| stdin.write_all(piece))
        });
        let pieces = child.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        assert!(out(&pieces) == whole, "{arguments:?} in pieces");
    }
}

#[test]
fn nothing_needs_a_network() {
    // unshare(1) may be missing or forbidden; the list of what the program is built from is looked at anyway.
    let probe = Command::new("unshare").args(["-rn", "true"]).output();
    if probe.is_ok_and(|output| output.status.success()) {
        let mut alone = Command::new("unshare");
        alone.args([
            "-rn",
            env!("CARGO_BIN_EXE_whybounce"),
            "--json",
            "550 5.1.1 User unknown",
        ]);
        let (alone, usual) = (
            alone.output().unwrap(),
            whybounce(&["--json", "550 5.1.1 User unknown"])
                .output()
                .unwrap(),
        );
        assert_eq!((alone.status.code(), out(&alone)), (Some(0), out(&usual)));
    }
    let lock = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).unwrap();
    for name in [
        "tokio",
        "mio",
        "socket2",
        "hyper",
        "reqwest",
        "ureq",
        "curl",
        "rustls",
        "native-tls",
    ] {
        assert!(
            !lock.contains(&format!("name = \"{name}\"\n")),
            "{name} speaks to a network"
        );
    }
}

// Nobody is named.

#[test]
fn a_redacted_answer_names_nobody_in_any_form() {
    let secret = "jane.doe";
    let encoded = "amFuZS5kb2VAZXhhbXBsZS5jb20";
    let said = format!(
        "550 5.1.1 <{secret}@example.com>: no mailbox '{secret}', see https://example.com/u?email={secret}%40example.com&t={encoded} \
         bounce+{secret}=example.com@lists.example.org"
    );
    let log = BOUNCED
        .replace("bob", secret)
        .replace("User unknown", &said);
    let json = format!(
        "{{\"event\":\"bounce\",\"email\":\"{secret}@example.com\",\"reason\":\"{said}\",\"sg_event_id\":\"1\"}}\n"
    );
    let mail = format!(
        "From: MAILER-DAEMON@example.com\nTo: {secret}+list@example.org\nSubject: failure notice\n\
         X-Failed-Recipients: {secret}@example.com\n\n<{secret}@example.com>:\n{said}\n"
    );
    let named = file("jane.doe@example.com.log", &log);
    for form in [
        &["--json"][..],
        &["--details"],
        &[],
        &["--format", "csv"],
        &["--format", "tsv"],
        &[
            "--null",
            "--fields",
            "reply,recipient,sender,summary,evidence",
        ],
        &["--summary"],
        &["--summary", "--json"],
        &["--summary", "--format", "html"],
    ] {
        for input in [&log, &json, &mail, &said] {
            let shown = out(&fed(&[form, &["--redact"]].concat(), input));
            let lower = shown.to_lowercase();
            assert!(
                !shown.is_empty() && !lower.contains("jane") && !lower.contains("doe@"),
                "{form:?}: {shown}"
            );
            assert!(!shown.contains(encoded), "{form:?}: {shown}");
            assert!(shown.contains("example.com"), "the domain stays: {shown}");
        }
        let files = [
            "--redact",
            "-f",
            &named,
            "-f",
            "/nonexistent/jane.doe@example.com",
        ];
        let output = whybounce(&[form, &files].concat()).output().unwrap();
        let all = out(&output) + &err(&output);
        assert!(!all.contains(secret), "{form:?}: {all}");
    }
    let kept = out(&fed(
        &[
            "--json",
            "--redact",
            "--only",
            "recipient=jane.doe@example.com",
        ],
        &log,
    ));
    assert!(
        kept.contains("\"queue_id\":\"4Zx1Yq2Lz7z\""),
        "filters go by what was read: {kept}"
    );
}
