//! From a record to a verdict: gather the evidence, let the strongest win, say why.
//!
//! Strongest first: a provider's marker or a named blocklist, precise wording, an enhanced code of one meaning, vague
//! wording, an ambiguous enhanced code, the phase, the reply code, its first digit. No I/O, no clock, no environment.

mod hosts;
mod phrases;
pub mod proof;
mod recall;

use crate::knowledge::tables::{CodeRow, NONE, Rule, Slot, Tables, UNSET};
use crate::knowledge::{self, BUILT_IN, Cause};
use crate::own::Own;
use crate::record::{Outcome, Record};
use crate::reply::{Enhanced, Reply};
use crate::verdict::{Facts, Kinds, Place, Shown, Tier, Verdict, recipient_provider};
use crate::vocabulary::{Confidence, Family, Kind, Lists, Owner, Phase, Priority, Retry, Strength};

use hosts::Hosts;
use phrases::{Phrases, Words};
use recall::Recall;

/// Text behind this many bytes decides nothing more: replies are lines, not books.
const READ: usize = 16 * 1024;

/// A rule of which some words were found.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    rule: u32,
    slots: u8,
    /// The longest phrase found for `says`, `also` and `marker`.
    lengths: [u8; 3],
    words: Words,
}

/// Classifies records. Holds the memory that one reply after another is cut up in; make one for each thread.
#[derive(Debug, Default)]
pub struct Classifier<'k> {
    user: Option<&'k Tables<'k>>,
    own: Option<&'k Own>,
    phrases: Phrases,
    recall: Recall,
    hosts: Hosts,
    candidates: Vec<Candidate>,
    /// A regular expression had a say in the last reading, so its words alone do not decide it.
    by_letters: bool,
    /// What followed of the last mail that was sent.
    last_sent: Option<(Asked, Settled<'static>)>,
    patterns: Patterns,
}

/// The best that one set of tables has to say.
#[derive(Clone, Copy, Debug)]
struct Found {
    tier: Tier,
    score: u32,
    /// The rule's row.
    rule: u32,
    words: Words,
}

impl<'k> Classifier<'k> {
    /// A classifier with the built-in knowledge, and the user's own rules before it.
    #[must_use]
    pub fn new(user: Option<&'k Tables<'k>>) -> Self {
        Self {
            user,
            ..Self::default()
        }
    }

    /// A classifier of the same knowledge, for another thread.
    #[must_use]
    pub fn afresh(&self) -> Self {
        Self {
            user: self.user,
            own: self.own,
            ..Self::default()
        }
    }

    /// The same classifier, which also tells whether what is blamed is among the sender's own addresses and domains.
    #[must_use]
    pub fn with_own(mut self, own: &'k Own) -> Self {
        self.own = Some(own).filter(|own| !own.is_empty());
        self
    }

