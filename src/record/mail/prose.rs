//! Bounces in free text: who was not reached, and what was said about it.
//!
//! Some sixty mail systems write some sixty layouts. They agree on this much: an address stands at the beginning of a
//! line, and the reply (or a sentence that tells the reason) stands near it, mostly behind. So one reader serves all:
//! it finds the addresses that open a block, the replies, and the paragraphs that speak of failure, and puts each to
//! its address. Every line is looked at once for each of the three.

use std::collections::HashMap;

use super::hop::{self, Said};
use super::mime;
use super::report::MOST_RECIPIENTS;
use super::text::{is_address, one_line, unglued, within, within_end};
use super::words::{DENIALS, SECTIONS, weight};
use crate::record::Outcome;
use crate::reply::Enhanced;

/// More lines than this are not read; a transcript of thousands of recipients fits.
const MOST_LINES: usize = 50_000;
/// Reasons in words are looked for in so many lines; weighing a line costs a search for every word.
const MOST_WEIGHED: usize = 4_000;
/// A reply may run on for this many bytes.
const LONGEST_REPLY: usize = 4_000;
/// A reason in words is cut to about this many bytes.
const LONGEST_SENTENCE: usize = 600;
/// Addresses are found in the beginning of a line only, up to this many bytes.
const LONGEST_LINE: usize = 2_000;

/// What a text tells.
#[derive(Debug, Default)]
pub struct Prose {
    /// The recipients it names, in order.
    pub named: Vec<Named>,
    /// What it says without naming anybody, or about the first one.
    pub general: Option<Said>,
    /// Where in `named` an address stands, in lower case.
    index: HashMap<String, usize>,
    /// Replies by the addresses that they mention, in lower case.
    mentions: HashMap<String, Said>,
}

/// A recipient that a text names.
#[derive(Debug)]
pub struct Named {
    /// The address.
    pub address: String,
    /// What was said about it.
    pub said: Option<Said>,
    /// What became of the mail, where the heading above tells it.
    pub outcome: Option<Outcome>,
}

impl Prose {
    /// What was said about this address. When it is not named and is the only recipient (`alone`), whatever was said
    /// was said about it.
    pub fn about(&self, address: &str, alone: bool) -> Option<&Said> {
        let address = address.to_lowercase();
        self.index
            .get(&address)
            .and_then(|&at| self.named.get(at))
            .and_then(|named| named.said.as_ref())
            .or_else(|| self.mentions.get(&address))
            .or(self.general.as_ref().filter(|_| alone))
    }

    /// What a heading says became of the mail to this address.
    pub fn outcome(&self, address: &str) -> Option<Outcome> {
        let place = self.index.get(&address.to_lowercase())?;
        self.named.get(*place)?.outcome
    }
}

/// One line, with what it opens.
struct Line<'t> {
    text: &'t str,
    indent: usize,
    /// The address that it begins with, and what stands behind.
    opens: Option<(&'t str, &'t str)>,
}

impl Line<'_> {
    fn is_blank(&self) -> bool {
        self.text.is_empty()
    }

    /// A rule of dashes, stars or equals signs, with or without a title in it.
    ///
    /// CompuServe's `--- Invalid receiver address: a@b` is none.
    fn is_rule(&self) -> bool {
        ["---", "===", "***", "___", "|--", "###"]
            .iter()
            .any(|rule| self.text.starts_with(rule))
            && !self.text.contains('@')
    }
}

/// Reads a text. `is_other` tells the addresses that are no recipient: the sender, the reporting system; of the `known`
/// ones the local part alone will do.
pub fn read(text: &str, is_other: &dyn Fn(&str) -> bool, known: &[String]) -> Prose {
    let prose = read_lines(&lines(text, true, is_other, known), is_other);
    if prose.named.is_empty() && prose.general.is_none() {
        // The reason may stand behind what looked like the end.
        return read_lines(&lines(text, false, is_other, known), is_other);
    }
    prose
}

