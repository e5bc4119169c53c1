//! The phrases of the knowledge that stand in a reply.

use crate::knowledge::compile::is_small;
use crate::knowledge::tables::{Tables, Use};
use crate::knowledge::words::{self, Token};
use crate::verdict::Place;

/// How many words `...` stands for at most.
const GAP: u32 = 8;
/// How many literals in a row prose skips; more are no sentence.
const SKIP: usize = 8;
/// How many phrases with gaps are followed at once.
const MOST_OPEN: usize = 256;

/// Words of the reply, from the first to the last, by their place among the tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    first: u32,
    /// The one behind the last; 0 for no words.
    end: u32,
}

/// A phrase found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hit {
    pub use_: Use,
    /// How many words it has.
    pub length: u8,
    pub words: Words,
}

/// A reply cut into tokens, and the phrases found in it.
#[derive(Debug, Default)]
pub(crate) struct Phrases {
    tokens: Vec<Met>,
    prose: Vec<u32>,
    all: Vec<u32>,
    hits: Vec<Hit>,
    open: Vec<Open>,
}

/// A token met in the reply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Met {
    pub key: Key,
    pub place: Place,
}

/// What a token is: replies whose tokens have the same keys hold the same phrases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key(u64);

impl Key {
    fn new(word: u32, shape: u32, part: Part) -> Self {
        Self(u64::from(shape) << 32 | u64::from(word) << 2 | part as u64)
    }

    /// Its word id; 0 for a word that no phrase uses.
    const fn word(self) -> u32 {
        self.0 as u32 >> 2
    }

    /// The same with `#` for its digits; 0 when it has none.
    const fn shape(self) -> u32 {
        (self.0 >> 32) as u32
    }

    const fn part(self) -> Part {
        match self.0 & 3 {
            0 => Part::Prose,
            1 => Part::Small,
            2 => Part::Inner,
            _ => Part::Literal,
        }
    }

    /// As a number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// Where a token counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Part {
    /// In prose and for markers.
    Prose,
    /// A small word, which prose leaves out.
    Small,
    /// Inside a literal: for markers alone.
    Inner,
    /// A literal as a whole: for prose alone.
    Literal,
}

/// A phrase with gaps, found so far.
#[derive(Clone, Copy, Debug)]
struct Open {
    phrase: u32,
    next: u8,
    length: u8,
    first: u32,
    /// The place in its row behind the part found last.
    at: u32,
}

/// What a token is to these tables.
pub(crate) fn key_of(tables: &Tables<'_>, token: Token) -> Key {
    match token {
        Token::Word(hash) => {
            let word = tables.word(hash);
            let small = is_small(word);
            Key::new(word, 0, if small { Part::Small } else { Part::Prose })
        }
        Token::Inner(hash) => Key::new(tables.word(hash), 0, Part::Inner),
        Token::Literal(kind) => Key::new(kind as u32, 0, Part::Literal),
        Token::Numbered(hash, shape) => {
            Key::new(tables.word(hash), tables.word(shape), Part::Prose)
        }
        Token::InnerNumbered(hash, shape) => {
            Key::new(tables.word(hash), tables.word(shape), Part::Inner)
        }
    }
}

impl Phrases {
    /// Cuts `text` into tokens.
    fn cut(&mut self, tables: &Tables<'_>, text: &str) {
        self.tokens.clear();
        let tokens = &mut self.tokens;
        words::cut(text, |token, start, end| {
            tokens.push(Met {
                key: key_of(tables, token),
                place: Place::new(start, end),
            });
        });
    }

    /// The phrases found by the last [`Self::find`].
    pub fn hits(&self) -> &[Hit] {
        &self.hits
    }

    /// The bytes of the text where words stand.
    pub fn place(&self, words: Words) -> Place {
        let first = self.tokens.get(words.first as usize);
        let last = (words.end as usize)
            .checked_sub(1)
            .and_then(|last| self.tokens.get(last));
        match (first, last) {
            (Some(first), Some(last)) => Place {
                start: first.place.start,
                end: last.place.end,
            },
            _ => Place::default(),
        }
    }

