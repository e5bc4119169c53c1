//! What must hold for any bytes: no panic, no hang, valid output, order kept, nobody's verdict given to somebody else.
//!
//! `cargo test` runs a short, always equal piece of each target. At length, each target by itself:
//!
//! ```sh
//! WHYBOUNCE_FUZZ_MINUTES=30 cargo test --release --test fuzz -- --ignored --nocapture logs_at_length
//! ```
//!
//! A failure names its seed; `WHYBOUNCE_FUZZ_SEED=<seed>` begins there. What was found once stands in tests/hostile.rs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use whybounce::classifier::{Classifier, proof};
use whybounce::knowledge::user::UserRules;
use whybounce::knowledge::{BUILT_IN, Cause};
use whybounce::record::{self, FORMATS, Record, State, mail};
use whybounce::verdict::Verdict;
use whybounce::vocabulary::Family;

/// No case has more bytes than a few KiB, so one that takes longer hangs, whatever the machine is busy with.
const HANGS: Duration = Duration::from_secs(30);

// What cases are made from.

/// Chance that can be repeated: splitmix64 (Steele, Lea and Flood, 2014).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 when there is none.
    fn below(&mut self, end: usize) -> usize {
        (self.roll() % (end.max(1) as u64)) as usize
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// True once in so many times.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// The replies that the rules carry as their examples.
static REPLIES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let examples = BUILT_IN.rules.iter().map(|rule| rule.examples);
    examples.flat_map(|span| BUILT_IN.list(span)).collect()
});

/// Text that has broken other programs.
const HOSTILE: &[&[u8]] = &[
    b"\x1b[2J\x1b]52;c;ZXZpbA==\x07\x1b]8;;http://example.com\x1b\\x\x1bP+q\x1b\\",
    b"\x00\x08\x08\x08\r\x7f\xc2\x9b31m\xc2\x85",
    "\u{202e}\u{2066}\u{200b}\u{feff}\u{e0041}\u{2028}５５０ ٥٥٠ 𝟓𝟓𝟎".as_bytes(),
    b"\xff\xfe\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xe2\x80",
    b"to=<victim@example.com>, relay=x[192.0.2.1]:25, dsn=5.1.1, status=bounced (550 5.1.1 no)",
    b"status=sent (250 ok)",
    b"\nFinal-Recipient: rfc822; victim@example.com\nAction: failed\nStatus: 5.1.1\n",
    b"\n550-5.1.1 ",
    b"\n550 5.1.1 ",
    b"=?utf-8?B?",
    b"=?iso-2022-jp?Q?=1b$B?=",
    b"{\"a\":[[[[[[[[[[",
    b"\"\"\"\",,,,;;;;\t\t\t",
    b"--b\n--b\n--b--\n",
    b"(((((([[[[[[<<<<<<\"\"\"''''",
    b"<@<@<@a@b@c@d.example.com>",
    b": 550 : 550 : 550 connect to ",
    b"99999999999999999999999999 18446744073709551616",
    b"4.4.4.4.4 5.5.5 5.1.1.1 999.999.999.999 [::1::1]",
    b"Content-Type: multipart/report; boundary=b; boundary=\"b\"\n\n",
];

fn log_lines() -> Vec<&'static str> {
    FORMATS.iter().map(|format| format.example).collect()
}

