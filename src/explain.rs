//! `--explain` and `--list`: the knowledge itself.

use std::io::Write;

use anyhow::{Context, Result, bail};
use whybounce::knowledge::tables::{Blocklist, CodeRow, Provider, Resolver, Rule, Span, Tables};
use whybounce::knowledge::{self, BUILT_IN, Cause};
use whybounce::record;
use whybounce::reply::Enhanced;
use whybounce::vocabulary::{Family, Lists, Operating, Owner, Phase, Priority, Retry, Strength};

use crate::cli::Topic;
use crate::exit::{CANNOT_WRITE, Status};
use crate::names::{MAIL_FORMATS, unknown};
use crate::render::escape::visible;
use crate::render::text::Page;

/// How many examples stand for all rules of a cause.
const EXAMPLES: usize = 3;

/// Explains everything of a name: a cause, a code, a rule, a provider, a blocklist; several words each by itself.
///
/// # Errors
/// Nothing of that name is known, or the writer's.
pub fn explain(
    what: &str,
    own: Option<Tables<'_>>,
    width: usize,
    out: &mut impl Write,
) -> Result<Status> {
    let what = what.trim();
    let book = Book {
        tables: own.into_iter().chain([BUILT_IN]).collect(),
        width,
    };
    let mut pages = book.pages(what);
    if pages.is_empty() {
        let words: Vec<_> = what
            .split_whitespace()
            .map(|word| book.pages(word))
            .collect();
        if !words.iter().any(Vec::is_empty) {
            pages = words.into_iter().flatten().collect();
        }
    }
    if pages.is_empty() {
        let hint =
            "--list causes, codes, rules, providers or blocklists names what can be explained";
        let start = format!("{}-", what.to_ascii_lowercase());
        let begun = book
            .rules()
            .filter(|(tables, rule)| tables.str(rule.id).starts_with(&start))
            .count();
        if begun > 1 {
            bail!(
                "unknown name '{what}'; {begun} rules begin with it: whybounce --list rules | grep {what}"
            );
        }
        let ids = book.ids();
        return Err(unknown(
            "name",
            &visible(what),
            ids.iter().map(String::as_str),
            hint,
        ));
    }
    out.write_all(pages.join("\n").as_bytes())
        .and_then(|()| out.flush())
        .context(CANNOT_WRITE)?;
    Ok(Status::Answered)
}

/// All that can be explained: the user's own knowledge before the built-in one.
struct Book<'k> {
    tables: Vec<Tables<'k>>,
    width: usize,
}

impl<'k> Book<'k> {
    /// The pages about everything that has this id or this name.
    fn pages(&self, what: &str) -> Vec<String> {
        let mut pages = Vec::new();
        let mut page = |write: &dyn Fn(&mut Page)| {
            let mut page = Page::new(self.width);
            write(&mut page);
            pages.push(page.text);
        };
        let is = |text: &str| text.eq_ignore_ascii_case(what);
        let built_in = |piece| is(BUILT_IN.str(piece));
        if let Some(cause) = Cause::ALL
            .iter()
            .find(|cause| is(cause.id()) || is(cause.title()))
        {
            page(&|page| self.cause(page, *cause));
        }
        if let Some((name, row)) = code(what) {
            page(&|page| self.code(page, &name, row));
        }
        for (tables, rule) in self.rules() {
            if is(tables.str(rule.id)) {
                page(&|page| explain_rule(page, &tables, rule));
            }
        }
        for tables in &self.tables {
            for row in tables.providers {
                if is(tables.str(row.id)) || is(tables.str(row.name)) {
                    page(&|page| self.provider(page, tables, row));
                }
            }
        }
        for list in knowledge::blocklists() {
            if built_in(list.id) || built_in(list.name) {
                page(&|page| explain_blocklist(page, list));
            }
        }
        for sign in knowledge::resolver_errors() {
            if built_in(sign.id) {
                page(&|page| explain_failed_lookup(page, sign));
            }
        }
        pages
    }

