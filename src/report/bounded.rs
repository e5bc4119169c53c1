//! A map of bounded size that holds the same in the end, whatever the order in which it was filled.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::mem;

use super::hashes::Name;
use super::texts::{Text, Texts};
use crate::knowledge::words::SPREAD;

/// Keeps the texts and values of the smallest names. Names are hashes, so these are a fair sample; and one that had to go
/// never comes back, so what is kept is complete.
#[derive(Clone, Debug)]
pub struct Bounded<V> {
    /// Where the entries of the names stand. Only this is searched, and it is small: what is far away takes long to look at.
    places: HashMap<Name, Place, Seed>,
    entries: Vec<Entry<V>>,
    texts: Texts,
    most: usize,
    limit: Limit,
}

/// Where an entry stands.
#[derive(Clone, Copy, Debug)]
pub struct Place(u32);

#[derive(Clone, Debug)]
struct Entry<V> {
    name: Name,
    text: Text,
    value: V,
}

/// The greatest name that is kept, once some had to go; it only falls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limit(Option<Name>);

impl Limit {
    /// Whether the name had to go, or would have to.
    pub fn excludes(self, name: Name) -> bool {
        self.0.is_some_and(|limit| name > limit)
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.0);
    }
}

impl<V> Bounded<V> {
    /// An empty map for so many names. It holds half as many more until it is pruned.
    pub fn new(most: usize) -> Self {
        Self {
            places: HashMap::default(),
            entries: Vec::new(),
            texts: Texts::default(),
            most,
            limit: Limit::default(),
        }
    }

    /// Prunes the map when it is full. Places hold until then.
    pub fn make_room(&mut self) {
        if self.entries.len() >= self.most + self.most / 2 {
            self.prune();
        }
    }

    /// The place of a name that is there.
    pub fn place(&self, name: Name) -> Option<Place> {
        if self.limit.excludes(name) {
            return None;
        }
        self.places.get(&name).copied()
    }

    /// The place of a name that is there or can be put there with its text.
    pub fn put(&mut self, name: Name, text: &str, value: impl FnOnce() -> V) -> Option<Place> {
        if self.limit.excludes(name) {
            return None;
        }
        let (entries, texts) = (&mut self.entries, &mut self.texts);
        let place = self.places.entry(name).or_insert_with(|| {
            let (text, value) = (texts.keep(text), value());
            entries.push(Entry { name, text, value });
            Place(entries.len() as u32 - 1)
        });
        Some(*place)
    }

    /// The value at a place, to be changed.
    pub fn at(&mut self, Place(place): Place) -> Option<&mut V> {
        let entry = self.entries.get_mut(place as usize)?;
        Some(&mut entry.value)
    }

    /// Which names are kept.
    pub const fn limit(&self) -> Limit {
        self.limit
    }

    /// Whether some names had to go.
    pub const fn is_cut(&self) -> bool {
        self.limit.0.is_some()
    }

    /// Lets go of what is too much.
    pub fn prune(&mut self) {
        if self.entries.len() <= self.most {
            return;
        }
        let mut names: Vec<Name> = self.entries.iter().map(|entry| entry.name).collect();
        let (_, limit, _) = names.select_nth_unstable(self.most - 1);
        self.limit = Limit(Some(*limit));
        let (all, limit) = (mem::take(&mut self.texts), self.limit);
        self.entries.retain_mut(|entry| {
            let stays = !limit.excludes(entry.name);
            if stays {
                entry.text = self.texts.keep(all.get(entry.text));
            }
            stays
        });
        self.places.clear();
        let names = self.entries.iter().map(|entry| entry.name);
        self.places.extend(names.zip((0..).map(Place)));
    }

    /// All that is kept, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        let entries = self.entries.iter();
        entries.map(|entry| (self.texts.get(entry.text), &entry.value))
    }
}

/// Hashes with a number that no stranger knows, so that nobody chooses keys that get into each other's way.
#[derive(Clone, Copy, Debug)]
struct Seed(u64);

impl Default for Seed {
    fn default() -> Self {
        Self(RandomState::new().hash_one(SPREAD))
    }
}

impl BuildHasher for Seed {
    type Hasher = Self;

    fn build_hasher(&self) -> Self {
        *self
    }
}

impl Hasher for Seed {
    /// Names hash as numbers, so this may be slow.
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(byte.into()));
    }

    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * u128::from(SPREAD);
        self.0 = product as u64 ^ (product >> 64) as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn kept(keys: impl Iterator<Item = u64>, most: usize) -> Vec<(u64, u64)> {
        let mut map = Bounded::new(most);
        for key in keys {
            map.make_room();
            let place = map.put(Name(key), &key.to_string(), || 0);
            if let Some(count) = place.and_then(|place| map.at(place)) {
                *count += 1;
            }
        }
        map.prune();
        assert_eq!(map.places.len(), map.entries.len());
        let mut kept: Vec<_> = map
            .iter()
            .map(|(text, count)| (text.parse().unwrap(), *count))
            .collect();
        kept.sort_unstable();
        kept
    }

    #[test]
    fn what_is_kept_does_not_depend_on_the_order() {
        let keys = || (0..3_000u64).map(|key| key.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 1_000);
        let forward = kept(keys(), 100);
        assert_eq!(forward.len(), 100);
        let backward = keys().collect::<Vec<_>>().into_iter().rev();
        assert_eq!(forward, kept(backward, 100));
    }

    #[test]
    fn what_fits_is_all_kept() {
        assert_eq!(kept([3, 1, 3].into_iter(), 2), [(1, 1), (3, 2)]);
    }

    #[test]
    fn every_bit_of_a_key_counts() {
        let seed = Seed::default();
        for key in [0, 1, SPREAD, u64::MAX] {
            for bit in 0..u64::BITS {
                let other = key ^ 1 << bit;
                assert_ne!(
                    seed.hash_one(Name(key)),
                    seed.hash_one(Name(other)),
                    "{key} {bit}"
                );
            }
        }
    }

    #[test]
    fn every_byte_counts() {
        let seed = Seed::default();
        for length in 1..40 {
            let text = "a".repeat(length);
            for place in 0..length {
                let mut other = text.clone();
                other.replace_range(place..=place, "b");
                assert_ne!(seed.hash_one(&text), seed.hash_one(&other), "{other}");
            }
        }
    }
}
