//! Verdicts for people: a line each, or in full. Colour only repeats what words say.

use std::borrow::Cow;
use std::io::{self, Write};

use colored::Colorize;
use whybounce::details;
use whybounce::knowledge::Cause;
use whybounce::verdict::{Evidence, Verdict};
use whybounce::vocabulary::{EvidenceKind, Family, Operating, Owner, Priority, Retry};

use super::escape::visible;
use super::fields::Answer;

/// Columns for the longest id of a cause.
const CAUSE: usize = 25;
/// Columns for a recipient; a longer one juts out.
const RECIPIENT: usize = 32;
/// Columns before the text of a page: two blanks and the label.
const LABEL: usize = 11;
/// A page is not made narrower than this.
const NARROWEST: usize = 40;

/// One line a verdict: time, priority, cause, recipient, summary.
#[derive(Clone, Copy, Debug)]
pub struct Lines {
    /// Whether several inputs are to be told apart.
    pub with_file: bool,
}

impl Lines {
    /// Writes one line. It depends on its own record alone, so a log gives the same lines however it is read.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(self, out: &mut impl Write, answer: Answer<'_>) -> io::Result<()> {
        let verdict = answer.verdict;
        let record = &verdict.record;
        if let Some(file) = answer.file.filter(|_| self.with_file) {
            write!(out, "{}  ", visible(file))?;
        }
        // A bare reply knows neither time nor recipient; it has no empty columns.
        let known = record.time.is_some() || record.recipient.is_some();
        if known {
            write!(out, "{}  ", visible(record.time.as_deref().unwrap_or("-")))?;
        }
        let priority = format!("{:8}", verdict.priority.id());
        write!(
            out,
            "{}  {:CAUSE$}  ",
            paint(&priority, verdict.priority),
            verdict.cause.id()
        )?;
        if known {
            let recipient = visible(record.recipient.as_deref().unwrap_or("-"));
            write!(out, "{recipient:RECIPIENT$}  ")?;
        }
        writeln!(out, "{}", visible(&verdict.summary()))
    }
}

/// A verdict in full, on lines of at most `width` columns.
#[must_use]
pub fn in_full(answer: Answer<'_>, width: usize) -> String {
    let verdict = answer.verdict;
    let mut page = Page::new(width);
    page.head(verdict.priority, verdict.cause);
    page.paragraph(&verdict.summary());
    page.gap();

    page.record(answer);
    let steps: Vec<_> = verdict.fix().collect();
    for (place, step) in steps.iter().enumerate() {
        let step = if steps.len() > 1 {
            format!("{}. {step}", place + 1).into()
        } else {
            step.clone()
        };
        page.row(if place == 0 { "do" } else { "" }, &step);
    }
    page.row("whose", &verdict.whose().unwrap_or_default());
    page.row("who acts", who(verdict.owner));
    page.row("retry", &retry(verdict));
    if matches!(verdict.family, Family::Temporary | Family::Permanent) {
        page.row(
            "list",
            if verdict.suppress {
                "take the address off"
            } else {
                "keep the address"
            },
        );
    }
    if let Some(list) = verdict.blocklist() {
        let listed = list.listed.as_deref().unwrap_or("you");
        let closed = if list.operating == Operating::No {
            " (closed)"
        } else {
            ""
        };
        page.row("listed", &format!("{listed} on {}{closed}", list.name));
        page.row("look up", list.lookup.as_deref().unwrap_or_default());
    }
    page.row(
        "provider",
        verdict
            .provider()
            .map(|provider| provider.name)
            .unwrap_or_default(),
    );
    page.row("because", &because(verdict));
    for conflict in verdict.conflicts() {
        page.row("but", &conflict);
    }
    let likely: Vec<_> = verdict.likely().iter().map(|cause| cause.id()).collect();
    page.row("may be", &likely.join(", "));
    for (place, reference) in verdict.references().enumerate() {
        page.row(if place == 0 { "see" } else { "" }, reference);
    }
    page.text
}

/// Who has to act, spoken to the reader.
pub(super) fn who(owner: Owner) -> &'static str {
    match owner {
        Owner::Sender => "you, the sender",
        Owner::Recipient => "the recipient",
        Owner::Receiver => "the receiver",
        Owner::Platform => "your sending platform",
        Owner::Nobody | Owner::Unknown => "",
    }
}

fn retry(verdict: &Verdict<'_>) -> String {
    match verdict.retry {
        Retry::None => "not needed".to_owned(),
        Retry::Later => match verdict.after_seconds() {
            Some(seconds) => format!(
                "later; the reply asks to wait {}",
                details::wait_in_words(seconds)
            ),
            None => "later; a mail server does so by itself".to_owned(),
        },
        Retry::AfterFix => "after the fix".to_owned(),
        Retry::Never => "never".to_owned(),
    }
}

/// What decided, strongest first, and how sure that is.
fn because(verdict: &Verdict<'_>) -> String {
    let pieces: Vec<String> = verdict.evidence().into_iter().map(piece).collect();
    let said = match pieces.as_slice() {
        [] => "nothing in the text was recognised".to_owned(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    };
    format!("{said} ({} confidence)", verdict.confidence)
}

fn piece(evidence: Evidence<'_>) -> String {
    let Evidence { kind, text, .. } = evidence;
    match kind {
        EvidenceKind::Wording => format!("the words \"{text}\""),
        EvidenceKind::Marker => format!("the mark \"{text}\""),
        EvidenceKind::Phase => format!("the step {text}"),
        EvidenceKind::Enhanced | EvidenceKind::Code => text.to_string(),
        EvidenceKind::Class => match text.chars().next() {
            Some(digit) => format!("the first digit {digit}"),
            None => text.to_string(),
        },
    }
}

/// The priority as a heading.
pub(super) const fn heading(priority: Priority) -> &'static str {
    match priority {
        Priority::Critical => "CRITICAL",
        Priority::FixSoon => "FIX SOON",
        Priority::Monitor => "MONITOR",
        Priority::Info => "INFO",
    }
}

