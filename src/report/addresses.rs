//! Which addresses are in trouble, and which of them got their mail in the end. Memory is bounded.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher};

use crate::knowledge::Cause;
use crate::record::Record;

/// Addresses that are kept at a time. What happened to further ones is counted, but a later success is not seen.
pub const MOST: usize = 100_000;
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

/// What is known of an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Address {
    /// Empty for a mail of unknown recipients.
    text: Box<str>,
    /// Temporary refusals that a later success would settle, by cause.
    waiting: Vec<(Cause, u64)>,
    fate: Fate,
}

/// What became of an address so far, the worst thing last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// A later try may pass.
    #[default]
    Delayed,
    /// A mail was refused for good, for a reason that is not the address.
    Failed,
    /// The address is to be taken off the list.
    Suppress,
}

/// Refusals that a later success settled, by cause.
pub type Settled = Vec<(Cause, u64)>;

/// The addresses in trouble.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    known: HashMap<Name, Address>,
    /// Those that got a mail, for a part of an input: what stands before it may wait for them.
    delivered: Option<HashSet<Name>>,
    /// Mails of unknown recipients among the known.
    mails: usize,
    /// Refusals that were not kept because there were too many addresses.
    pub not_kept: u64,
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

    /// Takes note of a mail that was delivered; gives what that settles.
    pub fn deliver(&mut self, record: &Record<'_>) -> Settled {
        let mut settled = Settled::new();
        if self.known.is_empty() && self.delivered.is_none() {
            return settled;
        }
        if let Some(name) = Name::of_recipient(record) {
            self.settle(name, &mut settled);
        }
        if (self.mails > 0 || self.delivered.is_some())
            && let Some(name) = Name::of_mail(record)
        {
            self.settle(name, &mut settled);
        }
        settled
    }

    fn settle(&mut self, name: Name, settled: &mut Settled) {
        if let Some(delivered) = &mut self.delivered
            && delivered.len() < MOST
        {
            delivered.insert(name);
        }
        if let Some(address) = self.known.remove(&name) {
            self.mails -= usize::from(address.text.is_empty());
            settled.extend(address.waiting);
        }
    }

    /// Takes note of a refusal and what it does to the address.
    pub fn refuse(&mut self, record: &Record<'_>, cause: Cause, fate: Fate) {
        let recipient = Name::of_recipient(record);
        let text = match recipient {
            Some(_) => record.recipient.as_deref().unwrap_or_default(),
            None => "",
        };
        let Some(name) = recipient.or_else(|| Name::of_mail(record)) else {
            return;
        };
        let waiting = (fate == Fate::Delayed).then_some((cause, 1));
        if let Some(address) = self.known.get_mut(&name) {
            address.add(waiting, fate);
        } else {
            self.put(name, || Address {
                text: text.into(),
                waiting: waiting.into_iter().collect(),
                fate,
            });
        }
    }

    fn put(&mut self, name: Name, address: impl FnOnce() -> Address) {
        if self.known.len() < MOST {
            let address = address();
            self.mails += usize::from(address.text.is_empty());
            self.known.insert(name, address);
        } else {
            self.not_kept += 1;
        }
    }

    /// Adds a part that stands behind this one in the input; gives what its successes settle here.
    pub fn merge(&mut self, later: Self) -> Settled {
        let mut settled = Settled::new();
        for name in later.delivered.into_iter().flatten() {
            self.settle(name, &mut settled);
        }
        self.not_kept += later.not_kept;
        // In an order of their own, so that the same is kept each time when there is too much.
        let mut known: Vec<_> = later.known.into_iter().collect();
        known.sort_unstable_by_key(|(name, _)| *name);
        for (name, address) in known {
            if let Some(known) = self.known.get_mut(&name) {
                known.add(address.waiting, address.fate);
            } else {
                self.put(name, || address);
            }
        }
        settled
    }

    /// The addresses of which this is the fate, in order.
    #[must_use]
    pub fn of(&self, fate: Fate) -> Vec<&str> {
        let mut texts: Vec<&str> = self
            .known
            .values()
            .filter(|address| !address.text.is_empty() && address.fate == fate)
            .map(|address| &*address.text)
            .collect();
        texts.sort_unstable();
        texts
    }
}

impl Address {
    fn add(&mut self, waiting: impl IntoIterator<Item = (Cause, u64)>, fate: Fate) {
        self.fate = self.fate.max(fate);
        for (cause, count) in waiting {
            match self.waiting.iter_mut().find(|(known, _)| *known == cause) {
                Some((_, sum)) => *sum += count,
                None => self.waiting.push((cause, count)),
            }
        }
    }
}