/// Whole mails: a report, a report in a report, and a bounce in words.
fn mails() -> Vec<String> {
    let report = "Return-Path: <>\nFrom: MAILER-DAEMON@mail.example.com\nTo: ann@example.com\nSubject: Undelivered Mail\n\
        MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n\
        --b\nContent-Type: text/plain; charset=utf-8\n\nSorry.\n\n\
        --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mail.example.com\n\n\
        Final-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.example.com\n\
        Diagnostic-Code: smtp; 550 5.1.1 <bob@example.com>:\n User unknown\n\n\
        --b\nContent-Type: message/rfc822\n\nFrom: ann@example.com\nTo: bob@example.com\n\nHello\n--b--\n";
    let words = "Return-Path: <>\r\nFrom: MAILER-DAEMON@mail.example.com\r\nTo: ann@example.com\r\n\
        Subject: failure notice\r\n\r\nHi. This is the qmail-send program.\r\n\r\n<bob@example.com>:\r\n\
        192.0.2.1 does not like recipient.\r\nRemote host said: 550 5.1.1 User unknown\r\nGiving up on 192.0.2.1.\r\n\r\n\
        --- Below this line is a copy of the message.\r\n\r\nReturn-Path: <ann@example.com>\r\n";
    let encoded = "From: postmaster@mail.example.com\nSubject: =?UTF-8?B?VW5kZWxpdmVyZWQ=?=\n\
        Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/html; charset=iso-8859-1\n\
        Content-Transfer-Encoding: quoted-printable\n\n<p>&lt;bob@example.com&gt;: 550 5.2.2 Mail=\nbox full</p>\n\
        --x\nContent-Type: text/plain; charset=utf-7\nContent-Transfer-Encoding: base64\n\nNTUwIDUuMS4xIG5v\n--x--\n";
    let nested = format!(
        "From: MAILER-DAEMON@a.example.com\nSubject: Returned mail\nContent-Type: multipart/mixed; boundary=o\n\n--o\n\
         Content-Type: message/rfc822\n\n{report}\n--o--\n"
    );
    vec![
        report.to_owned(),
        words.to_owned(),
        encoded.to_owned(),
        nested,
    ]
}

/// Changes a text in a few places, as carelessness and malice do.
fn spoil(text: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..dice.below(5) {
        let at = dice.below(text.len() + 1);
        let end = (at + dice.below(40)).min(text.len());
        match dice.below(9) {
            0 => drop(text.splice(at..at, dice.pick(HOSTILE).iter().copied())),
            1 => drop(text.drain(at..end)),
            2 => text.truncate(at),
            3 => {
                let piece = text[at..end].to_vec().repeat(1 + dice.below(60));
                drop(text.splice(at..at, piece));
            }
            4 => text[at..end]
                .iter_mut()
                .for_each(|byte| *byte = byte.to_ascii_uppercase()),
            5 if at < text.len() => text[at] = dice.roll() as u8,
            6 if at < text.len() => text[at] ^= 1 << dice.below(8),
            7 => drop(text.splice(at..at, dice.pick(&REPLIES).bytes())),
            _ => text.insert(
                at,
                *dice
                    .pick(&[b"\n", b" ", b"\"", b"<", b">", b"(", b"[", b":", b"@"])
                    .first()
                    .unwrap(),
            ),
        }
        text.truncate(1 << 16);
    }
}

fn reply_case(dice: &mut Dice) -> Vec<u8> {
    let mut text = dice.pick(&REPLIES).as_bytes().to_vec();
    spoil(&mut text, dice);
    text
}

fn log_case(dice: &mut Dice) -> Vec<u8> {
    let mut text = Vec::new();
    for _ in 0..1 + dice.below(6) {
        let mut line = dice.pick(&log_lines()).as_bytes().to_vec();
        if dice.once_in(3) {
            let at = dice.below(line.len());
            drop(line.splice(at..at, dice.pick(&REPLIES).bytes()));
        }
        text.append(&mut line);
        text.push(b'\n');
    }
    spoil(&mut text, dice);
    text
}

fn mail_case(dice: &mut Dice) -> Vec<u8> {
    let mails = mails();
    let mut text = mails[dice.below(mails.len())].clone().into_bytes();
    spoil(&mut text, dice);
    text
}

/// Pieces of rules and of TOML that a careless or a malicious hand may write; the first are fields of a rule.
const TOML: &[&str] = &[
    "strength = 'weak'\n",
    "suppress = true\n",
    "family = 'temporary'\n",
    "retry = 'never'\n",
    "summary = \"\u{202e} {recipient}[ at {provider}]\"\n",
    "not = ''\n",
    "fix = ['Ask {provider}[ about {ip}].', '[{ip}]']\n",
    "\n[provider]\nid = 'own'\nname = 'Own'\nhosts = ['mx.example.com']\nmarks = ['ownmark']\n",
    "\n[[rule]]\n",
    "general = true\n",
    "when = { says = ['{x,y} {who} ... <ip>'] }\n",
    "when.says = \"a {b\\nc} <d\\ne>\"\n",
    "when.regex = '(a|b)*$'\n",
    "when.regex = \"(\\n\"\n",
    "when.code = ['4xx', '999', '-1', '5xx']\n",
    "when.enhanced = ['x.x.x', '5.1.x', '4.999.999-1']\n",
    "when.phase = 'RCPT'\n",
    "'''",
    "\"\"\"",
    "\\u0000\\uD800",
    "{a,{b,{c,d}},e}",
    "{who}",
    "<address>",
    "<",
    " ... ",
    "[[",
    "{ ",
    "= 1979-05-27T07:32:00Z\n",
    "\r\n",
    "# \t",
];

