//! Which addresses are in trouble, and which of them got their mail in the end. Memory is bounded.

use super::bounded::{Bounded, Limit};
use super::few::Few;
use super::hashes::{Name, Quick};
use crate::knowledge::Cause;

/// Addresses that are kept. The refusals of further ones are counted, but a later success is not seen.
pub const MOST: usize = 70_000;

/// Tells of nearly all texts that were never put in that they were not, without hashing them well.
#[derive(Clone, Debug)]
struct Sieve(Vec<u64>);

impl Sieve {
    const BITS: u64 = 1 << 22;

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

/// A refusal of a recipient or, where none is told, of a mail.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    pub name: Name,
    pub quick: Quick,
    pub is_mail: bool,
    pub cause: Cause,
    pub fate: Fate,
}

/// What is known of an address that was refused, or of a mail of unknown recipients, which has no text.
#[derive(Clone, Debug, Default)]
struct Address {
    refusals: u64,
    /// The causes it was refused for, a bit each.
    causes: u64,
    deferrals: Few<Deferrals>,
    /// `None` when a mail was taken since.
    fate: Option<Fate>,
}

const _: () = assert!(Cause::ALL.len() <= u64::BITS as usize);

/// Refusals for now, of one cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Deferrals {
    cause: Cause,
    /// Those that a later success would settle.
    waiting: u32,
    settled: u32,
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
    known: Bounded<Address>,
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
            && let Some(place) = self.known.place(Name::of(text))
            && let Some(address) = self.known.at(place)
        {
            address.settle();
        }
    }

    /// Takes note of a refusal of an address that is shown like this, if it is shown.
    pub fn refuse(&mut self, refusal: Refusal, shown: &str) {
        self.refusals += 1;
        self.with_mails |= refusal.is_mail;
        self.known.make_room();
        let place = self.known.put(refusal.name, shown, || {
            self.sieve.put(refusal.quick);
            Address::default()
        });
        if let Some(address) = place.and_then(|place| self.known.at(place)) {
            address.refusals += 1;
            address.causes |= 1 << refusal.cause as u64;
            address.fate = address.fate.max(Some(refusal.fate));
            if refusal.fate == Fate::Delayed {
                address.delay(refusal.cause);
            }
        }
    }

    /// Counts refusals of addresses that are not kept.
    pub fn let_go(&mut self, refusals: u64) {
        self.refusals += refusals;
    }

    /// Which addresses are kept.
    pub const fn limit(&self) -> Limit {
        self.known.limit()
    }

    /// Lets go of what is too much.
    pub fn prune(&mut self) {
        self.known.prune();
    }

    /// The addresses of which this is the fate, in no order.
    #[must_use]
    pub fn of(&self, fate: Fate) -> Vec<&str> {
        self.known
            .iter()
            .filter(|(text, address)| !text.is_empty() && address.fate == Some(fate))
            .map(|(text, _)| text)
            .collect()
    }

    /// Refusals that a later success settled, with their causes, each as often as there are addresses.
    pub fn settled(&self) -> impl Iterator<Item = (Cause, u64)> {
        let addresses = self.known.iter();
        addresses.flat_map(|(_, address)| {
            let deferrals = address.deferrals.iter();
            deferrals.map(|deferrals| (deferrals.cause, deferrals.settled.into()))
        })
    }

    /// Of each cause, by its number, how many recipients were refused for it, as far as recipients are kept.
    #[must_use]
    pub fn recipients(&self) -> [u64; Cause::ALL.len()] {
        let mut sums = [0; Cause::ALL.len()];
        for (_, address) in self.known.iter().filter(|(text, _)| !text.is_empty()) {
            let mut left = address.causes;
            while let Some(sum) = sums.get_mut(left.trailing_zeros() as usize) {
                *sum += 1;
                left &= left - 1;
            }
        }
        sums
    }

    /// Whether there were too many addresses to keep them all.
    #[must_use]
    pub fn are_cut(&self) -> bool {
        self.known.is_cut()
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
        self.deferrals.for_each(|deferrals| {
            deferrals.settled = deferrals.settled.saturating_add(deferrals.waiting);
            deferrals.waiting = 0;
        });
    }

    fn delay(&mut self, cause: Cause) {
        let new = Deferrals {
            cause,
            waiting: 0,
            settled: 0,
        };
        self.deferrals.change(
            |known| known.cause == cause,
            new,
            |known| known.waiting = known.waiting.saturating_add(1),
        );
    }
}