fn lines<'t>(
    text: &'t str,
    ends_at_copy: bool,
    is_other: &dyn Fn(&str) -> bool,
    known: &'t [String],
) -> Vec<Line<'t>> {
    let mut lines: Vec<Line<'t>> = Vec::new();
    // The indent of the block that is open; a deeper line that begins with an address is the rest of a wrapped reply.
    let mut block: Option<usize> = None;
    let mut seen = false;
    let mut spoken = false;
    for raw in text.lines().take(MOST_LINES) {
        let trimmed = raw.trim();
        if seen && (is_header_of_copy(trimmed) || (ends_at_copy && is_copy_notice(trimmed))) {
            break;
        }
        seen |= !trimmed.is_empty();
        // qmail-remote hands on the server's own line ends, sendmail marks its lines: no address there is the writer's.
        spoken = !trimmed.is_empty()
            && (spoken || trimmed.starts_with("Remote host said:"))
            && !trimmed.starts_with("Giving up on ");
        let is_spoken = spoken || trimmed.starts_with("<<<");
        let indent = raw.len() - raw.trim_start().len();
        let after_blank = lines.last().is_none_or(Line::is_blank);
        let opens = opener(trimmed)
            .or_else(|| local_part(trimmed, known))
            .filter(|(address, _)| !is_spoken && !is_other(address))
            .filter(|_| after_blank || block.is_none_or(|block| indent <= block));
        if opens.is_some() {
            block = Some(indent);
        }
        lines.push(Line {
            text: trimmed,
            indent,
            opens,
        });
    }
    lines
}

/// The first header line of a returned mail.
fn is_header_of_copy(line: &str) -> bool {
    ["received:", "return-path:"].iter().any(|name| {
        line.get(..name.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(name))
    })
}

/// A line that says that the returned mail follows.
fn is_copy_notice(line: &str) -> bool {
    const NOTICES: &[&str] = &[
        "copy of the message",
        "copy of your message",
        "copy of the original message",
        "header of the original",
        "headers follow",
        "header follows",
        "original message headers",
        "original message follows",
        "original message -",
        "original message:",
        "-original message",
        "original mail info",
        "returned message -",
        "message text follows",
        "unsent message",
        "included is a copy",
        "below this line is",
        "beginning of the original",
        "-ursprüngliche nachricht",
    ];
    if line.len() > 160 {
        return false;
    }
    let lower = line.to_lowercase();
    // MDaemon: "The following addresses did NOT receive a copy of your message".
    !lower.contains("not receive") && NOTICES.iter().any(|notice| lower.contains(notice))
}

/// Words that may stand before the address that opens a block.
const LABELS: &[&str] = &[
    "recipient address:",
    "recipient:",
    "addressed to:",
    "address:",
    "generated by",
    "failed recipient:",
    "final-recipient:",
    "final recipient:",
    "mailbox:",
    "rcpt to:",
    "user:",
];

/// Reads an address at the beginning of a line: `<a@b>: ...`, `  a@b`, `* a@b`, `>>> a@b`, `Name<mailto:a@b>`.
fn opener(line: &str) -> Option<(&str, &str)> {
    let line = within(line, LONGEST_LINE);
    memchr::memchr(b'@', line.as_bytes())?;
    if line.starts_with(">>> ")
        && line
            .get(4..8)
            .is_some_and(|word| word != word.to_lowercase())
    {
        // `>>> RCPT To:<a@b>` is a command of a transcript; `>>> a@b` is Active!Hunter's recipient.
        return None;
    }
    let mut start =
        line.trim_start_matches(['<', '>', '*', '-', '•', '·', '"', '\'', '(', ' ', '\t', '[']);
    // `1. a@b`, `2) a@b`
    if let Some((number, listed)) = start.split_once(['.', ')'])
        && (1..=3).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        start = listed.trim_start_matches(['<', ' ']);
    }
    if let Some(label) = LABELS.iter().find(|label| {
        start
            .get(..label.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(label))
    }) {
        start = start
            .get(label.len()..)
            .unwrap_or_default()
            .trim_start_matches([' ', '\t', '<', '"']);
    }
    if let Some((_, linked)) = line.rsplit_once("<mailto:")
        && let Some(address) = linked.strip_suffix('>')
        && is_address(address)
    {
        return Some((address, ""));
    }
    let (address, rest) = quoted_address(line).or_else(|| leading_address(start))?;
    // `a@b <c@d>: ...`: a name that looks like an address, before the address.
    if let Some(bracketed) = rest.strip_prefix('<')
        && let Some((inner, behind)) = bracketed.split_once('>')
        && is_address(inner)
    {
        return Some((inner, behind.trim_start_matches([':', ' '])));
    }
    Some((address, rest))
}

