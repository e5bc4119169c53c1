//! `--summary` of the real program: its numbers, its words, its page.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A log line of Postfix.
fn line(time: &str, recipient: &str, result: &str) -> String {
    format!(
        "Jun  1 {time} mail postfix/smtp[4711]: 4Zx1Yq2Lz7z: to=<{recipient}>, relay=mx.example.com[192.0.2.1]:25, delay=1, delays=0/0/1/0, {result}\n"
    )
}

const SENT: &str = "dsn=2.0.0, status=sent (250 2.0.0 Ok)";
const LATER: &str = "dsn=4.2.0, status=deferred (host mx.example.com[192.0.2.1] said: 450 4.2.0 Greylisted (in reply to RCPT TO command))";
const UNKNOWN: &str = "dsn=5.1.1, status=bounced (host mx.example.com[192.0.2.1] said: 550 5.1.1 User unknown (in reply to RCPT TO command))";
const LISTED: &str = "dsn=5.7.1, status=bounced (host mx.example.com[192.0.2.1] said: 554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using zen.spamhaus.org (in reply to RCPT TO command))";
const HOSTILE: &str = "dsn=5.0.0, status=bounced (host mx.example.com[192.0.2.1] said: 550 </pre><script>document.title='owned'</script><img src=x onerror=alert(1)>\x1b[2J\" mailbox full (in reply to RCPT TO command))";

/// The first and the second half of a log.
fn log() -> [String; 2] {
    [
        line("10:00:00", "ann@example.com", LATER)
            + &line("10:10:00", "bob@example.com", LATER)
            + &line("10:20:00", "eve@example.net", UNKNOWN)
            + &line("11:00:00", "ann@example.com", SENT),
        line("11:10:00", "dan@example.org", LISTED)
            + &line("12:00:00", "zoe@example.com", HOSTILE)
            + &line("12:10:00", "eve@example.net", UNKNOWN)
            + "Jun  1 12:20:00 mail postfix/qmgr[99]: 4Zx1Yq2Lz8z: removed\n",
    ]
}

fn file(name: &str, content: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, content).unwrap();
    path
}

fn run(arguments: &[&str], files: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_whybounce"))
        .args(arguments)
        .args(files.iter().flat_map(|file| [Path::new("-f"), file]))
        .stdin(Stdio::null())
        .env_remove("COLUMNS")
        .output()
        .unwrap()
}

