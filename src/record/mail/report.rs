//! Delivery status reports: `message/delivery-status` (RFC 3464) and `message/global-delivery-status` (RFC 6533).

use std::borrow::Cow;

use super::mime;
use crate::record::Outcome;
use crate::reply::Enhanced;

/// More recipients than this are not read from one report.
pub const MOST_RECIPIENTS: usize = 10_000;

/// What a report says about one recipient; field by field, cleaned of types and comments.
#[derive(Debug, Default)]
pub struct Recipient {
    /// `Final-Recipient`.
    pub last: Option<String>,
    /// `Original-Recipient`.
    pub original: Option<String>,
    /// `Action`, which decides over `Status` (RFC 3464 section 2.3.3).
    pub action: Option<Outcome>,
    /// `Status`, with its comment.
    pub status: String,
    /// `Diagnostic-Code` without its type; on one line.
    pub diagnostic: String,
    /// `Remote-MTA` without its type.
    pub remote: String,
    /// `Last-Attempt-Date`.
    pub time: Option<String>,
    /// PowerMTA's own guess, `X-PowerMTA-BounceCategory`.
    pub class: Option<String>,
}

impl Recipient {
    /// The enhanced status code of `Status`.
    pub fn dsn(&self) -> Option<Enhanced> {
        Enhanced::read(self.status.trim_start()).map(|(code, _)| code)
    }

    fn is_named(&self) -> bool {
        self.last.is_some() || self.original.is_some()
    }

    fn is_told(&self) -> bool {
        self.action.is_some() || !self.status.is_empty() || !self.diagnostic.is_empty()
    }
}

/// A whole report.
#[derive(Debug, Default)]
pub struct Report {
    /// Its recipients in order.
    pub recipients: Vec<Recipient>,
    /// The queue id of the reporting server: `X-Postfix-Queue-ID` and its like.
    pub queue_id: Option<String>,
    /// The envelope sender: `X-Postfix-Sender`.
    pub sender: Option<String>,
}

/// Reads the text of a delivery-status part.
///
/// The RFC's empty lines between recipients are not trusted: some writers leave them out, some put one between the
/// fields of one recipient, some mix the fields about the message into the recipient's.
pub fn read(text: &str) -> Report {
    let mut report = Report::default();
    let mut current = Recipient::default();
    for field in mime::fields(text) {
        if report.recipients.len() >= MOST_RECIPIENTS {
            break;
        }
        let Some((name, value)) = field else {
            if current.is_named() && current.is_told() {
                report.recipients.push(std::mem::take(&mut current));
            }
            continue;
        };
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
        if is("Final-Recipient") {
            if current.last.is_some() {
                report.recipients.push(std::mem::take(&mut current));
            }
            current.last = address(&value);
        } else if is("Original-Recipient") {
            if current.original.is_some() {
                report.recipients.push(std::mem::take(&mut current));
            }
            current.original = address(&value);
        } else if is("Action") {
            current.action = action(&value).or(current.action);
        } else if is("Status") {
            current.status = value.into_owned();
        } else if is("Diagnostic-Code") {
            match report.recipients.last_mut() {
                // Parted from its recipient by an empty line.
                Some(last) if !current.is_named() && last.diagnostic.is_empty() => {
                    last.diagnostic = typeless(&value).to_owned();
                }
                _ => current.diagnostic = typeless(&value).to_owned(),
            }
        } else if is("Remote-MTA") {
            current.remote = typeless(&value).to_owned();
        } else if is("Last-Attempt-Date") {
            current.time = filled(&value);
        } else if is("X-PowerMTA-BounceCategory") {
            current.class = filled(&value);
        } else if is("X-Supplementary-Info") && current.diagnostic.is_empty() {
            current.diagnostic = value.trim_matches(['<', '>', ' ']).to_owned();
        } else if is("X-Postfix-Sender") || is("X-SendGrid-Sender") {
            report.sender = address(&value);
        } else if name
            .to_ascii_lowercase()
            .replace('-', "")
            .ends_with("queueid")
        {
            report.queue_id = filled(&value);
        }
    }
    if current.is_named() && current.is_told() {
        report.recipients.push(current);
    }
    report
}

/// What `Action` says the mail system did (RFC 3464 section 2.3.3).
fn action(value: &str) -> Option<Outcome> {
    let word = value
        .split(|letter: char| !letter.is_ascii_alphabetic())
        .find(|word| !word.is_empty())?
        .to_ascii_lowercase();
    Some(match &*word {
        "failed" | "failure" | "fail" | "error" => Outcome::Bounced,
        "delayed" | "delay" => Outcome::Deferred,
        "delivered" | "relayed" | "expanded" | "deliverable" => Outcome::Sent,
        "expired" => Outcome::Expired,
        _ => return None,
    })
}

fn filled(value: &str) -> Option<String> {
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

/// Types that may stand before nothing at all (RFC 3464 section 2.1; IANA's mail parameters).
const KNOWN_TYPES: &[&str] = &[
    "smtp",
    "dns",
    "rfc822",
    "unix",
    "x400",
    "utf-8",
    "lmtp",
    "x-unix",
    "x-postfix",
];

/// Takes a type and its semicolon away: `smtp; 550 ...`, `dns;mx.example.com`, `X-Postfix; ...`.
///
/// A code (`550; 5.7.515`) or a word of Exchange (`RESOLVER.ADR.RecipNotFound; not found`) is no type.
pub fn typeless(value: &str) -> &str {
    let mut value = value.trim();
    // Twice: some gateways put a type of their own before the one they were given.
    for _ in 0..2 {
        let Some((kind, rest)) = value.split_once(';') else {
            break;
        };
        let kind = kind.trim();
        let is_type = (1..=24).contains(&kind.len())
            && kind.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && kind
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'/' | b'_'))
            && (!rest.trim().is_empty()
                || KNOWN_TYPES
                    .iter()
                    .any(|known| kind.eq_ignore_ascii_case(known)));
        if !is_type {
            break;
        }
        value = rest.trim();
    }
    value
}

/// Reads an address of a report: type, angle brackets, comment and encodings gone.
pub fn address(value: &str) -> Option<String> {
    let value = typeless(value);
    let bare = match value.split_once('<').map(|(_, inner)| inner) {
        Some(inner) if inner.contains('>') => inner.split('>').next().unwrap_or_default(),
        _ => value,
    };
    let bare = bare.trim();
    // A comment or a second word; a quoted local part or a pipe command may hold blanks and stays whole.
    let bare = if bare.starts_with(['"', '|', '/']) {
        bare
    } else {
        bare.split([' ', '\t', '(']).next().unwrap_or_default()
    };
    (!bare.is_empty()).then(|| unescaped(bare).into_owned())
}

/// Undoes xtext (`+2B`, RFC 3461 section 4) and `\x{3B1}` (RFC 6533 section 3) where they cannot be the address itself.
fn unescaped(address: &str) -> Cow<'_, str> {
    if address.contains("\\x{") {
        let mut out = String::with_capacity(address.len());
        let mut rest = address;
        while let Some((before, behind)) = rest.split_once("\\x{") {
            out.push_str(before);
            let (digits, tail) = behind.split_once('}').unwrap_or((behind, ""));
            out.extend(
                u32::from_str_radix(digits, 16)
                    .ok()
                    .and_then(char::from_u32),
            );
            rest = tail;
        }
        out.push_str(rest);
        return out.into();
    }
    // Only what must be encoded is decoded: `user+AB@example.com` is an address of its own.
    if address.contains("+2B") || address.contains("+3D") {
        return address.replace("+2B", "+").replace("+3D", "=").into();
    }
    address.into()
}
