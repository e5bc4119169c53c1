//! The answer: what a reply means, how urgent it is and what to do.
//!
//! A [`Verdict`] is small: it borrows the record and points into the knowledge. Words are made only when asked for.

mod evidence;
mod facts;
mod gist;

use std::borrow::Cow;

pub use evidence::{Evidence, Reason, Short, Words};
pub(crate) use facts::{Facts, Place, Shown, Tier, address, recipient_provider};
pub use gist::Gist;

use crate::details;
use crate::knowledge::tables::{Blocklist, Span, Template};
use crate::knowledge::{self, BUILT_IN, Cause, Tables};
use crate::own::Own;
use crate::record::{Outcome, Record};
use crate::reply::Enhanced;
use crate::vocabulary::{
    Confidence, Exit, Family, Kind, Lists, Operating, Owner, Priority, Retry, Value, Whose,
};

/// What one record means.
#[derive(Clone, Debug)]
pub struct Verdict<'a> {
    /// What was read.
    pub record: Record<'a>,
    /// Reply code (RFC 5321).
    pub code: Option<u16>,
    /// Enhanced status code (RFC 3463).
    pub enhanced: Option<Enhanced>,
    /// What will really happen, wording included.
    pub family: Family,
    /// What the server's code claims by itself.
    pub claim: Family,
    pub types: Kinds,
    pub cause: Cause,
    pub priority: Priority,
    pub owner: Owner,
    pub retry: Retry,
    /// Take the address off the list now?
    pub suppress: bool,
    pub confidence: Confidence,
    /// What is blamed, and whether it is the sender's own; only where the classifier knows what is.
    pub blamed: Option<(String, Whose)>,
    pub(crate) facts: Facts<'a>,
    pub(crate) shown: Shown,
}

/// A set of [`Kind`]s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds(pub(crate) u8);

impl Kinds {
    /// The kinds in the set, in the order of their declaration.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL
            .iter()
            .copied()
            .filter(move |kind| self.has(*kind))
    }

    /// Whether `kind` is in the set.
    #[must_use]
    pub fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }
}

/// The provider or filter that spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provider<'a> {
    pub id: &'a str,
    pub name: &'a str,
}

/// A listing that the reply names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing<'a> {
    pub id: &'a str,
    pub name: &'a str,
    /// The IP address or domain that is listed, when the reply shows it.
    pub listed: Option<Cow<'a, str>>,
    /// Where to look and ask for removal.
    pub lookup: Option<String>,
    pub operating: Operating,
}

