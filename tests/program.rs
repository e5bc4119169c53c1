//! The real program, as users and scripts call it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

const UNKNOWN: &str = "550 5.1.1 <bob@example.com>: Recipient address rejected: User unknown";
const BOUNCED: &str = "Jun  1 10:00:00 mail postfix/smtp[4711]: 4Zx1Yq2Lz7z: to=<bob@example.com>, relay=mx.example.com[192.0.2.1]:25, delay=1.2, delays=0.1/0/0.6/0.5, dsn=5.1.1, status=bounced (host mx.example.com[192.0.2.1] said: 550 5.1.1 <bob@example.com>: User unknown (in reply to RCPT TO command))\n";
const SENT: &str = "Jun  1 10:00:01 mail postfix/smtp[4711]: 4Zx1Yq2Lz8z: to=<ann@example.com>, relay=mx.example.com[192.0.2.1]:25, delay=1.2, delays=0.1/0/0.6/0.5, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4Zx1Yq9)\n";
const NOISE: &str = "Jun  1 10:00:02 mail postfix/qmgr[99]: 4Zx1Yq2Lz8z: removed\n";
const KEYS: [&str; 29] = [
    "schema",
    "format",
    "reply",
    "code",
    "enhanced",
    "family",
    "types",
    "cause",
    "priority",
    "summary",
    "fix",
    "owner",
    "retry",
    "suppress",
    "provider",
    "blocklist",
    "recipient",
    "sender",
    "queue_id",
    "remote_host",
    "remote_ip",
    "time",
    "phase",
    "confidence",
    "evidence",
    "claim",
    "conflicts",
    "references",
    "own",
];

fn whybounce(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_whybounce"));
    command
        .args(arguments)
        .env_remove("NO_COLOR")
        .env_remove("HOME")
        .env_remove("XDG_CONFIG_HOME")
        .env("TERM", "xterm")
        .stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    whybounce(arguments).output().unwrap()
}

fn fed(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = whybounce(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("what is printed is UTF-8")
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn status(output: &Output) -> i32 {
    output.status.code().expect("no signal ended it")
}

fn keys(line: &str) -> Vec<String> {
    // serde_json's own map would sort the keys: they are read in the order they stand in.
    struct Keys(Vec<String>);
    impl<'de> serde::Deserialize<'de> for Keys {
        fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            struct Visit;
            impl<'de> serde::de::Visitor<'de> for Visit {
                type Value = Keys;
                fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    out.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(
                    self,
                    mut map: A,
                ) -> Result<Keys, A::Error> {
                    let mut keys = Vec::new();
                    while let Some((key, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                        keys.push(key);
                    }
                    Ok(Keys(keys))
                }
            }
            from.deserialize_map(Visit)
        }
    }
    serde_json::from_str::<Keys>(line).unwrap().0
}

fn json(line: &str) -> serde_json::Value {
    serde_json::from_str(line).unwrap()
}

/// A file of its own for each test.
fn file(name: &str, content: &[u8]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).unwrap();
    path
}

#[test]
fn a_reply_gets_its_verdict_in_full() {
    let output = run(&[UNKNOWN]);
    assert_eq!(status(&output), 0);
    let shown = out(&output);
    for words in [
        "FIX SOON",
        "recipient-unknown",
        "bob@example.com",
        "do ",
        "retry    never",
        "because",
    ] {
        assert!(shown.contains(words), "{words} in\n{shown}");
    }
    assert!(!shown.contains('\x1b'), "no colour in a pipe");
}

#[test]
fn words_are_joined() {
    let words: Vec<_> = UNKNOWN.split(' ').collect();
    assert_eq!(out(&run(&words)), out(&run(&[UNKNOWN])));
}

#[test]
fn a_bare_code_is_a_valid_question() {
    for code in ["550", "421", "5.1.1"] {
        assert_eq!(status(&run(&[code])), 0, "{code}");
    }
}

#[test]
fn a_log_line_may_be_the_question() {
    let shown = json(&out(&run(&["--json", BOUNCED.trim_end()])));
    assert_eq!(shown["format"], "postfix");
    assert_eq!(shown["recipient"], "bob@example.com");
    assert_eq!(shown["phase"], "RCPT");
}

#[test]
fn json_has_the_keys_in_their_order() {
    assert_eq!(keys(&out(&run(&["--json", UNKNOWN]))), KEYS);
    let mut with_line = KEYS.to_vec();
    with_line.insert(1, "line");
    assert_eq!(keys(&out(&fed(&["--json"], BOUNCED.as_bytes()))), with_line);
    let log = file("keys.log", BOUNCED.as_bytes());
    with_line.insert(2, "file");
    assert_eq!(
        keys(&out(&run(&["--json", "-f", log.to_str().unwrap()]))),
        with_line
    );
}

#[test]
fn json_gives_an_object_a_line_in_the_order_of_the_input() {
    let output = fed(
        &["--json"],
        [NOISE, BOUNCED, NOISE, SENT].concat().as_bytes(),
    );
    let shown = out(&output);
    let lines: Vec<_> = shown.lines().map(json).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (&lines[0]["line"], &lines[0]["cause"]),
        (&2.into(), &"recipient-unknown".into())
    );
    assert_eq!(
        (&lines[1]["line"], &lines[1]["cause"]),
        (&4.into(), &"accepted".into())
    );
}