    /// What a record means, or a bare reply. The same record gives the same verdict, whatever came before.
    pub fn classify<'a>(&mut self, record: impl Into<Record<'a>>) -> Verdict<'a>
    where
        'k: 'a,
    {
        // A verdict is large, and each of these hands on the place where the caller wants it.
        match self.own {
            None => self.judge(record.into()),
            Some(own) => {
                let mut verdict = self.judge(record.into());
                verdict.tell_whose(own);
                verdict
            }
        }
    }

    fn judge<'a>(&mut self, record: Record<'a>) -> Verdict<'a>
    where
        'k: 'a,
    {
        let mut end = record.reply.len().min(READ);
        while !record.reply.is_char_boundary(end) {
            end -= 1;
        }
        let text = &record.reply[..end];
        let reply = Reply::read(text);
        let asked = Asked {
            code: reply.code,
            enhanced: reply.enhanced.or(record.dsn),
            phase: record.phase.or_else(|| phase_in(text)),
            outcome: record.outcome,
            own_server: record.own_server,
            host: None,
            recipient: None,
        };
        // A mail system's own "sent" needs no reading between the lines.
        let sent = record.outcome == Some(Outcome::Sent) && !matches!(reply.code, Some(400..));
        let settled = if sent {
            self.sent(asked)
        } else {
            self.weigh(&record, text, asked)
        };
        Verdict {
            record,
            code: asked.code,
            enhanced: asked.enhanced,
            family: settled.family,
            claim: settled.claim,
            types: settled.types,
            cause: settled.cause,
            priority: settled.priority,
            owner: settled.owner,
            retry: settled.retry,
            suppress: settled.suppress,
            confidence: settled.confidence,
            blamed: None,
            facts: settled.facts,
            shown: Shown::default(),
        }
    }

    /// What follows of a mail that was sent: nearly always the same as of the one before.
    fn sent(&mut self, asked: Asked) -> Settled<'k> {
        match self.last_sent {
            Some((known, settled)) if known == asked => settled,
            _ => {
                let facts = Facts {
                    tier: Tier::Outcome,
                    ..Read::default().facts(&asked)
                };
                let settled = settled(&asked, Cause::Accepted, facts);
                self.last_sent = Some((asked, settled));
                settled
            }
        }
    }

    /// Reads the words of a reply, and weighs them against its codes.
    fn weigh(&mut self, record: &Record<'_>, text: &str, mut asked: Asked) -> Settled<'k> {
        let host = record.remote_host.as_deref();
        asked.host = host.and_then(|host| {
            let ask = |host: &str| BUILT_IN.provider_of_host(host);
            self.hosts.provider(host, ask)
        });
        // A relay that is no provider's speaks for itself, not for the recipient's provider.
        if host.is_none() {
            asked.recipient = recipient_provider(&BUILT_IN, record);
        }
        let read = match self.recall.find(&BUILT_IN, text, &asked) {
            Some(known) => known,
            None => self.read(text, &asked),
        };
        let Some(user) = self.user else {
            return match read.settled {
                Some(settled) => settled.at(read.places()),
                None => decided(&asked, read.facts(&asked), text),
            };
        };
        let mut facts = read.facts(&asked);
        facts.user = self.user;
        self.phrases.find(user, text);
        let provider = match host {
            Some(host) => user.provider_of_host(host),
            None => recipient_provider(user, record),
        };
        facts.provider = self.marks(provider).provider.or(facts.provider);
        if let Some(own) = self.best(user, text, &asked, facts.provider)
            && let Some(rule) = user.rules.get(own.rule as usize)
        {
            facts.tables = user;
            facts.by_user = true;
            facts.tier = own.tier;
            facts.rule = Some(rule);
            facts.place = self.phrases.place(own.words);
        }
        decided(&asked, facts, text)
    }

    /// Reads a reply by the built-in knowledge, and keeps what it read.
    fn read(&mut self, text: &str, asked: &Asked) -> Read {
        self.phrases.find(&BUILT_IN, text);
        let mut read = self.marks(asked.host);
        read.provider = read.provider.or(asked.recipient);
        let best = self.best(&BUILT_IN, text, asked, read.provider);
        read.best = best.map(|found| (found.tier, found.rule, self.phrases.place(found.words)));
        let facts = read.facts(asked);
        // Whether the reply shows an IP is told by its letters.
        if facts
            .blocklist
            .is_none_or(|list| list.lists != Lists::IpOrDomain as u8)
        {
            read.settled = Some(decided(asked, facts, text));
        }
        if !self.by_letters {
            self.recall.keep(text, asked, read);
        }
        read
    }

    /// The marks of providers, blocklists and failed lookups among the hits; the longest of each kind counts.
    fn marks(&self, host: Option<u16>) -> Read {
        let mut read = Read {
            provider: host,
            ..Read::default()
        };
        let mut longest = [0u8; 3];
        for hit in self.phrases.hits() {
            let target = u16::try_from(hit.use_.target).ok();
            match hit.use_.slot {
                Slot::PROVIDER if host.is_none() && hit.length > longest[0] => {
                    longest[0] = hit.length;
                    read.provider = target;
                }
                Slot::BLOCKLIST if hit.length > longest[1] => {
                    let list = knowledge::blocklists().get(hit.use_.target as usize);
                    if list.is_some_and(|list| list.lists != Lists::Allow as u8) {
                        longest[1] = hit.length;
                        read.list = target.map(|list| (list, self.phrases.place(hit.words)));
                    }
                }
                Slot::RESOLVER if hit.length > longest[2] => {
                    longest[2] = hit.length;
                    read.resolver = target;
                }
                _ => {}
            }
        }
        read
    }

    /// The rule of `tables` that wins.
    fn best(
        &mut self,
        tables: &Tables<'_>,
        text: &str,
        asked: &Asked,
        provider: Option<u16>,
    ) -> Option<Found> {
        self.candidates.clear();
        self.by_letters = false;
        for hit in self.phrases.hits() {
            let bit = match hit.use_.slot {
                slot @ (Slot::SAYS | Slot::ALSO | Slot::MARKER | Slot::UNLESS) => slot,
                _ => continue,
            };
            let candidate = match self
                .candidates
                .iter_mut()
                .find(|known| known.rule == hit.use_.target)
            {
                Some(known) => known,
                None => {
                    let new = Candidate {
                        rule: hit.use_.target,
                        slots: 0,
                        lengths: [0; 3],
                        words: hit.words,
                    };
                    self.candidates.push(new);
                    let Some(new) = self.candidates.last_mut() else {
                        continue;
                    };
                    new
                }
            };
            candidate.slots |= bit;
            let slot = bit.trailing_zeros() as usize;
            if slot < 3 && hit.length > candidate.lengths[slot] {
                candidate.lengths[slot] = hit.length;
                if bit != Slot::ALSO {
                    candidate.words = hit.words;
                }
            }
        }
        let mut best: Option<Found> = None;
        let mut offer = |found: Found| {
            if best
                .as_ref()
                .is_none_or(|best| (found.tier, found.score) > (best.tier, best.score))
            {
                best = Some(found);
            }
        };
        for candidate in &self.candidates {
            let Some(rule) = tables.rules.get(candidate.rule as usize) else {
                continue;
            };
            if candidate.slots & rule.needs != rule.needs
                || rule.needs == 0
                || candidate.slots & Slot::UNLESS != 0
                || !holds(tables, rule, asked, provider)
            {
                continue;
            }
            if rule.regex.len > 0 {
                self.by_letters = true;
                if !self.patterns.holds(tables.str(rule.regex), text) {
                    continue;
                }
            }
            let tier = if rule.strength == Strength::Weak as u8 {
                Tier::WeakWording
            } else if rule.strength == Strength::Strong as u8 || rule.needs & Slot::MARKER != 0 {
                Tier::Marker
            } else {
                Tier::Wording
            };
            let length: u32 = candidate
                .lengths
                .iter()
                .map(|length| u32::from(*length))
                .sum();
            offer(Found {
                tier,
                score: score(rule, length),
                rule: candidate.rule,
                words: candidate.words,
            });
        }
        // Rules that ask for codes alone.
        let subject = asked.enhanced.map(|status| status.subject.min(254) as u8);
        for provider_key in [provider.unwrap_or(NONE), NONE] {
            for subject in [subject, Some(u8::MAX)].into_iter().flatten() {
                let from = tables
                    .wordless
                    .partition_point(|row| (row.0, row.1) < (provider_key, subject));
                for row in &tables.wordless[from..] {
                    if (row.0, row.1) != (provider_key, subject) {
                        break;
                    }
                    let Some(rule) = tables.rules.get(row.2 as usize) else {
                        continue;
                    };
                    // A rule with an `unless` word may be a candidate although it needs no words.
                    let vetoed = self.candidates.iter().any(|candidate| {
                        candidate.rule == row.2 && candidate.slots & Slot::UNLESS != 0
                    });
                    if vetoed || !holds(tables, rule, asked, provider) {
                        continue;
                    }
                    let tier = if rule.strength == Strength::Weak as u8 {
                        Tier::AmbiguousEnhanced
                    } else if rule.enhanced.len > 0 {
                        Tier::ProviderEnhanced
                    } else {
                        Tier::WordlessCode
                    };
                    offer(Found {
                        tier,
                        score: score(rule, 0),
                        rule: row.2,
                        words: Words::default(),
                    });
                }
            }
            if provider.is_none() {
                break;
            }
        }
        best
    }
}

