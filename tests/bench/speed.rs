//! How fast it is, in ratios to a search over the same file on the same machine in the same minute.
//!
//! `cargo bench` writes its logs under `target/` and prints a table; nothing is asserted, for machines differ and are
//! shared. Every round runs each command once, so that a slow minute slows all of them; the figures are medians.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `BENCH_LINES` | lines of the mixed log; the log of refusals has a quarter of it | 4000000 |
//! | `BENCH_ROUNDS` | rounds | 7 |
//!
//! `cargo bench -- classify` measures only what has this word in its name: `reply` `classify` `mixed` `refusals` `mails` `memory`
//! `linear`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod logs;

use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use logs::{Log, Numbers};
use whybounce::classifier::Classifier;
use whybounce::knowledge::BUILT_IN;
use whybounce::record::Record;

const PROGRAM: &str = env!("CARGO_BIN_EXE_whybounce");
const REPLY: &str = "550 5.1.1 <bob@example.com>: Recipient address rejected: User unknown in virtual mailbox table";
/// The search that stands for the speed of reading a log with open eyes.
const SEARCH: &[&str] = &["rg", "-c", "-i", "user.unknown|mailbox.full|spamhaus"];

fn main() {
    let mut arguments = std::env::args().skip(1);
    // `cargo test --benches` runs this too, and has no time for it.
    if !arguments.any(|argument| argument == "--bench") {
        return;
    }
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let bench = Bench {
        lines: number("BENCH_LINES", 4_000_000),
        rounds: number("BENCH_ROUNDS", 7) as usize,
    };
    let parts: [(&str, Part); 7] = [
        ("reply", Bench::reply),
        ("classify", Bench::classify),
        ("mixed", Bench::mixed),
        ("refusals", Bench::refusals),
        ("mails", Bench::mails),
        ("memory", Bench::memory),
        ("linear", Bench::linear),
    ];
    for (name, part) in parts {
        if wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str())) {
            part(&bench);
        }
    }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// What is measured under one name.
type Part = fn(&Bench);

struct Bench {
    lines: u64,
    rounds: usize,
}

impl Bench {
    /// One reply, the whole process.
    fn reply(&self) {
        const TIMES: u32 = 50;
        let commands: [(&str, &[&str]); 3] = [
            ("rg --version", &["rg", "--version"]),
            ("bare process", &["true"]),
            ("one reply", &[PROGRAM, REPLY]),
        ];
        println!("\none reply, whole process");
        self.compare(&commands, |command| {
            let start = Instant::now();
            for _ in 0..TIMES {
                started(command).wait().unwrap();
            }
            start.elapsed() / TIMES
        });
        let valgrind = [
            "valgrind",
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
            PROGRAM,
            REPLY,
        ];
        let counted = Command::new(valgrind[0]).args(&valgrind[1..]).output();
        let counted = counted
            .map(|output| String::from_utf8_lossy(&output.stderr).into_owned())
            .unwrap_or_default();
        match counted
            .lines()
            .find_map(|line| line.split_once("Collected : "))
        {
            Some((_, count)) => println!("  instructions         {count:>12}"),
            None => println!("  instructions         valgrind is not installed"),
        }
    }

    /// `classify` by itself on one core, with the whole knowledge: form letters with other addresses in them, and
    /// replies of which no two say the same, so that nothing can be remembered.
    fn classify(&self) {
        const REPLIES: usize = 200_000;
        println!("\nclassify alone, one core, {REPLIES} distinct replies");
        let mut log = Log::new(100);
        let mut form_letters = Vec::new();
        for at in 0..REPLIES {
            let (reply, host, _) = log.reply(&format!("bob.{at:x}@example.com"));
            form_letters.push(Record {
                reply: reply.into(),
                remote_host: Some(host.into()),
                ..Record::default()
            });
        }
        let examples: Vec<&str> = BUILT_IN
            .rules
            .iter()
            .flat_map(|rule| BUILT_IN.list(rule.examples))
            .collect();
        let words: Vec<&str> = examples
            .iter()
            .flat_map(|example| example.split(' '))
            .collect();
        let mut numbers = Numbers::new(1);
        let any = |from: &[&'static str], numbers: &mut Numbers| {
            from[numbers.below(from.len() as u64) as usize]
        };
        let mut never_alike = Vec::new();
        for _ in 0..REPLIES {
            let mut reply = any(&examples, &mut numbers).to_owned();
            for _ in 0..4 {
                reply.push(' ');
                reply.push_str(any(&words, &mut numbers));
            }
            never_alike.push(Record {
                reply: reply.into(),
                ..Record::default()
            });
        }
        for (name, records) in [
            ("form letters", &form_letters),
            ("never alike", &never_alike),
        ] {
            let mut times: Vec<_> = (0..self.rounds)
                .map(|_| {
                    let mut classifier = Classifier::default();
                    let start = Instant::now();
                    for record in records {
                        black_box(classifier.classify(black_box(record)).cause);
                    }
                    start.elapsed()
                })
                .collect();
            let each = median(&mut times).as_secs_f64() / REPLIES as f64;
            let bytes: usize = records.iter().map(|record| record.reply.len()).sum();
            println!(
                "  {name:<20} {:>9.0} ns a reply of {} bytes, {:>9.0} a second",
                each * 1e9,
                bytes / REPLIES,
                1.0 / each
            );
        }
    }