    /// Every id that can be explained.
    fn ids(&self) -> Vec<String> {
        let built_in = |piece| BUILT_IN.str(piece).to_owned();
        let causes = Cause::ALL.iter().map(|cause| cause.id().to_owned());
        let rules = self
            .rules()
            .map(|(tables, rule)| tables.str(rule.id).to_owned());
        let providers = self.tables.iter().flat_map(|tables| {
            tables
                .providers
                .iter()
                .map(|row| tables.str(row.id).to_owned())
        });
        let lists = knowledge::blocklists().iter().map(|list| built_in(list.id));
        let signs = knowledge::resolver_errors()
            .iter()
            .map(|sign| built_in(sign.id));
        causes
            .chain(rules)
            .chain(providers)
            .chain(lists)
            .chain(signs)
            .collect()
    }

    /// Every rule, with the tables that have it.
    fn rules(&self) -> impl Iterator<Item = (Tables<'k>, &'k Rule)> {
        self.tables
            .iter()
            .flat_map(|tables| tables.rules.iter().map(|rule| (*tables, rule)))
    }

    fn cause(&self, page: &mut Page, cause: Cause) {
        let row = cause.row();
        page.title(cause.title(), cause.id());
        page.paragraph(BUILT_IN.str(row.meaning));
        page.gap();
        rows(page, "why", &BUILT_IN, row.why);
        steps(page, &BUILT_IN, row.fix);
        rows(page, "apart", &BUILT_IN, row.tell_apart);
        let by_code = "as the code has it";
        page.row(
            "priority",
            Priority::from_index(row.priority).map_or(by_code, Priority::id),
        );
        page.row(
            "owner",
            Owner::from_index(row.owner).map_or(by_code, Owner::id),
        );
        page.row(
            "retry",
            Retry::from_index(row.retry).map_or(by_code, Retry::id),
        );
        page.row(
            "list",
            if row.suppress == 1 {
                "take the address off"
            } else {
                "keep the address"
            },
        );
        let rules: Vec<_> = self
            .rules()
            .filter(|(_, rule)| rule.cause == cause as u8)
            .collect();
        // From the beginning, the middle and the end: neighbours say much the same.
        let step = (rules.len() / EXAMPLES).max(1);
        for (tables, rule) in rules.iter().step_by(step).take(EXAMPLES) {
            if let Some(example) = tables.list(rule.examples).next() {
                page.row("example", example);
                page.row("", &format!("(rule {})", tables.str(rule.id)));
            }
        }
        if !rules.is_empty() {
            page.row("rules", &rules.len().to_string());
        }
        rows(page, "see", &BUILT_IN, row.references);
    }

