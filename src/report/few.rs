//! A list that nearly always has one entry: that one takes no memory of its own.

use std::iter::successors;

/// Entries in the order in which they came.
#[derive(Clone, Debug)]
pub struct Few<T> {
    first: Option<T>,
    rest: Option<Box<Self>>,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self {
            first: None,
            rest: None,
        }
    }
}

impl<T> Few<T> {
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        successors(Some(self), |few| few.rest.as_deref()).filter_map(|few| few.first.as_ref())
    }

    pub fn for_each(&mut self, change: impl Fn(&mut T)) {
        let mut few = Some(self);
        while let Some(Self { first, rest }) = few {
            first.iter_mut().for_each(&change);
            few = rest.as_deref_mut();
        }
    }

    /// Changes the entry that is meant; there is a new one if there was none.
    pub fn change(&mut self, is: impl Fn(&T) -> bool, new: T, change: impl FnOnce(&mut T)) {
        let mut few = self;
        while few.first.as_ref().is_some_and(|entry| !is(entry)) {
            few = few.rest.get_or_insert_default();
        }
        change(few.first.get_or_insert(new));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_counted_by_itself() {
        let mut counts = Few::default();
        for letter in "abacab".chars() {
            counts.change(
                |(known, _)| *known == letter,
                (letter, 0),
                |(_, count)| *count += 1,
            );
        }
        let counts: Vec<_> = counts.iter().copied().collect();
        assert_eq!(counts, [('a', 3), ('b', 2), ('c', 1)]);
    }
}
