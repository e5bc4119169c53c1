//! `--explain` and `--list`: the knowledge itself.

use std::io::Write;

use anyhow::{Context, Result};
use whybounce::knowledge::tables::{CodeRow, Rule, Span};
use whybounce::knowledge::{self, BUILT_IN, Cause};
use whybounce::record;
use whybounce::reply::Enhanced;
use whybounce::vocabulary::{Family, Lists, Owner, Priority, Retry};

use crate::cli::Topic;
use crate::exit::Status;
use crate::render::escape::visible;
use crate::render::text::Page;
use crate::run::CANNOT_WRITE;
use crate::settings::{MAIL_FORMATS, unknown};

/// Explains a cause, a code or a rule.
///
/// # Errors
/// Nothing of that name is known, or the writer's.
pub fn explain(what: &str, width: usize, out: &mut impl Write) -> Result<Status> {
    let what = what.trim();
    let mut page = Page::new(width);
    if let Some(cause) = Cause::from_id(what) {
        explain_cause(&mut page, cause);
    } else if let Some((name, row)) = code(what) {
        explain_code(&mut page, &name, row);
    } else if let Some(rule) = BUILT_IN
        .rules
        .iter()
        .find(|rule| BUILT_IN.str(rule.id) == what)
    {
        explain_rule(&mut page, rule);
    } else {
        let causes = Cause::ALL.iter().map(|cause| cause.id());
        let rules = BUILT_IN.rules.iter().map(|rule| BUILT_IN.str(rule.id));
        let hint = "--list causes, --list codes and --list rules name what can be explained";
        return Err(unknown(
            "cause, code or rule",
            &visible(what),
            causes.chain(rules),
            hint,
        ));
    }
    out.write_all(page.text.as_bytes())
        .and_then(|()| out.flush())
        .context(CANNOT_WRITE)?;
    Ok(Status::Answered)
}

fn explain_cause(page: &mut Page, cause: Cause) {
    let row = cause.row();
    page.title(cause.title(), cause.id());
    page.paragraph(BUILT_IN.str(row.meaning));
    page.gap();
    rows(page, "why", row.why, str::to_owned);
    steps(page, row.fix);
    rows(page, "apart", row.tell_apart, str::to_owned);
    page.row(
        "priority",
        Priority::from_index(row.priority)
            .map(Priority::id)
            .unwrap_or("as the code has it"),
    );
    page.row(
        "owner",
        Owner::from_index(row.owner)
            .map(Owner::id)
            .unwrap_or_default(),
    );
    page.row(
        "retry",
        Retry::from_index(row.retry)
            .map(Retry::id)
            .unwrap_or("as the code has it"),
    );
    page.row(
        "list",
        if row.suppress == 1 {
            "take the address off"
        } else {
            "keep the address"
        },
    );
    rows(page, "see", row.references, str::to_owned);
}

fn explain_code(page: &mut Page, name: &str, row: &CodeRow) {
    page.title(BUILT_IN.str(row.name), name);
    page.paragraph(BUILT_IN.str(row.meaning));
    page.gap();
    steps(page, row.fix);
    page.row("caution", BUILT_IN.str(row.cautions));
    for (class, cause) in ["2.x.x", "4.x.x", "5.x.x"].iter().zip(row.causes) {
        let cause = Cause::from_index(cause);
        if cause != Cause::Unclassified {
            page.row("cause", &format!("{class} {}", cause.id()));
        }
    }
    let likely: Vec<_> = row
        .likely
        .of(BUILT_IN.bytes)
        .iter()
        .map(|index| Cause::from_index(*index).id())
        .collect();
    page.row("may be", &likely.join(", "));
    page.row(
        "family",
        Family::from_index(row.family)
            .map(Family::id)
            .unwrap_or_default(),
    );
    page.row(
        "priority",
        Priority::from_index(row.priority)
            .map(Priority::id)
            .unwrap_or_default(),
    );
    page.row(
        "retry",
        Retry::from_index(row.retry)
            .map(Retry::id)
            .unwrap_or_default(),
    );
    page.row("defined", BUILT_IN.str(row.defined));
    page.row("see", BUILT_IN.str(row.source));
}

fn explain_rule(page: &mut Page, rule: &Rule) {
    let cause = Cause::from_index(rule.cause);
    let row = cause.row();
    page.title(cause.title(), BUILT_IN.str(rule.id));
    let summary = Some(BUILT_IN.str(rule.summary)).filter(|own| !own.is_empty());
    page.paragraph(&plain(summary.unwrap_or(BUILT_IN.str(row.summary))));
    page.gap();
    page.row("cause", cause.id());
    steps(page, if rule.fix.len > 0 { rule.fix } else { row.fix });
    let provider = knowledge::providers().get(usize::from(rule.provider));
    page.row(
        "provider",
        provider
            .map(|provider| BUILT_IN.str(provider.name))
            .unwrap_or_default(),
    );
    rows(page, "example", rule.examples, str::to_owned);
    rows(page, "not", rule.nots, str::to_owned);
    page.row("see", BUILT_IN.str(rule.source));
}