/// What conditions are held against, and whatever else a verdict depends on besides the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    code: Option<u16>,
    enhanced: Option<Enhanced>,
    phase: Option<Phase>,
    outcome: Option<Outcome>,
    own_server: bool,
    /// The provider of the remote host.
    host: Option<u16>,
    /// The provider of the recipient's mailbox, where it may have spoken.
    recipient: Option<u16>,
}

/// What the built-in knowledge reads in a reply: providers, lists and rules by their row, words by their place.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Read {
    provider: Option<u16>,
    list: Option<(u16, Place)>,
    resolver: Option<u16>,
    best: Option<(Tier, u32, Place)>,
    /// What follows from it, unless the letters of the reply have a say.
    settled: Option<Settled<'static>>,
}

impl Read {
    /// Where the winning words and those of the list stand.
    fn places(&self) -> (Place, Place) {
        let best = self.best.map(|(.., place)| place);
        let list = self.list.map(|(_, place)| place);
        (best.unwrap_or_default(), list.unwrap_or_default())
    }

    /// The facts that are known before anything is weighed.
    fn facts<'k>(&self, asked: &Asked) -> Facts<'k> {
        let (place, list_place) = self.places();
        Facts {
            tables: &BUILT_IN,
            user: None,
            by_user: false,
            tier: self.best.map_or(Tier::Nothing, |(tier, ..)| tier),
            rule: self
                .best
                .and_then(|(_, rule, _)| BUILT_IN.rules.get(rule as usize)),
            place,
            provider: self.provider,
            blocklist: self
                .list
                .and_then(|(list, _)| knowledge::blocklists().get(usize::from(list))),
            list_place,
            resolver: self
                .resolver
                .and_then(|at| knowledge::resolver_errors().get(usize::from(at))),
            enhanced_row: asked.enhanced.and_then(knowledge::enhanced_row),
            code_row: asked.code.and_then(knowledge::code_row),
            class_row: class_of(asked.code, asked.enhanced).and_then(knowledge::class_row),
            phase: asked.phase,
        }
    }
}