#[test]
fn a_live_log_is_answered_while_it_waits() {
    let mut child = whybounce(&["--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..3 {
        stdin.write_all(BOUNCED.as_bytes()).unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(json(&line)["cause"], "recipient-unknown");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn log_lines_get_a_line_each() {
    let shown = out(&fed(&[], [BOUNCED, SENT].concat().as_bytes()));
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines.len(), 2, "{shown}");
    assert!(
        lines[0].starts_with("Jun  1 10:00:00  fix-soon  recipient-unknown "),
        "{shown}"
    );
    assert!(lines[0].contains("  bob@example.com  "), "{shown}");
}

#[test]
fn details_give_each_in_full() {
    let shown = out(&fed(&["--details"], [BOUNCED, SENT].concat().as_bytes()));
    assert!(
        shown.contains("FIX SOON")
            && shown.contains("INFO")
            && shown.contains("queue id 4Zx1Yq2Lz7z"),
        "{shown}"
    );
}

#[test]
fn fields_are_given_in_the_order_asked_for() {
    let log = [BOUNCED, SENT].concat();
    assert_eq!(
        out(&fed(
            &["--format", "csv", "--fields", "cause,line,retry.advice"],
            log.as_bytes()
        )),
        "cause,line,retry.advice\nrecipient-unknown,1,never\naccepted,2,none\n"
    );
    assert_eq!(
        out(&fed(
            &["--format", "tsv", "--fields", "code,enhanced"],
            log.as_bytes()
        )),
        "code\tenhanced\n550\t5.1.1\n250\t2.0.0\n"
    );
    assert_eq!(
        out(&fed(
            &["--json", "--fields", "code,line"],
            BOUNCED.as_bytes()
        )),
        "{\"code\":550,\"line\":1}\n"
    );
}

#[test]
fn filters_are_combined_with_and_their_values_with_or() {
    let log = [BOUNCED, SENT].concat();
    let count = |filters: &[&str]| {
        let filters: Vec<_> = filters
            .iter()
            .flat_map(|filter| ["--only", filter])
            .collect();
        let output = fed(&filters, log.as_bytes());
        (out(&output).lines().count(), status(&output))
    };
    assert_eq!(count(&["family=permanent,success"]), (2, 0));
    assert_eq!(count(&["family=permanent"]), (1, 0));
    assert_eq!(count(&["family=permanent", "cause=accepted"]), (0, 1));
    assert_eq!(
        count(&["domain=example.com", "code=5xx", "suppress=true"]),
        (1, 0)
    );
    assert_eq!(count(&["enhanced=x.0.0"]), (1, 0));
}

#[test]
fn what_is_mistyped_is_answered_with_what_was_meant() {
    for (arguments, said) in [
        (
            &["--only", "famly=permanent", "550"][..],
            "did you mean 'family'?",
        ),
        (
            &["--only", "cause=recipient-unknow", "550"],
            "did you mean 'recipient-unknown'?",
        ),
        (
            &["--only", "priority=xyz", "550"],
            "known are info, monitor, fix-soon, critical",
        ),
        (
            &["--json", "--fields", "cuase", "550"],
            "did you mean 'cause'?",
        ),
        (&["--fields", "cause", "550"], "--json"),
        (&["--from", "postfx", "550"], "did you mean 'postfix'?"),
        (
            &["--explain", "recipient-unknwn"],
            "did you mean 'recipient-unknown'?",
        ),
        (&["--formt", "json", "550"], "--format"),
        (&["--format", "jsn", "550"], "'json'"),
        (&["--list", "cause"], "'causes'"),
        (&["--only", "phase=RCTP", "550"], "did you mean 'RCPT'?"),
        (
            &["--only", "provider=gogle", "550"],
            "did you mean 'google'?",
        ),
        (
            &["--only", "cause=xyz", "550"],
            "--list causes names them all",
        ),
        (&["--only", "cause=", "550"], "--only priority=critical"),
        (&["--only", "critical", "550"], "--only priority=critical"),
        (&["--only", "code=five", "550"], "550 or 5xx"),
        (&["--own", "my network", "550"], "example.com"),
        (&["--null", "550"], "--fields"),
        (&["--explain", "postfix"], "--list rules | grep postfix"),
        (&["--explain", "9.9.9"], "--list causes, codes"),
        (
            &["-f", "/nonexistent/mail.log"],
            "cannot read /nonexistent/mail.log",
        ),
        (&["-f", "/"], "cannot read /"),
    ] {
        let output = run(arguments);
        assert_eq!(status(&output), 2, "{arguments:?}");
        assert!(
            err(&output).contains(said),
            "{arguments:?}: {}",
            err(&output)
        );
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn packed_logs_are_read_as_they_are_from_files_and_pipes() {
    let log = [SENT, NOISE, BOUNCED].concat();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(log.as_bytes()).unwrap();
    let plain = run(&[
        "--json",
        "-f",
        file("rotated", log.as_bytes()).to_str().unwrap(),
    ]);
    for packed in [
        gzip.finish().unwrap(),
        compress_to_vec(log.as_bytes(), CompressionLevel::Fastest),
    ] {
        let output = run(&["--json", "-f", file("rotated", &packed).to_str().unwrap()]);
        assert_eq!(out(&output), out(&plain));
        assert_eq!(out(&fed(&[], &packed)), out(&fed(&[], log.as_bytes())));
        let cut = fed(&[], &packed[..packed.len() - 2]);
        assert_eq!(cut.status.code(), Some(2));
        assert!(
            err(&cut).contains("cannot read standard input"),
            "{}",
            err(&cut)
        );
    }
}

#[test]
fn a_file_that_cannot_be_read_does_not_hide_the_others() {
    let log = file("others.log", BOUNCED.as_bytes());
    let output = run(&["-f", "/nonexistent/mail.log", "-f", log.to_str().unwrap()]);
    assert_eq!(status(&output), 2);
    assert_eq!(out(&output).lines().count(), 1);
}

#[test]
fn files_stand_behind_one_flag_or_behind_one_each() {
    let first = file("first.log", BOUNCED.as_bytes());
    let second = file("second.log", SENT.as_bytes());
    let (first, second) = (first.to_str().unwrap(), second.to_str().unwrap());
    let each = out(&run(&["-f", first, "-f", second]));
    assert_eq!(each.lines().count(), 2);
    assert_eq!(out(&run(&["-f", first, second, "--no-config"])), each);
}

#[test]
fn files_and_standard_input_go_together() {
    let log = file("together.log", SENT.as_bytes());
    let output = fed(
        &["--json", "-f", log.to_str().unwrap(), "-f", "-"],
        BOUNCED.as_bytes(),
    );
    let shown = out(&output);
    let names: Vec<_> = shown
        .lines()
        .map(|line| json(line)["file"].clone())
        .collect();
    assert_eq!(names, [log.to_str().unwrap(), "-"]);
}

#[test]
fn from_forces_a_kind() {
    let read_as = |kind: &str| status(&fed(&["-q", "--from", kind], BOUNCED.as_bytes()));
    assert_eq!(
        (read_as("postfix"), read_as("exim"), read_as("dsn")),
        (0, 1, 1)
    );
    assert_eq!(
        status(&fed(
            &["-q", "--from", "dsn"],
            bounce_mail("bob").as_bytes()
        )),
        0
    );
    assert_eq!(
        status(&fed(
            &["-q", "--only", "format=ses,dsn"],
            BOUNCED.as_bytes()
        )),
        1
    );
}

#[test]
fn the_exit_status_speaks_in_sysexits() {
    for (reply, number) in [
        ("250 2.0.0 Ok: queued as 4Zx1Yq9", 0),
        ("451 4.3.0 Temporary local problem, please try later", 75),
        (UNKNOWN, 67),
        ("hello world", 1),
    ] {
        assert_eq!(
            status(&run(&["-q", "--exit-status", reply])),
            number,
            "{reply}"
        );
    }
    assert_eq!(
        status(&fed(&["-q", "--exit-status"], BOUNCED.as_bytes())),
        67
    );
    assert_eq!(
        status(&fed(
            &["-q", "--exit-status"],
            [BOUNCED, SENT].concat().as_bytes()
        )),
        0,
        "two records"
    );
    assert_eq!(
        status(&run(&["-q", "--exit-status", "-f", "/nonexistent"])),
        2
    );
}

#[test]
fn quiet_prints_nothing() {
    let output = run(&["-q", UNKNOWN]);
    assert_eq!(
        (status(&output), out(&output), err(&output)),
        (0, String::new(), String::new())
    );
}

#[test]
fn nothing_recognised_is_status_1() {
    for input in ["", "\n", NOISE] {
        let output = fed(&[], input.as_bytes());
        assert_eq!(
            (status(&output), out(&output)),
            (1, String::new()),
            "{input:?}"
        );
        let next = if input.is_empty() {
            "name a file with -f"
        } else {
            "--list formats"
        };
        assert!(err(&output).contains(next), "{input:?}: {}", err(&output));
    }
    for reply in ["", "hello world", "mail.log"] {
        let output = run(&[reply]);
        assert_eq!(status(&output), 1, "{reply}");
        assert!(err(&output).contains("name a file with -f"), "{reply}");
    }
}

#[test]
fn strange_bytes_do_no_harm() {
    let long = [b"550 5.1.1 ".to_vec(), vec![b'x'; 3 << 20], b"\n".to_vec()].concat();
    for (input, verdicts) in [
        (BOUNCED.trim_end().as_bytes().to_vec(), 1),
        (BOUNCED.replace('\n', "\r\n").into_bytes(), 1),
        ([b"\xff\xfe\0\n", BOUNCED.as_bytes()].concat(), 1),
        (
            [b"550 5.1.1 Empf\xe4nger unbekannt\0\n", BOUNCED.as_bytes()].concat(),
            2,
        ),
        ([&long, BOUNCED.as_bytes()].concat(), 2),
    ] {
        let output = fed(&["--json"], &input);
        assert_eq!(status(&output), 0, "{}", err(&output));
        let shown = out(&output);
        let found = shown
            .lines()
            .map(json)
            .filter(|verdict| verdict["code"] == 550)
            .count();
        assert_eq!(found, verdicts, "{}", &shown[..shown.len().min(2000)]);
    }
}

#[test]
fn the_number_of_a_line_survives_a_long_one() {
    let input = [&vec![b'x'; 3 << 20][..], b"\n", BOUNCED.as_bytes()].concat();
    let output = fed(&["--json", "--only", "cause=recipient-unknown"], &input);
    assert_eq!(json(&out(&output))["line"], 2);
    assert!(
        err(&output).contains("longer than 1 MiB"),
        "{}",
        err(&output)
    );
}

#[test]
fn a_strangers_text_never_reaches_the_terminal_as_controls() {
    let hostile = "550 5.1.1 \x1b]0;owned\x07\u{9b}31m\u{202e}User\u{200b} unknown \u{e0041}\x7f";
    for arguments in [
        &[hostile][..],
        &["--json", hostile],
        &["--format", "csv", hostile],
        &["--format", "tsv", hostile],
    ] {
        let shown = out(&run(arguments));
        let bad = |letter: char| {
            (letter.is_control() && letter != '\n' && letter != '\t')
                || matches!(letter, '\u{202e}' | '\u{200b}' | '\u{e0041}')
        };
        assert!(!shown.contains(bad), "{arguments:?}: {shown:?}");
    }
    assert_eq!(
        json(&out(&run(&["--json", hostile])))["reply"],
        hostile,
        "JSON still holds what was received"
    );
    assert!(!out(&fed(&["--details"], hostile.as_bytes())).contains(['\x1b', '\u{9b}']));
}

#[test]
fn colour_is_decided_by_the_flag_then_the_environment() {
    let coloured = |command: &mut Command| out(&command.output().unwrap()).contains('\x1b');
    assert!(coloured(&mut whybounce(&["--color", "always", UNKNOWN])));
    assert!(coloured(
        whybounce(&["--color", "always", UNKNOWN]).env("NO_COLOR", "1")
    ));
    assert!(!coloured(&mut whybounce(&["--color", "never", UNKNOWN])));
    assert!(
        !coloured(&mut whybounce(&[UNKNOWN])),
        "a pipe is no terminal"
    );
    assert!(!coloured(whybounce(&[UNKNOWN]).env("CLICOLOR_FORCE", "1")));
}

/// Runs a shell line on a terminal of its own, if script(1) of util-linux is there.
fn on_a_terminal(line: &str) -> Option<String> {
    let mut command = Command::new("script");
    command
        .args(["-qec", line, "/dev/null"])
        .env_remove("NO_COLOR")
        .env("TERM", "xterm")
        .stdin(Stdio::null());
    let output = command.output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn a_terminal_gets_colour_unless_it_asks_for_none() {
    let program = env!("CARGO_BIN_EXE_whybounce");
    let Some(shown) = on_a_terminal(&format!("{program} 550 5.1.1")) else {
        return;
    };
    assert!(shown.contains('\x1b'), "{shown}");
    for (variable, coloured) in [
        ("NO_COLOR=1", false),
        ("NO_COLOR=", true),
        ("TERM=dumb", false),
    ] {
        let shown = on_a_terminal(&format!("env {variable} {program} 550 5.1.1")).unwrap();
        assert_eq!(shown.contains('\x1b'), coloured, "{variable}: {shown}");
    }
}

#[test]
fn a_reply_that_is_taken_for_a_flag_is_harmless_on_a_terminal() {
    let program = env!("CARGO_BIN_EXE_whybounce");
    let reply = "--550\x1b]52;c;ZXZpbA==\x07\x1b[2J\u{9b}31m\u{202e}";
    for line in [
        format!("{program} '{reply}'"),
        format!("{program} --format '{reply}'"),
        format!("{program} --format='{reply}'"),
        format!("{program} --only '{reply}=x' 550"),
    ] {
        let Some(shown) = on_a_terminal(&line) else {
            return;
        };
        assert!(shown.contains("--550"), "{shown:?}");
        assert!(
            !shown.contains(['\x1b', '\x07', '\u{9b}', '\u{202e}']),
            "{shown:?}"
        );
    }
}

#[test]
fn a_terminal_with_nothing_to_read_gets_a_hint() {
    let program = env!("CARGO_BIN_EXE_whybounce");
    let Some(shown) = on_a_terminal(&format!("{program}; echo status=$?")) else {
        return;
    };
    assert!(
        shown.contains("--help") && shown.contains("status=2"),
        "{shown}"
    );
    assert_eq!(shown.lines().count(), 3, "{shown}");
}

fn to_a_closed_pipe(mut child: Child) -> (i32, String) {
    let mut first = [0];
    drop(child.stdout.take().unwrap().read_exact(&mut first));
    let output = child.wait_with_output().unwrap();
    (status(&output), err(&output))
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let log = file("pipe.log", BOUNCED.repeat(20_000).as_bytes());
    for arguments in [&["--json"][..], &[], &["--details"], &["--format", "csv"]] {
        let child = whybounce(arguments)
            .stdin(File::open(&log).unwrap())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        assert_eq!(to_a_closed_pipe(child), (0, String::new()), "{arguments:?}");
    }
}

#[test]
fn a_log_line_that_is_typed_is_answered_when_its_words_are_known() {
    let head = "Jun  1 10:00:00 mail postfix";
    let known =
        format!("{head}/smtp[550]: connect to mx.example.com[192.0.2.1]:25: Connection timed out");
    let output = run(&["--json", &known]);
    assert!(
        out(&output).contains("\"cause\":\"connection-failed\""),
        "{output:?}"
    );
    let output = run(&["--json", &format!("{head}/qmgr[550]: 0A1B2C3D4E: removed")]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(1), ""));
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_trouble() {
    for arguments in [
        &[UNKNOWN][..],
        &["--json", UNKNOWN],
        &["--list", "causes"],
        &["--explain", "recipient-unknown"],
        &["--help"],
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = whybounce(arguments)
            .stdout(full)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap();
        assert_eq!(status(&output), 2, "{arguments:?}");
        assert!(
            err(&output).contains("No space left"),
            "{arguments:?}: {}",
            err(&output)
        );
    }
}

#[test]
fn an_endless_line_does_not_fill_the_memory() {
    let mut child = whybounce(&["--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let megabyte = vec![b'x'; 1 << 20];
    for _ in 0..64 {
        stdin.write_all(&megabyte).unwrap();
    }
    if let Ok(status) = fs::read_to_string(format!("/proc/{}/status", child.id())) {
        let most = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        let kilobytes: u64 = most.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(kilobytes < 32 * 1024, "{most}");
    }
    drop(stdin);
    child.wait().unwrap();
}

/// A report about one recipient (RFC 3464).
fn bounce_mail(recipient: &str) -> String {
    let mail = "Return-Path: <>\nFrom: MAILER-DAEMON@mail.example.com\nTo: ann@example.com\nSubject: Undelivered Mail\n\
        MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n\
        --b\nContent-Type: text/plain\n\nSorry.\n\n\
        --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mail.example.com\n\n\
        Final-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.example.com\n\
        Diagnostic-Code: smtp; 550 5.1.1 <bob@example.com>: User unknown\n\n--b--\n";
    mail.replace("bob@", &format!("{recipient}@"))
}

#[test]
fn a_bounce_mail_gets_its_verdict_in_full() {
    let mail = bounce_mail("bob");
    let path = file("one.eml", mail.as_bytes());
    let output = run(&["-f", path.to_str().unwrap()]);
    assert_eq!(status(&output), 0, "{}", err(&output));
    assert!(out(&output).starts_with("FIX SOON"), "{}", out(&output));
    let verdict = json(&out(&fed(&["--json"], mail.as_bytes())));
    assert_eq!(
        (&verdict["format"], &verdict["recipient"]),
        (&"dsn".into(), &"bob@example.com".into())
    );

    let mbox =
        format!("From - Mon Jun  1 10:00:00 2026\n{mail}\nFrom - Mon Jun  1 10:00:01 2026\n{mail}");
    let shown = out(&fed(&["--json"], mbox.as_bytes()));
    let numbers: Vec<_> = shown
        .lines()
        .map(|line| json(line)["line"].clone())
        .collect();
    assert_eq!(numbers, [1, 2]);
}

#[test]
fn a_refusal_by_the_own_server_alarms_nobody() {
    let line = "Jun  1 10:00:00 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[192.0.2.9]: 554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using zen.spamhaus.org; from=<a@example.org> to=<bob@example.com> proto=ESMTP helo=<h>\n";
    let verdict = json(&out(&fed(&["--json"], line.as_bytes())));
    assert_eq!(verdict["cause"], "ip-blocklisted");
    assert_eq!(verdict["priority"], "info");
    assert_eq!(verdict["owner"], "receiver");
    assert_eq!(verdict["suppress"], false);
}

#[test]
fn details_say_why_a_mail_of_a_mailbox_is_passed_over() {
    let away = "From: a@example.com\nTo: b@example.org\nSubject: Away\nAuto-Submitted: auto-replied\n\nI am away.\n";
    let mail = bounce_mail("bob");
    let mbox =
        format!("From - Mon Jun  1 10:00:00 2026\n{away}\nFrom - Mon Jun  1 10:00:01 2026\n{mail}");
    let output = fed(&["--details"], mbox.as_bytes());
    assert_eq!(status(&output), 0);
    assert!(
        err(&output).contains("mail 1 is no bounce: auto-reply"),
        "{}",
        err(&output)
    );
    assert!(err(&fed(&[], mbox.as_bytes())).is_empty());
}

#[test]
fn a_maildir_is_read_mail_by_mail() {
    let maildir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("maildir");
    for (name, recipient) in [("cur/2.mx:2,S", "bob"), ("new/1.mx", "ann")] {
        let path = maildir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bounce_mail(recipient)).unwrap();
    }
    let output = run(&["--json", "-f", maildir.to_str().unwrap()]);
    assert_eq!(status(&output), 0, "{}", err(&output));
    let shown = out(&output);
    let recipients: Vec<_> = shown
        .lines()
        .map(|line| json(line)["recipient"].clone())
        .collect();
    assert_eq!(recipients, ["ann@example.com", "bob@example.com"]);
}

#[test]
fn a_reply_of_several_lines_is_one_record() {
    let reply = "550-5.1.1 The account that you tried to reach\n550 5.1.1 does not exist\n";
    assert_eq!(out(&fed(&["--json"], reply.as_bytes())).lines().count(), 1);
    assert_eq!(out(&run(&["--json", reply])).lines().count(), 1);
}

#[test]
fn the_knowledge_explains_itself() {
    let shown = out(&run(&["--explain", "recipient-unknown"]));
    for words in ["why", "do", "apart", "see"] {
        assert!(
            shown.contains(&format!("\n  {words} ")),
            "{words} in\n{shown}"
        );
    }
    for topic in [
        "causes",
        "codes",
        "providers",
        "blocklists",
        "formats",
        "rules",
    ] {
        let output = run(&["--list", topic]);
        assert_eq!(status(&output), 0);
        let shown = out(&output);
        let ids: Vec<_> = shown
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        assert!(!ids.is_empty(), "{topic}");
        if matches!(topic, "causes" | "codes" | "rules") {
            for id in [ids[0], ids[ids.len() / 2], ids[ids.len() - 1]] {
                assert_eq!(status(&run(&["--explain", id])), 0, "{topic}: {id}");
            }
        }
    }
}

#[test]
fn the_help_names_every_key() {
    let help = out(&run(&["--help"]));
    let help: Vec<&str> = help
        .split([' ', '\n', ',', ';', '.', ':'])
        .filter(|word| !word.is_empty())
        .collect();
    for wrong in [
        &["--only", "zzz=1", "550"][..],
        &["--json", "--fields", "zzz", "550"],
    ] {
        let error = err(&run(wrong));
        let (_, keys) = error.trim().split_once("known are ").unwrap();
        for key in keys.split(", ").flat_map(|key| key.split('.')) {
            assert!(help.contains(&key), "--help does not name {key}");
        }
    }
}

#[test]
fn help_and_version_are_answers() {
    for flag in ["--help", "-h", "--version"] {
        let output = run(&[flag]);
        assert_eq!(status(&output), 0);
        assert!(out(&output).contains("whybounce"), "{flag}");
    }
}

#[test]
fn two_hundred_thousand_lines_take_no_time() {
    let log = file(
        "many.log",
        [BOUNCED, NOISE, NOISE, SENT]
            .concat()
            .repeat(50_000)
            .as_bytes(),
    );
    let start = Instant::now();
    let output = whybounce(&["-q"])
        .stdin(File::open(log).unwrap())
        .output()
        .unwrap();
    assert_eq!(status(&output), 0);
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn explain_tells_every_kind_of_thing_we_know() {
    for (name, told) in [
        (
            "mailbox-full",
            &["why ", "do ", "apart ", "example ", "rules ", "see "][..],
        ),
        ("Mailbox full", &["quota"]),
        ("550", &["may be ", "at CONNECT", "rules "]),
        ("5xx", &["5xx"]),
        ("5.7.1", &["x.7.1", "may be ", "proofpoint-access-denied"]),
        ("535 5.7.8", &["RFC 4954", "x.7.8", "cause "]),
        (
            "postfix-too-many-recipients",
            &[
                "says     \"error too many recipients\"",
                "enhanced x.5.3",
                "example ",
                "not ",
            ],
        ),
        (
            "spamhaus-pbl",
            &["lists ", "look up ", "marks ", "remove it"],
        ),
        (
            "GOOGLE",
            &[
                "hosts ",
                "domains ",
                "gsmtp",
                "google-account-does-not-exist: recipient-unknown",
            ],
        ),
    ] {
        let output = run(&["--explain", name]);
        assert_eq!(output.status.code(), Some(0), "{name}: {output:?}");
        let page = String::from_utf8(output.stdout).unwrap();
        for piece in told {
            assert!(page.contains(piece), "{name}: {piece:?} is not in\n{page}");
        }
    }
    for (typed, meant) in [
        ("mailbox-ful", "mailbox-full"),
        ("spamhaus-plb", "spamhaus-pbl"),
        ("googel", "google"),
    ] {
        let output = run(&["--explain", typed]);
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(&format!("did you mean '{meant}'?")), "{said}");
    }
}