fn steps(page: &mut Page, steps: Span) {
    rows(page, "do", steps, plain);
}

/// Adds a row for each text; the label stands before the first.
fn rows(page: &mut Page, label: &str, texts: Span, shown: impl Fn(&str) -> String) {
    for (place, text) in BUILT_IN.list(texts).enumerate() {
        page.row(if place == 0 { label } else { "" }, &shown(text));
    }
}

/// A sentence of the knowledge without the parts that only a reply can fill: `No mailbox[ {recipient}] exists.`
fn plain(template: &str) -> String {
    let mut text = String::with_capacity(template.len());
    let mut optional = false;
    for letter in template.chars() {
        match letter {
            '[' => optional = true,
            ']' => optional = false,
            _ if optional => {}
            '{' => text.push('<'),
            '}' => text.push('>'),
            _ => text.push(letter),
        }
    }
    text
}

/// The row of a reply code (`550`), a class of them (`5xx`) or an enhanced status code (`5.1.1`, `x.1.1`), and its name.
fn code(text: &str) -> Option<(String, &'static CodeRow)> {
    if let Ok(code) = text.parse::<u16>() {
        return Some((text.to_owned(), knowledge::code_row(code)?));
    }
    if let Some(digit) = text.to_ascii_lowercase().strip_suffix("xx") {
        return Some((text.to_owned(), knowledge::class_row(digit.parse().ok()?)?));
    }
    let any = text.to_ascii_lowercase().replacen('x', "5", 1);
    let (status, length) = Enhanced::read(&any)?;
    let row = knowledge::enhanced_row(status)?;
    (length == any.len()).then(|| (format!("x.{}.{}", status.subject, status.detail), row))
}

/// Lists what is known of a topic: an id and a name a line.
///
/// # Errors
/// The writer's.
pub fn list(topic: Topic, out: &mut impl Write) -> Result<Status> {
    let text = |piece| BUILT_IN.str(piece).to_owned();
    let rows: Vec<(String, String)> = match topic {
        Topic::Causes => Cause::ALL
            .iter()
            .map(|cause| (cause.id().to_owned(), cause.title().to_owned()))
            .collect(),
        Topic::Codes => {
            let codes = knowledge::codes()
                .iter()
                .map(|row| (row.key.to_string(), text(row.name)));
            let enhanced = knowledge::enhanced_codes().iter().map(|row| {
                (
                    format!("x.{}.{}", row.key >> 8, row.key & 0xff),
                    text(row.name),
                )
            });
            codes.chain(enhanced).collect()
        }
        Topic::Providers => knowledge::providers()
            .iter()
            .map(|row| (text(row.id), text(row.name)))
            .collect(),
        Topic::Blocklists => knowledge::blocklists()
            .iter()
            .map(|row| {
                let kind = Lists::from_index(row.lists)
                    .map(Lists::id)
                    .unwrap_or_default();
                (
                    text(row.id),
                    format!(
                        "{} (lists: {kind}; operating: {})",
                        BUILT_IN.str(row.name),
                        row.operating()
                    ),
                )
            })
            .collect(),
        Topic::Formats => {
            let lines = record::FORMATS.iter().map(|format| {
                let also = if format.also.is_empty() {
                    String::new()
                } else {
                    format!(" (also {})", format.also.join(", "))
                };
                (format.id.to_owned(), format!("{}{also}", format.name))
            });
            let names = [
                "Bounce mail: a report after RFC 3464",
                "Bounce mail of any other form",
            ];
            let mails = MAIL_FORMATS
                .iter()
                .zip(names)
                .map(|(id, name)| ((*id).to_owned(), name.to_owned()));
            lines.chain(mails).collect()
        }
        Topic::Rules => BUILT_IN
            .rules
            .iter()
            .map(|rule| (text(rule.id), Cause::from_index(rule.cause).id().to_owned()))
            .collect(),
    };
    let width = rows
        .iter()
        .map(|(id, _)| id.len())
        .max()
        .unwrap_or_default();
    let lines: String = rows
        .iter()
        .map(|(id, name)| format!("{id:width$}  {name}\n"))
        .collect();
    out.write_all(lines.as_bytes())
        .and_then(|()| out.flush())
        .context(CANNOT_WRITE)?;
    Ok(Status::Answered)
}
