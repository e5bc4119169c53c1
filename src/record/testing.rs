//! What the tests of all kinds of lines need.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::{Record, Seen, State, finish, read_line};

/// All records of a text, with their lines. Cut at any place, it is read without a panic.
pub fn all(text: &str) -> Vec<Record<'_>> {
    for (end, _) in text.char_indices() {
        read(text.get(..end).unwrap_or_default());
    }
    read(text)
}

fn read(text: &str) -> Vec<Record<'_>> {
    let mut state = State::default();
    let mut records = Vec::new();
    for (place, line) in text.lines().enumerate() {
        let number = place as u64 + 1;
        state.line = number;
        read_line(line, &mut state, &mut |mut record| {
            if record.line == 0 {
                record.line = number;
            }
            records.push(record);
        });
    }
    finish(&mut state, &mut |record| records.push(record));
    records
}

/// The one record of a text.
pub fn one(text: &str) -> Record<'_> {
    let mut records = all(text);
    assert_eq!(records.len(), 1, "{text}: {records:?}");
    records.remove(0)
}

/// A line that a format claims and that holds no reply.
pub fn noise(line: &str) {
    let seen = read_line(line, &mut State::default(), &mut |record| {
        panic!("{record:?}")
    });
    assert_eq!(seen, Seen::Noise, "{line}");
}
