//! What the fields of JSON events hold: texts, replies with their codes told apart, and commands.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::line::{code, has, some};
use crate::reply::Enhanced;
use crate::vocabulary::Phase;

/// An event, or a part of one.
pub type Object = Map<String, Value>;

/// A string, or a number as one.
pub fn text(object: &Object, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) => some(text).map(str::to_owned),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A string behind a path of names.
pub fn deep(object: &Object, path: &[&str]) -> Option<String> {
    let (last, way) = path.split_last()?;
    let mut object = object;
    for name in way {
        object = object.get(*name)?.as_object()?;
    }
    text(object, last)
}

/// An owned text for a record.
pub fn owned<'a>(text: Option<String>) -> Option<Cow<'a, str>> {
    text.map(Cow::Owned)
}

/// Takes the type of a diagnostic off and puts the lines of a reply on one.
pub fn unfolded(reply: &str) -> String {
    let reply = reply.trim();
    let reply = match reply.get(..5) {
        Some(kind) if kind.eq_ignore_ascii_case("smtp;") => reply.get(5..).unwrap_or(""),
        _ => reply,
    };
    reply.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Puts the codes that a platform tells apart from the words in front of them, when they are SMTP's and not there.
pub fn with_codes(number: Option<String>, enhanced: Option<String>, words: &str) -> String {
    let words = unfolded(words);
    // Mailgun's 605 and the like are its own; 498 and 499 are time-outs of its own.
    let number = number.filter(|number| {
        code(number).is_some_and(|code| (200..=559).contains(&code) && code != 498 && code != 499)
    });
    if code(&words).is_some() {
        return words;
    }
    let enhanced = enhanced.filter(|text| Enhanced::read(text).is_some() && !has(&words, text));
    [number, enhanced, some(&words).map(str::to_owned)]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ")
}

/// The step that a command of the client belongs to.
pub fn command(command: &str) -> Option<Phase> {
    let command = command.trim().to_ascii_uppercase();
    [
        ("EHLO", Phase::Helo),
        ("HELO", Phase::Helo),
        ("LHLO", Phase::Helo),
        ("MAIL", Phase::Mail),
        ("RCPT", Phase::Rcpt),
        ("DATA", Phase::Data),
        (".", Phase::EndOfMessage),
        ("AUTH", Phase::Auth),
        ("STARTTLS", Phase::StartTls),
    ]
    .iter()
    .find(|(start, _)| command.starts_with(start))
    .map(|(_, phase)| *phase)
}
