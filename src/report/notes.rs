//! What verdicts add to a report, noted down to be counted later.
//!
//! A success settles the refusals before it, so a report counts in the order of its input. Whatever needs no order is done
//! when a note is taken: names are hashed, times read, providers looked up. So the parts of an input may be noted side by
//! side, and counting one after the other takes little time.

use crate::knowledge::{Cause, LONGEST_NAME, tables::Blocklist};
use crate::record::Outcome;
use crate::verdict::Verdict;
use crate::vocabulary::Family;

use super::Example;
use super::addresses::{Fate, Refusal};
use super::bounded::Limit;
use super::hashes::{self, Name, Quick};
use super::hits::Hits;
use super::texts::{Text, Texts};
use super::times::Times;

/// Verdicts that are many enough to be counted.
const MANY: u64 = 1024;

/// What the verdicts on a part of an input add to a report.
#[derive(Clone, Debug)]
pub struct Notes {
    pub(super) records: u64,
    pub(super) accepted: u64,
    pub(super) own_server: u64,
    pub(super) times: Times,
    /// By [`Cause`].
    pub(super) hits: Vec<Hits>,
    /// Domains that were refused, with the cause.
    pub(super) domains: Vec<(Name, Text, Cause)>,
    /// Blocklists that were named, and what they list.
    pub(super) listings: Vec<(&'static Blocklist, Option<Text>)>,
    /// What befell addresses and mails, in the order of the input.
    pub(super) in_order: Vec<Note>,
    /// Which addresses the report still kept when it counted the notes before.
    pub(super) limit: Limit,
    /// Refusals of addresses that it would not keep.
    pub(super) not_kept: u64,
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
    /// With the recipient as it is shown.
    Refusal(Refusal, Text),
}

impl Default for Notes {
    fn default() -> Self {
        Self {
            records: 0,
            accepted: 0,
            own_server: 0,
            times: Times::default(),
            hits: vec![Hits::default(); Cause::ALL.len()],
            domains: Vec::new(),
            listings: Vec::new(),
            in_order: Vec::new(),
            limit: Limit::default(),
            not_kept: 0,
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
                let recipient = hashes::recipient(record).unwrap_or_default();
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
        let fate = match verdict.family {
            _ if verdict.suppress => Fate::Suppress,
            // A mail that was returned is not tried again, whatever its refusal meant.
            _ if matches!(record.outcome, Some(Outcome::Bounced | Outcome::Expired)) => {
                Fate::Failed
            }
            Family::Temporary => Fate::Delayed,
            _ => Fate::Failed,
        };
        let recipient = hashes::recipient(record);
        let whom = recipient.or_else(|| hashes::mail(record));
        let whom = whom.map(|text| (Name::of(text), text));
        if let Some((name, _)) = whom
            && self.limit.excludes(name)
        {
            self.not_kept += 1;
        } else if let Some((name, text)) = whom {
            let refusal = Refusal {
                name,
                quick: Quick::of(text),
                is_mail: recipient.is_none(),
                cause,
                fate,
            };
            let shown = shown.record.recipient.as_deref();
            let shown = shown.filter(|_| recipient.is_some()).unwrap_or_default();
            let note = Note::Refusal(refusal, self.text.keep(shown));
            self.in_order.push(note);
        }
        let domain = record.recipient.as_deref().and_then(domain_of);
        let domain = domain.map(|text| (Name::of(text), text));
        if let Some((name, text)) = domain {
            self.domains.push((name, self.text.keep(text), cause));
        }
        let name_of = |whom: Option<(Name, &str)>| whom.map(|(name, _)| name);
        let recipient = whom.filter(|_| recipient.is_some());
        if let Some(hits) = self.hits.get_mut(cause as usize) {
            hits.add(verdict, name_of(recipient), name_of(domain));
        }
        if let Some((list, listed)) = shown.listing() {
            let listed = listed.filter(|listed| listed.len() <= LONGEST_NAME);
            let listed = listed.map(|listed| self.text.keep(listed));
            self.listings.push((list, listed));
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
        self.not_kept = 0;
        self.hits.iter_mut().for_each(Hits::clear);
        self.times = Times::default();
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
    (1..=LONGEST_NAME).contains(&domain.len()).then_some(domain)
}
