//! Many verdicts become one report: what is refused, how urgently, whom it hits, and what to do first.
//!
//! Counting makes no words: only the first reply of each cause is kept with its summary and fix. Memory is bounded however
//! much is read; what did not fit is counted and said. Verdicts are noted first, see [`notes`].

pub mod addresses;
mod bounded;
mod few;
mod hashes;
mod hits;
pub mod notes;
mod texts;
pub mod times;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::iter::zip;
use std::mem;

use addresses::{Addresses, Fate};
use bounded::Bounded;
use hashes::Name;
use hits::Only;
pub use hits::{Hits, Scope};
use notes::{Note, Notes};
use times::Times;

use crate::knowledge::{BUILT_IN, Cause, tables::Blocklist};
use crate::verdict::Verdict;

/// Domains that are told apart.
const MOST_DOMAINS: usize = 22_000;
/// Domains of a cause that are named, the most frequent ones.
const NAMED_DOMAINS: usize = 1_000;
/// Listed addresses and domains that are told apart.
const MOST_LISTED: usize = 500;
/// Bytes that are kept of an example's reply.
const EXAMPLE: usize = 600;

/// What was read, in numbers. `records` are `accepted`, `refused` and `own_server` together.
#[derive(Clone, Debug)]
pub struct Report {
    pub records: u64,
    /// Replies that took the mail, or let the dialogue go on.
    pub accepted: u64,
    /// Replies that did not.
    pub refused: u64,
    /// Refusals that the user's own server spoke to strangers; they are nobody's trouble and stand in no block.
    pub own_server: u64,
    causes: Vec<Option<Box<Block>>>,
    lists: BTreeMap<&'static str, List>,
    /// How often each cause hit a domain.
    domains: Bounded<Counts>,
    pub times: Times,
    addresses: Addresses,
}

/// By [`Cause`].
type Counts = [u32; Cause::ALL.len()];

/// The first of many in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct First<T> {
    pub shown: Vec<T>,
    /// How many there are, shown or not.
    pub all: usize,
}

impl<T: Ord> First<T> {
    fn of(mut items: Vec<T>, most: usize) -> Self {
        let all = items.len();
        if most < all {
            items.select_nth_unstable(most);
            items.truncate(most);
        }
        items.sort_unstable();
        Self { shown: items, all }
    }
}

impl Default for Report {
    fn default() -> Self {
        Self {
            records: 0,
            accepted: 0,
            refused: 0,
            own_server: 0,
            causes: vec![None; Cause::ALL.len()],
            lists: BTreeMap::new(),
            domains: Bounded::new(MOST_DOMAINS),
            times: Times::default(),
            addresses: Addresses::default(),
        }
    }
}

/// The refusals of one cause.
#[derive(Clone, Debug)]
pub struct Block {
    pub cause: Cause,
    pub hits: Hits,
    /// Those after which the recipient, or the same mail, was accepted.
    pub settled: u64,
    /// Different recipients, as far as they could be told apart.
    pub recipients: u64,
    /// There may be more of them.
    pub more_recipients: bool,
    /// Different domains of its recipients, as far as they could be told apart: known at the end, as those named are.
    pub all_domains: usize,
    domains: Vec<(Box<str>, u64)>,
    /// The first of them.
    pub example: Example,
}

/// A refusal that stands for the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    cause: Cause,
    pub reply: String,
    pub recipient: Option<String>,
    pub time: Option<String>,
    pub file: Option<String>,
    /// 1-based; 0 for an argument.
    pub line: u64,
    pub summary: String,
    fix: Vec<String>,
    fix_of_rule: Vec<String>,
    fix_of_cause: Vec<String>,
}

/// The hits of a blocklist.
#[derive(Clone, Debug)]
pub struct List {
    pub list: &'static Blocklist,
    pub count: u64,
    listed: Bounded<u64>,
}

