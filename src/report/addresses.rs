//! Which addresses are in trouble, and which of them got their mail in the end. Memory is bounded.

use super::bounded::Bounded;
use super::names::{Name, Quick, Whom};
use crate::knowledge::Cause;

/// Addresses that are kept. The refusals of further ones are counted, but a later success is not seen.
pub const MOST: usize = 70_000;

/// Tells of nearly all texts that were never put in that they were not, without hashing them well.
#[derive(Clone, Debug)]
struct Sieve(Vec<u64>);

impl Sieve {
    const BITS: u64 = 1 << 20;

    fn new() -> Self {
        Self(vec![0; (Self::BITS / 64) as usize])
    }

    fn place(Quick(hash): Quick) -> (usize, u64) {
        let bit = hash % Self::BITS;
        ((bit / 64) as usize, 1 << (bit % 64))
    }

    fn put(&mut self, quick: Quick) {
        let (word, bit) = Self::place(quick);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    fn may_hold(&self, quick: Quick) -> bool {
        let (word, bit) = Self::place(quick);
        self.0.get(word).is_some_and(|word| word & bit != 0)
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
    /// Holds all that are known.
    sieve: Sieve,
    /// There are mails of unknown recipients among the known.
    with_mails: bool,
    /// Refusals that name a recipient or a mail.
    refusals: u64,
}

impl Default for Addresses {
    fn default() -> Self {
        Self {
            known: Bounded::new(MOST),
            sieve: Sieve::new(),
            with_mails: false,
            refusals: 0,
        }
    }
}

impl Addresses {
    /// Takes note of a mail that was delivered: it settles what waited for it.
    pub fn deliver(&mut self, recipient: &str, mail: &str) {
        if self.refusals > 0 {
            self.settle(recipient);
            if self.with_mails {
                self.settle(mail);
            }
        }
    }

    fn settle(&mut self, text: &str) {
        if self.sieve.may_hold(Quick::of(text))
            && let Some(address) = self.known.get_mut(Name::of(text))
        {
            address.settle();
        }
    }

    /// Takes note of a refusal and what it does to the address, which is shown like this.
    pub fn refuse(&mut self, whom: Whom, shown: &str, cause: Cause, fate: Fate) {
        self.refusals += 1;
        self.with_mails |= whom.is_mail;
        let address = self.known.get_or_put(whom.name, || {
            self.sieve.put(whom.quick);
            Address {
                text: shown.into(),
                ..Address::default()
            }
        });
        if let Some(address) = address {
            address.refusals += 1;
            address.fate = address.fate.max(Some(fate));
            if fate == Fate::Delayed {
                address.delay(cause);
            }
        }
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

    fn delay(&mut self, cause: Cause) {
        let mut known = self.deferrals.iter_mut();
        match known.find(|known| known.cause == cause) {
            Some(known) => known.waiting += 1,
            None => {
                // Nearly all addresses have one cause: room for more would be the larger part of the memory.
                self.deferrals.reserve_exact(1);
                self.deferrals.push(Deferrals {
                    cause,
                    waiting: 1,
                    settled: 0,
                });
            }
        }
    }
}
