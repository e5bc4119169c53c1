//! `--only KEY=VALUE,...`: which verdicts are given.

use anyhow::{Result, anyhow, bail};
use whybounce::knowledge::{self, BUILT_IN, Cause, Tables};
use whybounce::verdict::Verdict;
use whybounce::vocabulary::{Confidence, Family, Kind, Owner, Phase, Priority, Retry};

use crate::names::{format_names, unknown};

/// What a verdict must have: one of the values under the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    key: Key,
    values: Vec<String>,
}

/// What verdicts are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Family,
    Type,
    Cause,
    Priority,
    Owner,
    Retry,
    Suppress,
    Provider,
    Blocklist,
    Confidence,
    Claim,
    Phase,
    Format,
    Code,
    Enhanced,
    Recipient,
    Domain,
    Sender,
    Host,
}

/// Matches a verdict that has nothing under the key.
const NONE: &str = "none";

/// The keys and their names.
const KEYS: &[(&str, Key)] = &[
    ("family", Key::Family),
    ("type", Key::Type),
    ("cause", Key::Cause),
    ("priority", Key::Priority),
    ("owner", Key::Owner),
    ("retry", Key::Retry),
    ("suppress", Key::Suppress),
    ("provider", Key::Provider),
    ("blocklist", Key::Blocklist),
    ("confidence", Key::Confidence),
    ("claim", Key::Claim),
    ("phase", Key::Phase),
    ("format", Key::Format),
    ("code", Key::Code),
    ("enhanced", Key::Enhanced),
    ("recipient", Key::Recipient),
    ("domain", Key::Domain),
    ("sender", Key::Sender),
    ("host", Key::Host),
];

/// The names under which JSON has the same.
const ALIASES: &[(&str, Key)] = &[("types", Key::Type), ("remote_host", Key::Host)];

impl Filter {
    /// Reads `family=permanent` or `cause=mailbox-full,mailbox-disabled`; `own` has the user's own providers.
    ///
    /// # Errors
    /// No `=`, no value, an unknown key, or a value that the key never has.
    pub fn read(text: &str, own: Option<&Tables<'_>>) -> Result<Self> {
        let names = || KEYS.iter().map(|(name, _)| *name);
        let (name, values) = text.split_once('=').ok_or_else(|| {
            anyhow!("--only {text}: there is no '='; write it as --only priority=critical,fix-soon")
        })?;
        let name = name.trim().to_ascii_lowercase();
        let key = KEYS
            .iter()
            .chain(ALIASES)
            .find(|(known, _)| *known == name)
            .map(|(_, key)| *key)
            .ok_or_else(|| {
                let hint = format!("known are {}", names().collect::<Vec<_>>().join(", "));
                unknown("key of --only", &name, names(), &hint)
            })?;
        let values: Vec<String> = values
            .split(',')
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
            .collect();
        if values.is_empty() {
            bail!(
                "--only {text}: there is no value behind the '='; write it as --only priority=critical,fix-soon"
            );
        }
        for value in &values {
            key.check(&name, value, own)?;
        }
        Ok(Self { key, values })
    }

    /// Whether the verdict has one of the values.
    #[must_use]
    pub fn passes(&self, verdict: &Verdict<'_>) -> bool {
        let record = &verdict.record;
        let is = |text: &str| {
            self.values
                .iter()
                .any(|value| value.eq_ignore_ascii_case(text))
        };
        let known = |text: Option<&str>| text.map_or_else(|| is(NONE), is);
        let like = |text: Option<String>| match text {
            Some(text) => self.values.iter().any(|pattern| is_like(pattern, &text)),
            None => is(NONE),
        };
        match self.key {
            Key::Family => is(verdict.family.id()),
            Key::Type => verdict.types.iter().any(|kind| is(kind.id())),
            Key::Cause => is(verdict.cause.id()),
            Key::Priority => is(verdict.priority.id()),
            Key::Owner => is(verdict.owner.id()),
            Key::Retry => is(verdict.retry.id()),
            Key::Suppress => is(if verdict.suppress { "true" } else { "false" }),
            Key::Provider => known(verdict.provider().map(|provider| provider.id)),
            Key::Blocklist => known(verdict.blocklist().map(|list| list.id)),
            Key::Confidence => is(verdict.confidence.id()),
            Key::Claim => is(verdict.claim.id()),
            Key::Phase => known(record.phase.map(|phase| phase.id())),
            Key::Format => is(record.format),
            Key::Code => like(verdict.code.map(|code| code.to_string())),
            Key::Enhanced => like(verdict.enhanced.map(|status| status.to_string())),
            Key::Recipient => known(record.recipient.as_deref()),
            Key::Domain => known(
                record
                    .recipient
                    .as_deref()
                    .and_then(|recipient| recipient.rsplit_once('@'))
                    .map(|(_, domain)| domain),
            ),
            Key::Sender => known(record.sender.as_deref()),
            Key::Host => known(record.remote_host.as_deref()),
        }
    }
}