/// All that a verdict says but for what the record tells.
#[derive(Clone, Copy, Debug)]
struct Settled<'k> {
    claim: Family,
    cause: Cause,
    family: Family,
    types: Kinds,
    priority: Priority,
    owner: Owner,
    retry: Retry,
    suppress: bool,
    confidence: Confidence,
    facts: Facts<'k>,
}

impl Settled<'_> {
    /// The same of a reply where the words stand at other places.
    fn at(mut self, (place, list_place): (Place, Place)) -> Self {
        self.facts.place = place;
        self.facts.list_place = list_place;
        self
    }
}

/// Whether the conditions of a rule that are not words hold.
fn holds(tables: &Tables<'_>, rule: &Rule, asked: &Asked, provider: Option<u16>) -> bool {
    (rule.when_provider == NONE || Some(rule.when_provider) == provider)
        && (rule.codes.len == 0
            || asked.code.is_some_and(|code| {
                rule.codes
                    .of(tables.codes)
                    .iter()
                    .any(|(low, high)| (*low..=*high).contains(&code))
            }))
        && (rule.enhanced.len == 0
            || asked.enhanced.is_some_and(|status| {
                rule.enhanced.of(tables.enhanced).iter().any(|range| {
                    range.classes & (1 << status.class) != 0
                        && range.subject == status.subject
                        && (range.low..=range.high).contains(&status.detail)
                })
            }))
        && (rule.phases == 0
            || asked
                .phase
                .is_some_and(|phase| rule.phases & (1 << phase as u8) != 0))
}

/// How much a rule asks for: between rules of one tier the one that asks for more wins. Two rules that ask for the same
/// are a tie, which a rule of a file with a subject wins.
fn score(rule: &Rule, words: u32) -> u32 {
    words * 4
        + u32::from(rule.general == 0)
        + 6 * u32::from(rule.when_provider != NONE)
        + 6 * u32::from(rule.enhanced.len > 0)
        + 3 * u32::from(rule.codes.len > 0)
        + 3 * u32::from(rule.phases != 0)
}

/// The regular expressions met so far, by their pattern. Few rules have one, so each is compiled when it is first needed.
#[derive(Debug, Default)]
struct Patterns(Vec<(String, Option<regex::Regex>)>);

impl Patterns {
    fn holds(&mut self, pattern: &str, text: &str) -> bool {
        let at = match self.0.iter().position(|(known, _)| known == pattern) {
            Some(at) => at,
            None => {
                self.0
                    .push((pattern.to_owned(), knowledge::regex(pattern).ok()));
                self.0.len() - 1
            }
        };
        let compiled = self.0.get(at).and_then(|(_, compiled)| compiled.as_ref());
        compiled.is_some_and(|regex| regex.is_match(text))
    }
}