/// Reads the local part of a known address at the beginning of a line: `ann (mailbox is full)`.
fn local_part<'t>(line: &'t str, known: &'t [String]) -> Option<(&'t str, &'t str)> {
    let end = line
        .find(|letter: char| letter.is_whitespace() || "(:".contains(letter))
        .unwrap_or(line.len());
    let (word, rest) = line.split_at_checked(end)?;
    let rest = rest.trim_start();
    let address = known.iter().find(|address| {
        address
            .split('@')
            .next()
            .is_some_and(|local| local.eq_ignore_ascii_case(word))
    })?;
    (rest.is_empty() || rest.starts_with(['(', ':']))
        .then(|| (&**address, rest.trim_start_matches(':')))
}

/// `"john doe"@example.com` (RFC 5321 section 4.1.2), and the rest.
fn quoted_address(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start_matches('<');
    let (local, domain) = line.strip_prefix('"')?.split_once("\"@")?;
    let end = domain
        .find(|letter: char| letter.is_whitespace() || "<>(),;:".contains(letter))
        .unwrap_or(domain.len());
    let (address, rest) = line.split_at_checked(local.len() + 3 + end)?;
    let whole = is_address(address) && !local.contains(['"', '<', '@']);
    whole.then(|| (address, rest.trim_start_matches(['>', ':', ' ', '\t'])))
}

/// The address that `text` begins with, and the rest without its closing bracket.
fn leading_address(text: &str) -> Option<(&str, &str)> {
    let at = memchr::memchr(b'@', text.as_bytes())?;
    let end = text
        .char_indices()
        .find(|(place, letter)| {
            letter.is_whitespace()
                || "<>()[],;:\"|".contains(*letter)
                || (*letter == '\'' && *place > at)
        })
        .map_or(text.len(), |(place, _)| place);
    let bare = unglued(text.get(..end)?.trim_end_matches('.'));
    if !is_address(bare) {
        return None;
    }
    let (_, rest) = text.split_once(bare)?;
    Some((
        bare,
        rest.trim_start_matches(['.', '>', '"', '\'', ']', ')', ':', ' ', '\t']),
    ))
}

/// The addresses inside a line, in brackets or bare.
fn addresses(line: &str) -> impl Iterator<Item = &str> {
    let line = within(line, LONGEST_LINE);
    line.split(|letter: char| letter.is_whitespace() || "<>()[],;:\"'|&?".contains(letter))
        .map(|word| unglued(word.trim_matches(['.', '!'])))
        .filter(|word| word.contains('@') && is_address(word))
}

/// Whether this address is named as a message or as a sender: `Message <1@example.org> could not be delivered`, `no mail
/// from a@b`.
fn is_of_another(line: &str, address: &str) -> bool {
    line.split_once(address).is_some_and(|(head, _)| {
        let head = head.trim_end_matches(['<', '(', '[', '"', ':', ' ']);
        ["message", "message-id", "mail from", "messages from"]
            .iter()
            .any(|word| within_end(head, word.len()).eq_ignore_ascii_case(word))
    })
}

/// Does this line quote a header field or name somebody to turn to? Its addresses are no recipients.
fn is_aside(line: &str) -> bool {
    const ASIDES: &[&str] = &[
        "from:",
        "from ",
        "sender:",
        "subject:",
        "reply-to:",
        "message-id:",
        "cc:",
        "original sender",
        "sent by",
        "message id",
        "envelope-from",
    ];
    const CONTACTS: &[&str] = &[
        "contact",
        "send mail to",
        "send e-mail to",
        "questions",
        "mailto:postmaster",
        "id is",
    ];
    let lower = within(line, LONGEST_LINE).to_lowercase();
    ASIDES.iter().any(|aside| lower.starts_with(aside))
        || CONTACTS.iter().any(|contact| lower.contains(contact))
}

/// Sendmail's words for a local mailer that failed.
const MAILER_FAILED: &[&str] = &[
    "service unavailable",
    "can't create output",
    "unknown mailer error 1",
    "unknown mailer error 2",
];

/// A reply with a code in it, and where it was found.
struct Coded {
    line: usize,
    said: Said,
    /// "Need RCPT" and the like: the echo of a refusal that stands before it.
    is_echo: bool,
}

