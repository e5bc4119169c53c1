//! One JSON object a line.

use std::io::{self, Write};

use serde::ser::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};
use whybounce::verdict::Gist;

use super::escape;
use super::fields::{Answer, Field, Key, Object, Part, Scalar, Sink};

/// One object an answer, each on its line.
#[derive(Clone, Debug)]
pub struct Lines {
    /// The fields that were asked for, and what stands before their values in an object; all keys if there are none.
    fields: Vec<(String, Field)>,
    /// The memory in which one line after the other is made.
    line: Line,
    /// What lines have in common, each gist at its place; empty until the second line.
    kept: Vec<Option<Box<Kept>>>,
}

impl Lines {
    /// Objects that have these fields, or else all keys.
    #[must_use]
    pub fn new(fields: &[Field]) -> Self {
        let named = |field: &Field| (format!(",\"{}\":", field.name), field.clone());
        Self {
            fields: fields.iter().map(named).collect(),
            line: Line::default(),
            kept: Vec::new(),
        }
    }

    /// Writes an answer as one line of JSON.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(&mut self, out: &mut impl Write, answer: Answer<'_>) -> io::Result<()> {
        let Self { fields, line, kept } = self;
        // Whoever asks once needs no memory.
        if kept.is_empty() && fields.is_empty() && !line.bytes.is_empty() {
            *kept = vec![None; GISTS];
        }
        line.bytes.clear();
        if fields.is_empty() {
            let gist = answer.verdict.gist();
            let mut place = kept.get_mut(gist.number() % GISTS);
            line.kept = place.as_mut().map(|place| {
                let known = place.take().filter(|kept| kept.gist == gist);
                known.unwrap_or_else(|| Kept::none(gist))
            });
            line.met = 0;
            Key::tell_all(answer, line);
            if let Some(place) = place {
                *place = line.kept.take();
            }
        }
        for (name, field) in fields {
            line.part(name, |line| field.tell(answer, line));
        }
        line.enclose(0);
        line.bytes.push(b'\n');
        out.write_all(&line.bytes)
    }
}

/// How many gists are remembered.
const GISTS: usize = 1024;

/// A line of JSON while it grows.
#[derive(Clone, Debug, Default)]
struct Line {
    bytes: Vec<u8>,
    /// The run that grows has something of its record's own.
    own: bool,
    /// What it has in common with other lines.
    kept: Option<Box<Kept>>,
    /// How many runs were met.
    met: usize,
}

/// The runs that all lines of a gist have in common, in order; an empty one stands for what each has for itself.
#[derive(Clone, Debug)]
struct Kept {
    gist: Gist,
    runs: Vec<Vec<u8>>,
}

impl Kept {
    fn none(gist: Gist) -> Box<Self> {
        let runs = Vec::new();
        Box::new(Self { gist, runs })
    }
}

impl Sink for Line {
    // Where it is called the kind of value is known, and all the rest of this goes away.
    #[inline(always)]
    fn scalar(&mut self, value: Scalar<'_>) {
        match value {
            Scalar::Null => self.bytes.extend_from_slice(b"null"),
            Scalar::Flag(true) => self.bytes.extend_from_slice(b"true"),
            Scalar::Flag(false) => self.bytes.extend_from_slice(b"false"),
            Scalar::Number(number) => self.number(number),
            Scalar::Id(id) => self.plain(id.as_bytes()),
            Scalar::Made(short) => self.plain(short.bytes()),
            Scalar::Known(text) => self.text(text),
            Scalar::Text(text) => {
                self.own = true;
                self.text(text);
            }
        }
    }

    fn list<T>(&mut self, items: impl IntoIterator<Item = T>, tell: impl Fn(&mut Self, T)) {
        self.bytes.push(b'[');
        items.into_iter().for_each(|item| {
            tell(self, item);
            self.bytes.push(b',');
        });
        // Behind the last one stands no comma.
        self.bytes.pop_if(|last| *last == b',');
        self.bytes.push(b']');
    }

    #[inline(always)]
    fn object(&mut self, parts: &[Part<'_>]) {
        let start = self.bytes.len();
        for part in parts {
            self.bytes.extend_from_slice(part.key.as_bytes());
            self.scalar(part.value);
        }
        self.enclose(start);
    }

    #[inline(always)]
    fn alike(&mut self, tell: impl FnOnce(&mut Self)) {
        let run = self.kept.as_ref().and_then(|kept| kept.runs.get(self.met));
        self.met += 1;
        if let Some(run) = run
            && !run.is_empty()
        {
            self.bytes.extend_from_slice(run);
            return;
        }
        let is_new = run.is_none();
        let start = self.bytes.len();
        self.own = false;
        tell(self);
        if is_new {
            self.keep(start);
        }
    }
}

impl Object for Line {
    #[inline(always)]
    fn key(&mut self, key: &'static str, tell: impl FnOnce(&mut Self) -> bool) {
        self.part(key, tell);
    }
}

impl Line {
    /// Keeps the run that begins here for the lines to come.
    #[cold]
    fn keep(&mut self, start: usize) {
        if let Some(kept) = &mut self.kept {
            let run = self.bytes.get(start..).filter(|_| !self.own);
            kept.runs.push(run.unwrap_or_default().to_vec());
        }
    }