    /// A log as it is: 15 refusals in 100 lines, among mail that was sent and noise.
    fn mixed(&self) {
        let log = self.log("mixed", 15, self.lines);
        let counted: &[&[&str]] = &[&["-q"], &["--summary"]];
        self.against_search(&log, counted);
    }

    /// Nothing but refusals.
    fn refusals(&self) {
        let log = self.log("refusals", 100, self.lines / 4);
        self.against_search(&log, &[&["-q"], &["--summary"], &[], &["--json"]]);
    }

    /// Bounce mails, many in one mbox.
    fn mails(&self) {
        let count = (self.lines / 400).max(1);
        let path = place("bounces.mbox");
        let mut out = BufWriter::new(File::create(&path).unwrap());
        let mut log = Log::new(100);
        for at in 0..count {
            let recipient = format!("bob.{at:x}@example.com");
            let (reply, host, _) = log.reply(&recipient);
            write!(
                out,
                "From MAILER-DAEMON Thu Jan  1 10:00:00 2026\n{}\n",
                bounce(&recipient, host, &reply)
            )
            .unwrap();
        }
        out.flush().unwrap();
        println!("\n{count} bounce mails, {}", size(&path));
        let path = path.to_str().unwrap();
        let mut times: Vec<_> = (0..self.rounds)
            .map(|_| time(&[PROGRAM, "--json", "-f", path]))
            .collect();
        let time = median(&mut times);
        println!(
            "  --json               {:>9.3} s {:>9.0} mails a second",
            time.as_secs_f64(),
            count as f64 / time.as_secs_f64()
        );
    }

    /// The most memory that each of the ways takes.
    fn memory(&self) {
        println!("\npeak memory");
        let (mixed, refusals) = (
            self.log("mixed", 15, self.lines),
            self.log("refusals", 100, self.lines / 4),
        );
        let logs = [&mixed, &refusals].into_iter();
        let options = ["-q", "--summary", "--json"];
        for (log, option) in logs.flat_map(|log| options.map(|option| (log, option))) {
            let path = log.to_str().unwrap();
            let mut child = started(&[PROGRAM, option, "-f", path]);
            let mut most = 0;
            while child.try_wait().unwrap().is_none() {
                most = most.max(peak(&child).unwrap_or(0));
                std::thread::sleep(Duration::from_millis(2));
            }
            println!(
                "  {option:<9} {:<20} {:>6.1} MiB",
                log.file_name().unwrap().display(),
                most as f64 / 1024.0
            );
        }
    }

    /// As many times the lines, as many times the time.
    fn linear(&self) {
        println!("\nmixed log, -q, by its length");
        let mut first = None;
        for lines in [16, 4, 1].map(|part| self.lines / part) {
            let log = self.log("part", 15, lines);
            let mut times: Vec<_> = (0..self.rounds)
                .map(|_| time(&[PROGRAM, "-q", "-f", log.to_str().unwrap()]))
                .collect();
            let each = median(&mut times).as_secs_f64() / lines as f64;
            let ratio = each / *first.get_or_insert(each);
            println!(
                "  {lines:>9} lines      {:>9.0} ns a line {ratio:>6.2} x",
                each * 1e9
            );
        }
    }