impl<'a> Verdict<'a> {
    /// The cause in two to four words.
    #[must_use]
    pub fn title(&self) -> &'static str {
        // A code that is used for many things was recognised all the same.
        if self.cause == Cause::Unclassified && !self.likely().is_empty() {
            return "No single cause";
        }
        self.cause.title()
    }

    /// The provider or filter that spoke.
    #[must_use]
    pub fn provider(&self) -> Option<Provider<'a>> {
        let (tables, row) = self.facts.provider(&self.record)?;
        Some(Provider {
            id: tables.str(row.id),
            name: tables.str(row.name),
        })
    }

    /// The blocklist that the reply names, and the IP address or domain that it shows as listed.
    #[must_use]
    pub fn listing(&self) -> Option<(&'static Blocklist, Option<&str>)> {
        let list = self.facts.blocklist?;
        let reply = self.reply();
        let ip = || {
            self.ip().or(self
                .record
                .remote_ip
                .as_deref()
                .filter(|_| self.record.own_server))
        };
        let domain = || {
            details::listed_domain(reply, self.facts.list_place.range())
                .or_else(|| details::blamed_url(reply))
        };
        let listed = match Lists::from_index(list.lists) {
            Some(Lists::Domain | Lists::Hash) => domain(),
            Some(Lists::IpOrDomain) => ip().or_else(domain),
            _ => ip(),
        };
        Some((list, listed))
    }

    /// The blocklist that the reply names.
    #[must_use]
    pub fn blocklist(&self) -> Option<Listing<'_>> {
        let (list, listed) = self.listing()?;
        Some(Listing {
            id: BUILT_IN.str(list.id),
            name: BUILT_IN.str(list.name),
            listed: listed.map(Cow::Borrowed),
            lookup: list.page(listed),
            operating: list.operating(),
        })
    }

    /// The causes that a reply without a single one may have, most likely first.
    #[must_use]
    pub fn likely(&self) -> Vec<Cause> {
        let facts = &self.facts;
        let by_rule = facts
            .rule
            .map(|rule| rule.likely.of(facts.tables.bytes))
            .filter(|likely| !likely.is_empty());
        let by_code = || {
            [facts.enhanced_row, facts.code_row]
                .into_iter()
                .flatten()
                .map(|row| row.likely.of(BUILT_IN.bytes))
                .find(|likely| !likely.is_empty())
        };
        if self.cause != Cause::Unclassified && by_rule.is_none() {
            return Vec::new();
        }
        let likely = by_rule.or_else(by_code).unwrap_or_default();
        likely
            .iter()
            .map(|index| Cause::from_index(*index))
            .collect()
    }

    /// The wait in seconds that the reply asks for.
    #[must_use]
    pub fn after_seconds(&self) -> Option<u64> {
        (self.retry == Retry::Later).then(|| self.wait()).flatten()
    }

    /// The cause in one plain sentence that names what is known.
    #[must_use]
    pub fn summary(&self) -> Cow<'_, str> {
        let facts = &self.facts;
        let template = match facts.rule {
            Some(rule) if rule.summary.text.len > 0 => facts.tables.sentence(rule.summary),
            _ => BUILT_IN.sentence(self.cause.row().summary),
        };
        if let Some(resolver) = facts.resolver {
            return BUILT_IN.str(resolver.meaning).into();
        }
        if let Some(list) = facts
            .blocklist
            .filter(|list| list.operating() == Operating::No && !facts.by_user)
        {
            let closed = BUILT_IN.str(list.closed);
            let when = if closed.is_empty() {
                String::new()
            } else {
                format!(" in {closed}")
            };
            return format!(
                "The receiver asks {}, a blocklist that closed{when}; its answer says nothing about you.",
                BUILT_IN.str(list.name)
            ).into();
        }
        let summary = if self.cause == Cause::Unclassified && facts.rule.is_none() {
            self.unclassified_summary().into()
        } else {
            self.filled(template)
        };
        if self.record.own_server {
            return format!("Your own server refused this mail from outside: {summary}").into();
        }
        summary
    }

    fn unclassified_summary(&self) -> String {
        let code = match (self.code, self.enhanced) {
            (Some(code), Some(status)) => format!("{code} {status}"),
            (Some(code), None) => code.to_string(),
            (None, Some(status)) => status.to_string(),
            (None, None) => return "Nothing in this text names a cause.".to_owned(),
        };
        let likely = self.likely();
        if likely.is_empty() {
            return format!("The reply {code} names no single cause.");
        }
        let names: Vec<String> = likely
            .iter()
            .take(4)
            .map(|cause| cause.title().to_lowercase())
            .collect();
        format!(
            "The reply {code} names no single cause; it is used for: {}.",
            names.join(", ")
        )
    }

    /// What to do, first step first.
    pub fn fix(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.steps().map(|step| self.filled(step))
    }

    /// What to do about all replies that the same rule wins: names no address, IP or host of this one.
    pub fn fix_of_rule(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let value = |value| self.common_value(value);
        self.steps().map(move |step| fill(step, &value))
    }

    /// What to do about the cause, whatever rule won.
    pub fn fix_of_cause(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let steps = BUILT_IN.steps(self.cause.row().fix);
        steps.map(|step| fill(step, &|_| None))
    }

    /// The steps of the fix as the knowledge has them, to be [`Self::filled`].
    pub fn steps(&self) -> impl Iterator<Item = Template<'a>> {
        let (tables, fix) = self.fix_rows();
        tables.steps(fix)
    }

    /// A sentence with what it asks for; borrowed where it asks for nothing.
    #[must_use]
    pub fn filled<'v>(&'v self, sentence: Template<'v>) -> Cow<'v, str> {
        fill(sentence, &|value| self.value(value))
    }

    /// Where the steps of the fix stand: with the first of all that knows some.
    fn fix_rows(&self) -> (&'a Tables<'a>, Span) {
        let facts = &self.facts;
        if self.record.own_server {
            return (&BUILT_IN, knowledge::own_server());
        }
        if let Some(resolver) = facts.resolver {
            return (&BUILT_IN, resolver.fix);
        }
        if let Some(rule) = facts.rule
            && rule.fix.len > 0
        {
            return (facts.tables, rule.fix);
        }
        let row = match facts.tier {
            Tier::Enhanced | Tier::AmbiguousEnhanced => facts.enhanced_row,
            Tier::Code | Tier::Phase => facts.code_row,
            Tier::Class => facts.class_row,
            _ if self.cause == Cause::Unclassified => facts.code_row.or(facts.class_row),
            _ => None,
        };
        let known = [facts.blocklist.map(|list| list.fix), row.map(|row| row.fix)];
        let fix = known.into_iter().flatten().find(|fix| fix.len > 0);
        (&BUILT_IN, fix.unwrap_or(self.cause.row().fix))
    }

    /// Where code and wording, or two codes, disagree; in words.
    #[must_use]
    pub fn conflicts(&self) -> Vec<String> {
        let mut conflicts = Vec::new();
        let code = || match (self.code, self.enhanced) {
            (Some(code), _) => format!("{}xx", code / 100),
            (None, Some(status)) => format!("{}.x.x", status.class),
            (None, None) => String::new(),
        };
        match (self.claim, self.family) {
            (Family::Permanent, Family::Temporary) => {
                conflicts.push(format!(
                    "Coded {} (permanent), but this passes by itself: a later try can succeed.",
                    code()
                ));
            }
            (Family::Temporary, Family::Permanent)
                if matches!(
                    self.record.outcome,
                    Some(Outcome::Bounced | Outcome::Expired)
                ) =>
            {
                conflicts.push(format!(
                    "Coded {} (temporary), but the mail system gave up: this mail was returned.",
                    code()
                ));
            }
            (Family::Temporary, Family::Permanent) => {
                conflicts.push(format!(
                    "Coded {} (temporary), but the text is final: trying again will not help.",
                    code()
                ));
            }
            (Family::Success, Family::Temporary | Family::Permanent) => {
                conflicts.push(format!(
                    "Coded {} (success), but the text is a refusal.",
                    code()
                ));
            }
            _ => {}
        }
        if let (Some(code), Some(status)) = (self.code, self.enhanced)
            && code / 100 != u16::from(status.class)
            && code < 600
        {
            conflicts.push(format!(
                "The reply code {code} and the enhanced code {status} are of different classes."
            ));
        }
        let by_code = self
            .facts
            .enhanced_row
            .filter(|row| row.ambiguous == 0)
            .map(|row| {
                Cause::from_index(
                    row.causes[match self.enhanced.map(|status| status.class) {
                        Some(2) => 0,
                        Some(4) => 1,
                        _ => 2,
                    }],
                )
            });
        if let (Some(status), Some(by_code)) = (self.enhanced, by_code)
            && by_code != self.cause
            && by_code != Cause::Unclassified
            && self.facts.tier > Tier::Enhanced
            && self.family != Family::Success
        {
            conflicts.push(format!(
                "The registry reads {status} as {}, but the text says {}.",
                by_code.id(),
                self.cause.id()
            ));
        }
        conflicts
    }

    /// RFC sections and official pages.
    pub fn references(&self) -> impl Iterator<Item = &'a str> {
        let facts = &self.facts;
        let rule = facts.rule.map(|rule| facts.tables.str(rule.source));
        let provider = facts.provider(&self.record);
        let page = provider.map(|(tables, row)| tables.str(row.page));
        let page = page.filter(|page| Some(*page) != rule);
        let of_cause = BUILT_IN.list(self.cause.row().references);
        let others = of_cause.filter(move |other| Some(*other) != rule && Some(*other) != page);
        let all = rule.into_iter().chain(page).chain(others);
        all.filter(|reference| !reference.is_empty())
    }

    /// Finds out whether what is blamed is the sender's own.
    pub(crate) fn tell_whose(&mut self, own: &Own) {
        let Some(blamed) = self.what_is_blamed(own) else {
            return;
        };
        let whose = match own.has(&blamed) {
            Some(true) => Whose::Own,
            Some(false) => Whose::Other,
            None => return,
        };
        // A relay between us and the receiver has the address that is blamed.
        if whose == Whose::Other && self.owner == Owner::Sender && is_ip(&blamed) {
            self.owner = Owner::Platform;
        }
        self.blamed = Some((blamed, whose));
    }

    /// The address or domain that the reply blames: what is listed, the client that the own server refused, the recipient,
    /// or what a refusal by policy names. Of several that it names, one's own is meant.
    fn what_is_blamed(&self, own: &Own) -> Option<String> {
        let record = &self.record;
        if let Some(listed) = self.blocklist().and_then(|list| list.listed) {
            return Some(listed.into_owned());
        }
        let (ip, host) = (record.remote_ip.as_deref(), record.remote_host.as_deref());
        if record.own_server {
            return ip.or(host).map(str::to_owned);
        }
        if self.types.has(Kind::Recipient) {
            return self.value(Value::Recipient).map(Cow::into_owned);
        }
        let authentication = self.types.has(Kind::Authentication);
        if !authentication && !self.types.has(Kind::ReputationPolicy) {
            return None;
        }
        // The receiver may well sign with its own name.
        let named: Vec<_> = details::addresses(self.reply())
            .filter(|name| Some(*name) != ip && Some(*name) != host && own.has(name).is_some())
            .collect();
        let mine = named.iter().find(|name| own.has(name) == Some(true));
        let blamed = mine
            .or_else(|| named.iter().find(|name| is_ip(name)))
            .or_else(|| named.first().filter(|_| authentication));
        blamed.map(|name| (*name).to_owned())
    }

    /// Whose that is which is blamed, in one sentence.
    #[must_use]
    pub fn whose(&self) -> Option<String> {
        let (blamed, whose) = self.blamed.as_ref()?;
        Some(match whose {
            Whose::Own if self.types.has(Kind::Recipient) => {
                format!("{blamed} is at a domain of your own: look at your own server first.")
            }
            Whose::Own => format!("{blamed} is your own."),
            Whose::Other if self.record.own_server => {
                format!("{blamed} is not yours: your server refused somebody else.")
            }
            Whose::Other if self.types.has(Kind::Recipient) => return None,
            Whose::Other if is_ip(blamed) => format!(
                "{blamed} is not yours: a relay or forwarder passed the mail on, and whoever runs it has to act."
            ),
            Whose::Other => {
                format!(
                    "{blamed} is not yours: it stands in the mail, or a forwarder put it there."
                )
            }
        })
    }

    /// What `--exit-status` says: temporary things first, then the cause's own word.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self.family {
            Family::Success | Family::Intermediate => Exit::Accepted,
            Family::Temporary => Exit::Temporary,
            _ if self.cause == Cause::Unclassified && self.claim == Family::Unknown => {
                Exit::Unrecognised
            }
            _ if self.cause == Cause::Unclassified => Exit::Unavailable,
            _ if self.types.has(Kind::Success) => Exit::Accepted,
            _ => match self.cause.exit() {
                Exit::Temporary | Exit::Accepted | Exit::Unrecognised => Exit::Unavailable,
                other => other,
            },
        }
    }

    /// The rule that won: its id.
    #[must_use]
    pub fn rule(&self) -> Option<&'a str> {
        self.facts.rule.map(|rule| self.facts.tables.str(rule.id))
    }

    fn reply(&self) -> &str {
        &self.record.reply
    }

    /// The wait in seconds that the reply names.
    fn wait(&self) -> Option<u64> {
        *self.shown.wait.get_or_init(|| details::wait(self.reply()))
    }

    /// The IP address that the reply names.
    fn ip(&self) -> Option<&str> {
        let place = self.shown.ip.get_or_init(|| {
            let place = details::ip_place(self.reply())?;
            Some(Place::new(place.start, place.end))
        });
        self.reply().get(place.as_ref()?.range())
    }

    /// What a sentence asks for, where it is the same in all replies that the same rule wins.
    fn common_value(&self, value: Value) -> Option<Cow<'_, str>> {
        matches!(value, Value::Provider | Value::List).then(|| self.value(value))?
    }

    /// What a sentence asks for.
    fn value(&self, value: Value) -> Option<Cow<'_, str>> {
        let reply = self.reply();
        match value {
            Value::Recipient => match self.record.recipient.as_deref() {
                Some(recipient) if !recipient.is_empty() => Some(recipient.into()),
                _ if Kinds(self.cause.row().types).has(Kind::Recipient) => {
                    details::recipient(reply).map(Cow::Borrowed)
                }
                _ => None,
            },
            Value::Address => details::address(reply).map(Cow::Borrowed),
            Value::Forward => details::forward(reply).map(Cow::Borrowed),
            Value::Sender => self
                .record
                .sender
                .as_deref()
                .filter(|sender| !sender.is_empty())
                .map(Cow::Borrowed),
            Value::Domain => match self.cause {
                Cause::RecipientDomainInvalid | Cause::DomainAcceptsNoMail | Cause::DnsFailure => {
                    self.record
                        .recipient
                        .as_deref()
                        .and_then(|recipient| recipient.rsplit_once('@'))
                        .map(|(_, domain)| Cow::Borrowed(domain))
                        .or_else(|| details::host(reply).map(Cow::Borrowed))
                }
                _ => details::listed_domain(reply, self.facts.list_place.range())
                    .or_else(|| details::blamed_url(reply))
                    .map(Cow::Borrowed),
            },
            Value::Ip => self.ip().map(Cow::Borrowed),
            Value::Host => self
                .record
                .remote_host
                .as_deref()
                .map(Cow::Borrowed)
                .or_else(|| details::host(reply).map(Cow::Borrowed)),
            Value::Provider => self.provider().map(|provider| provider.name.into()),
            Value::List => self
                .facts
                .blocklist
                .map(|list| BUILT_IN.str(list.name).into()),
            Value::Url => details::page(reply).map(Cow::Borrowed),
            Value::Quota => details::quota(reply).map(Cow::Owned),
            Value::Size => details::size(reply).map(Cow::Owned),
            Value::Wait => self
                .wait()
                .map(|seconds| details::wait_in_words(seconds).into()),
        }
    }
}

