//! Texts by their hashes: recipients, mails, domains and hosts are told apart without being kept.

use super::bounded::MIX;
use crate::knowledge::words::within;
use crate::record::Record;

/// Bytes of the longest address that mail can have (RFC 5321 section 4.5.3.1); what is longer is none, and not kept.
const LONGEST: usize = 320;

/// A text by its hash: capitals do not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(pub u64);

impl Name {
    /// The name of a text: SipHash-1-3 of its bytes in lower case, with a key of zeros.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let (words, rest) = bytes.as_chunks();
        let mut sip = Sip::default();
        for word in words {
            sip.write(lower(u64::from_le_bytes(*word)));
        }
        let rest = match bytes.last_chunk() {
            Some(last) => u64::from_le_bytes(*last)
                .checked_shr(64 - 8 * rest.len() as u32)
                .unwrap_or_default(),
            None => rest
                .iter()
                .rfold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        sip.write(lower(rest) | (bytes.len() as u64) << 56);
        Self(sip.finish())
    }
}

/// Eight bytes in lower case.
fn lower(word: u64) -> u64 {
    // The top bit of each capital becomes the bit that makes it small.
    word | within(word, b'A', b'Z') >> 2
}

/// The state of SipHash (Aumasson and Bernstein, <https://cr.yp.to/siphash/siphash-20120918.pdf>), with a key of zeros. The
/// standard library's takes bytes in pieces of any length, and longer.
struct Sip([u64; 4]);

impl Default for Sip {
    fn default() -> Self {
        Self([
            0x736f_6d65_7073_6575,
            0x646f_7261_6e64_6f6d,
            0x6c79_6765_6e65_7261,
            0x7465_6462_7974_6573,
        ])
    }
}

impl Sip {
    fn round(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.0;
        a = a.wrapping_add(b);
        b = b.rotate_left(13) ^ a;
        c = c.wrapping_add(d);
        d = d.rotate_left(16) ^ c;
        a = a.rotate_left(32).wrapping_add(d);
        d = d.rotate_left(21) ^ a;
        c = c.wrapping_add(b);
        b = b.rotate_left(17) ^ c;
        self.0 = [a, b, c.rotate_left(32), d];
    }

    fn write(&mut self, word: u64) {
        self.0[3] ^= word;
        self.round();
        self.0[0] ^= word;
    }

    fn finish(mut self) -> u64 {
        self.0[2] ^= 0xff;
        for _ in 0..3 {
            self.round();
        }
        self.0.into_iter().fold(0, |hash, part| hash ^ part)
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
            let hash = (hash ^ (word | 0x2020_2020_2020_2020)).wrapping_mul(MIX);
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

/// Who was refused, or got a mail.
#[derive(Clone, Copy, Debug)]
pub struct Whom {
    pub name: Name,
    pub quick: Quick,
    /// No recipient is told, only the mail.
    pub is_mail: bool,
}

impl Whom {
    /// The recipient of a record, or else its mail.
    #[must_use]
    pub fn of(record: &Record<'_>) -> Option<Self> {
        let recipient = recipient(record);
        let mail = || record.queue_id.as_deref().filter(|id| !id.is_empty());
        let text = recipient.or_else(mail)?;
        Some(Self {
            name: Name::of(text),
            quick: Quick::of(text),
            is_mail: recipient.is_none(),
        })
    }
}

/// The recipient of a record, if it can be one.
#[must_use]
pub fn recipient<'r>(record: &'r Record<'_>) -> Option<&'r str> {
    let recipient = record.recipient.as_deref();
    recipient.filter(|text| (1..=LONGEST).contains(&text.len()))
}

#[cfg(test)]
mod tests {
    use std::hash::{DefaultHasher, Hasher};

    use super::*;

    #[test]
    fn a_name_is_the_sip_hash_of_the_text_in_lower_case() {
        for length in 0..70 {
            let text = "Zoë.Of.Example+7@[".chars().cycle();
            let text: String = text.take(length).collect();
            let mut hasher = DefaultHasher::new();
            hasher.write(text.to_ascii_lowercase().as_bytes());
            assert_eq!(Name::of(&text), Name(hasher.finish()), "{text}");
        }
    }

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
