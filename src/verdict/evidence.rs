//! What a verdict names as its reasons, in words that need no memory of their own.

use std::fmt;
use std::ops::Deref;

use super::{Tier, Verdict};
use crate::knowledge::BUILT_IN;
use crate::knowledge::tables::{Blocklist, Resolver, Rule, Slot};
use crate::reply::Enhanced;
use crate::vocabulary::{EvidenceKind, Phase};
use Words::{Found, Made};

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

/// A reason for a verdict, to be told as [`Evidence`].
#[derive(Clone, Copy, Debug)]
pub enum Reason<'a> {
    /// The mail system says that it sent the mail.
    Sent,
    Rule(&'a Rule),
    Blocklist(&'a Blocklist),
    Resolver(&'a Resolver),
    Enhanced(Enhanced),
    Phase(Phase),
    Code(u16),
}

impl<'a> Verdict<'a> {
    /// What the verdict rests on, strongest first.
    #[must_use]
    pub fn evidence(&self) -> Vec<Evidence<'_>> {
        self.reasons().map(|reason| self.told(reason)).collect()
    }

    /// Why the verdict is as it is, strongest first; [`Self::told`] tells each.
    pub fn reasons(&self) -> impl Iterator<Item = Reason<'a>> {
        let facts = &self.facts;
        let by_rule = facts.rule.map(|rule| self.kind_of(rule));
        let list = facts.blocklist.filter(|_| !self.words_of_list().is_empty());
        let enhanced = self.enhanced.filter(|_| facts.enhanced_row.is_some());
        let phase = facts.phase.filter(|_| facts.tier == Tier::Phase);
        // What the rule names is not named again.
        let reasons = [
            (facts.tier == Tier::Outcome).then_some(Reason::Sent),
            facts.rule.map(Reason::Rule),
            list.map(Reason::Blocklist),
            facts.resolver.map(Reason::Resolver),
            enhanced
                .filter(|_| by_rule != Some(EvidenceKind::Enhanced))
                .map(Reason::Enhanced),
            phase.map(Reason::Phase),
            self.code
                .filter(|_| by_rule != Some(EvidenceKind::Code))
                .map(Reason::Code),
        ];
        reasons.into_iter().flatten()
    }

    /// A reason in words and the id of what knows it.
    #[must_use]
    pub fn told(&self, reason: Reason<'a>) -> Evidence<'_> {
        let code = |code| Made(Short::of(|short| short.number(code)));
        let (kind, text, rule) = match reason {
            Reason::Sent => (
                EvidenceKind::Wording,
                Found("status=sent"),
                Found("record-outcome"),
            ),
            Reason::Rule(rule) => {
                let kind = self.kind_of(rule);
                let text = match kind {
                    EvidenceKind::Enhanced => {
                        Made(self.enhanced.map(Short::from).unwrap_or_default())
                    }
                    EvidenceKind::Code => self.code.map_or(Found(""), code),
                    _ => Found(self.words()),
                };
                (kind, text, Found(self.facts.tables.str(rule.id)))
            }
            Reason::Blocklist(list) => (
                EvidenceKind::Marker,
                Found(self.words_of_list()),
                Found(BUILT_IN.str(list.id)),
            ),
            Reason::Resolver(resolver) => {
                let id = Found(BUILT_IN.str(resolver.id));
                (EvidenceKind::Marker, id, id)
            }
            Reason::Enhanced(status) => {
                let row = Short::of(|short| {
                    short.text("x.");
                    short.number(status.subject);
                    short.byte(b'.');
                    short.number(status.detail);
                });
                (EvidenceKind::Enhanced, Made(status.into()), Made(row))
            }
            Reason::Phase(phase) => {
                let row = Short::of(|short| {
                    short.text("phase-");
                    let id = phase.id().bytes();
                    id.for_each(|byte| short.byte(byte.to_ascii_lowercase()));
                });
                (EvidenceKind::Phase, Found(phase.id()), Made(row))
            }
            Reason::Code(number) if self.facts.code_row.is_some() => {
                (EvidenceKind::Code, code(number), code(number))
            }
            Reason::Code(number) => {
                let row = Short::of(|short| {
                    short.number(number / 100);
                    short.text("xx");
                });
                (EvidenceKind::Class, code(number), Made(row))
            }
        };
        Evidence { kind, text, rule }
    }

    /// What the winning rule went by.
    fn kind_of(&self, rule: &Rule) -> EvidenceKind {
        if self.words().is_empty() {
            match rule.enhanced.len {
                0 => EvidenceKind::Code,
                _ => EvidenceKind::Enhanced,
            }
        } else if rule.needs & Slot::MARKER != 0 {
            EvidenceKind::Marker
        } else {
            EvidenceKind::Wording
        }
    }

    /// The winning words.
    fn words(&self) -> &str {
        let place = self.facts.place.range();
        self.record.reply.get(place).unwrap_or_default()
    }

    /// The words that name the blocklist.
    fn words_of_list(&self) -> &str {
        let place = self.facts.list_place.range();
        self.record.reply.get(place).unwrap_or_default()
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
