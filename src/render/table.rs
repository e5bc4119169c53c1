//! CSV (RFC 4180, lines end in LF as spreadsheets and `cut` take them), TSV, and values that end in NUL bytes.

use std::borrow::Cow;
use std::io::{self, Write};

use super::escape;
use super::fields::{Answer, Field, Key, Part, Scalar, Sink};

/// The kind of table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    Csv,
    Tsv,
}

/// The columns when none were asked for: what a spreadsheet is sorted and counted by.
pub const COLUMNS: &[Key] = &[
    Key::File,
    Key::Line,
    Key::Time,
    Key::Recipient,
    Key::Priority,
    Key::Cause,
    Key::Family,
    Key::Code,
    Key::Enhanced,
    Key::Owner,
    Key::Retry,
    Key::Suppress,
    Key::Provider,
    Key::Blocklist,
    Key::Confidence,
    Key::Summary,
    Key::Reply,
];

impl Table {
    /// Writes the names of the columns.
    ///
    /// # Errors
    /// The writer's.
    pub fn write_head(self, out: &mut impl Write, fields: &[Field]) -> io::Result<()> {
        self.write_row(out, fields.iter().map(|field| &*field.name))
    }

    /// Writes an answer as one line. A column without a value stays empty.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(
        self,
        out: &mut impl Write,
        answer: Answer<'_>,
        fields: &[Field],
    ) -> io::Result<()> {
        let mut cell = String::new();
        for (place, field) in fields.iter().enumerate() {
            cell.clear();
            field.tell(answer, &mut cell);
            self.write_cell(out, place, &cell)?;
        }
        out.write_all(b"\n")
    }

    fn write_row<'c>(
        self,
        out: &mut impl Write,
        cells: impl IntoIterator<Item = &'c str>,
    ) -> io::Result<()> {
        for (place, cell) in cells.into_iter().enumerate() {
            self.write_cell(out, place, cell)?;
        }
        out.write_all(b"\n")
    }

    /// Control characters are written out, so a row is one line and a tab is always a border.
    fn write_cell(self, out: &mut impl Write, place: usize, cell: &str) -> io::Result<()> {
        if place > 0 {
            out.write_all(if self == Self::Csv { b"," } else { b"\t" })?;
        }
        let mut cell = escape::visible(cell);
        // A spreadsheet would run what a stranger wrote; behind an apostrophe it is text (OWASP, "CSV Injection").
        if self == Self::Csv && cell.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) {
            cell = Cow::Owned(format!("'{cell}"));
        }
        if self == Self::Csv && cell.contains([',', '"']) {
            write!(out, "\"{}\"", cell.replace('"', "\"\""))
        } else {
            out.write_all(cell.as_bytes())
        }
    }
}

/// Writes the values of an answer, each with a NUL byte behind it. An answer that has none of them is left out.
///
/// # Errors
/// The writer's.
pub fn write_null(out: &mut impl Write, answer: Answer<'_>, fields: &[Field]) -> io::Result<()> {
    let cell = |field: &Field| {
        let mut cell = String::new();
        field.tell(answer, &mut cell);
        cell
    };
    let cells: Vec<String> = fields.iter().map(cell).collect();
    if cells.iter().all(String::is_empty) {
        return Ok(());
    }
    for cell in cells {
        out.write_all(escape::visible(&cell).as_bytes())?;
        out.write_all(b"\0")?;
    }
    Ok(())
}

/// A cell, empty at first. It takes a list joined with `; `, of an object what tells most, nothing for null.
impl Sink for String {
    fn scalar(&mut self, value: Scalar<'_>) {
        match value {
            Scalar::Null => {}
            Scalar::Flag(flag) => self.push_str(if flag { "true" } else { "false" }),
            Scalar::Number(number) => self.push_str(&number.to_string()),
            Scalar::Id(text) | Scalar::Known(text) | Scalar::Text(text) => self.push_str(text),
            Scalar::Made(short) => self.push_str(short),
        }
    }

    fn list<T>(&mut self, items: impl IntoIterator<Item = T>, tell: impl Fn(&mut Self, T)) {
        for (place, item) in items.into_iter().enumerate() {
            if place > 0 {
                self.push_str("; ");
            }
            tell(self, item);
        }
    }

    fn object(&mut self, parts: &[Part<'_>]) {
        let rule = parts.iter().find(|part| part.name == "rule");
        if let Some(part) = rule.or(parts.first()) {
            self.scalar(part.value);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn row(table: Table, cells: &[&str]) -> String {
        let mut out = Vec::new();
        table.write_row(&mut out, cells.iter().copied()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_csv_cell_is_quoted_where_it_must_be() {
        assert_eq!(
            row(Table::Csv, &["a", "b,c", "d \"e\"", ""]),
            "a,\"b,c\",\"d \"\"e\"\"\",\n"
        );
    }

    #[test]
    fn a_csv_cell_cannot_start_a_formula() {
        for start in ["=", "+", "-", "@"] {
            let cell = format!("{start}1");
            assert_eq!(row(Table::Csv, &[&cell]), format!("'{cell}\n"));
            assert_eq!(row(Table::Tsv, &[&cell]), format!("{cell}\n"));
        }
        assert_eq!(row(Table::Csv, &["=A(\"x\")"]), "\"'=A(\"\"x\"\")\"\n");
        // A tab or line end is written out before it could start one.
        assert_eq!(row(Table::Csv, &["\t=1", "\r=1"]), "\\t=1,\\r=1\n");
    }

    #[test]
    fn a_row_is_one_line_whatever_a_cell_holds() {
        assert_eq!(
            row(Table::Csv, &["a\r\nb", "\x1b[2J"]),
            "a\\r\\nb,\\x1b[2J\n"
        );
        assert_eq!(row(Table::Tsv, &["a\tb", "c\nd"]), "a\\tb\tc\\nd\n");
    }
}
