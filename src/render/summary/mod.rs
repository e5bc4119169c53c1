//! A report made visible: for people, for programs, and as a page. The words that text and page share stand here.

mod html;
mod json;
mod text;

use std::io::{self, Write};

use whybounce::knowledge::Cause;
use whybounce::report::{Block, Report, Scope};
use whybounce::vocabulary::{Owner, Priority};

use crate::cli::Form;

/// Writes a report.
///
/// # Errors
/// The writer's.
pub fn write(report: &Report, form: Form, width: usize, out: &mut impl Write) -> io::Result<()> {
    match form {
        Form::Json => json::write(report, out),
        Form::Html => out.write_all(html::page(report).as_bytes()),
        _ => out.write_all(text::page(report, width).as_bytes()),
    }
}

/// How many replies are refusals, and how many of those are left.
fn headline(report: &Report) -> String {
    let (records, refused) = (number(report.records), number(report.refused));
    let replies = if report.records == 1 {
        "reply"
    } else {
        "replies"
    };
    let mut line = match report.refused {
        0 => format!("None of {records} {replies} is a refusal."),
        1 => format!("1 of {records} {replies} is a refusal."),
        _ => format!("{refused} of {records} {replies} are refusals."),
    };
    let settled = report.settled();
    if settled > 0 {
        line.push_str(&format!(
            " After {} of them the mail passed; {} left.",
            number(settled),
            match report.refused - settled {
                1 => "1 is".to_owned(),
                left => format!("{} are", number(left)),
            }
        ));
    }
    line
}

/// What the user's own server refused, if it did.
fn own_server(report: &Report) -> Option<String> {
    (report.own_server > 0).then(|| {
        format!(
            "Your own server refused {} from outside; that is its policy, and not counted here.",
            counted(report.own_server, "mail", "mails")
        )
    })
}

/// The block to begin with, if there is something to do: of what is urgent the first that says what is wrong.
fn first<'r>(blocks: &[&'r Block]) -> Option<(&'r Block, &'r str)> {
    let mut urgent = blocks
        .iter()
        .filter(|block| block.left() > 0 && block.hits.priority() > Priority::Monitor);
    let block = urgent
        .clone()
        .find(|block| block.cause != Cause::Unclassified)
        .or_else(|| urgent.next())?;
    Some((*block, block.fix().first()?))
}

/// The share of a block, in words.
fn share(block: &Block, report: &Report) -> String {
    let mut words = format!(
        "{} of {} ({})",
        number(block.hits.count),
        counted(report.refused, "refusal", "refusals"),
        percent(block.hits.count, report.refused)
    );
    match block.settled {
        0 => {}
        all if all == block.hits.count => words.push_str("; the mail passed later"),
        some => words.push_str(&format!("; after {} of them the mail passed", number(some))),
    }
    words
}

/// Whom a block hits, in words.
fn scope(block: &Block) -> String {
    let recipients = counted(block.recipients, "recipient", "recipients");
    let recipients = if block.more_recipients {
        format!("at least {recipients}")
    } else {
        recipients
    };
    let named = |name: Option<&str>| name.map(|name| format!(": {name}")).unwrap_or_default();
    match block.hits.scope() {
        Scope::OneRecipient => {
            format!("one recipient{}", named(block.example.recipient.as_deref()))
        }
        Scope::OneDomain => {
            let domains = block.domains();
            let domain = domains.first().map(|(domain, _)| *domain);
            format!("one domain{}, {recipients}", named(domain))
        }
        Scope::OneProvider => {
            let providers = block.hits.providers();
            let provider = providers.first().map(|(name, _)| *name);
            format!(
                "one provider{}{}",
                named(provider),
                in_brackets(block, &recipients)
            )
        }
        Scope::SeveralProviders => {
            format!("several providers{}", in_brackets(block, &recipients))
        }
        Scope::Unknown => "the records do not tell".to_owned(),
    }
}

fn in_brackets(block: &Block, recipients: &str) -> String {
    if block.all_domains == 0 {
        return String::new();
    }
    let domains = counted(block.all_domains as u64, "domain", "domains");
    format!(" ({domains}, {recipients})")
}

/// The most frequent of so many names with their counts, and how many more there are.
fn most(names: &[(&str, u64)], all: usize, shown: usize) -> String {
    let mut words: Vec<String> = names
        .iter()
        .take(shown)
        .map(|(name, count)| format!("{name} {}", number(*count)))
        .collect();
    let more = all.saturating_sub(shown);
    if more > 0 {
        words.push(format!("and {} more", number(more as u64)));
    }
    words.join(", ")
}

/// The most frequent providers.
fn providers(block: &Block, shown: usize) -> String {
    let providers = block.hits.providers();
    most(&providers, providers.len(), shown)
}

/// The most frequent domains; nothing where the scope names the only one.
fn domains(block: &Block, shown: usize) -> String {
    match block.hits.scope() {
        Scope::OneRecipient | Scope::OneDomain => String::new(),
        _ => most(&block.domains(), block.all_domains, shown),
    }
}

/// Where the example stands.
fn place(block: &Block) -> String {
    let example = &block.example;
    match (example.file.as_deref(), example.line) {
        (Some(file), 0) => file.to_owned(),
        (Some(file), line) => format!("{file}, line {line}"),
        (None, 0) => String::new(),
        (None, line) => format!("line {line}"),
    }
}

/// Who has to act, spoken to the reader.
fn who(owner: Owner) -> &'static str {
    match owner {
        Owner::Nobody => "nobody",
        Owner::Unknown => "not known",
        owner => super::text::who(owner),
    }
}

/// What was too much to keep, in words.
fn limits(report: &Report) -> Option<String> {
    let lost = report.addresses_not_kept();
    (lost > 0).then(|| {
        format!(
            "There were too many addresses to keep them all: those of {} are missing.",
            counted(lost, "refusal", "refusals")
        )
    })
}

/// A number with its thousands apart.
fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its noun.
fn counted(count: u64, one: &str, several: &str) -> String {
    format!(
        "{} {}",
        number(count),
        if count == 1 { one } else { several }
    )
}

/// The part of a whole, between 0 and 1.
fn part(count: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    count as f64 / whole as f64
}

fn percent(count: u64, whole: u64) -> String {
    let percent = 100.0 * part(count, whole);
    if count > 0 && percent < 0.05 {
        return "less than 0.1%".to_owned();
    }
    format!("{percent:.1}%")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_000), "1,000");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(percent(1, 3), "33.3%");
        assert_eq!(percent(1, 100_000), "less than 0.1%");
        assert_eq!(percent(0, 0), "0.0%");
    }

    #[test]
    fn what_is_left_out_of_a_list_is_counted() {
        let names = [("a", 3), ("b", 2), ("c", 1)];
        assert_eq!(most(&names, 3, 2), "a 3, b 2, and 1 more");
        assert_eq!(most(&names, 3, 3), "a 3, b 2, c 1");
    }
}
