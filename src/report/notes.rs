//! What verdicts add to a report, noted down to be counted later.
//!
//! A success settles the refusals before it, so a report counts in the order of its input. Whatever needs no order is done
//! when a note is taken: names are hashed, times read, providers looked up. So the parts of an input may be noted side by
//! side, and counting one after the other takes little time.

use crate::knowledge::{BUILT_IN, Cause, tables::Blocklist};
use crate::record::Outcome;
use crate::verdict::Verdict;
use crate::vocabulary::{Family, Owner, Priority};

use super::addresses::Fate;
use super::names::{self, Name, Quick, Whom};
use super::texts::{Text, Texts};
use super::times::Times;
use super::{Example, LONGEST};

/// Verdicts that are many enough to be counted.
const MANY: u64 = 1024;

/// What the verdicts on a part of an input add to a report.
#[derive(Clone, Debug)]
pub struct Notes {
    pub(super) records: u64,
    pub(super) accepted: u64,
    pub(super) own_server: u64,
    pub(super) times: Times,
    pub(super) refusals: Vec<Refusal>,
    /// Domains that were refused, with the cause.
    pub(super) domains: Vec<(Name, Text, Cause)>,
    /// Blocklists that were named, and what they list.
    pub(super) listings: Vec<(&'static Blocklist, Option<Text>)>,
    /// What befell addresses and mails, in the order of the input.
    pub(super) in_order: Vec<Note>,
    pub(super) text: Texts,
    /// The first refusals of causes that were not exemplified before.
    pub(super) examples: Vec<Example>,
    exemplified: [bool; Cause::ALL.len()],
}

/// What counts by its place in the input.
#[derive(Clone, Copy, Debug)]
pub(super) enum Note {
    Success {
        recipient: Text,
        mail: Text,
    },
    Refusal {
        whom: Whom,
        /// The recipient as it is shown.
        recipient: Text,
        cause: Cause,
        fate: Fate,
    },
}

/// What a refusal adds to the block of its cause.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    pub cause: Cause,
    pub priority: Priority,
    pub owner: Owner,
    pub family: Family,
    pub recipient: Option<Name>,
    pub domain: Option<Name>,
    pub network: Network,
    pub rule: Option<Quick>,
}

/// Where a refusal comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Network {
    /// The name of the provider that spoke, or else of the one whose host or mailbox it is.
    Provider(Text),
    /// A domain or a host.
    Other(Name),
    Unknown,
}

impl Default for Notes {
    fn default() -> Self {
        Self {
            records: 0,
            accepted: 0,
            own_server: 0,
            times: Times::default(),
            refusals: Vec::new(),
            domains: Vec::new(),
            listings: Vec::new(),
            in_order: Vec::new(),
            text: Texts::default(),
            examples: Vec::new(),
            exemplified: [false; Cause::ALL.len()],
        }
    }
}

impl Notes {
    /// Notes a verdict on a record of this file.
    pub fn add(&mut self, verdict: &Verdict<'_>, file: Option<&str>) {
        self.add_as(verdict, verdict, file);
    }

    /// Notes a verdict, and shows another in its place, which is the same one about a record that names nobody.
    pub fn add_as(&mut self, verdict: &Verdict<'_>, shown: &Verdict<'_>, file: Option<&str>) {
        let record = &verdict.record;
        let accepted = matches!(verdict.family, Family::Success | Family::Intermediate);
        let refused = !accepted && !record.own_server;
        self.records += 1;
        self.times.add(record.time.as_deref(), refused);
        if refused {
            self.refuse(verdict, shown, file);
        } else if !accepted {
            self.own_server += 1;
        } else {
            self.accepted += 1;
            if verdict.family == Family::Success {
                let recipient = names::recipient(record).unwrap_or_default();
                let recipient = self.text.keep(recipient);
                let mail = self
                    .text
                    .keep(record.queue_id.as_deref().unwrap_or_default());
                self.in_order.push(Note::Success { recipient, mail });
            }
        }
    }