    fn code(&self, page: &mut Page, name: &str, row: &CodeRow) {
        page.title(BUILT_IN.str(row.name), name);
        page.paragraph(BUILT_IN.str(row.meaning));
        page.gap();
        steps(page, &BUILT_IN, row.fix);
        page.row("caution", BUILT_IN.str(row.cautions));
        // A reply code has one class, an enhanced code may come in any.
        let classes = [(2, "2.x.x"), (4, "4.x.x"), (5, "5.x.x")];
        for ((digit, class), cause) in classes.into_iter().zip(row.causes) {
            let cause = Cause::from_index(cause);
            // That an enhanced code in a 2xx is acceptance needs no telling.
            if cause == Cause::Unclassified || (digit == 2 && name.contains('.')) {
                continue;
            }
            if name.contains('.') {
                page.row("cause", &format!("{class}: {}", cause.id()));
            } else if name.starts_with(digit_of(digit)) {
                page.row("cause", cause.id());
            }
        }
        let likely: Vec<_> = row
            .likely
            .of(BUILT_IN.bytes)
            .iter()
            .map(|index| Cause::from_index(*index).id())
            .collect();
        page.row("may be", &likely.join(", "));
        for step in row.phases.of(BUILT_IN.bytes).chunks_exact(2) {
            if let [phase, cause] = step
                && let Some(phase) = Phase::from_index(*phase)
            {
                let cause = Cause::from_index(*cause);
                page.row("", &format!("at {phase}: {cause}"));
            }
        }
        page.row(
            "family",
            Family::from_index(row.family).map_or("", Family::id),
        );
        page.row(
            "priority",
            Priority::from_index(row.priority).map_or("", Priority::id),
        );
        page.row("retry", Retry::from_index(row.retry).map_or("", Retry::id));
        // A row of enhanced codes stands for all classes: rules write x.7.1 or 5.7.1.
        let names = match name.strip_prefix('x') {
            Some(rest) => ["x", "4", "5"]
                .map(|class| format!("{class}{rest}"))
                .to_vec(),
            None => vec![name.to_owned()],
        };
        let rules: Vec<&str> = self
            .rules()
            .filter(|(tables, rule)| {
                conditions(tables, rule).any(|(key, value)| {
                    matches!(key, "code" | "enhanced") && names.iter().any(|name| name == value)
                })
            })
            .map(|(tables, rule)| tables.str(rule.id))
            .collect();
        page.row("rules", &rules.join(", "));
        page.row("defined", BUILT_IN.str(row.defined));
        page.row("see", BUILT_IN.str(row.source));
    }

    fn provider(&self, page: &mut Page, tables: &Tables<'_>, row: &Provider) {
        let id = tables.str(row.id);
        page.title(tables.str(row.name), id);
        page.paragraph("Known as the one who spoke by a host, by the recipient's domain, or by a mark in the reply.");
        page.gap();
        for (label, names) in [
            ("hosts", row.hosts),
            ("domains", row.domains),
            ("marks", row.marks),
        ] {
            let names: Vec<_> = tables.list(names).collect();
            page.row(label, &names.join(", "));
        }
        let mut label = "rules";
        for (tables, rule) in self.rules() {
            let spoke = self
                .tables
                .iter()
                .find_map(|tables| Some(tables.str(tables.provider(rule.provider)?.id)));
            if spoke == Some(id) {
                let cause = Cause::from_index(rule.cause);
                page.row(label, &format!("{}: {cause}", tables.str(rule.id)));
                label = "";
            }
        }
        page.row("see", tables.str(row.page));
    }
}

/// The digit as a letter.
fn digit_of(class: u8) -> char {
    char::from(b'0' + class)
}

fn explain_blocklist(page: &mut Page, list: &Blocklist) {
    let text = |piece| BUILT_IN.str(piece);
    page.title(text(list.name), text(list.id));
    page.paragraph(text(list.meaning));
    page.gap();
    steps(page, &BUILT_IN, list.fix);
    page.row(
        "lists",
        Lists::from_index(list.lists).map_or("", |lists| match lists {
            Lists::Ip => "IPs",
            Lists::Domain => "domains",
            Lists::Hash => "addresses and domains, as hashes",
            Lists::IpOrDomain => "IPs and domains",
            Lists::Allow => "well-known senders; being on it is no accusation",
        }),
    );
    let operating = match (list.operating(), text(list.closed)) {
        (Operating::Yes, _) => "yes".to_owned(),
        (Operating::No, "") => "no".to_owned(),
        (Operating::No, closed) => format!("no, closed in {closed}"),
        (Operating::Unknown, _) => "not known".to_owned(),
    };
    page.row("runs", &operating);
    page.row("operator", text(list.operator));
    if list.private == 1 {
        page.row("asked by", "its operator's own servers only");
    }
    page.row("look up", &plain(text(list.lookup)));
    page.row("removal", &plain(text(list.removal)));
    let marks: Vec<_> = BUILT_IN.list(list.marks).collect();
    page.row("marks", &marks.join(", "));
    page.row("example", text(list.example));
    page.row("see", text(list.source));
}