/// Rules of the user's own: conditions and examples of ours, under new ids and with other causes.
fn rules_case(dice: &mut Dice) -> Vec<u8> {
    let mut text = String::new();
    if dice.once_in(4) {
        text += TOML[7];
    }
    for number in 0..1 + dice.below(3) {
        let rule = &BUILT_IN.rules[dice.below(BUILT_IN.rules.len())];
        let cause = Cause::ALL[dice.below(Cause::ALL.len())];
        let quoted = |text| serde_json::Value::from(text).to_string();
        let examples: Vec<String> = BUILT_IN.list(rule.examples).map(quoted).collect();
        let _ = writeln!(
            text,
            "[[rule]]\nid = 'own-{number}'\ncause = '{cause}'\nsource = 'me'\nexample = [{}]",
            examples.join(", ")
        );
        if dice.once_in(3) {
            text += dice.pick(&TOML[..7]);
        }
        let mut when = BTreeMap::<&str, Vec<String>>::new();
        let written: Vec<&str> = BUILT_IN.list(rule.when).collect();
        for pair in written.chunks_exact(2) {
            when.entry(pair[0]).or_default().push(quoted(pair[1]));
        }
        for (key, values) in when {
            let _ = match &values[..] {
                [value] => writeln!(text, "when.{key} = {value}"),
                _ => writeln!(text, "when.{key} = [{}]", values.join(", ")),
            };
        }
    }
    let mut text = text.into_bytes();
    for _ in 0..dice.below(4) {
        let at = dice.below(text.len() + 1);
        drop(text.splice(at..at, dice.pick(TOML).bytes()));
    }
    if dice.once_in(3) {
        spoil(&mut text, dice);
    }
    text
}

// What must hold.

/// Asks a verdict for all that any output shows, and holds it against itself.
fn is_sound(verdict: &Verdict<'_>) {
    let reply = verdict.record.reply.as_ref();
    for piece in verdict.evidence() {
        assert!(!piece.rule.is_empty(), "evidence of no rule for {reply:?}");
    }
    assert!(!verdict.summary().is_empty(), "no summary for {reply:?}");
    assert!(
        !verdict.fix().any(|step| step.is_empty()),
        "an empty step for {reply:?}"
    );
    let _ = (
        verdict.conflicts(),
        verdict.references().count(),
        verdict.blocklist(),
        verdict.likely(),
        verdict.after_seconds(),
    );
    let _ = (verdict.provider(), verdict.exit(), verdict.title());
    assert!(
        !verdict.suppress || verdict.family == Family::Permanent,
        "a mail that may pass takes nobody off a list: {reply:?}"
    );
}

fn of_lines(text: &str) -> Vec<Record<'_>> {
    let mut state = State::default();
    let mut records = Vec::new();
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        state.line = number;
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        record::read_line(line, &mut state, &mut |mut record| {
            if record.line == 0 {
                record.line = number;
            }
            records.push(record);
        });
    }
    record::finish(&mut state, &mut |record| records.push(record));
    records
}

fn judged(text: &str) -> Vec<(String, Option<String>)> {
    let mut classifier = Classifier::default();
    let judge = |record: &Record<'_>| {
        let verdict = classifier.classify(record);
        (
            verdict.cause.id().to_owned(),
            record.recipient.as_deref().map(str::to_owned),
        )
    };
    of_lines(text).iter().map(judge).collect()
}

fn reply_holds(case: &[u8]) {
    let text = String::from_utf8_lossy(case);
    let mut classifier = Classifier::default();
    for reply in [&*text, &text.replace(['\r', '\n'], " ")] {
        let record = Record {
            reply: reply.into(),
            ..Record::default()
        };
        let verdict = classifier.classify(&record);
        is_sound(&verdict);
        let again = Classifier::default();
        let mut again = again;
        let fresh = again.classify(&record);
        assert_eq!(
            (fresh.cause, fresh.family, fresh.suppress, fresh.evidence()),
            (
                verdict.cause,
                verdict.family,
                verdict.suppress,
                verdict.evidence()
            ),
            "what came before changes the verdict of {reply:?}"
        );
    }
}