/// A paragraph that may tell a reason in words.
struct Paragraph {
    line: usize,
    text: String,
    weight: u8,
    /// It ends in a colon right above an address: it is about those below.
    heads: bool,
}

fn read_lines(lines: &[Line<'_>], is_other: &dyn Fn(&str) -> bool) -> Prose {
    let mut prose = Prose::default();
    let coded = coded(lines);
    let paragraphs = paragraphs(lines);

    // Which recipient each line belongs to: `blocks` holds (first line, place in `named`), sorted by line.
    let mut blocks: Vec<(usize, usize)> = Vec::new();
    let mut section = None;
    for (at, line) in lines.iter().enumerate() {
        let Some((address, rest)) = line.opens else {
            if line.is_rule() || line.text.ends_with(':') {
                section = outcome_of(lines, at).map(|outcome| (outcome, line.text));
            }
            continue;
        };
        if rest.starts_with(',') {
            for other in addresses(rest).filter(|other| !is_other(other)) {
                let place = prose.place(other);
                blocks.push((at, place));
            }
        }
        let place = prose.place(address);
        blocks.push((at, place));
        // Sendmail: `<a@b>  (relayed to non-DSN-aware mailer)`; others: `<a@b>: delivered`.
        let own = if rest.eq_ignore_ascii_case("delivered") {
            Some(Outcome::Sent)
        } else if rest.starts_with('(') {
            section_of(&rest.to_lowercase())
        } else {
            None
        };
        if let Some((outcome, heading)) = own.map(|outcome| (outcome, rest)).or(section)
            && let Some(named) = prose.named.get_mut(place)
            && named.outcome.is_none()
        {
            named.outcome = Some(outcome);
            if outcome == Outcome::Sent {
                // Nothing else that is said here is about him.
                named.said = Some(hop::sentence(heading, 0));
            }
        }
    }
    if blocks.is_empty() {
        let with_reply: Vec<usize> = coded.iter().map(|coded| coded.line).collect();
        let mut first = true;
        for (at, line) in lines.iter().enumerate() {
            if is_aside(line.text) || !(first || with_reply.binary_search(&at).is_ok()) {
                continue;
            }
            for address in addresses(line.text).filter(|address| !is_other(address)) {
                let is_local = address
                    .split('@')
                    .nth(1)
                    .is_some_and(|domain| !domain.contains('.'));
                if is_local || is_of_another(line.text, address) {
                    continue;
                }
                blocks.push((at, prose.place(address)));
                first = false;
            }
        }
    }
    let block_of = |line: usize| {
        let behind = blocks.partition_point(|(start, _)| *start <= line);
        behind
            .checked_sub(1)
            .and_then(|at| blocks.get(at))
            .map(|(_, place)| *place)
    };

    let best = coded.iter().find(|coded| !coded.is_echo).or(coded.first());
    for found in &coded {
        // The same reply once more and in full: sendmail's "(reason: 550-...)" holds its first line only, Microsoft's
        // "Status code: 550 5.1.10" nothing but the code.
        let replaces = |said: &Said| {
            found.said.reply.len() > said.reply.len()
                && (said.reply.get(3..4) == Some("-") || said.reply.len() < 13)
                && found.said.reply.starts_with(&said.reply)
        };
        let mut place = block_of(found.line);
        for address in addresses(&found.said.reply).map(str::to_lowercase) {
            // A transcript speaks of every recipient, though it stands below the last one.
            if let Some(&named) = prose.index.get(&address) {
                place = Some(named);
            }
            if !found.is_echo {
                prose
                    .mentions
                    .entry(address)
                    .or_insert_with(|| found.said.clone());
            }
        }
        if found.is_echo && best.is_some_and(|best| !best.is_echo) {
            continue;
        }
        if let Some(named) = place.and_then(|place| prose.named.get_mut(place)) {
            match &mut named.said {
                Some(said) if replaces(said) => said.reply.clone_from(&found.said.reply),
                Some(_) => {}
                None => named.said = Some(found.said.clone()),
            }
        }
    }
    // Who has no reply of his own: one that mentions him, then the strongest sentence of his block.
    let mut sentences: HashMap<usize, &Paragraph> = HashMap::new();
    let is_beside = |paragraph: &Paragraph| {
        let line = lines.get(paragraph.line);
        line.is_some_and(|line| line.opens.is_some())
    };
    let told = |paragraph: &Paragraph| paragraph.weight + u8::from(is_beside(paragraph));
    for paragraph in paragraphs
        .iter()
        .filter(|paragraph| paragraph.weight > 1 && !paragraph.heads)
    {
        if let Some(place) = block_of(paragraph.line) {
            let kept = sentences.entry(place).or_insert(paragraph);
            if told(paragraph) > told(kept) {
                *kept = paragraph;
            }
        }
    }
    // Who has none either: the reason in the heading above him.
    let headings: Vec<&Paragraph> = paragraphs
        .iter()
        .filter(|paragraph| paragraph.heads && paragraph.weight > 2)
        .collect();
    for (line, place) in &blocks {
        let behind = headings.partition_point(|heading| heading.line < *line);
        if let Some(heading) = behind.checked_sub(1).and_then(|at| headings.get(at)) {
            sentences.entry(*place).or_insert(heading);
        }
    }
    let strongest = paragraphs
        .iter()
        .rev()
        .max_by_key(|paragraph| paragraph.weight);
    prose.general = best.map(|coded| coded.said.clone()).or_else(|| {
        strongest
            .filter(|paragraph| paragraph.weight > 0)
            .map(|paragraph| hop::sentence(&paragraph.text, paragraph.weight))
    });
    for (place, named) in prose.named.iter_mut().enumerate() {
        if named.said.is_none() {
            named.said = prose
                .mentions
                .get(&named.address.to_lowercase())
                .cloned()
                .or_else(|| {
                    sentences
                        .get(&place)
                        .map(|paragraph| hop::sentence(&paragraph.text, paragraph.weight))
                })
                .or_else(|| prose.general.clone());
        }
    }
    if prose.general.is_none() {
        // A language that is not known here: the longest of the first paragraphs tells it to a human.
        prose.general = paragraphs
            .iter()
            .take(4)
            .rev()
            .max_by_key(|paragraph| paragraph.text.len())
            .map(|paragraph| hop::sentence(&paragraph.text, 0));
    }
    prose
}

impl Prose {
    /// The place of an address in `named`; a new one when it is not there yet.
    fn place(&mut self, address: &str) -> usize {
        let key = address.to_lowercase();
        if let Some(&place) = self.index.get(&key) {
            return place;
        }
        if self.named.len() >= MOST_RECIPIENTS {
            return self.named.len();
        }
        self.named.push(Named {
            address: address.to_owned(),
            said: None,
            outcome: None,
        });
        self.index.insert(key, self.named.len() - 1);
        self.named.len() - 1
    }
}

/// What the heading that ends in this line says became of the mail to those below.
fn outcome_of(lines: &[Line<'_>], at: usize) -> Option<Outcome> {
    let heading: String = lines
        .get(at.saturating_sub(1)..=at)?
        .iter()
        .filter(|line| line.opens.is_none())
        .map(|line| within(line.text, 300))
        .collect::<Vec<_>>()
        .join(" ");
    section_of(&heading.to_lowercase())
}

/// What a heading, in lower case, says became of the mail. `could not be relayed to` is no success.
fn section_of(heading: &str) -> Option<Outcome> {
    let is_denied = heading
        .split(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '\'' | '\u{2019}')))
        .any(|word| {
            DENIALS.contains(&word) || word.ends_with("n't") || word.ends_with("n\u{2019}t")
        });
    SECTIONS
        .iter()
        .find(|(words, outcome)| {
            heading.contains(words) && !(is_denied && *outcome == Outcome::Sent)
        })
        .map(|(_, outcome)| *outcome)
}