    /// Times the search, `wc -l` and the program with each of these options over the same log.
    fn against_search(&self, log: &Path, options: &[&[&str]]) {
        println!("\n{}, {}", log.file_name().unwrap().display(), size(log));
        let path = log.to_str().unwrap();
        let help = Command::new(PROGRAM).arg("--help").output().unwrap().stdout;
        let help = String::from_utf8(help).unwrap();
        let mut commands = vec![
            ("rg -c -i ...".to_owned(), [SEARCH, &[path]].concat()),
            ("wc -l".to_owned(), vec!["wc", "-l", path]),
        ];
        for options in options {
            if options.iter().all(|option| help.contains(option)) {
                let name = if options.is_empty() {
                    "text".to_owned()
                } else {
                    options.join(" ")
                };
                commands.push((name, [&[PROGRAM], *options, &["-f", path]].concat()));
            }
        }
        let commands: Vec<(&str, &[&str])> = commands
            .iter()
            .map(|(name, command)| (name.as_str(), command.as_slice()))
            .collect();
        self.compare(&commands, time);
    }

    /// Runs each command once a round; prints its median time, and the median of its ratios to the first one.
    fn compare(&self, commands: &[(&str, &[&str])], time: impl Fn(&[&str]) -> Duration) {
        let mut times = vec![Vec::new(); commands.len()];
        for _ in 0..self.rounds {
            for ((_, command), times) in commands.iter().zip(&mut times) {
                times.push(time(command));
            }
        }
        let first = times[0].clone();
        for ((name, _), times) in commands.iter().zip(&mut times) {
            let mut ratios: Vec<_> = times
                .iter()
                .zip(&first)
                .map(|(time, first)| time.as_secs_f64() / first.as_secs_f64())
                .collect();
            ratios.sort_by(f64::total_cmp);
            let ratio = ratios[ratios.len() / 2];
            println!(
                "  {name:<20} {:>9.2} ms {ratio:>6.2} x",
                median(times).as_secs_f64() * 1e3
            );
        }
    }

    /// Writes a log of so many lines, of which this part in a hundred are refusals.
    fn log(&self, name: &str, refusals: u64, lines: u64) -> PathBuf {
        let path = place(&format!("{name}.log"));
        let mut out = BufWriter::with_capacity(1 << 20, File::create(&path).unwrap());
        let mut log = Log::new(refusals);
        for _ in 0..lines {
            log.line(&mut out).unwrap();
        }
        out.flush().unwrap();
        path
    }
}

fn place(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{name}"))
}

fn size(path: &Path) -> String {
    format!("{:.0} MB", path.metadata().unwrap().len() as f64 / 1e6)
}

/// A process whose output goes nowhere.
fn started(command: &[&str]) -> Child {
    Command::new(command[0])
        .args(&command[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", command[0]))
}

/// How long a command takes whose output goes into a pipe, and is read and thrown away.
fn time(command: &[&str]) -> Duration {
    let start = Instant::now();
    let mut child = Command::new(command[0])
        .args(&command[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", command[0]));
    // As much at a time as cat takes: a reader of small pieces would measure its own calls.
    let mut out = child.stdout.take().unwrap();
    let mut taken = vec![0; 128 << 10];
    while out.read(&mut taken).unwrap() > 0 {}
    child.wait().unwrap();
    start.elapsed()
}

/// The most memory in KiB that a process held so far, where /proc tells.
fn peak(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// A report after RFC 3464.
fn bounce(recipient: &str, host: &str, reply: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mail.example.org\nTo: news@example.org\nSubject: Undelivered Mail Returned to Sender\n\
         Date: Thu, 1 Jan 2026 10:00:00 +0000\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status;\n\tboundary=\"=_b1\"\n\n\
         --=_b1\nContent-Type: text/plain; charset=us-ascii\n\n\
         This is the mail system at host mail.example.org.\n\nI'm sorry to have to inform you that your message could not\n\
         be delivered to one or more recipients.\n\n<{recipient}>: host {host}[203.0.113.1] said: {reply}\n    (in reply to RCPT TO command)\n\n\
         --=_b1\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mail.example.org\n\n\
         Final-Recipient: rfc822; {recipient}\nAction: failed\nStatus: 5.0.0\nRemote-MTA: dns; {host}\nDiagnostic-Code: smtp; {reply}\n\n\
         --=_b1\nContent-Type: message/rfc822\n\nFrom: news@example.org\nTo: {recipient}\nSubject: News\n\nHello.\n\n--=_b1--\n"
    )
}
