//! The last hop's own words, out of the wrappings that every server on the way back has put around them.

use crate::reply::Enhanced;
use crate::vocabulary::Phase;

use super::text::{host_name, one_line, within, within_end};

/// A reply is read up to this many bytes; RFC 5321 section 4.5.3.1.5 allows 512 a line.
const LONGEST: usize = 8_000;
/// So many quotes and brackets are taken off the end of a reply.
const MOST_CLOSERS: usize = 16;

/// What somebody said, and about which step of the dialogue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The reply on one line.
    pub reply: String,
    /// The step of the dialogue it answers.
    pub phase: Option<Phase>,
    /// The host that said it.
    pub host: Option<String>,
    /// Its IP address.
    pub ip: Option<String>,
    /// 9 for a reply with a code, 3 for a sentence that tells a reason, 1 for one that tells a failure, 0 for others.
    pub weight: u8,
}

/// A reason in words, without a code.
pub fn sentence(text: &str, weight: u8) -> Said {
    let (host, ip) = speaker(within(text, 400));
    Said {
        reply: one_line(text),
        phase: phase(text, ""),
        host,
        ip,
        weight,
    }
}

/// Reads a reply: the innermost of those that it quotes. `before` and `behind` are the text around it.
pub fn last_hop(raw: &str, before: &str, behind: &str) -> Said {
    let line = one_line(within(raw, LONGEST));
    let start = innermost(&line);
    let (wrapping, inner) = line.split_at_checked(start).unwrap_or(("", &line));
    let context = format!("{before}{wrapping}");
    let (reply, answered) = match inner.find(" (in reply to ") {
        Some(at) => inner.split_at_checked(at).unwrap_or((inner, "")),
        None => (inner, ""),
    };
    // Yahoo's way to name the step: `550 5.1.1 ... [RCPT_TO]`, on the same line or the next.
    let (reply, answered) = match reply.trim_end().rsplit_once(" [") {
        Some((head, step)) if answered.is_empty() && phase("", &format!("[{step}")).is_some() => {
            (head, reply.get(head.len()..).unwrap_or_default())
        }
        _ => (reply, answered),
    };
    let context = within_end(&context, 400);
    let (host, ip) = speaker(context);
    Said {
        phase: phase(
            context,
            if answered.is_empty() {
                behind
            } else {
                answered
            },
        ),
        reply: trimmed(reply).to_owned(),
        host,
        ip,
        weight: 9,
    }
}

/// Where the innermost quoted reply begins; 0 when none is quoted.
fn innermost(line: &str) -> usize {
    const QUOTES: &[&str] = &[
        "reply:",
        " refused to talk to me: ",
        " said: ",
        " said:",
        "returned '",
        "returned: ",
        "responded: ",
        " smtp;",
        "response was: ",
        "server: ",
    ];
    let mut start = 0;
    for quote in QUOTES {
        for (at, _) in line.rmatch_indices(quote).take(8) {
            let begins = at + quote.len();
            let tail = line.get(begins..).unwrap_or_default();
            let skipped = tail.len() - tail.trim_start_matches([' ', '\'', '"', '#', '<']).len();
            if begins + skipped > start && begins_reply(tail.get(skipped..).unwrap_or_default()) {
                start = begins + skipped;
                break;
            }
        }
    }
    start
}

/// Does a refusal begin here: `550 `, `550-`, `5.1.1 `?
fn begins_reply(text: &str) -> bool {
    let bytes = text.as_bytes();
    let coded = matches!(
        bytes,
        [b'4' | b'5', b'0'..=b'7', b'0'..=b'9', b' ' | b'-', ..]
    );
    coded || Enhanced::read(text).is_some_and(|(code, _)| code.class > 2)
}

/// Takes away what the wrapping left at the ends: `'`, `##`, a bracket that was opened outside.
fn trimmed(reply: &str) -> &str {
    let mut reply = reply.trim().trim_start_matches(['#', '\'', '"', '<', ' ']);
    if let Some((head, _)) = reply.split_once("##") {
        reply = head;
    }
    if let Some((head, _)) = reply.split_once("> #SMTP#") {
        reply = head;
    }
    for _ in 0..MOST_CLOSERS {
        reply = reply.trim_end();
        let Some(last) = reply.chars().next_back() else {
            return reply;
        };
        let opened =
            |open: char, close: char| reply.matches(open).count() >= reply.matches(close).count();
        let keeps = match last {
            ')' => opened('(', ')'),
            ']' => opened('[', ']'),
            '>' => opened('<', '>'),
            '\'' | '"' => reply.matches(last).count() % 2 == 0,
            '#' => false,
            _ => true,
        };
        if keeps {
            return reply;
        }
        reply = reply.strip_suffix(last).unwrap_or_default();
    }
    reply
}