/// Gives a word the colour of a priority.
fn paint(word: &str, priority: Priority) -> colored::ColoredString {
    match priority {
        Priority::Critical => word.red().bold(),
        Priority::FixSoon => word.yellow().bold(),
        Priority::Monitor => word.cyan(),
        Priority::Info => word.green(),
    }
}

/// The columns that a text takes. Wide characters count as one: a page then breaks a little late, nothing worse.
fn columns(text: &str) -> usize {
    text.chars().count()
}

/// Text in paragraphs and labelled rows, wrapped at a width, safe for a terminal.
#[derive(Debug)]
pub struct Page {
    width: usize,
    /// What was written so far.
    pub text: String,
}

impl Page {
    /// An empty page of this many columns.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self {
            width: width.max(NARROWEST),
            text: String::new(),
        }
    }

    /// Adds a blank line.
    pub fn gap(&mut self) {
        self.text.push('\n');
    }

    /// Adds wrapped text at the left edge.
    pub fn paragraph(&mut self, text: &str) {
        self.wrapped("", 0, 0, text);
    }

    /// Adds a label and its wrapped text; nothing when the text is empty.
    pub fn row(&mut self, label: &str, text: &str) {
        if !text.is_empty() {
            let label = format!("  {label:width$}", width = LABEL - 2)
                .dimmed()
                .to_string();
            // The lines of a numbered step stand under its words.
            let number = text
                .find(". ")
                .filter(|end| text[..*end].bytes().all(|byte| byte.is_ascii_digit()));
            self.wrapped(&label, LABEL, number.map_or(0, |end| end + 2), text);
        }
    }

    /// Adds the first line: priority and title on the left, the cause's id on the right.
    pub fn head(&mut self, priority: Priority, cause: Cause) {
        let word = heading(priority);
        self.text.push_str(&format!("{}  ", paint(word, priority)));
        self.titled(word.len() + 2, cause.title(), cause.id());
    }

    /// Adds a title, with its id on the right.
    pub fn title(&mut self, title: &str, id: &str) {
        self.titled(0, title, id);
    }

    fn titled(&mut self, column: usize, title: &str, id: &str) {
        let title = visible(title);
        if id.is_empty() {
            self.text.push_str(&format!("{}\n", title.bold()));
            return;
        }
        let between = self
            .width
            .min(80)
            .saturating_sub(column + columns(&title) + columns(id))
            .max(2);
        self.text
            .push_str(&format!("{}{:between$}{}\n", title.bold(), "", id.dimmed()));
    }

    /// Adds what the record knows besides the reply; an argument is before the reader's eyes already.
    fn record(&mut self, answer: Answer<'_>) {
        let record = &answer.verdict.record;
        if record.line == 0 && record.format == "reply" {
            return;
        }
        let known = |text: &Option<Cow<'_, str>>| text.as_deref().unwrap_or_default().to_owned();
        match (answer.file, record.line) {
            (Some(file), 0) => self.row("in", file),
            (Some(file), line) => self.row("in", &format!("{file}, line {line}")),
            (None, 0) => {}
            (None, line) => self.row("in", &format!("line {line}")),
        }
        self.row("time", &known(&record.time));
        self.row("to", &known(&record.recipient));
        self.row("from", &known(&record.sender));
        self.row("queue id", &known(&record.queue_id));
        let host = match (record.remote_host.as_deref(), record.remote_ip.as_deref()) {
            (Some(host), Some(ip)) => format!("{host} [{ip}]"),
            (host, ip) => host.or(ip).unwrap_or_default().to_owned(),
        };
        self.row(if record.own_server { "client" } else { "host" }, &host);
        self.row("said", &record.reply);
        self.gap();
    }

    /// Adds words until the line is full. A word that is wider than the page, such as a URL, stays whole.
    fn wrapped(&mut self, label: &str, indent: usize, hang: usize, text: &str) {
        let text = visible(text);
        self.text.push_str(label);
        let mut column = indent;
        let mut empty = true;
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let wide = columns(word);
            if !empty && column + 1 + wide > self.width {
                column = indent + hang;
                self.text.push_str(&format!("\n{:column$}", ""));
            } else if !empty {
                self.text.push(' ');
                column += 1;
            }
            empty = false;
            self.text.push_str(word);
            column += wide;
        }
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use whybounce::classifier::Classifier;
    use whybounce::record::Record;

    fn shown(reply: &str, width: usize) -> String {
        colored::control::set_override(false);
        let record = Record {
            format: "reply",
            reply: reply.into(),
            ..Record::default()
        };
        let verdict = Classifier::default().classify(&record);
        in_full(
            Answer {
                verdict: &verdict,
                file: None,
            },
            width,
        )
    }

    #[test]
    fn a_narrow_terminal_wraps() {
        let page = shown("250 2.0.0 Ok: queued as 4Zx1Yq2Lz7z", 44);
        for line in page.lines().filter(|line| !line.contains("http")) {
            assert!(columns(line) <= 44, "{line:?} of\n{page}");
        }
    }

    #[test]
    fn a_strangers_escape_sequence_is_written_out() {
        let page = shown("550 5.1.1 \x1b[2J\u{202e}User unknown", 80);
        assert!(!page.contains(['\x1b', '\u{202e}']), "{page}");
    }
}