    /// Finds every phrase of `tables` in `text`.
    pub fn find(&mut self, tables: &Tables<'_>, text: &str) {
        self.cut(tables, text);
        self.prose.clear();
        self.all.clear();
        self.hits.clear();
        for (at, token) in (0..).zip(&self.tokens) {
            if matches!(token.key.part(), Part::Prose | Part::Literal) {
                self.prose.push(at);
            }
            if token.key.part() != Part::Literal {
                self.all.push(at);
            }
        }
        for marker in [false, true] {
            let row = if marker { &self.all } else { &self.prose };
            let mut walk = Walk {
                tables,
                tokens: &self.tokens,
                row,
                marker,
                begin: 0,
                hits: &mut self.hits,
                open: &mut self.open,
            };
            walk.open.clear();
            for begin in 0..row.len() {
                walk.begin = begin;
                walk.start();
            }
        }
    }
}

/// A walk along one row of tokens.
struct Walk<'w> {
    tables: &'w Tables<'w>,
    tokens: &'w [Met],
    row: &'w [u32],
    /// The row is for markers: nothing is skipped, and a number may stand for `#`.
    marker: bool,
    /// Where in the row the phrases begin that are followed now.
    begin: usize,
    hits: &'w mut Vec<Hit>,
    open: &'w mut Vec<Open>,
}

impl Walk<'_> {
    fn token(&self, at: usize) -> Option<Met> {
        self.tokens.get(*self.row.get(at)? as usize).copied()
    }

    /// Follows the phrases that begin here.
    fn start(&mut self) {
        let Some(token) = self.token(self.begin) else {
            return;
        };
        for word in [token.key.word(), token.key.shape()] {
            let Some(roots) = self.tables.starts.get(word as usize).filter(|_| word != 0) else {
                continue;
            };
            let root = if self.marker { roots.1 } else { roots.0 };
            if root != 0 {
                self.follow(root, 1, self.begin);
            }
        }
    }

    /// Takes what ends at `node` and goes on from there; literals on the way may be named or, in prose, skipped.
    fn follow(&mut self, node: u32, length: u8, last: usize) {
        for use_ in self.tables.uses_at(node) {
            self.found(*use_, length, last);
        }
        if self
            .tables
            .nodes
            .get(node as usize)
            .is_none_or(|row| row.edge_count == 0)
        {
            return;
        }
        for next in last + 1..=last + 1 + SKIP {
            let Some(token) = self.token(next) else {
                return;
            };
            for word in [token.key.word(), token.key.shape()] {
                if word != 0
                    && let Some(node) = self.tables.step(node, word)
                {
                    self.follow(node, length.saturating_add(1), next);
                }
            }
            if self.marker || token.key.part() != Part::Literal {
                return;
            }
        }
    }

    /// Takes a phrase found, or one part of a phrase with gaps.
    fn found(&mut self, use_: Use, length: u8, last: usize) {
        let (begin, after) = (self.begin as u32, last as u32 + 1);
        let (Some(first), Some(end)) = (self.row.get(self.begin), self.row.get(last)) else {
            return;
        };
        let words = Words {
            first: *first,
            end: end + 1,
        };
        if use_.parts == 1 {
            self.hits.push(Hit {
                use_,
                length,
                words,
            });
            return;
        }
        let grown = if use_.part == 0 {
            Open {
                phrase: use_.phrase,
                next: 1,
                length,
                first: words.first,
                at: after,
            }
        } else {
            // The part before may have been found in several places; any within reach will do.
            let known = self.open.iter().rev().find(|known| {
                known.phrase == use_.phrase
                    && known.next == use_.part
                    && begin >= known.at
                    && begin - known.at <= GAP
            });
            let Some(known) = known else { return };
            Open {
                next: known.next + 1,
                length: known.length.saturating_add(length),
                at: after,
                ..*known
            }
        };
        if grown.next == use_.parts {
            let words = Words {
                first: grown.first,
                ..words
            };
            self.hits.push(Hit {
                use_,
                length: grown.length,
                words,
            });
        } else if self.open.len() < MOST_OPEN {
            self.open.push(grown);
        }
    }
}
