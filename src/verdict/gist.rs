//! What a verdict says, whatever mail it is about.

use super::{Verdict, address};
use crate::knowledge::tables::{NONE, UNSET};
use crate::knowledge::words::SPREAD;
use crate::reply::Enhanced;
use crate::vocabulary::Phase;

/// A verdict but for what its record alone has: addresses and names, words and time. Where two verdicts by the same rules
/// have the same one, so is all that is told of them without those. It is kept in numbers, for it is compared often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gist {
    /// Rule, blocklist and failed lookup; 0 for none.
    rows: [u64; 3],
    /// Provider, reply code, enhanced code.
    codes: [u16; 5],
    settled: [u8; 17],
    after_seconds: Option<u64>,
}

impl Gist {
    /// A number that tells most gists apart.
    #[must_use]
    pub fn number(&self) -> usize {
        let ([rule, ..], [provider, code, _, _, detail]) = (self.rows, self.codes);
        let [code, detail, provider] = [code, detail, provider].map(u64::from);
        let mixed = rule ^ code << 20 ^ detail << 32 ^ provider << 44;
        (mixed.wrapping_mul(SPREAD) >> 48) as usize
    }
}

impl Verdict<'_> {
    /// What it says, whatever mail it is about.
    #[must_use]
    pub fn gist(&self) -> Gist {
        let (record, facts) = (&self.record, &self.facts);
        let phase = |phase: Option<Phase>| phase.map_or(UNSET, |phase| phase as u8);
        let enhanced = |status: Enhanced| [status.class.into(), status.subject, status.detail];
        let [class, subject, detail] = self.enhanced.map_or([0; 3], enhanced);
        Gist {
            rows: [
                facts.rule.map_or(0, address),
                facts.blocklist.map_or(0, address),
                facts.resolver.map_or(0, address),
            ],
            codes: [
                facts.provider_number(record).unwrap_or(NONE),
                self.code.unwrap_or_default(),
                class,
                subject,
                detail,
            ],
            settled: [
                self.cause as u8,
                facts.tier as u8,
                self.family as u8,
                self.claim as u8,
                self.types.0,
                self.priority as u8,
                self.owner as u8,
                self.retry as u8,
                u8::from(self.suppress),
                self.confidence as u8,
                self.blamed
                    .as_ref()
                    .map_or(UNSET, |(_, whose)| *whose as u8),
                record.outcome.map_or(UNSET, |outcome| outcome as u8),
                u8::from(record.own_server),
                // What the record names, and what was found.
                phase(record.phase),
                phase(facts.phase),
                // Whether the reply has words of the rule, and of the list.
                u8::from(facts.place.range().is_empty()),
                u8::from(facts.list_place.range().is_empty()),
            ],
            after_seconds: self.after_seconds(),
        }
    }
}
