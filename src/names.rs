//! Names that users type: those of the kinds of records, and what was meant by one that nobody knows.

use anyhow::anyhow;
use whybounce::record;

/// The names that the records of mails carry: reports after RFC 3464, and all others.
pub const MAIL_FORMATS: [&str; 2] = ["dsn", "bounce"];

/// The name of every kind of record, dialects included.
pub fn format_names() -> impl Iterator<Item = &'static str> {
    let of_lines = record::FORMATS
        .iter()
        .flat_map(|format| [format.id].into_iter().chain(format.also.iter().copied()));
    of_lines.chain(MAIL_FORMATS)
}

/// The error for a word that is not known: says the nearest one, or else what to type next.
pub fn unknown<'a>(
    what: &str,
    word: &str,
    known: impl Iterator<Item = &'a str>,
    hint: &str,
) -> anyhow::Error {
    match nearest(word, known) {
        Some(near) => anyhow!("unknown {what} '{word}'; did you mean '{near}'?"),
        None => anyhow!("unknown {what} '{word}'; {hint}"),
    }
}

/// The known word that a mistyped one was probably meant to be.
fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    let near = |known: &str| {
        let known = known.to_ascii_lowercase();
        let within =
            word.len() > 3 && known.len() > 3 && (known.contains(&word) || word.contains(&known));
        strsim::jaro_winkler(&word, &known).max(if within { 0.85 } else { 0.0 })
    };
    known
        .map(|known| (near(known), known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, known)| known)
}
