//! Texts by their hashes: recipients, mails, domains and hosts are told apart without being kept.

use siphasher::sip::SipHasher13;

use crate::knowledge::words::SPREAD;
use crate::record::Record;

/// Bytes of the longest address that mail can have (RFC 5321 section 4.5.3.1); what is longer is none, and not kept.
const LONGEST: usize = 320;

/// A text by its hash: capitals do not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(pub u64);

impl Name {
    /// The name of a text: SipHash-1-3 of its bytes in lower case.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let hash = |lower: &[u8]| Self(SipHasher13::new().hash(lower));
        // Without a way out among them, the machine looks at many bytes at once.
        let has_capitals = |any: bool, byte: u8| any | byte.is_ascii_uppercase();
        if text.bytes().fold(false, has_capitals) {
            hash(text.to_ascii_lowercase().as_bytes())
        } else {
            hash(text.as_bytes())
        }
    }
}

/// A hash that is made in no time, for what no stranger chooses or where equals do no harm: capitals do not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quick(pub u64);

impl Quick {
    /// The hash of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let hash = words(text.as_bytes()).fold(text.len() as u64, |hash, word| {
            // The bit that tells small letters from capitals.
            let hash = (hash ^ (word | 0x2020_2020_2020_2020)).wrapping_mul(SPREAD);
            hash ^ hash >> 32
        });
        Self(hash)
    }
}

/// Bytes eight at a time; the last word may overlap the one before it.
fn words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    let (words, rest) = bytes.as_chunks();
    let last = bytes.last_chunk().copied().unwrap_or_else(|| {
        let mut last = [0; 8];
        for (place, byte) in last.iter_mut().zip(rest) {
            *place = *byte;
        }
        last
    });
    let words = words.iter().copied().chain([last]);
    words.map(u64::from_le_bytes)
}

/// The recipient of a record, if it can be one.
#[must_use]
pub fn recipient<'r>(record: &'r Record<'_>) -> Option<&'r str> {
    let recipient = record.recipient.as_deref();
    recipient.filter(|text| (1..=LONGEST).contains(&text.len()))
}

/// The mail of a record, if it is told.
#[must_use]
pub fn mail<'r>(record: &'r Record<'_>) -> Option<&'r str> {
    record.queue_id.as_deref().filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_do_not_matter() {
        for text in [
            "",
            "a@b",
            "ann@b.de",
            "Ann@Example.COM",
            "Ann.Of.The.Long.Name@Mail.Example.COM",
            &"Ab".repeat(99),
        ] {
            let lower = text.to_ascii_lowercase();
            assert_eq!(Name::of(text), Name::of(&lower), "{text}");
            assert_eq!(Quick::of(text), Quick::of(&lower), "{text}");
        }
    }

    #[test]
    fn every_byte_counts() {
        for length in 1..40 {
            let text = "a".repeat(length);
            for place in 0..length {
                let mut other = text.clone();
                other.replace_range(place..=place, "b");
                assert_ne!(Name::of(&text), Name::of(&other), "{other}");
                assert_ne!(Quick::of(&text), Quick::of(&other), "{other}");
            }
            let longer = format!("{text}a");
            assert_ne!(Name::of(&text), Name::of(&longer), "{longer}");
            assert_ne!(Quick::of(&text), Quick::of(&longer), "{longer}");
        }
    }
}