impl Report {
    /// Counts what was noted, and empties the notes. Parts of an input are counted in its order.
    pub fn count(&mut self, notes: &mut Notes) {
        self.records += notes.records;
        self.accepted += notes.accepted;
        self.own_server += notes.own_server;
        self.times.merge(mem::take(&mut notes.times));
        for example in notes.examples.drain(..) {
            if let Some(place) = self.causes.get_mut(example.cause as usize) {
                place.get_or_insert_with(|| Box::new(Block::new(example)));
            }
        }
        for (block, hits) in zip(&mut self.causes, &notes.hits) {
            if let Some(block) = block
                && hits.count > 0
            {
                self.refused += hits.count;
                block.hits.merge(hits);
            }
        }
        let text = &notes.text;
        // All of a kind at once: so the machine can fetch what is counted next from far away while it counts this.
        self.domains.make_room();
        let domains = notes.domains.iter().filter_map(|&(name, domain, cause)| {
            let new = || [0; Cause::ALL.len()];
            Some((self.domains.put(name, text.get(domain), new)?, cause))
        });
        for (place, cause) in domains.collect::<Vec<_>>() {
            let counts = self.domains.at(place);
            if let Some(sum) = counts.and_then(|counts| counts.get_mut(cause as usize)) {
                *sum = sum.saturating_add(1);
            }
        }
        for note in &notes.in_order {
            match *note {
                Note::Success { recipient, mail } => {
                    self.addresses.deliver(text.get(recipient), text.get(mail));
                }
                Note::Refusal(refusal, shown) => self.addresses.refuse(refusal, text.get(shown)),
            }
        }
        for &(list, listed) in &notes.listings {
            let hits = self.lists.entry(BUILT_IN.str(list.id));
            let hits = hits.or_insert_with(|| List::new(list));
            hits.add(listed.map(|listed| text.get(listed)));
        }
        self.addresses.let_go(notes.not_kept);
        notes.clear();
        notes.limit = self.addresses.limit();
    }

    /// Counts what can be counted at the end only: to be called when all was added, before anything is read.
    pub fn close(&mut self) {
        self.times.close();
        self.domains.prune();
        self.addresses.prune();
        for list in self.lists.values_mut() {
            list.listed.prune();
        }
        let recipients = self.addresses.recipients();
        for (block, recipients) in self.causes.iter_mut().zip(recipients) {
            if let Some(block) = block {
                block.settled = 0;
                block.recipients = recipients;
                block.more_recipients = self.addresses.are_cut();
            }
        }
        for (cause, count) in self.addresses.settled() {
            if let Some(Some(block)) = self.causes.get_mut(cause as usize) {
                block.settled += count;
            }
        }
        let mut by_cause = vec![Vec::new(); Cause::ALL.len()];
        for (domain, counts) in self.domains.iter() {
            for (domains, count) in by_cause.iter_mut().zip(counts.iter()) {
                if *count > 0 {
                    domains.push((Reverse(*count), domain));
                }
            }
        }
        for (block, domains) in self.causes.iter_mut().zip(by_cause) {
            if let Some(block) = block {
                let First { shown, all } = First::of(domains, NAMED_DOMAINS);
                let named = |(Reverse(count), domain): (_, &str)| (domain.into(), u64::from(count));
                block.domains = shown.into_iter().map(named).collect();
                block.all_domains = all;
            }
        }
    }