fn is_ip(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

/// Fills in what a sentence asks for; an optional part goes away when something in it is not known.
fn fill<'a>(template: Template<'a>, value: &dyn Fn(Value) -> Option<Cow<'a, str>>) -> Cow<'a, str> {
    let (text, pieces) = (template.text(), template.pieces());
    if pieces.is_empty() {
        return text.into();
    }
    let mut filled = String::with_capacity(text.len() + 32);
    for part in pieces.chunk_by(|left, right| left.optional == right.optional) {
        let before = filled.len();
        for piece in part {
            filled.push_str(piece.words(text));
            let Some(asked) = Value::from_index(piece.value) else {
                continue;
            };
            match value(asked) {
                Some(known) => filled.push_str(&known),
                None if piece.optional => {
                    filled.truncate(before);
                    break;
                }
                None => filled.push_str(asked.unknown()),
            }
        }
    }
    filled.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classifier::Classifier;
    use crate::knowledge::compile::Compiled;
    use crate::vocabulary::EvidenceKind;

    #[test]
    fn threads_may_share_a_verdict() {
        fn shared<T: Send + Sync>(it: &T) -> &T {
            it
        }
        let verdict =
            Classifier::default().classify("552 5.2.2 Mailbox full, try again in 2 hours");
        let verdict = shared(&verdict);
        let asked = || verdict.after_seconds();
        let told = std::thread::scope(|scope| {
            [scope.spawn(asked), scope.spawn(asked)].map(|thread| thread.join().ok().flatten())
        });
        assert_eq!(told, [Some(7200); 2]);
    }

    // `references` leaves out only what rule and provider name already.
    #[test]
    fn no_cause_names_a_reference_twice() {
        for cause in Cause::ALL {
            let references: Vec<_> = BUILT_IN.list(cause.row().references).collect();
            for (place, reference) in references.iter().enumerate() {
                assert!(!references[..place].contains(reference), "{cause}");
            }
        }
    }

    #[test]
    fn an_optional_part_goes_away_by_itself_and_as_a_whole() {
        fn known<'a>(value: Value) -> Option<Cow<'a, str>> {
            (value == Value::Ip).then(|| "192.0.2.1".into())
        }
        for (sentence, said) in [
            ("Wait for [it].", "Wait for it."),
            ("{ip}[ at {host}][ ({ip})]", "192.0.2.1 (192.0.2.1)"),
            ("[{ip} ][{host} ]waits.", "192.0.2.1 waits."),
            ("Look[ at {ip} of {host} here]{ip}", "Look192.0.2.1"),
            (
                "Ask {host} for {wait}[ more]",
                "Ask the server for a while more",
            ),
        ] {
            let mut compiled = Compiled::new(0);
            let row = compiled.sentence(sentence).unwrap_or_default();
            let tables = compiled.tables();
            assert_eq!(fill(tables.sentence(row), &known), said, "{sentence}");
        }
    }

    #[test]
    fn who_was_refused_by_ones_own_server_is_no_reason_to_act() {
        for own_server in [true, false] {
            let verdict = Classifier::default().classify(Record {
                own_server,
                ..Record::from("550 5.1.1 User unknown")
            });
            let first = verdict.fix().next().unwrap_or_default();
            assert_eq!(first.starts_with("Do nothing"), own_server, "{first}");
        }
    }

    #[test]
    fn evidence_is_named_by_what_the_rule_went_by() {
        for (reply, kind, text) in [
            (
                "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred",
                EvidenceKind::Marker,
                "TSS04",
            ),
            (
                "550 5.1.1 User unknown",
                EvidenceKind::Wording,
                "User unknown",
            ),
            ("450 4.2.1 1a2b - gsmtp", EvidenceKind::Enhanced, "4.2.1"),
        ] {
            let verdict = Classifier::default().classify(reply);
            let evidence = verdict.evidence();
            let strongest = evidence.first().map(|piece| (piece.kind, &*piece.text));
            assert_eq!(strongest, Some((kind, text)), "{reply}");
        }
    }

    #[test]
    fn a_short_status_is_the_status_as_it_is_displayed() {
        let numbers = [0, 7, 10, 26, 509, u16::MAX];
        for (subject, detail) in numbers.into_iter().zip(numbers.into_iter().rev()) {
            for class in [2, 5, u8::MAX] {
                let status = Enhanced {
                    class,
                    subject,
                    detail,
                };
                assert_eq!(*Short::from(status), status.to_string());
            }
        }
        let longest = Enhanced {
            class: u8::MAX,
            subject: u16::MAX,
            detail: u16::MAX,
        };
        assert_eq!(*Short::from(longest), longest.to_string());
    }
}
