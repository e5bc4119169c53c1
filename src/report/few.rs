//! A list that nearly always has one entry: that one takes no memory of its own.

/// Entries in the order in which they came.
#[derive(Clone, Debug)]
pub struct Few<T> {
    first: Option<T>,
    more: Vec<T>,
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self {
            first: None,
            more: Vec::new(),
        }
    }
}

impl<T> Few<T> {
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.more)
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.first.iter_mut().chain(&mut self.more)
    }

    /// Changes the entry that is meant; there is a new one if there was none.
    pub fn change(&mut self, is: impl Fn(&T) -> bool, new: T, change: impl FnOnce(&mut T)) {
        if let Some(known) = self.iter_mut().find(|entry| is(entry)) {
            return change(known);
        }
        let mut new = new;
        change(&mut new);
        match self.first {
            None => self.first = Some(new),
            Some(_) => self.more.push(new),
        }
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
