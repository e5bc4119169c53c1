//! Verdicts made visible: text for people, JSON and tables for programs. Everything writes to any `Write`.

pub mod escape;
pub mod fields;
mod json;
mod skeleton;
pub mod summary;
mod table;
pub mod text;

use std::io::{self, Write};

use crate::cli::Form;
pub use fields::{Answer, Field};
use table::Table;

/// How much text tells of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// One line, with the name of the input where there are several.
    Line { with_file: bool },
    /// Everything, on lines of this many columns; with a rule to fill in where one question has no answer.
    Full { width: usize, teach: bool },
}

/// Writes one answer after the other in the form that was asked for.
#[derive(Clone, Debug)]
pub enum Renderer {
    /// A line each, for people.
    Lines(text::Lines),
    /// In full, for people; what is wide wraps here, in columns.
    Full {
        width: usize,
        teach: bool,
        first: bool,
    },
    Json(json::Lines),
    Table(Table, Vec<Field>),
    /// Values that end in NUL bytes.
    Null(Vec<Field>),
}

impl Renderer {
    /// The renderer of a form. `fields` may be empty: then all keys of JSON, the usual columns of a table.
    #[must_use]
    pub fn new(form: Form, fields: &[Field], detail: Detail) -> Self {
        let columns = || {
            if fields.is_empty() {
                table::COLUMNS.iter().copied().map(Field::from).collect()
            } else {
                fields.to_vec()
            }
        };
        match (form, detail) {
            (Form::Text | Form::Html, Detail::Line { with_file }) => {
                Self::Lines(text::Lines { with_file })
            }
            (Form::Text | Form::Html, Detail::Full { width, teach }) => Self::Full {
                width,
                teach,
                first: true,
            },
            (Form::Json, _) => Self::Json(json::Lines::new(fields)),
            (Form::Csv, _) => Self::Table(Table::Csv, columns()),
            (Form::Null, _) => Self::Null(fields.to_vec()),
            (Form::Tsv, _) => Self::Table(Table::Tsv, columns()),
        }
    }

    /// Whether an answer is written without looking at the ones before it, so that parts can be written apart.
    #[must_use]
    pub fn forgets(&self) -> bool {
        !matches!(self, Self::Full { .. })
    }

    /// Writes what stands before the first answer.
    ///
    /// # Errors
    /// The writer's.
    pub fn begin(&self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Table(table, fields) => table.write_head(out, fields),
            _ => Ok(()),
        }
    }

    /// Writes an answer.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(&mut self, out: &mut impl Write, answer: Answer<'_>) -> io::Result<()> {
        match self {
            Self::Lines(lines) => lines.write(out, answer),
            Self::Full {
                width,
                teach,
                first,
            } => {
                if !std::mem::take(first) {
                    out.write_all(b"\n")?;
                }
                out.write_all(text::in_full(answer, *width).as_bytes())?;
                match skeleton::skeleton(answer.verdict).filter(|_| *teach) {
                    Some(rule) => write!(out, "{}{rule}", skeleton::HOW_TO),
                    None => Ok(()),
                }
            }
            Self::Json(lines) => lines.write(out, answer),
            Self::Table(table, fields) => table.write(out, answer, fields),
            Self::Null(fields) => table::write_null(out, answer, fields),
        }
    }
}
