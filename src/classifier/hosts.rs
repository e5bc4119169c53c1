//! A short memory of whose hosts are whose: most mail goes to a few.

use crate::knowledge::{LONGEST_NAME, tables, words};

/// How many hosts are kept; a power of two.
const KEPT: usize = 512;

#[derive(Debug, Default)]
pub(crate) struct Hosts(Vec<Kept>);

#[derive(Clone, Debug, Default)]
struct Kept {
    host: String,
    provider: Option<u16>,
}

impl Hosts {
    /// The provider of a host, asked for when it is not known.
    pub fn provider(&mut self, host: &str, ask: impl FnOnce(&str) -> Option<u16>) -> Option<u16> {
        // What is no name is not kept.
        if host.len() > LONGEST_NAME {
            return ask(host);
        }
        if self.0.is_empty() {
            self.0.resize_with(KEPT, Kept::default);
        }
        let place = tables::home(words::hash(host.as_bytes())) % KEPT;
        let Some(kept) = self.0.get_mut(place) else {
            return ask(host);
        };
        if kept.host != host {
            host.clone_into(&mut kept.host);
            kept.provider = ask(host);
        }
        kept.provider
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_fall_on_one_place_are_told_apart() {
        let mut hosts = Hosts::default();
        let numbers = (0..3 * KEPT as u16).chain([1, 0, 1]);
        for number in numbers {
            let name = format!("mx{number}.example.com");
            let expected = Some(number).filter(|number| number % 2 == 0);
            let asked = hosts.provider(&name, |_| expected);
            assert_eq!(asked, expected, "{name}");
            let known = hosts.provider(&name, |_| None);
            assert_eq!(known, expected, "{name}");
        }
    }

    #[test]
    fn what_is_longer_than_any_host_is_not_kept() {
        for (length, kept) in [
            (LONGEST_NAME, true),
            (LONGEST_NAME + 1, false),
            (1 << 20, false),
        ] {
            let mut hosts = Hosts::default();
            let host = "x".repeat(length);
            assert_eq!(hosts.provider(&host, |_| Some(1)), Some(1));
            let again = hosts.provider(&host, |_| Some(2));
            assert_eq!(again == Some(1), kept, "{length}");
        }
    }
}
