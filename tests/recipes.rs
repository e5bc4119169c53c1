//! The recipes of README.md do what they say. Each is read from there and run by a shell, in a folder of its own, with the
//! programs that it calls besides replaced by ones that write down what they were told.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{env, fs};

const LOG: &str = "\
Jun  1 10:00:00 mail postfix/smtp[1]: 4Zx1Yq2Lz1z: to=<bob@example.com>, relay=mx.example.com[192.0.2.1]:25, delay=1, dsn=5.1.1, status=bounced (host mx.example.com[192.0.2.1] said: 550 5.1.1 User unknown)
Jun  1 10:00:01 mail postfix/smtp[1]: 4Zx1Yq2Lz2z: to=<-rf@example.com>, relay=mx.example.com[192.0.2.1]:25, delay=1, dsn=5.1.1, status=bounced (host mx.example.com[192.0.2.1] said: 550 5.1.1 User unknown)
Jun  1 10:00:02 mail postfix/smtp[1]: 4Zx1Yq2Lz3z: to=<bob@example.com>, relay=mx.example.com[192.0.2.1]:25, delay=1, dsn=5.1.1, status=bounced (host mx.example.com[192.0.2.1] said: 550 5.1.1 User unknown)
Jun  1 10:00:03 mail postfix/smtp[1]: 4Zx1Yq2Lz4z: to=<ann@example.com>, relay=mx.example.com[192.0.2.1]:25, delay=1, dsn=4.2.0, status=deferred (host mx.example.com[192.0.2.1] said: 450 4.2.0 Greylisted)
Jun  1 10:00:04 mail postfix/smtp[1]: 4Zx1Yq2Lz5z: to=<zoe@example.com>, relay=mx.example.com[192.0.2.1]:25, delay=1, dsn=2.0.0, status=sent (250 2.0.0 Ok)
";
const CRITICAL: &str = "Jun  1 10:00:05 mail postfix/smtp[1]: 4Zx1Yq2Lz6z: to=<dan@example.org>, relay=mx.example.org[192.0.2.1]:25, delay=1, dsn=5.7.1, status=bounced (host mx.example.org[192.0.2.1] said: 554 5.7.1 Client host [192.0.2.9] blocked using zen.spamhaus.org)\n";
const YAHOO: &str = "Jun  1 10:00:06 mail postfix/smtp[1]: 4Zx1Yq2Lz7z: to=<eva@example.org>, relay=mx.example.org[192.0.2.1]:25, delay=1, dsn=4.7.0, status=deferred (host mx.example.org[192.0.2.1] said: 421 4.7.0 [TSS04] Messages from 192.0.2.9 temporarily deferred)\n";
const BOUNCE: &str = "From: MAILER-DAEMON@mx.example.org\nTo: a@example.org\nSubject: Undelivered\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: text/plain\n\nNo.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n\n--b--\n";

/// A recipe's own folder.
struct Kitchen {
    folder: PathBuf,
    recipe: String,
}

impl Kitchen {
    fn of(title: &str, recipe: &str) -> Self {
        let name = title.replace(' ', "-");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("recipes")
            .join(name);
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(folder.join("bin")).unwrap();
        let kitchen = Self {
            folder,
            recipe: recipe
                .replace("/var/log/mail.log", "mail.log")
                .replace("/var/spool/bounces/", ""),
        };
        kitchen.put("mail.log", &(LOG.to_owned() + CRITICAL));
        kitchen
    }

