//! The user's own rules, through the real program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

/// A rule that takes a built-in wording for itself, with a set of words, a provider of its own and its own fix.
const RULES: &str = r#"
[provider]
id    = "attic"
name  = "The attic server"
hosts = ["attic.example.net"]
marks = ["atticgate"]

[[rule]]
id      = "attic-flew-away"
cause   = "mailbox-disabled"
when    = { says = ["{who} flew away"] }
summary = "The person[ {recipient}] left the attic."
fix     = ["Ask the caretaker."]
source  = "my own log"
example = "550 5.1.1 <bob@example.com>: mailbox flew away"
not     = "550 5.1.1 <bob@example.com>: User unknown"

[[rule]]
id      = "attic-user-unknown"
cause   = "sending-account-limited"
when    = { provider = "attic", says = ["user unknown"], regex = 'unknown$' }
source  = "my own log"
example = "550 5.1.1 User unknown"
"#;

/// A directory that goes away with the test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("whybounce-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

fn run(arguments: &[&str], config: Option<&Path>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_whybounce"));
    command
        .args(arguments)
        .env_remove("HOME")
        .env_remove("XDG_CONFIG_HOME")
        .stdin(Stdio::null());
    if let Some(config) = config {
        command.env("XDG_CONFIG_HOME", config);
    }
    command.output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn verdict(arguments: &[&str], config: Option<&Path>) -> serde_json::Value {
    let output = run(arguments, config);
    serde_json::from_str(&out(&output)).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn a_rule_of_the_users_own_wins_over_the_built_in_ones() {
    let place = Place::new("wins");
    let rules = place.write("mine.toml", RULES);
    let reply = "550 5.1.1 <bob@example.com>: Mailbox flew away, user unknown";
    let plain = verdict(&["--json", reply], None);
    assert_eq!(plain["cause"], "recipient-unknown");
    let own = verdict(&["--json", "--rules", &rules, reply], None);
    assert_eq!(own["cause"], "mailbox-disabled");
    assert_eq!(own["evidence"][0]["rule"], "attic-flew-away");
    assert_eq!(own["summary"], "The person bob@example.com left the attic.");
    assert_eq!(own["fix"], serde_json::json!(["Ask the caretaker."]));
    assert_eq!(own["provider"]["id"], "attic");
    assert_eq!(own["provider"]["name"], "The attic server");
}

#[test]
fn a_weak_rule_of_the_users_own_beats_an_enhanced_code_and_a_blocklist() {
    let place = Place::new("weak");
    let rule = |says: &str| {
        format!(
            "[[rule]]\nid = 'mine'\ncause = 'greylisted'\nstrength = 'weak'\nwhen = {{ says = ['{says}'] }}\nsource = 'me'\nexample = '550 {says}'\n"
        )
    };
    for (says, reply) in [
        ("foo bar", "550 5.1.1 foo bar"),
        (
            "listed by",
            "554 5.7.1 192.0.2.1 listed by zen.spamhaus.org",
        ),
    ] {
        let rules = place.write("mine.toml", &rule(says));
        let own = verdict(&["--json", "--rules", &rules, reply], None);
        assert_eq!(own["cause"], "greylisted", "{reply}");
        assert!(own["blocklist"].is_null(), "{reply}");
    }
}

#[test]
fn a_mail_that_was_taken_is_nobodys_trouble_whatever_words_go_with_it() {
    let place = Place::new("taken");
    let rules = place.write(
        "mine.toml",
        "[[rule]]\nid = 'mine'\ncause = 'greylisted'\nwhen = { says = ['thanks anyway'] }\nsource = 'me'\nexample = '450 thanks anyway'\n",
    );
    let reply = "250 2.0.0 Ok, thanks anyway: your IP 192.0.2.1 is blacklisted by Spamhaus";
    for arguments in [
        &[reply, "--json"][..],
        &[reply, "--json", "--rules", &rules],
    ] {
        let verdict = verdict(arguments, None);
        assert_eq!(verdict["cause"], "accepted");
        assert_eq!(verdict["blocklist"], serde_json::Value::Null);
        assert_eq!(verdict["fix"][0], "Nothing to do.");
    }
}

#[test]
fn a_provider_of_the_users_own_is_known_by_host_and_by_mark() {
    let place = Place::new("provider");
    let rules = place.write("mine.toml", RULES);
    let line = "Jun  1 10:00:00 mail postfix/smtp[4711]: 4Zx1Yq2Lz7z: to=<bob@example.com>, relay=mx.attic.example.net[192.0.2.1]:25, delay=1.2, delays=0.1/0/0.6/0.5, dsn=5.1.1, status=bounced (host mx.attic.example.net[192.0.2.1] said: 550 5.1.1 User unknown)";
    let by_host = verdict(&["--json", "--rules", &rules, line], None);
    assert_eq!(by_host["evidence"][0]["rule"], "attic-user-unknown");
    let by_mark = verdict(
        &[
            "--json",
            "--rules",
            &rules,
            "550 5.1.1 AtticGate: User unknown",
        ],
        None,
    );
    assert_eq!(by_mark["evidence"][0]["rule"], "attic-user-unknown");
    // Elsewhere the rule has no say, and the provider may still be named beside a built-in rule.
    let elsewhere = verdict(
        &["--json", "--rules", &rules, "550 5.1.1 User unknown"],
        None,
    );
    assert_eq!(elsewhere["cause"], "recipient-unknown");
    let beside = verdict(
        &[
            "--json",
            "--rules",
            &rules,
            "552 5.2.2 AtticGate: Mailbox full",
        ],
        None,
    );
    assert_eq!(beside["cause"], "mailbox-full");
    assert_eq!(beside["provider"]["id"], "attic");
    let only = run(
        &[
            "--json",
            "--rules",
            &rules,
            "--only",
            "provider=attic",
            "552 AtticGate",
        ],
        None,
    );
    assert_eq!(only.status.code(), Some(0), "{}", err(&only));
}

#[test]
fn the_usual_file_is_read_unless_switched_off() {
    let place = Place::new("config");
    place.write("whybounce/rules.toml", RULES);
    let reply = "550 5.1.1 account flew away";
    let config = Some(place.0.as_path());
    assert_eq!(
        verdict(&["--json", reply], config)["provider"]["id"],
        "attic"
    );
    let off = verdict(&["--json", "--no-config", reply], config);
    assert!(off["provider"].is_null());
    let none = place.0.join("nothing-here");
    assert!(verdict(&["--json", reply], Some(&none))["provider"].is_null());
}

#[test]
fn home_stands_in_for_the_config_directory() {
    let place = Place::new("home");
    place.write(".config/whybounce/rules.toml", RULES);
    let output = Command::new(env!("CARGO_BIN_EXE_whybounce"))
        .args(["--explain", "attic-flew-away"])
        .env_remove("XDG_CONFIG_HOME")
        .env("HOME", &place.0)
        .output()
        .unwrap();
    assert!(out(&output).contains("{who} flew away"), "{output:?}");
}

#[test]
fn a_bad_rule_is_refused_with_file_line_and_reason_before_anything_is_read() {
    let place = Place::new("bad");
    let rule = |id: &str, more: &str| {
        format!("\n[[rule]]\nid = '{id}'\n{more}\nsource = 'me'\nexample = '550 foo bar'\n")
    };
    let says = "when = { says = ['foo bar'] }";
    for (text, line, reason) in [
        ("[[rule]\n".to_owned(), 1, "expected"),
        (
            rule(
                "a",
                &format!("cause = 'spam-content'\n{says}\nsummery = 'x'"),
            ),
            6,
            "unknown field",
        ),
        (
            rule("a", &format!("cause = 'spamm'\n{says}")),
            2,
            "no cause \"spamm\"; whybounce --list causes",
        ),
        (
            rule(
                "a",
                &format!("cause = 'spam-content'\n{says}\nretry = 'soon'"),
            ),
            2,
            "no retry \"soon\"; known are none, later, after-fix, never",
        ),
        (
            rule(
                "a",
                "cause = 'spam-content'\nwhen = { says = ['{nosuch} bar'] }",
            ),
            2,
            "nosuch",
        ),
        (
            rule("a", "cause = 'spam-content'\nwhen = { says = ['Foo bar'] }"),
            2,
            "capitals",
        ),
        (
            rule(
                "a",
                "cause = 'spam-content'\nwhen = { provider = 'nobody', says = ['foo'] }",
            ),
            2,
            "no provider \"nobody\"",
        ),
        (
            rule(
                "a",
                "cause = 'spam-content'\nwhen = { says = ['foo'], regex = '(' }",
            ),
            2,
            "`regex` \"(\": unclosed group",
        ),
        (
            rule(
                "a",
                "cause = 'spam-content'\nwhen = { says = ['foo'], regex = '(\\w{1000}){1000}' }",
            ),
            2,
            "regex",
        ),
        (
            rule(
                "google-account-does-not-exist",
                &format!("cause = 'spam-content'\n{says}"),
            ),
            2,
            "taken by a built-in rule",
        ),
        (
            rule("a", &format!("cause = 'spam-content'\n{says}")).repeat(2),
            9,
            "taken by the rule at",
        ),
        (
            "[provider]\nid = 'google'\nname = 'G'\n".to_owned(),
            1,
            "there is one already",
        ),
        (
            rule(
                "a",
                &format!("cause = 'spam-content'\n{says}\nfix = ['Wait.', '[{{ip}}]']"),
            ),
            2,
            "empty where its values are not known",
        ),
        (
            rule(
                "a",
                &format!("cause = 'spam-content'\n{says}\nsummary = 'It is full[ [{{size}}]].'"),
            ),
            2,
            "has brackets within brackets",
        ),
        (
            rule(
                "a",
                &format!("cause = 'spam-content'\n{says}\nsummary = 'It is {{nosuch}}.'"),
            ),
            2,
            "asks for {nosuch}; there are {recipient}",
        ),
        (
            rule(
                "a",
                "cause = 'spam-content'\nwhen = { says = ['the filter {is,says} it'] }",
            ),
            2,
            "offers \"is\", which is left out",
        ),
        (
            rule(
                "a",
                "cause = 'spam-content'\nwhen = { says = [\"{a\\nb} bar\", 'foo'] }",
            ),
            2,
            "uses the set {a\\nb}, which",
        ),
        (
            rule(
                "a",
                &format!(
                    "cause = 'spam-content'\nwhen = {{ says = ['foo {}'] }}",
                    "{x,y} ".repeat(17)
                ),
            ),
            2,
            "more than 100000 ways",
        ),
    ] {
        let file = place.write("bad.toml", &text);
        for arguments in [
            vec!["--rules", &file, "-f", "/nowhere/at/all"],
            vec!["--check-rules", &file],
        ] {
            let output = run(&arguments, None);
            let said = err(&output);
            assert_eq!(output.status.code(), Some(2), "{reason}: {said}");
            assert!(output.stdout.is_empty());
            assert!(said.contains(reason), "{reason}: {said}");
            assert!(
                said.contains(&format!("{file}:{line}: ")),
                "{reason}: {said}"
            );
            assert!(!said.contains("/nowhere"), "{said}");
        }
    }
    let latin = place.0.join("latin.toml");
    fs::write(&latin, b"# one\n# two\n# caf\xe9\n").unwrap();
    let latin = latin.to_str().unwrap();
    let output = run(&["--check-rules", latin], None);
    assert_eq!(output.status.code(), Some(2));
    let said = format!("whybounce: {latin}:3: not UTF-8, which rules are written in\n");
    assert_eq!(err(&output), said);
    let missing = run(&["--rules", "/nowhere/rules.toml", "550"], None);
    assert_eq!(missing.status.code(), Some(2));
    assert!(err(&missing).contains("/nowhere/rules.toml"));
}

#[test]
fn many_rules_are_read_in_proportion() {
    let place = Place::new("many");
    let rules: String = (0..10_000)
        .map(|n| {
            format!(
                "[[rule]]\nid = 'r{n}'\ncause = 'spam-content'\nwhen = {{ says = ['foo bar w{n}x'] }}\nsource = 'me'\n\
                 example = '550 foo bar w{n}x'\n"
            )
        })
        .collect();
    let hosts: Vec<String> = (0..50_000)
        .map(|n| format!("'mx{n}.example.com'"))
        .collect();
    let provider = format!(
        "[provider]\nid = 'many'\nname = 'Many'\nhosts = [{}]\n",
        hosts.join(", ")
    );
    let file = place.write("many.toml", &(provider + &rules));
    let begin = Instant::now();
    let checked = run(&["--check-rules", &file], None);
    assert_eq!(
        out(&checked),
        "10000 rules with 10000 examples: all hold\n",
        "{}",
        err(&checked)
    );
    // A second or two in a debug build; what is quadratic takes minutes.
    assert!(begin.elapsed() < Duration::from_secs(30));
}

#[test]
fn check_rules_tells_what_fails_and_what_holds() {
    let place = Place::new("check");
    let good = run(&["--check-rules", &place.write("good.toml", RULES)], None);
    assert_eq!(out(&good), "2 rules with 3 examples: all hold\n");
    assert_eq!(good.status.code(), Some(0));

    let wrong = RULES
        .replace("mailbox flew away\"", "mailbox full\"")
        .replace("<bob@example.com>: User unknown", "user flew away");
    let bad = run(&["--check-rules", &place.write("bad.toml", &wrong)], None);
    assert_eq!(bad.status.code(), Some(1));
    let said = out(&bad);
    assert!(
        said.contains("attic-flew-away: its example is won by "),
        "{said}"
    );
    assert!(said.contains("attic-flew-away: wins its `not`: "), "{said}");
    assert_eq!(said.lines().count(), 2, "{said}");

    let empty = run(
        &["--check-rules", &place.write("empty.toml", "# none\n")],
        None,
    );
    assert_eq!(empty.status.code(), Some(1));
    assert!(out(&empty).ends_with("empty.toml: no rule in it, so nothing to check\n"));
}

#[test]
fn explain_and_list_know_the_users_own_rules() {
    let place = Place::new("explain");
    let rules = place.write("mine.toml", RULES);
    let explained = out(&run(
        &["--rules", &rules, "--explain", "attic-user-unknown"],
        None,
    ));
    for piece in [
        "\"user unknown\"",
        "attic",
        "unknown$",
        "sending-account-limited",
    ] {
        assert!(explained.contains(piece), "{piece}: {explained}");
    }
    let provider = out(&run(&["--rules", &rules, "--explain", "attic"], None));
    assert!(
        provider.contains("attic-flew-away: mailbox-disabled"),
        "{provider}"
    );
    assert!(
        out(&run(&["--rules", &rules, "--list", "rules"], None)).starts_with("attic-flew-away ")
    );
}

#[test]
fn an_unknown_reply_gets_a_rule_to_fill_in_only_when_one_question_was_asked() {
    let reply = "550 Frobnicated <bob@example.com> in the attic";
    let said = out(&run(&[reply], None));
    assert!(
        said.contains("says = [\"frobnicated in the attic\"]"),
        "{said}"
    );
    let place = Place::new("unknown");
    let log = place.write("log", &format!("{reply}\n{reply}\n"));
    assert!(!out(&run(&["--details", "-f", &log], None)).contains("[[rule]]"));
    assert!(!out(&run(&["--json", reply], None)).contains("[[rule]]"));
}

#[test]
fn the_rules_that_the_readme_shows_hold() {
    let readme =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let blocks: Vec<&str> = readme
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert!(!blocks.is_empty());
    let place = Place::new("readme");
    for block in blocks {
        let checked = run(&["--check-rules", &place.write("shown.toml", block)], None);
        assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    }
}