    /// Refusals after which the recipient, or the same mail, was accepted.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.causes
            .iter()
            .flatten()
            .map(|block| block.settled)
            .sum()
    }

    /// The blocks: what still hurts first, then by priority, then by count.
    #[must_use]
    pub fn blocks(&self) -> Vec<&Block> {
        let mut blocks: Vec<&Block> = self.causes.iter().flatten().map(|block| &**block).collect();
        blocks.sort_by_key(|block| {
            let (left, hits) = (block.left(), &block.hits);
            (
                Reverse((left > 0, hits.priority(), left, hits.count)),
                block.cause.id(),
            )
        });
        blocks
    }

    /// The blocklists that were named, the most frequent first.
    #[must_use]
    pub fn lists(&self) -> Vec<&List> {
        let mut lists: Vec<&List> = self.lists.values().collect();
        lists.sort_by_key(|hits| Reverse(hits.count));
        lists
    }

    /// The first so many of the addresses to take off the list.
    #[must_use]
    pub fn to_suppress(&self, most: usize) -> First<&str> {
        First::of(self.addresses.of(Fate::Suppress), most)
    }

    /// The first so many of the addresses that were refused for now only, and not accepted since.
    #[must_use]
    pub fn delayed(&self, most: usize) -> First<&str> {
        First::of(self.addresses.of(Fate::Delayed), most)
    }

    /// Refusals whose addresses were not kept because there were too many.
    #[must_use]
    pub fn addresses_not_kept(&self) -> u64 {
        self.addresses.not_kept()
    }
}

impl Block {
    fn new(example: Example) -> Self {
        Self {
            cause: example.cause,
            hits: Hits::default(),
            settled: 0,
            recipients: 0,
            more_recipients: false,
            all_domains: 0,
            domains: Vec::new(),
            example,
        }
    }

    /// Refusals that nothing settled.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.hits.count - self.settled
    }

    /// The domains of its recipients with their counts, the most frequent first, as far as they are named.
    #[must_use]
    pub fn domains(&self) -> Vec<(&str, u64)> {
        let domains = self.domains.iter();
        domains.map(|(domain, count)| (&**domain, *count)).collect()
    }

    /// What to do, first step first: as precise as all of them have in common.
    #[must_use]
    pub fn fix(&self) -> &[String] {
        match (self.hits.recipient, self.hits.rule) {
            _ if self.hits.count == 1 => &self.example.fix,
            (Only::One(_), Only::One(_) | Only::Nothing) => &self.example.fix,
            (_, Only::One(_)) => &self.example.fix_of_rule,
            _ => &self.example.fix_of_cause,
        }
    }
}

impl Example {
    fn of(verdict: &Verdict<'_>, file: Option<&str>) -> Self {
        let record = &verdict.record;
        let own = |text: &Option<Cow<'_, str>>| text.as_deref().map(str::to_owned);
        let mut reply = record.reply.to_string();
        if let Some(end) = (0..=EXAMPLE).rev().find(|end| reply.is_char_boundary(*end))
            && end < reply.len()
        {
            reply.truncate(end);
            reply.push_str(" ...");
        }
        Self {
            cause: verdict.cause,
            reply,
            recipient: own(&record.recipient),
            time: own(&record.time),
            file: file.map(str::to_owned),
            line: record.line,
            summary: verdict.summary().into_owned(),
            fix: verdict.fix().map(Cow::into_owned).collect(),
            fix_of_rule: verdict.fix_of_rule().map(Cow::into_owned).collect(),
            fix_of_cause: verdict.fix_of_cause().map(Cow::into_owned).collect(),
        }
    }
}

impl List {
    fn new(list: &'static Blocklist) -> Self {
        Self {
            list,
            count: 0,
            listed: Bounded::new(MOST_LISTED),
        }
    }

    fn add(&mut self, listed: Option<&str>) {
        self.count += 1;
        let Some(listed) = listed else { return };
        self.listed.make_room();
        let place = self.listed.put(Name::of(listed), listed, || 0);
        if let Some(sum) = place.and_then(|place| self.listed.at(place)) {
            *sum += 1;
        }
    }

    /// What is listed, the most frequent first.
    #[must_use]
    pub fn listed(&self) -> Vec<(&str, u64)> {
        sorted(self.listed.iter().map(|(listed, count)| (listed, *count)))
    }
}

