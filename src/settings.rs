//! As typed becomes as meant: every flag is checked and resolved once, before anything is read.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use whybounce::knowledge::user::UserRules;
use whybounce::own::Own;
use whybounce::record::{self, Format};

use crate::cli::{Cli, Form, Topic, When};
use crate::filter::Filter;
use crate::input::Source;
use crate::names::{MAIL_FORMATS, format_names, unknown};
use crate::render::Field;
use crate::user_rules;

/// Columns of a page when no terminal tells its width.
const PAGE: usize = 80;
/// Lines longer than this are hard to read, however wide the terminal.
const WIDEST_PAGE: usize = 100;

/// What the user wants.
pub enum Task {
    /// Verdicts of what these hold.
    Judge(Judging),
    Explain(String),
    List(Topic),
    CheckRules(PathBuf),
}

/// The kind that `--from` forces.
#[derive(Clone, Copy)]
pub enum Kind {
    Line(&'static Format),
    Mail,
}

/// How verdicts are made and given.
pub struct Judging {
    pub sources: Vec<Source>,
    /// The kind that every record is read as.
    pub from: Option<Kind>,
    pub only: Vec<Filter>,
    pub form: Form,
    pub fields: Vec<Field>,
    pub details: bool,
    /// One report instead of verdicts.
    pub summary: bool,
    pub quiet: bool,
    /// Whether nobody is to be named.
    pub redact: bool,
    pub exit_status: bool,
}

/// The settings of a run.
pub struct Settings {
    pub task: Task,
    /// The user's own addresses and domains.
    pub own: Own,
    /// The user's own rules.
    pub rules: Option<UserRules>,
    pub colour: bool,
    /// Columns of a page.
    pub width: usize,
}

impl Settings {
    /// Resolves what was typed.
    ///
    /// # Errors
    /// An unknown format, field or filter, with the nearest known one; fields for text; nothing to read; a rule of the
    /// user's own that is refused.
    pub fn resolve(cli: Cli) -> Result<Self> {
        let colour = match cli.color {
            When::Always => true,
            When::Never => false,
            When::Auto => io::stdout().is_terminal() && !is_set("NO_COLOR") && !is("TERM", "dumb"),
        };
        let width = terminal_size::terminal_size()
            .map_or(PAGE, |(width, _)| usize::from(width.0).min(WIDEST_PAGE));
        let mut own = Own::default();
        for text in &cli.own {
            own.add(text).context("--own")?;
        }
        let rules = match cli.check_rules {
            Some(_) => None,
            None => user_rules::read(&cli.rules, !cli.no_config)?,
        };
        let own_rules = rules.as_ref().map(UserRules::tables);
        let task = match (cli.explain, cli.list, cli.check_rules) {
            (Some(what), ..) => Task::Explain(what),
            (None, Some(topic), _) => Task::List(topic),
            (None, None, Some(path)) => Task::CheckRules(path),
            (None, None, None) => {
                let form = match cli.format {
                    _ if cli.json => Form::Json,
                    _ if cli.null => Form::Null,
                    form => form,
                };
                match form {
                    Form::Html if !cli.summary => {
                        bail!("--format html goes with --summary; add that, or take another format")
                    }
                    Form::Csv | Form::Tsv if cli.summary => {
                        bail!(
                            "--summary is given as text, json or html; --format csv and tsv give a verdict a line without it"
                        );
                    }
                    _ => {}
                }
                if form == Form::Text && !cli.fields.is_empty() {
                    bail!("--fields goes with --json, --format csv, --format tsv or --null");
                }
                Task::Judge(Judging {
                    sources: Source::of(cli.reply, cli.file),
                    from: cli.from.as_deref().map(kind).transpose()?,
                    only: cli
                        .only
                        .iter()
                        .map(|text| Filter::read(text, own_rules.as_ref()))
                        .collect::<Result<_>>()?,
                    fields: cli
                        .fields
                        .iter()
                        .map(|name| field(name))
                        .collect::<Result<_>>()?,
                    form,
                    details: cli.details,
                    summary: cli.summary,
                    quiet: cli.quiet,
                    redact: cli.redact,
                    exit_status: cli.exit_status,
                })
            }
        };
        Ok(Self {
            task,
            own,
            rules,
            colour,
            width,
        })
    }
}

/// Whether an environment variable is set to something; an empty one is none (<https://no-color.org>).
fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

fn is(name: &str, value: &str) -> bool {
    std::env::var_os(name).is_some_and(|set| Path::new(&set) == Path::new(value))
}

fn kind(id: &str) -> Result<Kind> {
    if MAIL_FORMATS.contains(&id) {
        return Ok(Kind::Mail);
    }
    let hint = "--list formats names them all";
    record::format(id)
        .map(Kind::Line)
        .ok_or_else(|| unknown("format", id, format_names(), hint))
}

fn field(name: &str) -> Result<Field> {
    let name = name.trim();
    Field::from_name(name).ok_or_else(|| {
        let names = Field::names();
        let hint = format!("known are {}", names.join(", "));
        unknown("field", name, names.iter().map(String::as_str), &hint)
    })
}