fn log_holds(case: &[u8]) {
    let text = String::from_utf8_lossy(case);
    let mut classifier = Classifier::default();
    let records = of_lines(&text);
    let lines = text.split_inclusive('\n').count() as u64;
    let mut last = 0;
    for record in &records {
        assert!(
            (1..=lines).contains(&record.line),
            "line {} of {lines}",
            record.line
        );
        // A reply of several lines is told when it ends and counts where it began.
        assert!(
            record.line >= last,
            "line {} comes after line {last}",
            record.line
        );
        last = record.line;
        is_sound(&classifier.classify(record));
    }
    let with_returns = text.replace("\r\n", "\n").replace('\n', "\r\n");
    assert_eq!(
        judged(&text.replace("\r\n", "\n")),
        judged(&with_returns),
        "a CR before the LF changes a verdict"
    );
    for format in FORMATS {
        let mut state = State::default();
        for line in text.lines() {
            record::read_line_as(format, line, &mut state, &mut |record| {
                is_sound(&Classifier::default().classify(&record));
            });
        }
    }
}

fn mail_holds(case: &[u8]) {
    let mut classifier = Classifier::default();
    let read = |mail: &[u8]| {
        let mut records = Vec::new();
        mail::read(mail, &mut |record| records.push(record));
        records
    };
    let records = read(case);
    for record in &records {
        is_sound(&classifier.classify(record));
        assert!(
            !record.reply.contains(['\n', '\r']),
            "a reply of a mail is one line: {:?}",
            record.reply
        );
    }
    if !case.contains(&b'\r') {
        let text = String::from_utf8_lossy(case).into_owned();
        if text.as_bytes() == case {
            assert_eq!(
                records,
                read(text.replace('\n', "\r\n").as_bytes()),
                "CRLF changes what a mail says"
            );
        }
    }
}

/// All that a verdict decides; the evidence may be less where a rule would deny that a mail was accepted.
fn told(verdict: &Verdict<'_>) -> String {
    format!(
        "{:?} {:?} {:?} {:?} {:?} {} {:?}",
        (verdict.cause, verdict.family, verdict.priority),
        (verdict.owner, verdict.retry, verdict.suppress),
        (verdict.types, verdict.claim),
        verdict.provider().map(|provider| provider.id),
        verdict.blocklist().map(|listing| listing.id),
        verdict.summary(),
        verdict.fix().collect::<Vec<_>>(),
    )
}

fn rules_hold(case: &[u8], dice: &mut Dice) {
    let text = String::from_utf8_lossy(case);
    let lines = text.split('\n').count();
    let rules = match UserRules::compile(&[("own.toml".to_owned(), text.to_string())]) {
        Ok(rules) => rules,
        Err(problems) => {
            assert!(!problems.is_empty(), "refused for no reason");
            for problem in problems {
                let place = problem.strip_prefix("own.toml:");
                let (line, reason) = place
                    .and_then(|rest| rest.split_once(": "))
                    .expect(&problem);
                let line: usize = line.parse().expect(&problem);
                assert!((1..=lines).contains(&line), "{problem}");
                assert!(!reason.trim().is_empty(), "{problem}");
            }
            return;
        }
    };
    let tables = rules.tables();
    let own: Vec<&str> = tables
        .rules
        .iter()
        .map(|rule| tables.str(rule.id))
        .collect();
    let mut with = Classifier::new(Some(&tables));
    let mut without = Classifier::default();
    for failure in proof::failures(&tables, &mut with) {
        assert!(own.contains(&failure.rule), "{failure}");
    }
    let examples = tables
        .rules
        .iter()
        .flat_map(|rule| tables.list(rule.examples));
    let others: Vec<&str> = (0..20).map(|_| dice.pick(&REPLIES)).collect();
    for reply in examples.chain(others) {
        let (verdict, usual) = (with.classify(reply), without.classify(reply));
        is_sound(&verdict);
        let has_say = verdict
            .evidence()
            .iter()
            .any(|piece| own.contains(&&*piece.rule))
            || verdict
                .provider()
                .is_some_and(|provider| provider.id == "own");
        assert!(
            has_say || told(&verdict) == told(&usual),
            "a file without a say changes the verdict of {reply:?}:\n{}\n{}",
            told(&verdict),
            told(&usual)
        );
    }
}