/// The most frequent first; equals by name.
fn sorted<'a>(counts: impl Iterator<Item = (&'a str, u64)>) -> Vec<(&'a str, u64)> {
    let mut counts: Vec<_> = counts.collect();
    counts.sort_unstable_by_key(|(name, count)| (Reverse(*count), *name));
    counts
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::classifier::Classifier;
    use crate::record::{self, Record, State};

    const SENT: &str = "dsn=2.0.0, status=sent (250 2.0.0 Ok)";
    const GREYLISTED: &str = "dsn=4.2.0, status=deferred (host mx[192.0.2.1] said: 450 4.2.0 Greylisted (in reply to RCPT TO command))";
    const UNKNOWN: &str = "dsn=5.1.1, status=bounced (host mx[192.0.2.1] said: 550 5.1.1 User unknown (in reply to RCPT TO command))";
    const NO_ACCOUNT: &str = "dsn=5.1.1, status=bounced (host mx[192.0.2.1] said: 550 5.1.1 The email account that you tried to reach does not exist. gsmtp (in reply to RCPT TO command))";
    const LISTED: &str = "dsn=5.7.1, status=bounced (host mx[192.0.2.1] said: 554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using zen.spamhaus.org (in reply to RCPT TO command))";

    fn line(number: usize, recipient: &str, what: &str) -> String {
        format!(
            "Jun  1 1{}:00:00 mail postfix/smtp[4711]: 4Zx1Yq{number:04}z: to=<{recipient}>, relay=mx.example.com[192.0.2.1]:25, delay=1, delays=0/0/1/0, {what}",
            number % 10
        )
    }

    fn note(notes: &mut Notes, lines: &[String]) {
        let mut classifier = Classifier::default();
        let mut state = State::default();
        for line in lines {
            record::read_line(line, &mut state, &mut |record| {
                notes.add(&classifier.classify(&record), None);
            });
        }
    }

    fn of(lines: &[String]) -> Report {
        let (mut report, mut notes) = (Report::default(), Notes::default());
        note(&mut notes, lines);
        report.count(&mut notes);
        report.close();
        report
    }

    fn log(lines: &[(&str, &str)]) -> Vec<String> {
        let numbered = lines.iter().enumerate();
        numbered
            .map(|(number, (recipient, what))| line(number, recipient, what))
            .collect()
    }

    /// Everything that a reader sees of it.
    fn seen(report: &Report) -> String {
        let blocks: Vec<_> = report
            .blocks()
            .iter()
            .map(|block| {
                format!(
                    "{} {} {:?} {:?} {} {} {:?} {:?} {:?} {:?}",
                    block.cause,
                    block.hits.count,
                    (
                        block.hits.priorities,
                        block.hits.owners,
                        block.hits.families
                    ),
                    block.hits.providers(),
                    block.settled,
                    block.recipients,
                    block.hits.scope(),
                    block.fix(),
                    block.domains(),
                    block.example.reply,
                )
            })
            .collect();
        format!(
            "{} {} {} {} {blocks:?} {:?} {:?} {:?} {:?}",
            report.records,
            report.accepted,
            report.refused,
            report.own_server,
            report.to_suppress(usize::MAX),
            report.delayed(usize::MAX),
            report.times.timeline().hours().collect::<Vec<_>>(),
            report
                .lists()
                .iter()
                .map(|list| (list.count, list.listed()))
                .collect::<Vec<_>>(),
        )
    }

    fn mixed() -> Vec<String> {
        log(&[
            ("ann@example.com", GREYLISTED),
            ("Bob@example.com", GREYLISTED),
            ("eve@example.net", UNKNOWN),
            ("ann@example.com", GREYLISTED),
            ("bob@example.com", SENT),
            ("ann@example.com", GREYLISTED),
            ("dan@example.org", LISTED),
            ("zoe@example.org", LISTED),
            ("ann@EXAMPLE.com", SENT),
            ("ann@example.com", GREYLISTED),
            ("eve@example.net", UNKNOWN),
        ])
    }

    #[test]
    fn the_first_of_many_are_those_of_all_in_order() {
        let many = || (0..100u32).map(|number| number * 37 % 100).collect();
        let all = First::of(many(), 100).shown;
        assert!(all.is_sorted());
        for most in [0, 1, 7, 99, 100, 101] {
            let first = First::of(many(), most);
            assert_eq!(first.shown, all[..most.min(100)], "{most}");
            assert_eq!(first.all, 100);
        }
    }

    #[test]
    fn a_later_success_settles_a_deferral_and_an_earlier_one_does_not() {
        let report = of(&mixed());
        let greylisted = *report
            .blocks()
            .iter()
            .find(|block| block.cause.id() == "greylisted")
            .unwrap();
        assert_eq!(
            (greylisted.hits.count, greylisted.settled, greylisted.left()),
            (5, 4, 1)
        );
        assert_eq!(report.delayed(9).shown, ["ann@example.com"]);
        assert_eq!(report.to_suppress(9).shown, ["eve@example.net"]);
    }

    #[test]
    fn an_address_that_took_a_mail_later_stays_on_the_list() {
        let lines = log(&[("eve@example.net", UNKNOWN), ("eve@example.net", SENT)]);
        let report = of(&lines);
        assert!(report.to_suppress(9).shown.is_empty());
        // The mail that bounced is lost all the same.
        assert_eq!(report.settled(), 0);
    }

    #[test]
    fn a_mail_without_recipient_is_settled_by_its_queue_id() {
        let (mut report, mut notes) = (Report::default(), Notes::default());
        let mut classifier = Classifier::default();
        for reply in ["450 4.2.0 Greylisted", "250 2.0.0 Ok"] {
            let record = Record {
                format: "reply",
                reply: reply.into(),
                queue_id: Some("4Zx1Yq2Lz7z".into()),
                ..Record::default()
            };
            notes.add(&classifier.classify(&record), None);
        }
        report.count(&mut notes);
        report.close();
        assert_eq!(report.settled(), 1);
    }

    #[test]
    fn parts_that_are_counted_in_order_are_the_whole() {
        let mut lines = mixed();
        lines.extend(log(&[
            ("kim@gmail.com", UNKNOWN),
            ("lee@hotmail.com", UNKNOWN),
            ("joe@gmail.com", UNKNOWN),
            ("pat@gmail.com", UNKNOWN),
        ]));
        let whole = seen(&of(&lines));
        for first in 0..=lines.len() {
            for second in first..=lines.len() {
                let mut report = Report::default();
                let (mut one, mut other) = (Notes::default(), Notes::default());
                note(&mut other, &lines[first..second]);
                note(&mut one, &lines[..first]);
                report.count(&mut one);
                report.count(&mut other);
                note(&mut one, &lines[second..]);
                report.count(&mut one);
                report.close();
                assert_eq!(seen(&report), whole, "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn what_is_discarded_leaves_no_trace() {
        let lines = mixed();
        let (mut report, mut notes) = (Report::default(), Notes::default());
        note(&mut notes, &lines[3..]);
        note(&mut notes, &log(&[("kim@gmail.com", UNKNOWN)]));
        notes.discard();
        note(&mut notes, &lines[..2]);
        report.count(&mut notes);
        note(&mut notes, &lines[5..]);
        notes.discard();
        note(&mut notes, &lines[2..]);
        report.count(&mut notes);
        report.close();
        assert_eq!(seen(&report), seen(&of(&lines)));
    }

    #[test]
    fn the_scope_grows_from_one_recipient_to_several_providers() {
        for (recipients, scope) in [
            (&["a@example.com", "A@example.com"][..], Scope::OneRecipient),
            (&["a@example.com", "b@example.com"], Scope::OneDomain),
            (&["a@gmail.com", "b@googlemail.com"], Scope::OneProvider),
            (&["a@example.com", "b@example.net"], Scope::SeveralProviders),
        ] {
            let lines: Vec<_> = recipients
                .iter()
                .map(|recipient| {
                    line(0, recipient, UNKNOWN)
                        .replace("relay=mx.example.com[192.0.2.1]:25", "relay=none")
                })
                .collect();
            assert_eq!(of(&lines).blocks()[0].hits.scope(), scope, "{recipients:?}");
        }
        for (hosts, scope) in [
            (["mx.example.com", "MX.example.com"], Scope::OneProvider),
            (
                ["mx.example.com", "mx.example.net"],
                Scope::SeveralProviders,
            ),
        ] {
            let lines =
                hosts.map(|host| line(0, "", UNKNOWN).replace("host mx", &format!("host {host}")));
            assert_eq!(of(&lines).blocks()[0].hits.scope(), scope, "{hosts:?}");
        }
    }

    #[test]
    fn a_fix_names_an_address_only_where_all_have_the_same() {
        let one = of(&log(&[("bob@example.com", UNKNOWN)]));
        assert!(one.blocks()[0].fix()[0].contains("bob@example.com"));
        let two = of(&log(&[
            ("bob@example.com", UNKNOWN),
            ("eve@example.com", UNKNOWN),
        ]));
        assert!(!two.blocks()[0].fix()[0].contains("bob@example.com"));
    }

    #[test]
    fn a_fix_is_that_of_the_rule_where_one_alone_won() {
        let lines = log(&[
            ("kim@gmail.com", NO_ACCOUNT),
            ("joe@gmail.com", NO_ACCOUNT),
            ("eve@example.com", UNKNOWN),
        ]);
        let fix = |lines| of(lines).blocks()[0].fix()[0].clone();
        let (one, several) = (fix(&lines[..2]), fix(&lines));
        assert_eq!(one, fix(&lines[..1]));
        assert_eq!(several, fix(&lines[1..]));
        assert_ne!(one, several);
    }

    #[test]
    fn blocks_stand_by_urgency_and_settled_ones_last() {
        let report = of(&mixed());
        let order: Vec<_> = report
            .blocks()
            .iter()
            .map(|block| block.cause.id())
            .collect();
        assert_eq!(order, ["ip-blocklisted", "recipient-unknown", "greylisted"]);
    }

    #[test]
    fn a_refusal_by_ones_own_server_is_nobodys_trouble() {
        let line = "Jun  1 10:00:00 mail postfix/smtpd[4711]: NOQUEUE: reject: RCPT from x.example.net[192.0.2.9]: 550 5.1.1 <bob@example.com>: Recipient address rejected: User unknown; from=<a@example.net> to=<bob@example.com> proto=ESMTP helo=<x>";
        let report = of(&[line.to_owned()]);
        assert_eq!(
            (report.records, report.refused, report.own_server),
            (1, 0, 1)
        );
        assert!(report.blocks().is_empty() && report.to_suppress(9).shown.is_empty());
    }

    #[test]
    fn endless_recipients_and_domains_do_not_fill_the_memory() {
        let (mut report, mut notes) = (Report::default(), Notes::default());
        let mut classifier = Classifier::default();
        let count = addresses::MOST * 3 / 2 + 10_000;
        for number in 0..count {
            let record = Record {
                format: "reply",
                reply: "550 5.1.1 User unknown".into(),
                recipient: Some(format!("a@d{number}.example.com").into()),
                ..Record::default()
            };
            notes.add(&classifier.classify(&record), None);
            report.count(&mut notes);
        }
        assert!(report.domains.iter().count() <= MOST_DOMAINS * 3 / 2);
        assert!(report.to_suppress(0).all <= addresses::MOST * 3 / 2);
        report.close();
        let block = report.blocks()[0];
        assert_eq!(block.hits.count, count as u64);
        assert_eq!(block.recipients, addresses::MOST as u64);
        assert!(block.more_recipients);
        assert_eq!(block.all_domains, MOST_DOMAINS);
        assert_eq!(block.domains().len(), NAMED_DOMAINS);
        assert_eq!(report.to_suppress(1).all, addresses::MOST);
        assert_eq!(
            report.addresses_not_kept(),
            (count - addresses::MOST) as u64
        );
    }
}
