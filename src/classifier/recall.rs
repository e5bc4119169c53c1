//! A short memory of replies read: servers say the same sentence a thousand times, with other addresses in it.
//!
//! What is kept is what the words and codes decide, and it is found again only by the very same words and codes, so a
//! reply can never borrow the reading of another.

use super::phrases::Phrases;
use super::{Asked, Read};

/// How many readings are kept; a power of two.
const KEPT: usize = 1024;
/// Replies of more tokens than this are no form letters.
const LONGEST: usize = 512;

#[derive(Debug, Default)]
pub(crate) struct Recall {
    /// Empty until the second reply: whoever asks once needs no memory.
    kept: Vec<Option<Kept>>,
    used: bool,
}

#[derive(Clone, Debug)]
struct Kept {
    key: Box<[u32]>,
    asked: Asked,
    read: Read,
}

impl Recall {
    /// The reading of the same words and codes, if it is still known.
    pub fn find(&self, phrases: &Phrases, asked: &Asked) -> Option<Read> {
        let place = place(phrases.key());
        [place, place ^ 1].into_iter().find_map(|place| {
            let kept = self.kept.get(place)?.as_ref()?;
            (*kept.key == *phrases.key() && kept.asked == *asked).then_some(kept.read)
        })
    }

    /// Keeps a reading. Two that fall on one place live side by side; a third takes the place of the older.
    pub fn keep(&mut self, phrases: &Phrases, asked: &Asked, read: Read) {
        let key = phrases.key();
        if !self.used || key.len() > LONGEST {
            self.used = true;
            return;
        }
        if self.kept.is_empty() {
            self.kept.resize(KEPT, None);
        }
        let place = place(key);
        let newer = self.kept.get_mut(place).and_then(Option::take);
        if let Some(beside) = self.kept.get_mut(place ^ 1)
            && newer.is_some()
        {
            *beside = newer;
        }
        if let Some(place) = self.kept.get_mut(place) {
            *place = Some(Kept {
                key: key.into(),
                asked: *asked,
                read,
            });
        }
    }
}

fn place(key: &[u32]) -> usize {
    let state = key.iter().fold(key.len() as u64, |state, word| {
        (state ^ u64::from(*word))
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29)
    });
    (state >> 32) as usize & (KEPT - 1)
}
