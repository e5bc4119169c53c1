//! Which addresses are in trouble, and which of them got their mail in the end. Memory is bounded.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hasher};

use super::bounded::Bounded;
use crate::knowledge::Cause;
use crate::record::Record;

/// Addresses that are kept. The refusals of further ones are counted, but a later success is not seen.
pub const MOST: usize = 70_000;
/// Bytes of the longest address that mail can have (RFC 5321 section 4.5.3.1); what is longer is none, and not kept.
const LONGEST: usize = 320;

/// A recipient, or a mail where no recipient is told, by its hash: capitals do not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(pub u64);

impl Name {
    /// The name of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        let mut lower = [0; 64];
        for piece in text.as_bytes().chunks(lower.len()) {
            if let Some(lower) = lower.get_mut(..piece.len()) {
                lower.copy_from_slice(piece);
                lower.make_ascii_lowercase();
                hasher.write(lower);
            }
        }
        Self(hasher.finish())
    }

    /// The recipient of a record.
    #[must_use]
    pub fn of_recipient(record: &Record<'_>) -> Option<Self> {
        let recipient = record.recipient.as_deref();
        let recipient = recipient.filter(|text| (1..=LONGEST).contains(&text.len()));
        recipient.map(Self::of)
    }

    fn of_mail(record: &Record<'_>) -> Option<Self> {
        record.queue_id.as_deref().map(Self::of)
    }
}

/// What is known of an address that was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Address {
    /// Empty for a mail of unknown recipients.
    text: Box<str>,
    refusals: u64,
    deferrals: Vec<Deferrals>,
    /// `None` when a mail was taken since.
    fate: Option<Fate>,
}

/// Refusals for now, of one cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Deferrals {
    cause: Cause,
    /// Those that a later success would settle.
    waiting: u64,
    settled: u64,
}

/// What became of an address so far, the worst thing last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// A later try may pass.
    Delayed,
    /// A mail was refused for good, for a reason that is not the address.
    Failed,
    /// The address is to be taken off the list.
    Suppress,
}

/// The addresses that were refused.
#[derive(Clone, Debug)]
pub struct Addresses {
    known: Bounded<Name, Address>,
    /// Those that got a mail, for a part of an input: what stands before it may wait for them.
    delivered: Option<HashSet<Name>>,
    /// There are mails of unknown recipients among the known.
    with_mails: bool,
    /// Refusals that name a recipient or a mail.
    refusals: u64,
}

impl Default for Addresses {
    fn default() -> Self {
        Self {
            known: Bounded::new(MOST),
            delivered: None,
            with_mails: false,
            refusals: 0,
        }
    }
}

impl Addresses {
    /// The addresses of a part of an input, to be merged with what stands before it.
    #[must_use]
    pub fn of_part() -> Self {
        Self {
            delivered: Some(HashSet::new()),
            ..Self::default()
        }
    }

    /// Takes note of a mail that was delivered: it settles what waited for it.
    pub fn deliver(&mut self, record: &Record<'_>) {
        if self.refusals == 0 && self.delivered.is_none() {
            return;
        }
        if let Some(name) = Name::of_recipient(record) {
            self.settle(name);
        }
        if (self.with_mails || self.delivered.is_some())
            && let Some(name) = Name::of_mail(record)
        {
            self.settle(name);
        }
    }

    fn settle(&mut self, name: Name) {
        if let Some(delivered) = &mut self.delivered
            && delivered.len() < MOST
        {
            delivered.insert(name);
        }
        if let Some(address) = self.known.get_mut(&name) {
            address.settle();
        }
    }

    /// Takes note of a refusal and what it does to the address, which is shown as the other record has it.
    pub fn refuse(&mut self, record: &Record<'_>, shown: &Record<'_>, cause: Cause, fate: Fate) {
        let recipient = Name::of_recipient(record);
        let Some(name) = recipient.or_else(|| Name::of_mail(record)) else {
            return;
        };
        self.refusals += 1;
        self.with_mails |= recipient.is_none();
        let text = || shown.recipient.as_deref().filter(|_| recipient.is_some());
        let address = self.known.get_or_put(name, || Address {
            text: text().unwrap_or_default().into(),
            ..Address::default()
        });
        if let Some(address) = address {
            address.refusals += 1;
            address.fate = address.fate.max(Some(fate));
            if fate == Fate::Delayed {
                address.add(Deferrals {
                    cause,
                    waiting: 1,
                    settled: 0,
                });
            }
        }
    }

    /// Adds a part that stands behind this one in the input.
    pub fn merge(&mut self, later: Self) {
        for name in later.delivered.into_iter().flatten() {
            self.settle(name);
        }
        self.refusals += later.refusals;
        self.with_mails |= later.with_mails;
        self.known.merge(later.known, |address, later| {
            address.refusals += later.refusals;
            address.fate = address.fate.max(later.fate);
            for deferrals in later.deferrals {
                address.add(deferrals);
            }
        });
    }

    /// Lets go of what is too much.
    pub fn prune(&mut self) {
        self.known.prune();
    }

    /// The addresses of which this is the fate, in order.
    #[must_use]
    pub fn of(&self, fate: Fate) -> Vec<&str> {
        let mut texts: Vec<&str> = self
            .known
            .iter()
            .filter(|(_, address)| !address.text.is_empty() && address.fate == Some(fate))
            .map(|(_, address)| &*address.text)
            .collect();
        texts.sort_unstable();
        texts
    }

    /// Refusals that a later success settled, with their causes, each as often as there are addresses.
    pub fn settled(&self) -> impl Iterator<Item = (Cause, u64)> {
        let addresses = self.known.iter();
        addresses.flat_map(|(_, address)| {
            let deferrals = address.deferrals.iter();
            deferrals.map(|deferrals| (deferrals.cause, deferrals.settled))
        })
    }

    /// Refusals whose addresses were not kept because there were too many.
    #[must_use]
    pub fn not_kept(&self) -> u64 {
        let kept: u64 = self.known.iter().map(|(_, address)| address.refusals).sum();
        self.refusals - kept
    }
}

impl Address {
    fn settle(&mut self) {
        self.fate = None;
        for deferrals in &mut self.deferrals {
            deferrals.settled += std::mem::take(&mut deferrals.waiting);
        }
    }

    fn add(&mut self, more: Deferrals) {
        let known = self
            .deferrals
            .iter_mut()
            .find(|known| known.cause == more.cause);
        match known {
            Some(known) => {
                known.waiting += more.waiting;
                known.settled += more.settled;
            }
            None => {
                // Nearly all addresses have one cause: room for more would be the larger part of the memory.
                self.deferrals.reserve_exact(1);
                self.deferrals.push(more);
            }
        }
    }
}