    fn put(&self, name: &str, content: &str) {
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Puts a program in front of all others.
    fn tool(&self, name: &str, script: &str) {
        let name = format!("bin/{name}");
        self.put(&name, &format!("#!/bin/sh\n{script}\n"));
        let runs = fs::Permissions::from_mode(0o755);
        fs::set_permissions(self.folder.join(name), runs).unwrap();
    }

    fn run(&self, input: &str) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_whybounce")).parent().unwrap();
        let own = [self.folder.join("bin"), program.to_owned()];
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(own.into_iter().chain(env::split_paths(&path))).unwrap();
        let mut child = Command::new("sh")
            .args(["-c", &self.recipe])
            .current_dir(&self.folder)
            .env("PATH", path)
            .env("HOME", &self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A recipe that reads nothing closes its end.
        drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
        child.wait_with_output().unwrap()
    }

    /// What a good run prints.
    fn printed(&self, input: &str) -> String {
        let output = self.run(input);
        assert!(output.status.success(), "{}\n{output:?}", self.recipe);
        String::from_utf8(output.stdout).unwrap()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap_or_default()
    }
}

type Check = fn(&Kitchen);

/// The recipes by their titles, the programs that they need besides a shell, and what must come of them.
const CHECKS: &[(&str, &[&str], Check)] = &[
    ("Take dead addresses off the list", &["jq"], |kitchen| {
        kitchen.printed("");
        assert_eq!(
            kitchen.read("suppress.txt"),
            "-rf@example.com\nbob@example.com\n"
        );
    }),
    ("Call a program for each dead address", &[], |kitchen| {
        kitchen.tool("unsubscribe", "echo \"$# $*\" >> calls");
        kitchen.printed("");
        assert_eq!(
            kitchen.read("calls"),
            "2 -- -rf@example.com\n2 -- bob@example.com\n"
        );
    }),
    ("Send an alert when something is critical", &[], |kitchen| {
        kitchen.tool("mail", "echo \"$*\" > sent; cat >> sent");
        kitchen.printed("");
        let sent = kitchen.read("sent");
        assert!(
            sent.starts_with("-s Mail is refused postmaster\n"),
            "{sent}"
        );
        assert_eq!(sent.matches("ip-blocklisted").count(), 1, "{sent}");
        fs::remove_file(kitchen.folder.join("sent")).unwrap();
        kitchen.put("mail.log", LOG);
        let output = kitchen.run("");
        assert_eq!(
            (kitchen.read("sent").as_str(), output.status.code()),
            ("", Some(1))
        );
        assert!(
            output.stdout.is_empty() && output.stderr.is_empty(),
            "{output:?}"
        );
    }),
    ("Try the queue again after a fix", &[], |kitchen| {
        kitchen.put("queue", "{\"queue_name\": \"deferred\", \"queue_id\": \"4Zx1Yq2Lz7z\", \"arrival_time\": 1780300000, \"sender\": \"a@example.org\", \"recipients\": [{\"address\": \"bob@example.com\", \"delay_reason\": \"host mx.example.com[192.0.2.1] said: 451 4.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.9]\"}]}\n{\"queue_name\": \"deferred\", \"queue_id\": \"4Zx1Yq2Lz8z\", \"arrival_time\": 1780300000, \"sender\": \"a@example.org\", \"recipients\": [{\"address\": \"eve@example.com\", \"delay_reason\": \"host mx.example.com[192.0.2.1] said: 450 4.2.0 Greylisted\"}]}\n");
        kitchen.tool(
            "postqueue",
            "case $1 in -j) cat queue ;; *) echo \"$*\" >> calls ;; esac",
        );
        kitchen.printed("");
        assert_eq!(kitchen.read("calls"), "-i 4Zx1Yq2Lz7z\n");
    }),
    ("Watch a live log", &[], |kitchen| {
        // Without the end that -F never comes to.
        kitchen.tool("tail", "[ \"$1\" = -F ] && cat \"$2\"");
        let shown = kitchen.printed("");
        assert_eq!(shown.lines().count(), 4, "{shown}");
        assert!(!shown.contains("greylisted"), "{shown}");
    }),
    ("Report on a bounce mailbox by cron", &[], |kitchen| {
        kitchen.put("Maildir/new/1.1.example", BOUNCE);
        kitchen.put("Maildir/cur/0.1.example:2,S", BOUNCE);
        kitchen.tool("mail", "cat > sent");
        kitchen.printed("");
        let sent = kitchen.read("sent");
        assert!(sent.starts_with("2 of 2 replies are refusals."), "{sent}");
    }),
    (
        "Keep the verdict of each bounce that arrives",
        &[],
        |kitchen| {
            assert_eq!(kitchen.printed(BOUNCE), "");
            assert!(
                kitchen
                    .read("verdicts.json")
                    .contains("\"cause\":\"recipient-unknown\"")
            );
            // A mail that is no bounce must not bounce.
            kitchen.printed("From: a@example.org\nSubject: Lunch?\n\nAt one.\n");
            assert_eq!(kitchen.read("verdicts.json").lines().count(), 1);
            if Path::new("/dev/full").exists() {
                let full = Kitchen {
                    folder: kitchen.folder.clone(),
                    recipe: kitchen.recipe.replace("verdicts.json", "/dev/full"),
                };
                assert_eq!(full.run(BOUNCE).status.code(), Some(75));
            }
        },
    ),
    ("Count by cause with jq", &["jq"], |kitchen| {
        let shown = kitchen.printed("");
        assert!(
            shown.trim_start().starts_with("3 recipient-unknown\n"),
            "{shown}"
        );
    }),
    (
        "Merge the reports of two days with jq",
        &["jq"],
        |kitchen| {
            for (name, log) in [
                ("monday.json", LOG.to_owned()),
                ("tuesday.json", LOG.to_owned() + CRITICAL),
            ] {
                kitchen.put("mail.log", &log);
                let day = Kitchen {
                    folder: kitchen.folder.clone(),
                    recipe: format!("whybounce --summary --json -f mail.log > {name}"),
                };
                day.printed("");
            }
            let merged: serde_json::Value = serde_json::from_str(&kitchen.printed("")).unwrap();
            assert_eq!(
                (&merged["records"], &merged["refused"]),
                (&11.into(), &9.into())
            );
            assert_eq!(merged["causes"][0]["cause"], "recipient-unknown");
            assert_eq!(merged["causes"][0]["count"], 6);
        },
    ),
    ("Ask questions with DuckDB", &["duckdb"], |kitchen| {
        // Longer than what DuckDB looks at by itself before it settles that there is no provider.
        kitchen.put("mail.log", &(LOG.repeat(5_000) + YAHOO));
        let shown = kitchen.printed("");
        assert!(shown.contains("cause,provider,count"), "{shown}");
        assert!(shown.contains("recipient-unknown,NULL,15000"), "{shown}");
        assert!(shown.contains("rate-limited,Yahoo,1"), "{shown}");
    }),
];

/// The recipes of README.md: title and commands.
fn recipes() -> Vec<(String, String)> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let (_, section) = readme.split_once("\n## Recipes\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let of = |part: &str| {
        let (title, rest) = part.split_once('\n').unwrap();
        let (_, block) = rest.split_once("```sh\n").expect(title);
        let (commands, _) = block.split_once("```").expect(title);
        (title.to_owned(), commands.to_owned())
    };
    section.split("\n### ").skip(1).map(of).collect()
}

fn is_there(tool: &str) -> bool {
    let paths = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&paths).any(|folder| folder.join(tool).is_file())
}

#[test]
fn every_recipe_does_what_its_title_says() {
    let recipes = recipes();
    let titles: Vec<&str> = recipes.iter().map(|(title, _)| title.as_str()).collect();
    let checked: Vec<&str> = CHECKS.iter().map(|(title, ..)| *title).collect();
    assert_eq!(
        titles, checked,
        "every recipe has its check, in the same order"
    );
    for ((title, recipe), (_, tools, check)) in recipes.iter().zip(CHECKS) {
        match tools.iter().find(|tool| !is_there(tool)) {
            // Past the capture of the tests' output: nobody is to think that it was run.
            Some(tool) => drop(writeln!(
                io::stderr(),
                "not run, {tool} is not installed: {title}"
            )),
            None => check(&Kitchen::of(title, recipe)),
        }
    }
}
