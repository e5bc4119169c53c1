//! A short memory of replies read: servers say the same sentence a thousand times, with other addresses in it.
//!
//! A reply is cut where its literals stand: the chunks between blanks that hold a digit or an `@`. What is between them is
//! compared letter by letter and never cut into words; of a literal only the words count that some phrase uses. So a
//! sentence is found again only by the very same words and codes, and no reply can borrow the reading of another.

use super::phrases::{Key, Met, key_of};
use super::{Asked, Read};
use crate::knowledge::tables::Tables;
use crate::knowledge::words;
use crate::verdict::Place;

/// How many readings are kept; a power of two.
const KEPT: usize = 4096;
/// Replies of more bytes than this are no form letters.
const LONGEST: usize = 1024;
/// Nor are those whose literals have more tokens than this.
const MOST_TOKENS: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Recall {
    /// Empty until the second reply: whoever asks once needs no memory.
    kept: Vec<Option<Box<Kept>>>,
    used: bool,
    sentence: Sentence,
    /// How many were known again.
    #[cfg(test)]
    found: usize,
}

#[derive(Clone, Debug)]
struct Kept {
    asked: Asked,
    read: Read,
    /// Where the places of the reading lie: those of the winning words and of the list.
    spots: [Option<(Spot, Spot)>; 2],
    plain: Box<[Plain]>,
    letters: Box<[u8]>,
    keys: Box<[Key]>,
}

/// A reply cut where its literals stand. It begins and ends with plain text, be it empty.
#[derive(Debug, Default)]
struct Sentence {
    /// Where the plain text before each literal begins, and that behind the last one.
    starts: Vec<u32>,
    plain: Vec<Plain>,
    tokens: Vec<Met>,
    /// A hash of a few of its letters and all of its literals: they tell sentences apart well enough.
    state: u64,
}

/// The text up to the next literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plain {
    /// Bytes.
    length: u32,
    /// How many tokens the literals before it have.
    tokens: u32,
}

/// One end of a place, told so that it fits another reply of the same sentence.
#[derive(Clone, Copy, Debug)]
enum Spot {
    /// The start or the end of a literal's token.
    Token(u32),
    /// So many bytes behind the start of this piece of plain text.
    Plain(u32, u32),
}

impl Recall {
    /// The reading of the same words and codes, if it is still known. It may be kept with [`Self::keep`] if not.
    pub fn find(&mut self, tables: &Tables<'_>, text: &str, asked: &Asked) -> Option<Read> {
        if !self.used || text.len() > LONGEST {
            return None;
        }
        let sentence = &mut self.sentence;
        sentence.cut(tables, text);
        let place = sentence.place();
        let kept = [place, place ^ 1].into_iter().find_map(|place| {
            let kept = self.kept.get(place)?.as_ref()?;
            (kept.asked == *asked && sentence.is(text, kept)).then_some(kept)
        })?;
        let [best, list] = kept.spots.map(|spots| {
            let (start, end) = spots?;
            Some(Place {
                start: sentence.byte(start, |token| token.place.start)?,
                end: sentence.byte(end, |token| token.place.end)?,
            })
        });
        #[cfg(test)]
        {
            self.found += 1;
        }
        let mut read = kept.read;
        if let Some((.., place)) = &mut read.best {
            *place = best.unwrap_or_default();
        }
        if let Some((_, place)) = &mut read.list {
            *place = list.unwrap_or_default();
        }
        Some(read)
    }

    /// Keeps the reading of the text that was not found. Two that fall on one place live side by side; a third takes the
    /// place of the older.
    pub fn keep(&mut self, text: &str, asked: &Asked, read: Read) {
        if !self.used || text.len() > LONGEST {
            self.used = true;
            return;
        }
        if self.sentence.tokens.len() > MOST_TOKENS {
            return;
        }
        if self.kept.is_empty() {
            self.kept.resize(KEPT, None);
        }
        let place = self.sentence.place();
        let newer = self.kept.get_mut(place).and_then(Option::take);
        if let Some(beside) = self.kept.get_mut(place ^ 1)
            && newer.is_some()
        {
            *beside = newer;
        }
        if let Some(place) = self.kept.get_mut(place) {
            *place = Some(Box::new(self.sentence.keep(text, asked, read)));
        }
    }
}