    /// Adds a name and the value that is told behind it, if there is one.
    #[inline(always)]
    fn part(&mut self, name: &str, tell: impl FnOnce(&mut Self) -> bool) {
        let before = self.bytes.len();
        self.bytes.extend_from_slice(name.as_bytes());
        if !tell(self) {
            self.bytes.truncate(before);
        }
    }

    /// Makes an object of the parts from a place on, the first comma being where it begins.
    fn enclose(&mut self, start: usize) {
        match self.bytes.get_mut(start) {
            Some(comma) => *comma = b'{',
            None => self.bytes.push(b'{'),
        }
        self.bytes.push(b'}');
    }

    /// Writes a number; the way of `write!` takes several times as long.
    fn number(&mut self, number: u64) {
        if number > 9 {
            self.number(number / 10);
        }
        self.bytes.push(b'0' + (number % 10) as u8);
    }

    /// Writes a string that needs no escape.
    fn plain(&mut self, text: &[u8]) {
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(text);
        self.bytes.push(b'"');
    }

    /// Writes a string. Nearly all are plain.
    #[inline(never)]
    fn text(&mut self, text: &str) {
        if is_plain(text.as_bytes()) {
            self.plain(text.as_bytes());
        } else {
            self.escaped(text);
        }
    }

    #[cold]
    fn escaped(&mut self, text: &str) {
        let mut json = serde_json::Serializer::with_formatter(&mut self.bytes, Safe);
        // Memory refuses nothing.
        text.serialize(&mut json).unwrap_or_default();
    }
}

/// Whether all of a text surely stands in JSON as it is. `|` and `}` do, too, but a text with them is looked at again: so two
/// comparisons tell a byte. Without a way out among them, many bytes are looked at all at once.
fn is_plain(text: &[u8]) -> bool {
    // To swap them in pairs brings the quote to the controls' side of the blank.
    const fn odd(byte: u8) -> bool {
        !matches!(byte ^ 2, b'!'..=b'|') | (byte == b'\\')
    }
    fn any_odd<const COUNT: usize>(bytes: &[u8; COUNT]) -> bool {
        bytes.iter().fold(false, |any, byte| any | odd(*byte))
    }
    let (chunks, rest) = text.as_chunks::<16>();
    // The last ones may overlap with those before, which costs less than looking at each of the rest.
    let odd_end = match (
        text.last_chunk::<16>(),
        text.first_chunk::<8>(),
        text.last_chunk::<8>(),
    ) {
        (Some(last), ..) => any_odd(last),
        (_, Some(first), Some(last)) => any_odd(first) | any_odd(last),
        _ => rest.iter().any(|byte| odd(*byte)),
    };
    !odd_end && !chunks.iter().any(any_odd)
}

/// Compact JSON that also escapes what deceives a terminal; serde_json lets U+007F, C1 and bidi controls through raw,
/// which is right for JSON (RFC 8259 section 7) and wrong for the eye.
pub(super) struct Safe;

impl Formatter for Safe {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if escape::is_plain(fragment) {
            return CompactFormatter.write_string_fragment(out, fragment);
        }
        let mut rest = fragment;
        while let Some((at, letter)) = rest
            .char_indices()
            .find(|(_, letter)| escape::deceives(*letter))
        {
            let (clean, from) = rest.split_at(at);
            CompactFormatter.write_string_fragment(out, clean)?;
            for unit in letter.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = from.strip_prefix(letter).unwrap_or_default();
        }
        CompactFormatter.write_string_fragment(out, rest)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use whybounce::classifier::Classifier;
    use whybounce::knowledge::{self, BUILT_IN};
    use whybounce::own::Own;
    use whybounce::record::{Outcome, Record};
    use whybounce::vocabulary::Phase;

    fn written(value: Scalar<'_>) -> String {
        let mut line = Line::default();
        line.scalar(value);
        String::from_utf8(line.bytes).unwrap()
    }