/// The step of the dialogue that a mail system names behind the reply: `(in reply to RCPT TO command)`.
fn phase_in(text: &str) -> Option<Phase> {
    let rest = memchr::memchr_iter(b'(', text.as_bytes())
        .find_map(|at| text.get(at..)?.strip_prefix("(in reply to "))?;
    [
        ("RCPT", Phase::Rcpt),
        ("MAIL", Phase::Mail),
        ("DATA", Phase::Data),
        ("end of DATA", Phase::EndOfMessage),
        ("BDAT", Phase::EndOfMessage),
        ("EHLO", Phase::Helo),
        ("HELO", Phase::Helo),
        ("LHLO", Phase::Helo),
        ("AUTH", Phase::Auth),
        ("STARTTLS", Phase::StartTls),
    ]
    .iter()
    .find(|(name, _)| rest.starts_with(name))
    .map(|(_, phase)| *phase)
}

/// The first digit of the reply code, or of the enhanced code where there is none.
fn class_of(code: Option<u16>, enhanced: Option<Enhanced>) -> Option<u16> {
    code.map(|code| code / 100)
        .or(enhanced.map(|status| u16::from(status.class)))
}

/// What the code claims by itself (RFC 5321 section 4.2.1).
fn claim(asked: &Asked) -> Family {
    match class_of(asked.code, asked.enhanced) {
        Some(2) => Family::Success,
        Some(3) => Family::Intermediate,
        Some(4) => Family::Temporary,
        Some(5 | 6) => Family::Permanent,
        _ => match asked.outcome {
            Some(Outcome::Sent) => Family::Success,
            Some(Outcome::Deferred) => Family::Temporary,
            Some(Outcome::Bounced | Outcome::Expired) => Family::Permanent,
            None => Family::Unknown,
        },
    }
}

/// What follows from the winning rule, lists named, codes and phase.
fn decided<'k>(asked: &Asked, mut facts: Facts<'k>, text: &str) -> Settled<'k> {
    let cause = decide(&mut facts, asked, text);
    settled(asked, cause, facts)
}

