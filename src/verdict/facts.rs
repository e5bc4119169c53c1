//! What a verdict rests on.

use std::ops::Range;
use std::sync::OnceLock;

use crate::knowledge::BUILT_IN;
use crate::knowledge::tables::{Blocklist, CodeRow, Provider, Resolver, Rule, Tables};
use crate::record::Record;
use crate::vocabulary::Phase;

/// What won, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Tier {
    Nothing,
    Class,
    Code,
    Phase,
    AmbiguousEnhanced,
    WordlessCode,
    WeakWording,
    Enhanced,
    ProviderEnhanced,
    Wording,
    Marker,
    /// The mail system that wrote the record says so itself (`status=sent`).
    Outcome,
}

/// Bytes of the reply.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    pub start: u32,
    pub end: u32,
}

impl Place {
    pub const fn new(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
        }
    }

    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// What the verdict's words are made from, kept as references and places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts<'a> {
    /// The tables of the rule.
    pub tables: &'a Tables<'a>,
    /// The user's own tables, which may hold the provider.
    pub user: Option<&'a Tables<'a>>,
    /// The rule is the user's own, and what it says is final.
    pub by_user: bool,
    pub tier: Tier,
    pub rule: Option<&'a Rule>,
    /// Where in the reply the winning words stand.
    pub place: Place,
    /// Who spoke; of a mail that was sent it is not looked up before somebody asks.
    pub provider: Option<u16>,
    pub blocklist: Option<&'static Blocklist>,
    pub list_place: Place,
    pub resolver: Option<&'static Resolver>,
    pub enhanced_row: Option<&'static CodeRow>,
    pub code_row: Option<&'static CodeRow>,
    pub class_row: Option<&'static CodeRow>,
    pub phase: Option<Phase>,
}

/// What the reply shows besides, looked for when it is first asked for: most verdicts are never asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    pub wait: OnceLock<Option<u64>>,
    pub ip: OnceLock<Option<Place>>,
}

impl<'a> Facts<'a> {
    /// The row of the provider that spoke, and the tables that have it.
    pub fn provider(&self, record: &Record<'_>) -> Option<(&'a Tables<'a>, &'a Provider)> {
        self.provider_row(self.provider_number(record)?)
    }

    /// The number of the provider that spoke.
    pub fn provider_number(&self, record: &Record<'_>) -> Option<u16> {
        match self.tier {
            Tier::Outcome => provider_by_name(record),
            _ => self.provider,
        }
    }

    /// The row of a provider, and the tables that have it.
    pub fn provider_row(&self, number: u16) -> Option<(&'a Tables<'a>, &'a Provider)> {
        [Some(&BUILT_IN), self.user]
            .into_iter()
            .flatten()
            .find_map(|tables| Some((tables, tables.provider(number)?)))
    }
}

/// A number that tells a row of the knowledge from all others while the program runs: its place in memory.
pub(crate) fn address<T>(row: &T) -> u64 {
    std::ptr::from_ref(row).addr() as u64
}

/// The provider that a record shows by its names alone. Most mail is sent, and nobody asks who took it, so it is looked
/// up when somebody does.
fn provider_by_name(record: &Record<'_>) -> Option<u16> {
    let host = record.remote_host.as_deref();
    let by_host = host.and_then(|host| BUILT_IN.provider_of_host(host));
    by_host.or_else(|| recipient_provider(&BUILT_IN, record))
}

/// The provider whose mailbox the recipient has.
pub(crate) fn recipient_provider(tables: &Tables<'_>, record: &Record<'_>) -> Option<u16> {
    let (_, domain) = record.recipient.as_deref()?.rsplit_once('@')?;
    tables.provider_of_domain(domain)
}