impl Key {
    /// Refuses a value that the key never has.
    fn check(self, name: &str, value: &str, own: Option<&Tables<'_>>) -> Result<()> {
        let ids: Vec<&str> = match self {
            Self::Family | Self::Claim => Family::ALL.iter().map(|family| family.id()).collect(),
            Self::Type => Kind::ALL.iter().map(|kind| kind.id()).collect(),
            Self::Cause => Cause::ALL.iter().map(|cause| cause.id()).collect(),
            Self::Priority => Priority::ALL.iter().map(|priority| priority.id()).collect(),
            Self::Owner => Owner::ALL.iter().map(|owner| owner.id()).collect(),
            Self::Retry => Retry::ALL.iter().map(|retry| retry.id()).collect(),
            Self::Suppress => vec!["true", "false"],
            Self::Provider => [Some(&BUILT_IN), own]
                .into_iter()
                .flatten()
                .flat_map(|tables| tables.providers.iter().map(|row| tables.str(row.id)))
                .chain([NONE])
                .collect(),
            Self::Blocklist => knowledge::blocklists()
                .iter()
                .map(|row| BUILT_IN.str(row.id))
                .chain([NONE])
                .collect(),
            Self::Confidence => Confidence::ALL
                .iter()
                .map(|confidence| confidence.id())
                .collect(),
            Self::Phase => Phase::ALL
                .iter()
                .map(|phase| phase.id())
                .chain([NONE])
                .collect(),
            Self::Format => format_names().collect(),
            Self::Code | Self::Enhanced => {
                let length = if self == Self::Code {
                    value.len() == 3
                } else {
                    value.split('.').count() == 3
                };
                let letters =
                    |byte: u8| byte.is_ascii_digit() || matches!(byte, b'x' | b'X' | b'.');
                if value.eq_ignore_ascii_case(NONE) || (length && value.bytes().all(letters)) {
                    return Ok(());
                }
                let example = if self == Self::Code {
                    "550 or 5xx"
                } else {
                    "5.7.1, 5.7.x or x.7.1"
                };
                bail!("--only {name}={value}: that is no code; write it as {example}");
            }
            Self::Recipient | Self::Domain | Self::Sender | Self::Host => return Ok(()),
        };
        if ids.iter().any(|id| id.eq_ignore_ascii_case(value)) {
            return Ok(());
        }
        let hint = if ids.len() > 12 {
            format!("--list {name}s names them all")
        } else {
            format!("known are {}", ids.join(", "))
        };
        Err(unknown(name, value, ids.into_iter(), &hint))
    }
}

/// Whether a code is what a pattern asks for: `5xx` for 550, `5.7.x` for 5.7.26. An `x` as a whole part stands for any
/// number, elsewhere for any digit.
fn is_like(pattern: &str, code: &str) -> bool {
    let (mut patterns, mut parts) = (pattern.split('.'), code.split('.'));
    loop {
        match (patterns.next(), parts.next()) {
            (None, None) => return true,
            (Some(pattern), Some(part)) if like_part(pattern, part) => {}
            _ => return false,
        }
    }
}

fn like_part(pattern: &str, part: &str) -> bool {
    pattern.eq_ignore_ascii_case("x")
        || (pattern.len() == part.len()
            && pattern
                .bytes()
                .zip(part.bytes())
                .all(|(wanted, digit)| matches!(wanted, b'x' | b'X') || wanted == digit))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn an_x_stands_for_any_digit_or_number() {
        for (pattern, code, like) in [
            ("550", "550", true),
            ("5xx", "550", true),
            ("45x", "550", false),
            ("5.7.x", "5.7.26", true),
            ("x.7.26", "4.7.26", true),
            ("5.7.1", "5.7.10", false),
            ("5.7", "5.7.1", false),
        ] {
            assert_eq!(is_like(pattern, code), like, "{pattern} {code}");
        }
    }

    #[test]
    fn what_is_mistyped_is_refused_with_what_was_meant() {
        for (typed, said) in [
            ("famly=permanent", "did you mean 'family'?"),
            ("family=permanet", "did you mean 'permanent'?"),
            ("cause=mailbox-ful", "did you mean 'mailbox-full'?"),
            (
                "priority=qqq",
                "known are info, monitor, fix-soon, critical",
            ),
            ("critical", "write it as --only priority=critical"),
            ("code=55", "550 or 5xx"),
            ("cause=", "no value"),
        ] {
            let error = Filter::read(typed, None).unwrap_err().to_string();
            assert!(error.contains(said), "{typed}: {error}");
        }
    }
}