/// Weighs the winning rule against lists named, codes and phase.
fn decide(facts: &mut Facts<'_>, asked: &Asked, text: &str) -> Cause {
    let claim = claim(asked);
    let mut cause = facts
        .rule
        .map_or(Cause::Unclassified, |rule| Cause::from_index(rule.cause));

    // Success is what the code says, whatever words follow.
    if matches!(claim, Family::Success | Family::Intermediate)
        && !(claim == Family::Success && facts.tier == Tier::Marker)
    {
        facts.rule = None;
        facts.by_user = false;
        facts.blocklist = None;
        facts.resolver = None;
        facts.tier = if asked.enhanced.is_some() {
            Tier::Enhanced
        } else {
            Tier::Code
        };
        return Cause::Accepted;
    }

    let listed = facts.blocklist.is_some() || facts.resolver.is_some();
    if facts.by_user {
        facts.resolver = None;
        facts.blocklist = facts.blocklist.filter(|_| names_a_list(cause));
        return cause;
    }
    let says_otherwise = facts.tier == Tier::Marker
        || facts.tier == Tier::Wording
            && matches!(
                cause,
                Cause::Greylisted
                    | Cause::DomainBlocklisted
                    | Cause::RecipientUnknown
                    | Cause::MailboxFull
            );
    if listed && !says_otherwise {
        let domain = facts
            .blocklist
            .is_some_and(|list| match Lists::from_index(list.lists) {
                Some(Lists::Domain | Lists::Hash) => true,
                Some(Lists::IpOrDomain) => {
                    cause != Cause::IpBlocklisted && crate::details::ip(text).is_none()
                }
                _ => false,
            });
        cause = if domain {
            Cause::DomainBlocklisted
        } else {
            Cause::IpBlocklisted
        };
        if facts
            .rule
            .is_none_or(|rule| Cause::from_index(rule.cause) != cause)
        {
            facts.rule = None;
        }
        facts.tier = Tier::Marker;
        return cause;
    }
    if !names_a_list(cause) {
        facts.blocklist = None;
        facts.resolver = None;
    }

    let by_class = |row: &CodeRow| {
        Cause::from_index(
            row.causes[match class_of(asked.code, asked.enhanced) {
                Some(2) => 0,
                Some(4) => 1,
                _ => 2,
            }],
        )
    };
    if facts.tier < Tier::Enhanced
        && let Some(row) = facts.enhanced_row
        && row.ambiguous == 0
    {
        facts.rule = None;
        facts.tier = Tier::Enhanced;
        return by_class(row);
    }
    if facts.rule.is_some() {
        return cause;
    }
    // `535 5.7.0`: a reply code of one meaning says more than an enhanced code of many. Server trouble is no such
    // meaning: it is what 4xx is taken for when nothing else is known.
    let definite = facts.code_row.map(by_class).filter(|cause| {
        !matches!(
            cause,
            Cause::Unclassified | Cause::ServerUnavailable | Cause::ProtocolError
        )
    });
    if let Some(row) = facts.enhanced_row
        && definite.is_none()
    {
        let found = by_class(row);
        // `550 5.0.0` says no more than 550; where both are vague the reply code's row knows more.
        if found != Cause::Unclassified || (row.key != 0 && row.likely.len > 0) {
            facts.tier = Tier::AmbiguousEnhanced;
            return found;
        }
    }
    let by_phase = facts.code_row.zip(facts.phase).and_then(|(row, phase)| {
        let pairs = row.phases.of(BUILT_IN.bytes);
        pairs
            .chunks_exact(2)
            .find(|pair| pair[0] == phase as u8)
            .map(|pair| Cause::from_index(pair[1]))
    });
    if let Some(cause) = by_phase {
        facts.tier = Tier::Phase;
        return cause;
    }
    if let Some(row) = facts.code_row {
        facts.tier = Tier::Code;
        return by_class(row);
    }
    if let Some(row) = facts.class_row {
        facts.tier = Tier::Class;
        return by_class(row);
    }
    Cause::Unclassified
}

/// Whether a cause speaks of a listing.
fn names_a_list(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::IpBlocklisted | Cause::DomainBlocklisted | Cause::PoorReputation
    )
}