/// Finds the replies that carry a code.
fn coded(lines: &[Line<'_>]) -> Vec<Coded> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let Some(start) = code_start(line.text) else {
            at += 1;
            continue;
        };
        let (raw, next) = gather(lines, at, start);
        // What stands before tells host and phase: the same line, and the few above it that belong to it.
        let above = lines
            .get(at.saturating_sub(3)..at)
            .unwrap_or_default()
            .iter()
            .map(|line| within(line.text, 300));
        let same = line.text.get(..start).unwrap_or_default();
        let context = above.chain([same]).collect::<Vec<_>>().join("\n");
        let behind = lines.get(next).map_or("", |line| within(line.text, 200));
        let mut said = hop::last_hop(&raw, &context, behind);
        let lower = said.reply.to_lowercase();
        let is_echo = lower.starts_with("503")
            && ["need rcpt", "recipient", "sequence", "need mail"]
                .iter()
                .any(|word| lower.contains(word));
        if MAILER_FAILED
            .iter()
            .any(|words| lower.trim_end_matches('.').ends_with(words))
            && let Some(above) = at.checked_sub(1).and_then(|above| lines.get(above))
            && !above.text.starts_with(['<', '>', '.', '-'])
            && weight(above.text) > 2
        {
            // What the mailer said stands above.
            let mailer = one_line(within(above.text, LONGEST_SENTENCE));
            said.reply = format!("{mailer} {}", said.reply);
        }
        found.push(Coded {
            line: at,
            said,
            is_echo,
        });
        at = next.max(at + 1);
    }
    found
}

