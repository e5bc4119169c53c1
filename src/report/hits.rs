//! What the refusals of one cause add up to: sums that parts of an input make side by side, in whatever order.

use std::iter::zip;
use std::mem;

use super::hashes::Name;
use super::sorted;
use crate::knowledge::BUILT_IN;
use crate::verdict::{Facts, Verdict, address, recipient_provider};
use crate::vocabulary::{Family, Owner, Priority};

/// Refusals of one cause.
#[derive(Clone, Debug, Default)]
pub struct Hits {
    pub count: u64,
    /// By [`Priority`].
    pub priorities: [u64; Priority::ALL.len()],
    /// By [`Owner`].
    pub owners: [u64; Owner::ALL.len()],
    /// By [`Family`].
    pub families: [u64; Family::ALL.len()],
    /// Those that spoke, or else those whose host or mailbox it is.
    providers: Vec<Provider>,
    pub(super) recipient: Only,
    domain: Only,
    /// Where they come from if not from a provider.
    network: Only,
    pub(super) rule: Only,
}

#[derive(Clone, Debug)]
struct Provider {
    number: u16,
    name: Box<str>,
    count: u64,
}

/// Whom a cause hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    OneRecipient,
    OneDomain,
    OneProvider,
    SeveralProviders,
    /// The records do not tell.
    Unknown,
}

impl Scope {
    /// The word for it in JSON.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::OneRecipient => "one-recipient",
            Self::OneDomain => "one-domain",
            Self::OneProvider => "one-provider",
            Self::SeveralProviders => "several-providers",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether something is always the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Only {
    #[default]
    Nothing,
    One(u64),
    Several,
}

impl Only {
    const fn of(Name(hash): Name) -> Self {
        Self::One(hash)
    }

    /// Somebody who is not named may be somebody else.
    fn named(name: Option<Name>) -> Self {
        name.map_or(Self::Several, Self::of)
    }

    fn add(&mut self, other: Self) {
        *self = match (*self, other) {
            (same, Self::Nothing) | (Self::Nothing, same) => same,
            (Self::One(left), Self::One(right)) if left == right => other,
            _ => Self::Several,
        };
    }
}

impl Hits {
    /// Counts a refusal of this recipient, of this domain.
    pub(super) fn add(
        &mut self,
        verdict: &Verdict<'_>,
        recipient: Option<Name>,
        domain: Option<Name>,
    ) {
        self.count += 1;
        count(&mut self.priorities, verdict.priority as usize);
        count(&mut self.owners, verdict.owner as usize);
        count(&mut self.families, verdict.family as usize);
        self.recipient.add(Only::named(recipient));
        self.domain.add(Only::named(domain));
        let (facts, record) = (&verdict.facts, &verdict.record);
        self.rule.add(
            facts
                .rule
                .map_or(Only::Nothing, |rule| Only::One(address(rule))),
        );
        // A reply that shows no provider, nor its host, still comes from the one whose mailbox it is.
        let number = facts.provider_number(record);
        let number = number.or_else(|| recipient_provider(&BUILT_IN, record));
        let host = || record.remote_host.as_deref().map(Name::of);
        if let Some(number) = number {
            self.add_provider(number, facts);
        } else if let Some(name) = domain.or_else(host) {
            self.network.add(Only::of(name));
        }
    }

    fn add_provider(&mut self, number: u16, facts: &Facts<'_>) {
        let mut known = self.providers.iter_mut();
        if let Some(known) = known.find(|known| known.number == number) {
            known.count += 1;
        } else if let Some((tables, row)) = facts.provider_row(number) {
            self.providers.push(Provider {
                number,
                name: tables.str(row.name).into(),
                count: 1,
            });
        }
    }

    /// Adds what was counted elsewhere.
    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        sum(&mut self.priorities, &other.priorities);
        sum(&mut self.owners, &other.owners);
        sum(&mut self.families, &other.families);
        for provider in other.providers.iter().filter(|other| other.count > 0) {
            let mut known = self.providers.iter_mut();
            match known.find(|known| known.name == provider.name) {
                Some(known) => known.count += provider.count,
                None => self.providers.push(provider.clone()),
            }
        }
        self.recipient.add(other.recipient);
        self.domain.add(other.domain);
        self.network.add(other.network);
        self.rule.add(other.rule);
    }

    /// Lets go of all that was counted. Providers stay without a count: they are likely to come again.
    pub(super) fn clear(&mut self) {
        let mut providers = mem::take(&mut self.providers);
        providers.iter_mut().for_each(|known| known.count = 0);
        *self = Self {
            providers,
            ..Self::default()
        };
    }

    /// The highest priority of them.
    #[must_use]
    pub fn priority(&self) -> Priority {
        let highest = self.priorities.iter().rposition(|count| *count > 0);
        highest
            .and_then(|place| Priority::ALL.get(place).copied())
            .unwrap_or(Priority::Info)
    }

    /// Who has to act in most of them.
    #[must_use]
    pub fn owner(&self) -> Owner {
        let most = zip(&self.owners, Owner::ALL)
            .rev()
            .max_by_key(|(count, _)| **count);
        most.map_or(Owner::Unknown, |(_, owner)| *owner)
    }

    /// Whom it hits.
    #[must_use]
    pub fn scope(&self) -> Scope {
        let mut network = self.network;
        for provider in &self.providers {
            network.add(Only::of(Name::of(&provider.name)));
        }
        match (self.recipient, self.domain, network) {
            (Only::One(_), ..) => Scope::OneRecipient,
            (_, Only::One(_), _) => Scope::OneDomain,
            (_, _, Only::One(_)) => Scope::OneProvider,
            (_, _, Only::Several) => Scope::SeveralProviders,
            _ => Scope::Unknown,
        }
    }

    /// The providers with their counts, the most frequent first.
    #[must_use]
    pub fn providers(&self) -> Vec<(&str, u64)> {
        let providers = self.providers.iter();
        sorted(providers.map(|known| (&*known.name, known.count)))
    }
}

fn count(counts: &mut [u64], place: usize) {
    if let Some(sum) = counts.get_mut(place) {
        *sum += 1;
    }
}

fn sum(sums: &mut [u64], counts: &[u64]) {
    for (sum, count) in zip(sums, counts) {
        *sum += count;
    }
}