/// Settles what follows from cause, rule and codes.
fn settled<'k>(asked: &Asked, cause: Cause, mut facts: Facts<'k>) -> Settled<'k> {
    let claim = claim(asked);
    let row = cause.row();
    let rule = facts.rule;
    let code_row = match facts.tier {
        _ if cause == Cause::Accepted => None,
        // One row stands for 4.7.1 and 5.7.1; what it says of urgency is meant for the refusal.
        Tier::AmbiguousEnhanced if claim == Family::Temporary => facts.code_row.or(facts.class_row),
        Tier::Enhanced | Tier::AmbiguousEnhanced => facts.enhanced_row,
        Tier::Phase | Tier::Code => facts.code_row,
        Tier::Class => facts.class_row,
        _ => None,
    };
    let set = |by_rule: fn(&Rule) -> u8, by_code: fn(&CodeRow) -> u8, default: u8| {
        rule.map(by_rule)
            .filter(|value| *value != UNSET)
            .or(code_row.map(by_code).filter(|value| *value != UNSET))
            .unwrap_or(default)
    };

    let passes = row.passes != 0;
    let kinds = Kinds(row.types);
    let mut family = match Family::from_index(set(|rule| rule.family, |row| row.family, UNSET)) {
        Some(family) => family,
        None if cause == Cause::Accepted => {
            if claim == Family::Intermediate {
                Family::Intermediate
            } else {
                Family::Success
            }
        }
        None if passes => Family::Temporary,
        // `550 4.3.2`: where the two codes disagree, trouble of a kind that passes is believed to pass.
        None if claim == Family::Permanent
            && kinds.has(Kind::Temporary)
            && asked.enhanced.is_some_and(|status| status.class == 4) =>
        {
            Family::Temporary
        }
        None if cause == Cause::DeliveryExpired => Family::Permanent,
        None if claim != Family::Unknown => claim,
        None if kinds.has(Kind::Temporary) => Family::Temporary,
        None if cause == Cause::Unclassified => Family::Unknown,
        None => Family::Permanent,
    };
    // The mail system that wrote the record knows whether it gave up (RFC 3464 section 2.3.3: Action wins).
    match asked.outcome {
        Some(Outcome::Expired) => family = Family::Permanent,
        Some(Outcome::Bounced) if claim == Family::Temporary && !passes => {
            family = Family::Permanent
        }
        Some(Outcome::Deferred)
            if family == Family::Permanent
                && (claim == Family::Unknown || cause == Cause::DeliveryExpired) =>
        {
            family = Family::Temporary
        }
        _ => {}
    }

    let by_class_priority = facts
        .code_row
        .or(facts.class_row)
        .and_then(|row| Priority::from_index(row.priority));
    let mut priority =
        Priority::from_index(set(|rule| rule.priority, |row| row.priority, row.priority))
            .or(by_class_priority)
            .unwrap_or(Priority::FixSoon);
    if cause == Cause::RateLimited
        && claim == Family::Permanent
        && rule.is_none_or(|rule| rule.priority == UNSET)
    {
        priority = Priority::Critical;
    }
    let owner =
        Owner::from_index(set(|rule| rule.owner, |_| UNSET, row.owner)).unwrap_or(Owner::Unknown);
    let list_closed = facts.blocklist.is_some_and(|list| list.operating == 1);
    let owner = if !facts.by_user && (facts.resolver.is_some() || list_closed) {
        Owner::Receiver
    } else {
        owner
    };

    let by_class_retry = match family {
        Family::Temporary => Retry::Later,
        Family::Success | Family::Intermediate => Retry::None,
        _ => Retry::AfterFix,
    };
    let mut retry = Retry::from_index(set(|rule| rule.retry, |row| row.retry, row.retry))
        .unwrap_or(by_class_retry);
    if family == Family::Temporary && retry == Retry::Never {
        retry = Retry::Later;
    }

    // What the user's own server refused is its policy against somebody else: nobody has to be woken, nothing is to be
    // sent again, and whoever acts acts on that server.
    let (owner, priority, retry) = if asked.own_server {
        (Owner::Receiver, Priority::Info, Retry::None)
    } else {
        (owner, priority, retry)
    };

    // A wrong "take it off the list" is the worst mistake there is: it takes a cause that says so, more evidence than a
    // reply code or vague words, and nothing that speaks for a later try.
    let suppress = set(|rule| rule.suppress, |row| row.suppress, row.suppress) == 1
        && row.suppress == 1
        && family == Family::Permanent
        && claim != Family::Temporary
        && !matches!(asked.outcome, Some(Outcome::Deferred | Outcome::Sent))
        && !asked.own_server
        && facts.tier >= Tier::Enhanced;

    let mut types = match rule
        .map(|rule| rule.types)
        .filter(|types| *types != 0)
        .or(code_row.map(|row| row.types).filter(|types| *types != 0))
    {
        Some(types) => types,
        None if row.types == 0 => facts
            .code_row
            .or(facts.class_row)
            .map_or(0, |row| row.types),
        None => row.types,
    };
    let (temporary, permanent) = (1 << Kind::Temporary as u8, 1 << Kind::Permanent as u8);
    if rule.is_none_or(|rule| rule.types == 0) && code_row.is_none_or(|row| row.types == 0) {
        match family {
            Family::Temporary if types & permanent != 0 => types = types & !permanent | temporary,
            Family::Permanent if types & temporary != 0 => types = types & !temporary | permanent,
            _ => {}
        }
    }

    let confidence = match facts.tier {
        _ if cause == Cause::Unclassified => Confidence::Low,
        Tier::Outcome | Tier::Marker | Tier::Wording => Confidence::High,
        Tier::ProviderEnhanced | Tier::Enhanced | Tier::WeakWording => Confidence::Medium,
        _ => Confidence::Low,
    };
    if let Some(rule) = rule
        && rule.provider != NONE
    {
        facts.provider = Some(rule.provider);
    }
    if facts.blocklist.is_none()
        && let Some(rule) = rule
        && rule.blocklist != NONE
    {
        facts.blocklist = knowledge::blocklists().get(usize::from(rule.blocklist));
    }
    Settled {
        claim,
        cause,
        family,
        types: Kinds(types),
        priority,
        owner,
        retry,
        suppress,
        confidence,
        facts,
    }
}