/// Joins a reply from line `at`, byte `start`, with the lines that continue it; also gives the line behind.
fn gather(lines: &[Line<'_>], at: usize, start: usize) -> (String, usize) {
    let Some(first) = lines.get(at) else {
        return (String::new(), at + 1);
    };
    let transcript = first.text.starts_with("<<<");
    let mut text = first.text.get(start..).unwrap_or_default().to_owned();
    // A code in brackets at the end of a sentence (qmail's `(#5.1.1)`, Exchange's `<mx.example.com #5.1.1>`): the sentence
    // before it is the reply.
    if text.starts_with('#')
        || first
            .text
            .get(..start)
            .is_some_and(|head| head.ends_with('#'))
    {
        let head = first.text.get(..start).unwrap_or_default();
        if head.ends_with("(#")
            || head.ends_with("[#")
            || (head.starts_with('<') && head.ends_with(" #"))
        {
            let mut top = at;
            while let Some(above) = top.checked_sub(1).and_then(|above| lines.get(above)) {
                if above.is_blank() || above.is_rule() || at - top >= 6 {
                    break;
                }
                top -= 1;
                if above.opens.is_some() {
                    break;
                }
            }
            // What stands behind the bracket is the next sentence: "I'm not going to try again".
            let end = first
                .text
                .get(start..)
                .and_then(|tail| tail.find([')', ']', '>']));
            let end = end.map_or(first.text.len(), |end| start + end + 1);
            let begin = first
                .opens
                .map_or(0, |(_, rest)| first.text.len() - rest.len());
            let last = first.text.get(begin..end).unwrap_or_default();
            let sentence = lines
                .get(top..at)
                .unwrap_or_default()
                .iter()
                .map(|line| line.opens.map_or(line.text, |(_, rest)| rest))
                .filter(|text| !text.starts_with("on "))
                .chain([last])
                .collect::<Vec<_>>()
                .join(" ");
            return (sentence.trim().to_owned(), at + 1);
        }
    }
    let code = text.get(..3).unwrap_or_default().to_owned();
    let mut continues = text.as_bytes().get(3) == Some(&b'-');
    let mut next = at + 1;
    while let Some(line) = lines.get(next) {
        if text.len() > LONGEST_REPLY || line.is_blank() || line.is_rule() || line.opens.is_some() {
            break;
        }
        let mut more = line.text;
        if transcript {
            match more.strip_prefix("<<<") {
                Some(rest) if continues => more = rest.trim_start(),
                _ => break,
            }
        } else if ends_reply(more) {
            break;
        }
        // Sendmail's own words below a reply; with a bare code, they are all that is said.
        let is_own = ["Warning: message", "Message could not be delivered for"]
            .iter()
            .any(|own| more.starts_with(own));
        if is_own && text.contains(char::is_alphabetic) {
            break;
        }
        let has_code = more.get(..3).is_some_and(is_code)
            && matches!(more.as_bytes().get(3), None | Some(b' ' | b'-'));
        if has_code {
            // A second reply, unless the first was to be continued.
            if !continues || more.get(..3) != Some(&*code) {
                break;
            }
            continues = more.as_bytes().get(3) == Some(&b'-');
        } else if line.indent < first.indent {
            break;
        }
        text.push(' ');
        text.push_str(more);
        next += 1;
    }
    (text, next)
}

/// Lines that never belong to the reply above them.
fn ends_reply(line: &str) -> bool {
    const ENDS: &[&str] = &[
        ">>>",
        "<<<",
        "... while talking",
        "Giving up on",
        "I'm not going to",
        "/I'm not",
        "(Other MX",
        "[RCPT",
        "[MAIL",
        "[DATA",
        "[BODY",
        "[CONNECT",
        "Message will be",
        "Remote system:",
        "The attachment contains",
        "No action is required",
        "The following recipients",
        "The following address",
        "Original message",
        "Reporting-MTA",
        "DSN generated by",
        "Final-Recipient",
        "Last attempted server",
        "STARTTLS",
        "Will keep trying",
        "No further delivery",
        "This has been a permanent",
    ];
    ENDS.iter().any(|end| line.starts_with(end))
        || (line.starts_with("--") && line.len() < 4)
        // The next line of a session's transcript: `Fri 10:00:00: --> QUIT`.
        || [": --> ", ": <-- "].iter().any(|arrow| line.contains(arrow))
}

/// Where a reply begins in this line: at its code.
///
/// Numbers are everywhere (sizes, times, ids), so a code must stand where replies stand: at the beginning of the line,
/// behind a colon, quote or bracket, or before an enhanced status code.
fn code_start(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    memchr::memchr2_iter(b'4', b'5', bytes).find(|&at| {
        let Some((head, tail)) = line.split_at_checked(at) else {
            return false;
        };
        let before = head.chars().next_back().unwrap_or(' ');
        if before.is_alphanumeric() || matches!(before, '.' | '@' | '_' | '/' | '+' | '=' | '%') {
            return false;
        }
        if before == '-' && !head.trim_end_matches('-').trim().is_empty() {
            return false;
        }
        let spoken = is_spoken(head);
        if tail.get(..3).is_some_and(is_code) {
            let behind = tail.get(3..).unwrap_or_default();
            let class = tail.as_bytes().first();
            let enhanced = Enhanced::read(behind.trim_start_matches([' ', '-', '#', ';', ':']))
                .is_some_and(|(code, _)| Some(&(b'0' + code.class)) == class);
            return match behind.chars().next() {
                None => spoken,
                Some(' ' | '-' | ';' | ':' | ',' | '\'' | ')' | '_') => {
                    enhanced || (spoken && !is_unit(behind))
                }
                _ => false,
            };
        }
        Enhanced::read(tail).is_some_and(|_| spoken)
    })
}

/// `[45]dd` with a second digit that RFC 5321 section 4.2.1 (or a server in use) knows.
fn is_code(text: &str) -> bool {
    matches!(text.as_bytes(), [b'4' | b'5', b'0'..=b'7', b'0'..=b'9'])
}

/// May a reply begin behind these words?
fn is_spoken(head: &str) -> bool {
    // Microsoft puts a left-to-right mark before codes.
    let head = head.trim_end_matches(|letter: char| letter.is_whitespace() || letter == '\u{200e}');
    let Some(last) = head.chars().next_back() else {
        return true;
    };
    match last {
        ':' => {
            let label = head.trim_end_matches([':', ' ', ')']);
            !label.ends_with(|letter: char| letter.is_ascii_digit())
                && !["bytes", "size", "lines"]
                    .iter()
                    .any(|count| label.ends_with(count))
        }
        ';' | '\'' | '"' | '(' | '[' | '#' | '<' | '“' | '«' | '‘' => true,
        // The other side's line in MDaemon's transcript.
        '-' if head.ends_with("<--") => true,
        '-' | '*' => head.trim_matches(['-', '*', ' ']).is_empty(),
        ',' => head.ends_with("],") || head.ends_with(")"),
        _ => {
            let lower = within_end(head, 24).to_lowercase();
            [
                "said",
                "returned",
                "responded",
                "code",
                "error",
                "<<<",
                "reply",
                "response",
                "because of",
                "smtp",
            ]
            .iter()
            .any(|word| lower.ends_with(word))
        }
    }
}

/// A number with a unit is no code: `500 seconds`, `535 KB`.
fn is_unit(behind: &str) -> bool {
    const UNITS: &[&str] = &[
        "kb",
        "mb",
        "kib",
        "mib",
        "bytes",
        "byte",
        "seconds",
        "second",
        "secs",
        "minutes",
        "hours",
        "days",
        "attempts",
        "messages",
        "mails",
        "emails",
        "people",
        "recipients",
        "users",
        "times",
    ];
    let word: String = behind
        .trim_start()
        .chars()
        .take_while(|letter| letter.is_alphabetic())
        .take(10)
        .collect();
    UNITS.contains(&&*word.to_lowercase())
}

/// Cuts the text into paragraphs and weighs how much each speaks of a reason.
fn paragraphs(lines: &[Line<'_>]) -> Vec<Paragraph> {
    let mut found = Vec::new();
    let mut open: Vec<(usize, &str)> = Vec::new();
    for (at, line) in lines.iter().enumerate().take(MOST_WEIGHED) {
        let ends = line.is_blank() || line.is_rule() || line.opens.is_some();
        if ends {
            close(lines, &mut open, &mut found);
        }
        if let Some((_, rest)) = line.opens {
            if let Some(above) = found.last_mut() {
                above.heads = above.text.ends_with(':')
                    && lines
                        .get(above.line)
                        .is_some_and(|line| line.opens.is_none());
            }
            let rest = match rest.strip_prefix("(expanded from") {
                Some(list) => list.split_once("):").map_or("", |(_, rest)| rest),
                None => rest,
            };
            let rest = rest.trim_start_matches(['.', ';', ' ']);
            let rest = rest
                .strip_prefix(['[', '('])
                .and_then(|inner| inner.strip_suffix([']', ')']))
                .unwrap_or(rest);
            if !rest.is_empty() && !rest.starts_with(',') && !rest.starts_with("on ") {
                open.push((at, rest));
            }
        } else if !ends {
            open.push((at, line.text));
        }
    }
    close(lines, &mut open, &mut found);
    found
}

fn close(lines: &[Line<'_>], open: &mut Vec<(usize, &str)>, found: &mut Vec<Paragraph>) {
    let mut strongest = (0, 0);
    for (at, (_, text)) in open.iter().enumerate() {
        let weight = weight(text);
        if weight > strongest.1 {
            strongest = (at, weight);
        }
    }
    if let Some((line, text)) = open.first()
        && strongest.1 < 2
        && (lines.get(*line).is_some_and(|line| line.opens.is_some())
            || line
                .checked_sub(1)
                .and_then(|above| lines.get(above)?.opens)
                .is_some_and(|(_, rest)| rest.is_empty()))
        && text.split_whitespace().nth(1).is_some()
    {
        // Words right behind an address, or right below, are about it, whatever they are.
        strongest = (0, 2);
    }
    // "The response was:" announces the very words of the other side, in the next line or paragraph.
    let announced = open
        .iter()
        .rposition(|(_, text)| announces(text))
        .map(|at| at + 1)
        .filter(|&at| at < open.len());
    let begin = announced.unwrap_or(0);
    if announced.is_some() || found.last().is_some_and(|above| announces(&above.text)) {
        strongest = (begin.max(strongest.0), 4);
    }
    let length: usize = open.iter().map(|(_, text)| text.len() + 1).sum();
    let from = if length > LONGEST_SENTENCE {
        strongest.0
    } else {
        begin
    };
    let mut text = String::new();
    for (_, line) in open.iter().skip(from) {
        if text.len() + line.len() > LONGEST_SENTENCE && !text.is_empty() {
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(within(line, LONGEST_SENTENCE));
    }
    let weight = match strongest.1 {
        // A phrase may be cut by the end of a line.
        told if told < 3 && open.len() > 1 => told.max(weight(&text)),
        told => told,
    };
    if let Some((line, _)) = open.first()
        && !text.is_empty()
        && (weight > 0 || !mime::is_field(text.as_bytes()))
    {
        found.push(Paragraph {
            line: *line,
            text,
            weight,
            heads: false,
        });
    }
    open.clear();
}

/// Does this end with words like "The response was:"?
fn announces(text: &str) -> bool {
    let lower = within_end(text, 80).to_lowercase();
    [
        "response was:",
        "returned was:",
        "server was:",
        "error was:",
        "error was given:",
        "remote host said:",
        "server responded:",
    ]
    .iter()
    .any(|words| lower.ends_with(words))
}