    fn refuse(&mut self, verdict: &Verdict<'_>, shown: &Verdict<'_>, file: Option<&str>) {
        let (cause, record) = (verdict.cause, &verdict.record);
        if let Some(exemplified) = self.exemplified.get_mut(cause as usize)
            && !*exemplified
        {
            *exemplified = true;
            self.examples.push(Example::of(shown, file));
        }
        let domain = record.recipient.as_deref().and_then(domain_of);
        let domain = domain.map(|text| (Name::of(text), text));
        let network = match verdict.provider() {
            Some(provider) => Network::Provider(self.text.keep(provider.name)),
            None => self.network(domain, record.remote_host.as_deref()),
        };
        if let Some((name, text)) = domain {
            self.domains.push((name, self.text.keep(text), cause));
        }
        let fate = match verdict.family {
            _ if verdict.suppress => Fate::Suppress,
            // A mail that was returned is not tried again, whatever its refusal meant.
            _ if matches!(record.outcome, Some(Outcome::Bounced | Outcome::Expired)) => {
                Fate::Failed
            }
            Family::Temporary => Fate::Delayed,
            _ => Fate::Failed,
        };
        let whom = Whom::of(record);
        let named = whom.filter(|whom| !whom.is_mail);
        if let Some(whom) = whom {
            let recipient = shown.record.recipient.as_deref().filter(|_| !whom.is_mail);
            let recipient = self.text.keep(recipient.unwrap_or_default());
            self.in_order.push(Note::Refusal {
                whom,
                recipient,
                cause,
                fate,
            });
        }
        self.refusals.push(Refusal {
            cause,
            priority: verdict.priority,
            owner: verdict.owner,
            family: verdict.family,
            recipient: named.map(|whom| whom.name),
            domain: domain.map(|(name, _)| name),
            network,
            rule: verdict.rule().map(Quick::of),
        });
        if let Some((list, listed)) = shown.listing() {
            let listed = listed.filter(|listed| listed.len() <= LONGEST);
            let listed = listed.map(|listed| self.text.keep(listed));
            self.listings.push((list, listed));
        }
    }

    /// A reply that shows no provider, nor its host, still comes from the one whose mailbox it is.
    fn network(&mut self, domain: Option<(Name, &str)>, host: Option<&str>) -> Network {
        let number = domain.and_then(|(_, domain)| BUILT_IN.provider_of_domain(domain));
        if let Some(row) = number.and_then(|number| BUILT_IN.provider(number)) {
            return Network::Provider(self.text.keep(BUILT_IN.str(row.name)));
        }
        match (domain, host) {
            (Some((name, _)), _) => Network::Other(name),
            (None, Some(host)) => Network::Other(Name::of(host)),
            (None, None) => Network::Unknown,
        }
    }

    /// Whether it is time to count them.
    #[must_use]
    pub fn are_many(&self) -> bool {
        self.records >= MANY
    }

    /// Forgets what was noted since the last were counted.
    pub fn discard(&mut self) {
        for example in self.examples.drain(..) {
            if let Some(exemplified) = self.exemplified.get_mut(example.cause as usize) {
                *exemplified = false;
            }
        }
        self.clear();
    }

    /// To be called when all was counted.
    pub(super) fn clear(&mut self) {
        (self.records, self.accepted, self.own_server) = (0, 0, 0);
        self.times = Times::default();
        self.refusals.clear();
        self.domains.clear();
        self.listings.clear();
        self.in_order.clear();
        self.text.clear();
    }
}

/// The domain of an address.
fn domain_of(address: &str) -> Option<&str> {
    let sign = memchr::memrchr(b'@', address.as_bytes())?;
    let domain = address.get(sign + 1..)?;
    (1..=LONGEST).contains(&domain.len()).then_some(domain)
}