/// The step of the dialogue, from the words right before or behind a reply.
pub fn phase(before: &str, behind: &str) -> Option<Phase> {
    const TRIGGERS: &[&str] = &[
        "in reply to ",
        "after pipelined ",
        "after sending ",
        "after ",
        "did not like our ",
        "following ",
        "in response to ",
        "remote server for ",
        "progress was ",
        "smtp:",
        "while sending ",
        ">>> ",
    ];
    let step = |text: &str| -> Option<Phase> {
        const STEPS: &[(&str, Phase)] = &[
            ("end of data", Phase::EndOfMessage),
            ("final data", Phase::EndOfMessage),
            ("message body", Phase::EndOfMessage),
            ("end-of-data", Phase::EndOfMessage),
            ("rcpt", Phase::Rcpt),
            ("mail from", Phase::Mail),
            ("mail_from", Phase::Mail),
            ("mail command", Phase::Mail),
            ("data", Phase::Data),
            ("text command", Phase::EndOfMessage),
            ("ehlo", Phase::Helo),
            ("helo", Phase::Helo),
            ("lhlo", Phase::Helo),
            ("initial connection", Phase::Connect),
            ("initial greeting", Phase::Connect),
            ("connection established", Phase::Connect),
            ("auth", Phase::Auth),
            ("starttls", Phase::StartTls),
        ];
        STEPS
            .iter()
            .find(|(word, _)| text.starts_with(word))
            .map(|(_, phase)| *phase)
    };
    let last_in = |text: &str| {
        TRIGGERS
            .iter()
            .filter_map(|trigger| {
                text.rmatch_indices(trigger).take(3).find_map(|(at, _)| {
                    let begins = at + trigger.len();
                    let found = step(text.get(begins..)?)?;
                    // `>>> DATA` stands above every reply of a pipelined dialogue, so it proves nothing.
                    (*trigger != ">>> " || found != Phase::Data).then_some((begins, found))
                })
            })
            .max_by_key(|(begins, _)| *begins)
            .map(|(_, found)| found)
    };
    let behind = within(behind, 200).to_ascii_lowercase();
    let first = behind.trim_start();
    if let Some(word) = first.strip_prefix('[')
        && let Some(found) = step(word)
    {
        return Some(found);
    }
    if first.starts_with("(in reply to ")
        && let Some(found) = first.strip_prefix("(in reply to ").and_then(step)
    {
        return Some(found);
    }
    let before = before.to_ascii_lowercase();
    if before.contains("refused to talk to me") {
        return Some(Phase::Connect);
    }
    last_in(&before)
}

/// The host and IP address that stand last before a reply: `host NAME[IP] said:`, `NAME [IP] did not like`.
fn speaker(before: &str) -> (Option<String>, Option<String>) {
    let mut host = None;
    let mut ip = None;
    // The bracket nearest to the reply that holds an address and nothing else.
    for (at, _) in before.rmatch_indices(['[', '(']).take(8) {
        let inner = before.get(at + 1..).unwrap_or_default();
        let end = inner.find([']', ')']).unwrap_or(0);
        let Some(address) = inner
            .get(..end)
            .filter(|text| text.parse::<std::net::IpAddr>().is_ok())
        else {
            continue;
        };
        ip = Some(address.to_owned());
        host = before
            .get(..at)
            .and_then(|head| head.split_whitespace().next_back())
            .and_then(host_name);
        break;
    }
    if host.is_none() {
        for label in [
            "while talking to ",
            "remote host ",
            "host: ",
            "host ",
            "Server at ",
            "SMTP Server <",
        ] {
            if let Some((_, behind)) = before.rsplit_once(label) {
                let word = behind.split_whitespace().next().unwrap_or_default();
                let word = word.trim_end_matches([':', ',', '>', '.', ')']);
                if word.parse::<std::net::IpAddr>().is_ok() {
                    ip = ip.or_else(|| Some(word.to_owned()));
                } else {
                    host = host_name(word);
                }
                if host.is_some() || ip.is_some() {
                    break;
                }
            }
        }
    }
    (host, ip)
}