fn out(arguments: &[&str], files: &[&Path]) -> String {
    let output = run(arguments, files);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn json(files: &[&Path]) -> Value {
    let line = out(&["--summary", "--json"], files);
    assert_eq!(line.lines().count(), 1);
    serde_json::from_str(&line).unwrap()
}

fn sum(list: &Value, key: &str) -> u64 {
    list.as_array()
        .unwrap()
        .iter()
        .map(|entry| entry[key].as_u64().unwrap())
        .sum()
}

#[test]
fn the_report_tells_what_is_wrong_whom_it_hits_and_what_to_do() {
    let log = file("words.log", &log().concat());
    let shown = out(&["--summary"], &[&log]);
    for words in [
        "6 of 7 replies are refusals. After 1 of them the mail passed; 5 are left.",
        "  first    ",
        "CRITICAL  IP on a blocklist",
        "1 of 6 refusals (16.7%)",
        "one recipient: eve@example.net",
        "one domain: example.com, 2 recipients",
        "refusals (33.3%); after 1 of them",
        "https://check.spamhaus.org/results/?query=192.0.2.9",
        "by hour",
        "Jun 1 10:00 to Jun 1 12:00",
        "Take off the list: 1 address\n           eve@example.net\n",
        "Delayed only: 1 address\n           bob@example.com\n",
    ] {
        assert!(shown.contains(words), "{words} in\n{shown}");
    }
    assert!(!shown.contains('\x1b'), "{shown}");
}

#[test]
fn what_nobody_recognises_is_not_what_to_do_first() {
    let dark = "dsn=5.0.0, status=bounced (host mx.example.com[192.0.2.1] said: 550 Frobnicated (in reply to RCPT TO command))";
    let dark = line("10:00:00", "ann@example.com", dark).repeat(2);
    let log = file("dark.log", &dark);
    let shown = out(&["--summary"], &[&log]);
    assert!(shown.contains("(Not recognised)"), "{shown}");
    assert!(shown.contains("who acts not known"), "{shown}");
    let log = file(
        "darker.log",
        &(dark + &line("10:10:00", "dan@example.org", LISTED)),
    );
    let shown = out(&["--summary"], &[&log]);
    assert!(shown.contains("(IP on a blocklist)"), "{shown}");
}

#[test]
fn the_numbers_add_up() {
    let log = file("sums.log", &log().concat());
    let report = json(&[&log]);
    let count = |key: &str| report[key].as_u64().unwrap();
    assert_eq!(
        count("records"),
        count("accepted") + count("refused") + count("own_server")
    );
    assert_eq!(sum(&report["causes"], "count"), count("refused"));
    assert_eq!(
        sum(&report["causes"], "passed_later"),
        count("passed_later")
    );
    let timed =
        |key: &str| sum(&report["hours"], key) + report["without_time"][key].as_u64().unwrap();
    assert_eq!(timed("records"), count("records"));
    assert_eq!(timed("refused"), count("refused"));
    for cause in report["causes"].as_array().unwrap() {
        let count = cause["count"].as_u64().unwrap();
        for names in ["domains", "providers"] {
            let other = cause[format!("{names}_other")].as_u64().unwrap();
            assert_eq!(sum(&cause[names], "count") + other, count, "{cause}");
        }
        for ids in ["families", "priorities", "owners"] {
            let sum: u64 = cause[ids]
                .as_object()
                .unwrap()
                .values()
                .filter_map(Value::as_u64)
                .sum();
            assert_eq!(sum, count, "{ids} of {cause}");
        }
    }
}

#[test]
fn the_counts_of_parts_add_up_to_those_of_the_whole() {
    let [first, second] = log();
    let (first, second) = (file("first.log", &first), file("second.log", &second));
    let (whole, left, right) = (json(&[&first, &second]), json(&[&first]), json(&[&second]));
    for key in [
        "records",
        "accepted",
        "refused",
        "own_server",
        "passed_later",
    ] {
        let of = |report: &Value| report[key].as_u64().unwrap();
        assert_eq!(of(&left) + of(&right), of(&whole), "{key}");
    }
    let unknown = |report: &Value| {
        let causes = report["causes"].as_array().unwrap().clone();
        causes
            .into_iter()
            .find(|cause| cause["cause"] == "recipient-unknown")
            .unwrap()["count"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(
        (unknown(&left), unknown(&right), unknown(&whole)),
        (1, 1, 2)
    );
}

#[test]
fn a_report_on_nothing_says_so_and_ends_1() {
    let log = file("nothing.log", "no reply here\n");
    let output = run(&["--summary"], &[&log]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .starts_with("None of 0 replies is a refusal.")
    );
}

#[test]
fn what_does_not_go_together_is_refused() {
    for (arguments, said) in [
        (
            &["--format", "html", "550"][..],
            "--format html goes with --summary",
        ),
        (
            &["--summary", "--format", "csv", "550"],
            "--summary is given as text, json or html",
        ),
        (
            &["--summary", "--json", "--fields", "cause", "550"],
            "cannot be used with",
        ),
        (&["--null", "550"], "--fields"),
    ] {
        let output = run(arguments, &[]);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains(said), "{arguments:?}: {error}");
    }
}

#[test]
fn the_page_stands_alone_and_escapes_what_strangers_wrote() {
    let log = file("page.log", &log().concat());
    let page = out(&["--summary", "--format", "html"], &[&log]);
    for markup in [
        "<script", "<img", "<link", "src=", "@import", "url(", "\x1b",
    ] {
        let own = page.matches(markup).count();
        let quoted = page.matches(&markup.replace('<', "&lt;")).count();
        assert!(
            own == 0 || (markup == "src=" && own == quoted),
            "{markup} in\n{page}"
        );
    }
    assert!(page.contains("&lt;/pre&gt;&lt;script&gt;"), "{page}");
    assert!(page.contains("prefers-color-scheme: dark"));
    // What a bar shows is said in words beside it.
    assert_eq!(
        page.matches("class=\"share\"").count(),
        page.matches(" of 6 refusals (").count()
    );
    assert!(page.contains("role=\"img\" aria-label=\"From Jun 1 10:00 to Jun 1 12:00 by hour; most at Jun 1 10:00: 3 refusals.\""));
}

/// Chromium, if it is installed. `.ci/run` demands it where it could install it.
fn browser() -> Option<&'static str> {
    let is_there = |name: &&str| Command::new(name).arg("--version").output().is_ok();
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(is_there);
    let demanded = std::env::var_os("WHYBOUNCE_BROWSER").is_some();
    assert!(
        found.is_some() || !demanded,
        "no chromium, but WHYBOUNCE_BROWSER demands it"
    );
    found
}

fn browse(browser: &str, page: &Path, arguments: &[&str]) -> Vec<u8> {
    let profile = page.with_extension("profile");
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--window-size=900,1200",
        ])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(arguments)
        .arg(format!("file://{}", page.display()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

#[test]
fn a_browser_shows_the_page_light_and_dark_and_runs_nothing_of_it() {
    let Some(browser) = browser() else {
        return;
    };
    let log = file("browser.log", &log().concat());
    let page = file(
        "browser.html",
        &out(&["--summary", "--format", "html"], &[&log]),
    );
    let dom = String::from_utf8(browse(browser, &page, &["--dump-dom"])).unwrap();
    assert!(dom.contains("<title>Why mail bounced</title>"), "{dom}");
    assert_eq!(dom.matches("<section class=\"cause").count(), 4, "{dom}");
    assert!(!dom.contains("<script") && !dom.contains("<img"), "{dom}");

    let blank = file("blank.html", "<!DOCTYPE html><title>blank</title>");
    let picture = |page: &Path, name: &str, scheme: &str| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let path_argument = format!("--screenshot={}", path.display());
        browse(
            browser,
            page,
            &[
                &path_argument,
                &format!("--blink-settings=preferredColorScheme={scheme}"),
            ],
        );
        fs::read(&path).unwrap()
    };
    let (dark, light) = (
        picture(&page, "dark.png", "0"),
        picture(&page, "light.png", "1"),
    );
    let nothing = picture(&blank, "blank.png", "1");
    assert!(light.starts_with(b"\x89PNG"));
    assert!(
        light.len() > 5 * nothing.len(),
        "{} bytes against {} of a blank page",
        light.len(),
        nothing.len()
    );
    assert!(dark != light, "dark is as light");
}