impl Sentence {
    fn cut(&mut self, tables: &Tables<'_>, text: &str) {
        self.starts.clear();
        self.plain.clear();
        self.tokens.clear();
        let (mut at, mut from, mut state) = (0, codes(text.as_bytes()), 0);
        loop {
            let literal = words::literal_behind(text, from);
            let length = literal.start - at;
            self.starts.push(at as u32);
            self.plain.push(Plain {
                length: length as u32,
                tokens: self.tokens.len() as u32,
            });
            let middle = text.as_bytes().get(at + length / 2..);
            let letters = middle.and_then(<[u8]>::first_chunk).filter(|_| length > 15);
            state = spread(
                state,
                length as u64 ^ letters.map_or(0, |letters| u64::from_le_bytes(*letters)),
            );
            if literal.is_empty() {
                self.state = state;
                return;
            }
            (at, from) = (literal.end, literal.end);
            words::cut_part(text, literal, |token, start, end| {
                let key = key_of(tables, token);
                state = spread(state, key.number());
                let place = Place::new(start, end);
                self.tokens.push(Met { key, place });
            });
        }
    }

    /// Where a reading of this sentence is kept.
    const fn place(&self) -> usize {
        (self.state >> 32) as usize & (KEPT - 1)
    }

    /// The plain text, piece by piece.
    fn pieces<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t [u8]> {
        let bytes = text.as_bytes();
        self.starts
            .iter()
            .zip(&self.plain)
            .map(move |(start, plain)| {
                bytes
                    .get(*start as usize..(start + plain.length) as usize)
                    .unwrap_or_default()
            })
    }

    /// Whether this is the sentence that was kept.
    fn is(&self, text: &str, kept: &Kept) -> bool {
        let mut rest = &*kept.letters;
        *self.plain == *kept.plain
            && self.tokens.len() == kept.keys.len()
            && self
                .tokens
                .iter()
                .zip(&kept.keys)
                .all(|(token, key)| token.key == *key)
            && self
                .pieces(text)
                .all(|piece| match rest.strip_prefix(piece) {
                    Some(behind) => {
                        rest = behind;
                        true
                    }
                    None => false,
                })
    }

    fn keep(&self, text: &str, asked: &Asked, read: Read) -> Kept {
        let spots = |place: Place| {
            let start = self.spot(place.start, |token| token.place.start)?;
            Some((start, self.spot(place.end, |token| token.place.end)?))
        };
        Kept {
            asked: *asked,
            read,
            spots: [
                read.best.and_then(|(.., place)| spots(place)),
                read.list.and_then(|(_, place)| spots(place)),
            ],
            plain: self.plain.as_slice().into(),
            letters: self.pieces(text).flatten().copied().collect(),
            keys: self.tokens.iter().map(|token| token.key).collect(),
        }
    }

    /// Tells where a byte lies that is the `end` of a token.
    fn spot(&self, byte: u32, end: fn(&Met) -> u32) -> Option<Spot> {
        if let Some(token) = self.tokens.iter().position(|token| end(token) == byte) {
            return Some(Spot::Token(token as u32));
        }
        let at = self.starts.iter().rposition(|start| *start <= byte)?;
        Some(Spot::Plain(at as u32, byte - self.starts.get(at)?))
    }

    /// The byte that a spot of the same sentence stands for.
    fn byte(&self, spot: Spot, end: fn(&Met) -> u32) -> Option<u32> {
        match spot {
            Spot::Token(token) => self.tokens.get(token as usize).map(end),
            Spot::Plain(at, behind) => Some(self.starts.get(at as usize)? + behind),
        }
    }
}

/// Where the codes end that most replies begin with: no literal is to be looked for among them.
const fn codes(text: &[u8]) -> usize {
    match text {
        [_, _, _, b' ', _, b'.', _, b'.', _, b' ', ..]
        | [_, _, _, b'-', _, b'.', _, b'.', _, b' ', ..] => 9,
        [digit, _, _, b' ', ..] if digit.is_ascii_digit() => 3,
        _ => 0,
    }
}

