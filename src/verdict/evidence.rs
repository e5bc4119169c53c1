//! What a verdict names as its reasons, in words that need no memory of their own.

use std::fmt;
use std::ops::Deref;

use crate::reply::Enhanced;
use crate::vocabulary::EvidenceKind;

/// One thing that the verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence<'a> {
    pub kind: EvidenceKind,
    /// The words of the reply, or the code.
    pub text: Words<'a>,
    /// The id of the rule, or of the code's row.
    pub rule: Words<'a>,
}

/// Words that stand somewhere, or a few letters that were made up: a code, the id of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words<'a> {
    Found(&'a str),
    Made(Short),
}

impl Deref for Words<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Found(words) => words,
            Self::Made(short) => short,
        }
    }
}

impl fmt::Display for Words<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self)
    }
}

/// A text without memory elsewhere. What is longer than its place, which no code is, loses its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Short {
    bytes: [u8; 15],
    length: u8,
}

impl Short {
    /// The text in UTF-8.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }

    pub(super) fn of(make: impl FnOnce(&mut Self)) -> Self {
        let mut short = Self::default();
        make(&mut short);
        short
    }

    pub(super) fn text(&mut self, text: &str) {
        text.bytes().for_each(|byte| self.byte(byte));
    }

    pub(super) fn byte(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(usize::from(self.length)) {
            *place = byte;
            self.length += 1;
        }
    }

    pub(super) fn number(&mut self, number: u16) {
        for power in [10_000, 1_000, 100, 10] {
            if number >= power {
                self.byte(b'0' + (number / power % 10) as u8);
            }
        }
        self.byte(b'0' + (number % 10) as u8);
    }
}

impl Deref for Short {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(self.bytes()).unwrap_or_default()
    }
}

impl From<Enhanced> for Short {
    fn from(status: Enhanced) -> Self {
        Self::of(|short| {
            short.number(status.class.into());
            short.byte(b'.');
            short.number(status.subject);
            short.byte(b'.');
            short.number(status.detail);
        })
    }
}