fn explain_failed_lookup(page: &mut Page, sign: &Resolver) {
    let text = |piece| BUILT_IN.str(piece);
    page.title("Failed blocklist lookup", text(sign.id));
    page.paragraph(text(sign.meaning));
    page.gap();
    steps(page, &BUILT_IN, sign.fix);
    let marks: Vec<_> = BUILT_IN.list(sign.marks).collect();
    page.row("marks", &marks.join(", "));
    page.row("example", text(sign.example));
    page.row("see", text(sign.source));
}

/// The conditions of a rule as written: key and value.
fn conditions<'k>(tables: &Tables<'k>, rule: &Rule) -> impl Iterator<Item = (&'k str, &'k str)> {
    let keys = tables.list(rule.when).step_by(2);
    keys.zip(tables.list(rule.when).skip(1).step_by(2))
}

fn explain_rule(page: &mut Page, tables: &Tables<'_>, rule: &Rule) {
    let cause = Cause::from_index(rule.cause);
    let row = cause.row();
    page.title(cause.title(), tables.str(rule.id));
    let summary = Some(tables.str(rule.summary.text)).filter(|own| !own.is_empty());
    page.paragraph(&plain(summary.unwrap_or(BUILT_IN.str(row.summary.text))));
    page.gap();
    page.row("cause", cause.id());
    let mut last = "";
    for (key, value) in conditions(tables, rule) {
        let label = if key == last { "" } else { key };
        // Words stand in quotes, as in the reply.
        let words = matches!(key, "says" | "also" | "unless" | "marker");
        page.row(
            label,
            &if words {
                format!("\"{value}\"")
            } else {
                value.to_owned()
            },
        );
        last = key;
    }
    let strength =
        Strength::from_index(rule.strength).filter(|strength| *strength != Strength::Plain);
    page.row("strength", strength.map_or("", Strength::id));
    page.row(
        "family",
        Family::from_index(rule.family).map_or("", Family::id),
    );
    page.row(
        "priority",
        Priority::from_index(rule.priority).map_or("", Priority::id),
    );
    page.row("owner", Owner::from_index(rule.owner).map_or("", Owner::id));
    page.row("retry", Retry::from_index(rule.retry).map_or("", Retry::id));
    if rule.fix.len > 0 {
        steps(page, tables, rule.fix);
    } else {
        steps(page, &BUILT_IN, row.fix);
    }
    let provider = [tables, &BUILT_IN]
        .into_iter()
        .find_map(|tables| Some(tables.str(tables.provider(rule.provider)?.name)));
    page.row("provider", provider.unwrap_or_default());
    rows(page, "example", tables, rule.examples);
    rows(page, "not", tables, rule.nots);
    page.row("see", tables.str(rule.source));
}

fn steps(page: &mut Page, tables: &Tables<'_>, fix: Span) {
    add_rows(page, "do", tables.steps(fix).map(|step| plain(step.text())));
}

/// Adds a row for each text; the label stands before the first.
fn rows(page: &mut Page, label: &str, tables: &Tables<'_>, texts: Span) {
    add_rows(page, label, tables.list(texts));
}

fn add_rows(page: &mut Page, label: &str, texts: impl Iterator<Item = impl AsRef<str>>) {
    for (place, text) in texts.enumerate() {
        page.row(if place == 0 { label } else { "" }, text.as_ref());
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
pub fn list(topic: Topic, own: Option<Tables<'_>>, out: &mut impl Write) -> Result<Status> {
    let tables = || own.into_iter().chain([BUILT_IN]);
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
        Topic::Providers => tables()
            .flat_map(|tables| {
                tables.providers.iter().map(move |row| {
                    (
                        tables.str(row.id).to_owned(),
                        tables.str(row.name).to_owned(),
                    )
                })
            })
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
        Topic::Rules => tables()
            .flat_map(|tables| {
                tables.rules.iter().map(move |rule| {
                    let cause = Cause::from_index(rule.cause).id();
                    (tables.str(rule.id).to_owned(), cause.to_owned())
                })
            })
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