    #[test]
    fn a_line_is_the_same_whatever_was_written_before() {
        let mut classifier = Classifier::default();
        let mut lines = Lines::new(&[]);
        let sent = Some(Outcome::Sent);
        let [deferred, bounced] = [Outcome::Deferred, Outcome::Bounced].map(Some);
        let (anybody, google) = ("mx.example.com", "mx.google.com");
        // What is alike comes one after the other: the same reply again, then that of the next rule.
        for (outcome, softer, host, own_server) in [
            (deferred, true, anybody, false),
            (bounced, false, anybody, false),
            (bounced, false, google, false),
            (sent, false, google, false),
            (None, true, google, false),
            (None, false, anybody, false),
            (None, false, anybody, true),
        ] {
            let rules = BUILT_IN.rules.iter();
            let lists = knowledge::blocklists().iter().map(|list| list.example);
            let failures = knowledge::resolver_errors().iter().map(|row| row.example);
            for example in rules
                .flat_map(|rule| BUILT_IN.list(rule.examples))
                .chain(lists.chain(failures).map(|example| BUILT_IN.str(example)))
            {
                for line in 0..2 {
                    let mut reply = format!("{example} 192.0.2.{line}");
                    if softer {
                        reply = reply.replace("550", "450").replace("5.7", "4.7");
                    }
                    let record = Record {
                        line,
                        reply: reply.into(),
                        recipient: (line > 0).then_some("bob@example.com".into()),
                        remote_host: Some(host.into()),
                        outcome,
                        own_server,
                        ..Record::default()
                    };
                    let verdict = &classifier.classify(&record);
                    let answer = Answer {
                        verdict,
                        file: None,
                    };
                    let (mut line, mut fresh) = (Vec::new(), Vec::new());
                    lines.write(&mut line, answer).unwrap();
                    Lines::new(&[]).write(&mut fresh, answer).unwrap();
                    assert_eq!(str::from_utf8(&line), str::from_utf8(&fresh));
                }
            }
        }
        // Nothing is kept twice.
        let mut kept = lines.kept.iter().flatten();
        assert!(kept.all(|kept| kept.runs.len() < 30));
    }

    #[test]
    fn lines_that_differ_in_one_thing_have_no_more_in_common_than_that() {
        let mut own = Own::default();
        own.add("example.com").unwrap();
        let of = |reply| Record::from(reply);
        let at = |phase| Record {
            phase,
            ..of("550 no (in reply to RCPT TO command)")
        };
        let to = |recipient: &'static str| Record {
            recipient: Some(recipient.into()),
            ..of("550 5.1.1 User unknown")
        };
        for pair in [
            [
                of("451 4.7.1 Greylisted, try again in 5 minutes"),
                of("451 4.7.1 Greylisted, try again in 10 minutes"),
            ],
            [of("550 User unknown"), of("554 User unknown")],
            [at(None), at(Some(Phase::Rcpt))],
            // The rule knows the list, named or not.
            [
                of("554 Connection refused by sbl.spamhaus.org. IB104"),
                of("554 Connection refused. IB104"),
            ],
            [to("bob@example.com"), to("bob@example.net")],
        ] {
            let mut lines = Lines::new(&[]);
            let written = |lines: &mut Lines, record: &Record<'_>| {
                let mut classifier = Classifier::default().with_own(&own);
                let verdict = &classifier.classify(record);
                let mut line = Vec::new();
                let file = None;
                lines.write(&mut line, Answer { verdict, file }).unwrap();
                String::from_utf8(line).unwrap()
            };
            let expected = pair
                .each_ref()
                .map(|record| written(&mut Lines::new(&[]), record));
            for (record, expected) in pair.iter().zip(&expected).cycle().take(6) {
                assert_eq!(written(&mut lines, record), *expected);
            }
        }
    }

    #[test]
    fn numbers_are_written_in_full() {
        for number in [0, 7, 10, 550, 1_000_000, u64::MAX] {
            assert_eq!(written(Scalar::Number(number)), number.to_string());
        }
    }

    #[test]
    fn what_needs_an_escape_has_one_wherever_it_stands() {
        for odd in ["\"", "\\", "\n", "\0", "\x7f", "\u{9b}", "ü"] {
            for length in 0..40 {
                for place in 0..=length {
                    let mut text = "x".repeat(length);
                    text.insert_str(place, odd);
                    let json = written(Scalar::Text(&text));
                    assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
                    assert_eq!(
                        json.contains(odd),
                        odd == "ü" || "\"\\".contains(odd),
                        "{json}"
                    );
                }
            }
        }
    }

    #[test]
    fn json_shows_no_control_bidi_or_invisible_character_raw() {
        let hostile = "a\x07\x7f\u{85}\u{9b}\u{202e}\u{2028}\u{200b}\u{feff}\u{e0041}\"\\ü";
        let json = written(Scalar::Text(hostile));
        assert_eq!(
            json,
            "\"a\\u0007\\u007f\\u0085\\u009b\\u202e\\u2028\\u200b\\ufeff\\udb40\\udc41\\\"\\\\ü\""
        );
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), hostile);
    }

    #[test]
    fn json_of_plain_text_is_plain() {
        assert_eq!(
            written(Scalar::Text("550 5.1.1 User unknown")),
            "\"550 5.1.1 User unknown\""
        );
    }
}