fn whybounce(arguments: &[&str], input: &[u8], pieces: usize) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_whybounce"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        for piece in input.chunks(input.len().div_ceil(pieces).max(1)) {
            drop(stdin.write_all(piece));
            if pieces > 1 {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// A character that a terminal would obey.
fn is_obeyed(letter: char) -> bool {
    letter.is_control() && letter != '\n'
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

fn program_holds(case: &[u8], dice: &mut Dice) {
    let shown = |arguments: &[&str], pieces| {
        let output = whybounce(arguments, case, pieces);
        assert!(
            matches!(output.status.code(), Some(0 | 1)),
            "{arguments:?}: {:?} {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("what is printed is UTF-8")
    };
    let json = shown(&["--json"], 1);
    let mut last = 0;
    for line in json.lines() {
        let verdict: serde_json::Value = serde_json::from_str(line).expect(line);
        let number = verdict["line"].as_u64().unwrap();
        assert!(number >= last, "line {number} after {last}");
        last = number;
    }
    let verdicts = json.lines().count();
    assert_eq!(
        json,
        shown(&["--json"], 2 + dice.below(4)),
        "the reads change the answer"
    );
    assert_eq!(shown(&["--format", "csv"], 1).lines().count(), verdicts + 1);
    let tsv = shown(
        &["--format", "tsv", "--fields", "reply,evidence,summary"],
        1,
    );
    assert_eq!(tsv.lines().count(), verdicts + 1);
    assert!(tsv.lines().all(|line| line.matches('\t').count() == 2));
    for text in [json, shown(&["--details"], 1), shown(&[], 1)] {
        assert!(!text.contains(is_obeyed), "{text:?}");
    }
}

/// Loading a file of rules and checking it say the same, and one that is refused means that nothing is read.
fn program_takes_rules(case: &[u8]) {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzzed-rules.toml");
    std::fs::write(&path, case).unwrap();
    let path = path.to_str().unwrap();
    let asked = b"550 5.1.1 User unknown\n";
    let used = whybounce(&["--json", "--no-config", "--rules", path], asked, 1);
    let checked = whybounce(&["--check-rules", path], asked, 1);
    let said = String::from_utf8_lossy(&used.stderr);
    match used.status.code() {
        Some(0 | 1) => {
            assert!(said.is_empty() && checked.stderr.is_empty(), "{said}");
            assert_eq!(String::from_utf8_lossy(&used.stdout).lines().count(), 1);
            let report = String::from_utf8_lossy(&checked.stdout);
            let holds = report.ends_with(": all hold\n");
            assert_eq!(checked.status.code(), Some(i32::from(!holds)), "{report}");
        }
        Some(2) => {
            assert_eq!(checked.status.code(), Some(2), "{checked:?}");
            assert_eq!(said, String::from_utf8_lossy(&checked.stderr));
            assert!(used.stdout.is_empty() && checked.stdout.is_empty());
            assert!(!said.is_empty() && !said.contains(is_obeyed), "{said}");
            for problem in said.lines() {
                let place = problem.strip_prefix(&format!("whybounce: {path}:"));
                let (line, reason) = place.and_then(|rest| rest.split_once(": ")).expect(problem);
                assert!(
                    line.parse::<usize>().is_ok() && !reason.is_empty(),
                    "{problem}"
                );
            }
        }
        status => panic!("{status:?}: {said}"),
    }
}

// The targets.

/// Runs cases from this seed on: so many, or as long as the environment says.
fn run(target: &str, cases: Option<u64>, case: impl Fn(&mut Dice)) {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    let first = number("WHYBOUNCE_FUZZ_SEED").unwrap_or(1);
    let minutes = number("WHYBOUNCE_FUZZ_MINUTES").unwrap_or(30);
    let until = Instant::now() + Duration::from_secs(minutes * 60);
    let now = Arc::new(AtomicU64::new(first));
    let watched = Arc::clone(&now);
    let name = target.to_owned();
    // Whoever hangs cannot tell so himself.
    std::thread::spawn(move || {
        let (mut seen, mut since) = (0, Instant::now());
        loop {
            std::thread::sleep(Duration::from_millis(200));
            let seed = watched.load(Ordering::Relaxed);
            if seed != seen {
                (seen, since) = (seed, Instant::now());
            } else if seed == 0 {
                return;
            } else if since.elapsed() > HANGS {
                eprintln!("{name}: WHYBOUNCE_FUZZ_SEED={seed} hangs");
                std::process::abort();
            }
        }
    });
    let mut seed = first;
    while cases.map_or_else(|| Instant::now() < until, |cases| seed < first + cases) {
        now.store(seed, Ordering::Relaxed);
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| case(&mut Dice(seed))));
        if done.is_err() {
            now.store(0, Ordering::Relaxed);
            panic!("{target}: run again with WHYBOUNCE_FUZZ_SEED={seed}");
        }
        seed += 1;
    }
    now.store(0, Ordering::Relaxed);
    if cases.is_none() {
        eprintln!(
            "{target}: {} cases in {minutes} minutes, nothing found",
            seed - first
        );
    }
}

fn one_reply(dice: &mut Dice) {
    reply_holds(&reply_case(dice));
}

fn one_log(dice: &mut Dice) {
    log_holds(&log_case(dice));
}

fn one_mail(dice: &mut Dice) {
    mail_holds(&mail_case(dice));
}

fn one_program(dice: &mut Dice) {
    let case = match dice.below(3) {
        0 => reply_case(dice),
        1 => log_case(dice),
        _ => mail_case(dice),
    };
    program_holds(&case, dice);
}

fn one_file_of_rules(dice: &mut Dice) {
    let case = rules_case(dice);
    rules_hold(&case, dice);
    if dice.once_in(10) {
        program_takes_rules(&case);
    }
}

#[test]
fn any_reply_gets_a_sound_verdict() {
    run("replies", Some(1_500), one_reply);
}

#[test]
fn any_log_is_read_in_order_and_without_a_panic() {
    run("logs", Some(800), one_log);
}

#[test]
fn any_mail_is_read_without_a_panic() {
    run("mails", Some(800), one_mail);
}

#[test]
fn whatever_is_read_the_output_is_valid_and_harmless() {
    run("program", Some(60), one_program);
}

#[test]
fn any_file_of_rules_is_refused_by_line_or_has_no_say_elsewhere() {
    run("rules", Some(400), one_file_of_rules);
}

#[test]
#[ignore = "runs for WHYBOUNCE_FUZZ_MINUTES (30)"]
fn replies_at_length() {
    run("replies", None, one_reply);
}

#[test]
#[ignore = "runs for WHYBOUNCE_FUZZ_MINUTES (30)"]
fn logs_at_length() {
    run("logs", None, one_log);
}

#[test]
#[ignore = "runs for WHYBOUNCE_FUZZ_MINUTES (30)"]
fn mails_at_length() {
    run("mails", None, one_mail);
}

#[test]
#[ignore = "runs for WHYBOUNCE_FUZZ_MINUTES (30)"]
fn program_at_length() {
    run("program", None, one_program);
}

#[test]
#[ignore = "runs for WHYBOUNCE_FUZZ_MINUTES (30)"]
fn rules_at_length() {
    run("rules", None, one_file_of_rules);
}

// The same words in other clothes.

fn cause_of(reply: &str) -> (String, Family, bool) {
    let records = of_lines(reply);
    assert_eq!(records.len(), 1, "{reply:?}: {records:?}");
    let mut classifier = Classifier::default();
    let verdict = classifier.classify(&records[0]);
    (
        verdict.cause.id().to_owned(),
        verdict.family,
        verdict.suppress,
    )
}

/// The examples that begin with codes, and how long these are.
fn coded() -> impl Iterator<Item = (&'static str, usize)> {
    REPLIES.iter().filter_map(|reply| {
        let bytes = reply.as_bytes();
        let enhanced = bytes
            .get(4..6)
            .is_some_and(|code| code[0].is_ascii_digit() && code[1] == b'.' || code[0] == b'#');
        let is_coded = bytes.len() > 12
            && bytes[..3].iter().all(u8::is_ascii_digit)
            && matches!(bytes[0], b'4' | b'5')
            && bytes[3] == b' '
            && !reply[4..].contains(&reply[..3])
            // The words of the own mail system are never folded.
            && !reply.contains("(in reply to ");
        let codes = if enhanced {
            4 + reply[4..].find(' ')?
        } else {
            3
        };
        is_coded.then_some((*reply, codes))
    })
}

#[test]
fn a_reply_means_the_same_wherever_it_is_folded() {
    let mut dice = Dice(7);
    let mut failures = String::new();
    for (reply, codes) in coded() {
        let blanks: Vec<usize> = reply
            .match_indices(' ')
            .map(|(at, _)| at)
            .filter(|at| *at > codes)
            .collect();
        let at = *blanks.get(dice.below(blanks.len())).unwrap_or(&codes);
        let (head, tail) = reply.split_at(at);
        let head = format!("{}-{}", &head[..3], head[3..].trim_start());
        let folded = format!("{head}\r\n{}{}", &reply[..codes], tail);
        if cause_of(reply) != cause_of(&folded) {
            let _ = writeln!(
                failures,
                "{:?} {:?}: {folded:?}",
                cause_of(reply),
                cause_of(&folded)
            );
        }
    }
    assert!(
        failures.is_empty(),
        "folding changes the verdict:\n{failures}"
    );
}

#[test]
fn a_reply_means_the_same_in_upper_and_lower_case() {
    let mut failures = String::new();
    // `Heuristics.Phishing` is two words and `heuristics.phishing` a host, so there case does say something.
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic();
    let has_names = |text: &str| {
        text.as_bytes()
            .windows(3)
            .any(|three| is_letter(&three[0]) && three[1] == b'.' && is_letter(&three[2]))
    };
    for (reply, _) in coded().filter(|(reply, _)| !has_names(reply)) {
        for changed in [reply.to_ascii_uppercase(), reply.to_ascii_lowercase()] {
            if cause_of(reply) != cause_of(&changed) {
                let _ = writeln!(
                    failures,
                    "{:?} {:?}: {changed:?}",
                    cause_of(reply),
                    cause_of(&changed)
                );
            }
        }
    }
    assert!(failures.is_empty(), "case changes the verdict:\n{failures}");
}

#[test]
fn every_refused_recipient_gets_one_verdict_in_order() {
    let names: Vec<String> = (0..500)
        .map(|number| format!("user{number}@example.com"))
        .collect();
    let mut log = String::new();
    let mut report = String::from(
        "From: MAILER-DAEMON@mail.example.com\nSubject: Undelivered\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\
         Content-Type: message/delivery-status\n\nReporting-MTA: dns; mail.example.com\n",
    );
    for (place, name) in names.iter().enumerate() {
        let reply = REPLIES[place * 3 % REPLIES.len()].replace(['\n', '\r'], " ");
        let _ = writeln!(
            log,
            "Jun  1 10:00:00 mail postfix/smtp[1]: 4Zx1Yq2Lz7z: to=<{name}>, relay=mx.example.com[192.0.2.1]:25, delay=1, \
             dsn=5.0.0, status=bounced (host mx.example.com[192.0.2.1] said: {reply} (in reply to RCPT TO command))"
        );
        let _ = writeln!(
            report,
            "\nFinal-Recipient: rfc822; {name}\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; {reply}"
        );
    }
    report.push_str("\n--b--\n");
    let read: Vec<_> = of_lines(&log)
        .into_iter()
        .filter_map(|record| record.recipient)
        .collect();
    assert_eq!(read, names);
    let mut read = Vec::new();
    mail::read(report.as_bytes(), &mut |record| {
        read.extend(record.recipient)
    });
    assert_eq!(read, names);
}

#[test]
fn a_text_cut_at_any_byte_is_read() {
    let sample = include_str!("sample.log").to_owned();
    let lines = log_lines().into_iter().map(str::to_owned);
    for text in lines.chain(mails()).chain([sample]) {
        for end in 0..text.len() {
            let cut = text.get(..end).unwrap_or_default();
            for record in of_lines(cut) {
                is_sound(&Classifier::default().classify(&record));
            }
            mail::read(cut.as_bytes(), &mut |record| {
                is_sound(&Classifier::default().classify(&record))
            });
        }
    }
}

#[test]
fn a_file_of_rules_cut_at_any_letter_is_refused_by_line_or_read() {
    let mut dice = Dice(3);
    let whole = format!(
        "{}[[rule]]\nid = 'own'\ncause = 'greylisted'\nsource = 'me'\nexample = '550 fast asleep'\n\
         when = {{ says = ['{{who}} asleep', 'fast ... asleep'], code = '5xx', regex = 'asle+p' }}\n",
        TOML[7]
    );
    for end in 0..=whole.len() {
        rules_hold(&whole.as_bytes()[..end], &mut dice);
    }
}
