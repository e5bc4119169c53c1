//! A server's reply in one normal form.

/// An enhanced status code (RFC 3463): class, subject, detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Enhanced {
    /// 2, 4 or 5.
    pub class: u8,
    /// 0 to 999; the registry uses 0 to 7.
    pub subject: u16,
    /// 0 to 999.
    pub detail: u16,
}

impl std::fmt::Display for Enhanced {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl Enhanced {
    /// Reads `5.1.1` from the start of `text`; gives the code and its length. An IP address, a version or a host name
    /// is none (RFC 3463 section 2: three numbers, the first 2, 4 or 5).
    #[must_use]
    pub fn read(text: &str) -> Option<(Self, usize)> {
        let bytes = text.as_bytes();
        let class = match bytes.first()? {
            b'2' => 2,
            b'4' => 4,
            b'5' => 5,
            _ => return None,
        };
        let (subject, at) = number(bytes, 1)?;
        let (detail, at) = number(bytes, at)?;
        // A fourth number, a letter or one more dot with something behind makes it something else.
        let next = bytes.get(at).copied().unwrap_or(b' ');
        let after = bytes.get(at + 1).copied().unwrap_or(b' ');
        let other = next.is_ascii_alphanumeric()
            || next == b'_'
            || next == b'@'
            || (matches!(next, b'.' | b'-') && after.is_ascii_digit() && next == b'.')
            || (next == b'.' && after.is_ascii_alphanumeric());
        (!other).then_some((
            Self {
                class,
                subject,
                detail,
            },
            at,
        ))
    }
}

/// Reads `.` and one to three digits.
fn number(bytes: &[u8], at: usize) -> Option<(u16, usize)> {
    if bytes.get(at) != Some(&b'.') {
        return None;
    }
    let digits = bytes[at + 1..]
        .iter()
        .take(4)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if !(1..=3).contains(&digits) {
        return None;
    }
    let value = bytes[at + 1..at + 1 + digits]
        .iter()
        .fold(0, |sum, byte| sum * 10 + u16::from(byte - b'0'));
    Some((value, at + 1 + digits))
}
