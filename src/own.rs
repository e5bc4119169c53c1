//! The sender's own addresses and domains (`--own`): is what is blamed ours?

use std::net::IpAddr;
use std::str::FromStr;

/// Addresses, networks and domains of one's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    networks: Vec<(IpAddr, u8)>,
    /// In lower case, without a dot at the end.
    domains: Vec<String>,
}

/// What is no IP, network or domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAnAddress(String);

impl std::fmt::Display for NotAnAddress {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "'{}' is no IP, network or domain; write 192.0.2.1, 2001:db8::/32 or example.com",
            self.0
        )
    }
}

impl std::error::Error for NotAnAddress {}

impl Own {
    /// Adds an IP address, a network (`192.0.2.0/24`, `2001:db8::/32`) or a domain, which stands for all below it, too.
    ///
    /// # Errors
    /// The text is none of these.
    pub fn add(&mut self, text: &str) -> Result<(), NotAnAddress> {
        let text = text.trim();
        if let Some(network) = network(text) {
            self.networks.push(network);
            return Ok(());
        }
        let domain = text.trim_start_matches('@').trim_end_matches('.');
        let is_label = |label: &str| {
            let inner = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_');
            !label.is_empty() && label.chars().all(inner)
        };
        let mut labels = domain.rsplit('.');
        let ends_in_letters = labels
            .next()
            .is_some_and(|last| is_label(last) && !last.bytes().all(|byte| byte.is_ascii_digit()));
        if !ends_in_letters || !labels.all(is_label) {
            return Err(NotAnAddress(text.to_owned()));
        }
        self.domains.push(domain.to_lowercase());
        Ok(())
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty() && self.domains.is_empty()
    }

    /// Whether an IP address, a host, a domain or a mail address is one's own; `None` where nothing of its kind was added, so
    /// that nobody can tell.
    #[must_use]
    pub fn has(&self, text: &str) -> Option<bool> {
        if let Ok(ip) = IpAddr::from_str(text) {
            let ip = ip.to_canonical();
            let mut networks = self.networks.iter();
            let any = networks.any(|(network, length)| contains(*network, *length, ip));
            return (!self.networks.is_empty()).then_some(any);
        }
        let domain = text.rsplit_once('@').map_or(text, |(_, domain)| domain);
        let domain = domain.trim_end_matches('.').to_lowercase();
        let any = self.domains.iter().any(|own| {
            domain
                .strip_suffix(own.as_str())
                .is_some_and(|before| before.is_empty() || before.ends_with('.'))
        });
        (!self.domains.is_empty()).then_some(any)
    }
}

/// Reads an address, or an address and the length of its prefix in bits (RFC 4632 section 3.1, RFC 4291 section 2.3).
fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let ip = IpAddr::from_str(address).ok()?;
    let bits = if ip.is_ipv4() { 32 } else { 128 };
    let length = match length {
        Some(length) => length.parse().ok().filter(|length| *length <= bits)?,
        None => bits,
    };
    // An IPv4 address in IPv6 clothes (::ffff:192.0.2.1) is that address.
    match ip.to_canonical() {
        canonical if canonical.is_ipv4() == ip.is_ipv4() => Some((ip, length)),
        canonical => Some((canonical, length.checked_sub(96)?)),
    }
}

fn contains(network: IpAddr, length: u8, ip: IpAddr) -> bool {
    let (network, ip, bits) = match (network, ip) {
        (IpAddr::V4(network), IpAddr::V4(ip)) => {
            (u128::from(network.to_bits()), u128::from(ip.to_bits()), 32)
        }
        (IpAddr::V6(network), IpAddr::V6(ip)) => (network.to_bits(), ip.to_bits(), 128),
        _ => return false,
    };
    let differs = network ^ ip;
    // A shift by all bits is none: a prefix of length 0 holds every address.
    differs
        .checked_shr(bits - u32::from(length))
        .unwrap_or_default()
        == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn own(texts: &[&str]) -> Own {
        let mut own = Own::default();
        texts.iter().for_each(|text| own.add(text).unwrap());
        own
    }

    #[test]
    fn networks_hold_the_addresses_of_their_prefix_alone() {
        for (network, inside, outside) in [
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
            ("192.0.2.128/25", "192.0.2.128", "192.0.2.127"),
            ("198.51.100.7/31", "198.51.100.6", "198.51.100.8"),
            ("0.0.0.0/0", "203.0.113.9", "2001:db8::1"),
            ("::/0", "2001:db8::1", "192.0.2.1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
            ("2001:db8::1", "2001:0db8:0:0::1", "2001:db8::2"),
            ("::ffff:192.0.2.0/120", "192.0.2.9", "192.0.3.9"),
            ("192.0.2.0/24", "::ffff:192.0.2.9", "::ffff:192.0.3.9"),
        ] {
            let own = own(&[network]);
            assert_eq!(own.has(inside), Some(true), "{network} {inside}");
            assert_eq!(own.has(outside), Some(false), "{network} {outside}");
        }
    }

    #[test]
    fn a_domain_holds_what_is_below_it_and_no_look_alikes() {
        let own = own(&["Example.org.", "@example.net"]);
        for inside in [
            "example.org",
            "MAIL.example.org",
            "bob@sub.example.net",
            "a@example.org.",
        ] {
            assert_eq!(own.has(inside), Some(true), "{inside}");
        }
        for outside in ["badexample.org", "example.org.example.com", "org", ""] {
            assert_eq!(own.has(outside), Some(false), "{outside}");
        }
    }

    #[test]
    fn of_a_kind_that_was_not_given_nothing_is_told() {
        assert_eq!(own(&["example.org"]).has("192.0.2.1"), None);
        assert_eq!(own(&["192.0.2.0/24"]).has("example.org"), None);
    }

    #[test]
    fn what_is_neither_address_nor_domain_is_refused() {
        for text in [
            "",
            "192.0.2.0/33",
            "192.0.2",
            "192.0.2.0/x",
            "2001:db8::/129",
            "a b",
            "a..b",
            "::ffff:192.0.2.1/90",
            "http://a",
        ] {
            assert!(Own::default().add(text).is_err(), "{text}");
        }
    }
}