const fn spread(state: u64, more: u64) -> u64 {
    (state ^ more).wrapping_mul(words::SPREAD).rotate_left(29)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::iter::zip;

    use crate::classifier::Classifier;
    use crate::knowledge::{BUILT_IN, words};
    use crate::record::{Outcome, Record};
    use crate::reply::Enhanced;
    use crate::verdict::Verdict;
    use crate::vocabulary::Phase;

    #[test]
    fn a_text_is_cut_as_its_plain_text_and_its_literals_are() {
        let tokens = |text: &str| {
            let mut tokens = Vec::new();
            words::cut(text, |token, start, end| {
                tokens.push((token, text[start..end].to_owned()));
            });
            tokens
        };
        let odd = [
            "550",
            "550-5.1.1 a",
            "a  b1 @ c 5.7.26  x",
            "\u{e9}1 caf\u{e9} 2",
            "12345678 abcdefg 1",
            "",
        ];
        let examples = BUILT_IN
            .rules
            .iter()
            .flat_map(|rule| BUILT_IN.list(rule.examples));
        for text in odd.into_iter().chain(examples) {
            let (mut at, mut parts) = (0, Vec::new());
            loop {
                let literal = words::literal_behind(text, at);
                assert!(at <= literal.start, "{text}");
                parts.extend(tokens(&text[at..literal.start]));
                parts.extend(tokens(&text[literal.clone()]));
                if literal.is_empty() {
                    break;
                }
                at = literal.end;
            }
            assert_eq!(parts, tokens(text), "{text}");
        }
        let literals = |text| words::literal_behind(text, 0);
        assert_eq!(literals("550-5.1.1 5.7.26 no such b0b here"), 25..28);
        assert_eq!(literals("550 5.1.1 no literal at all"), 27..27);
    }

    /// What a verdict says of a reply.
    fn told(verdict: &Verdict<'_>) -> String {
        let list = verdict.blocklist();
        let (what, who) = (verdict.cause, (verdict.owner, verdict.provider()));
        let when = (verdict.priority, verdict.retry, verdict.suppress);
        let kind = (verdict.family, verdict.claim, verdict.types);
        let why = (verdict.confidence, verdict.evidence());
        format!("{what:?} {who:?} {when:?} {kind:?} {why:?} {list:?}")
    }

    #[test]
    fn a_sentence_known_already_gives_what_it_gives_afresh() {
        let mut known = Classifier::default();
        let mut recalled = 0;
        for example in BUILT_IN
            .rules
            .iter()
            .flat_map(|rule| BUILT_IN.list(rule.examples))
        {
            for address in [
                "<qz7x@zq1z.example.com>",
                "<qzqzqzqz77777x@zqzqzqz11z.example.com>",
            ] {
                let reply = format!(
                    "{} ref 192.0.2.1",
                    example.replacen(' ', &format!(" {address} "), 1)
                );
                let before = known.recall.found;
                let verdict = known.classify(&*reply);
                recalled += known.recall.found - before;
                let mut fresh = Classifier::default();
                let expected = fresh.classify(&*reply);
                assert_eq!(told(&verdict), told(&expected), "{reply}");
            }
        }
        assert!(recalled > 500, "only {recalled} sentences were known again");
    }

    #[test]
    fn what_a_record_tells_besides_its_words_counts_in_a_sentence_known_already() {
        let changes: [fn(&mut Record<'_>); 9] = [
            |record| record.outcome = Some(Outcome::Deferred),
            |record| record.outcome = Some(Outcome::Bounced),
            |record| record.outcome = Some(Outcome::Expired),
            |record| record.own_server = true,
            |record| record.phase = Some(Phase::Connect),
            |record| record.dsn = Enhanced::read("4.2.2").map(|(status, _)| status),
            |record| record.remote_host = Some("mx1.google.com".into()),
            |record| record.recipient = Some("bob@gmail.com".into()),
            // In brackets it is a literal.
            |record| record.reply = record.reply.replace("(550)", "(450)").into(),
        ];
        let mut known = Classifier::default();
        for change in changes {
            for (reply, outcome) in [
                ("550 no", None),
                ("451 4.7.1 Greylisted", None),
                ("no", None),
                ("it said: (550) no", None),
                ("250 2.0.0 Ok", Some(Outcome::Sent)),
            ] {
                let before = Record {
                    outcome,
                    ..reply.into()
                };
                let mut changed = before.clone();
                change(&mut changed);
                for record in [&before, &before, &changed, &changed] {
                    let verdict = known.classify(record);
                    let mut fresh = Classifier::default();
                    let expected = fresh.classify(record);
                    assert_eq!(told(&verdict), told(&expected), "{record:?}");
                }
            }
        }
        assert!(known.recall.found > 70, "{}", known.recall.found);
    }

    #[test]
    fn what_letters_decide_is_read_again_in_a_sentence_known_already() {
        for (host, replies) in [
            // Whether a list of both names an IP.
            (
                "mx.example.com",
                [
                    "554 5.7.1 refused by spamhaus, see http://example.com/192.0.2.77",
                    "554 5.7.1 refused by spamhaus, see http://example.com/192.0.2.777",
                ],
            ),
            // What a regular expression finds.
            (
                "lsean.ezweb.ne.jp",
                ["550:user unknown", "550,user unknown"],
            ),
        ] {
            let records = replies.map(|reply| Record {
                remote_host: Some(host.into()),
                ..reply.into()
            });
            let afresh = |record| told(&Classifier::default().classify(record));
            let expected = records.each_ref().map(afresh);
            assert_ne!(expected[0], expected[1]);
            let mut known = Classifier::default();
            for (record, expected) in zip(&records, &expected).cycle().take(6) {
                assert_eq!(told(&known.classify(record)), *expected, "{record:?}");
            }
        }
    }
}
